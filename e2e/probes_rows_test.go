//go:build realodoo

package e2e

import "testing"

type d = map[string]any

func leaf(path, operator string, value any) []any { return []any{path, operator, value} }

// named is a domain for the two contacts, with more conditions.
func (p *probing) named(more ...any) []any {
	return append([]any{leaf("name", "=", p.name)}, more...)
}

// Reading what is hidden, by name and without a name.
func probeA70(t *testing.T, p *probing) {
	var list []attempt
	for _, name := range append([]string{"display_name", "contact_address", "email_normalized", "complete_name", "email_formatted"}, hiddenFromProbes...) {
		list = append(list, attempt{method: "read", ids: []int64{p.a, p.b}, args: d{"fields": []string{name}}})
	}
	p.silent(t, append(list,
		attempt{method: "read", ids: []int64{p.a, p.b}},
		attempt{method: "read", ids: []int64{p.a, p.b}, args: d{"fields": []string{}}},
		attempt{method: "read", ids: []int64{p.a}, args: d{"fields": []string{"name", "email"}}},
		attempt{method: "search_read", args: d{"domain": p.named()}},
		attempt{method: "search_read", args: d{"domain": p.named(), "fields": []string{"id", "name", "vat", "street"}}},
		attempt{method: "export_data", ids: []int64{p.a, p.b}, args: d{"fields_to_export": []string{"email", "country_id/code"}}},
		attempt{method: "web_read", ids: []int64{p.a, p.b}, args: d{"specification": d{"email": d{}, "country_id": d{"fields": d{"code": d{}}}}}},
		attempt{method: "web_search_read", args: d{"domain": p.named(), "specification": d{"email": d{}}}},
		attempt{method: "copy_data", ids: []int64{p.a}},
		attempt{method: "mapped", ids: []int64{p.a}, args: d{"func": "email"}},
		attempt{method: "name_get", ids: []int64{p.a, p.b}},
		attempt{method: "onchange", ids: []int64{p.a}, args: d{"values": d{}, "field_name": "email", "field_onchange": d{"email": "1"}}},
	)...)
}

// Conditions on what is hidden, in every method that searches.
func probeA71(t *testing.T, p *probing) {
	var list []attempt
	conditions := []any{
		leaf("email", "=", p.word+"@secret.example"), leaf("email", "ilike", p.word), leaf("email", "!=", false), leaf("email", "=ilike", p.word+"%"),
		leaf("email", "in", []string{p.word + "@secret.example"}), leaf("email", "not in", []any{false}), leaf("email", ">", "zq"), leaf("street", "not ilike", "a"),
		leaf("vat", "=?", p.word), leaf("color", ">", 5), leaf("partner_latitude", ">=", 7), leaf("country_id", "=", p.country), leaf("parent_id", "in", []int64{p.company}),
		leaf("category_id", "=", p.tagWord), leaf("parent_id", "child_of", p.company), leaf("parent_id", "!=", false), leaf("email_normalized", "ilike", p.word),
		leaf("write_date", ">", "2020-01-01"), leaf("complete_name", "ilike", p.word), leaf("commercial_company_name", "ilike", p.word), leaf("comment", "like", p.word),
	}
	for _, c := range conditions {
		domain := p.named(c)
		list = append(list,
			attempt{method: "search_count", args: d{"domain": domain}},
			attempt{method: "search", args: d{"domain": domain}},
		)
	}
	domain := []any{"&", leaf("name", "=", p.name), "|", leaf("id", "<", 0), "!", leaf("street", "=", false)}
	p.silent(t, append(list,
		attempt{method: "search_read", args: d{"domain": domain, "fields": []string{"name"}}},
		attempt{method: "search_count", args: d{"domain": domain}},
		attempt{method: "name_search", args: d{"name": "Probe", "domain": domain}},
		attempt{method: "name_search", args: d{"name": "Probe", "args": domain}},
		attempt{method: "read_group", args: d{"domain": domain, "fields": []string{"name"}, "groupby": []string{"name"}}},
		attempt{method: "formatted_read_group", args: d{"domain": domain, "groupby": []string{"name"}, "aggregates": []string{"__count"}}},
		attempt{method: "search_fetch", args: d{"domain": domain, "field_names": []string{"name"}}},
		attempt{method: "filtered_domain", ids: []int64{p.a, p.b}, args: d{"domain": domain}},
	)...)
}

