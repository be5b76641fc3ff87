package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
)

// checkEndpoint is where the running Caddy tells how its gateways are.
const checkEndpoint = "/odoo_gateway/check"

// serveCheck answers 200 also where something is wrong: the report says so.
func serveCheck(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway")
	if err != nil {
		return nil, err
	}
	report, err := app.check(r.Context(), p["gateway"])
	if err != nil {
		return nil, caddy.APIError{HTTPStatus: http.StatusNotFound, Err: err}
	}
	return report, nil
}
