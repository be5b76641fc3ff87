package connection

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

const (
	// mostTouch is the longest time between two touches of a session.
	mostTouch = 24 * time.Hour
	// leastTouch is the shortest, and how soon one that failed is tried again.
	leastTouch = time.Minute
	// defaultCookieLife is Odoo's own, where an answer does not tell.
	defaultCookieLife = 7 * 24 * time.Hour
)

// touchInterval is how long after a touch the next one is due: a quarter of
// the life that Odoo gives the session's cookie, a day at most. Before Odoo has
// said how long that is, one touch soon finds out.
func (m *Manager) touchInterval() time.Duration {
	return min(max(time.Duration(m.cookieLife.Load())/4, leastTouch), mostTouch)
}

// Idle tells whether the session of an authorization has to be touched, so that
// Odoo does not let it idle out. It asks nobody.
func (m *Manager) Idle(a grant.Authorization) bool {
	c, now := a.Connection, m.now()
	return a.Live() && c.Live() && c.Kind == grant.Session && m.fits(a) &&
		now.Sub(c.BrowserAt) < m.keepalive && now.Sub(c.TouchedAt) >= m.touchInterval()
}

// Touch has Odoo extend the life of an authorization's session, for all that
// hold it, unless somebody has tried that this minute. The error is an
// *odoo.Error as that of [Manager.Check]; SessionExpired is a proven end, and
// no other ends anything.
func (m *Manager) Touch(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent string) error {
	if !m.table.firstSight("touch\x00"+a.Connection.Hash, leastTouch) {
		return nil
	}
	return m.touch(ctx, rt, a, userAgent)
}

// touch is Touch, whoever has tried it.
func (m *Manager) touch(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent string) error {
	id, err := m.open(a)
	if err != nil {
		return err
	}
	now := m.now()
	uid, cookie, err := m.client.Touch(ctx, rt, rpc.Session{ID: id, UserAgent: userAgent})
	if m.rotated(ctx, id, cookie) {
		a.Connection.Hash = grant.HashToken(cookie.Value)
	} else {
		m.lost(id, err)
	}
	reason := ""
	switch {
	case is(err, odoo.SessionExpired):
		reason = ReasonExpired
	case err != nil:
		return err
	case uid != a.UID:
		reason, err = ReasonSomebodyElse, &odoo.Error{Kind: odoo.SessionExpired, Message: "the connection belongs to another user"}
	default:
		life := defaultCookieLife
		if cookie != nil && cookie.MaxAge > 0 {
			life = time.Duration(cookie.MaxAge) * time.Second
		}
		m.cookieLife.Store(int64(life))
		m.touched(ctx, a.Connection.Hash, now)
		return nil
	}
	_, moved, endErr := m.confirmEnd(ctx, a, reason)
	switch {
	case endErr != nil:
		return endErr
	case moved:
		return nil // what it has now was attached or followed just now
	}
	return err
}

// touched notes when Odoo has extended the life of a session.
func (m *Manager) touched(ctx context.Context, hash string, at time.Time) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	holders, err := m.store.AuthorizationsBySession(ctx, hash)
	if err != nil {
		m.log.Warn("a session that was touched could not be looked up", zap.Error(err))
		return
	}
	for _, a := range holders {
		to := a.Connection
		if !at.After(to.TouchedAt) {
			continue
		}
		to.TouchedAt = at
		err := m.store.UpdateConnection(ctx, a.ID, hash, to)
		if err != nil && !errors.Is(err, grant.ErrStale) && !errors.Is(err, grant.ErrEnded) {
			m.log.Warn("the touch of a session could not be stored", zap.String("authorization", a.ID), zap.Error(err))
		}
	}
}
