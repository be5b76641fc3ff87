package gateway

import (
	"context"
	"errors"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Models implements dialect.Runner.
func (n *runner) Models(ctx context.Context) ([]dialect.Model, error) {
	if err := n.granted(scopeRead); err != nil {
		return nil, err
	}
	models := []dialect.Model{}
	for _, m := range n.rules.Models(ctx) {
		readable, err := n.readable(ctx, m.Model)
		if err != nil {
			return nil, failure(err)
		}
		if readable {
			models = append(models, dialect.Model{Model: m.Model, Name: m.Name})
		}
	}
	return models, nil
}

// readable tells whether the person may read a model at all. A search that
// does not fail is the one probe that all versions answer alike; fields_get
// asks for no right.
func (n *runner) readable(ctx context.Context, model string) (bool, error) {
	return n.service.readable.get(ctx, n.authorization.UID, model, func(ctx context.Context) (bool, error) {
		_, err := n.run(ctx, odoo.Call{
			Model: model, Method: "search",
			Args:   []any{[]any{}},
			Kwargs: map[string]any{"limit": int64(1)},
		})
		var e *odoo.Error
		if errors.As(err, &e) && (e.Kind == odoo.AccessError || e.Kind == odoo.UnknownModel) {
			return false, nil
		}
		return err == nil, err
	})
}
