// Package connect makes what somebody needs to connect an application: the
// addresses and values to copy, a description of exactly what its model scheme
// allows, and both in the forms that the usual clients take. It makes texts of
// what is configured: it asks nobody, knows no HTTP, and holds no secret. Where
// one belongs, a text says so.
package connect

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Endpoints are the paths that documents name. All are required.
type Endpoints struct {
	Authorize, Token, Revoke, Introspect, Userinfo, Me, JWKS, Metadata string
	// OrestAuthorize and OrestToken are those of the Confluence connector.
	OrestAuthorize, OrestToken string
	// Objects, Reports and Files are the prefixes of /restapi, Orest that of
	// /orestapi, and JSON2 that of /json/2; each ends in a slash.
	Objects, Reports, Files, Orest, JSON2 string
	// Code is the header that names the kind of an error.
	Code string
}

// Config configures New.
type Config struct {
	// Issuer is the public origin of the gateway, such as
	// https://erp.example.com. Required, as are the two that follow.
	Issuer      string
	Endpoints   Endpoints
	Application *application.Application
	// Scheme is the application's model scheme. Required.
	Scheme *scheme.Scheme
	// Fields tells what Odoo says of the fields of models, and nothing of those
	// that it does not know. Required.
	Fields odoo.FieldSource
}

// Guide is all that there is to say about connecting one application. It is
// read-only once made.
type Guide struct {
	Config
	app    *application.Application
	host   string
	scopes []string
	models []model
	others *others
	// linked are the models of the scheme, by name, and whether records of
	// theirs can be seen, whatever the scopes are.
	linked map[string]bool
}

// New works out what an application may do. The error is that of the source
// of fields.
func New(ctx context.Context, c Config) (*Guide, error) {
	at, err := url.Parse(c.Issuer)
	if err != nil || at.Host == "" {
		return nil, fmt.Errorf("connect: issuer %q is no origin", c.Issuer)
	}
	g := &Guide{Config: c, app: c.Application, host: at.Hostname(), scopes: c.Application.MayHave(c.Scheme.Scopes())}
	opened, err := c.Scheme.Outline(ctx, c.Fields)
	if err != nil {
		return nil, err
	}
	g.linked = make(map[string]bool, len(opened))
	for _, o := range opened {
		g.linked[o.Model.Model] = slices.Contains(o.Operations, scheme.Read)
		if m := g.narrowed(o); len(m.Methods)+len(m.Reports) > 0 {
			g.models = append(g.models, m)
		}
	}
	if o, closed, ok := c.Scheme.Others(); ok {
		if m := g.narrowed(o); len(m.Methods) > 0 {
			g.others = &others{model: m, closed: closed}
		}
	}
	return g, nil
}

// model is what the application may do with one model.
type model struct {
	scheme.Outline
	// open are the operations that the scheme opens, whatever the scopes are.
	open []scheme.Operation
}

// others are the models without a configuration that an open scheme opens.
type others struct {
	model
	// closed are patterns: whatever matches one is not among them.
	closed []string
}

// narrowed leaves of what the scheme opens what the scopes cover.
func (g *Guide) narrowed(o scheme.Outline) model {
	o.Methods = slices.DeleteFunc(o.Methods, func(m scheme.OutlineMethod) bool { return !slices.Contains(g.scopes, m.Scope) })
	if !slices.Contains(g.scopes, application.ScopeCall) || !g.app.Prints() {
		o.Reports = nil
	}
	m := model{Outline: o, open: o.Operations}
	m.Operations = slices.DeleteFunc(slices.Clone(o.Operations), func(op scheme.Operation) bool { return !m.has(methodOf[op]) })
	if !m.may(scheme.Create) && !m.may(scheme.Write) {
		m.Write, m.WriteOthers = nil, false
	}
	if !m.may(scheme.Read) {
		m.Read, m.ReadOthers = nil, false
	}
	return m
}

// methodOf is the method of Odoo's that is an operation.
var methodOf = map[scheme.Operation]string{scheme.Read: "read", scheme.Create: "create", scheme.Write: "write", scheme.Unlink: "unlink"}

func (m model) may(op scheme.Operation) bool { return slices.Contains(m.Operations, op) }

// has tells whether a method can be called.
func (m model) has(method string) bool {
	return slices.ContainsFunc(m.Methods, func(o scheme.OutlineMethod) bool { return o.Name == method })
}

// confidential tells whether the application has a secret.
func (g *Guide) confidential() bool { return !g.app.Public }

// forPeople tells whether people can connect the application: there must be an
// address to send them back to.
func (g *Guide) forPeople() bool { return len(g.redirectURIs()) > 0 }

// redirectURIs are those that are in use.
func (g *Guide) redirectURIs() []string {
	uris := []string{}
	for _, u := range g.app.RedirectURIs {
		if u.Active {
			uris = append(uris, u.URI)
		}
	}
	return uris
}