// Paths that lead out of the one field, and domains within domains.
func probeA72(t *testing.T, p *probing) {
	var list []attempt
	for _, c := range []any{
		leaf("country_id.code", "!=", false), leaf("parent_id.name", "ilike", p.word), leaf("parent_id.display_name", "ilike", p.word), leaf("category_id.name", "=", p.word),
		leaf("parent_id.parent_id.name", "=", "x"), leaf("child_ids.email", "ilike", p.word), leaf("user_ids.login", "=", "admin"), leaf("create_uid.login", "=", "admin"),
		leaf("category_id", "any", []any{leaf("name", "=", p.word)}), leaf("country_id", "not any", []any{leaf("code", "=", false)}),
		leaf("parent_id", "any", []any{leaf("name", "ilike", p.word)}), leaf("category_id", "any!", []any{leaf("name", "=", p.word)}),
		leaf("company_id.partner_id.email", "!=", p.word), leaf("name.email", "=", p.word), leaf("id.email", "ilike", p.word), leaf("commercial_partner_id.name", "ilike", p.word),
		leaf("message_ids.body", "ilike", p.word), leaf("sale_order_ids.client_order_ref", "=", p.word), leaf("self.email", "ilike", p.word),
	} {
		list = append(list, attempt{method: "search_count", args: d{"domain": p.named(c)}}, attempt{method: "search_read", args: d{"domain": p.named(c), "fields": []string{"name"}}})
	}
	for _, field := range []string{"country_id.code", "parent_id/name", "parent_id.id", "category_id.name", "name.email", ".email", "parent_id:email"} {
		list = append(list, attempt{method: "search_read", args: d{"domain": p.named(), "fields": []string{field}}})
	}
	p.silent(t, list...)
}

// Orders, groups and sums by what is hidden, and the order that nobody asks for.
func probeA73(t *testing.T, p *probing) {
	var list []attempt
	for _, order := range []string{"", "email", "email desc, id", "parent_id", "country_id", "country_id.code", "complete_name", "display_name", "write_date", "color desc", "name, email", "name,email", "email nulls first", "id, (select 1)"} {
		args := d{"domain": p.named()}
		if order != "" {
			args["order"] = order
		}
		list = append(list, attempt{method: "search", args: args})
		read := d{"fields": []string{"name"}}
		name := d{"name": p.name}
		for k, v := range args {
			read[k] = v
			if k != "domain" {
				name[k] = v
			}
		}
		list = append(list, attempt{method: "search_read", args: read}, attempt{method: "name_search", args: name})
	}
	for _, by := range []string{"email", "country_id", "parent_id", "category_id", "create_date:month", "name:email", "country_id.code", "color"} {
		list = append(list,
			attempt{method: "read_group", args: d{"domain": p.named(), "fields": []string{"name"}, "groupby": []string{by}}},
			attempt{method: "read_group", args: d{"domain": p.named(), "fields": []string{"name"}, "groupby": []string{"name", by}, "lazy": false}},
			attempt{method: "formatted_read_group", args: d{"domain": p.named(), "groupby": []string{by}, "aggregates": []string{"__count"}}},
		)
	}
	for _, sum := range []string{"color:sum", "color", "n:max(color)", "email:array_agg", "partner_latitude:avg", "parent_id:recordset", "id:array_agg", "country_id:count_distinct"} {
		list = append(list,
			attempt{method: "read_group", args: d{"domain": p.named(), "fields": []string{sum}, "groupby": []string{"name"}}},
			attempt{method: "formatted_read_group", args: d{"domain": p.named(), "groupby": []string{"name"}, "aggregates": []string{sum}}},
			attempt{method: "formatted_read_group", args: d{"domain": p.named(), "groupby": []string{"id"}, "aggregates": []string{"__count"}, "having": []any{leaf(sum, ">", 1)}}},
			attempt{method: "formatted_read_group", args: d{"domain": p.named(), "groupby": []string{"name"}, "aggregates": []string{"__count"}, "order": sum + " desc"}},
			attempt{method: "read_group", args: d{"domain": p.named(), "fields": []string{"name"}, "groupby": []string{"name"}, "orderby": sum + " desc"}},
		)
	}
	p.silent(t, list...)
}

