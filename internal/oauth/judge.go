package oauth

import (
	"context"
	"errors"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/token"
)

// Standing is an access token that is good at this moment, and what it
// stands for.
type Standing struct {
	// Claims are the token's; Scope is what the application still may have of it.
	Claims        token.Claims
	Application   *application.Application
	Authorization grant.Authorization
}

// Dead is the error of a token that is not, or no longer, good for anything.
// Any other error says nothing about the token: the store did not answer.
type Dead struct {
	// Reason is for the application, which gets it in a challenge.
	Reason string
	// Connect says that a refreshed token is no better: the person has to
	// connect the application again.
	Connect bool
}

func (d *Dead) Error() string { return d.Reason }

// Why a token is dead.
var (
	deadToken       = &Dead{Reason: "The access token is not valid or has expired"}
	deadApplication = &Dead{Reason: "The application is not active"}
	deadGrant       = &Dead{Reason: "The access token has been revoked"}
	deadDatabase    = &Dead{Reason: "The access token is for another database; connect the application again", Connect: true}
	deadKind        = &Dead{Reason: "The application takes another kind of connection to Odoo now; connect it again", Connect: true}
	deadConnection  = &Dead{Reason: "The connection to Odoo has ended; connect the application again", Connect: true}
)

// Admit is asked before Odoo is, of a live authorization of an application; its
// error is the judgement.
type Admit func(*application.Application, grant.Authorization) error

// Judge tells whether an access token is good: signed by us, not expired, of
// an active application, and of a grant of which everything still lives. It
// reads the grant on every call, so that a revocation is seen by the next
// request. The API and the introspection endpoint both ask here. Beside an
// error, the Application is that of the token where it is an active one. Odoo
// is asked, through rt, of a grant for another database only, where admit, which
// may be nil, lets it.
func (s *Server) Judge(ctx context.Context, rt http.RoundTripper, raw string, admit Admit) (Standing, error) {
	claims, err := s.Keys.Verify(raw)
	if err != nil {
		return Standing{}, deadToken
	}
	app := s.Applications.ByClientID(claims.ClientID)
	if app == nil || !app.Active {
		return Standing{}, deadApplication
	}
	standing := Standing{Claims: claims, Application: app}
	set, err := s.Store.TokenSet(ctx, claims.TokenSet)
	switch {
	case errors.Is(err, grant.ErrNotFound):
		return standing, deadGrant
	case err != nil:
		return standing, err
	case set.Authorization != claims.Authorization:
		return standing, deadGrant
	}
	standing.Authorization, err = s.judgeGrant(ctx, rt, app, set, admit)
	if err == nil && standing.Authorization.Subject != claims.Subject {
		err = deadToken
	}
	if err != nil {
		return standing, err
	}
	// Scopes are granted once, and looked at whenever they are used.
	standing.Claims.Scope = s.stillHas(app, claims.Scope)
	return standing, nil
}

// judgeGrant tells whether a token set is one of the application's, and lives
// with its authorization, its connection and what the configuration has of it.
func (s *Server) judgeGrant(ctx context.Context, rt http.RoundTripper, app *application.Application, set grant.TokenSet, admit Admit) (grant.Authorization, error) {
	if set.Application != app.Name {
		return grant.Authorization{}, deadToken
	}
	if !set.Live() {
		return grant.Authorization{}, deadGrant
	}
	a, err := s.Store.Authorization(ctx, set.Authorization)
	if errors.Is(err, grant.ErrNotFound) {
		return grant.Authorization{}, deadGrant
	}
	if err != nil {
		return grant.Authorization{}, err
	}
	switch {
	case a.Application != app.Name:
		return grant.Authorization{}, deadToken
	case !a.Live():
		return grant.Authorization{}, deadGrant
	case a.Database != s.Database:
		if admit != nil {
			if err := admit(app, a); err != nil {
				return grant.Authorization{}, err
			}
		}
		return grant.Authorization{}, s.elsewhere(ctx, rt)
	case !a.Connection.Live():
		return grant.Authorization{}, deadConnection
	}
	return a, standsFor(app, set, a)
}

// elsewhere is the error of a grant for another database than the configured
// one. It is dead where Odoo has the configured one: user 2 of another database
// is nobody here. Where Odoo has none of that name, the name is a slip, or the
// database is being restored, and everything goes on afterwards.
func (s *Server) elsewhere(ctx context.Context, rt http.RoundTripper) error {
	if err := s.Connections.Database(ctx, rt, s.UserAgent("")); err != nil {
		return err
	}
	return deadDatabase
}

// standsFor tells whether the configuration still has what a token set came
// by: the redirect URI and the kind of connection, or the service account.
func standsFor(app *application.Application, set grant.TokenSet, a grant.Authorization) error {
	if a.Connection.Kind == grant.Service {
		if a.Subject != ServiceSubject(app.ClientID) || !servedBy(app, a) {
			return deadConnection
		}
		return nil
	}
	if _, ok := app.ActiveRedirectURI(set.RedirectURI); !ok {
		return deadApplication
	}
	if !connection.Fits(app.Connection, a.Connection.Kind) {
		return deadKind
	}
	return nil
}
