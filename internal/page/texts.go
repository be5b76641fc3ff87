package page

type consentTexts struct {
	Title, Heading, May, SignedInAs, Switch, ReturnTo, Keep, TakeBack, Mine, Allow, Deny string
}

type continueTexts struct {
	Title, Text, Continue, Odoo string
}

type authorizationsTexts struct {
	Title, Intro, None, SignedInAs, Off, Since, Trusted, LastUsed, NotYet, For, Connection, FollowsSession, HoldsKey, Ended, Until,
	Tokens, InUse, NoTokens, KeyStays, Revoke, RevokeAll, AtOnce string
}

type problemTexts struct {
	Cause, Do, RequestID string
}

type problemText struct {
	Title, What, Cause, Do string
	// Link is the text of the way on, where a page has one.
	Link string
}

// texts are all that the pages say.
var texts = struct {
	Consent        consentTexts
	Authorizations authorizationsTexts
	Continue       continueTexts
	Problem        problemTexts
	Problems       map[Kind]problemText
	Broken         string
}{
	Consent: consentTexts{
		Title:      "Connect to Odoo",
		Heading:    "wants to use Odoo as you",
		May:        "It may",
		SignedInAs: "Signed in as",
		Switch:     "Use another account",
		ReturnTo:   "Afterwards you go back to",
		Keep:       "It never sees your password, and can do nothing that you may not do in Odoo yourself.",
		TakeBack:   "You can take this back at any time among",
		Mine:       "your connected applications",
		Allow:      "Allow",
		Deny:       "Deny",
	},
	Authorizations: authorizationsTexts{
		Title:          "Your connected applications",
		Intro:          "These applications may use Odoo as you.",
		None:           "No application may use Odoo as you.",
		SignedInAs:     "Signed in as",
		Off:            "This application is switched off and can not use Odoo at the moment.",
		Since:          "Connected",
		Trusted:        "by your administrator's decision, without asking you",
		LastUsed:       "Last used",
		NotYet:         "Not yet",
		For:            "Only for",
		Connection:     "Connection",
		FollowsSession: "As long as you are signed in to Odoo",
		HoldsKey:       "By an API key of yours",
		Ended:          "Ended. To go on, connect again in the application",
		Until:          "until",
		Tokens:         "Tokens",
		InUse:          "in use, the newest from",
		NoTokens:       "None in use",
		KeyStays:       "Its API key stays in your Odoo profile after you revoke. Delete it there; its name is",
		Revoke:         "Revoke",
		RevokeAll:      "Revoke all",
		AtOnce:         "An application loses access at once. You can connect it again.",
	},
	Continue: continueTexts{
		Title:    "Almost there",
		Text:     "You were connecting an application to Odoo when the login took another way.",
		Continue: "Continue to",
		Odoo:     "Go to Odoo instead",
	},
	Problem: problemTexts{
		Cause:     "Likely cause",
		Do:        "What to do",
		RequestID: "Request",
	},
	Problems: map[Kind]problemText{
		BadRequest: {
			Title: "This link can not be used",
			What:  "The link that brought you here is not a complete authorization request.",
			Cause: "It was cut off, changed, or a parameter stands in it twice.",
			Do:    "Go back to the application and start again there. If it happens every time, tell the application's administrator.",
		},
		UnknownApplication: {
			Title: "Application not registered",
			What:  "An application asked for access to Odoo, but it is not registered here.",
			Cause: "Its client id is wrong, or the application has been switched off.",
			Do:    "Ask your Odoo administrator to check the application's client id.",
		},
		UnknownRedirect: {
			Title: "Return address not registered",
			What:  "The application wants you sent back to an address that is not registered for it, so nothing was sent.",
			Cause: "The redirect URI differs from the registered one, if only by a letter, a port or a slash at the end.",
			Do:    "Ask your Odoo administrator to compare the application's redirect URI with the one registered here.",
		},
		OtherDatabase: {
			Title: "Signed in to another database",
			What:  "You are signed in to Odoo, but to another database than the one that applications connect to here.",
			Cause: "A test or staging copy is open in this browser. If nobody can connect, the gateway's configuration names the wrong database.",
			Do:    "Sign in with the right database, then start again in the application. If that does not help, tell your Odoo administrator.",
			Link:  "Use another account",
		},
		NotInternal: {
			Title: "This account can not connect the application",
			What:  "Only internal users of Odoo may connect this application.",
			Cause: "You are signed in with a portal or public account, or as the superuser.",
			Do:    "Sign in with your internal account, or ask your Odoo administrator.",
			Link:  "Use another account",
		},
		NotAPerson: {
			Title: "This account is nobody's own",
			What:  "Only internal and portal users of Odoo may connect this application.",
			Cause: "You are signed in with the public account, or as the superuser.",
			Do:    "Sign in with your own account, or ask your Odoo administrator.",
			Link:  "Use another account",
		},
		NotInGroup: {
			Title: "This account is not in the group",
			What:  "Only members of one group in Odoo may connect this application:",
			Cause: "Your account is not in that group.",
			Do:    "Sign in with an account that is, or ask your Odoo administrator to add yours to the group.",
			Link:  "Use another account",
		},
		OdooUnavailable: {
			Title: "Odoo does not answer",
			What:  "The gateway could not ask Odoo who you are.",
			Cause: "Odoo is being restarted, or is overloaded.",
			Do:    "Wait a moment and load this page again. Nothing has been lost.",
			Link:  "Try again",
		},
		StoreUnavailable: {
			Title: "Nothing can be saved at the moment",
			What:  "The gateway could not keep your decision, so nothing was changed.",
			Cause: "Its storage is full or out of reach.",
			Do:    "Try again in a few minutes. If it stays, tell your Odoo administrator.",
		},
		LoginLoop: {
			Title: "The login goes round in circles",
			What:  "Odoo sent you back several times without accepting your session.",
			Cause: "This browser does not keep Odoo's cookies, holds two of them, or Odoo wants your identity confirmed and the page for it did not finish.",
			Do:    "Close the other Odoo tabs, delete this site's cookies, sign in to Odoo, then start again in the application.",
			Link:  "Try again",
		},
		FormRefused: {
			Title: "This form can not be used any more",
			What:  "Nothing was allowed and nothing was changed.",
			Cause: "The page stood open for more than ten minutes, was sent twice, or did not come from here.",
			Do:    "Go back to the application and connect again.",
			Link:  "Start again",
		},
		ListRefused: {
			Title: "This list is out of date",
			What:  "Nothing was revoked.",
			Cause: "The page stood open for too long, your session has changed since, or the form did not come from here.",
			Do:    "Open the list again and revoke there.",
			Link:  "Open the list",
		},
		NotAWindow: {
			Title: "This page opens in a window of its own only",
			What:  "Another page or a script has asked for it, so it shows and does nothing.",
			Cause: "The page is embedded in another one, or something pretends to be you.",
			Do:    "Open it by itself. If you did not expect this, tell your Odoo administrator.",
			Link:  "Open it",
		},
		WrongMethod: {
			Title: "This page can not be asked that way",
			What:  "The request did not come from a link or a form.",
			Cause: "A program asked for a page that is made for people.",
			Do:    "Start the connection in the application, with a browser.",
		},
	},
	Broken: "This page could not be shown.",
}
