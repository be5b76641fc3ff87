package gateway

import (
	"context"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Report implements dialect.Runner.
func (n *runner) Report(ctx context.Context, name string, ids []int64) ([]byte, error) {
	call := odoo.Call{Model: name, Method: reportMethod} // in the audit trail
	noteCall(ctx, call, false)
	if err := n.granted(scheme.ScopeCall); err != nil {
		if closed := n.rules.ClosedReport(name); closed != nil {
			return nil, n.refused(ctx, call, closed)
		}
		return nil, err
	}
	fields := personFields{n}
	checked, err := n.rules.CheckReport(ctx, fields, name, ids)
	if err != nil {
		return nil, n.refused(ctx, call, err)
	}
	if n.authorization.Connection.Kind != grant.Session {
		return nil, &dialect.Failure{
			Kind: dialect.Forbidden, Code: "session_needed",
			Message: "Odoo prints reports for sessions only, and this connection has an API key",
		}
	}
	if len(checked.Guards) == 0 {
		// A page does not tell a missing record from a missing PDF engine.
		checked.Guards = []scheme.Guard{{Model: checked.Model, IDs: checked.IDs}}
	}
	if err := n.rules.Prove(ctx, fields, checked); err != nil {
		return nil, failure(err)
	}
	pdf, err := n.service.connections.Report(ctx, n.upstream, n.authorization, n.service.userAgents[n.app.Name], checked.Report, checked.IDs)
	if err != nil {
		return nil, failure(err)
	}
	noteAnswer(ctx)
	n.service.store.Used(n.authorization.ID, n.service.now())
	return pdf, nil
}
