//go:build realodoo

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Models that show all others.
func probeA77(t *testing.T, p *probing) {
	for _, as := range []*app{&narrow, &rest} {
		list := []attempt{
			{as: as, model: "ir.attachment", method: "search_read", args: d{"domain": []any{leaf("res_model", "=", "res.partner"), leaf("res_id", "=", p.a)}, "fields": []string{"name"}}},
			{as: as, model: "ir.attachment", method: "read", ids: []int64{p.attachment}, args: d{"fields": []string{"name", "datas"}}},
			{as: as, model: "mail.message", method: "search_read", args: d{"domain": []any{leaf("res_id", "=", p.a), leaf("model", "=", "res.partner")}, "fields": []string{"body", "record_name"}}},
			{as: as, model: "sale.order", method: "search_read", args: d{"domain": []any{leaf("id", "=", p.order)}, "fields": []string{"client_order_ref"}}},
			{as: as, model: "res.country", method: "search_count", args: d{"domain": []any{}}},
			{as: as, model: "ir.exports", method: "search_read", args: d{"domain": []any{}}},
			{as: as, model: "ir.filters", method: "search_read", args: d{"domain": []any{}}},
		}
		p.silent(t, list...)
		for _, model := range []string{"ir.model", "ir.model.fields", "ir.model.data", "ir.rule", "ir.config_parameter", "ir.cron", "ir.actions.server", "ir.ui.view", "ir.property", "ir.default", "res.users", "res.groups", "res.users.apikeys", "bus.bus",
			"mail.followers", "mail.thread", "base", "res.users.log", "change.password.wizard", "base.partner.merge.automatic.wizard", "portal.wizard", "res.partner.bank", "res.partner.category", "res.company", "crm.lead", "no.such.model", "Res.Partner", "res.partner.", "_unknown"} {
			for _, method := range []string{"search_read", "search_count", "fields_get", "name_search", "check_access_rights"} {
				args := map[string]d{"search_count": {"domain": []any{}}, "check_access_rights": {"operation": "read"}}[method]
				list = append(list, attempt{short: method != "search_read", as: as, model: model, method: method, args: args})
			}
		}
		p.refusedAll(t, list...)
	}
}

// What models and fields there are.
func probeA79(t *testing.T, p *probing) {
	list := []attempt{
		{method: "fields_get"}, {method: "fields_get", args: d{"allfields": []string{"name"}, "attributes": []string{"string", "type", "groups", "depends", "related", "domain", "relation", "selection"}}},
		{method: "fields_get", args: d{"allfields": []string{}}}, {as: &writer, method: "fields_get"}, {as: &selected, method: "fields_get"},
		{method: "fields_get", args: d{"allfields": []string{"email"}}}, {method: "fields_get", args: d{"allfields": []string{"name", "email", "parent_id"}, "attributes": []string{}}},
	}
	quoted := func(text string) []string {
		var out []string
		for _, name := range append([]string{"user_ids", "message_ids", "groups", "depends", "related", "child_ids", "credit_limit"}, hiddenFromProbes...) {
			if strings.Contains(text, `"`+name+`":`) || strings.Contains(text, `"name":"`+name+`"`) {
				out = append(out, name)
			}
		}
		return out
	}
	for _, a := range list {
		for dialect, send := range p.dialects(a) {
			if got := send(); len(quoted(got.body)) > 0 || got.status >= 500 {
				t.Errorf("%s %s tells of %v: %.700s", dialect, a, quoted(got.body), got.text)
			}
		}
	}
	if len(quoted(p.odoo.ask(list[0]))) < 15 {
		t.Error("asked straight, Odoo tells of no fields either")
	}
	for _, a := range []app{narrow, rest, shut} {
		got := p.send(a, http.MethodGet, "/orestapi/application/model", nil, nil)
		if got.status == http.StatusOK && strings.Count(got.body, `"model":`) != 1 {
			t.Errorf("%s: %s", a.id, got.text)
		}
	}
}

