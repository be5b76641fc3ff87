package caddymodule

import (
	"errors"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/connect"
)

// connectEndpoint is where the running Caddy tells how to connect an application.
const connectEndpoint = "/odoo_gateway/connect"

// serveConnect answers one document. None holds a secret.
func serveConnect(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway", "application", "format")
	if err != nil {
		return nil, err
	}
	s, err := app.named(p["gateway"])
	if err != nil {
		return nil, err
	}
	desk, err := s.desk(r)
	if err != nil {
		return nil, err
	}
	g, err := desk.Connect(r.Context(), p["application"])
	if errors.Is(err, administration.ErrUnknown) {
		return nil, s.noApplication(p["application"])
	}
	if err != nil {
		return nil, err
	}
	document, err := g.Document(p["format"])
	if unknown := (connect.ErrFormat{}); errors.As(err, &unknown) {
		return nil, adminError(http.StatusBadRequest, err.Error())
	}
	return document, err
}
