package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// refresh exchanges a refresh token (RFC 6749 section 6). Nothing is consumed
// before Odoo has said that the person is still there and the new access
// token is signed: an outage loses no refresh token.
func (s *Server) refresh(r *http.Request, rt http.RoundTripper, app *application.Application, p params) (answer, *failure) {
	raw := p.get("refresh_token")
	if raw == "" {
		return answer{}, invalidRequest("refresh_token is missing")
	}
	ctx, now := r.Context(), s.Now()
	hash := grant.HashToken(raw)
	parent, set, err := s.Store.RefreshToken(ctx, hash)
	switch {
	case errors.Is(err, grant.ErrNotFound):
		return answer{}, unknownRefresh()
	case err != nil:
		return answer{}, s.storeFailure("looking for a refresh token", err)
	case set.Application != app.Name:
		s.foreignRefresh(r, app, set, raw)
		return answer{}, unknownRefresh()
	}
	if _, ok := app.ActiveRedirectURI(set.RedirectURI); !ok {
		return answer{}, invalidGrant("the redirect URI of this token is not registered any more")
	}
	scope, f := narrow(app, s.stillHas(app, set.Scope), p.get("scope"))
	if f != nil {
		return answer{}, f
	}
	a, err := s.Store.Authorization(ctx, set.Authorization)
	if err != nil {
		return answer{}, s.storeFailure("looking for an authorization", err)
	}
	// A token that is over anyway need not wait for Odoo; Rotate says why.
	if set.Live() && a.Live() && !over(parent, now) {
		if past(endOf(app, set, parent), now) {
			return answer{}, invalidGrant("the refresh token has expired; connect again")
		}
		if a.Database != s.Database {
			return answer{}, s.refuseElsewhere(ctx, rt)
		}
		if f := s.stillThere(r, rt, app, a); f != nil {
			return answer{}, f
		}
		if app.StaticRefresh && parent.RotatedAt.IsZero() {
			return s.repeat(r, app, a, set, parent, raw, scope, now)
		}
	}
	return s.rotate(r, app, a, set, raw, scope, now)
}

// refuseElsewhere answers for an authorization that is for another database than
// the configured one. Nothing is consumed.
func (s *Server) refuseElsewhere(ctx context.Context, rt http.RoundTripper) *failure {
	if err := s.elsewhere(ctx, rt); err != error(deadDatabase) {
		return noDatabase(err)
	}
	return invalidGrant("the authorization is for another database; connect again")
}

// over tells whether Rotate will refuse a refresh token.
func over(t grant.RefreshToken, now time.Time) bool {
	return past(t.ExpiresAt, now) ||
		!t.RotatedAt.IsZero() && now.Sub(t.RotatedAt) > RefreshGrace
}

// repeat answers with the refresh token that was sent, for an application that
// keeps one for the whole life of a token set. Its own end stays. A token that
// was once rotated never gets here: the rules of rotation stay with it.
func (s *Server) repeat(r *http.Request, app *application.Application, a grant.Authorization, set grant.TokenSet, t grant.RefreshToken, raw string, scope []string, now time.Time) (answer, *failure) {
	result, f := s.sign(app, a, set, scope, now)
	if f != nil {
		return answer{}, f
	}
	s.record(r, audit.Event{
		Kind: audit.TokenRefreshed, Application: app.Name, Subject: a.Subject, Authorization: a.ID, TokenSet: set.ID,
		Detail: map[string]string{"refresh_token": audit.Fingerprint(raw), audit.RefreshTokenStays: "true"},
	})
	s.Store.Used(a.ID, now)
	result.refreshable(raw, endOf(app, set, t), now)
	return result, nil
}

// stillThere asks Odoo. Only a proven end ends: an identity check or a lock
// is passed over, and an outage is said to be one.
func (s *Server) stillThere(r *http.Request, rt http.RoundTripper, app *application.Application, a grant.Authorization) *failure {
	if !a.Connection.Live() {
		return invalidGrant("the connection to Odoo has ended; connect again")
	}
	if !connection.Fits(app.Connection, a.Connection.Kind) {
		return invalidGrant("the application takes another kind of connection to Odoo now; connect again")
	}
	err := s.Connections.Check(r.Context(), rt, a, s.UserAgent(app.Title))
	if err == nil {
		return nil
	}
	if errors.Is(err, connection.ErrNotAllowed) {
		return invalidGrant("this person may not connect the application any more")
	}
	var failed *odoo.Error
	if errors.As(err, &failed) {
		switch failed.Kind {
		case odoo.CheckIdentity:
			return nil
		case odoo.SessionExpired:
			return invalidGrant("the connection to Odoo has ended; connect again")
		}
	}
	s.Logger.Warn("can not ask odoo about a person", zap.String("application", app.Name), zap.Error(err))
	return unavailable("Odoo does not answer")
}

