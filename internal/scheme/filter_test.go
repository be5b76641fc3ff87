package scheme_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

func TestFilter(t *testing.T) {
	nameless := scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"phone"}}
	all := compile(t, customer, country, order)
	tests := []struct {
		name   string
		scheme *scheme.Scheme
		call   odoo.Call
		answer string
		want   string
	}{
		{"hidden fields", all, searchRead("res.partner", nil),
			`[{"id":1,"name":"A","vat":"SENTINEL","password":"x","country_id":[20,"Belgium"]}]`, `[{"id":1,"name":"A","country_id":[20,"Belgium"]}]`},
		{"open fields nobody asked for", all, searchRead("res.partner", map[string]any{"fields": []any{"name"}}),
			`[{"id":1,"name":"A","email":"a@b"}]`, `[{"id":1,"name":"A"}]`},
		{"members in another order", all, searchRead("res.partner", map[string]any{"fields": []any{"name", "country_id"}}),
			`[{"id":1,"name":"A","vat":"x","country_id":false},{"vat":"SENTINEL","id":2,"email":"SENTINEL","name":"B"},{"id":3,"vat":"SENTINEL"}]`,
			`[{"id":1,"name":"A","country_id":false},{"id":2,"name":"B"},{"id":3}]`},
		{"names in another order", compile(t, order, nameless), searchRead("sale.order", map[string]any{"fields": []any{"partner_id", "name"}}),
			`[{"id":1,"name":"S1","partner_id":false},{"id":2,"partner_id":[7,"SENTINEL"],"name":"S2"}]`,
			`[{"id":1,"name":"S1","partner_id":false},{"id":2,"partner_id":[7,"res.partner,7"],"name":"S2"}]`},
		{"numbers as they came", all, searchRead("sale.order", map[string]any{"fields": []any{"amount_total"}}),
			`[{"id":1,"amount_total":1.10}]`, `[{"id":1,"amount_total":1.10}]`},
		{"order of ids", all, odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{9, 3, 7}, Args: []any{[]any{"name"}}},
			`[{"id":3,"name":"c"},{"id":4,"name":"not asked for"},{"id":9,"name":"i"}]`, `[{"id":9,"name":"i"},{"id":3,"name":"c"}]`},
		{"order of ids with a filter", compile(t, filtered()), odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{9, 3}, Args: []any{[]any{"name"}}},
			`[{"id":3,"name":"c"},{"id":9,"name":"i"}]`, `[{"id":9,"name":"i"},{"id":3,"name":"c"}]`},
		{"order of a search stays", all, searchRead("res.partner", map[string]any{"fields": []any{"name"}, "domain": []any{leaf("id", "in", []any{int64(9), int64(3)})}}),
			`[{"id":3,"name":"c"},{"id":9,"name":"i"}]`, `[{"id":3,"name":"c"},{"id":9,"name":"i"}]`},
		{"read of nothing", all, odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{}}, `[]`, `[]`},
		{"name_search", all, odoo.Call{Model: "res.partner", Method: "name_search", Args: []any{"A"}},
			`[{"id":1,"display_name":"SENTINEL, A","name":"A","email":"x"}]`, `[{"id":1,"display_name":"A","name":"A"}]`},
		{"search", all, odoo.Call{Model: "res.partner", Method: "search"}, `[3,1,2]`, `[3,1,2]`},
		{"count", all, odoo.Call{Model: "res.partner", Method: "search_count"}, `12`, `12`},
		{"fields_get", all, odoo.Call{Model: "res.partner", Method: "fields_get"},
			`{"name":{"type":"char","string":"Name","groups":"base.x","depends":["vat"],"domain":"[]","related":"a.vat","context":{}},"vat":{"type":"char"},
			"country_id":{"type":"many2one","relation":"res.country"},"user_ids":{"type":"one2many","relation":"res.users","relation_field":"x"}}`,
			`{"name":{"type":"char","string":"Name"},"country_id":{"type":"many2one","relation":"res.country"},"user_ids":{"type":"one2many"}}`},
		{"fields_get of a choice", compile(t, line), odoo.Call{Model: "sale.order.line", Method: "fields_get", Args: []any{[]any{"name"}, []any{"type", "selection"}}},
			`{"name":{"type":"text","selection":[["a","A"]]}}`, `{"name":{"type":"text","selection":[["a","A"]]}}`},
		{"fields_get of a choice of models", compile(t, scheme.Configuration{Model: "sale.order.line"}), odoo.Call{Model: "sale.order.line", Method: "fields_get", Args: []any{[]any{"origin"}}},
			`{"origin":{"type":"reference","selection":[["hr.payslip","SENTINEL"]]}}`, `{"origin":{"type":"reference"}}`},
		{"fields_get of what is read, or set, alone", compile(t, scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"name"},
			Operations: readWrite, WriteLimit: scheme.LimitWhitelist, WriteFields: []string{"vat"}}), odoo.Call{Model: "res.partner", Method: "fields_get"},
			`{"display_name":{"type":"char"},"email":{"type":"char"},"vat":{"type":"char"},"name":{"type":"char"}}`,
			`{"display_name":{"type":"char"},"vat":{"type":"char"},"name":{"type":"char"}}`},
		{"fields_get of one", all, odoo.Call{Model: "res.partner", Method: "fields_get", Args: []any{[]any{"name"}, []any{"type"}}},
			`{"name":{"type":"char","string":"Name"},"email":{"type":"char"}}`, `{"name":{"type":"char"}}`},
		{"name of a model that hides it", compile(t, order, nameless), searchRead("sale.order", map[string]any{"fields": []any{"partner_id", "name"}}),
			`[{"id":1,"partner_id":[7,"SENTINEL"],"name":"S1"},{"id":2,"partner_id":false,"name":"S2"}]`,
			`[{"id":1,"partner_id":[7,"res.partner,7"],"name":"S1"},{"id":2,"partner_id":false,"name":"S2"}]`},
		{"without names", compile(t, order, nameless), searchRead("sale.order", map[string]any{"fields": []any{"partner_id", "name"}, "load": nil}),
			`[{"id":1,"partner_id":[7,"SENTINEL"],"name":"S1"},{"id":2,"partner_id":false,"name":"S2"},{"id":3,"partner_id":8,"name":"S3"}]`,
			`[{"id":1,"partner_id":7,"name":"S1"},{"id":2,"partner_id":false,"name":"S2"},{"id":3,"partner_id":8,"name":"S3"}]`},
		{"read without names", all, odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{1}, Args: []any{[]any{"country_id"}, ""}},
			`[{"id":1,"country_id":[20,"Belgium"]}]`, `[{"id":1,"country_id":20}]`},
		{"read as it is by itself", all, odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{1}, Args: []any{[]any{"country_id"}, "_classic_read"}},
			`[{"id":1,"country_id":[20,"Belgium"]}]`, `[{"id":1,"country_id":[20,"Belgium"]}]`},
		{"properties", compile(t, scheme.Configuration{Model: "res.partner", Filter: `[["customer_rank",">",0]]`}, country), searchRead("res.partner", map[string]any{"fields": []any{"props"}}),
			`[{"id":1,"props":[{"name":"a","type":"many2one","comodel":"res.partner","domain":"[('vat','=','SENTINEL')]","value":[7,"SENTINEL"]},
			{"name":"b","type":"many2many","comodel":"res.partner","value":[[7,"SENTINEL"],[8,"SENTINEL"]],"default":[[7,"SENTINEL"]]},
			{"name":"c","type":"many2one","comodel":"res.country","value":[20,"Belgium"]},{"name":"d","type":"float","value":1.5}]},{"id":2,"props":false}]`,
			`[{"id":1,"props":[{"comodel":"res.partner","name":"a","type":"many2one","value":[7,"res.partner,7"]},` +
				`{"comodel":"res.partner","default":[[7,"res.partner,7"]],"name":"b","type":"many2many","value":[[7,"res.partner,7"],[8,"res.partner,8"]]},` +
				`{"comodel":"res.country","name":"c","type":"many2one","value":[20,"Belgium"]},{"name":"d","type":"float","value":1.5}]},{"id":2,"props":false}]`},
		{"properties of hidden names", compile(t, scheme.Configuration{Model: "res.partner", HideRelatedNames: true}), searchRead("res.partner", map[string]any{"fields": []any{"props"}}),
			`[{"id":1,"props":[{"name":"a","type":"tags","value":["x","y"]},{"name":"b","type":"many2many","comodel":"res.partner","value":[7,8]},{"name":"c","type":"many2many","comodel":"res.users","value":[[7,"SENTINEL"],[8,null]]},
			{"name":"d","type":"many2one","comodel":"res.partner","value":[9,"SENTINEL"],"string":"D"}]}]`,
			`[{"id":1,"props":[{"name":"a","type":"tags","value":["x","y"]},{"comodel":"res.partner","name":"b","type":"many2many","value":[7,8]},{"comodel":"res.users","name":"c","type":"many2many","value":[[7,"res.users,7"],[8,null]]},` +
				`{"comodel":"res.partner","name":"d","string":"D","type":"many2one","value":[9,"res.partner,9"]}]}]`},
		{"files", all, searchRead("res.partner", map[string]any{"fields": []any{"image"}}),
			`[{"id":1,"image":"QQ=="},{"id":2,"image":{"filename":"a.png","content":"Qg==","size":1}},{"id":3,"image":false},{"id":4,"image":{"size":1}}]`,
			`[{"id":1,"image":"QQ=="},{"id":2,"image":"Qg=="},{"id":3,"image":false},{"id":4,"image":false}]`},
		{"name of a model outside the scheme", compile(t, order), searchRead("sale.order", map[string]any{"fields": []any{"partner_id"}}),
			`[{"id":1,"partner_id":[7,"Azure"]}]`, `[{"id":1,"partner_id":[7,"Azure"]}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checked, err := check(t, tt.scheme, tt.call)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tt.scheme.Filter(context.Background(), erp(), checked, odoo.Result{Value: []byte(tt.answer)})
			if err != nil || string(got.Value) != tt.want {
				t.Errorf("got  %s, %v\nwant %s", got.Value, err, tt.want)
			}
		})
	}
}

// matching is erp, where a search finds some records.
type matching struct {
	source
	found string
	err   error
	calls []odoo.Call
}

func (m *matching) Run(_ context.Context, call odoo.Call) (odoo.Result, error) {
	m.calls = append(m.calls, call)
	return odoo.Result{Value: []byte(m.found)}, m.err
}

// The name of a record outside of its model's filter is not shown: only
// records that match the filter exist for the application.
func TestFilterNamesOfRecords(t *testing.T) {
	const answer = `[{"id":1,"partner_id":[7,"Azure"]},{"id":2,"partner_id":[8,"SENTINEL"]},{"id":3,"partner_id":false},{"id":4,"partner_id":[7,"Azure"]}]`
	closed := customer
	closed.Filter = `[["contact_address","=","x"]]`
	tests := []struct {
		name  string
		model scheme.Configuration
		found string
		err   error
		asked string
		want  string
		fails string
	}{
		{"some", filtered(), `[{"id":7,"name":"Azure"}]`, nil, `["&","&",["id","in",[7,8]],["active","in",[true,false]],["customer_rank",">",0]]`,
			`[{"id":1,"partner_id":[7,"Azure"]},{"id":2,"partner_id":[8,"res.partner,8"]},{"id":3,"partner_id":false},{"id":4,"partner_id":[7,"Azure"]}]`, ""},
		{"no right", filtered(), `null`, &odoo.Error{Kind: odoo.AccessError}, `["&","&",["id","in",[7,8]],["active","in",[true,false]],["customer_rank",">",0]]`,
			`[{"id":1,"partner_id":[7,"res.partner,7"]},{"id":2,"partner_id":[8,"res.partner,8"]},{"id":3,"partner_id":false},{"id":4,"partner_id":[7,"res.partner,7"]}]`, ""},
		{"filter that cannot be enforced", closed, `[{"id":7},{"id":8}]`, nil, ``,
			`[{"id":1,"partner_id":[7,"res.partner,7"]},{"id":2,"partner_id":[8,"res.partner,8"]},{"id":3,"partner_id":false},{"id":4,"partner_id":[7,"res.partner,7"]}]`, ""},
		{"no filter", customer, `[{"id":7,"name":"Azure"},{"id":8,"name":"Peter"}]`, nil, `["&",["id","in",[7,8]],["active","in",[true,false]]]`, strings.ReplaceAll(answer, "SENTINEL", "Peter"), ""},
		{"nothing hidden", scheme.Configuration{Model: "res.partner"}, `[]`, nil, ``, answer, ""},
		{"outage", filtered(), `null`, errDown, `["&","&",["id","in",[7,8]],["active","in",[true,false]],["customer_rank",">",0]]`, ``, errDown.Error()},
		{"another shape", filtered(), `["SENTINEL"]`, nil, `["&","&",["id","in",[7,8]],["active","in",[true,false]],["customer_rank",">",0]]`, ``, "odoo: unexpected answer: odoo: unexpected answer: string where { was expected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := compile(t, tt.model, order)
			checked, err := check(t, s, searchRead("sale.order", map[string]any{"fields": []any{"partner_id"}}))
			if err != nil {
				t.Fatal(err)
			}
			src := &matching{source: erp(), found: tt.found, err: tt.err}
			got, err := s.Filter(context.Background(), src, checked, odoo.Result{Value: []byte(answer)})
			var fails string
			if err != nil {
				fails = err.Error()
			}
			if string(got.Value) != tt.want || fails != tt.fails {
				t.Errorf("got  %s, %q\nwant %s, %q", got.Value, fails, tt.want, tt.fails)
			}
			var asked string
			for _, call := range src.calls {
				asked += text(t, call.Kwargs["domain"])
				if call.Model != "res.partner" || call.Method != "search_read" || call.Kwargs["limit"] != int64(2) || call.Context != nil {
					t.Errorf("asked %+v", call)
				}
			}
			if asked != tt.asked {
				t.Errorf("asked %s, want %s", asked, tt.asked)
			}
		})
	}
}

// A link in another form than that of today's versions shows no name either.
func TestFilterNamesInAnotherForm(t *testing.T) {
	s := compile(t, filtered(), order)
	for _, link := range []string{`{"id":8,"display_name":"SENTINEL"}`, `"SENTINEL"`, `[8,"SENTINEL",1]`, `["8","SENTINEL"]`, `[{"id":8},"SENTINEL"]`, `true`} {
		for _, method := range []string{"search_read", "read_group"} {
			call := odoo.Call{Model: "sale.order", Method: method, Kwargs: vals{"fields": []any{"partner_id"}}}
			if method == "read_group" {
				call.Kwargs["groupby"] = []any{"partner_id"}
			}
			checked, err := check(t, s, call)
			if err != nil {
				t.Fatal(err)
			}
			src := &matching{source: erp(), found: `[{"id":7,"name":"Azure"}]`}
			got, err := s.Filter(context.Background(), src, checked, odoo.Result{Value: []byte(`[{"id":1,"partner_id":` + link + `}]`)})
			if e, ok := errors.AsType[*odoo.Error](err); !ok || e.Kind != odoo.Server || got.Value != nil {
				t.Errorf("%s in %s: %s, %v", link, method, got.Value, err)
			}
		}
	}
}

// Whether a filter can be enforced is not known in an outage: nothing is shown.
func TestFilterNamesInAnOutage(t *testing.T) {
	c := customer
	c.Filter = `[["country_id.code", "=", "BE"]]`
	s := compile(t, c, order)
	checked, err := check(t, s, searchRead("sale.order", map[string]any{"fields": []any{"partner_id"}}))
	if err != nil {
		t.Fatal(err)
	}
	src := erp()
	delete(src, "res.country")
	if got, err := s.Filter(context.Background(), src, checked, odoo.Result{Value: []byte(`[{"id":1,"partner_id":[7,"SENTINEL"]}]`)}); !errors.Is(err, errDown) || got.Value != nil {
		t.Errorf("%s, %v", got.Value, err)
	}
}

// A display name shows no field that is not open: it reads as the name.
func TestFilterDisplayName(t *testing.T) {
	product := func(limit scheme.Limit, fields ...string) scheme.Configuration {
		return scheme.Configuration{Model: "product.product", Limit: limit, Fields: fields}
	}
	lines := scheme.Configuration{Model: "sale.order.line", Limit: scheme.LimitWhitelist, Fields: []string{"name", "product_id"}}
	const (
		full   = `[{"id":5,"display_name":"[SENTINEL] Desk","name":"Desk"},{"id":6,"display_name":"[SENTINEL] ","name":false}]`
		short  = `[{"id":5,"display_name":"Desk","name":"Desk"},{"id":6,"display_name":"product.product,6","name":false}]`
		answer = `[{"id":1,"product_id":[5,"[SENTINEL] Desk"],"name":"L"}]`
	)
	for name, tt := range map[string]struct {
		product   scheme.Configuration
		own, line string
	}{
		"whitelist":                   {product(scheme.LimitWhitelist, "name"), short, `[{"id":1,"product_id":[5,"Desk"],"name":"L"}]`},
		"blacklist":                   {product(scheme.LimitBlacklist, "default_code"), short, `[{"id":1,"product_id":[5,"Desk"],"name":"L"}]`},
		"blacklist of others":         {product(scheme.LimitBlacklist, "barcode"), full, answer},
		"no limit":                    {product(scheme.LimitNone), full, answer},
		"whitelist of all it shows":   {product(scheme.LimitWhitelist, "name", "default_code"), full, answer},
		"whitelist that names it too": {product(scheme.LimitWhitelist, "name", "display_name"), full, answer},
	} {
		t.Run(name, func(t *testing.T) {
			s := compile(t, tt.product, lines)
			src := &matching{source: erp(), found: full}
			filter := func(call odoo.Call, answer string) string {
				t.Helper()
				checked, err := check(t, s, call)
				if err != nil {
					t.Fatal(err)
				}
				got, err := s.Filter(context.Background(), src, checked, odoo.Result{Value: []byte(answer)})
				if err != nil {
					t.Fatal(err)
				}
				return string(got.Value)
			}
			if got := filter(searchRead("product.product", map[string]any{"fields": []any{"display_name", "name"}}), full); got != tt.own {
				t.Errorf("read: %s", got)
			}
			if got := filter(odoo.Call{Model: "product.product", Method: "name_search"}, full); tt.own == short && got != short {
				t.Errorf("name_search: %s", got)
			}
			if got := filter(searchRead("sale.order.line", map[string]any{"fields": []any{"product_id", "name"}}), answer); got != tt.line {
				t.Errorf("many2one: %s", got)
			}
		})
	}
	// A line says whose order it is of, a tag what it is below of.
	tags := scheme.Configuration{Model: "res.partner.category", Limit: scheme.LimitWhitelist, Fields: []string{"name"}}
	s := compile(t, lines, tags)
	for _, model := range []string{"sale.order.line", "res.partner.category"} {
		checked, err := check(t, s, searchRead(model, map[string]any{"fields": []any{"display_name"}}))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Filter(context.Background(), erp(), checked, odoo.Result{Value: []byte(`[{"id":1,"display_name":"SENTINEL / L","name":"L"}]`)})
		if want := `[{"id":1,"display_name":"L","name":"L"}]`; err != nil || string(got.Value) != want {
			t.Errorf("%s: %s, %v", model, got.Value, err)
		}
	}
}

// An answer of another shape says nothing and lets nothing through.
func TestFilterUnexpected(t *testing.T) {
	writable := customer
	writable.Operations = readWrite
	s := compile(t, writable, country)
	write := odoo.Call{Model: "res.partner", Method: "write", IDs: []int64{1}, Args: []any{map[string]any{"name": "x"}}}
	tests := map[string]struct {
		call   odoo.Call
		answer string
	}{
		"records":             {searchRead("res.partner", nil), `{"vat":"SENTINEL"}`},
		"records of text":     {searchRead("res.partner", nil), `["SENTINEL"]`},
		"duplicate names":     {searchRead("res.partner", nil), `[{"id":1,"name":"a","name":"SENTINEL"}]`},
		"record without id":   {odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{1}}, `[{"name":"SENTINEL"}]`},
		"cut short":           {searchRead("res.partner", nil), `[{"id":1,"name":"SENT`},
		"two values":          {searchRead("res.partner", nil), `[] []`},
		"ids":                 {odoo.Call{Model: "res.partner", Method: "search"}, `["SENTINEL"]`},
		"count":               {odoo.Call{Model: "res.partner", Method: "search_count"}, `"SENTINEL"`},
		"fields_get":          {odoo.Call{Model: "res.partner", Method: "fields_get"}, `["SENTINEL"]`},
		"properties":          {searchRead("res.partner", map[string]any{"fields": []any{"props"}}), `[{"id":1,"props":["SENTINEL"]}]`},
		"pair of texts":       {searchRead("res.partner", map[string]any{"fields": []any{"country_id"}, "load": nil}), `[{"id":1,"country_id":["1","SENTINEL"]}]`},
		"pair of three":       {searchRead("res.partner", map[string]any{"fields": []any{"country_id"}, "load": nil}), `[{"id":1,"country_id":[1,2,"SENTINEL"]}]`},
		"pair of a duplicate": {searchRead("res.partner", map[string]any{"fields": []any{"country_id"}, "load": nil}), `[{"id":1,"country_id":[1,{"a":1,"a":"SENTINEL"}]}]`},
		"fields_get, field":   {odoo.Call{Model: "res.partner", Method: "fields_get"}, `{"name":"SENTINEL"}`},
		"write, an object":    {write, `{"status":"SENTINEL"}`},
		"write, a text":       {write, `"SENTINEL"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			checked, err := check(t, s, tt.call)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Filter(context.Background(), erp(), checked, odoo.Result{Value: []byte(tt.answer)})
			if e, ok := errors.AsType[*odoo.Error](err); !ok || e.Kind != odoo.Server || got.Value != nil {
				t.Errorf("got %s, %v", got.Value, err)
			}
		})
	}
}

// Filter refuses calls that Check cannot have let through.
func TestFilterUnchecked(t *testing.T) {
	s := compile(t, customer)
	for _, call := range []odoo.Call{
		{Model: "res.users", Method: "search_read"},
		{Model: "res.partner", Method: "read", IDs: []int64{1}},
		{Model: "res.partner", Method: "web_search_read"},
	} {
		if _, err := s.Filter(context.Background(), erp(), scheme.Checked{Call: call}, odoo.Result{Value: []byte(`[{"id":1}]`)}); code(err) == "" {
			t.Errorf("%s.%s: no error", call.Model, call.Method)
		}
	}
}
