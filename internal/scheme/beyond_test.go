package scheme_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// crm adds leads as Odoo describes them, and products with variants.
func crm() source {
	src := erp()
	editable := func(name, kind, comodel string, depends ...string) odoo.Field {
		return odoo.Field{Name: name, Type: kind, Relation: comodel, Store: true, Searchable: true, Sortable: true, Depends: depends}
	}
	src["crm.lead"] = fields(
		editable("name", "char", "", "partner_id"), relation("partner_id", "many2one", "res.partner"),
		editable("email_from", "char", "", "partner_id.email"), computed("email_normalized", "email_from"),
		editable("phone", "char", "", "partner_id.phone"), editable("comment", "html", "", "partner_id"), editable("score", "float", "", "partner_id"),
		editable("country_id", "many2one", "res.country", "partner_id"), editable("user_id", "many2one", "res.users", "partner_id"),
		editable("rank", "integer", "", "partner_id.email"), editable("family", "char", "", "partner_id.parent_id.email"),
		editable("endpoint", "char", "", "email_normalized"), editable("name_of", "char", "", "tag_ids.name"),
		relation("owner_id", "many2one", "res.users"), related("owner_mail", "owner_id.email"), related("partner_phone", "partner_id.phone"),
		relation("tag_ids", "many2many", "crm.tag"))
	for _, f := range []odoo.Field{
		editable("company_id", "many2one", "res.company", "partner_id"), editable("currency_id", "many2one", "res.currency", "partner_id"), editable("team_id", "many2one", "crm.team", "partner_id"),
		editable("title_id", "many2one", "res.partner.title", "partner_id"), editable("parent_id", "char", "", "partner_id.parent_id"),
		editable("land_code", "char", "", "partner_id.country_id.code"), editable("country_code", "char", "", "partner_id"), computed("partner_number", "partner_id.id"),
		editable("normal", "char", "", "partner_id.email_normalized"), editable("color", "integer", "", "tag_ids"), editable("label", "char", "", "name", "partner_id.email"),
	} {
		src["crm.lead"][f.Name] = f
	}
	src["crm.lead"]["kept_mail"] = odoo.Field{Name: "kept_mail", Type: "char", Store: true, Searchable: true, Related: "partner_id.email"}
	src["crm.lead"]["email_state"] = computed("email_state", "email_from")
	src["crm.lead"]["probability"] = editable("probability", "float", "", "email_state")
	src["crm.lead"]["partner_name"] = editable("partner_name", "char", "", "partner_id")
	for name, comodel := range map[string]string{"user_id": "res.users", "company_id": "res.company", "currency_id": "res.currency", "team_id": "crm.team", "title_id": "res.partner.title"} {
		src["res.partner"][name] = relation(name, "many2one", comodel)
	}
	src["crm.lead"]["shown_as"] = computed("shown_as", "partner_id", "email_from", "partner_id.display_name")
	src["crm.lead"]["named_by"] = computed("named_by", "score", "partner_id.name")
	src["res.partner"]["firm_name"] = computed("firm_name", "phone", "parent_id.name")
	src["crm.tag"] = fields(stored("name", "Tag", "char"), stored("color", "Color", "integer"))
	src["mail.message"] = fields(stored("body", "Text", "html"))
	src["product.product"]["cost"] = stored("cost", "Cost", "float")
	src["product.product"]["weight"] = stored("weight", "Weight", "float")
	src["product.product"]["product_tmpl_id"] = relation("product_tmpl_id", "many2one", "product.template")
	src["product.product"]["list_price"] = odoo.Field{Name: "list_price", Type: "float", Searchable: true, Depends: []string{"product_tmpl_id.list_price"}, Related: "product_tmpl_id.list_price"}
	src["product.template"] = fields(
		stored("name", "Name", "char"), listed("variant_ids", "product.product", "product_tmpl_id"), stored("list_price", "Price", "float"),
		odoo.Field{Name: "cost", Type: "float", Searchable: true, Readonly: true, Depends: []string{"variant_ids", "variant_ids.cost"}},
		editable("weight", "float", "", "variant_ids", "variant_ids.weight"),
		computed("total", "variant_ids.cost"), related("first_code", "variant_ids.default_code"))
	return src
}

