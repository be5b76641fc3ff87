//go:build realodoo

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// fingerprint is all that attempts at changes must leave as it is.
func (p *probing) fingerprint() string {
	p.odoo.t.Helper()
	fields := []string{"name", "active"}
	there := p.odoo.fieldsOf("res.partner")
	for _, name := range hiddenFromProbes {
		if there[name] && name != "write_date" {
			fields = append(fields, name)
		}
	}
	var contacts, tags, users []map[string]any
	all := d{"context": d{"active_test": false}, "order": "id"}
	with := func(fields ...string) map[string]any {
		out := d{"fields": fields}
		for k, v := range all {
			out[k] = v
		}
		return out
	}
	p.odoo.model("res.partner", "search_read", &contacts, with(fields...), []any{"|", leaf("name", "ilike", p.token), leaf("id", "in", []int64{p.a, p.b})})
	p.odoo.model("res.partner.category", "search_read", &tags, with("name"), []any{leaf("name", "ilike", p.token)})
	p.odoo.model("res.users", "search_read", &users, with("login", "partner_id"), []any{})
	text, err := json.Marshal([]any{contacts, tags, users})
	if err != nil {
		p.odoo.t.Fatal(err)
	}
	return string(text)
}

// refusedAll makes attempts, each of which must be refused, and change nothing.
func (p *probing) refusedAll(t *testing.T, attempts ...attempt) {
	t.Helper()
	p.state(0)
	before := p.fingerprint()
	for _, a := range attempts {
		for dialect, send := range p.dialects(a) {
			got := send()
			if got.status < 400 || got.status >= 500 {
				t.Errorf("%s %s: %.700s", dialect, a, got.text)
			}
			if p.betrays(a, got.text) {
				t.Errorf("%s %s\n tells what is hidden:\n%.700s", dialect, a, got.body)
			}
		}
	}
	if after := p.fingerprint(); after != before {
		t.Fatalf("something has changed\n%s\n to\n%s", before, after)
	}
}

// Writing what is hidden, and other records through lists of them.
func probeA75(t *testing.T, p *probing) {
	var list []attempt
	command := func(parts ...any) []any { return []any{parts} }
	for _, vals := range []d{
		{"email": "x@y.example"}, {"name": p.name, "email": "x@y.example"}, {"country_id": p.elsewhere}, {"parent_id": p.company2}, {"active": false}, {"company_id": 1},
		{"category_id": command(6, 0, []int64{p.tagOther})}, {"category_id": command(0, 0, d{"name": "new " + p.token})}, {"category_id": command(1, p.tagWord, d{"name": "other " + p.token})},
		{"category_id": command(2, p.tagWord, 0)}, {"category_id": command(3, p.tagWord, 0)}, {"category_id": command(5, 0, 0)}, {"category_id": []int64{p.tagOther}},
		{"child_ids": command(0, 0, d{"name": "child " + p.token})}, {"child_ids": command(1, p.b, d{"email": "x@y.example"})}, {"child_ids": command(2, p.b, 0)}, {"child_ids": command(4, p.b, 0)},
		{"user_ids": command(0, 0, d{"name": "u", "login": "u" + p.token})}, {"user_ids": command(1, 2, d{"login": "stolen"})}, {"user_id": 2}, {"self": p.b}, {"commercial_partner_id": p.b},
		{"id": p.b}, {"create_uid": 1}, {"write_date": "2020-01-01 00:00:00"}, {"display_name": "x"}, {"complete_name": "x"}, {"email_normalized": "x@y.example"}, {"parent_id.email": "x"},
		{"message_ids": command(0, 0, d{"body": p.token})}, {"signup_token": "x"}, {"name": d{"en_US": "x"}}, {"name": []any{"x"}}, {"Email": "x"}, {"properties": d{"x": 1}},
	} {
		list = append(list,
			attempt{as: &writer, method: "write", ids: []int64{p.a}, args: d{"vals": vals}},
			attempt{as: &narrow, method: "write", ids: []int64{p.a}, args: d{"vals": vals}},
		)
		made := d{"name": "made " + p.token}
		for name, v := range vals {
			made[name] = v
		}
		list = append(list, attempt{as: &writer, method: "create", args: d{"vals_list": made}}, attempt{as: &narrow, method: "create", args: d{"vals_list": made}})
	}
	p.refusedAll(t, append(list,
		attempt{as: &narrow, method: "write", ids: []int64{p.a}, args: d{"vals": d{"name": "x"}}},
		attempt{as: &narrow, method: "unlink", ids: []int64{p.b}},
		attempt{as: &narrow, method: "create", args: d{"vals_list": d{"name": "made " + p.token}}},
	)...)
	before := p.fingerprint()
	for _, vals := range []d{{"email": "x@y.example"}, {"category_id": command(1, p.tagWord, d{"name": "other " + p.token})}} {
		p.odoo.write("res.partner", p.a, vals)
		if p.fingerprint() == before {
			t.Errorf("asked straight, Odoo does not write %v either", vals)
		}
	}
	p.odoo.write("res.partner.category", p.tagWord, d{"name": p.word})
}

