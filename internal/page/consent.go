package page

import (
	"net/http"
	"net/url"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Consent is what the consent page shows.
type Consent struct {
	// Application is the title of the application.
	Application string
	// Description says what it is for; "" is none.
	Description string
	// Logo is the path of its logo, "" where there is none.
	Logo string
	// Name and Login are the person as Odoo knows them.
	Name, Login string
	// Database is the Odoo database.
	Database string
	// SwitchURL logs this browser out and asks for another account.
	SwitchURL string
	// May is what the application may do.
	May []scheme.Statement
	// RedirectURI is where the browser goes afterwards; only its host is shown.
	RedirectURI string
	// Mine is where people take it back.
	Mine string
	// Action is where the form is posted to, with Token in a hidden field.
	Action, Token string
}

// Host is the host of the redirect URI, or its scheme for an application on
// the person's own device.
func (c Consent) Host() string {
	u, err := url.Parse(c.RedirectURI)
	switch {
	case err != nil:
		return ""
	case u.Host != "":
		return u.Host
	default:
		return u.Scheme + ":"
	}
}

// WriteConsent writes the consent page.
func WriteConsent(w http.ResponseWriter, r *http.Request, c Consent) {
	write(w, r, http.StatusOK, "consent.html", policy{formAction: formAction(c.RedirectURI), images: c.Logo != ""}, c)
}

// formAction are the sources to which the consent form may lead. Browsers of
// the Chromium family check every redirect that follows the POST (seen in
// Chromium 156): the application's, and wherever the application
// sends people next. So the whole scheme of the redirect URI is allowed.
func formAction(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil || u.Scheme == "" {
		return "'self'"
	}
	return "'self' " + u.Scheme + ":"
}
