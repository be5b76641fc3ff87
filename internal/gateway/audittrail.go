package gateway

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/dialect/json2"
	"github.com/caddy-odoo/gateway/internal/dialect/orestapi"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/httphook"
)

// Strangers can make refusals as often as they like, and so can each application
// by asking for what its rules deny. That many are kept in the store at once, and
// one more each keptRefusalEvery; the logger gets them all.
const (
	keptRefusals     = 1000
	keptRefusalEvery = 10 * time.Second
)

// keeper keeps the audit trail in the store.
type keeper struct {
	store     grant.Store
	retention time.Duration
	now       clock.Clock
	refusals  *rate.Limiter

	mu      sync.Mutex
	denials map[string]*rate.Limiter // by application
	dropped int
}

func newKeeper(store grant.Store, retention time.Duration, now clock.Clock) *keeper {
	return &keeper{
		store: store, retention: retention, now: now,
		refusals: newRefusals(), denials: make(map[string]*rate.Limiter),
	}
}

func newRefusals() *rate.Limiter { return rate.NewLimiter(rate.Every(keptRefusalEvery), keptRefusals) }

// Record implements audit.Recorder.
func (k *keeper) Record(_ context.Context, e audit.Event) {
	if e.Time.IsZero() {
		e.Time = k.now()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if l := k.limiter(e); l != nil && !l.AllowN(e.Time, 1) {
		k.dropped++
		return
	}
	if k.dropped > 0 {
		k.store.Audit(audit.Event{
			Time: e.Time, Kind: audit.EventsDropped, Gateway: e.Gateway, Detail: map[string]string{"count": strconv.Itoa(k.dropped)},
		}, e.Time.Add(k.retention))
		k.dropped = 0
	}
	k.store.Audit(e, e.Time.Add(k.retention))
}

// limiter bounds how many events like this one are kept; nil is all of them.
func (k *keeper) limiter(e audit.Event) *rate.Limiter {
	switch {
	case ofStrangers(e):
		return k.refusals
	case e.Kind != audit.SchemeDenied:
		return nil
	}
	l := k.denials[e.Application]
	if l == nil {
		l = newRefusals()
		k.denials[e.Application] = l
	}
	return l
}

// ofStrangers tells whether an event may be made by somebody who has proven
// nothing.
func ofStrangers(e audit.Event) bool {
	return e.Kind == audit.ClientAuthFailed || e.Kind == audit.RequestRefused
}

// auditRefusal records the refusal of a request that has left no event of its
// own. What the answer reports is done when it is called.
func (s *service) auditRefusal(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request, func()) {
	ctx, slip := audit.WithSlip(r.Context())
	r = r.WithContext(ctx)
	status := 0
	hooked := httphook.New(w, func(code int, _ http.Header) { status = code })
	return hooked, r, func() {
		reason := slip.Reason()
		if slip.Events() > 0 || !refuses(r.URL.Path, status, reason) {
			return
		}
		detail := map[string]string{"path": place(r.URL.Path), "status": strconv.Itoa(status)}
		if reason != "" {
			detail["reason"] = reason
		}
		event := audit.Event{Time: s.now(), Kind: audit.RequestRefused, Gateway: s.name, RequestID: s.requestID(r), Detail: detail}
		if addr := s.clientAddr(r); addr.IsValid() {
			event.Address = addr.String()
		}
		s.audit.Record(ctx, event)
	}
}

// refuses tells whether an answer is a refusal of the gateway's. Below the
// interfaces a record that is not there, or Odoo out of reach, is none; nor is
// a wait, which is recorded once for many as rate_limited or
// client_auth_failed.
func refuses(path string, status int, reason string) bool {
	if _, exact := endpoints[path]; !exact {
		return status == http.StatusUnauthorized || status == http.StatusForbidden
	}
	switch {
	case status == http.StatusTooManyRequests, status >= 500:
		return false
	default:
		return status >= 400 || reason != "" // which a redirect may carry to an application
	}
}

// place names the endpoint, in words of the code: a path may hold anything.
func place(path string) string {
	if _, exact := endpoints[path]; exact {
		return path
	}
	for _, prefix := range []string{restapi.Prefix, restapi.ReportPrefix, restapi.BinaryPrefix, orestapi.Prefix, json2.Prefix} {
		if strings.HasPrefix(path, prefix) {
			return prefix
		}
	}
	return "(unknown)"
}