// Words of the context that set fields, and that find what is put away.
func probeA76(t *testing.T, p *probing) {
	env := d{"default_email": "x@y.example", "default_country_id": p.country, "default_parent_id": p.company, "default_is_company": true, "default_user_ids": []any{[]any{0, 0, d{"login": "u" + p.token}}}}
	email := func(id int64) any {
		var got []map[string]any
		p.odoo.model("res.partner", "read", &got, d{"fields": []string{"email"}}, []int64{id})
		return got[0]["email"]
	}
	for dialect, send := range p.dialects(attempt{as: &writer, method: "create", args: d{"vals_list": d{"name": "made " + p.token}}, context: env}) {
		got := send()
		var ids []int64
		p.odoo.model("res.partner", "search", &ids, nil, []any{leaf("name", "=", "made "+p.token)})
		if len(ids) != 1 || email(ids[0]) != false {
			t.Errorf("%s: %v %s", dialect, ids, got.text)
		}
		p.odoo.remove("res.partner", ids...)
	}
	delete(env, "default_user_ids")
	var id int64
	p.odoo.model("res.partner", "create", &id, d{"context": env}, d{"name": "made " + p.token})
	if email(id) == false {
		t.Error("asked straight, Odoo does not take the address from the context either")
	}
	p.odoo.remove("res.partner", id)

	gone := p.odoo.create("res.partner", d{"name": p.name, "active": false})
	for _, context := range []map[string]any{{"active_test": false}, {"active_test": false, "lang": "en_US"}} {
		a := attempt{method: "search_count", args: d{"domain": p.named()}, context: context}
		for dialect, send := range p.dialects(a) {
			if got := send(); !strings.Contains(got.body, "2") || strings.Contains(got.body, "3") {
				t.Errorf("%s %s: %s", dialect, a, got.body)
			}
		}
		if got := p.odoo.ask(a); !strings.Contains(got, `"result": 3`) {
			t.Errorf("asked straight: %s", got)
		}
	}
	p.odoo.remove("res.partner", gone)
}

// Methods that nobody has opened: all that Odoo has for contacts.
func probeA78(t *testing.T, p *probing) {
	var list []attempt
	for method, args := range map[string]d{
		"export_data": {"fields_to_export": []string{"email"}}, "copy": {}, "copy_data": {}, "toggle_active": {}, "action_archive": {}, "action_unarchive": {}, "message_post": {"body": p.token},
		"web_save": {"vals": d{"name": "x"}, "specification": d{"email": d{}}}, "web_read": {"specification": d{"email": d{}}}, "name_get": {}, "exists": {}, "mapped": {"func": "email"},
		"filtered": {"func": "email"}, "sudo": {}, "with_context": {}, "with_user": {"user": 1}, "with_company": {"company": 1}, "get_metadata": {}, "get_external_id": {}, "check_access_rule": {"operation": "read"},
		"create_company": {}, "open_commercial_entity": {}, "address_get": {}, "message_get_suggested_recipients": {}, "message_subscribe": {"partner_ids": []int64{3}}, "activity_schedule": {},
		"onchange": {"values": d{}, "field_name": "email", "field_onchange": d{"email": "1"}}, "update_field_translations": {"field_name": "name", "translations": d{}}, "get_field_translations": {"field_name": "name"},
		"signup_get_auth_param": {}, "signup_prepare": {}, "get_base_url": {}, "read_": {}, "_read": {}, "_search": {}, "__class__": {}, "__getitem__": {"key": "email"}, "env": {}, "flush_recordset": {}, "modified": {},
		"search_fetch": {"domain": []any{}, "field_names": []string{"email"}}, "fetch": {"field_names": []string{"email"}}, "write_": {}, "unlink_": {}, "merge": {}, "action_view_sale_order": {}, "view_header_get": {},
	} {
		list = append(list, attempt{as: &narrow, method: method, ids: []int64{p.a, p.b}, args: args}, attempt{as: &writer, method: method, ids: []int64{p.a, p.b}, args: args})
	}
	for method, args := range map[string]d{
		"name_create": {"name": "made " + p.token}, "load": {"fields": []string{"name", "email"}, "data": []any{[]any{"made " + p.token, "x@y.example"}}}, "default_get": {"fields": []string{"email"}},
		"web_search_read": {"domain": []any{}, "specification": d{"email": d{}}}, "search_panel_select_range": {"field_name": "parent_id"}, "get_views": {"views": []any{[]any{false, "form"}}}, "fields_view_get": {},
		"get_import_templates": {}, "find_or_create": {"email": "x@y.example"}, "im_search": {"name": "a"}, "get_mention_suggestions": {"search": "a"}, "search_for_channel_invite": {"search_term": "a"}, "web_read_group": {"domain": []any{}, "groupby": []string{"email"}, "aggregates": []any{}},
		"read_progress_bar": {"domain": []any{}, "group_by": "email", "progress_bar": d{}}, "fields_get_keys": {}, "init": {}, "browse": {"ids": []int64{1}}, "new": {}, "user_has_groups": {"groups": "base.group_system"}, "get_property_definition": {"full_name": "properties.x"},
	} {
		list = append(list, attempt{as: &narrow, method: method, args: args}, attempt{as: &writer, method: method, args: args})
	}
	p.refusedAll(t, list...)
	if got := p.odoo.ask(attempt{method: "export_data", ids: []int64{p.a}, args: d{"fields_to_export": []string{"email"}}}); !strings.Contains(got, p.word) {
		t.Errorf("asked straight, export_data tells nothing either: %s", got)
	}
}