func (s *Server) rotate(r *http.Request, app *application.Application, a grant.Authorization, set grant.TokenSet, raw string, scope []string, now time.Time) (answer, *failure) {
	child, err := s.child(set, raw)
	if err != nil {
		s.Logger.Error("family key does not open", zap.String("token_set", set.ID), zap.Error(err))
		return answer{}, serverError()
	}
	result, f := s.sign(app, a, set, scope, now)
	if f != nil {
		return answer{}, f
	}
	event := audit.Event{
		Application: app.Name, Subject: a.Subject, Authorization: a.ID, TokenSet: set.ID,
		Detail: map[string]string{"refresh_token": audit.Fingerprint(raw)},
	}
	stored, err := s.Store.Rotate(background(r.Context()), grant.Rotation{
		Hash: grant.HashToken(raw), Application: app.Name, Now: now, Grace: RefreshGrace,
		Child: grant.RefreshToken{
			Hash: grant.HashToken(child), TokenSet: set.ID, IssuedAt: now,
			ExpiresAt: refreshEnd(app, set.CreatedAt, now),
		},
	})
	switch {
	case err == nil && stored.Hash == grant.HashToken(child):
		event.Kind = audit.TokenRefreshed
		s.record(r, event)
		s.Store.Used(a.ID, now)
		result.refreshable(child, earlier(stored.ExpiresAt, expiry(set.CreatedAt, app.RefreshTokenMaxAge)), now)
		return result, nil
	case err == nil:
		s.Logger.Error("stored child is not the derived one", zap.String("token_set", set.ID))
		return answer{}, serverError()
	case errors.Is(err, grant.ErrReused):
		event.Kind = audit.RefreshReuse
		s.record(r, event)
		return answer{}, invalidGrant("the refresh token was used before")
	case errors.Is(err, grant.ErrEnded):
		return answer{}, invalidGrant("the authorization was revoked")
	case errors.Is(err, grant.ErrExpired):
		return answer{}, invalidGrant("the refresh token has expired")
	case errors.Is(err, grant.ErrNotFound), errors.Is(err, grant.ErrWrongApplication):
		return answer{}, unknownRefresh()
	default:
		return answer{}, s.storeFailure("rotating a refresh token", err)
	}
}

// child derives the successor of a refresh token: any node derives the same,
// and the store keeps hashes only.
func (s *Server) child(set grant.TokenSet, parent string) (string, error) {
	key, err := s.Seal.Open(set.FamilyKey, set.ID)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(parent))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// narrow is the scope of one access token: what its token set still has, or the
// part of it that is asked for. Where nothing is left the client is not told
// that its token is dead: the configuration may change again.
func narrow(app *application.Application, have []string, asked string) ([]string, *failure) {
	if len(have) == 0 {
		return nil, invalidScope("the application may have none of the scopes that were granted any more")
	}
	lenient := app.Compat.Confluence || app.Compat.Restapi
	var scope []string
	for word := range strings.FieldsSeq(asked) {
		switch {
		case slices.Contains(have, word):
			scope = append(scope, word)
		case !lenient || slices.Contains(knownScopes, word):
			return nil, invalidScope("the scope is unknown, or more than was granted")
		}
	}
	if len(scope) == 0 {
		return have, nil
	}
	return scope, nil
}

func unknownRefresh() *failure { return invalidGrant("the refresh token is unknown") }

func (s *Server) foreignRefresh(r *http.Request, app *application.Application, set grant.TokenSet, raw string) {
	s.record(r, audit.Event{
		Kind: audit.ClientAuthFailed, Application: app.Name, TokenSet: set.ID,
		Detail: map[string]string{
			"reason":        "refresh_token_of_another_application",
			"refresh_token": audit.Fingerprint(raw),
		},
	})
}
