package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// opens tells whether a field is open, or its model is closed as a whole.
func (c *catalogue) opens(model, field string) bool {
	m := c.models[model]
	return m == nil || slices.Contains(m.open, field)
}

// blank tells whether an application with compat restapi reads a field's false as "".
func (c *catalogue) blank(model, field string) bool {
	switch c.models[model].fields[field].kind {
	case "char", "selection", "binary", "date", "datetime":
		return true
	}
	return false
}

// plain makes the dialects' data of what Odoo itself answers. The rules say
// what is left away: descriptions of closed fields, and of relations to
// closed models. What 20 tells about a file is its content.
func (d *differential) plain(q inquiry, v any) any {
	switch q.Op {
	case opNameSearch:
		return pairs(v)
	case opFields:
		m := d.models[q.Model]
		for name, description := range v.(map[string]any) {
			if !slices.Contains(m.open, name) {
				delete(v.(map[string]any), name)
				continue
			}
			attributes := description.(map[string]any)
			if relation, ok := attributes["relation"].(string); ok && !d.opensModel(relation) {
				delete(attributes, "relation")
			}
			for attribute := range attributes {
				if !slices.Contains(q.Attributes, attribute) || attribute == "selection" && m.fields[name].kind == "reference" {
					delete(attributes, attribute)
				}
			}
		}
	case opSearchRead, opRead:
		for _, r := range v.([]any) {
			record := r.(map[string]any)
			if !slices.Contains(q.Fields, column) {
				delete(record, column)
			}
			for name, value := range record {
				if file, ok := value.(map[string]any); ok && d.models[q.Model].fields[name].kind == "binary" {
					record[name] = file["content"]
				}
			}
		}
	}
	return v
}

// column is one that every model has.
const column = "write_date"

// opensModel asks the gateway whether it opens a model.
func (d *differential) opensModel(model string) bool {
	open, known := d.opened[model]
	if !known {
		o, err := d.gateway.ask(inquiry{Model: model, Op: opFields, Attributes: []string{"type"}})
		if err != nil {
			d.Fatal(err)
		}
		open = !o.refused
		d.opened[model] = open
	}
	return open
}

// grouped takes off groups what each side may word in its own way. The domain
// of a group must lead to as many records as the group has, which is tried on
// one of them.
func (d *differential) grouped(way named, q inquiry, v any) (any, error) {
	groups, _ := v.([]any)
	if q.Op != opReadGroup && q.Op != opFormatted {
		return v, nil
	}
	for i, g := range groups {
		group := g.(map[string]any)
		if i == len(groups)/2 && way.name != "straight" && d.straight != nil {
			if err := d.leads(q, group); err != nil {
				return nil, err
			}
		}
		for _, name := range []string{"__domain", "__context", "__fold"} {
			delete(group, name)
		}
	}
	return v, nil
}

// leads tries the domain of one group.
func (d *differential) leads(q inquiry, group map[string]any) error {
	domain, whole := group["__domain"].([]any)
	if extra, ok := group["__extra_domain"].([]any); ok {
		domain, whole = append(q.whereOrAll(), extra...), true
	}
	if !whole {
		return fmt.Errorf("a group has no domain: %v", group)
	}
	n, err := d.straight.call(q.Model, opCount, []any{domain}, map[string]any{})
	if err != nil {
		return fmt.Errorf("the domain of a group, %v: %w", domain, err)
	}
	for name, count := range group {
		counts := name == "__count" || strings.HasSuffix(name, "_count") && q.Op == opReadGroup && strings.HasPrefix(q.GroupBy[0], strings.TrimSuffix(name, "_count"))
		if counts && count != n {
			return fmt.Errorf("the domain of a group, %v, finds %v, %s is %v", domain, n, name, count)
		}
	}
	return nil
}

// leaveTexts makes records with texts that are hard on the way, for as long as the
// test runs.
func leaveTexts(t *testing.T, o *straightSpeaker) {
	t.Helper()
	var ids []any
	for i, values := range []map[string]any{
		{"name": `O'Brien & "Söhne" [50%] \ 日本語 (😀)`, "ref": `100%_a\b`, "street": "a=b&c;d #1+1?", "is_company": true},
		{"name": "<b>&amp;</b> ]]> {z} None", "ref": "'", "street2": "tab\there", "comment": "<p>line<br/>\nbreak \\ 'x'</p>", "city": "  x ", "type": "other"},
		{"name": "True", "ref": "1.0", "zip": "0012", "city": "İstanbul ß é", "website": "http://example.com/?a=1&b=%25", "active": false},
	} {
		if i > 0 {
			values["parent_id"] = ids[0]
		}
		id, err := o.call("res.partner", "create", []any{values}, map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	t.Cleanup(func() {
		slices.Reverse(ids)
		if _, err := o.call("res.partner", "unlink", []any{ids}, map[string]any{}); err != nil {
			t.Errorf("the test's records stay behind, %v: %v", ids, err)
		}
	})
}

// oldApp has the habits of the original /restapi.
var oldApp = app{id: "old-0123456789abcdef", secret: "the-old-one-has-a-secret-too", redirect: "http://localhost:9/old"}

// differentialCaddyfile opens all that is not sensitive to the wiki and to the old
// application, and some fields of some records to the script.
const differentialCaddyfile = `{
	admin off
	persist_config off
	auto_https off
	odoo_gateway {
		store badger {DIR}/grants
		gateway erp {
			issuer {BASE}
			database {DATABASE}
			application wiki {
				name "Team wiki"
				client_id wiki-0123456789abcdef
				client_secret {env.E2E_WIKI_SECRET}
				redirect_uri http://localhost:9/plugins/odoo-connector/callback.action
				model_scheme open
			}
			application old {
				name "Old one"
				client_id old-0123456789abcdef
				client_secret the-old-one-has-a-secret-too
				redirect_uri http://localhost:9/old
				model_scheme open
				compat restapi
			}
			application script {
				client_id script-0123456789abcdef
				client_secret {SCRIPT}
				redirect_uri http://localhost:9/script?fixed=1
				model_scheme narrow
			}
			model_scheme open {
				none
			}
			model_scheme narrow {
				whitelist customer order lead country product
			}
			model_configuration customer {
				model res.partner
				fields blacklist email vat street
				filter ` + "`" + `[["is_company", "=", true]]` + "`" + `
			}
			model_configuration order {
				model sale.order
				fields whitelist name partner_id date_order state amount_total user_id order_line
			}
			model_configuration lead {
				model crm.lead
				fields whitelist name partner_id expected_revenue active
				related_names hide
			}
			model_configuration country {
				model res.country
				fields all
			}
			model_configuration product {
				model product.product
				fields blacklist barcode
			}
		}
	}
}

{BASE} {
	bind 127.0.0.1
	odoo_gateway erp
	{PROXY}
}
`
