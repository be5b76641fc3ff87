package page

import "net/http"

// StayState is what has happened on the page so far.
type StayState int

// The states of the page that offers to stay connected.
const (
	// StayAsks: nothing yet.
	StayAsks StayState = iota
	// StayPasswordWrong: Odoo did not accept the password.
	StayPasswordWrong
	// StayNotConfirmed: Odoo has not seen the person confirm who they are.
	StayNotConfirmed
	// StayTooOften: too many passwords were tried.
	StayTooOften
	// StayRefused: Odoo gives this person no key.
	StayRefused
	// StayUnavailable: Odoo did not answer.
	StayUnavailable
)

// Stay is the page that offers to stay connected after logging out of Odoo.
type Stay struct {
	// Application is the title of the application.
	Application string
	// Logo is the path of its logo, "" where there is none.
	Logo string
	// Name, Login and Database are the person as Odoo knows them.
	Name, Login, Database string
	// KeyName is what the key will be called in Odoo.
	KeyName string
	// RedirectURI is where the browser goes afterwards; only its host is shown.
	RedirectURI string
	// Must: the application needs the key.
	Must bool
	// Again: there was a key, which ends.
	Again bool
	// State is what has happened so far.
	State StayState
	// ConfirmURL is Odoo's own page for confirming who one is; "" where there
	// is none, and the password is asked for here.
	ConfirmURL string
	// Confirmed: the person comes from there.
	Confirmed bool
	// Action is where the form is posted to, with Token in a hidden field.
	Action, Token string
}

// Host is that of the redirect URI.
func (s Stay) Host() string { return Consent{RedirectURI: s.RedirectURI}.Host() }

// Password tells whether the page asks for the password.
func (s Stay) Password() bool { return s.ConfirmURL == "" && s.Possible() }

// Possible tells whether it is of use to try.
func (s Stay) Possible() bool { return s.State != StayTooOften && s.State != StayRefused }

// Trouble says what has happened, "" where nothing has.
func (s Stay) Trouble() string { return stayTexts.trouble[s.State] }

// WriteStay writes the page.
func WriteStay(w http.ResponseWriter, s Stay) {
	status := http.StatusOK
	if s.State == StayTooOften {
		status = http.StatusTooManyRequests
	}
	write(w, status, "stay.html", policy{formAction: formAction(s.RedirectURI), images: s.Logo != ""}, struct {
		Stay
		Texts any
	}{s, stayTexts.Texts})
}

// stayTexts are what the page says.
var stayTexts = struct {
	Texts   map[string]string
	trouble map[StayState]string
}{
	Texts: map[string]string{
		"Title":     "Stay connected",
		"May":       "can stay connected when you log out of Odoo",
		"Must":      "needs a connection that lasts when you log out of Odoo",
		"Again":     "Its present key has ended or will end soon.",
		"How":       "For this Odoo makes a key of your own, for a year or as long as it allows. You can delete it in your Odoo profile at any time. It is called",
		"As":        "Signed in as",
		"Password":  "Your Odoo password",
		"Once":      "It is asked once, passed to Odoo, and kept nowhere. If you sign in to Odoo without a password, you have none to enter here, and can not stay connected this way.",
		"Confirm":   "Odoo asks you to confirm that it is you, and brings you back here.",
		"ConfirmGo": "Confirm in Odoo",
		"Back":      "If you have confirmed in Odoo that it is you, this is the last step.",
		"Stay":      "Stay connected",
		"Later":     "Not now",
		"Cancel":    "Cancel",
		"LaterIs":   "Without it the connection lasts until you log out of Odoo.",
		"ReturnTo":  "Afterwards you go back to",
	},
	trouble: map[StayState]string{
		StayPasswordWrong: "Odoo does not accept this password. If your account has none, because you sign in elsewhere, you can not stay connected this way: your Odoo administrator can help.",
		StayNotConfirmed:  "Odoo has not seen you confirm that it is you. Confirm it, then try again.",
		StayTooOften:      "Too many passwords were tried. Wait a quarter of an hour before the next one.",
		StayRefused:       "Odoo gives your account no key. Your Odoo administrator can tell why.",
		StayUnavailable:   "Odoo did not answer. Nothing is lost: try again in a moment.",
	},
}
