package page

import (
	"net/http"
	"time"
)

// Authorizations is the page on which people see what they have connected, and
// take it back.
type Authorizations struct {
	// Name and Login are the person as Odoo knows them.
	Name, Login string
	// Database is the Odoo database.
	Database string
	// Items are their authorizations.
	Items []Authorization
	// Action is where the forms are posted to, with a Token in a hidden field.
	Action string
	// RevokeAll is the token that revokes all of them.
	RevokeAll string
}

// Authorization is one line of the page.
type Authorization struct {
	// Application is its title, Description what it is for ("" is none), and
	// Logo the path of its logo ("" where there is none).
	Application, Description, Logo string
	// Off: the application is archived or not registered any more.
	Off bool
	// Trusted: the person was not asked.
	Trusted bool
	// Since is when it was first connected, LastUsed when it was last used;
	// zero is not yet.
	Since, LastUsed time.Time
	// RedirectURI is set where that URI is authorized individually.
	RedirectURI string
	// Connection says how the gateway acts as the person, and Ends when that
	// ends by itself; zero is unknown.
	Connection Connection
	Ends       time.Time
	// KeyName is what the person's API key is called in Odoo, "" without one.
	KeyName string
	// Tokens is how many token sets are in use, the newest from Newest.
	Tokens int
	Newest time.Time
	// Token revokes it.
	Token string
}

// Connection is how the gateway acts as a person.
type Connection int

// The kinds of Connection.
const (
	// Ended: the person has to connect again.
	Ended Connection = iota
	// FollowsSession: as long as they are logged in to Odoo.
	FollowsSession
	// HoldsKey: with an API key of theirs.
	HoldsKey
)

// WriteAuthorizations writes the page.
func WriteAuthorizations(w http.ResponseWriter, a Authorizations) {
	p := policy{formAction: "'self'"}
	for _, item := range a.Items {
		p.images = p.images || item.Logo != ""
	}
	write(w, http.StatusOK, "authorizations.html", p, struct {
		Authorizations
		Texts authorizationsTexts
	}{a, texts.Authorizations})
}

// Says is the text for how the gateway acts as the person.
func (a Authorization) Says() string {
	switch a.Connection {
	case FollowsSession:
		return texts.Authorizations.FollowsSession
	case HoldsKey:
		return texts.Authorizations.HoldsKey
	default:
		return texts.Authorizations.Ended
	}
}

// moment is a time in words, for people.
func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// stamp is a time for programs.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
