package scheme_test

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

func callable() scheme.Configuration {
	return scheme.Configuration{
		Name: "order", Model: "sale.order", Filter: `[["amount_total", ">", 0]]`, Reports: []string{"sale.report_saleorder"},
		Methods: []scheme.Method{
			{Name: "action_confirm"}, {Name: "message_post", Arguments: []string{"body", "subtype_xmlid"}},
			{Name: "get_totals", OnModel: true, AnyAnswer: true},
		},
	}
}

func call(method string, ids []int64, args []any, kwargs vals) odoo.Call {
	return odoo.Call{Model: "sale.order", Method: method, IDs: ids, Args: args, Kwargs: kwargs}
}

func TestMethods(t *testing.T) {
	s := compile(t, callable())
	for name, tt := range map[string]struct {
		call  odoo.Call
		want  string
		ids   string
		named string
	}{
		"confirm":             {call("action_confirm", []int64{3, 3, 4}, nil, nil), "", `[3,4]`, `{}`},
		"positional":          {call("message_post", []int64{3}, []any{"<b>", "x"}, nil), "", `[3]`, `{"body":"<b>","subtype_xmlid":"x"}`},
		"named":               {call("message_post", []int64{3}, nil, vals{"body": []any{int64(1), vals{"a": nil}}}), "", `[3]`, `{"body":[1,{"a":null}]}`},
		"on the model":        {call("get_totals", nil, nil, nil), "", `[]`, `{}`},
		"not named":           {call("action_cancel", []int64{3}, nil, nil), scheme.CodeOperation, "", ""},
		"unknown argument":    {call("message_post", []int64{3}, nil, vals{"attachments": []any{}}), scheme.CodeArgument, "", ""},
		"too many":            {call("action_confirm", []int64{3}, []any{true}, nil), scheme.CodeArgument, "", ""},
		"twice":               {call("message_post", []int64{3}, []any{"a"}, vals{"body": "b"}), scheme.CodeArgument, "", ""},
		"context":             {call("message_post", []int64{3}, nil, vals{"context": vals{}}), scheme.CodeArgument, "", ""},
		"without ids":         {call("action_confirm", nil, nil, nil), scheme.CodeInvalid, "", ""},
		"no record":           {call("action_confirm", []int64{}, nil, nil), scheme.CodeInvalid, "", ""},
		"records of a model":  {call("get_totals", []int64{1}, nil, nil), scheme.CodeInvalid, "", ""},
		"private":             {call("_action_confirm", []int64{1}, nil, nil), scheme.CodeOperation, "", ""},
		"of another model":    {odoo.Call{Model: "res.partner", Method: "action_confirm", IDs: []int64{1}}, scheme.CodeModel, "", ""},
		"a value of no JSON":  {call("message_post", []int64{3}, nil, vals{"body": "\xff"}), scheme.CodeInvalid, "", ""},
		"in other characters": {call("action_Confirm", []int64{3}, nil, nil), scheme.CodeOperation, "", ""},
	} {
		got, err := check(t, s, tt.call)
		if code(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if text(t, odoo.IDList(got.IDs)) != tt.ids || text(t, got.Kwargs) != tt.named || got.Args != nil || got.Scope != scheme.ScopeCall {
			t.Errorf("%s: got %+v", name, got)
		}
		if guarded := len(got.Guards) == 1 && text(t, odoo.IDList(got.Guards[0].IDs)) == tt.ids; guarded != (tt.ids != "[]") {
			t.Errorf("%s: guards %v", name, got.Guards)
		}
	}
}

// What nobody may call is known without its arguments, and without Odoo; Check
// refuses it in the same words.
func TestClosed(t *testing.T) {
	s := define(t, scheme.Definition{Limit: scheme.LimitNone, Configurations: []scheme.Configuration{callable()}})
	for _, tt := range []struct{ model, method, code string }{
		{"sale.order", "search", ""}, {"sale.order", "fields_get", ""}, {"sale.order", "has_access", ""}, {"sale.order", "action_confirm", ""},
		{"res.country", "search", ""}, {"res.country", "fields_get", ""},
		{"sale.order", "write", scheme.CodeOperation}, {"sale.order", "action_cancel", scheme.CodeOperation}, {"sale.order", "", scheme.CodeOperation},
		{"res.country", "create", scheme.CodeOperation}, {"res.country", "action_confirm", scheme.CodeOperation}, {"res.country", "copy", scheme.CodeOperation},
		{"res.users", "search", scheme.CodeModel}, {"", "search", scheme.CodeModel},
	} {
		call := odoo.Call{Model: tt.model, Method: tt.method}
		if d := s.Closed(call); d == nil && tt.code != "" || d != nil && (d.Code != tt.code || d.Operation != tt.method || d.Model != tt.model) {
			t.Errorf("%s of %s: %+v", tt.method, tt.model, d)
		}
		if tt.method == "write" || tt.method == "action_confirm" {
			call.IDs = []int64{1}
		}
		if _, err := check(t, s, call); tt.code != "" && code(err) != tt.code {
			t.Errorf("%s of %s: %v", tt.method, tt.model, err)
		}
	}
	if d := s.ClosedReport("sale.report_saleorder"); d != nil {
		t.Errorf("a report that is open: %+v", d)
	}
	if d := s.ClosedReport("sale.other"); d == nil || d.Code != scheme.CodeReport || d.Operation != "report" {
		t.Errorf("another report: %+v", d)
	}
}

// What a method answers may hold anything.
func TestMethodAnswers(t *testing.T) {
	s := compile(t, callable())
	for answer, want := range map[string]string{
		`true`: `true`, `false`: `false`, `null`: `null`, `12`: `12`, `1.50`: `1.50`,
		`"/my/orders/1?access_token=SENTINEL"`: `true`, `{"context":{"x":"SENTINEL"}}`: `true`, `["SENTINEL"]`: `true`, `[1,2]`: `true`, ``: `true`,
	} {
		for method, own := range map[string]string{"action_confirm": want, "get_totals": answer} {
			var ids []int64
			if method == "action_confirm" {
				ids = []int64{1}
			}
			checked, err := check(t, s, call(method, ids, nil, nil))
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Filter(context.Background(), erp(), checked, odoo.Result{Value: []byte(answer)})
			if err != nil || string(got.Value) != own {
				t.Errorf("%s answers %s: got %s, %v", method, answer, got.Value, err)
			}
		}
	}
}

func TestReports(t *testing.T) {
	s := compile(t, callable())
	checkReport := func(s *scheme.Scheme, name string, ids ...int64) (scheme.Checked, error) {
		return s.CheckReport(context.Background(), erp(), name, ids)
	}
	got, err := checkReport(s, "sale.report_saleorder", 3, 3)
	if err != nil || got.Report != "sale.report_saleorder" || got.Model != "sale.order" || len(got.IDs) != 1 || len(got.Guards) != 1 || got.Scope != scheme.ScopeCall {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := s.Filter(context.Background(), erp(), got, odoo.Result{Value: []byte(`"SENTINEL"`)}); code(err) != scheme.CodeOperation {
		t.Errorf("a report as a value: %v", err)
	}
	closed := callable()
	closed.Filter = `[["nope", "=", 1]]`
	many := make([]int64, 1001)
	for i := range many {
		many[i] = int64(i + 1)
	}
	for name, tt := range map[string]struct {
		s      *scheme.Scheme
		report string
		ids    []int64
		want   string
	}{
		"another":  {s, "account.report_invoice", []int64{1}, scheme.CodeReport},
		"a path":   {s, "../sale.report_saleorder", []int64{1}, scheme.CodeReport},
		"no ids":   {s, "sale.report_saleorder", nil, scheme.CodeInvalid},
		"id zero":  {s, "sale.report_saleorder", []int64{0}, scheme.CodeInvalid},
		"too many": {s, "sale.report_saleorder", many, scheme.CodeLimit},
		"closed":   {compile(t, closed), "sale.report_saleorder", []int64{1}, scheme.CodeClosed},
	} {
		if _, err := checkReport(tt.s, tt.report, tt.ids...); code(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAccess(t *testing.T) {
	s := compile(t, writing()...)
	for name, tt := range map[string]struct {
		call        odoo.Call
		want        string
		known, sent string
		guarded     bool
	}{
		"open":               {odoo.Call{Model: "sale.order", Method: "check_access_rights", Args: []any{"write"}}, "", "", `{"operation":"write","raise_exception":true}`, false},
		"open, no error":     {odoo.Call{Model: "sale.order", Method: "check_access_rights", Args: []any{"read", false}}, "", "", `{"operation":"read","raise_exception":false}`, false},
		"closed":             {odoo.Call{Model: "res.country", Method: "check_access_rights", Args: []any{"write", false}}, "", "false", `null`, false},
		"closed, with error": {odoo.Call{Model: "res.country", Method: "check_access_rights", Args: []any{"write"}}, scheme.CodeOperation, "", "", false},
		"records":            {odoo.Call{Model: "res.partner", Method: "has_access", IDs: []int64{5}, Args: []any{"write"}}, "", "", `{"operation":"write"}`, true},
		"the model":          {odoo.Call{Model: "res.partner", Method: "has_access", Args: []any{"unlink"}}, "", "", `{"operation":"unlink"}`, false},
		"records, closed":    {odoo.Call{Model: "res.country", Method: "has_access", IDs: []int64{5}, Args: []any{"unlink"}}, "", "false", `null`, false},
		"another operation":  {odoo.Call{Model: "res.partner", Method: "has_access", Args: []any{"browse"}}, scheme.CodeInvalid, "", "", false},
		"another model":      {odoo.Call{Model: "res.users", Method: "has_access", Args: []any{"read"}}, scheme.CodeModel, "", "", false},
	} {
		got, err := check(t, s, tt.call)
		if code(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		var sent any
		if got.Kwargs != nil {
			sent = got.Kwargs
		}
		if string(got.Answer) != tt.known || text(t, sent) != tt.sent || (len(got.Guards) > 0) != tt.guarded || got.Scope != scheme.ScopeRead {
			t.Errorf("%s: got %+v", name, got)
		}
		for answer, ok := range map[string]bool{"true": true, "false": true, `"SENTINEL"`: false, "null": false, "t": false} {
			if _, err := s.Filter(context.Background(), erp(), got, odoo.Result{Value: []byte(answer)}); (err == nil) != ok {
				t.Errorf("%s: answer %s: %v", name, answer, err)
			}
		}
	}
}

func TestDefaults(t *testing.T) {
	s := compile(t, writing()...)
	for name, tt := range map[string]struct {
		model  string
		fields any
		want   string
	}{
		"hidden":           {"sale.order", []any{"margin"}, scheme.CodeField},
		"not to be set":    {"res.partner", []any{"email_normalized"}, scheme.CodeField},
		"create is closed": {"res.country", []any{"name"}, scheme.CodeOperation},
		"no list":          {"sale.order", "name", scheme.CodeInvalid},
	} {
		if _, err := check(t, s, odoo.Call{Model: tt.model, Method: "default_get", Args: []any{tt.fields}}); code(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	checked, err := check(t, s, odoo.Call{Model: "res.partner", Method: "default_get", Kwargs: vals{"fields_list": []any{"name", "phone", "country_id", "child_ids", "customer_rank", "image", "email"}}})
	if err != nil || text(t, checked.Args) != `[["name","phone","country_id","child_ids","customer_rank","image","email"]]` {
		t.Fatalf("%v, %v", checked, err)
	}
	got, err := s.Filter(context.Background(), erp(), checked, odoo.Result{Value: []byte(
		`{"name":"n","vat":"SENTINEL","country_id":20,"child_ids":[[0,0,{"vat":"SENTINEL"}]],"image":{"content":"SENTINEL"},"email":["SENTINEL"],"customer_rank":0}`)})
	if want := `{"name":"n","phone":"none","country_id":20,"customer_rank":1}`; err != nil || string(got.Value) != want {
		t.Errorf("%s, %v", got.Value, err)
	}
}

// Answers to what is written say which records are new, and nothing else.
func TestWrittenAnswers(t *testing.T) {
	s := compile(t, writing()...)
	for _, tt := range []struct {
		call         odoo.Call
		answer, want string
	}{
		{create("sale.order", vals{}), `5`, `5`},
		{create("sale.order", []any{vals{}}), `[5,6]`, `[5,6]`},
		{create("sale.order", vals{}), `"SENTINEL"`, ``},
		{create("sale.order", vals{}), `[{"id":1,"vat":"SENTINEL"}]`, ``},
		{create("sale.order", vals{}), `0`, ``},
		{write("sale.order", vals{}, 1), `{"vat":"SENTINEL"}`, ``},
		{write("sale.order", vals{}, 1), `null`, `true`},
		{write("sale.order", vals{}, 1), `[7]`, `true`},
		{odoo.Call{Model: "sale.order", Method: "unlink", IDs: []int64{1}}, `"SENTINEL"`, ``},
	} {
		checked, err := check(t, s, tt.call)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Filter(context.Background(), erp(), checked, odoo.Result{Value: []byte(tt.answer)})
		if string(got.Value) != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s answers %s: %s, %v", tt.call.Method, tt.answer, got.Value, err)
		}
	}
}

func TestScopes(t *testing.T) {
	methods := scheme.Configuration{Model: "sale.order", Operations: []scheme.Operation{scheme.Create}, Reports: []string{"sale.report"}}
	for name, tt := range map[string]struct {
		s    *scheme.Scheme
		want string
	}{
		"reading":    {compile(t, country), "odoo.read"},
		"writing":    {compile(t, writing()...), "odoo.read odoo.write"},
		"calling":    {compile(t, callable()), "odoo.read odoo.call"},
		"never read": {compile(t, methods), "odoo.write odoo.call"},
		"methods":    {compile(t, scheme.Configuration{Model: "sale.order", Methods: []scheme.Method{{Name: "action_confirm"}}}), "odoo.read odoo.call"},
		"changing":   {compile(t, scheme.Configuration{Model: "sale.order", Operations: []scheme.Operation{scheme.Write}}), "odoo.write"},
		"deleting":   {compile(t, scheme.Configuration{Model: "sale.order", Operations: []scheme.Operation{scheme.Unlink}}), "odoo.write"},
		"nothing":    {compile(t), ""},
	} {
		if got := strings.Join(tt.s.Scopes(), " "); got != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	for method, want := range map[string]string{
		"read": "odoo.read", "search_read": "odoo.read", "read_group": "odoo.read", "default_get": "odoo.read", "has_access": "odoo.read", "fields_get": "odoo.read",
		"create": "odoo.write", "write": "odoo.write", "unlink": "odoo.write", "copy": "odoo.call", "action_confirm": "odoo.call", "": "odoo.call",
	} {
		if got := scheme.ScopeOf(odoo.Call{Model: "x", Method: method}); got != want {
			t.Errorf("%s: %s", method, got)
		}
	}
}
