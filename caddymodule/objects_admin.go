package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// Where the running Caddy tells what is configured, and what of it has changed.
const (
	applicationsEndpoint   = "/odoo_gateway/applications"
	schemesEndpoint        = "/odoo_gateway/model_schemes"
	configurationsEndpoint = "/odoo_gateway/model_configurations"
	historyEndpoint        = "/odoo_gateway/history"
)

type applicationList struct {
	Applications []administration.Application `json:"applications"`
}

type schemeList struct {
	Schemes []administration.Scheme `json:"model_schemes"`
}

type configurationList struct {
	Configurations []administration.Configuration `json:"model_configurations"`
}

func serveApplications(app *App, r *http.Request) (any, error) {
	desk, name, err := askedFor(app, r)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return applicationList{desk.Applications(r.Context(), administration.ApplicationFilter{All: true})}, nil
	}
	one, err := desk.Application(r.Context(), name)
	return applicationList{[]administration.Application{one}}, unknownName(err, "application", name)
}

func serveSchemes(app *App, r *http.Request) (any, error) {
	desk, name, err := askedFor(app, r)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return schemeList{desk.Schemes(r.Context())}, nil
	}
	one, err := desk.Scheme(r.Context(), name)
	return schemeList{[]administration.Scheme{one}}, unknownName(err, "model scheme", name)
}

func serveConfigurations(app *App, r *http.Request) (any, error) {
	desk, name, err := askedFor(app, r)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return configurationList{desk.Configurations(r.Context())}, nil
	}
	one, err := desk.Configuration(r.Context(), name)
	return configurationList{[]administration.Configuration{one}}, unknownName(err, "model configuration", name)
}

// askedFor is the desk for a request, and the name of the one object that it
// asks for, "" for all.
func askedFor(app *App, r *http.Request) (*administration.Desk, string, error) {
	p, err := readParameters(r, "gateway", "name")
	if err != nil {
		return nil, "", err
	}
	desk, err := app.desk(p["gateway"], r)
	return desk, p["name"], err
}

func unknownName(err error, what, name string) error {
	if errors.Is(err, administration.ErrUnknown) {
		return adminError(http.StatusNotFound, fmt.Sprintf("there is no %s %q", what, name))
	}
	return err
}

// objectKinds are the kinds of objects that have a history.
var objectKinds = []string{
	string(grant.ObjectApplication), string(grant.ObjectScheme), string(grant.ObjectConfiguration), string(grant.ObjectGateway),
}

func serveHistory(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway", "kind", "after", "limit")
	if err != nil {
		return nil, err
	}
	if p["kind"] != "" && !slices.Contains(objectKinds, p["kind"]) {
		return nil, adminError(http.StatusBadRequest, oneOf("kind", p["kind"], objectKinds).Error())
	}
	desk, page, err := app.deskPage(p, r)
	if err != nil {
		return nil, err
	}
	return desk.Histories(r.Context(), p["kind"], page)
}
