package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

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
	// Known is false where Odoo has not described the model's fields: then a
	// field that does not exist, or that shows what a hidden one holds, counts
	// as any other.
	Known    bool      `json:"known"`
	Verdicts []verdict `json:"verdicts"`
	// Open are the configured models of the scheme, where it does not open this
	// one.
	Open []string `json:"open,omitempty"`
}

// explainTime is how long an explanation waits for Odoo.
const explainTime = 5 * time.Second

// serveExplain judges what is configured, with what Odoo says of the model's
// fields: now, where somebody is connected in whose name it can be asked, or
// when somebody last used it.
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
		return nil, s.noApplication(p["application"])
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
	q := question{s, a, p["model"], operation, fields}
	said, err := q.fromMemory(r.Context())
	if err != nil {
		return nil, err
	}
	missing := false
	if said.Opens {
		if fresh, none, err := q.askOdoo(r.Context(), app); err == nil {
			said, missing = fresh, none
		}
	}
	desk, err := s.desk(r)
	if err != nil {
		return nil, err
	}
	desk.Explained(r.Context(), a.Name)
	e := explain(a, said)
	if !said.Opens {
		e.Open = openModels(s.settings.schemes[a.Scheme])
	}
	if missing {
		e.add(verdict{Subject: "model " + said.Model, Code: "model_unknown", Line: "Odoo: it has no model of that name"})
	}
	return e, nil
}

// openModels are those to choose from for whoever has misspelt one.
func openModels(rules *scheme.Scheme) []string {
	var all []string
	for _, n := range rules.Named() {
		if n.Configuration != "" {
			all = append(all, n.Model)
		}
	}
	return all
}

// question is what somebody wants to have explained.
type question struct {
	gateway     *served
	application application.Application
	model       string
	operation   string
	fields      []string
}

func (q question) explain(ctx context.Context, src odoo.FieldSource) (scheme.Explanation, error) {
	return q.gateway.settings.schemes[q.application.Scheme].Explain(ctx, src, q.model, q.operation, q.fields...)
}

// fromMemory judges by what Odoo has said when somebody last used the model.
func (q question) fromMemory(ctx context.Context) (scheme.Explanation, error) {
	known, err := q.gateway.KnownFields(ctx)
	if err != nil {
		return scheme.Explanation{}, err
	}
	return q.explain(ctx, known)
}

// errNobody says that nobody is connected in whose name Odoo could be asked.
var errNobody = errors.New("nobody can be asked")

// askOdoo judges by what Odoo says now, or tells that it does not have the model.
func (q question) askOdoo(parent context.Context, app *App) (said scheme.Explanation, missing bool, err error) {
	ctx, cancel := context.WithTimeout(parent, explainTime)
	defer cancel()
	err = app.withUpstream(ctx, q.gateway, func(rt http.RoundTripper) error {
		d, err := q.gateway.Describe(ctx, rt, q.application.Scheme)
		if err != nil {
			return err
		}
		if _, err = d.Wider(ctx, q.model); err != nil {
			return err
		}
		missing = d.Missing(q.model)
		said, err = q.explain(ctx, d)
		if err == nil && !said.Known && !missing {
			return errNobody
		}
		return err
	})
	return said, missing, err
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
			v.Code = scheme.CodeOperation
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
