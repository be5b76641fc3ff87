package scheme_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

func TestDenied(t *testing.T) {
	many := make([]any, 1001)
	manyIDs := make([]int64, 1001)
	for i := range many {
		many[i], manyIDs[i] = int64(i+1), int64(i+1)
	}
	sorted := func(o string) odoo.Call { return searchRead("res.partner", map[string]any{"order": o}) }
	where := func(path, operator string, value any) odoo.Call {
		return searchRead("res.partner", domain(leaf(path, operator, value)))
	}
	tests := []struct {
		name string
		call odoo.Call
		want string
	}{
		// Models and methods: A58, A77, A78.
		{"model outside the scheme", searchRead("res.users", nil), scheme.CodeModel},
		{"model in other case", searchRead("RES.PARTNER", nil), scheme.CodeModel},
		{"look-alike model", searchRead("res．partner", nil), scheme.CodeModel},
		{"write", odoo.Call{Model: "res.partner", Method: "write", IDs: []int64{1}}, scheme.CodeOperation},
		{"private method", odoo.Call{Model: "res.partner", Method: "_search"}, scheme.CodeOperation},
		{"export", odoo.Call{Model: "res.partner", Method: "export_data", IDs: []int64{1}}, scheme.CodeOperation},
		{"web_search_read", odoo.Call{Model: "res.partner", Method: "web_search_read"}, scheme.CodeOperation},
		{"method in other case", odoo.Call{Model: "res.partner", Method: "Read", IDs: []int64{1}}, scheme.CodeOperation},

		// Arguments.
		{"unknown keyword", searchRead("res.partner", map[string]any{"access_rights_uid": int64(1)}), scheme.CodeArgument},
		{"load", odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{1}, Kwargs: map[string]any{"load": int64(1)}}, scheme.CodeInvalid},
		{"load of another way", odoo.Call{Model: "res.partner", Method: "search_read", Kwargs: map[string]any{"load": "_all"}}, scheme.CodeInvalid},
		{"too many positional", odoo.Call{Model: "res.partner", Method: "search_count", Args: []any{nil, nil, nil}}, scheme.CodeArgument},
		{"twice", odoo.Call{Model: "res.partner", Method: "search", Args: []any{[]any{}}, Kwargs: domain()}, scheme.CodeArgument},
		{"args and domain", odoo.Call{Model: "res.partner", Method: "name_search", Kwargs: map[string]any{"args": []any{}, "domain": []any{}}}, scheme.CodeArgument},
		{"context as keyword", searchRead("res.partner", map[string]any{"context": map[string]any{}}), scheme.CodeArgument},
		{"search with ids", odoo.Call{Model: "res.partner", Method: "search", IDs: []int64{1}}, scheme.CodeInvalid},
		{"read without ids", odoo.Call{Model: "res.partner", Method: "read"}, scheme.CodeInvalid},
		{"malformed lang", odoo.Call{Model: "res.partner", Method: "search", Context: map[string]any{"lang": "../x"}}, scheme.CodeInvalid},

		// Fields: A70.
		{"hidden field", searchRead("res.partner", map[string]any{"fields": []any{"name", "vat"}}), scheme.CodeField},
		{"hidden field on read", odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{1}, Args: []any{[]any{"vat"}}}, scheme.CodeField},
		{"blacklisted field", searchRead("sale.order", map[string]any{"fields": []any{"margin"}}), scheme.CodeField},
		{"hidden that does not exist", searchRead("res.partner", map[string]any{"fields": []any{"nope"}}), scheme.CodeField},
		{"open that does not exist", searchRead("sale.order", map[string]any{"fields": []any{"nope"}}), scheme.CodeFieldUnknown},
		{"dotted field", searchRead("res.partner", map[string]any{"fields": []any{"country_id.code"}}), scheme.CodeField},
		{"field no text", searchRead("sale.order", map[string]any{"fields": []any{"name", int64(5)}}), scheme.CodeInvalid},
		{"fields no list", searchRead("res.partner", map[string]any{"fields": "vat"}), scheme.CodeInvalid},
		{"hidden field in fields_get", odoo.Call{Model: "res.partner", Method: "fields_get", Args: []any{[]any{"vat"}}}, scheme.CodeField},
		{"only hidden attributes", odoo.Call{Model: "res.partner", Method: "fields_get", Kwargs: map[string]any{"attributes": []any{"groups"}}}, scheme.CodeInvalid},

		// Domains: A71, A72.
		{"hidden leaf", where("vat", "=", "US1"), scheme.CodeField},
		{"hidden leaf below an operator", searchRead("res.partner", domain("|", leaf("name", "=", "x"), "!", leaf("vat", "=", "x"))), scheme.CodeField},
		{"hidden leaf in a count", odoo.Call{Model: "res.partner", Method: "search_count", Kwargs: domain(leaf("credit_limit", ">", int64(5)))}, scheme.CodeField},
		{"hidden leaf in name_search", odoo.Call{Model: "res.partner", Method: "name_search", Kwargs: map[string]any{"args": []any{leaf("vat", "=", "x")}}}, scheme.CodeField},
		{"path into a closed model", where("user_ids.login", "=", "admin"), scheme.CodeField},
		{"path to a hidden field", where("parent_id.vat", "=", "x"), scheme.CodeField},
		{"path through a text", where("name.x", "=", "x"), scheme.CodeField},
		{"any into a closed model", where("user_ids", "any", []any{leaf("login", "=", "admin")}), scheme.CodeField},
		{"any to a hidden field", where("parent_id", "any", []any{leaf("vat", "=", "x")}), scheme.CodeField},
		{"not any to a hidden field", where("child_ids", "not any", []any{leaf("vat", "=", "x")}), scheme.CodeField},
		{"any without rights", where("parent_id", "any!", []any{}), scheme.CodeDomain},
		{"date part", where("write_date.year_number", ">", int64(1)), scheme.CodeField},
		{"properties", where("props", "=", "x"), scheme.CodeOperator},
		{"properties path", where("props.color", "=", "x"), scheme.CodeField},
		{"no domain", searchRead("res.partner", map[string]any{"domain": "[]"}), scheme.CodeDomain},
		{"operator without operand", searchRead("res.partner", domain("|", leaf("name", "=", "x"))), scheme.CodeDomain},
		{"too deep", searchRead("res.partner", domain(append(slices.Repeat([]any{"!"}, 40), leaf("name", "=", "x"))...)), scheme.CodeDomain},
		{"too many conditions", searchRead("res.partner", domain(slices.Repeat([]any{leaf("name", "=", "x")}, 201)...)), scheme.CodeDomain},
		{"child_of with a name", where("parent_id", "child_of", "Azure"), scheme.CodeOperator},
		{"child_of in a closed model", where("user_ids", "child_of", int64(1)), scheme.CodeField},
		{"child_of without open parent", where("country_id", "child_of", int64(1)), scheme.CodeFieldUnknown},
		{"too many ids in a leaf", where("id", "in", many), scheme.CodeOperator},
		{"fraction for an id", where("id", "=", 1.5), scheme.CodeOperator},
		{"text for a number", where("id", "=", "1 OR 1=1"), scheme.CodeOperator},
		{"text for another number", odoo.Call{Model: "sale.order", Method: "search", Kwargs: domain(leaf("amount_total", ">", "x"))}, scheme.CodeOperator},
		{"number for a text", where("name", "=", int64(1)), scheme.CodeOperator},
		{"NUL", where("name", "=", "a\x00b"), scheme.CodeOperator},
		{"NUL in a pattern", where("name", "ilike", "a\x00b"), scheme.CodeOperator},
		{"number for a pattern", where("name", "ilike", int64(1)), scheme.CodeOperator},
		{"nothing for a pattern", where("name", "not ilike", nil), scheme.CodeOperator},
		{"list for a pattern", where("name", "ilike", []any{"x"}), scheme.CodeOperator},

		// Texts that search fields nobody named: A87.
		{"text on many2one", where("parent_id", "ilike", "example.com"), scheme.CodeOperator},
		{"equal text on many2one", where("parent_id", "=", "Azure"), scheme.CodeOperator},
		{"text in a many2one", where("parent_id", "in", "Azure"), scheme.CodeOperator},
		{"text not in a list", where("category_id", "not in", "VIP"), scheme.CodeOperator},
		{"text in a text", where("name", "not in", "x"), scheme.CodeOperator},
		{"texts on many2one", where("parent_id", "in", []any{"Azure"}), scheme.CodeOperator},
		{"text on x2many", where("category_id", "=", "VIP"), scheme.CodeOperator},
		{"inequality on many2one", where("parent_id", ">", "A"), scheme.CodeOperator},
		{"inequality with an id", where("parent_id", ">", int64(5)), scheme.CodeOperator},
		{"text on id", where("id", "ilike", "1"), scheme.CodeOperator},
		{"list with =", where("name", "=", []any{"x"}), scheme.CodeOperator},
		{"file", where("image", "ilike", "AAAA"), scheme.CodeOperator},
		{"content of a file", where("image", "=", "AAAA"), scheme.CodeOperator},
		{"file that is true", where("image", "=", true), scheme.CodeOperator},
		{"files", where("image", "in", []any{false}), scheme.CodeOperator},
		{"file after another", where("image", ">", false), scheme.CodeOperator},
		{"negative name_search", odoo.Call{Model: "res.partner", Method: "name_search", Args: []any{"x", nil, "not ilike"}}, scheme.CodeOperator},

		// A pattern that fails in the database once a record matches its beginning.
		{"unfinished pattern", where("name", "=like", `Azure\`), scheme.CodeOperator},
		{"unfinished pattern, any case", where("name", "not =ilike", `Az\\\`), scheme.CodeOperator},
		{"unfinished pattern once it is without accents", where("name", "=ilike", "Azure\uff3c"), scheme.CodeOperator},
		{"unfinished pattern, mixed", where("name", "=ilike", "Azure\u2216\\"), scheme.CodeOperator},
		{"unfinished pattern on path", where("country_id.name", "=ilike", `B\`), scheme.CodeOperator},
		{"unfinished pattern in any", where("country_id", "any", []any{leaf("name", "=like", `B\`)}), scheme.CodeOperator},
		{"unfinished pattern in name_search", odoo.Call{Model: "res.partner", Method: "name_search", Args: []any{`A\`, nil, "=ilike"}}, scheme.CodeOperator},

		// Leaves that would be true: A88.
		{"not searchable", where("contact_address", "=", "zzz"), scheme.CodeSearch},

		// Order: A73.
		{"order by hidden", sorted("vat"), scheme.CodeField},
		{"order by path", sorted("country_id.code"), scheme.CodeOrder},
		{"order by relation", sorted("country_id desc"), scheme.CodeOrder},
		{"order not sortable", sorted("contact_address"), scheme.CodeOrder},
		{"order with SQL", sorted("name; drop table x"), scheme.CodeInvalid},
		{"order with a call", sorted("name desc, (select 1)"), scheme.CodeInvalid},
		{"order in no direction", sorted("name upwards"), scheme.CodeInvalid},
		{"order of other nulls", sorted("name desc ones last"), scheme.CodeInvalid},
		{"order of no nulls", sorted("name desc nulls between"), scheme.CodeInvalid},
		{"order with empty term", sorted("name,,id"), scheme.CodeInvalid},
		{"order with property", sorted("props.color"), scheme.CodeOrder},

		// Amounts: A84.
		{"limit too high", searchRead("res.partner", map[string]any{"limit": int64(1001)}), scheme.CodeLimit},
		{"negative limit", searchRead("res.partner", map[string]any{"limit": int64(-1)}), scheme.CodeInvalid},
		{"limit true", searchRead("res.partner", map[string]any{"limit": true}), scheme.CodeInvalid},
		{"offset text", searchRead("res.partner", map[string]any{"offset": "5"}), scheme.CodeInvalid},
		{"offset fraction", searchRead("res.partner", map[string]any{"offset": 1.5}), scheme.CodeInvalid},
		{"too many ids", odoo.Call{Model: "res.partner", Method: "read", IDs: manyIDs}, scheme.CodeLimit},
		{"id zero", odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{0}}, scheme.CodeInvalid},
	}
	s := compile(t, customer, country, order, line)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := check(t, s, tt.call)
			if code(err) != tt.want {
				t.Fatalf("call %v, error %v, want code %s", got, err, tt.want)
			}
			var d *scheme.Denied
			if errors.As(err, &d) && (d.Operation != tt.call.Method || d.Model == "" || d.Rule == "") {
				t.Errorf("incomplete: %+v", d)
			}
		})
	}
}

// A hidden field and one that does not exist are refused in the same words.
func TestDeniedDoesNotTellWhatExists(t *testing.T) {
	s := compile(t, customer)
	message := func(field string) string {
		_, err := check(t, s, searchRead("res.partner", map[string]any{"fields": []any{field}}))
		return strings.ReplaceAll(err.Error(), field, "X")
	}
	if a, b := message("vat"), message("vat2"); a != b {
		t.Errorf("%q differs from %q", a, b)
	}
}

func TestRewritten(t *testing.T) {
	const page = `"limit":80,"offset":0`
	open := `["id","name","email","phone","country_id","parent_id","child_ids","contact_address","category_id","user_ids","image","props","display_name"]`
	tests := []struct {
		name   string
		scheme *scheme.Scheme
		call   odoo.Call
		method string
		kwargs string
		env    string
	}{
		{"no fields", nil, searchRead("res.partner", nil), "search_read",
			`{"domain":[],"fields":` + open + `,` + page + `,"order":"name, id"}`, `null`},
		{"fields false", nil, searchRead("res.partner", map[string]any{"fields": []any{}}), "search_read",
			`{"domain":[],"fields":` + open + `,` + page + `,"order":"name, id"}`, `null`},
		{"positional", nil, odoo.Call{Model: "res.country", Method: "search_read", Args: []any{[]any{}, []any{"name", "name"}, int64(5), int64(10), "name DESC"}}, "search_read",
			`{"domain":[],"fields":["name"],"limit":10,"offset":5,"order":"name desc, id"}`, `null`},
		{"limit 0", nil, odoo.Call{Model: "res.country", Method: "search", Kwargs: map[string]any{"limit": int64(0)}}, "search",
			`{"domain":[],` + page + `,"order":"name, id"}`, `null`},
		{"leaves without operator", nil, odoo.Call{Model: "res.country", Method: "search_count", Kwargs: domain(leaf("name", "=", "a"), leaf("code", "<>", "b"))}, "search_count",
			`{"domain":["&",["name","=","a"],["code","!=","b"]]}`, `null`},
		{"path through open models", nil, odoo.Call{Model: "sale.order", Method: "search_count", Kwargs: domain(leaf("partner_id.country_id.code", "=", "BE"))}, "search_count",
			`{"domain":[["partner_id.country_id.code","=","BE"]]}`, `null`},
		{"any", nil, odoo.Call{Model: "res.partner", Method: "search_count", Kwargs: domain(leaf("country_id", "any", []any{leaf("code", "=", "BE")}))}, "search_count",
			`{"domain":[["country_id","any",[["code","=","BE"]]]]}`, `null`},
		{"relation by id", nil, odoo.Call{Model: "res.partner", Method: "search_count", Kwargs: domain(leaf("country_id", "in", []any{int64(1), false}))}, "search_count",
			`{"domain":[["country_id","in",[1,false]]]}`, `null`},
		{"ids after another", nil, odoo.Call{Model: "res.partner", Method: "search_count", Kwargs: domain(leaf("id", ">", int64(5)))}, "search_count",
			`{"domain":[["id",">",5]]}`, `null`},
		{"list by ids", nil, odoo.Call{Model: "res.partner", Method: "search_count", Kwargs: domain(leaf("category_id", "in", []any{int64(1)}), leaf("child_ids", "!=", false))}, "search_count",
			`{"domain":["&",["category_id","in",[1]],["child_ids","!=",false]]}`, `null`},
		{"whether there is a file", nil, odoo.Call{Model: "res.partner", Method: "search_count", Kwargs: domain("|", leaf("image", "!=", false), leaf("image", "=", false))}, "search_count",
			`{"domain":["|",["image","!=",false],["image","=",false]]}`, `null`},
		{"1 for true", compile(t, scheme.Configuration{Model: "res.partner"}), odoo.Call{Model: "res.partner", Method: "search_count", Kwargs: domain(leaf("active", "=", int64(1)))}, "search_count",
			`{"domain":[["active","=",1]]}`, `null`},
		{"what is always true takes nothing away", compile(t, scheme.Configuration{Model: "res.partner"}), odoo.Call{Model: "res.partner", Method: "search_count",
			Kwargs: domain("|", leaf("active", "=", false), []any{int64(1), "=", int64(1)})}, "search_count",
			`{"domain":["|",["active","=",false],[1,"=",1]]}`, `null`},
		{"escapes in patterns", nil, odoo.Call{Model: "res.country", Method: "search_count", Kwargs: domain(leaf("name", "=like", `a\\`), leaf("name", "ilike", `a\`), leaf("name", "=", `a\`), leaf("name", "=ilike", `\%`))}, "search_count",
			`{"domain":["&","&","&",["name","=like","a\\\\"],["name","ilike","a\\"],["name","=","a\\"],["name","=ilike","\\%"]]}`, `null`},
		{"child_of", nil, odoo.Call{Model: "res.partner", Method: "search_count", Kwargs: domain(leaf("id", "child_of", []any{int64(1)}))}, "search_count",
			`{"domain":[["id","child_of",[1]]]}`, `null`},
		{"display_name is name", nil, odoo.Call{Model: "sale.order", Method: "search_count", Kwargs: domain(leaf("partner_id.display_name", "ilike", "US1234567"))}, "search_count",
			`{"domain":[["partner_id.name","ilike","US1234567"]]}`, `null`},
		{"order by display_name", nil, odoo.Call{Model: "res.country", Method: "search", Kwargs: map[string]any{"order": "display_name, id desc nulls last"}}, "search",
			`{"domain":[],` + page[:len(page)-len(`,"offset":0`)] + `,"offset":0,"order":"name, id desc nulls last"}`, `null`},
		{"order of what is empty", nil, odoo.Call{Model: "res.country", Method: "search", Kwargs: map[string]any{"order": "name nulls first"}}, "search",
			`{"domain":[],` + page + `,"order":"name nulls first, id"}`, `null`},
		{"fields that are not there", compile(t, scheme.Configuration{Model: "res.country", Limit: scheme.LimitWhitelist, Fields: []string{"nope", "code"}}), searchRead("res.country", nil), "search_read",
			`{"domain":[],"fields":["id","code"],` + page + `,"order":"id"}`, `null`},
		{"context", nil, odoo.Call{Model: "res.country", Method: "search_count", Context: map[string]any{
			"lang": "de_DE", "tz": "Europe/Berlin", "active_test": false, "show_email": true, "default_name": "x",
			"allowed_company_ids": []any{int64(1)}, "bin_size": true, "force_company": int64(2)}}, "search_count",
			`{"domain":[]}`, `{"lang":"de_DE","tz":"Europe/Berlin"}`},
		{"read", nil, odoo.Call{Model: "res.country", Method: "read", IDs: []int64{3, 1, 3}, Args: []any{[]any{"code"}}}, "search_read",
			`{"domain":[["id","in",[3,1]]],"fields":["code"],"limit":2,"offset":0,"order":"id"}`, `null`},
		{"read of one field", nil, odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{3}, Args: []any{[]any{"phone"}}}, "search_read",
			`{"domain":["&",["id","in",[3]],["active","in",[true,false]]],"fields":["phone"],"limit":1,"offset":0,"order":"id"}`, `null`},
		{"context of nothing", nil, odoo.Call{Model: "res.country", Method: "search_count", Context: map[string]any{"lang": false, "tz": nil}}, "search_count",
			`{"domain":[]}`, `null`},
		{"name_search, sorted", nil, odoo.Call{Model: "res.partner", Method: "name_search", Kwargs: map[string]any{"order": "name desc"}}, "search_read",
			`{"domain":[],"fields":["display_name","name"],` + page + `,"order":"name desc, id"}`, `null`},
		{"name_search, sorted by nothing", compile(t, scheme.Configuration{Model: "res.partner"}), odoo.Call{Model: "res.partner", Method: "name_search", Kwargs: map[string]any{"order": ""}}, "search_read",
			`{"domain":[],"fields":["display_name"],` + page + `,"order":"name, id"}`, `null`},
		{"name_search", nil, odoo.Call{Model: "res.partner", Method: "name_search", Args: []any{"Azure", []any{leaf("phone", "!=", false)}, "ilike", int64(5)}}, "search_read",
			`{"domain":["&",["phone","!=",false],["name","ilike","Azure"]],"fields":["display_name","name"],"limit":5,"offset":0,"order":"name, id"}`, `null`},
		{"name_search for nothing", nil, odoo.Call{Model: "res.partner", Method: "name_search", Kwargs: map[string]any{"name": "", "order": "display_name", "offset": int64(20)}}, "search_read",
			`{"domain":[],"fields":["display_name","name"],"limit":80,"offset":20,"order":"name, id"}`, `null`},
		{"fields_get", nil, odoo.Call{Model: "res.country", Method: "fields_get", Kwargs: map[string]any{"attributes": []any{"string", "groups", "domain"}}}, "fields_get",
			`{"allfields":["code","display_name","id","name"],"attributes":["string"]}`, `null`},
		{"unlimited leaves out what must be named", compile(t, scheme.Configuration{Model: "res.partner"}), searchRead("res.partner", nil), "search_read",
			`{"domain":[],"fields":["active","child_ids","comment","country_id","credit_limit","customer_rank","display_name","email","email_normalized","email_twice","family","id","name","parent_id","phone","round","roundabout","score","vat","write_date"],` + page + `}`, `null`},

		// The configuration's own filter: A80.
		{"filter on search", compile(t, filtered()), odoo.Call{Model: "res.partner", Method: "search", Kwargs: domain("|", leaf("name", "=", "a"), leaf("name", "=", "b"))}, "search",
			`{"domain":["&","|",["name","=","a"],["name","=","b"],["customer_rank",">",0]],` + page + `,"order":"name, id"}`, `null`},
		{"filter on count", compile(t, filtered()), odoo.Call{Model: "res.partner", Method: "search_count"}, "search_count",
			`{"domain":[["customer_rank",">",0]]}`, `null`},
		{"filter on read", compile(t, filtered()), odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{7}, Args: []any{[]any{"name"}}}, "search_read",
			`{"domain":["&","&",["id","in",[7]],["active","in",[true,false]],["customer_rank",">",0]],"fields":["name"],"limit":1,"offset":0,"order":"id"}`, `null`},
		{"filter on name_search", compile(t, filtered()), odoo.Call{Model: "res.partner", Method: "name_search", Args: []any{"A"}}, "search_read",
			`{"domain":["&",["customer_rank",">",0],["name","ilike","A"]],"fields":["display_name","name"],` + page + `,"order":"name, id"}`, `null`},
		{"filter of the model a path leads to", compile(t, filtered(), order), odoo.Call{Model: "sale.order", Method: "search_count", Kwargs: domain("!", leaf("partner_id.email", "=", "a"))}, "search_count",
			`{"domain":["!","&",["partner_id.email","=","a"],["partner_id.customer_rank",">",0]]}`, `null`},
		{"filter of the model any leads to", compile(t, filtered(), order), odoo.Call{Model: "sale.order", Method: "search_count", Kwargs: domain(leaf("partner_id", "not any", []any{leaf("email", "=", "a")}))}, "search_count",
			`{"domain":[["partner_id","not any",["&",["email","=","a"],["customer_rank",">",0]]]]}`, `null`},
	}
	all := compile(t, customer, country, order, line)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.scheme
			if s == nil {
				s = all
			}
			got, err := check(t, s, tt.call)
			if err != nil {
				t.Fatal(err)
			}
			var env any
			if got.Context != nil {
				env = got.Context
			}
			if got.Method != tt.method || text(t, got.Kwargs) != tt.kwargs || text(t, env) != tt.env {
				t.Errorf("got  %s %s %s\nwant %s %s %s", got.Method, text(t, got.Kwargs), text(t, env), tt.method, tt.kwargs, tt.env)
			}
			if got.Args != nil || got.Call.IDs != nil || got.Model != tt.call.Model {
				t.Errorf("not rebuilt: %+v", got)
			}
		})
	}
}

// What a read adds so that Odoo finds archived records must be searchable.
func TestArchivedRecords(t *testing.T) {
	for name, tt := range map[string]struct {
		active odoo.Field
		want   string
	}{
		"active":          {stored("active", "Active", "boolean"), `["&",["id","in",[7]],["active","in",[true,false]]]`},
		"x_active":        {stored("x_active", "Active", "boolean"), `["&",["id","in",[7]],["x_active","in",[true,false]]]`},
		"not searchable":  {odoo.Field{Name: "active", Type: "boolean"}, `[["id","in",[7]]]`},
		"no truth value":  {stored("active", "Active", "char"), `[["id","in",[7]]]`},
		"of another name": {stored("enabled", "Active", "boolean"), `[["id","in",[7]]]`},
	} {
		src := source{"res.country": fields(stored("name", "Name", "char"), tt.active)}
		got, err := compile(t, country).Check(context.Background(), src, odoo.Call{Model: "res.country", Method: "read", IDs: []int64{7}, Args: []any{[]any{"name"}}})
		if err != nil || text(t, got.Kwargs["domain"]) != tt.want {
			t.Errorf("%s: %v, %v", name, got.Kwargs["domain"], err)
		}
	}
}

// A field that only a method searches may find by hidden ones.
func TestSearchedByMethod(t *testing.T) {
	configured := func(limit scheme.Limit, fields ...string) *scheme.Scheme {
		return compile(t, scheme.Configuration{Model: "res.partner", Limit: limit, Fields: fields})
	}
	for _, tt := range []struct {
		s    *scheme.Scheme
		want string
	}{
		{configured(scheme.LimitBlacklist, "phone"), scheme.CodeSearch},
		{configured(scheme.LimitWhitelist, "phone_search"), ""},
		{configured(scheme.LimitNone), ""},
	} {
		if _, err := check(t, tt.s, searchRead("res.partner", domain(leaf("phone_search", "=like", "(870)%")))); code(err) != tt.want {
			t.Errorf("error %v, want %q", err, tt.want)
		}
		// One that shows another field is searched by that.
		src := erp()
		src["res.partner"]["phone_search"] = odoo.Field{Name: "phone_search", Type: "char", Searchable: true, Related: "name"}
		if _, err := tt.s.Check(context.Background(), src, searchRead("res.partner", domain(leaf("phone_search", "=", "x")))); err != nil {
			t.Errorf("related: %v", err)
		}
	}
}

func TestFilterClosesModel(t *testing.T) {
	closed := func(filter string) scheme.Configuration {
		c := customer
		c.Filter = filter
		return c
	}
	tests := map[string]string{
		"not searchable":    `[["contact_address", "=", "x"]]`,
		"not there":         `["|", ["name", "=", "x"], ["nope", "=", 1]]`,
		"not there on path": `[["country_id.nope", "=", 1]]`,
		"not there in any":  `[["country_id", "any", [["nope", "=", 1]]]]`,
		"through no model":  `[["name.x", "=", 1]]`,
		"display_name":      `[["display_name", "ilike", "x"]]`,
	}
	for name, filter := range tests {
		t.Run(name, func(t *testing.T) {
			for _, call := range []odoo.Call{
				searchRead("res.partner", nil),
				{Model: "res.partner", Method: "read", IDs: []int64{1}},
				{Model: "res.partner", Method: "search_count"},
				{Model: "sale.order", Method: "search_count", Kwargs: domain(leaf("partner_id.name", "=", "x"))},
			} {
				if _, err := check(t, compile(t, closed(filter), order), call); code(err) != scheme.CodeClosed {
					t.Errorf("%s.%s: error %v", call.Model, call.Method, err)
				}
			}
		})
	}
}

// Where a filter's model is reached through lists, or by its tree, the filter
// cannot be added: refused.
func TestFilterBehindLists(t *testing.T) {
	s := compile(t, filtered())
	for _, path := range []string{"child_ids.name", "child_ids.parent_id.name", "parent_id.child_ids.name"} {
		if _, err := check(t, s, searchRead("res.partner", domain(leaf(path, "=", "x")))); code(err) != scheme.CodeField {
			t.Errorf("%s: error %v", path, err)
		}
	}
	for _, path := range []string{"id", "parent_id"} {
		if _, err := check(t, s, searchRead("res.partner", domain(leaf(path, "child_of", int64(1))))); code(err) != scheme.CodeOperator {
			t.Errorf("%s: error %v", path, err)
		}
	}
}

// An operator that lacks an operand would take the filter for one, and turn it
// round: "!" finds all that the filter leaves out.
func TestFilterIsNoOperand(t *testing.T) {
	s := compile(t, filtered())
	x := leaf("name", "=", "x")
	for _, d := range [][]any{
		{"!"}, {"&"}, {"|"}, {"!", "!"}, {x, "!"}, {x, "&"}, {x, "|"}, {x, x, "|"}, {x, "|", x}, {"|", x}, {"&", x}, {"|", x, "!"}, {"|", "!", x},
	} {
		for _, method := range []string{"search", "search_count", "search_read", "name_search", "read_group", "formatted_read_group"} {
			if got, err := check(t, s, odoo.Call{Model: "res.partner", Method: method, Kwargs: domain(d...)}); code(err) != scheme.CodeDomain {
				t.Errorf("%s of %v: %v, %v", method, d, got.Kwargs, err)
			}
		}
	}
}

// Unknown fields are no fields: A86. An outage stays an outage.
func TestFieldsUnknown(t *testing.T) {
	s := compile(t, customer)
	_, err := s.Check(context.Background(), source{}, searchRead("res.partner", nil))
	if !errors.Is(err, errDown) {
		t.Errorf("source down: error %v", err)
	}
	_, err = s.Check(context.Background(), source{"res.partner": {}}, searchRead("res.partner", nil))
	if code(err) != scheme.CodeMetadata {
		t.Errorf("no fields: error %v", err)
	}
}

// The checked call shares nothing with the client's.
func TestCheckCopies(t *testing.T) {
	value := []any{int64(1)}
	call := searchRead("res.partner", domain(leaf("country_id", "in", value)))
	got, err := check(t, compile(t, filtered(), country), call)
	if err != nil {
		t.Fatal(err)
	}
	before := text(t, got.Kwargs)
	value[0] = "Belgium"
	call.Kwargs["fields"] = []any{"vat"}
	if after := text(t, got.Kwargs); after != before {
		t.Errorf("%s became %s", before, after)
	}
}