// Documents, files and pages of Odoo's own, with a token alone.
func probeA81(t *testing.T, p *probing) {
	p.state(0)
	for _, path := range []string{
		fmt.Sprint("/restapi/1.0/report/sale.report_saleorder/", p.order), fmt.Sprint("/restapi/1.0/report/sale.report_saleorder?ids=", p.order), fmt.Sprint("/restapi/1.0/report/sale.action_report_saleorder/", p.order),
		fmt.Sprint("/report/html/sale.report_saleorder/", p.order), fmt.Sprint("/report/pdf/sale.report_saleorder/", p.order), fmt.Sprint("/web/content/", p.attachment), fmt.Sprint("/web/content/ir.attachment/", p.attachment, "/raw"),
		fmt.Sprint("/web/content?model=ir.attachment&field=datas&id=", p.attachment), fmt.Sprint("/web/image/res.partner/", p.a, "/image_128"), fmt.Sprint("/web/binary/content?model=ir.attachment&field=datas&id=", p.attachment),
		fmt.Sprint("/my/orders/", p.order), "/orestapi/model/icon?model=ir.attachment", fmt.Sprint("/json/1/res.partner/", p.a), "/web/export/csv", "/web/dataset/call_kw", "/jsonrpc", "/xmlrpc/2/object",
	} {
		for _, a := range []app{narrow, rest, around} {
			if got := p.send(a, http.MethodGet, path, nil, nil); strings.Contains(got.text, p.word) || got.status == http.StatusOK && !strings.HasPrefix(path, "/web/image/") && !strings.Contains(got.body, "oe_login_form") {
				t.Errorf("%s %s: %.500s", a.id, path, got.text)
			}
		}
	}
	r := p.odoo.request(http.MethodGet, fmt.Sprint("/report/html/sale.report_saleorder/", p.order), nil)
	resp, err := p.odoo.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if page, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(page), p.word) {
		t.Errorf("asked straight, the report has no word of it either: %v %s", err, resp.Status)
	}
	var list []attempt
	for _, field := range []string{"image_1920", "image_128", "avatar_128", "avatar_1920", "message_main_attachment_id", "message_attachment_count"} {
		list = append(list, attempt{method: "read", ids: []int64{p.a}, args: d{"fields": []string{field}}})
	}
	p.refusedAll(t, list...)
}

