package connection

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// confirmEnd is asked after Odoo has refused the session that a holds. Where
// the store holds another one by now, it returns the authorization with that,
// to try again; else the connection ends. An error means that the store could
// not tell: nothing has ended.
func (m *Manager) confirmEnd(ctx context.Context, a grant.Authorization, reason string) (next grant.Authorization, moved bool, err error) {
	current, err := m.store.Authorization(ctx, a.ID)
	if err != nil {
		return a, false, storeError(err)
	}
	if current.Connection.Hash != a.Connection.Hash {
		return current, current.Live() && current.Connection.Live(), nil
	}
	ended, err := m.end(ctx, current, reason)
	if err != nil {
		return a, false, err
	}
	if ended {
		return a, false, nil
	}
	// Somebody was faster: a rotation was followed, or the person has
	// connected again.
	if current, err = m.store.Authorization(ctx, a.ID); err != nil {
		return a, false, storeError(err)
	}
	moved = current.Live() && current.Connection.Live() && current.Connection.Hash != a.Connection.Hash
	return current, moved, nil
}

// end marks the connection of a as ended, unless it has changed since a was
// read. The session id is wiped: it is of no more use.
func (m *Manager) end(ctx context.Context, a grant.Authorization, reason string) (ended bool, err error) {
	if !a.Live() || !a.Connection.Live() {
		return true, nil
	}
	to := a.Connection
	to.Sealed, to.Hash = nil, ""
	to.EndedAt, to.EndReason = m.now(), reason
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	switch err := m.store.UpdateConnection(ctx, a.ID, a.Connection.Hash, to); {
	case err == nil:
		m.table.ended(a.Connection.Hash)
		m.log.Info("connection ended", zap.String("authorization", a.ID),
			zap.String("application", a.Application), zap.String("reason", reason))
		m.told(ctx, a, reason)
		return true, nil
	case errors.Is(err, grant.ErrEnded):
		return true, nil
	case errors.Is(err, grant.ErrStale):
		return false, nil
	default:
		return false, storeError(err)
	}
}
