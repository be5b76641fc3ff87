package caddymodule

import (
	"errors"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// auditEndpoint is where the running Caddy lists the audit trail.
const auditEndpoint = "/odoo_gateway/audit"

func serveAudit(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway", "kind", "application", "subject", "login", "authorization", "all", "after", "limit")
	if err != nil {
		return nil, err
	}
	desk, page, err := app.deskPage(p, r)
	if err != nil {
		return nil, err
	}
	filter := administration.EventFilter{
		Kind: p["kind"], Application: p["application"], Subject: p["subject"], Login: p["login"], Authorization: p["authorization"],
	}
	switch p["all"] {
	case "", "false":
	case "true":
		filter.Looks = true
	default:
		return nil, adminError(http.StatusBadRequest, "all is neither true nor false")
	}
	list, err := desk.Events(r.Context(), filter, page)
	if unknown := (administration.ErrNoKind{}); errors.As(err, &unknown) {
		return nil, adminError(http.StatusBadRequest, unknown.Error())
	}
	if errors.Is(err, grant.ErrNotFound) {
		return nil, adminError(http.StatusBadRequest, "after: is not what a page before has given")
	}
	return list, err
}
