package connection

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// rotatedGrace is how long Odoo goes on with an id that it has rotated away: as long
// as anybody who asks with it is told the next one.
const rotatedGrace = 120 * time.Second

// lost notes that nobody knows what Odoo has answered to a call over a session:
// it may have said under which id the session goes on.
func (m *Manager) lost(id string, err error) {
	if len(id) < rotatingLength || !is(err, odoo.Unavailable) && !is(err, odoo.Canceled) {
		return
	}
	m.table.unsettle(grant.HashToken(id))
}

// Unsettled returns the authorizations, one for each session, that live and
// whose last answer was lost while Odoo may still tell how the session goes on.
// What Settle finds out is worth something at once alone: nobody may come before
// Odoo forgets the id.
func (m *Manager) Unsettled(ctx context.Context) ([]grant.Authorization, error) {
	var all []grant.Authorization
	for _, hash := range m.table.unsettledNow() {
		holders, err := m.store.AuthorizationsBySession(ctx, hash)
		if err != nil {
			return all, err
		}
		for _, a := range holders {
			if a.Live() && a.Connection.Live() && m.fits(a) {
				all = append(all, a)
				break
			}
		}
	}
	return all, nil
}

// Settle asks Odoo over the session of an authorization, and follows it where it
// has moved. The error is that of [Manager.Touch].
func (m *Manager) Settle(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent string) error {
	err := m.touch(ctx, rt, a, userAgent)
	if failed, ok := errors.AsType[*odoo.Error](err); !ok || failed.Kind != odoo.Unavailable && failed.Kind != odoo.Canceled {
		m.table.settle(a.Connection.Hash)
	}
	return err
}

// unsettle notes a session once: Odoo counts from the first call that it has
// answered with another id.
func (t *Table) unsettle(hash string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if since, ok := t.unsettled.Peek(hash); !ok || t.now().Sub(since) >= rotatedGrace {
		t.unsettled.Add(hash, t.now())
	}
}

func (t *Table) settle(hash string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unsettled.Remove(hash)
}

// unsettledNow are the sessions, the oldest first, that Odoo may still tell of.
func (t *Table) unsettledNow() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []string
	for _, hash := range t.unsettled.Keys() {
		if since, _ := t.unsettled.Peek(hash); t.now().Sub(since) < rotatedGrace {
			all = append(all, hash)
		} else {
			t.unsettled.Remove(hash)
		}
	}
	return all
}
