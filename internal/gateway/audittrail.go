package gateway

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/dialect/json2"
	"github.com/caddy-odoo/gateway/internal/dialect/orestapi"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// keeper keeps the audit trail in the store, all of it but what comes too fast.
type keeper struct {
	store     grant.Store
	retention time.Duration
	now       clock.Clock
	shares    *shares

	mu      sync.Mutex
	dropped int
}

func newKeeper(store grant.Store, retention time.Duration, now clock.Clock) *keeper {
	return &keeper{store: store, retention: retention, now: now, shares: newShares(1)}
}

// Record implements audit.Recorder.
func (k *keeper) Record(_ context.Context, e audit.Event) {
	if e.Time.IsZero() {
		e.Time = k.now()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.shares.keep(e) {
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

// recorder is that of the open gateway, or what there is of it before.
func (g *Gateway) recorder() audit.Recorder {
	if s := g.service.Load(); s != nil {
		return s.audit
	}
	return g.audit
}

// unrecorded is the event of a request that has left none of its own. None is
// due where there was nothing to decide: what everybody may read, a page, data
// that the rules let through, a browser that is sent to the login.
func (g *Gateway) unrecorded(r *http.Request, o traced) (e audit.Event, due bool) {
	switch {
	case o.Decision == Allowed:
		return audit.Event{}, false
	case o.Code == codeStore:
		e.Kind = audit.StoreFailed
	case o.Decision == Failed:
		e.Kind = audit.RequestFailed
	default:
		e.Kind = audit.RequestRefused
	}
	detail := map[string]string{"path": place(r.URL.Path), "status": strconv.Itoa(o.Status)}
	if o.Code != "" {
		detail["reason"] = o.Code
	}
	if o.clientID != "" {
		detail["client_id"] = o.clientID
	}
	e.Application, e.Subject, e.Authorization, e.Detail = o.Application, o.Subject, o.authorization, detail
	return g.event(r, e), true
}

// event completes an event with what is known of every request.
func (g *Gateway) event(r *http.Request, e audit.Event) audit.Event {
	e.Time, e.Gateway, e.RequestID, e.UserAgent = g.config.Now(), g.config.Name, g.config.RequestID(r), audit.Fingerprint(r.UserAgent())
	if addr := g.config.ClientAddr(r); addr.IsValid() {
		e.Address = addr.String()
	}
	return e
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
