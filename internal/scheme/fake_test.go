package scheme_test

import (
	"context"
	"errors"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// source is what Odoo would tell about its fields.
type source map[string]odoo.Fields

var errDown = &odoo.Error{Kind: odoo.Unavailable, Message: "no answer"}

func (s source) Fields(_ context.Context, model string) (odoo.Fields, error) {
	f, ok := s[model]
	if !ok {
		return nil, errDown
	}
	return f, nil
}

// Run answers that no record matches.
func (s source) Run(context.Context, odoo.Call) (odoo.Result, error) {
	return odoo.Result{Value: []byte(`[]`)}, nil
}

func fields(list ...odoo.Field) odoo.Fields {
	out := odoo.Fields{}
	list = append([]odoo.Field{
		{Name: "id", String: "ID", Type: "integer", Store: true, Searchable: true, Sortable: true},
		{Name: "display_name", String: "Display Name", Type: "char", Searchable: true},
	}, list...)
	for _, f := range list {
		out[f.Name] = f
	}
	return out
}

func stored(name, label, kind string) odoo.Field {
	return odoo.Field{Name: name, String: label, Type: kind, Store: true, Searchable: true, Sortable: true}
}

func relation(name, kind, comodel string) odoo.Field {
	return odoo.Field{Name: name, String: name, Type: kind, Relation: comodel, Store: true, Searchable: true, Sortable: kind == "many2one"}
}

// listed is a one2many by a many2one of the other model.
func listed(name, comodel, inverse string) odoo.Field {
	f := relation(name, "one2many", comodel)
	f.Inverse = inverse
	return f
}

// computed is stored, as Odoo stores what it copies from other fields.
func computed(name string, depends ...string) odoo.Field {
	return odoo.Field{Name: name, Type: "char", Store: true, Searchable: true, Sortable: true, Readonly: true, Depends: depends}
}

// related shows, and changes, a field of another record.
func related(name, path string) odoo.Field {
	return odoo.Field{Name: name, Type: "char", Searchable: true, Sortable: true, Depends: []string{path}, Related: path}
}

// erp is a small Odoo: what a person with wide rights sees.
func erp() source {
	return source{
		"res.partner": fields(
			stored("name", "Name", "char"), stored("email", "Email", "char"), stored("phone", "Phone", "char"),
			stored("vat", "Tax ID", "char"), stored("comment", "Notes", "html"), stored("credit_limit", "Credit Limit", "float"),
			stored("customer_rank", "Customer Rank", "integer"), stored("active", "Active", "boolean"),
			stored("write_date", "Last Updated on", "datetime"), stored("access_token", "Token", "char"),
			odoo.Field{Name: "contact_address", String: "Address", Type: "char"},
			computed("email_normalized", "email"), computed("email_twice", "email_normalized", "name"), computed("score", "credit_limit"),
			computed("round", "roundabout", "vat"), computed("roundabout", "round"), computed("family", "parent_id.email"),
			odoo.Field{Name: "image", String: "Image", Type: "binary", Store: true, Searchable: true},
			stored("props", "Properties", "properties"), related("country_code", "country_id.code"),
			related("message_text", "message_ids.body"), related("child_phone", "child_ids.phone"),
			odoo.Field{Name: "phone_search", Type: "char", Searchable: true},
			relation("country_id", "many2one", "res.country"), relation("parent_id", "many2one", "res.partner"),
			listed("child_ids", "res.partner", "parent_id"), listed("user_ids", "res.users", "partner_id"),
			relation("category_id", "many2many", "res.partner.category"), relation("message_ids", "one2many", "mail.message")),
		"res.country": fields(stored("name", "Country", "char"), stored("code", "Code", "char")),
		"res.users":   fields(stored("login", "Login", "char"), stored("password", "Password", "char")),
		"res.partner.category": fields(
			stored("name", "Tag", "char"), relation("parent_id", "many2one", "res.partner.category"),
			odoo.Field{Name: "display_name", Type: "char", Searchable: true, Readonly: true, Depends: []string{"parent_id", "name"}}),
		"sale.order": fields(
			stored("name", "Order", "char"), stored("margin", "Margin", "float"), stored("amount_total", "Total", "float"),
			computed("partner_email", "partner_id.email"), computed("summary", "order_line.cost"), computed("warning", "partner_id.email", "name"),
			odoo.Field{Name: "pricelist", Type: "char", Store: true, Searchable: true, Depends: []string{"partner_id", "margin"}},
			computed("margin_percent", "margin", "amount_total"), related("contact_email", "partner_id.email"),
			relation("partner_id", "many2one", "res.partner"), listed("order_line", "sale.order.line", "order_id"), listed("message_ids", "mail.message", "res_id")),
		"sale.order.line": fields(
			stored("name", "Line", "text"), stored("cost", "Cost", "float"), relation("order_id", "many2one", "sale.order"),
			relation("product_id", "many2one", "product.product"), stored("origin", "Origin", "reference")),
		"product.product": fields(stored("name", "Name", "char"), stored("default_code", "Reference", "char"), stored("barcode", "Barcode", "char")),
	}
}

var (
	customer = scheme.Configuration{
		Name: "customer", Model: "res.partner", DisplayName: "Customer", Limit: scheme.LimitWhitelist,
		Fields: []string{"name", "email", "phone", "country_id", "parent_id", "child_ids", "contact_address", "category_id", "user_ids", "image", "props"},
	}
	country = scheme.Configuration{Name: "country", Model: "res.country", DisplayName: "Country"}
	order   = scheme.Configuration{
		Name: "order", Model: "sale.order", DisplayName: "Order", Limit: scheme.LimitBlacklist, Fields: []string{"margin"},
	}
	line = scheme.Configuration{Name: "line", Model: "sale.order.line", Limit: scheme.LimitWhitelist, Fields: []string{"name"}}
)

func compile(t testing.TB, c ...scheme.Configuration) *scheme.Scheme {
	t.Helper()
	s, err := scheme.Compile(scheme.Definition{Name: "sales", Configurations: c})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// filtered is customer with a filter on a field that is not open.
func filtered() scheme.Configuration {
	c := customer
	c.Filter = `[["customer_rank", ">", 0]]`
	return c
}

func check(t *testing.T, s *scheme.Scheme, call odoo.Call) (scheme.Checked, error) {
	t.Helper()
	return s.Check(context.Background(), erp(), call)
}

func searchRead(model string, kwargs map[string]any) odoo.Call {
	return odoo.Call{Model: model, Method: "search_read", Kwargs: kwargs}
}

func domain(v ...any) map[string]any { return map[string]any{"domain": v} }

func leaf(path, operator string, value any) []any { return []any{path, operator, value} }

func code(err error) string {
	var d *scheme.Denied
	if errors.As(err, &d) {
		return d.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// text is a canonical form to compare.
func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := odoo.MarshalValue(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func nameSearch(name string) odoo.Call {
	return odoo.Call{Model: "res.partner", Method: "name_search", Args: []any{name}}
}
