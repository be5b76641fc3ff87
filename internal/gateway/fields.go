package gateway

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

const (
	// modelFactsAge is how long what Odoo told about a model is believed.
	modelFactsAge = 5 * time.Minute
	// fieldsRefresh is the youngest age at which an unknown field makes the
	// gateway ask again: a client that asks for nonsense costs one call.
	fieldsRefresh = 10 * time.Second
	// fieldsKept bounds the different field lists; one takes some 20 KB.
	fieldsKept = 256
	// factsKept bounds the small facts.
	factsKept = 4096
)

// personFields are the fields of models as one runner's person sees them. It
// implements scheme.Source.
type personFields struct{ runner *runner }

// Fields implements odoo.FieldSource.
func (p personFields) Fields(ctx context.Context, model string) (odoo.Fields, error) {
	return p.by(ctx, model, p.runner.service.fields.get)
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
	_, err := p.by(ctx, model, cache.read)
	return err == nil
}

// by finds the fields of a model, and tells of slips in the configuration where
// Odoo was asked for them.
func (p personFields) by(ctx context.Context, model string, find func(context.Context, int64, string, askFields) (odoo.Fields, error)) (odoo.Fields, error) {
	asked := false
	fields, err := find(ctx, p.runner.authorization.UID, model, func(ctx context.Context) (jsontext.Value, error) {
		asked = true
		result, err := p.runner.run(ctx, odoo.FieldsCall(model))
		if noSuchModel(err) {
			p.runner.service.advice.missing(p.runner.rules, model)
		}
		return result.Value, err
	})
	if asked && err == nil {
		p.runner.service.advice.unknown(p.runner.rules, model, fields)
	}
	return fields, err
}