// What a model takes from another model is hidden with what it is taken from:
// A74. A whitelist that names the copy opens it.
func TestCopiesAcrossModels(t *testing.T) {
	limited := func(model string, limit scheme.Limit, fields ...string) scheme.Configuration {
		return scheme.Configuration{Name: model, Model: model, Limit: limit, Fields: fields}
	}
	hiding := func(model string, fields ...string) scheme.Configuration {
		return limited(model, scheme.LimitBlacklist, fields...)
	}
	filtered := scheme.Configuration{Model: "res.partner", Filter: `[["customer_rank", ">", 0]]`}
	writeOnly := scheme.Configuration{Model: "res.partner", Operations: []scheme.Operation{scheme.Create}}
	off := scheme.Configuration{Model: "res.partner", Inactive: true}
	lead, product, variant := limited("crm.lead", ""), limited("product.template", ""), limited("product.product", "")
	define := func(limit scheme.Limit, models []string, c ...scheme.Configuration) *scheme.Scheme {
		s, err := scheme.Compile(scheme.Definition{Name: "sales", Limit: limit, Blacklist: models, Configurations: c})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	white := func(c ...scheme.Configuration) *scheme.Scheme { return define(scheme.LimitWhitelist, nil, c...) }
	for _, tt := range []struct {
		about        string
		s            *scheme.Scheme
		model, field string
		open         bool
	}{
		{"a field that is hidden there", white(lead, hiding("res.partner", "email")), "crm.lead", "email_from", false},
		{"what no whitelist opens there", white(lead, limited("res.partner", scheme.LimitWhitelist, "name")), "crm.lead", "email_from", false},
		{"what a whitelist opens there", white(lead, limited("res.partner", scheme.LimitWhitelist, "email")), "crm.lead", "email_from", true},
		{"another field is hidden there", white(lead, hiding("res.partner", "phone")), "crm.lead", "email_from", true},
		{"the copy of the copy", white(lead, hiding("res.partner", "email")), "crm.lead", "email_normalized", false},
		{"what starts as that", white(lead, hiding("res.partner", "email")), "crm.lead", "endpoint", false},
		{"of another kind", white(lead, hiding("res.partner", "email")), "crm.lead", "rank", true},
		{"two models away", white(lead, hiding("res.partner", "email")), "crm.lead", "family", false},
		{"on a way that is hidden there", white(lead, hiding("res.partner", "parent_id")), "crm.lead", "family", false},
		{"of a record that is hidden", white(hiding("crm.lead", "partner_id")), "crm.lead", "email_from", false},
		{"of a record that is hidden, by name", white(hiding("crm.lead", "partner_id")), "crm.lead", "comment", false},
		{"of a record that is hidden, of another kind", white(hiding("crm.lead", "partner_id")), "crm.lead", "rank", true},
		{"of the same name", white(lead, hiding("res.partner", "comment")), "crm.lead", "comment", false},
		{"of the same name, a relation", white(lead, hiding("res.partner", "country_id")), "crm.lead", "country_id", false},
		{"of the same name, open", white(lead, hiding("res.partner", "email")), "crm.lead", "comment", true},
		{"its own, though of the same name", white(lead, hiding("res.partner", "name")), "crm.lead", "name", true},
		{"its own person", white(lead, limited("res.partner", scheme.LimitWhitelist, "name")), "crm.lead", "user_id", true},
		{"its own company", white(lead, hiding("res.partner", "company_id")), "crm.lead", "company_id", true},
		{"its own currency", white(lead, hiding("res.partner", "currency_id")), "crm.lead", "currency_id", true},
		{"its own team", white(lead, hiding("res.partner", "team_id")), "crm.lead", "team_id", true},
		{"the title of another", white(lead, hiding("res.partner", "title_id")), "crm.lead", "title_id", false},
		{"of a name that leads in a circle", white(lead, limited("res.partner", scheme.LimitWhitelist, "name", "parent_id")), "crm.lead", "parent_id", true},
		{"hidden behind a model that is open", white(lead, limited("res.partner", ""), hiding("res.country", "code")), "crm.lead", "land_code", false},
		{"open behind a model that is open", white(lead, limited("res.partner", ""), hiding("res.country", "name")), "crm.lead", "land_code", true},
		{"of the same name, a copy there", white(lead, limited("res.partner", ""), hiding("res.country", "code")), "crm.lead", "country_code", false},
		{"of the same name, a copy there of what is open", white(lead, limited("res.partner", ""), hiding("res.country", "name")), "crm.lead", "country_code", true},
		{"the id of a record that a filter leaves out", white(lead, filtered), "crm.lead", "partner_number", true},
		{"of a model that nothing opens", white(lead), "crm.lead", "email_from", true},
		{"of a model that a blacklist closes", define(scheme.LimitBlacklist, []string{"res.partner"}), "crm.lead", "email_from", false},
		{"by name, of a model that a blacklist closes", define(scheme.LimitBlacklist, []string{"res.partner"}), "crm.lead", "comment", false},
		{"related to a model that a blacklist closes", define(scheme.LimitBlacklist, []string{"res.partner"}), "crm.lead", "partner_phone", false},
		{"where another model is closed", define(scheme.LimitBlacklist, []string{"crm.tag"}), "crm.lead", "email_from", true},
		{"where all models are open", define(scheme.LimitNone, nil), "crm.lead", "email_from", true},
		{"where all models are open, but one of its fields", define(scheme.LimitNone, nil, hiding("res.partner", "email")), "crm.lead", "email_from", false},
		{"related to a sensitive model", white(lead), "crm.lead", "owner_mail", false},
		{"related to a sensitive model, where all are open", define(scheme.LimitNone, nil), "crm.lead", "owner_mail", false},
		{"of records that a filter leaves out", white(lead, filtered), "crm.lead", "email_from", false},
		{"related to records that a filter leaves out", white(lead, filtered), "crm.lead", "partner_phone", false},
		{"of a model that is only written", white(lead, writeOnly), "crm.lead", "email_from", false},
		{"of a model that is switched off", white(lead, off), "crm.lead", "partner_phone", false},
		{"made with a name that is hidden", white(lead, hiding("res.partner", "name")), "crm.lead", "named_by", false},
		{"made with a display name that is hidden", white(lead, hiding("res.partner", "name")), "crm.lead", "shown_as", false},
		{"made with a name of a record that a filter leaves out", white(lead, filtered), "crm.lead", "shown_as", false},
		{"made with a name of a record of its own model", white(filtered), "res.partner", "firm_name", false},
		{"made with a name that is open", white(lead, hiding("res.partner", "phone")), "crm.lead", "named_by", true},
		{"made with a display name that is open", white(lead, limited("res.partner", "")), "crm.lead", "shown_as", true},
		{"looked up in a list", white(lead, hiding("crm.tag", "name")), "crm.lead", "name_of", true},
		{"looked up in a list, by name", white(lead, hiding("crm.tag", "color")), "crm.lead", "color", true},
		{"a copy that a whitelist opens there", white(lead, limited("res.partner", scheme.LimitWhitelist, "email_normalized")), "crm.lead", "normal", true},
		{"a copy that is hidden there", white(lead, hiding("res.partner", "email")), "crm.lead", "normal", false},
		{"what Odoo does not say", white(lead, hiding("res.partner", "parent_id")), "crm.lead", "partner_name", false},
		{"what Odoo does not say, open", white(lead, hiding("res.partner", "vat")), "crm.lead", "partner_name", true},
		{"guessed from what is hidden", white(lead, hiding("res.partner", "email")), "crm.lead", "probability", false},
		{"named", white(limited("crm.lead", scheme.LimitWhitelist, "email_from"), hiding("res.partner", "email")), "crm.lead", "email_from", true},
		{"a sum of that name", white(product, hiding("product.product", "cost")), "product.template", "cost", false},
		{"a sum of that name, of what is open", white(product, hiding("product.product", "weight")), "product.template", "cost", true},
		{"a sum of another name", white(product, hiding("product.product", "cost")), "product.template", "total", true},
		{"what starts as a sum of that name", white(product, hiding("product.product", "weight")), "product.template", "weight", false},
		{"related to messages that are open", white(limited("res.partner", ""), scheme.Configuration{Model: "mail.message", Sensitive: true}), "res.partner", "message_text", false},
		{"related to a list", white(product, hiding("product.product", "default_code")), "product.template", "first_code", false},
		{"what a variant has of its product", white(variant), "product.product", "list_price", true},
		{"what a variant has of its product, hidden", white(variant, hiding("product.template", "list_price")), "product.product", "list_price", false},
	} {
		_, err := tt.s.Check(context.Background(), crm(), searchRead(tt.model, map[string]any{"fields": []any{tt.field}}))
		if (err == nil) != tt.open || err != nil && code(err) != scheme.CodeField {
			t.Errorf("%s: %s of %s: error %v", tt.about, tt.field, tt.model, err)
		}
		if tt.open {
			continue
		}
		for part, call := range map[string]odoo.Call{
			"domain": searchRead(tt.model, domain(leaf(tt.field, "=", "x"))),
			"order":  searchRead(tt.model, map[string]any{"order": tt.field}),
			"group":  {Model: tt.model, Method: "read_group", Args: []any{[]any{}, []any{}, []any{tt.field}}},
		} {
			if _, err := tt.s.Check(context.Background(), crm(), call); code(err) != scheme.CodeField {
				t.Errorf("%s: %s of %s in %s: error %v", tt.about, tt.field, tt.model, part, err)
			}
		}
		got, err := tt.s.Check(context.Background(), crm(), searchRead(tt.model, nil))
		if err != nil {
			t.Errorf("%s: %v", tt.about, err)
			continue
		}
		for _, name := range got.Kwargs["fields"].([]any) {
			if name == tt.field {
				t.Errorf("%s: %s is among the fields that nobody named", tt.about, tt.field)
			}
		}
	}
}

// What is written to a copy goes back to the record it is taken from, so it is
// written only where it is named.
func TestCopiesAcrossModelsAreNotWritten(t *testing.T) {
	all := []scheme.Operation{scheme.Read, scheme.Create, scheme.Write}
	for _, tt := range []struct {
		model, field string
		value        any
		named        []string
		code         string
	}{
		{"crm.lead", "email_from", "x", nil, scheme.CodeField},
		{"crm.lead", "email_from", "x", []string{"email_from"}, ""},
		{"crm.lead", "comment", "x", nil, ""},
		{"crm.lead", "kept_mail", "x", nil, scheme.CodeField},
		{"crm.lead", "kept_mail", "x", []string{"kept_mail"}, ""},
		{"crm.lead", "rank", int64(1), nil, ""},
		{"crm.lead", "label", "x", nil, ""}, // made of several
		{"product.template", "weight", 1.5, nil, scheme.CodeField},
		{"product.template", "weight", 1.5, []string{"weight"}, ""},
		{"product.template", "list_price", 1.5, nil, ""},
	} {
		c := scheme.Configuration{Model: tt.model, Operations: all}
		if tt.named != nil {
			c.WriteLimit, c.WriteFields = scheme.LimitWhitelist, tt.named
		}
		for _, call := range []odoo.Call{write(tt.model, vals{tt.field: tt.value}, 1), {Model: tt.model, Method: "create", Args: []any{vals{tt.field: tt.value}}}} {
			if _, err := compile(t, c).Check(context.Background(), crm(), call); code(err) != tt.code {
				t.Errorf("%s of %s in %s, named %v: error %v", tt.field, tt.model, call.Method, tt.named, err)
			}
		}
	}
}

// Where nobody has told what a field is made of, it is neither read nor written.
func TestCopiesOfWhatIsNotKnown(t *testing.T) {
	src := crm()
	delete(src, "res.partner")
	s := compile(t, scheme.Configuration{Model: "crm.lead", Operations: readWrite}, scheme.Configuration{Model: "res.partner"})
	for _, call := range []odoo.Call{
		searchRead("crm.lead", map[string]any{"fields": []any{"email_from"}}), write("crm.lead", vals{"email_from": "x"}, 1), create("crm.lead", vals{"email_from": "x"}),
		searchRead("crm.lead", nil), {Model: "crm.lead", Method: "fields_get"},
	} {
		if _, err := s.Check(context.Background(), src, call); !errors.Is(err, errDown) {
			t.Errorf("%s: %v", call.Method, err)
		}
	}
}

// What Odoo searches by going through messages, which are sensitive, is searched
// where a whitelist names it.
func TestSearchInMessages(t *testing.T) {
	src := crm()
	for _, name := range []string{"message_needaction", "has_message", "phone_mobile_search"} {
		src["crm.lead"][name] = odoo.Field{Name: name, Type: "boolean", Searchable: true, Readonly: true}
	}
	src["crm.lead"]["message_main_id"] = stored("message_main_id", "Main", "boolean")
	for _, tt := range []struct {
		field string
		limit scheme.Limit
		code  string
	}{
		{"message_needaction", scheme.LimitNone, scheme.CodeSearch},
		{"has_message", scheme.LimitNone, scheme.CodeSearch},
		{"message_needaction", scheme.LimitWhitelist, ""},
		{"message_main_id", scheme.LimitNone, ""}, // a column
		{"phone_mobile_search", scheme.LimitNone, ""},
	} {
		s := compile(t, scheme.Configuration{Model: "crm.lead", Limit: tt.limit, Fields: map[bool][]string{true: {tt.field}}[tt.limit == scheme.LimitWhitelist]})
		if _, err := s.Check(context.Background(), src, searchRead("crm.lead", domain(leaf(tt.field, "=", true)))); code(err) != tt.code {
			t.Errorf("%s, %s: error %v", tt.field, tt.limit, err)
		}
		if _, err := s.Check(context.Background(), src, searchRead("crm.lead", map[string]any{"fields": []any{tt.field}})); err != nil {
			t.Errorf("%s, %s, read: error %v", tt.field, tt.limit, err)
		}
	}
}

// A display name that shows a field of another model is shortened to the name
// where that field is hidden.
func TestDisplayNameAcrossModels(t *testing.T) {
	src := crm()
	src["crm.lead"]["display_name"] = odoo.Field{Name: "display_name", Type: "char", Searchable: true, Readonly: true, Depends: []string{"name", "partner_id.vat", "partner_id.comment", "endpoint"}}
	src["crm.tag"]["display_name"] = odoo.Field{Name: "display_name", Type: "char", Searchable: true, Readonly: true, Depends: []string{"partner_id.name"}}
	src["crm.tag"]["partner_id"] = relation("partner_id", "many2one", "res.users")
	for _, tt := range []struct {
		model  string
		hidden []string
		whole  bool
	}{
		{"crm.lead", []string{"vat"}, false},
		{"crm.lead", []string{"comment"}, false},
		{"crm.lead", []string{"email"}, false}, // by a copy
		{"crm.lead", []string{"phone"}, true},
		{"crm.tag", []string{"vat"}, true}, // a name beside it is as that of any many2one
	} {
		s := compile(t, scheme.Configuration{Model: tt.model}, scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: tt.hidden})
		checked, err := s.Check(context.Background(), src, searchRead(tt.model, map[string]any{"fields": []any{"display_name", "name"}}))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Filter(context.Background(), src, checked, odoo.Result{Value: []byte(`[{"id":1,"display_name":"SENTINEL","name":"x"}]`)})
		if err != nil || strings.Contains(string(got.Value), sentinel) != tt.whole {
			t.Errorf("%s without %s: %s, %v", tt.model, tt.hidden, got.Value, err)
		}
	}
	delete(src, "res.partner")
	src["product.template"]["display_name"] = odoo.Field{Name: "display_name", Type: "char", Searchable: true, Readonly: true, Depends: []string{"owner_id.name"}}
	src["product.template"]["owner_id"] = relation("owner_id", "many2one", "res.partner")
	s := compile(t, scheme.Configuration{Model: "crm.lead"}, scheme.Configuration{Model: "product.template"}, scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: []string{"vat"}})
	for _, model := range []string{"crm.lead", "product.template"} {
		if _, err := s.Check(context.Background(), src, searchRead(model, map[string]any{"fields": []any{"display_name"}})); !errors.Is(err, errDown) {
			t.Errorf("what the name of %s shows is not known: %v", model, err)
		}
	}
}
