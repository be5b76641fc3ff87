package gateway

import (
	"context"
	"strconv"
	"sync"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
)

// auditLog hands events on to the logger, all of them but refusals that come too
// fast: thousands in a second would fill a disk in a day.
type auditLog struct {
	to  audit.Recorder
	now clock.Clock

	mu      sync.Mutex
	shares  *shares
	dropped int
}

func newAuditLog(to audit.Recorder, now clock.Clock) *auditLog {
	return &auditLog{to: to, now: now, shares: newShares(moreLogged)}
}

// Record implements audit.Recorder.
func (l *auditLog) Record(ctx context.Context, e audit.Event) {
	if e.Time.IsZero() {
		e.Time = l.now()
	}
	dropped, kept := l.keep(e)
	if !kept {
		return
	}
	if dropped > 0 {
		l.to.Record(ctx, audit.Event{
			Time: e.Time, Kind: audit.EventsDropped, Gateway: e.Gateway, Detail: map[string]string{"count": strconv.Itoa(dropped)},
		})
	}
	l.to.Record(ctx, e)
}

// keep tells whether an event is handed on, and how many were not before it.
func (l *auditLog) keep(e audit.Event) (dropped int, kept bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.shares.keep(e) {
		l.dropped++
		return 0, false
	}
	dropped, l.dropped = l.dropped, 0
	return dropped, true
}
