package oauth

import (
	"errors"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
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
// not answer is an error: neither word about the token would be true.
func (s *Server) Introspect(w http.ResponseWriter, r *http.Request) {
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
		found, f = s.introspect(r, app, p.get("token"))
	}
	if f != nil {
		s.writeFailure(w, f)
		return
	}
	writeJSON(w, http.StatusOK, found)
}

func (s *Server) introspect(r *http.Request, app *application.Application, raw string) (introspection, *failure) {
	found, set, err := s.describe(r, app, raw)
	if err == nil && found.Active {
		found, err = s.grantOf(r, app, found, set)
	}
	switch {
	case errors.Is(err, grant.ErrNotFound):
		return introspection{}, nil
	case err != nil:
		return introspection{}, s.storeFailure("looking for a token", err)
	case !found.Active:
		return introspection{}, nil
	}
	return found, nil
}

// describe judges what stands in a token itself, and finds its token set. A
// refresh token is not active where the token endpoint would refuse it for its
// age or as used; looking at it uses nothing.
func (s *Server) describe(r *http.Request, app *application.Application, raw string) (introspection, grant.TokenSet, error) {
	found := introspection{ClientID: app.ClientID, Issuer: s.issuer}
	t, set, err := s.Store.RefreshToken(r.Context(), grant.HashToken(raw))
	if err == nil {
		found.Active = !over(t, s.Now())
		found.Scope, found.IssuedAt = scopeString(set.Scope), t.IssuedAt.Unix()
		if !t.ExpiresAt.IsZero() {
			found.ExpiresAt = t.ExpiresAt.Unix()
		}
		return found, set, nil
	}
	if !errors.Is(err, grant.ErrNotFound) {
		return found, set, err
	}
	claims, invalid := s.Keys.Verify(raw)
	if invalid != nil || claims.ClientID != app.ClientID {
		return found, set, nil
	}
	set, err = s.Store.TokenSet(r.Context(), claims.TokenSet)
	found.Active = err == nil && set.Authorization == claims.Authorization
	found.Scope, found.TokenType, found.ID = scopeString(claims.Scope), "Bearer", claims.ID
	found.Subject, found.Audience = claims.Subject, s.issuer
	found.IssuedAt, found.ExpiresAt = claims.IssuedAt.Unix(), claims.ExpiresAt.Unix()
	return found, set, err
}

// grantOf judges the grant behind a token: it is active as long as token set,
// redirect URI, authorization and connection live, as for the API.
func (s *Server) grantOf(r *http.Request, app *application.Application, found introspection, set grant.TokenSet) (introspection, error) {
	if set.Application != app.Name || !set.Live() {
		return introspection{}, nil
	}
	if _, ok := app.ActiveRedirectURI(set.RedirectURI); !ok {
		return introspection{}, nil
	}
	a, err := s.Store.Authorization(r.Context(), set.Authorization)
	if err != nil {
		return introspection{}, err
	}
	// A revoked authorization has no connection that lives.
	if a.Database != s.Database || !a.Connection.Live() || found.Subject != "" && found.Subject != a.Subject {
		return introspection{}, nil
	}
	found.Subject, found.Username = a.Subject, a.Login
	return found, nil
}
