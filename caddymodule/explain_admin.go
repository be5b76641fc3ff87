package caddymodule

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// explainEndpoint is where the running Caddy tells what a scheme allows.
const explainEndpoint = "/odoo_gateway/explain"

// verdict is what one rule says.
type verdict struct {
	Subject string `json:"subject"`
	Allowed bool   `json:"allowed"`
	// Code is that of the refusal that the application gets.
	Code string `json:"code,omitempty"`
	// Line is the line of the configuration that decides, as in a Caddyfile.
	Line string `json:"line"`
}

// explanation is the answer to what an application may do.
type explanation struct {
	Application string `json:"application"`
	Model       string `json:"model"`
	Operation   string `json:"operation"`
	Allowed     bool   `json:"allowed"`
	// Known is false where Odoo has not described the model's fields lately:
	// then a field that shows what a hidden one holds counts as any other.
	Known    bool      `json:"known"`
	Verdicts []verdict `json:"verdicts"`
}

// serveExplain judges what is configured, with what Odoo has said of the
// model's fields when somebody last used it.
func serveExplain(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway", "application", "model", "operation", "fields")
	if err != nil {
		return nil, err
	}
	s, err := app.named(p["gateway"])
	if err != nil {
		return nil, err
	}
	if !odoo.ValidModel(p["model"]) {
		return nil, adminError(http.StatusBadRequest, fmt.Sprintf("model: %q is not the name of a model", p["model"]))
	}
	i := slices.IndexFunc(s.settings.applications, func(a application.Application) bool { return a.Name == p["application"] })
	if i < 0 {
		return nil, adminError(http.StatusNotFound, fmt.Sprintf("there is no application %q", p["application"]))
	}
	a := s.settings.applications[i]
	operation := p["operation"]
	if operation == "" {
		operation = string(scheme.Read)
	}
	var fields []string
	if p["fields"] != "" {
		fields = strings.Split(p["fields"], ",")
	}
	known, err := s.KnownFields(r.Context())
	if err != nil {
		return nil, err
	}
	said, err := s.settings.schemes[a.Scheme].Explain(r.Context(), known, p["model"], operation, fields...)
	if err != nil {
		return nil, err
	}
	desk, err := s.desk(r)
	if err != nil {
		return nil, err
	}
	desk.Explained(r.Context(), a.Name)
	return explain(a, said), nil
}

// explain puts what the application's own settings say before what its scheme does.
func explain(a application.Application, said scheme.Explanation) explanation {
	e := explanation{Application: a.Name, Model: said.Model, Operation: said.Operation, Allowed: said.Allowed, Known: said.Known}
	if !a.Active {
		e.add(verdict{Subject: "application " + a.Name, Code: "invalid_token", Line: "application " + a.Name + ": active false"})
	}
	if a.Scopes != nil && said.Scope != "" {
		v := verdict{
			Subject: "scope " + said.Scope, Allowed: slices.Contains(a.Scopes, said.Scope),
			Line: "application " + a.Name + ": scopes " + strings.Join(a.Scopes, " "),
		}
		if !v.Allowed {
			v.Code = "insufficient_scope"
		}
		e.add(v)
	}
	for _, v := range said.Verdicts {
		e.add(verdict{Subject: v.Subject, Allowed: v.Allowed, Code: v.Code, Line: v.Line})
	}
	return e
}

func (e *explanation) add(v verdict) {
	e.Allowed = e.Allowed && v.Allowed
	e.Verdicts = append(e.Verdicts, v)
}
