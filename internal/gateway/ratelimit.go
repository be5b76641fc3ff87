package gateway

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/throttle"
)

// rateLimits are the requests that applications have made of late. They
// survive a reload, or reloading would be a way around them. People are
// counted apart from applications: however many there are, they push no
// application out of memory.
type rateLimits struct {
	api, person, token *throttle.Rates
	refused            holdup
}

func newRateLimits(now clock.Clock) *rateLimits {
	return &rateLimits{
		api: throttle.NewRates(0, now), person: throttle.NewRates(0, now), token: throttle.NewRates(0, now),
		refused: newHoldup(now),
	}
}

// limitAPI counts a request of the API. The person comes first: one whose
// requests are refused takes none from the others.
func (s *service) limitAPI(r *http.Request, app *application.Application, a grant.Authorization) *dialect.Failure {
	wait := s.limit(r, s.limits.person, "person", app.Limits.Person, app, a.Subject)
	if wait == 0 {
		wait = s.limit(r, s.limits.api, "api", app.Limits.API, app, "")
	}
	if wait == 0 {
		return nil
	}
	return &dialect.Failure{
		Kind: dialect.TooMany, Code: "rate_limited", RetryAfter: wait,
		Message: "The application asks too often; wait as long as Retry-After says",
	}
}

// tokenPaths are where tokens are to be had.
var tokenPaths = map[string]bool{
	oauth.AccessTokenPath: true, oauth.TokenPath: true, oauth.BasicTokenPath: true, oauth.OrestTokenPath: true,
}

// admit implements oauth.Config.Admit: it counts requests for tokens.
func (s *service) admit(r *http.Request, app *application.Application) time.Duration {
	known(r.Context(), app)
	if !tokenPaths[r.URL.Path] {
		return 0
	}
	return s.limit(r, s.limits.token, "token", app.Limits.Token, app, "")
}

// limit counts a request, and tells the audit trail where it is over the limit.
func (s *service) limit(r *http.Request, rates *throttle.Rates, name string, l application.Rate, app *application.Application, subject string) time.Duration {
	if l.Requests <= 0 || l.Per <= 0 {
		return 0 // no limit
	}
	key := strings.Join([]string{s.name, app.Name, subject}, "\x00")
	wait := rates.Take(key, l.Requests, l.Per)
	if wait > 0 {
		s.audit.Record(r.Context(), s.gateway.event(r, audit.Event{
			Kind: audit.RateLimited, Application: app.Name, Subject: subject, Detail: map[string]string{"limit": name},
		}))
	}
	return wait
}
