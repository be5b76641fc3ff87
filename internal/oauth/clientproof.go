package oauth

import (
	"context"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/throttle"
)

// prove compares what a client sent with its secrets, and judges it by a rule
// that is told whether one of them matches. Failures are counted per client and
// network, and who has failed too often waits before anything is
// compared: nobody is locked out for what others do.
func (s *Server) prove(r *http.Request, app *application.Application, c credential, rule func(app *application.Application, c credential, matches bool) bool) *failure {
	key := s.throttleKey(r, app)
	if f := s.throttled(r, app, key); f != nil {
		return f
	}
	secrets := s.secretsOf(app)
	known := matches(secrets, c, application.Secret.Known)
	if !known && anySlow(secrets) {
		done, f := s.Memory.turn(r.Context())
		if f != nil {
			return f
		}
		// Until the turn is over, so that the next guess finds this one counted.
		defer done()
		if f := s.throttled(r, app, key); f != nil {
			return f
		}
		known = matches(secrets, c, application.Secret.Matches)
	}
	if rule(app, c, known) {
		return nil
	}
	s.Memory.failed(key)
	event := audit.Event{Kind: audit.ClientAuthFailed, Detail: map[string]string{"reason": unproven(app, c)}}
	if app != nil {
		event.Application = app.Name
	}
	s.record(r, event)
	return invalidClient()
}

// throttleKey is what the failures of one request are counted under.
type throttleKey struct{ network, site string }

func (s *Server) throttleKey(r *http.Request, app *application.Application) throttleKey {
	name, addr := throttleName(app), s.ClientAddr(r)
	key := throttleKey{network: s.issuer + "|" + throttle.ClientKey(name, addr)}
	if site := throttle.SiteKey(name, addr); site != "" {
		key.site = s.issuer + "|" + site
	}
	return key
}

// throttled tells whoever has failed too often to wait.
func (s *Server) throttled(r *http.Request, app *application.Application, key throttleKey) *failure {
	wait, blocked := s.Memory.blocked(key)
	if !blocked {
		return nil
	}
	event := audit.Event{Kind: audit.ClientLockedOut}
	if app != nil {
		event.Application = app.Name
	}
	s.record(r, event)
	return &failure{
		status: http.StatusTooManyRequests, code: "invalid_client",
		description: "too many failed attempts", retry: wait,
	}
}

// throttleName is what failures are counted under, together with the network.
// Unknown clients share one name: spellings of an id earn no fresh tries.
func throttleName(app *application.Application) string {
	if app == nil {
		return ""
	}
	return app.ClientID
}

// secretsOf are the secrets that a presented one is compared with. An unknown
// client is compared with a decoy that costs what a hashed secret of this
// gateway costs, if it has one, so that the time of a refusal does not single
// out the ids that exist. Where some secrets are configured hashed and others
// plain, it still tells the plain ones; that a client id exists is no secret,
// the page of authorize says so to everybody.
func (s *Server) secretsOf(app *application.Application) []application.Secret {
	switch {
	case app == nil:
		return []application.Secret{s.decoy}
	case len(app.Secrets) == 0:
		return []application.Secret{{}}
	default:
		return app.Secrets
	}
}

// decoyOf makes what costs as much to compare as a hashed secret.
func decoyOf(applications *application.Registry) application.Secret {
	for _, app := range applications.All() {
		for _, secret := range app.Secrets {
			if secret.Slow() {
				return secret.Decoy()
			}
		}
	}
	return application.Secret{}
}

func anySlow(secrets []application.Secret) bool {
	for _, secret := range secrets {
		if secret.Slow() {
			return true
		}
	}
	return false
}

// matches compares in constant time: each secret with each form of the one
// that was sent, whichever matches first. The same text is compared once, so
// that the work depends on what was sent alone.
func matches(secrets []application.Secret, c credential, compare func(application.Secret, string) bool) bool {
	sent := c.secrets[:]
	if sent[1] == sent[0] || sent[1] == "" {
		sent = sent[:1]
	}
	matches := false
	for _, secret := range secrets {
		for _, plain := range sent {
			matches = compare(secret, plain) || matches
		}
	}
	return matches
}

// proves tells whether a client is the one it names.
func proves(app *application.Application, c credential, matches bool) bool {
	switch {
	case app == nil || !app.Active:
		return false
	case app.Public:
		return !c.secret
	default:
		return c.secret && matches
	}
}

// unproven says for the audit trail why proves said no. The client is not told.
func unproven(app *application.Application, c credential) string {
	switch {
	case app == nil:
		return "unknown_client"
	case !app.Active:
		return "archived_application"
	case app.Public:
		return "secret_of_a_public_client"
	case !c.secret:
		return "no_secret"
	default:
		return "wrong_secret"
	}
}

// maxWaiting bounds how many clients wait for a slow comparison: what comes on
// top is told to come back.
const maxWaiting = 64

// turns lets few slow comparisons run at once, so that whoever sends secrets
// that must be hashed leaves the processors to the others.
type turns struct {
	running chan struct{}
	waiting chan struct{}
}

func newTurns(atOnce int) turns {
	return turns{running: make(chan struct{}, atOnce), waiting: make(chan struct{}, maxWaiting)}
}

// turn waits for a turn, which the function returned gives back.
func (m *Memory) turn(ctx context.Context) (done func(), f *failure) {
	select {
	case m.slow.waiting <- struct{}{}:
		defer func() { <-m.slow.waiting }()
	default:
		return nil, unavailable("too many clients authenticate at once")
	}
	select {
	case m.slow.running <- struct{}{}:
		return func() { <-m.slow.running }, nil
	case <-ctx.Done():
		return nil, unavailable("the request was canceled")
	}
}