// Records outside of the filter are as records that do not exist.
func probeA80(t *testing.T, p *probing) {
	p.state(0)
	const absent = 2_000_000_017
	child := p.odoo.create("res.partner", d{"name": "Child " + p.token, "parent_id": p.outside, "ref": "open-" + p.token})
	at := func(id int64) []attempt {
		one := []int64{id}
		return []attempt{
			{as: &selected, method: "read", ids: one}, {as: &selected, method: "read", ids: []int64{p.a, id}, args: d{"fields": []string{"name"}}},
			{as: &selected, method: "search_read", args: d{"domain": []any{leaf("id", "=", id)}}}, {as: &selected, method: "search_count", args: d{"domain": []any{leaf("id", "in", one)}}},
			{as: &selected, method: "search_count", args: d{"domain": []any{"|", leaf("id", "=", id), leaf("name", "=", "nobody")}}}, {as: &selected, method: "search_count", args: d{"domain": []any{"!", leaf("id", "!=", id)}}},
			{as: &selected, method: "read_group", args: d{"domain": []any{leaf("id", "=", id)}, "fields": []string{"name"}, "groupby": []string{"name"}}},
			{as: &selected, method: "has_access", ids: one, args: d{"operation": "read"}}, {as: &selected, method: "search", args: d{"domain": []any{leaf("id", "child_of", id)}}},
			{as: &selected, method: "write", ids: one, args: d{"vals": d{"name": "Taken"}}}, {as: &selected, method: "unlink", ids: one}, {as: &selected, method: "write", ids: []int64{p.a, id}, args: d{"vals": d{"name": "Taken"}}},
			{as: &selected, method: "unlink", ids: []int64{id, p.b}},
		}
	}
	before := p.fingerprint()
	there, gone := at(p.outside), at(absent)
	for i, a := range there {
		for dialect, send := range p.dialects(a) {
			got := strings.ReplaceAll(send().text, fmt.Sprint(p.outside), "ID")
			want := strings.ReplaceAll(p.dialects(gone[i])[dialect]().text, fmt.Sprint(absent), "ID")
			if got != want {
				t.Errorf("%s %s\n%.700s\n---- but of a record that does not exist:\n%.700s", dialect, a, got, want)
			}
		}
		if after := p.fingerprint(); after != before {
			t.Fatalf("%s\n has changed\n%s\n to\n%s", a, before, after)
		}
	}
	if got := p.odoo.ask(there[2]); !strings.Contains(got, "Outside") {
		t.Errorf("asked straight, the record is not there either: %s", got)
	}
	// Nor does the name of one that is inside tell it.
	for _, a := range []attempt{
		{as: &selected, method: "read", ids: []int64{child}, args: d{"fields": []string{"display_name"}}}, {as: &selected, method: "name_search", args: d{"name": "Child " + p.token}},
	} {
		for dialect, send := range p.dialects(a) {
			if got := send(); got.status != http.StatusOK || !strings.Contains(got.body, "Child "+p.token) || strings.Contains(got.body, "Outside") {
				t.Errorf("%s %s: %s", dialect, a, got.text)
			}
		}
	}
	if got := p.odoo.ask(attempt{method: "read", ids: []int64{child}, args: d{"fields": []string{"display_name"}}}); !strings.Contains(got, "Outside") {
		t.Errorf("asked straight, the name tells nothing either: %s", got)
	}
	p.odoo.remove("res.partner", child)
}

// What is read back after a change.
func probeA83(t *testing.T, p *probing) {
	p.silent(t,
		attempt{as: &writer, method: "write", ids: []int64{p.a}, args: d{"vals": d{"name": p.name}}},
		attempt{as: &writer, method: "write", ids: []int64{p.a, p.b}, args: d{"vals": d{"name": p.name}}},
		attempt{as: &writer, method: "read", ids: []int64{p.a, p.b}},
		attempt{as: &selected, method: "write", ids: []int64{p.b, p.a}, args: d{"vals": d{"name": p.name}}},
	)
	made := p.send(writer, http.MethodPost, "/restapi/1.0/object/res.partner", nil, d{"vals": d{"name": "made " + p.token}})
	var answer map[string]map[string]any
	if err := json.Unmarshal([]byte(made.body), &answer); err != nil || len(answer["res.partner"]) != 3 || answer["res.partner"]["display_name"] != "made "+p.token {
		t.Errorf("%v: %s", err, made.text)
	}
	id, _ := answer["res.partner"]["id"].(float64)
	p.odoo.remove("res.partner", int64(id))
}
