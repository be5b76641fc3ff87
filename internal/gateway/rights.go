package gateway

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Versions of Odoo ask for rights differently: check_access_rights is gone
// from 20, and has_access is there from 18.
const (
	hasAccessSince    = 18
	accessRightsUntil = 19
)

// rights asks for a person's rights in the words of the Odoo that is there.
// ok is false for every call that is about something else.
func (n *runner) rights(ctx context.Context, call odoo.Call) (result odoo.Result, ok bool, err error) {
	if call.Method != "has_access" && call.Method != "check_access_rights" {
		return odoo.Result{}, false, nil
	}
	major, err := n.service.client.Major(ctx, n.upstream, connection.UserAgent(n.app.Title))
	switch {
	case err != nil:
	case call.Method == "has_access" && major < hasAccessSince:
		result, err = n.hasAccess(ctx, call)
	case call.Method == "check_access_rights" && major > accessRightsUntil:
		result, err = n.checkAccessRights(ctx, call)
	default:
		result, err = n.run(ctx, call)
	}
	return result, true, err
}

// hasAccess asks for the right on the model, and then for that on the records.
func (n *runner) hasAccess(ctx context.Context, call odoo.Call) (odoo.Result, error) {
	operation := call.Kwargs["operation"]
	result, err := n.run(ctx, odoo.Call{
		Model: call.Model, Method: "check_access_rights", Context: call.Context,
		Kwargs: map[string]any{"operation": operation, "raise_exception": false},
	})
	if err != nil || result.Value.Kind() != 't' || len(call.IDs) == 0 {
		return result, err
	}
	_, err = n.run(ctx, odoo.Call{
		Model: call.Model, Method: "check_access_rule", Context: call.Context, IDs: call.IDs,
		Kwargs: map[string]any{"operation": operation},
	})
	if refused(err) {
		return odoo.Result{Value: jsontext.Value("false")}, nil
	}
	return result, err
}

// checkAccessRights asks for the right on no records, which is that on the model.
func (n *runner) checkAccessRights(ctx context.Context, call odoo.Call) (odoo.Result, error) {
	result, err := n.run(ctx, odoo.Call{
		Model: call.Model, Method: "has_access", Context: call.Context, IDs: []int64{},
		Kwargs: map[string]any{"operation": call.Kwargs["operation"]},
	})
	if err == nil && result.Value.Kind() == 'f' && call.Kwargs["raise_exception"] == true {
		return odoo.Result{}, &odoo.Error{Kind: odoo.AccessError, Message: "the person has no such right"}
	}
	return result, err
}

func refused(err error) bool {
	var e *odoo.Error
	return errors.As(err, &e) && e.Kind == odoo.AccessError
}
