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
	contacts := func(hidden string) scheme.Configuration {
		return scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: []string{hidden}}
	}
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
	} {
		_, err := compile(t, tt.contacts, tt.tags).Check(context.Background(), src, searchRead(tt.model, map[string]any{"fields": []any{tt.field}}))
		if (err == nil) != tt.open || err != nil && code(err) != scheme.CodeField {
			t.Errorf("%s of %s without %v: %v", tt.field, tt.model, tt.contacts.Fields, err)
		}
	}
}
