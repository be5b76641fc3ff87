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
	// Mine is where people see what they have connected, and can do this later.
	// Own: they come from there, and go back.
	Mine string
	Own  bool
	// Must: the application needs the key.
	Must bool
	// Again: there was a key, which ends.
	Again bool
	// NoReports: it could print reports until now, and will not with a key.
	NoReports bool
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

// Trouble is the key of the text for what has happened, "" where nothing has.
func (s Stay) Trouble() string {
	if s.State == StayAsks {
		return ""
	}
	return "stay.trouble." + s.State.String()
}

// String is the name of a state in the catalogue.
func (s StayState) String() string {
	switch s {
	case StayPasswordWrong:
		return "password_wrong"
	case StayNotConfirmed:
		return "not_confirmed"
	case StayTooOften:
		return "too_often"
	case StayRefused:
		return "refused"
	case StayUnavailable:
		return "unavailable"
	default:
		return "asks"
	}
}

// WriteStay writes the page.
func WriteStay(w http.ResponseWriter, r *http.Request, s Stay) {
	status := http.StatusOK
	if s.State == StayTooOften {
		status = http.StatusTooManyRequests
	}
	write(w, r, status, "stay.html", policy{formAction: formAction(s.RedirectURI), images: s.Logo != ""}, s)
}
