package caddymodule

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"
)

func init() {
	caddy.RegisterModule(adminAPI{})
}

// checkEndpoint is where the running Caddy tells how its gateways are.
const checkEndpoint = "/odoo_gateway/check"

// adminAPI adds the gateway's endpoints to Caddy's admin API:
//
//	GET /odoo_gateway/check?gateway=<name>
//
// Without a name all gateways are checked.
type adminAPI struct{}

// CaddyModule returns the Caddy module information.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "admin.api.odoo_gateway",
		New: func() caddy.Module { return new(adminAPI) },
	}
}

// Routes implements caddy.AdminRouter.
func (adminAPI) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{{Pattern: checkEndpoint, Handler: caddy.AdminHandlerFunc(serveCheck)}}
}

// activeApp returns the app of the configuration that runs now: after a failed
// reload that is the old one, hence it is looked up for each request.
func activeApp() (*App, error) {
	app, err := caddy.ActiveContext().AppIfConfigured("odoo_gateway")
	if errors.Is(err, caddy.ErrNotConfigured) {
		return nil, caddy.APIError{HTTPStatus: http.StatusNotFound, Err: errors.New("the app odoo_gateway is not configured")}
	}
	if err != nil {
		return nil, caddy.APIError{HTTPStatus: http.StatusInternalServerError, Err: err}
	}
	return app.(*App), nil
}

// serveCheck answers 200 also where something is wrong: the report says so.
func serveCheck(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("method not allowed: use GET")}
	}
	app, err := activeApp()
	if err != nil {
		return err
	}
	report, err := app.check(r.Context(), r.URL.Query().Get("gateway"))
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: err}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(report)
}

// Interface guards
var _ caddy.AdminRouter = adminAPI{}
