package connection

import (
	"context"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// Report prints a report for records as the person of an authorization, whose
// connection must be a session: BadRequest says that it is not. The error is
// an *odoo.Error as that of [Manager.Do], but none ends the connection: what
// Odoo answers are pages for people, and no proof. A call with Do tells.
func (m *Manager) Report(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent, name string, ids []int64) ([]byte, error) {
	if err := m.samePerson(ctx, rt, a, userAgent); err != nil {
		return nil, err
	}
	for range maxMoves {
		// A call just before may have rotated the session.
		current, err := m.store.Authorization(ctx, a.ID)
		if err != nil {
			return nil, storeError(err)
		}
		switch {
		case !current.Live() || !current.Connection.Live():
			return nil, &odoo.Error{Kind: odoo.SessionExpired, Message: "the connection has ended"}
		case current.Connection.Kind != grant.Session:
			return nil, &odoo.Error{Kind: odoo.BadRequest, Message: "reports are printed over a session alone"}
		}
		id, err := m.open(current)
		if err != nil {
			return nil, err
		}
		pdf, rotated, err := m.client.Report(ctx, rt, rpc.Session{ID: id, UserAgent: userAgent}, name, ids)
		if rotated != nil && rotated.MaxAge >= 0 && soft(id, rotated.Value) {
			m.table.rotated(id, rotated)
			m.follow(ctx, id, rotated.Value)
		} else {
			m.lost(id, err)
		}
		if !is(err, odoo.Unavailable) {
			return pdf, err
		}
		next, storeErr := m.store.Authorization(ctx, a.ID)
		if storeErr != nil || next.Connection.Hash == current.Connection.Hash || rotated != nil {
			return nil, err
		}
	}
	return nil, &odoo.Error{Kind: odoo.Unavailable, Message: "the connection moved on too often"}
}
