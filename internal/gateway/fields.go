package gateway

import (
	"context"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

const (
	// modelFactsAge is how long what Odoo told about a model is believed.
	modelFactsAge = 5 * time.Minute
	// fieldsRefresh is the youngest age at which an unknown field makes the
	// gateway ask again: a client that asks for nonsense costs one call.
	fieldsRefresh = 10 * time.Second
	// fieldsKept bounds the field lists; one takes some 20 KB.
	fieldsKept = 256
	// factsKept bounds the small facts.
	factsKept = 4096
)

// personFields are the fields of models as one runner's person sees them. It
// implements scheme.Source.
type personFields struct{ runner *runner }

// Fields implements odoo.FieldSource.
func (p personFields) Fields(ctx context.Context, model string) (odoo.Fields, error) {
	return p.runner.service.fields.get(ctx, p.runner.authorization.UID, model, p.ask(model))
}

// Run implements scheme.Source.
func (p personFields) Run(ctx context.Context, call odoo.Call) (odoo.Result, error) {
	return p.runner.run(ctx, call)
}

// refresh reads a model's fields again where they are not quite new, and
// tells whether it did.
func (p personFields) refresh(ctx context.Context, model string) bool {
	cache, uid := p.runner.service.fields, p.runner.authorization.UID
	if cache.young(uid, model, fieldsRefresh) {
		return false
	}
	_, err := cache.read(ctx, uid, model, p.ask(model))
	return err == nil
}

func (p personFields) ask(model string) func(context.Context) (odoo.Fields, error) {
	return func(ctx context.Context) (odoo.Fields, error) {
		result, err := p.runner.run(ctx, odoo.FieldsCall(model))
		if noSuchModel(err) {
			p.runner.service.advice.missing(p.runner.rules, model)
		}
		if err != nil {
			return nil, err
		}
		fields, err := odoo.ParseFields(result.Value)
		if err == nil {
			p.runner.service.advice.unknown(p.runner.rules, model, fields)
		}
		return fields, err
	}
}
