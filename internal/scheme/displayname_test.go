package scheme_test

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// A contact is shown with its company's name, which is hidden where the company
// is, and where that company is a record outside of the filter.
func TestDisplayNameOfContacts(t *testing.T) {
	c := func(limit scheme.Limit, fields ...string) scheme.Configuration {
		return scheme.Configuration{Model: "res.partner", Limit: limit, Fields: fields}
	}
	with := func(c scheme.Configuration, change func(*scheme.Configuration)) scheme.Configuration {
		change(&c)
		return c
	}
	const answer = `[{"id":1,"display_name":"SENTINEL, Peter","name":"Peter"}]`
	for name, tt := range map[string]struct {
		c     scheme.Configuration
		whole bool
	}{
		"one field":                {c(scheme.LimitWhitelist, "name"), false},
		"not all that it shows":    {c(scheme.LimitWhitelist, "name", "parent_id"), false},
		"all that it shows":        {c(scheme.LimitWhitelist, "name", "parent_id", "company_name", "is_company", "type"), true},
		"named":                    {c(scheme.LimitWhitelist, "name", "display_name"), true},
		"company hidden":           {c(scheme.LimitBlacklist, "parent_id"), false},
		"another field hidden":     {c(scheme.LimitBlacklist, "email"), true},
		"nothing hidden":           {c(scheme.LimitNone), true},
		"companies outside filter": {with(c(scheme.LimitNone), func(c *scheme.Configuration) { c.Filter = `[["customer_rank", ">", 0]]` }), false},
		"related names hidden":     {with(c(scheme.LimitNone), func(c *scheme.Configuration) { c.HideRelatedNames = true }), false},
		"default scheme":           {scheme.Default().Configurations[0], true},
	} {
		s := compile(t, tt.c)
		checked, err := check(t, s, searchRead("res.partner", map[string]any{"fields": []any{"display_name", "name"}}))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := s.Filter(context.Background(), erp(), checked, odoo.Result{Value: []byte(answer)})
		if err != nil || strings.Contains(string(got.Value), sentinel) != tt.whole || !strings.Contains(string(got.Value), "Peter") {
			t.Errorf("%s: %s, %v", name, got.Value, err)
		}
	}
}

// Odoo 16 does not say what a display name shows beside the name: what is known of
// it is not shown where it is hidden.
func TestDisplayNamesOfOdoo16(t *testing.T) {
	for model, hidden := range map[string]string{
		"account.account": "code", "account.analytic.account": "partner_id", "maintenance.equipment": "serial_no", "mrp.bom": "code",
		"product.product": "default_code", "purchase.order": "partner_ref", "res.country.state": "country_id",
	} {
		src := erp()
		src[model] = fields(stored("name", "Name", "char"), stored("vat", "", "char"), stored(hidden, "", "char"))
		for _, tt := range []struct {
			hidden string
			whole  bool
		}{{hidden, false}, {"vat", true}} {
			s := compile(t, scheme.Configuration{Model: model, Limit: scheme.LimitBlacklist, Fields: []string{tt.hidden}})
			checked, err := s.Check(t.Context(), src, searchRead(model, vals{"fields": []any{"display_name"}}))
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Filter(t.Context(), src, checked, odoo.Result{Value: []byte(`[{"id":1,"display_name":"P00007 (SENTINEL)","name":"P00007"}]`)})
			if err != nil || strings.Contains(string(got.Value), sentinel) != tt.whole || !strings.Contains(string(got.Value), "P00007") {
				t.Errorf("%s without %s: %s, %v", model, tt.hidden, got.Value, err)
			}
		}
	}
}

// A field that is made of display names shows what they show.
func TestCopyOfDisplayName(t *testing.T) {
	src := erp()
	src["res.partner"]["translated_display_name"] = computed("translated_display_name", "display_name")
	for _, tt := range []struct {
		hidden string
		open   bool
	}{{"parent_id", false}, {"vat", true}} {
		s := compile(t, scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: []string{tt.hidden}})
		_, err := s.Check(context.Background(), src, searchRead("res.partner", map[string]any{"fields": []any{"translated_display_name"}}))
		if (err == nil) != tt.open || err != nil && code(err) != scheme.CodeField {
			t.Errorf("without %s: %v", tt.hidden, err)
		}
	}
}