// Errors, in which Odoo says what it knows.
func probeA82(t *testing.T, p *probing) {
	p.state(0)
	for _, a := range []attempt{
		{as: &writer, method: "write", ids: []int64{p.a}, args: d{"vals": d{"name": false}}}, {as: &writer, method: "unlink", ids: []int64{3}},
		{as: &writer, method: "create", args: d{"vals_list": d{}}}, {as: &writer, method: "write", ids: []int64{2_000_000_017}, args: d{"vals": d{"name": "x"}}},
		{method: "search", args: d{"domain": p.named(leaf("name", "in", "x"))}}, {method: "search", args: d{"domain": []any{"&"}}}, {method: "search", args: d{"domain": p.named(), "offset": "x"}}, {method: "read", ids: []int64{-1, 0}},
		{method: "search", args: d{"domain": p.named(), "limit": 1 << 40}}, {method: "search_read", args: d{"domain": p.named(leaf("id", "=", int64(1)<<62))}}, {method: "name_search", args: d{"name": "\u0000"}}, {method: "search_count", args: d{"domain": p.named(leaf("name", "=", "\u0000"))}},
		{method: "search_count", args: d{"domain": p.named(leaf("name", "like", `x\`))}}, {method: "search_count", args: d{"domain": p.named(leaf("name", "=like", `x\`))}}, {method: "search_read", args: d{"domain": p.named()}, context: d{"lang": "xx_XX", "tz": "Nowhere/At_All"}},
		{method: "search_read", args: d{"domain": p.named()}, context: d{"lang": "'; select 1 --"}}, {as: &writer, method: "create", args: d{"vals_list": d{"name": strings.Repeat("x", 100)}, "nonsense": 1}},
	} {
		for dialect, send := range p.dialects(a) {
			got := send()
			if p.betrays(a, got.text) {
				t.Errorf("%s %s\n tells what is hidden:\n%.700s", dialect, a, got.body)
			}
			for _, word := range []string{"Traceback", "psycopg", "res_partner", "File \\\"", "odoo/http", "violates", "constraint", "SELECT", "Contact: Partners", "sale.order", "Mitchell", "Administrator", "debug"} {
				if strings.Contains(got.body, word) {
					t.Errorf("%s %s says %q: %.700s", dialect, a, word, got.text)
				}
			}
		}
	}
	if got := p.odoo.ask(attempt{method: "write", ids: []int64{p.a}, args: d{"vals": d{"name": false}}}); !strings.Contains(got, "Traceback") {
		t.Errorf("asked straight, Odoo says nothing either: %s", got)
	}
	var left []int64
	p.odoo.model("res.partner", "search", &left, nil, []any{leaf("name", "=", strings.Repeat("x", 100))})
	p.odoo.remove("res.partner", left...)
}

// More than an application may ask for at once.
func probeA84(t *testing.T, p *probing) {
	many := make([]int64, 1001)
	leaves := []any{}
	for i := range many {
		many[i] = int64(i + 1)
		leaves = append(leaves, leaf("id", "!=", i))
	}
	nots := []any{}
	for range 40 {
		nots = append(nots, "!")
	}
	nots = append(nots, leaf("name", "=", p.name))
	p.refusedAll(t,
		attempt{method: "search", args: d{"domain": []any{}, "limit": 1001}}, attempt{method: "search_read", args: d{"domain": []any{}, "limit": 1_000_000}}, attempt{method: "search", args: d{"domain": []any{}, "limit": -1}},
		attempt{method: "search", args: d{"domain": []any{}, "offset": -1}}, attempt{method: "read", ids: many}, attempt{method: "search_count", args: d{"domain": leaves}}, attempt{method: "search_count", args: d{"domain": nots}},
		attempt{method: "search_count", args: d{"domain": []any{leaf("id", "in", many)}}}, attempt{as: &writer, method: "unlink", ids: many}, attempt{as: &writer, method: "write", ids: many, args: d{"vals": d{"name": "x"}}},
		attempt{method: "search_count", args: d{"domain": []any{leaf("name", "=", strings.Repeat("x", 20_000))}}}, attempt{method: "read_group", args: d{"domain": []any{}, "fields": []string{"name"}, "groupby": []string{"name"}, "limit": 5000}},
	)
	if got := p.odoo.ask(attempt{method: "search", args: d{"domain": []any{}, "limit": 1_000_000}}); !strings.Contains(got, `"result"`) {
		t.Errorf("asked straight: %s", got)
	}
	got := p.send(narrow, http.MethodPost, "/json/2/res.partner/search", nil, d{"domain": []any{}})
	if n := strings.Count(got.body, ",") + 1; n > 80 {
		t.Errorf("%d records without a limit", n)
	}
}

// Companies that the context names.
func probeA85(t *testing.T, p *probing) {
	p.state(0)
	for _, env := range []map[string]any{{"allowed_company_ids": []int64{2_000_000_017}}, {"allowed_company_ids": []int64{1, 2_000_000_017}}, {"allowed_company_ids": "x"}, {"force_company": 2_000_000_017}, {"company_id": 2_000_000_017}} {
		with := attempt{method: "search_read", args: d{"domain": p.named(), "order": "id"}, context: env}
		without := attempt{method: "search_read", args: d{"domain": p.named(), "order": "id"}}
		plain := p.dialects(without)
		for dialect, send := range p.dialects(with) {
			if got, want := send(), plain[dialect](); got.text != want.text || got.status != http.StatusOK {
				t.Errorf("%s %s: %.500s\n----\n%.500s", dialect, with, got.text, want.text)
			}
		}
	}
	with := attempt{method: "search_read", args: d{"domain": p.named()}, context: d{"allowed_company_ids": []int64{2_000_000_017}}}
	if got := p.odoo.ask(with); !strings.Contains(got, "AccessError") {
		t.Errorf("asked straight, the company makes no difference either: %.500s", got)
	}
	p.refusedAll(t,
		attempt{method: "search_count", args: d{"domain": p.named(leaf("company_id", "=", 1))}}, attempt{as: &writer, method: "write", ids: []int64{p.a}, args: d{"vals": d{"company_id": 1}}},
		attempt{method: "search_count", args: d{"domain": p.named(leaf("company_ids", "in", []int64{1}))}},
	)
}

// Odoo away: no rule is left out for want of knowledge.
func probeA86(t *testing.T, p *probing) {
	list := []attempt{
		{method: "search_read", args: d{"domain": p.named()}}, {method: "search_count", args: d{"domain": p.named(leaf("email", "ilike", p.word))}}, {method: "read", ids: []int64{p.a}, args: d{"fields": []string{"email"}}},
		{as: &around, model: "sale.order.line", method: "search_read", args: d{"domain": []any{}}}, {as: &rest, method: "read", ids: []int64{p.a}}, {as: &selected, method: "search_read", args: d{"domain": []any{}}}, {method: "fields_get"},
	}
	p.state(0)
	for _, cut := range []int64{-1, 0, 40, 400} {
		for _, a := range list {
			for dialect, send := range p.dialects(a) {
				if cut < 0 {
					p.site.valve.shut()
				} else {
					p.site.valve.cutNext(cut)
				}
				got := send()
				p.site.valve.reopen()
				if p.betrays(a, got.text) || got.status == http.StatusOK && cut < 0 && a.method != "fields_get" {
					t.Errorf("%s %s with %d bytes of Odoo: %.500s", dialect, a, cut, got.text)
				}
			}
		}
	}
	p.site.valve.cutNext(-1)
	if got := p.send(narrow, http.MethodPost, "/json/2/res.partner/search_count", nil, d{"domain": p.named()}); got.body != "2" {
		t.Errorf("after it is back: %s", got.text)
	}
	for _, field := range []string{"x_" + p.token, "no_such_field"} {
		for _, a := range []attempt{{as: &rest, method: "read", ids: []int64{p.a}, args: d{"fields": []string{field}}}, {as: &rest, method: "search_count", args: d{"domain": []any{leaf(field, "=", 1)}}}} {
			if got := p.dialects(a)["json2"](); got.status < 400 || got.status >= 500 {
				t.Errorf("%s: %s", a, got.text)
			}
		}
	}
}

// Conditions that Odoo takes for true because it cannot search.
func probeA88(t *testing.T, p *probing) {
	p.state(0)
	for _, a := range []attempt{
		{as: &shut, method: "search_read", args: d{"domain": []any{}}}, {as: &shut, method: "search_count", args: d{"domain": []any{}}}, {as: &shut, method: "read", ids: []int64{p.a}}, {as: &shut, method: "fields_get"}, {as: &shut, method: "name_search", args: d{"name": p.name}},
	} {
		for dialect, send := range p.dialects(a) {
			if got := send(); got.status != http.StatusForbidden && !(dialect == "orestapi" && got.status == http.StatusUnauthorized) || strings.Contains(got.body, p.name) {
				t.Errorf("%s %s: %.500s", dialect, a, got.text)
			}
		}
	}
	var described map[string]struct{ Searchable bool }
	p.odoo.model("res.partner", "fields_get", &described, d{"attributes": []string{"searchable"}})
	straight := 0
	for name, f := range described {
		if f.Searchable || name == "display_name" { // that is searched by name
			continue
		}
		a := attempt{as: &rest, method: "search_count", args: d{"domain": p.named(leaf(name, "=", "zzz"))}}
		for dialect, send := range p.dialects(a) {
			if got := send(); got.status < 400 || got.status >= 500 {
				t.Errorf("%s %s: %.500s", dialect, a, got.text)
			}
		}
		if got := p.odoo.ask(a); strings.Contains(got, `"result": 2`) || p.odoo.version >= 19 && strings.Contains(got, `"error"`) {
			straight++
		}
		if got := p.send(rest, http.MethodGet, "/restapi/1.0/object/res.partner/search", url.Values{"domain": {"[]"}, "order": {name}}, nil); got.status < 400 || got.status >= 500 {
			t.Errorf("order by %s: %.500s", name, got.text)
		}
	}
	if straight == 0 {
		t.Error("asked straight, Odoo takes no such condition for true, nor fails on one")
	}
}