// Copies of what is hidden in other fields: each field of contacts, for an
// application that may read all but the hidden ones.
func probeA74(t *testing.T, p *probing) {
	var list []attempt
	domain := p.named()
	list = append(list, attempt{as: &rest, method: "search_read", args: d{"domain": domain}}, attempt{as: &rest, method: "read", ids: []int64{p.a, p.b}})
	for name := range p.odoo.fieldsOf("res.partner") {
		list = append(list,
			attempt{as: &rest, method: "read", ids: []int64{p.a, p.b}, args: d{"fields": []string{name}}},
			attempt{short: true, as: &rest, method: "search_count", args: d{"domain": p.named(leaf(name, "ilike", p.word))}},
			attempt{short: true, as: &rest, method: "search_count", args: d{"domain": p.named(leaf(name, "!=", false))}},
			attempt{short: true, as: &rest, method: "search", args: d{"domain": domain, "order": name}},
			attempt{short: true, as: &rest, method: "read_group", args: d{"domain": domain, "fields": []string{"name"}, "groupby": []string{name}}},
		)
	}
	p.silent(t, list...)
}

// Searches for a name, which Odoo makes in fields that nobody has named.
func probeA87(t *testing.T, p *probing) {
	var list []attempt
	for _, text := range []string{p.word, p.word + "@secret.example", phoneOf(p.word), "Company " + p.word, "open-" + p.token} {
		for _, operator := range []string{"ilike", "=", "like", "=ilike", "not ilike", "!=", "in"} {
			list = append(list, attempt{method: "name_search", args: d{"name": text, "operator": operator, "domain": p.named()}})
		}
		list = append(list, attempt{method: "name_search", args: d{"name": text}})
		for _, l := range []any{leaf("display_name", "ilike", text), leaf("display_name", "=", text), leaf("parent_id", "ilike", text), leaf("parent_id", "=", text), leaf("id", "ilike", text),
			leaf("parent_id", "in", []string{text}), leaf("id", "child_of", text), leaf("parent_id", "child_of", text), leaf("category_id", "ilike", text), leaf("country_id", "not like", text),
			leaf("id", "parent_of", text), leaf("id", "in", []string{text}), leaf("display_name", "not in", []string{text}), leaf("user_ids", "=", text)} {
			list = append(list, attempt{method: "search_count", args: d{"domain": p.named(l)}})
		}
	}
	list = append(list, attempt{method: "name_search", args: d{"name": p.name}})
	p.silent(t, list...)
}

// Words of the context that put hidden fields into names.
func probeA89(t *testing.T, p *probing) {
	var list []attempt
	for _, key := range []string{"show_email", "show_vat", "show_address", "show_address_only", "html_format", "address_inline", "partner_show_db_id", "partner_display_name_hide_company", "formatted_display_name", "show_code", "company_id"} {
		for _, env := range []map[string]any{{key: true}, {key: 1, "show_email": true, "show_vat": true, "show_address": true, "lang": "en_US"}} {
			list = append(list,
				attempt{method: "read", ids: []int64{p.a, p.b}, args: d{"fields": []string{"display_name", "name"}}, context: env},
				attempt{method: "name_search", args: d{"name": "Probe"}, context: env},
				attempt{method: "search_read", args: d{"domain": p.named(), "fields": []string{"display_name"}, "order": "id"}, context: env},
			)
		}
	}
	p.silent(t, list...)
}

