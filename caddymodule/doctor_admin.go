package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
)

// doctorEndpoint is where the running Caddy tells how its gateways are.
const doctorEndpoint = "/odoo_gateway/doctor"

// serveDoctor answers 200 also where something is wrong: the report says so.
func serveDoctor(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway")
	if err != nil {
		return nil, err
	}
	report, err := app.examine(r.Context(), p["gateway"])
	if err != nil {
		return nil, caddy.APIError{HTTPStatus: http.StatusNotFound, Err: err}
	}
	return report, nil
}
