package gateway

import (
	"context"
	"errors"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Models implements dialect.Runner.
func (n *runner) Models(ctx context.Context) ([]dialect.Model, error) {
	noteCall(ctx, odoo.Call{}, false)
	if len(n.rules.Scopes()) == 0 { // nor was any scope granted: this says why
		return nil, &dialect.Failure{Kind: dialect.Forbidden, Code: "scheme_closed", Message: "The model scheme of the application opens nothing"}
	}
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
	if !n.rules.Open() {
		return models, nil
	}
	others, err := n.otherModels(ctx)
	if err != nil {
		return nil, failure(err)
	}
	return append(models, others...), nil
}

// otherModels are those without a configuration that a scheme opens which is
// no whitelist, as far as the person may read them, which Odoo tells.
func (n *runner) otherModels(ctx context.Context) ([]dialect.Model, error) {
	result, err := n.run(ctx, odoo.Call{Model: "ir.model", Method: "get_available_models"})
	if err != nil {
		return nil, err
	}
	records, err := odoo.Records(result.Value)
	if err != nil {
		return nil, err
	}
	var out []dialect.Model
	for _, r := range records {
		if model := text(r.Get("model")); n.rules.OpensUnnamed(model) {
			out = append(out, dialect.Model{Model: model, Name: text(r.Get("display_name"))})
		}
	}
	return out, nil
}

// Model implements dialect.Runner.
func (n *runner) Model(ctx context.Context, model string) (dialect.Model, error) {
	noteCall(ctx, odoo.Call{Model: model}, false)
	if err := n.granted(scopeRead); err != nil {
		return dialect.Model{}, err
	}
	m, err := n.rules.Model(ctx, model)
	if err != nil {
		return dialect.Model{}, n.refused(ctx, odoo.Call{Model: model}, err)
	}
	readable, err := n.readable(ctx, model)
	if err == nil && !readable {
		err = &odoo.Error{Kind: odoo.AccessError, Message: "the person may not read the model"}
	}
	if err != nil {
		return dialect.Model{}, failure(err)
	}
	return dialect.Model{Model: m.Model, Name: m.Name, Icon: dialect.Icon(m.Icon)}, nil
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
