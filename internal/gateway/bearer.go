package gateway

import (
	"errors"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/token"
)

// Authenticate implements dialect.Authenticator. What the token allows, the
// runner asks at each call.
func (s *service) Authenticate(r *http.Request) (dialect.Runner, error) {
	n, _, err := s.authenticate(r)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// authenticate takes one of our access tokens, whose application, redirect URI,
// token set, authorization and connection all live. Cookies play no part. Whoever
// has none may have to wait for being told so.
func (s *service) authenticate(r *http.Request) (*runner, token.Claims, error) {
	n, claims, err := s.authenticated(r)
	var refused *dialect.Failure
	if errors.As(err, &refused) && (refused.Kind == dialect.Unauthorized || refused.Kind == dialect.Malformed) {
		s.gateway.holdUp(r)
	}
	return n, claims, err
}

// authenticated is authenticate, which tells at once.
func (s *service) authenticated(r *http.Request) (*runner, token.Claims, error) {
	sent, refused := present(r)
	if refused != nil {
		return nil, token.Claims{}, refused
	}
	up, ok := upstreamOf(r.Context())
	if !ok {
		return nil, token.Claims{}, errors.New("gateway: request without upstream")
	}
	standing, err := s.oauth.Judge(r.Context(), up, sent.token, func(app *application.Application, a grant.Authorization) error {
		if f := sent.by(app); f != nil {
			return f
		}
		if f := s.limitAPI(r, app, a); f != nil {
			return f
		}
		return nil
	})
	app := standing.Application
	if f := sent.by(app); f != nil {
		return nil, token.Claims{}, f
	}
	if app != nil {
		known(r.Context(), app)
		knownPerson(r.Context(), standing.Authorization)
	}
	var dead *oauth.Dead
	switch {
	case errors.As(err, &dead):
		f := unauthorized(dead.Reason)
		if dead.Connect {
			f.Code = failures[odoo.SessionExpired].Code
		}
		return nil, token.Claims{}, f
	case err != nil:
		return nil, token.Claims{}, failure(err)
	}
	if f := s.limitAPI(r, app, standing.Authorization); f != nil {
		return nil, token.Claims{}, f
	}
	return &runner{
		service: s, app: app, rules: s.schemes[app.Scheme], authorization: standing.Authorization, scope: standing.Claims.Scope, upstream: up.of(app.Name),
		request: r,
	}, standing.Claims, nil
}

func unauthorized(message string) *dialect.Failure {
	return &dialect.Failure{
		Kind: dialect.Unauthorized, Code: "invalid_token", Message: message,
		Challenge: challenge("invalid_token", message),
	}
}

// challenge is a WWW-Authenticate value (RFC 6750 §3). Without a token it
// names no error.
func challenge(code, description string) string {
	c := `Bearer realm="odoo"`
	if code != "" {
		c += `, error="` + code + `"`
	}
	if description != "" {
		c += `, error_description="` + description + `"`
	}
	return c
}