// A list shows from the other side what a hidden field holds.
func TestInvertedLists(t *testing.T) {
	src := erp()
	src["res.partner.category"]["partner_ids"] = relation("partner_ids", "many2many", "res.partner")
	src["res.partner"]["main_id"] = relation("main_id", "many2one", "res.partner.category")
	src["res.partner.category"]["main_ids"] = listed("main_ids", "res.partner", "main_id")
	src["res.partner.category"]["found_ids"] = listed("found_ids", "res.partner", "")
	for _, name := range []string{"friend_ids", "friend_of_ids"} {
		src["res.partner"][name] = relation(name, "many2many", "res.partner")
	}
	contacts := func(hidden string) scheme.Configuration {
		return scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: []string{hidden}}
	}
	one := scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"name"}}
	tags := scheme.Configuration{Model: "res.partner.category", Limit: scheme.LimitBlacklist, Fields: []string{"name"}}
	named := scheme.Configuration{Model: "res.partner.category", Limit: scheme.LimitWhitelist, Fields: []string{"partner_ids"}}
	for _, tt := range []struct {
		contacts, tags scheme.Configuration
		model, field   string
		open           bool
	}{
		{contacts("parent_id"), tags, "res.partner", "child_ids", false},
		{contacts("vat"), tags, "res.partner", "child_ids", true},
		{contacts("category_id"), tags, "res.partner.category", "partner_ids", false},
		{contacts("category_id"), named, "res.partner.category", "partner_ids", true},
		{contacts("vat"), tags, "res.partner.category", "partner_ids", true},
		{contacts("friend_ids"), tags, "res.partner", "friend_of_ids", false}, // of one model
		{contacts("vat"), tags, "res.partner", "friend_of_ids", true},
		{one, tags, "res.partner.category", "main_ids", false},
		{one, tags, "res.partner.category", "found_ids", true}, // by no field of theirs
	} {
		_, err := compile(t, tt.contacts, tt.tags).Check(context.Background(), src, searchRead(tt.model, map[string]any{"fields": []any{tt.field}}))
		if (err == nil) != tt.open || err != nil && code(err) != scheme.CodeField {
			t.Errorf("%s of %s without %v: %v", tt.field, tt.model, tt.contacts.Fields, err)
		}
	}
}

// Where the name itself is a copy of what is hidden, so is the display name:
// that of a variant is its product's.
func TestDisplayNameThatIsACopy(t *testing.T) {
	src := crm()
	variants := src["product.product"]
	variants["name"] = related("name", "product_tmpl_id.name")
	variants["display_name"] = odoo.Field{Name: "display_name", Type: "char", Searchable: true, Readonly: true, Depends: []string{"name", "default_code"}}
	variants["title"] = computed("title", "display_name")
	variant, lines := scheme.Configuration{Model: "product.product"}, scheme.Configuration{Model: "sale.order.line"}
	named := scheme.Configuration{Model: "product.product", Limit: scheme.LimitWhitelist, Fields: []string{"name", "default_code", "title"}}
	for name, tt := range map[string]struct {
		variant, product scheme.Configuration
		open             bool
	}{
		"products outside of a filter": {variant, scheme.Configuration{Model: "product.template", Filter: `[["list_price", ">", 0]]`}, false},
		"names of products are hidden": {variant, scheme.Configuration{Model: "product.template", Limit: scheme.LimitBlacklist, Fields: []string{"name"}}, false},
		"prices of products are":       {variant, scheme.Configuration{Model: "product.template", Limit: scheme.LimitBlacklist, Fields: []string{"list_price"}}, true},
		"names of variants are named":  {named, scheme.Configuration{Model: "product.template", Limit: scheme.LimitBlacklist, Fields: []string{"name"}}, true},
	} {
		s := compile(t, tt.variant, tt.product, lines)
		calls := []odoo.Call{{Model: "product.product", Method: "name_search", Args: []any{"x"}}, {Model: "product.product", Method: "read", IDs: []int64{5}, Args: []any{[]any{"display_name"}}}}
		for _, field := range []string{"display_name", "name", "title"} {
			calls = append(calls, searchRead("product.product", map[string]any{"fields": []any{field}}))
		}
		for _, call := range calls {
			if _, err := s.Check(context.Background(), src, call); (err == nil) != tt.open || err != nil && code(err) != scheme.CodeField {
				t.Errorf("%s: %s %v %v: %v", name, call.Method, call.Args, call.Kwargs, err)
			}
		}
		checked, err := s.Check(context.Background(), src, searchRead("sale.order.line", map[string]any{"fields": []any{"product_id"}}))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Filter(context.Background(), &matching{source: src, found: `[{"id":5,"name":"SENTINEL"}]`}, checked, odoo.Result{Value: []byte(`[{"id":1,"product_id":[5,"SENTINEL"]}]`)})
		if err != nil || strings.Contains(string(got.Value), sentinel) != tt.open {
			t.Errorf("%s: a line of it: %s, %v", name, got.Value, err)
		}
	}
}
