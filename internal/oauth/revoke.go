package oauth

import (
	"context"
	"errors"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// Revoke serves the revocation endpoint (RFC 7009). Either token ends its
// whole token set. A token that is unknown, or another application's, is
// answered like a revoked one and nothing happens; a revocation that could not
// be written is never reported as done.
func (s *Server) Revoke(w http.ResponseWriter, r *http.Request) {
	if !s.onlyPost(w, r) {
		return
	}
	app, p, f := s.authenticateClient(r)
	if f == nil && p.get("token") == "" {
		f = invalidRequest("token is missing")
	}
	if f == nil {
		f = s.revoke(r, app, p.get("token"))
	}
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(http.StatusOK)
}

func (s *Server) revoke(r *http.Request, app *application.Application, raw string) *failure {
	set, err := s.findTokenSet(r.Context(), raw)
	switch {
	case errors.Is(err, grant.ErrNotFound):
		audit.Note(r.Context(), "unknown_token")
		return nil
	case err != nil:
		return s.storeFailure("looking for a token", err)
	case set.Application != app.Name:
		s.record(r, audit.Event{
			Kind: audit.ClientAuthFailed, Application: app.Name, TokenSet: set.ID,
			Detail: map[string]string{"reason": "token_of_another_application"},
		})
		return nil
	case !set.Live():
		audit.Note(r.Context(), "ended_token")
		return nil
	}
	if err := s.Store.EndTokenSet(background(r.Context()), set.ID, "revoked", s.Now()); err != nil {
		return s.storeFailure("revoking a token", err)
	}
	s.record(r, audit.Event{
		Kind: audit.TokenSetEnded, Application: app.Name, Authorization: set.Authorization, TokenSet: set.ID,
		Detail: map[string]string{"reason": "revoked"},
	})
	return nil
}

// findTokenSet finds the token set of a refresh token or an access token.
func (s *Server) findTokenSet(ctx context.Context, raw string) (grant.TokenSet, error) {
	_, set, err := s.Store.RefreshToken(ctx, grant.HashToken(raw))
	if !errors.Is(err, grant.ErrNotFound) {
		return set, err
	}
	claims, invalid := s.Keys.Verify(raw)
	if invalid != nil {
		return grant.TokenSet{}, grant.ErrNotFound
	}
	return s.Store.TokenSet(ctx, claims.TokenSet)
}
