package oauth

import (
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/token"
)

// validityFormat is the documented form of access_token_validity:
// 7/20/2017 12:00:05, in UTC.
const validityFormat = "1/2/2006 15:04:05"

// answer is the answer of the token endpoint.
type answer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	// RefreshExpiresIn is absent where refreshing never ends.
	RefreshExpiresIn int64  `json:"refresh_expires_in,omitempty"`
	Scope            string `json:"scope"`
	// Validity is the documented date, or a number of seconds.
	Validity any `json:"access_token_validity"`
}

// AccessToken serves the token endpoint. rt carries calls for an application.
func (s *Server) AccessToken(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	if !s.onlyPost(w, r) {
		return
	}
	a, f := s.grantTokens(r, rt)
	if f != nil {
		s.writeRestapi(w, r, f)
		return
	}
	writeJSON(w, http.StatusOK, a)
}

// grantTokens authenticates a client and grants what it asks for, whichever
// interface it speaks.
func (s *Server) grantTokens(r *http.Request, rt http.RoundTripper) (answer, *failure) {
	app, p, f := s.authenticateClient(r)
	if f != nil {
		return answer{}, f
	}
	a, f := s.issue(r, rt, app, p)
	if f != nil {
		s.refusedToken(r, app, f)
		return answer{}, f
	}
	return a, nil
}

// refusedToken tells the administrator what a client that has proved itself
// was refused.
func (s *Server) refusedToken(r *http.Request, app *application.Application, f *failure) {
	if app == nil {
		return
	}
	s.Logger.Info("token refused", zap.String("gateway", s.Gateway), zap.String("application", app.Name),
		zap.String("error", f.code), zap.String("reason", f.description), zap.String("request_id", s.RequestID(r)))
}

// GrantTypes are the grants that there are (RFC 6749 sections 4.1.3, 6 and 4.4.2).
var GrantTypes = []string{"authorization_code", "refresh_token", "client_credentials"}

// issue does what the grant type asks.
func (s *Server) issue(r *http.Request, rt http.RoundTripper, app *application.Application, p params) (answer, *failure) {
	if f := s.checkResource(p); f != nil {
		return answer{}, f
	}
	kind := grantType(app, p)
	if slices.Contains(GrantTypes, kind) {
		s.Granting(r.Context(), kind)
	}
	switch kind {
	case "authorization_code":
		a, f := s.redeem(r, app, p)
		return a, f.worded("invalid_grant", wordsCode)
	case "refresh_token":
		a, f := s.refresh(r, rt, app, p)
		return a, f.worded("invalid_grant", wordsRefresh)
	case "client_credentials":
		return s.clientCredentials(r, rt, app, p)
	case "":
		return answer{}, invalidRequest("grant_type is missing")
	default:
		return answer{}, &failure{
			status: http.StatusBadRequest, code: "unsupported_grant_type",
			description: "grant_type must be authorization_code, refresh_token or client_credentials",
		}
	}
}

// grantType is the grant that a request means. Clients of the original
// /restapi interface may leave it out: it is then what they have sent.
func grantType(app *application.Application, p params) string {
	kind := p.get("grant_type")
	code, refresh := p.get("code") != "", p.get("refresh_token") != ""
	switch {
	case kind != "" || !app.Compat.Restapi || code == refresh:
		return kind
	case code:
		return "authorization_code"
	default:
		return "refresh_token"
	}
}

// sign makes an answer with an access token, without a refresh token.
func (s *Server) sign(app *application.Application, a grant.Authorization, set grant.TokenSet, scope []string, now time.Time) (answer, *failure) {
	life := orDefault(app.AccessTokenExpiry, DefaultAccessTokenExpiry)
	expires := now.Add(life)
	raw, err := s.Keys.Sign(token.Claims{
		Subject: a.Subject, ClientID: app.ClientID, ID: grant.NewID(), TokenSet: set.ID, Authorization: a.ID,
		Scope: scope, IssuedAt: now, ExpiresAt: expires,
	})
	if err != nil {
		return answer{}, s.logSigning(err)
	}
	return answer{
		AccessToken: raw, TokenType: "Bearer", ExpiresIn: int64(life / time.Second),
		Scope: scopeString(scope), Validity: validity(app, life, expires),
	}, nil
}

// validity says for how long an access token is good, in the form that the
// application reads.
func validity(app *application.Application, life time.Duration, expires time.Time) any {
	if app.ValiditySeconds {
		return int64(life / time.Second)
	}
	return expires.UTC().Format(validityFormat)
}
