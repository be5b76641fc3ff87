package connect_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/connect"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/json2"
	"github.com/caddy-odoo/gateway/internal/dialect/orestapi"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

const (
	issuer   = "https://erp.example.com"
	callback = "https://wiki.example.com/plugins/odoo-connector/callback.action"
	secret   = "FtHzOQVEs0aSEL9AXuIe9k7X6E2MekU7"
)

var endpoints = connect.Endpoints{
	Authorize: oauth.AuthorizePath, Token: oauth.AccessTokenPath, Revoke: oauth.RevokePath, Introspect: oauth.IntrospectPath,
	Userinfo: oauth.UserinfoPath, Me: oauth.MePath, JWKS: oauth.JWKSPath, Metadata: oauth.MetadataPath,
	OrestAuthorize: oauth.OrestAuthorizePath, OrestToken: oauth.OrestTokenPath,
	Objects: restapi.Prefix, Reports: restapi.ReportPrefix, Files: restapi.BinaryPrefix, Orest: orestapi.Prefix, JSON2: json2.Prefix,
	Code: dialect.CodeHeader,
}

// source is what Odoo would tell about its fields, and nothing of other models.
type source map[string]odoo.Fields

func (s source) Fields(_ context.Context, model string) (odoo.Fields, error) { return s[model], nil }

// Run answers that no record matches.
func (s source) Run(context.Context, odoo.Call) (odoo.Result, error) {
	return odoo.Result{Value: []byte(`[]`)}, nil
}

func field(name, kind string) odoo.Field {
	return odoo.Field{Name: name, String: "The " + name, Type: kind, Store: true, Searchable: true, Sortable: true}
}

func link(name, kind, to string) odoo.Field {
	f := field(name, kind)
	f.Relation = to
	return f
}

func described(list ...odoo.Field) odoo.Fields {
	out := odoo.Fields{
		"id":           {Name: "id", String: "ID", Type: "integer", Store: true, Readonly: true, Searchable: true, Sortable: true},
		"display_name": {Name: "display_name", String: "Display Name", Type: "char", Searchable: true, Readonly: true},
	}
	for _, f := range list {
		out[f.Name] = f
	}
	return out
}

// erp is a small Odoo.
func erp() source {
	copied := field("email_normalized", "char")
	copied.Readonly, copied.Depends = true, []string{"email"}
	total := field("amount_total", "monetary")
	total.Readonly = true
	return source{
		"res.partner": described(
			field("name", "char"), field("email", "char"), copied, field("vat", "char"), field("comment", "html"), field("customer_rank", "integer"),
			field("credit", "monetary"), field("active", "boolean"), field("date", "date"), field("write_date", "datetime"), field("image_128", "binary"),
			field("props", "properties"), field("access_token", "char"), link("country_id", "many2one", "res.country"),
			link("category_id", "many2many", "res.partner.category"), link("message_ids", "one2many", "mail.message"),
		),
		"sale.order":  described(field("name", "char"), field("state", "selection"), field("margin", "float"), total, link("partner_id", "many2one", "res.partner")),
		"res.country": described(field("name", "char"), field("code", "char")),
		"crm.lead":    described(field("name", "char"), field("phone", "char")), "hr.employee": described(field("name", "char")), "project.task": described(field("name", "char"), field("image_128", "binary")),
	}
}

// definitions are schemes of all kinds.
func definitions() map[string]scheme.Definition {
	customer := scheme.Configuration{
		Name: "customer", Model: "res.partner", DisplayName: "Customer", Limit: scheme.LimitWhitelist,
		Fields: []string{"name", "email", "country_id", "image_128", "customer_rank"}, Filter: `[["customer_rank", ">", 0]]`,
		Operations: []scheme.Operation{scheme.Read, scheme.Write, scheme.Unlink}, Icon: scheme.Icon{Type: "image/png", Data: []byte("icon")},
	}
	order := scheme.Configuration{
		Name: "order", Model: "sale.order", DisplayName: "Sales order", Limit: scheme.LimitBlacklist, Fields: []string{"margin"},
		Operations: []scheme.Operation{scheme.Read, scheme.Create}, Forced: map[string]any{"state": "draft"},
		Methods: []scheme.Method{{Name: "action_confirm"}, {Name: "compute_all", OnModel: true, Arguments: []string{"since"}, AnyAnswer: true}},
		Reports: []string{"sale.report_saleorder"},
	}
	dropbox := scheme.Configuration{
		Name: "dropbox", Model: "crm.lead", DisplayName: "Lead", Limit: scheme.LimitWhitelist, Fields: []string{"name"},
		Operations: []scheme.Operation{scheme.Create},
	}
	closed := scheme.Configuration{Name: "closed", Model: "res.country", Filter: `[["nonsense", "=", 1]]`}
	return map[string]scheme.Definition{
		"sales": {Name: "sales", Configurations: []scheme.Configuration{customer, order, dropbox, closed}},
		"most":  {Name: "most", Limit: scheme.LimitBlacklist, Blacklist: []string{"hr.*", "account.move"}, Configurations: []scheme.Configuration{order, dropbox}},
		"all":   {Name: "all", Limit: scheme.LimitNone},
		"off":   {Name: "off", Inactive: true, Configurations: []scheme.Configuration{customer}},
	}
}

func wiki() application.Application {
	return application.Application{
		Name: "wiki", Title: "Team wiki", ClientID: "uwCrAHAQbL7D9cvJLIztNaZ0bziEGMDh", Secrets: []application.Secret{application.NewSecret(secret)},
		OwnSecret: application.Hide(secret), RedirectURIs: []application.RedirectURI{{URI: callback, Active: true}}, Active: true,
	}
}

func compile(t testing.TB, d scheme.Definition) *scheme.Scheme {
	t.Helper()
	s, err := scheme.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func guide(t testing.TB, app application.Application, s *scheme.Scheme, fields odoo.FieldSource) *connect.Guide {
	t.Helper()
	g, err := connect.New(t.Context(), connect.Config{Issuer: issuer, Endpoints: endpoints, Application: &app, Scheme: s, Fields: fields})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// made is a document of a guide.
func made(t testing.TB, g *connect.Guide, format string) string {
	t.Helper()
	d, err := g.Document(format)
	if err != nil {
		t.Fatal(err)
	}
	return d.Content
}

// read parses a document of JSON.
func read[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
