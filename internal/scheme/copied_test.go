package scheme_test

import (
	"context"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Copies that people may change, lists of lists, and what a tree keeps beside
// its parents.
func TestCopiesInDisguise(t *testing.T) {
	src := erp()
	editable := func(name, kind, comodel string, store bool, depends ...string) odoo.Field {
		return odoo.Field{Name: name, Type: kind, Relation: comodel, Store: store, Searchable: true, Sortable: true, Depends: depends}
	}
	partner, orders := src["res.partner"], src["sale.order"]
	for _, f := range []odoo.Field{
		editable("kind", "selection", "", false, "email"), editable("endpoint", "char", "", true, "vat", "country_code"), editable("rank", "integer", "", true, "vat"),
		stored("parent_path", "Path", "char"), editable("observers", "many2many", "res.partner", false, "message_ids"), editable("tags", "many2many", "res.partner.category", false, "category_id"),
	} {
		partner[f.Name] = f
	}
	for _, f := range []odoo.Field{
		editable("invoice_id", "many2one", "res.partner", true, "partner_id"), editable("terms_id", "many2one", "account.terms", true, "partner_id"),
		odoo.Field{Name: "partner_tags", Type: "many2many", Relation: "res.partner.category", Related: "partner_id.category_id", Depends: []string{"partner_id.category_id"}},
	} {
		orders[f.Name] = f
	}
	for _, tt := range []struct {
		model, hidden, field string
		open                 bool
	}{
		{"res.partner", "email", "kind", false}, // computed anew each time
		{"res.partner", "vat", "kind", true},
		{"res.partner", "vat", "endpoint", false}, // starts as the same text
		{"res.partner", "email", "endpoint", true},
		{"res.partner", "vat", "rank", true}, // looked up by it
		{"res.partner", "parent_id", "parent_path", false},
		{"res.partner", "email", "parent_path", true},
		{"res.partner", "country_id", "parent_path", true}, // no tree of countries
		{"res.partner", "child_ids", "parent_path", true},  // tells of those above
		{"res.partner", "email", "observers", false},       // of a sensitive model's records
		{"res.partner", "category_id", "tags", false},
		{"res.partner", "email", "tags", true},
		{"sale.order", "partner_id", "invoice_id", false},
		{"sale.order", "margin", "invoice_id", true},
		{"sale.order", "partner_id", "terms_id", true},
		{"sale.order", "partner_id", "partner_tags", false},
		{"sale.order", "margin", "partner_tags", true},
	} {
		s := compile(t, scheme.Configuration{Model: tt.model, Limit: scheme.LimitBlacklist, Fields: []string{tt.hidden}})
		_, err := s.Check(context.Background(), src, searchRead(tt.model, map[string]any{"fields": []any{tt.field}}))
		if (err == nil) != tt.open || err != nil && code(err) != scheme.CodeField {
			t.Errorf("%s of %s without %s: %v", tt.field, tt.model, tt.hidden, err)
		}
		named := compile(t, scheme.Configuration{Model: tt.model, Limit: scheme.LimitWhitelist, Fields: []string{tt.field}})
		if _, err := named.Check(context.Background(), src, searchRead(tt.model, map[string]any{"fields": []any{tt.field}})); err != nil {
			t.Errorf("%s of %s, named: %v", tt.field, tt.model, err)
		}
	}
}
