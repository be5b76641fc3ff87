package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/token"
)

// scopeRead is the scope that reading needs.
const scopeRead = "odoo.read"

// Authenticate implements dialect.Authenticator: the token must allow reading.
func (s *service) Authenticate(r *http.Request) (dialect.Runner, error) {
	n, claims, err := s.authenticate(r)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(claims.Scope, scopeRead) {
		return nil, &dialect.Failure{
			Kind: dialect.Forbidden, Code: "insufficient_scope", Message: "The access token does not allow reading",
			Challenge: challenge("insufficient_scope", "") + `, scope="` + scopeRead + `"`,
		}
	}
	return n, nil
}

// authenticate takes one Authorization header with one of our access tokens,
// whose application, redirect URI, token set, authorization and connection all
// live. Cookies play no part.
func (s *service) authenticate(r *http.Request) (*runner, token.Claims, error) {
	raw, refused := bearer(r)
	if refused != nil {
		return nil, token.Claims{}, refused
	}
	claims, err := s.keys.Verify(raw)
	if err != nil {
		return nil, token.Claims{}, unauthorized("The access token is not valid or has expired")
	}
	app := s.applications.ByClientID(claims.ClientID)
	if app == nil || !app.Active {
		return nil, token.Claims{}, unauthorized("The application is not active")
	}
	known(r.Context(), app)
	set, authorization, err := s.liveGrant(r.Context(), claims.TokenSet, claims.Authorization)
	if err != nil {
		return nil, token.Claims{}, err
	}
	if set.Application != app.Name || authorization.Application != app.Name || authorization.Subject != claims.Subject {
		return nil, token.Claims{}, unauthorized("The access token is not valid or has expired")
	}
	if authorization.Database != s.database {
		return nil, token.Claims{}, unauthorized("The access token is for another database; connect the application again")
	}
	if _, ok := app.ActiveRedirectURI(set.RedirectURI); !ok {
		return nil, token.Claims{}, unauthorized("The application is not active")
	}
	if !authorization.Connection.Live() {
		return nil, token.Claims{}, unauthorized("The connection to Odoo has ended; connect the application again")
	}
	if f := s.limitAPI(r, app, authorization); f != nil {
		return nil, token.Claims{}, f
	}
	up, ok := upstreamOf(r.Context())
	if !ok {
		return nil, token.Claims{}, errors.New("gateway: request without upstream")
	}
	return &runner{
		service: s, app: app, rules: s.schemes[app.Scheme], authorization: authorization, upstream: up,
		requestID: s.requestID(r), address: s.clientAddr(r),
	}, claims, nil
}

// liveGrant reads the state of a token's grant. It is asked on every request,
// so that a revocation is seen by the next one.
func (s *service) liveGrant(ctx context.Context, setID, authorizationID string) (grant.TokenSet, grant.Authorization, error) {
	set, err := s.store.TokenSet(ctx, setID)
	if err != nil {
		return grant.TokenSet{}, grant.Authorization{}, lookupFailure(err)
	}
	if !set.Live() || set.Authorization != authorizationID {
		return grant.TokenSet{}, grant.Authorization{}, unauthorized("The access token has been revoked")
	}
	authorization, err := s.store.Authorization(ctx, authorizationID)
	if err != nil {
		return grant.TokenSet{}, grant.Authorization{}, lookupFailure(err)
	}
	if !authorization.Live() {
		return grant.TokenSet{}, grant.Authorization{}, unauthorized("The access token has been revoked")
	}
	return set, authorization, nil
}

// lookupFailure keeps a store that is away apart from a token that is dead.
func lookupFailure(err error) *dialect.Failure {
	if errors.Is(err, grant.ErrNotFound) {
		return unauthorized("The access token has been revoked")
	}
	return failure(err)
}

// bearer returns the token of the only Authorization header.
func bearer(r *http.Request) (string, *dialect.Failure) {
	lines := r.Header.Values("Authorization")
	if len(lines) == 0 {
		return "", &dialect.Failure{
			Kind: dialect.Unauthorized, Code: "token_missing", Message: "Authentication required",
			Challenge: challenge("", ""),
		}
	}
	kind, token, found := strings.Cut(lines[0], " ")
	if len(lines) > 1 || !found || !strings.EqualFold(kind, "Bearer") || token == "" || strings.ContainsAny(token, " \t,") {
		return "", unauthorized("The Authorization header is not one bearer token")
	}
	return token, nil
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
