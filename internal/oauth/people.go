package oauth

import (
	"context"
	"net/http"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// People asks Odoo who uses a browser.
type People interface {
	// Who asks, through rt, with a browser's session id and User-Agent. The
	// header holds the Set-Cookie lines that the browser must get; it may be
	// set beside an error. The error is an *odoo.Error.
	Who(ctx context.Context, rt http.RoundTripper, session, userAgent string) (Person, http.Header, error)
	// MemberOf asks, in the name of a person whom Who has just named, whether
	// they belong to the Odoo group with that XML id. session is the one that
	// the browser holds after Who. The error is an *odoo.Error.
	MemberOf(ctx context.Context, rt http.RoundTripper, session, userAgent string, p Person, group string) (bool, error)
}

// Person is somebody logged in to Odoo.
type Person struct {
	UID      int64
	Login    string
	Name     string
	Database string
	// Internal is false for portal and public users.
	Internal bool
	// System is true for administrators of Odoo's settings.
	System bool
	// Version is Odoo's major version, 0 where it is unknown.
	Version int
	// Lang is the language code that Odoo speaks to them in, such as "de_CH",
	// and Zone their time zone; "" where it names none.
	Lang, Zone string
}

// Connections is how the gateway acts as people later.
type Connections interface {
	// Attach makes the connection of an authorization from the session that
	// its person uses at this moment.
	Attach(session string, a grant.Authorization) grant.Connection
	// AttachKey makes it from an API key of theirs.
	AttachKey(key string, a grant.Authorization, ends time.Time, id int64) grant.Connection
	// IdentityPage is the path of Odoo's own page where the person of a session
	// confirms who they are, "" where Odoo has none.
	IdentityPage(ctx context.Context, rt http.RoundTripper, session, userAgent string) (string, error)
	// MakeKey makes an API key for the user uid over their session. An empty
	// password expects that they have confirmed who they are. The error is
	// connection.ErrConfirm, ErrPassword, ErrNoKeys or an *odoo.Error.
	MakeKey(ctx context.Context, rt http.RoundTripper, session, userAgent string, uid int64, name, password string) (connection.NewKey, error)
	// DropKey removes such a key again, where that needs no further password.
	DropKey(ctx context.Context, rt http.RoundTripper, session, userAgent string, id int64) bool
	// Standing tells which of these keys Odoo still lists for the person of a
	// session.
	Standing(ctx context.Context, rt http.RoundTripper, session, userAgent string, ids []int64) (map[int64]bool, error)
	// Check asks Odoo whether the person of an authorization is still there.
	// The error is an *odoo.Error: SessionExpired alone is a proven end, or,
	// where it wraps connection.ErrNotAllowed, that of somebody who may not
	// connect the application any more.
	Check(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent string) error
	// Database asks Odoo whether it has the configured database. Any error, an
	// *odoo.Error, says that it has not, or does not tell.
	Database(ctx context.Context, rt http.RoundTripper, userAgent string) error
	// ServiceUser tells whose account the service account of an application is.
	// The error is an *odoo.Error: AccessDenied means that its login or key is
	// refused.
	ServiceUser(ctx context.Context, rt http.RoundTripper, app *application.Application, userAgent string) (Person, error)
	// Observe follows a soft rotation of a browser's session, seen in the
	// header of an answer of Odoo's.
	Observe(ctx context.Context, session string, h http.Header)
}

// Scheme is the part of a model scheme that consent needs.
type Scheme interface {
	// Words say what the scheme allows. src tells the labels of fields; where
	// it is nil, their technical names stand there. What the scopes do not
	// cover is left out.
	Words(ctx context.Context, src odoo.FieldSource, scopes []string) []scheme.Statement
	// Digest changes with what the scheme allows.
	Digest() string
	// Scopes are those that the scheme has a use for.
	Scopes() []string
}
