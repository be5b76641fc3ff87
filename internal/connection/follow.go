package connection

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

const (
	// stableLength is how much of a session id stays the same through soft
	// rotations: it names the login.
	stableLength = 42
	// rotatingLength is the least length of the ids of versions that rotate.
	rotatingLength = 84
)

// soft tells whether next is the id that Odoo gives a session it goes on
// with. Any other new id may belong to another login, or to nobody.
func soft(id, next string) bool {
	return len(id) >= rotatingLength && len(next) >= rotatingLength && next != id &&
		id[:stableLength] == next[:stableLength] && rpc.ValidSession(next)
}

// rotated looks at the cookie that came with the answer to a call of the
// gateway's own over the session id. It tells whether the session goes on under
// another id, which is then followed.
func (m *Manager) rotated(ctx context.Context, id string, cookie *http.Cookie) bool {
	if cookie == nil || cookie.MaxAge < 0 || !soft(id, cookie.Value) {
		return false
	}
	m.table.rotated(id, cookie)
	m.follow(ctx, id, cookie.Value)
	return true
}

// follow moves every connection that holds id to next. Concurrent calls for
// one rotation share the work. It goes on where the caller has left: Odoo
// tells the new id only while the old one still works.
func (m *Manager) follow(ctx context.Context, id, next string) {
	from := grant.HashToken(id)
	_, _, _ = m.rotation.Do(from+grant.HashToken(next), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
		defer cancel()
		holders, err := m.store.AuthorizationsBySession(ctx, from)
		if err != nil {
			m.log.Error("a rotated session could not be looked up", zap.Error(err))
			return nil, nil
		}
		for _, a := range holders {
			if err := m.move(ctx, a, from, next); err != nil {
				m.log.Error("a rotated session could not be stored",
					zap.String("authorization", a.ID), zap.Error(err))
			}
		}
		return nil, nil
	})
}

// move stores next for one authorization, as long as that still holds from.
func (m *Manager) move(ctx context.Context, a grant.Authorization, from, next string) error {
	for attempt := 0; ; attempt++ {
		if !a.Live() || !a.Connection.Live() || a.Connection.Hash != from {
			return nil // moved, ended or revoked meanwhile
		}
		to := a.Connection
		to.Sealed = m.seal.Seal([]byte(next), a.Key())
		to.Hash = grant.HashToken(next)
		to.TouchedAt = m.now()
		err := m.store.UpdateConnection(ctx, a.ID, from, to)
		if errors.Is(err, grant.ErrEnded) {
			return nil
		}
		if !errors.Is(err, grant.ErrStale) || attempt > 0 {
			return err
		}
		if a, err = m.store.Authorization(ctx, a.ID); err != nil {
			return err
		}
	}
}

// Observe looks at the header of an answer of Odoo's to a browser that
// presented a session id; where [Manager.Present] has replaced that id, the
// replacement counts. A soft rotation is followed by every connection that
// holds the id. Any other new id, or none, means that the browser has logged
// out or in: nobody is given the old id's successor any more, and whether the
// connections have ended their next call will tell.
func (m *Manager) Observe(ctx context.Context, presentedID string, h http.Header) {
	if !rpc.ValidSession(presentedID) {
		return
	}
	set := rpc.SessionCookie(h)
	switch {
	case set == nil || set.Value == presentedID && set.MaxAge >= 0:
		m.BrowserSeen(ctx, presentedID)
	case set.MaxAge >= 0 && soft(presentedID, set.Value):
		m.table.left(presentedID, set)
		m.follow(ctx, presentedID, set.Value)
		m.BrowserSeen(ctx, set.Value)
	default:
		m.table.ended(grant.HashToken(presentedID))
	}
}

// seenInterval is how exactly it is known when a person last used Odoo in a
// browser.
const seenInterval = time.Hour

// BrowserSeen notes that a browser has presented a session id, at most once
// an hour for each id.
func (m *Manager) BrowserSeen(ctx context.Context, presentedID string) {
	hash := grant.HashToken(presentedID)
	if !m.table.firstSight(hash, seenInterval) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	holders, err := m.store.AuthorizationsBySession(ctx, hash)
	if err != nil {
		m.log.Warn("a browser's session could not be looked up", zap.Error(err))
		return
	}
	for _, a := range holders {
		to, now := a.Connection, m.now()
		if now.Sub(to.BrowserAt) < seenInterval {
			continue
		}
		to.BrowserAt = now
		err := m.store.UpdateConnection(ctx, a.ID, hash, to)
		if err != nil && !errors.Is(err, grant.ErrStale) && !errors.Is(err, grant.ErrEnded) {
			m.log.Warn("the last use in a browser could not be stored", zap.String("authorization", a.ID), zap.Error(err))
		}
	}
}
