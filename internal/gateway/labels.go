package gateway

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// labels tells the fields of models, and what models are called, as whoever
// uses a browser sees them: the consent page names both as Odoo's own forms do.
// The browser's session has just been asked about, so that these calls rotate
// nothing.
type labels struct {
	client  *rpc.Client
	rt      http.RoundTripper
	session rpc.Session
	// lang is the language, as Odoo has just named it; "" is Odoo's default,
	// which is English.
	lang string
}

// Fields implements odoo.FieldSource.
func (l labels) Fields(ctx context.Context, model string) (odoo.Fields, error) {
	result, err := l.ask(ctx, odoo.FieldsCall(model))
	if err != nil {
		return nil, err
	}
	return odoo.ParseFields(result.Value)
}

// Names implements odoo.NameSource. Odoo names the models that the person may
// read, and calls the others by their technical names.
func (l labels) Names(ctx context.Context, models []string) (map[string]string, error) {
	wanted := make([]any, len(models))
	for i, m := range models {
		wanted[i] = m
	}
	result, err := l.ask(ctx, odoo.Call{Model: "ir.model", Method: "display_name_for", Args: []any{wanted}})
	if err != nil {
		return nil, err
	}
	var list []struct {
		Model string `json:"model"`
		Name  string `json:"display_name"`
	}
	if err := json.Unmarshal(result.Value, &list); err != nil {
		return nil, &odoo.Error{Kind: odoo.Server, Message: "names of models in an unexpected shape", Err: err}
	}
	names := make(map[string]string, len(list))
	for _, m := range list {
		names[m.Model] = m.Name
	}
	return names, nil
}

func (l labels) ask(ctx context.Context, call odoo.Call) (odoo.Result, error) {
	if l.lang != "" {
		call.Context = map[string]any{"lang": l.lang}
	}
	result, _, err := l.client.Call(ctx, l.rt, l.session, call)
	return result, err
}
