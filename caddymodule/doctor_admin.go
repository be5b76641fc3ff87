package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
)

// doctorEndpoint is where the running Caddy tells how its gateways are.
const doctorEndpoint = "/odoo_gateway/doctor"

// offeredKey is what a configuration that does not run would seal a store with.
type offeredKey struct {
	dir  string // of the store
	mark string // that markOf makes of the key
}

func (k offeredKey) known() bool { return k.dir != "" && k.mark != "" }

// serveDoctor answers 200 also where something is wrong: the report says so.
func serveDoctor(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway", "store", "seal_key")
	if err != nil {
		return nil, err
	}
	report, err := app.examine(r.Context(), p["gateway"])
	if err != nil {
		return nil, caddy.APIError{HTTPStatus: http.StatusNotFound, Err: err}
	}
	for _, g := range report.Gateways {
		// Where the store is not open the report says so.
		if desk, err := app.gateways[g.Name].desk(r); err == nil {
			desk.Examined(r.Context())
		}
	}
	offered := offeredKey{p["store"], p["seal_key"]}
	report.OtherKey = offered.known() && offered.dir == app.store.options.name && !app.store.pooled.fitsMark(offered.mark)
	return report, nil
}
