package scheme_test

import (
	"math/rand/v2"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// generator makes random calls, good ones and attacks.
type generator struct{ *rand.Rand }

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

var relations = map[string]map[string]string{
	"res.partner": {"country_id": "res.country", "parent_id": "res.partner", "child_ids": "res.partner",
		"category_id": "res.partner.category", "user_id": "res.users", "sale_order_ids": "sale.order"},
	"sale.order":           {"partner_id": "res.partner", "user_id": "res.users", "company_id": "res.company", "order_line": "sale.order.line"},
	"res.country":          {"currency_id": "res.currency"},
	"res.partner.category": {"parent_id": "res.partner.category", "child_ids": "res.partner.category", "partner_ids": "res.partner"},
	"res.users":            {"partner_id": "res.partner"},
	"crm.lead":             {"partner_id": "res.partner", "user_id": "res.users"},
}

var scalars = map[string][]string{
	"res.partner": {"id", "name", "phone", "display_name", "contact_address", "image_128",
		"email", "vat", "ref", "street", "city", "comment", "function", "customer_rank", "active", "complete_name", "email_formatted", "nope"},
	"sale.order":           {"id", "name", "display_name", "amount_total", "state", "date_order", "client_order_ref", "note"},
	"res.country":          {"id", "name", "display_name", "phone_code", "code"},
	"res.partner.category": {"id", "name", "display_name", "color"},
	"res.users":            {"id", "login", "name", "password", "email"},
	"crm.lead":             {"id", "name", "display_name", "expected_revenue", "probability", "email_from"},
	"res.company":          {"name", "email", "vat"}, "sale.order.line": {"name", "price_unit"}, "res.currency": {"name"},
}

func (g *generator) model() string {
	return pick(g, "res.partner", "res.partner", "res.partner", "sale.order", "sale.order", "res.country", "res.partner.category", "res.users", "crm.lead")
}

// field is a field of the model, often a path of up to three steps.
func (g *generator) field(model string) (path, at string) {
	var steps []string
	at = model
	for range 3 {
		if g.IntN(3) > 0 || len(relations[at]) == 0 {
			break
		}
		step := g.relation(at)
		steps, at = append(steps, step), relations[at][step]
	}
	switch {
	case g.IntN(3) == 0 && len(relations[at]) > 0:
		step := g.relation(at)
		steps, at = append(steps, step), relations[at][step]
	default:
		// Half of the time one of the first, which are open.
		all := scalars[at]
		if g.IntN(2) == 0 {
			all = all[:min(4, len(all))]
		}
		steps, at = append(steps, pick(g, all...)), ""
	}
	return strings.Join(steps, "."), at
}

func (g *generator) relation(model string) string {
	names := make([]string, 0, 8)
	for _, name := range []string{"category_id", "child_ids", "company_id", "country_id", "currency_id", "order_line", "parent_id", "partner_id", "partner_ids", "sale_order_ids", "user_id"} {
		if relations[model][name] != "" {
			names = append(names, name)
		}
	}
	return pick(g, names...)
}

// secret is a part of what is hidden.
func (g *generator) secret() string {
	return pick(g, sentinel, "alpha", "Beta", "SENTINEL-alpha-vat-7@x.example", "@x.example", "aA", "BA", "-ref-", "SENTINEL%")
}

func (g *generator) value() any {
	return pick[any](g, nil, false, true, int64(0), int64(1), int64(g.IntN(50)), 1.5, "", "a", "A", "%e%", "Azure", "_",
		g.secret(), "2020-01-01",
		[]any{int64(1), int64(g.IntN(50))}, []any{"Azure", "alpha"}, []any{false}, []any{}, []any{g.secret()})
}

// attack is a leaf that would tell about hidden values, if it came through as
// it is: below a relation, by a name, or by a tree.
func (g *generator) attack(model string) any {
	through := g.relation(model)
	operator := pick(g, "ilike", "ilike", "not ilike", "=ilike", "=", "in")
	var value any = pick(g, "alpha", "Beta", g.secret())
	if operator == "in" {
		value = []any{value}
	}
	path := pick(g, "phone", "phone", "name", "display_name", "code", "email")
	switch g.IntN(5) {
	case 0:
		return []any{through, operator, value}
	case 1:
		return []any{through, pick(g, "any", "not any"), []any{[]any{path, operator, value}}}
	case 2:
		return []any{pick(g, "id", through), pick(g, "child_of", "parent_of"), int64(1 + g.IntN(40))}
	default:
		return []any{through + "." + path, operator, value}
	}
}

func (g *generator) leaf(model string, depth int) any {
	if g.IntN(4) == 0 && len(relations[model]) > 0 {
		return g.attack(model)
	}
	path, at := g.field(model)
	operator := pick(g, "=", "!=", "in", "not in", "ilike", "ilike", "like", "not ilike", "=like", "=ilike", "<", ">", "<=", ">=", "=?", "child_of", "parent_of", "any", "not any")
	var value = g.value()
	if strings.Contains(operator, "like") {
		value = pick(g, g.secret(), g.secret(), "a", "Azure", "%e%")
	}
	if (operator == "any" || operator == "not any") && g.IntN(4) > 0 {
		if at == "" {
			at = model
		}
		value = g.domain(at, depth+1)
	}
	if g.IntN(2) == 0 && at != "" && operator != "any" && operator != "not any" {
		operator, value = pick(g, "=", "in", "!="), any([]any{int64(g.IntN(40)), false})
		if operator != "in" {
			value = int64(g.IntN(40))
		}
	}
	return []any{path, operator, value}
}

func (g *generator) domain(model string, depth int) []any {
	out := []any{}
	if g.IntN(4) == 0 && len(relations[model]) > 0 {
		return append(out, g.attack(model))
	}
	for range g.IntN(3) {
		switch {
		case depth < 3 && g.IntN(3) == 0:
			out = append(out, pick(g, "&", "|"), g.leaf(model, depth), g.leaf(model, depth))
		case g.IntN(5) == 0:
			out = append(out, "!", g.leaf(model, depth))
		case g.IntN(20) == 0:
			out = append(out, []any{int64(g.IntN(2)), "=", int64(1)})
		default:
			out = append(out, g.leaf(model, depth))
		}
	}
	return out
}

func (g *generator) names(model string) any {
	if g.IntN(3) == 0 {
		return pick[any](g, nil, []any{}, false)
	}
	var out []any
	for range 1 + g.IntN(3) {
		if g.IntN(4) == 0 && len(relations[model]) > 0 {
			out = append(out, g.relation(model))
			continue
		}
		all := scalars[model]
		if g.IntN(4) > 0 {
			all = all[:min(4, len(all))]
		}
		out = append(out, pick(g, all...))
	}
	return out
}

func (g *generator) context() map[string]any {
	if g.IntN(2) == 0 {
		return nil
	}
	return map[string]any{
		"show_email": true, "show_vat": true, "show_address": true, "active_test": false, "bin_size": true,
		"allowed_company_ids": []any{int64(1), int64(2)}, "default_email": "x", "lang": "en_US",
	}
}

func (g *generator) call() odoo.Call {
	model := g.model()
	call := odoo.Call{Model: model, Kwargs: map[string]any{}, Context: g.context()}
	some := func(name string, v any) {
		if g.IntN(2) == 0 {
			call.Kwargs[name] = v
		}
	}
	order := pick(g, "name", "id desc", "display_name", "name desc, id", "email", "vat desc", "phone nulls first", "country_id", "country_id.code", "parent_id", "create_date", "")
	call.Method = pick(g, "search_read", "search_read", "search_read", "search", "search_count", "search_count", "read", "name_search", "fields_get",
		"read_group", "read_group", "formatted_read_group", "formatted_read_group", "default_get", "check_access_rights", "has_access", "web_search_read", "export_data", "get_views")
	switch call.Method {
	case "read":
		call.IDs = []int64{int64(1 + g.IntN(45)), int64(1 + g.IntN(45)), int64(1 + g.IntN(45))}
		some("fields", g.names(model))
	case "name_search":
		some("name", pick[any](g, "Azure", "a", g.secret(), g.secret(), int64(5)))
		some("args", g.domain(model, 0))
		some("operator", pick(g, "ilike", "=", "like", "not ilike", "in"))
	case "fields_get":
		some("allfields", g.names(model))
		some("attributes", pick[any](g, []any{"string", "type", "groups"}, []any{"relation"}))
		return call
	case "search_count":
		call.Kwargs["domain"] = g.domain(model, 0)
		return call
	case "read_group", "formatted_read_group":
		return g.groups(call)
	case "default_get":
		call.Args = []any{g.names(model)}
		return call
	case "check_access_rights", "has_access":
		call.Args = []any{pick(g, "read", "write", "create", "unlink")}
		if call.Method == "has_access" {
			call.IDs = []int64{int64(1 + g.IntN(45))}
		}
		return call
	case "search_read":
		some("fields", g.names(model))
		fallthrough
	default:
		call.Kwargs["domain"] = g.domain(model, 0)
	}
	if call.Method != "read" {
		some("order", order)
		some("limit", pick[any](g, int64(1), int64(3), int64(0), nil, int64(1000)))
		some("offset", pick[any](g, int64(0), int64(2)))
	}
	return call
}

// groups makes a call of one of the two forms of grouping.
func (g *generator) groups(call odoo.Call) odoo.Call {
	model := call.Model
	spec := func(functions ...string) string {
		name := pick(g, scalars[model][:min(4, len(scalars[model]))]...)
		if g.IntN(5) == 0 {
			name = pick(g, scalars[model]...)
		}
		return name + pick(g, functions...)
	}
	var keys, aggregates []any
	for range g.IntN(3) {
		switch key := spec(""); {
		case g.IntN(2) == 0 && len(relations[model]) > 0:
			keys = append(keys, g.relation(model))
		case g.IntN(3) == 0:
			keys = append(keys, pick(g, "create_date", "date_order", "write_date")+pick(g, ":month", ":year", ":day", ":second", ""))
		default:
			keys = append(keys, key)
		}
	}
	for range g.IntN(3) {
		aggregates = append(aggregates, spec(":count", ":count_distinct", ":max", ":sum", ":array_agg", ""))
	}
	call.Kwargs["domain"] = g.domain(model, 0)
	call.Kwargs["groupby"] = keys
	order := pick(g, "", "", "__count desc", "name", "country_id", "email desc")
	if call.Method == "read_group" {
		call.Kwargs["fields"], call.Kwargs["lazy"], call.Kwargs["orderby"] = aggregates, g.IntN(2) == 0, order
		return call
	}
	call.Kwargs["aggregates"], call.Kwargs["order"] = aggregates, order
	if g.IntN(3) == 0 {
		call.Kwargs["having"] = []any{[]any{pick(g, "__count", spec(":count")), ">", int64(g.IntN(3))}}
	}
	return call
}