// What no list of attacks has: ways that the newer versions of Odoo offer, and
// models around the one in question.
func probeBeyond(t *testing.T, p *probing) {
	var list []attempt
	for _, c := range []any{
		leaf("write_date.month_number", ">", 0), leaf("create_date.day_of_week", ">=", 0), leaf("properties.x", "=", 1), leaf("name.properties", "=", 1),
		leaf("name@de_DE", "=", p.name), leaf("email", "any!", []any{}), leaf("email", "=LIKE", p.word+"%"), leaf("EMAIL", "ilike", p.word), leaf("email ", "ilike", p.word),
		leaf("name", "inselect", []any{"SELECT name FROM res_partner WHERE email ilike '%" + p.word + "%'", []any{}}), leaf("id", "inselect", []any{"SELECT id FROM res_partner WHERE email is not null", []any{}}),
		leaf("id", "in", d{"email": p.word}), leaf("id", "in", []any{[]any{"email", "=", p.word}}), leaf("name", "ilike", []any{p.word}), leaf("name", "in", []any{[]any{p.word}}),
		leaf("name", "=", d{"x": 1}), leaf("id", "=", []any{p.a}), leaf("id", "not in", []any{false}), leaf("__last_update", ">", "2020-01-01"), leaf("message_is_follower", "=", true),
		leaf("activity_state", "=", "x"), leaf("active", "=", true), leaf("avatar_128", "!=", false), leaf("has_message", "=", true), leaf("message_needaction", "=", true),
		leaf("name", "ilike", "%\\"), leaf("name", "=like", "%\\"), leaf("id", ">", 1.5), leaf("id", "=", "1"), leaf("id", "child_of", []any{p.company}), leaf("id", "parent_of", []any{p.a}),
		leaf("id", "child_of", p.company), []any{"email", "ilike", p.word, "x"}, []any{"name", "=", p.name, "email"}, "email", 1, []any{}, []any{1, "=", 1}, []any{"1", "=", 1},
	} {
		list = append(list, attempt{method: "search_count", args: d{"domain": p.named(c)}}, attempt{as: &rest, method: "search_count", args: d{"domain": p.named(c)}})
	}
	for _, order := range []string{"write_date.month_number", "name->>'de_DE'", "properties.x", "id desc, parent_id", "create_uid", "1", "name collate \"C\"", "name, display_name", "\"email\"", "res_partner.email", "name;email", "avatar_128"} {
		list = append(list, attempt{method: "search", args: d{"domain": p.named(), "order": order}}, attempt{as: &rest, method: "search", args: d{"domain": p.named(), "order": order}})
	}
	for _, as := range []*app{&narrow, &rest} {
		list = append(list,
			attempt{as: as, method: "read", ids: []int64{p.a, p.b}, args: d{"fields": []string{"name"}, "load": ""}},
			attempt{as: as, method: "search_read", args: d{"domain": p.named(), "fields": []string{"name"}, "order": "id"}, context: d{"bin_size": true, "prefetch_fields": false, "lang": "de_DE"}},
			attempt{as: as, method: "search_read", args: d{"domain": p.named(), "fields": d{"name": d{}, "email": d{}}}},
			attempt{as: as, method: "search_read", args: d{"domain": p.named(), "specification": d{"email": d{}}}},
			attempt{as: as, method: "search", args: d{"domain": p.named(), "limit": 1}},
			attempt{as: as, method: "search", args: d{"domain": p.named(), "limit": 1, "offset": 1}},
			attempt{as: as, method: "search", args: d{"domain": "[('email','ilike','" + p.word + "')]"}},
			attempt{as: as, method: "search", args: d{"domain": p.named(), "count": true}},
			attempt{as: as, method: "search_count", args: d{"domain": p.named(leaf("email", "!=", false)), "limit": 1}},
			attempt{as: as, method: "get_property_definition", args: d{"full_name": "properties.x"}},
			attempt{as: as, method: "get_metadata", ids: []int64{p.a, p.b}},
			attempt{as: as, method: "get_formview_action", ids: []int64{p.a}},
			attempt{as: as, method: "get_views", args: d{"views": []any{[]any{false, "form"}}}},
			attempt{as: as, method: "get_field_translations", ids: []int64{p.a}, args: d{"field_name": "email"}},
			attempt{as: as, method: "read_progress_bar", args: d{"domain": p.named(), "group_by": "email", "progress_bar": d{"field": "color", "colors": d{}}}},
			attempt{as: as, method: "search_panel_select_range", args: d{"field_name": "parent_id"}},
			attempt{as: as, method: "web_read_group", args: d{"domain": p.named(), "groupby": []string{"email"}, "aggregates": []string{}, "fields": []string{}}},
			attempt{as: as, method: "message_get_suggested_recipients", ids: []int64{p.a}},
			attempt{as: as, method: "address_get", ids: []int64{p.a}, args: d{"adr_pref": []string{"invoice"}}},
			attempt{as: as, method: "default_get", args: d{"fields": []string{"email", "country_id"}}, context: d{"default_parent_id": p.company}},
		)
	}
	p.silent(t, list...)

	// From what is around contacts to what is hidden of them.
	list = nil
	orders := []any{leaf("id", "in", []int64{p.order, p.order2})}
	for _, c := range []any{
		leaf("partner_id", "ilike", p.word), leaf("partner_id.email", "ilike", p.word), leaf("partner_id.display_name", "ilike", p.word), leaf("partner_id", "any", []any{leaf("email", "ilike", p.word)}),
		leaf("partner_id.parent_id", "!=", false), leaf("partner_id", "child_of", p.company), leaf("partner_id", "child_of", "Company "+p.word), leaf("partner_id.country_id.code", "!=", false),
		leaf("partner_id", "in", []string{p.word}), leaf("message_partner_ids.email", "ilike", p.word), leaf("partner_invoice_id.email", "ilike", p.word), leaf("order_line.order_partner_id.email", "ilike", p.word),
		leaf("partner_id.commercial_partner_id", "=", p.company), leaf("client_order_ref", "=", p.word), leaf("display_name", "ilike", p.word), leaf("message_ids.body", "ilike", p.word),
		leaf("tax_country_id", "!=", false), leaf("partner_id.category_id", "=", p.tagWord), leaf("partner_credit_warning", "ilike", p.word),
	} {
		list = append(list, attempt{as: &around, model: "sale.order", method: "search_count", args: d{"domain": append(append([]any{}, orders...), c)}})
	}
	for _, model := range []string{"sale.order"} {
		for name := range p.odoo.fieldsOf(model) {
			list = append(list,
				attempt{as: &around, model: model, method: "read", ids: []int64{p.order, p.order2}, args: d{"fields": []string{name}}},
				attempt{short: true, as: &around, model: model, method: "search_count", args: d{"domain": append([]any{leaf(name, "ilike", p.word)}, orders...)}},
			)
		}
	}
	list = append(list,
		attempt{as: &around, model: "sale.order", method: "search_read", args: d{"domain": orders}},
		attempt{as: &around, model: "sale.order", method: "read_group", args: d{"domain": orders, "fields": []string{"amount_total"}, "groupby": []string{"partner_id"}}},
		attempt{as: &around, model: "sale.order", method: "formatted_read_group", args: d{"domain": orders, "aggregates": []string{"amount_total:sum"}, "groupby": []string{"partner_id"}}},
		attempt{as: &around, model: "res.partner.category", method: "read", ids: []int64{p.tagWord, p.tagOther}},
		attempt{as: &around, model: "res.partner.category", method: "search_read", args: d{"domain": []any{leaf("id", "in", []int64{p.tagWord, p.tagOther}), leaf("partner_ids", "=", p.a)}}},
		attempt{as: &around, model: "res.partner.category", method: "search_read", args: d{"domain": []any{leaf("partner_ids.email", "ilike", p.word)}}},
		attempt{as: &around, model: "res.partner.category", method: "name_search", args: d{"name": p.word}},
	)
	p.silent(t, list...)
}
