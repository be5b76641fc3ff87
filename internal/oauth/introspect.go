package oauth

import (
	"context"
	"errors"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// introspection is the answer of the introspection endpoint (RFC 7662 section
// 2.2). One that is not active says nothing else.
type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Audience  string `json:"aud,omitempty"`
	ID        string `json:"jti,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	ExpiresAt int64  `json:"exp,omitempty"`
}

// Introspect serves the introspection endpoint (RFC 7662): it tells a client
// with a secret about its own access and refresh tokens. A token that is
// unknown, another application's, expired, revoked or that would be refused
// for any other reason is not active, and why is not told. A store that does
// not answer, and an Odoo without the database, is an error: neither word about
// the token would be true.
func (s *Server) Introspect(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	if !s.onlyPost(w, r) {
		return
	}
	app, p, f := s.authenticateClient(r)
	switch {
	case f != nil:
	case app.Public: // it names itself and proves nothing
		f = invalidClient()
	case p.get("token") == "":
		f = invalidRequest("token is missing")
	}
	var found introspection
	if f == nil {
		found, f = s.introspect(r, rt, app, p.get("token"))
	}
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	writeJSON(w, http.StatusOK, found)
}

func (s *Server) introspect(r *http.Request, rt http.RoundTripper, app *application.Application, raw string) (introspection, *failure) {
	found, err := s.describeRefresh(r.Context(), rt, app, raw)
	if errors.Is(err, grant.ErrNotFound) {
		found, err = s.describeAccess(r.Context(), rt, app, raw)
	}
	var dead *Dead
	var failed *odoo.Error
	switch {
	case errors.As(err, &dead):
		return introspection{}, nil
	case errors.As(err, &failed):
		return introspection{}, noDatabase(failed)
	case err != nil:
		return introspection{}, s.storeFailure("looking for a token", err)
	}
	return found, nil
}

// describeRefresh describes a refresh token, which is not active where the
// token endpoint would refuse it; looking at it uses nothing.
func (s *Server) describeRefresh(ctx context.Context, rt http.RoundTripper, app *application.Application, raw string) (introspection, error) {
	t, set, err := s.Store.RefreshToken(ctx, grant.HashToken(raw))
	if err != nil {
		return introspection{}, err
	}
	a, err := s.judgeGrant(ctx, rt, app, set, nil)
	now, end := s.Now(), endOf(app, set, t)
	switch {
	case err != nil:
		return introspection{}, err
	case over(t, now), past(end, now):
		return introspection{}, deadGrant
	}
	found := introspection{
		Active: true, Scope: scopeString(s.stillHas(app, set.Scope)), ClientID: app.ClientID, Username: a.Login,
		Issuer: s.issuer, Subject: a.Subject, IssuedAt: t.IssuedAt.Unix(),
	}
	if !end.IsZero() {
		found.ExpiresAt = end.Unix()
	}
	return found, nil
}

// describeAccess describes an access token, which is active where the API
// would take it.
func (s *Server) describeAccess(ctx context.Context, rt http.RoundTripper, app *application.Application, raw string) (introspection, error) {
	standing, err := s.Judge(ctx, rt, raw, nil)
	if err != nil {
		return introspection{}, err
	}
	if standing.Application != app {
		return introspection{}, deadToken
	}
	c := standing.Claims
	return introspection{
		Active: true, Scope: scopeString(c.Scope), ClientID: c.ClientID, Username: standing.Authorization.Login,
		TokenType: "Bearer", Issuer: s.issuer, Subject: c.Subject, Audience: s.issuer, ID: c.ID,
		IssuedAt: c.IssuedAt.Unix(), ExpiresAt: c.ExpiresAt.Unix(),
	}, nil
}
