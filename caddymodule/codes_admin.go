package caddymodule

import (
	"errors"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// codesEndpoint is where the running Caddy lists the records of codes.
const codesEndpoint = "/odoo_gateway/codes"

func serveCodes(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway", "application", "authorization", "after", "limit")
	if err != nil {
		return nil, err
	}
	desk, page, err := app.deskPage(p, r)
	if err != nil {
		return nil, err
	}
	list, err := desk.Codes(r.Context(), p["application"], p["authorization"], page)
	if errors.Is(err, grant.ErrNotFound) {
		return nil, adminError(http.StatusNotFound, "after: that code is kept no more: begin again")
	}
	return list, err
}
