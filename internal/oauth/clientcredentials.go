package oauth

import (
	"context"
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// An application with a service connection may act as that account, without
// any person (RFC 6749 section 4.4). It stands in the store as an authorization
// of its own, which administrators see and revoke like a person's; each answer
// is a token set without refresh token.

// ServiceSubject is the sub of an application that acts as its service account.
// No person's sub has a colon (RFC 9068 section 5).
func ServiceSubject(clientID string) string { return "client:" + clientID }

// serviceDigest changes with the account and its key. An authorization keeps
// the one it was made for: another account in the configuration ends its
// tokens. Keys of Odoo's are random and long, so their hash tells nothing.
func serviceDigest(service *application.Service) string {
	return grant.HashToken("service\x00" + service.Login + "\x00" + service.APIKey.Reveal())
}

// servedBy tells whether an authorization is for the application's service
// account as it is configured now.
func servedBy(app *application.Application, a grant.Authorization) bool {
	return app.Service != nil && a.ConsentDigest == serviceDigest(app.Service)
}

func (s *Server) clientCredentials(r *http.Request, rt http.RoundTripper, app *application.Application, p params) (answer, *failure) {
	// A public client proves nothing, so that anybody could ask in its name.
	if app.Public || app.Service == nil {
		return answer{}, unauthorizedClient("the application has no service_connection")
	}
	scheme := s.Scheme(app.Scheme)
	if scheme == nil {
		return answer{}, serverError()
	}
	scope, f := grantedScope(app, scheme, p.get("scope"))
	if f != nil {
		return answer{}, f
	}
	a, f := s.serviceAuthorization(r, rt, app)
	if f != nil {
		return answer{}, f
	}
	now := s.Now()
	set := grant.TokenSet{
		ID: grant.NewID(), Authorization: a.ID, Application: app.Name, Scope: scope, CreatedAt: now,
		ExpiresAt: now.Add(orDefault(app.AccessTokenExpiry, DefaultAccessTokenExpiry)),
	}
	result, f := s.sign(app, a, set, scope, now)
	if f != nil {
		return answer{}, f
	}
	switch err := s.Store.IssueTokenSet(background(r.Context()), set); {
	case errors.Is(err, grant.ErrEnded):
		return answer{}, unavailable("the authorization was revoked at this moment")
	case err != nil:
		return answer{}, s.storeFailure("issuing a token set", err)
	}
	s.record(r, audit.Event{
		Kind: audit.ServiceTokenIssued, Application: app.Name, Subject: a.Subject, Authorization: a.ID, TokenSet: set.ID,
	})
	s.Store.Used(a.ID, now)
	return result, nil
}

// serviceAuthorization asks Odoo whose account it is, and finds or makes the
// authorization for it. One for another account, or for another key, is
// revoked: what it has given out must not come to life again.
func (s *Server) serviceAuthorization(r *http.Request, rt http.RoundTripper, app *application.Application) (grant.Authorization, *failure) {
	person, f := s.serviceUser(r.Context(), rt, app)
	if f != nil {
		return grant.Authorization{}, f
	}
	ctx, now := background(r.Context()), s.Now()
	want := grant.Authorization{
		Application: app.Name, Subject: ServiceSubject(app.ClientID), Database: person.Database, UID: person.UID,
		Login: person.Login, Name: person.Name, ConsentDigest: serviceDigest(app.Service),
		Connection: grant.Connection{Kind: grant.Service, Since: now}, ConsentedAt: now,
	}
	found, err := s.Store.FindAuthorization(ctx, app.Name, want.Subject, "")
	switch {
	case errors.Is(err, grant.ErrNotFound):
	case err != nil:
		return grant.Authorization{}, s.storeFailure("looking for a service's authorization", err)
	case found.UID != want.UID || found.Database != want.Database || !servedBy(app, found) || found.Connection.Kind != grant.Service || !found.Connection.Live():
		if err := s.Store.RevokeAuthorization(ctx, found.ID, now); err != nil {
			return grant.Authorization{}, s.storeFailure("revoking a service's authorization", err)
		}
		s.record(r.WithContext(audit.Beside(r.Context())), audit.Event{
			Kind: audit.AuthorizationRevoked, Application: app.Name, Subject: found.Subject, Authorization: found.ID,
			Detail: map[string]string{"reason": "service_connection_changed"},
		})
	case found.Login == want.Login && found.Name == want.Name:
		return found, nil
	}
	made, err := s.Store.Consent(ctx, want)
	if err != nil {
		return grant.Authorization{}, s.storeFailure("making a service's authorization", err)
	}
	return made, nil
}

func (s *Server) serviceUser(ctx context.Context, rt http.RoundTripper, app *application.Application) (Person, *failure) {
	person, err := s.Connections.ServiceUser(ctx, rt, app, s.UserAgent(app.Title))
	var failed *odoo.Error
	switch {
	case err == nil && person.Database == s.Database:
		return person, nil
	case err == nil:
		s.Logger.Error("the service account is one of another database", zap.String("application", app.Name))
		return Person{}, serverError()
	case errors.As(err, &failed) && (failed.Kind == odoo.AccessDenied || failed.Kind == odoo.SessionExpired):
		s.Logger.Error("Odoo refuses the service account: check login and api_key of service_connection",
			zap.String("application", app.Name), zap.Error(err))
		return Person{}, invalidGrant("Odoo refuses the application's service_connection")
	}
	s.Logger.Warn("can not ask odoo about a service account", zap.String("application", app.Name), zap.Error(err))
	return Person{}, unavailable("Odoo does not answer")
}

// BasicToken serves the endpoint of the original /restapi interface at which an
// application got a token for itself, with nothing but its id and secret. Here
// it is a client_credentials grant, for applications that keep those habits.
func (s *Server) BasicToken(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	if !s.onlyPost(w, r) {
		return
	}
	app, p, f := s.authenticateClient(r)
	var a answer
	switch {
	case f != nil:
	case !app.Compat.Restapi:
		f = unauthorizedClient("this endpoint needs compat restapi; use grant_type client_credentials at the token endpoint")
	default:
		s.Granting(r.Context(), "client_credentials")
		a, f = s.clientCredentials(r, rt, app, p)
	}
	if f != nil {
		s.refusedToken(r, app, f)
		s.writeRestapi(w, r, f)
		return
	}
	a.TokenType = "Basic"
	writeJSON(w, http.StatusOK, a)
}

func unauthorizedClient(description string) *failure {
	return &failure{status: http.StatusBadRequest, code: "unauthorized_client", description: description}
}
