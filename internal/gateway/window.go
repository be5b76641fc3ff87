package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Window implements dialect.Runner: the first window action of the model, in
// the order of menus, that has a menu the person sees. Odoo 16 and later show
// their actions to administrators only, so that there is none for others: its
// web client opens a record by model and id alone.
func (n *runner) Window(ctx context.Context, model string) (dialect.Window, bool) {
	w, err := n.service.windows.get(ctx, n.authorization.UID, model, func(ctx context.Context) (dialect.Window, error) {
		return n.findWindow(ctx, model)
	})
	return w, err == nil && w != dialect.Window{}
}

// findWindow reads actions and menus as the person. No right to them is an
// answer, not an error.
func (n *runner) findWindow(ctx context.Context, model string) (dialect.Window, error) {
	var actions []struct {
		ID int64 `json:"id"`
	}
	err := n.list(ctx, "ir.actions.act_window", []any{"res_model", "=", model}, []any{"id"}, &actions)
	if err != nil || len(actions) == 0 {
		return dialect.Window{}, noRight(err)
	}
	wanted := make([]any, len(actions))
	for i, a := range actions {
		wanted[i] = "ir.actions.act_window," + strconv.FormatInt(a.ID, 10)
	}
	var menus []struct {
		ID     int64  `json:"id"`
		Action string `json:"action"`
	}
	err = n.list(ctx, "ir.ui.menu", []any{"action", "in", wanted}, []any{"action"}, &menus)
	if err != nil || len(menus) == 0 {
		return dialect.Window{}, noRight(err)
	}
	_, id, _ := strings.Cut(menus[0].Action, ",")
	action, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return dialect.Window{}, &odoo.Error{Kind: odoo.Server, Message: "menu with a malformed action", Err: err}
	}
	return dialect.Window{Action: action, Menu: menus[0].ID}, nil
}

// list runs a search_read of the gateway's own, outside the model scheme: what
// it returns is never shown to the application as it is.
func (n *runner) list(ctx context.Context, model string, leaf, fields []any, into any) error {
	result, err := n.run(ctx, odoo.Call{
		Model: model, Method: "search_read",
		Kwargs: map[string]any{"domain": []any{leaf}, "fields": fields},
	})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(result.Value, into); err != nil {
		return &odoo.Error{Kind: odoo.Server, Message: model + " in an unexpected shape", Err: err}
	}
	return nil
}

// noRight drops the error of a person who may not look.
func noRight(err error) error {
	var e *odoo.Error
	if errors.As(err, &e) && e.Kind == odoo.AccessError {
		return nil
	}
	return err
}
