package page

import (
	"net/http"
	"slices"
	"time"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// reasons are the ends of connections that a text explains.
var reasons = []string{"session_expired", "somebody_else", "key_refused", "key_expired", "other_kind"}

// Authorizations is the page on which people see what they have connected, and
// take it back.
type Authorizations struct {
	// Name and Login are the person as Odoo knows them.
	Name, Login string
	// Database is the Odoo database.
	Database string
	// Items are their authorizations.
	Items []Authorization
	// Done is what the form before has done, zero for nothing.
	Done Done
	// LeftKeys are API keys of theirs in Odoo that belong to nothing here.
	LeftKeys []LeftKey
	// Action is where the forms are posted to, with a Token in a hidden field.
	Action string
	// RevokeAll is the token that revokes all of them.
	RevokeAll string
}

// Mine is "": the page leads nowhere else.
func (Authorizations) Mine() string { return "" }

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
	// Uses is how often it was used; 0 where that was not counted yet.
	Uses int
	// RedirectURI is set where that URI is authorized individually; URIs are
	// those that the tokens in use went to.
	RedirectURI string
	URIs        []string
	// Connection says how the gateway acts as the person, and Ends when that
	// ends by itself; zero is unknown.
	Connection Connection
	Ends       time.Time
	// Reason is why the connection has ended, as grant.Connection names it.
	Reason string
	// EndsSoon: connecting again from the application makes it last.
	EndsSoon bool
	// KeyName is what the person's API key is called in Odoo, "" without one.
	KeyName string
	// Tokens is how many token sets are in use, the newest from Newest.
	Tokens int
	Newest time.Time
	// May is what it may do; Changed: that is not what the person has allowed.
	May     []scheme.Statement
	Changed bool
	// StayURL is the page that offers to stay connected, "" where it does not.
	StayURL string
	// Token revokes it.
	Token string
}

// Done is what a form of the page has done.
type Done struct {
	// Application is the title of the one that was revoked; Part: it has another
	// authorization, which was not.
	Application string
	Part        bool
	// Stays: it was not revoked, but stays connected.
	Stays bool
	// All: nothing is left.
	All bool
}

// Says is the key of the text for what was done, "" for nothing.
func (d Done) Says() string {
	switch {
	case d.All:
		return "list.revoked_all"
	case d.Stays:
		return "list.stays"
	case d.Part:
		return "list.revoked_part"
	case d.Application != "":
		return "list.revoked"
	default:
		return ""
	}
}

// LeftKey is an API key in Odoo that no application uses any more.
type LeftKey struct {
	// Name is what it is called in Odoo.
	Name string
	// Since is when it was last of use.
	Since time.Time
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
func WriteAuthorizations(w http.ResponseWriter, r *http.Request, a Authorizations) {
	p := policy{formAction: "'self'"}
	for _, item := range a.Items {
		p.images = p.images || item.Logo != ""
	}
	write(w, r, http.StatusOK, "authorizations.html", p, a)
}

// Says is the key of the text for how the gateway acts as the person.
func (a Authorization) Says() string {
	switch {
	case a.Connection == FollowsSession:
		return "list.session"
	case a.Connection == HoldsKey && a.Ends.IsZero():
		return "list.key"
	case a.Connection == HoldsKey:
		return "list.key_until"
	case slices.Contains(reasons, a.Reason):
		return "list.ended." + a.Reason
	default:
		return "list.ended"
	}
}
