package gateway

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/console"
	"github.com/caddy-odoo/gateway/internal/dialect/json2"
	"github.com/caddy-odoo/gateway/internal/dialect/orestapi"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/page"
)

// Decision is what the gateway has made of a request.
type Decision string

// The decisions.
const (
	// Allowed: the request was served. For data that means that the rules have
	// let it through and Odoo has answered it, be it with no record.
	Allowed Decision = "allowed"
	// Refused: a token, a client, a person or a rule did not allow it, or Odoo's
	// own access rights did not.
	Refused Decision = "refused"
	// Invalid: it was not understood, or has values that Odoo does not take.
	Invalid Decision = "invalid"
	// Limited: the application, or whoever guesses secrets, has to wait.
	Limited Decision = "limited"
	// Failed: Odoo or the store is out of reach, or failed.
	Failed Decision = "failed"
)

// Decisions are all of them.
var Decisions = []Decision{Allowed, Refused, Invalid, Limited, Failed}

// The interfaces that requests come in by, for Outcome.Dialect.
const (
	DialectRestapi  = "restapi"
	DialectOrestapi = "orestapi"
	DialectJSON2    = "json2"
	// DialectOAuth is the authorization server and what it tells about itself.
	DialectOAuth = "oauth"
	// DialectPage is what people see: consent, their authorizations, the console.
	DialectPage = "page"
	// DialectNone is a path that nothing is at, and one of Odoo's own to which
	// somebody has brought a token of the gateway's.
	DialectNone = "none"
)

// Dialects are all of them.
var Dialects = []string{DialectRestapi, DialectOrestapi, DialectJSON2, DialectOAuth, DialectPage, DialectNone}

// Operations are what is done with data: what the scheme of an application opens.
var Operations = []string{"read", "create", "write", "unlink", "call", "report"}

// Outcome is what has come of one request that the gateway has answered itself.
// All in it is configured, fixed in the code or proven, but for the Model.
type Outcome struct {
	Gateway string
	// Application is the configured name, "" where nobody has proven or named
	// one that is configured.
	Application string
	// Subject is the sub of the person, and Login what Odoo calls them; "" where
	// nobody is known. Login is known for data alone.
	Subject, Login string
	// Dialect is one of Dialects.
	Dialect string
	// Operation is one of Operations, "" where no call was understood.
	Operation string
	// GrantType is one of oauth.GrantTypes where a client that has proven itself
	// asks for tokens, else "".
	GrantType string
	// Model is the one that was asked for, "" for none. It may be any that is
	// spelt like a model: an application has said it.
	Model    string
	Decision Decision
	// Code is the word for the refusal that the application was told, "" for none.
	Code   string
	Status int
	// Duration is how long the answer took, and Odoo how much of that was spent
	// on waiting for Odoo, be it for the answer to a call of another request.
	Duration, Odoo time.Duration
	// OdooCalls is how many requests Odoo was sent, and OdooFailed how many of
	// them it has not answered, or with a status of its own failure.
	OdooCalls, OdooFailed int
	// OdooJoined is how many calls were answered together with those of other
	// requests that have asked the same, and have made none of their own.
	OdooJoined int
	// Held is how long the answer was held up, as too many have come without a
	// good token.
	Held time.Duration
}

// GatewayTime is the part of the time that the gateway took itself.
func (o Outcome) GatewayTime() time.Duration { return max(o.Duration-o.Odoo-o.Held, 0) }

// decide judges an answer. reason is the word for a refusal that the status of
// a redirect does not tell; answered says that Odoo has answered a call.
func decide(status int, reason string, answered bool) Decision {
	switch {
	case status == 0 || status >= http.StatusInternalServerError:
		return Failed
	case status < http.StatusBadRequest && (reason == codeStore || reason == "server_error" || reason == "temporarily_unavailable"):
		return Failed
	case status < http.StatusBadRequest && reason != "":
		return Refused
	case status < http.StatusBadRequest, status == http.StatusNotFound && answered:
		return Allowed
	case status == http.StatusUnauthorized, status == http.StatusForbidden, reason == "invalid_grant", reason == "unauthorized_client":
		return Refused
	case status == http.StatusTooManyRequests:
		return Limited
	}
	return Invalid
}

// dialectOf names the interface that a path belongs to.
func dialectOf(path string) string {
	_, exact := endpoints[path]
	switch {
	case within(path, console.Path), pagePaths[path]:
		return DialectPage
	case ofRestapi(path), path == versionPath:
		return DialectRestapi
	case path == oauth.OrestTokenPath, path == oauth.OrestAuthorizePath:
		return DialectOAuth
	case strings.HasPrefix(path, orestapi.Prefix):
		return DialectOrestapi
	case strings.HasPrefix(path, json2.Prefix):
		return DialectJSON2
	case exact, strings.HasPrefix(path, oauth1Prefix):
		return DialectOAuth
	}
	return DialectNone
}

// pagePaths are those of pages, beside the console's.
var pagePaths = map[string]bool{
	oauth.ConsentPath: true, oauth.StayPath: true, oauth.AuthorizationsPath: true, page.LogoPath: true, page.StylesheetPath: true,
}
