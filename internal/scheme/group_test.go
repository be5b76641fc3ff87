package scheme_test

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

func grouped(method string, kwargs map[string]any) odoo.Call {
	return odoo.Call{Model: "res.partner", Method: method, Kwargs: kwargs}
}

// groupScheme opens contacts but for their tax id, and hides names of countries.
func groupScheme(t *testing.T) *scheme.Scheme {
	c := scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: []string{"vat"}, Filter: `[["customer_rank", ">", 0]]`}
	return compile(t, c, scheme.Configuration{Model: "res.country", Limit: scheme.LimitWhitelist, Fields: []string{"code"}})
}

// groupSource has a date, too.
func groupSource() source {
	src := erp()
	src["res.partner"]["birthday"] = stored("birthday", "Birthday", "date")
	return src
}

func TestGroupRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		call odoo.Call
		want string
	}{
		"hidden to group by":       {grouped("read_group", vals{"groupby": []any{"vat"}}), scheme.CodeField},
		"path":                     {grouped("read_group", vals{"groupby": "country_id.code"}), scheme.CodeFieldUnknown},
		"list":                     {grouped("read_group", vals{"groupby": "category_id"}), scheme.CodeGroup},
		"property":                 {grouped("read_group", vals{"groupby": "props"}), scheme.CodeGroup},
		"not stored":               {grouped("read_group", vals{"groupby": "contact_address"}), scheme.CodeGroup},
		"period of no date":        {grouped("read_group", vals{"groupby": "name:month"}), scheme.CodeGroup},
		"unknown period":           {grouped("read_group", vals{"groupby": "write_date:second"}), scheme.CodeGroup},
		"no list":                  {grouped("read_group", vals{"groupby": int64(5)}), scheme.CodeInvalid},
		"hidden leaf":              {grouped("read_group", vals{"domain": []any{leaf("vat", "=", "x")}}), scheme.CodeField},
		"hidden sum":               {grouped("read_group", vals{"fields": []any{"vat:count"}}), scheme.CodeField},
		"hidden field":             {grouped("read_group", vals{"fields": []any{"vat"}}), scheme.CodeField},
		"under another name":       {grouped("read_group", vals{"fields": []any{"x:sum(credit_limit)"}}), scheme.CodeFieldUnknown},
		"under an open name":       {grouped("read_group", vals{"fields": []any{"name:max(vat)"}}), scheme.CodeGroup},
		"list of values":           {grouped("formatted_read_group", vals{"aggregates": []any{"name:array_agg"}}), scheme.CodeGroup},
		"records":                  {grouped("formatted_read_group", vals{"aggregates": []any{"id:recordset"}}), scheme.CodeGroup},
		"hidden aggregate":         {grouped("formatted_read_group", vals{"aggregates": []any{"vat:count_distinct"}}), scheme.CodeField},
		"sum of texts":             {grouped("formatted_read_group", vals{"aggregates": []any{"name:sum"}}), scheme.CodeGroup},
		"aggregate of no column":   {grouped("formatted_read_group", vals{"aggregates": []any{"contact_address:count"}}), scheme.CodeGroup},
		"no function":              {grouped("formatted_read_group", vals{"aggregates": []any{"credit_limit"}}), scheme.CodeInvalid},
		"date without a period":    {grouped("formatted_read_group", vals{"groupby": []any{"write_date"}}), scheme.CodeInvalid},
		"hidden having":            {grouped("formatted_read_group", vals{"having": []any{leaf("vat:count", ">", int64(1))}}), scheme.CodeField},
		"having with a list":       {grouped("formatted_read_group", vals{"having": []any{leaf("__count", "in", []any{int64(1)})}}), scheme.CodeOperator},
		"having without operand":   {grouped("formatted_read_group", vals{"having": []any{"|", leaf("__count", ">", int64(1))}}), scheme.CodeDomain},
		"having with another word": {grouped("formatted_read_group", vals{"having": []any{"x"}}), scheme.CodeDomain},
		"having of nothing":        {grouped("formatted_read_group", vals{"having": []any{"!"}}), scheme.CodeDomain},
		"having turned round":      {grouped("formatted_read_group", vals{"having": []any{leaf("__count", ">", int64(1)), "!"}}), scheme.CodeDomain},
		"hour of a date":           {grouped("read_group", vals{"groupby": "birthday:hour"}), scheme.CodeGroup},
		"period of no word":        {grouped("read_group", vals{"groupby": "birthday:"}), scheme.CodeGroup},
		"order by a part of it":    {grouped("formatted_read_group", vals{"groupby": []any{"write_date:month"}, "order": "write_date"}), scheme.CodeOrder},
		"having no condition":      {grouped("formatted_read_group", vals{"having": []any{[]any{"__count"}}}), scheme.CodeDomain},
		"having no list":           {grouped("formatted_read_group", vals{"having": "x"}), scheme.CodeDomain},
		"order by what is not":     {grouped("formatted_read_group", vals{"groupby": []any{"name"}, "order": "phone"}), scheme.CodeOrder},
		"order by hidden":          {grouped("read_group", vals{"groupby": []any{"name"}, "fields": []any{"credit_limit"}, "orderby": "vat"}), scheme.CodeOrder},
		"order by relation":        {grouped("read_group", vals{"groupby": []any{"country_id"}, "orderby": "country_id"}), scheme.CodeOrder},
		"order with SQL":           {grouped("read_group", vals{"groupby": []any{"name"}, "orderby": "name desc; select 1"}), scheme.CodeInvalid},
		"order in no direction":    {grouped("read_group", vals{"groupby": []any{"name"}, "orderby": "name upwards"}), scheme.CodeInvalid},
		"order of nothing":         {grouped("read_group", vals{"groupby": []any{"name"}, "orderby": "name,"}), scheme.CodeInvalid},
		"having with a long text":  {grouped("formatted_read_group", vals{"having": []any{leaf("birthday:max", ">", strings.Repeat("2", 33))}}), scheme.CodeOperator},
		"having with a NUL":        {grouped("formatted_read_group", vals{"having": []any{leaf("birthday:max", ">", "2026\x00")}}), scheme.CodeOperator},
		"order no text":            {grouped("read_group", vals{"orderby": int64(1)}), scheme.CodeInvalid},
		"limit":                    {grouped("read_group", vals{"limit": int64(1001)}), scheme.CodeLimit},
		"another argument":         {grouped("read_group", vals{"having": []any{}}), scheme.CodeArgument},
	} {
		if got, err := groupScheme(t).Check(context.Background(), groupSource(), tt.call); code(err) != tt.want {
			t.Errorf("%s: call %v, error %v, want %s", name, got.Call, err, tt.want)
		}
	}
}

func TestGroupRebuilt(t *testing.T) {
	const rest = `"limit":80,`
	for name, tt := range map[string]struct {
		call odoo.Call
		want string
	}{
		"nothing": {grouped("read_group", nil), `{"domain":[["customer_rank",">",0]],"fields":["__count"],"groupby":[],"lazy":false,` + rest + `"offset":0}`},
		"legacy": {odoo.Call{Model: "res.partner", Method: "read_group", Args: []any{[]any{leaf("name", "=", "x")}, []any{"credit_limit", "name:count_distinct"}, []any{"write_date:month", "country_id"}}, Kwargs: vals{"orderby": "credit_limit desc", "lazy": false}},
			`{"domain":["&",["name","=","x"],["customer_rank",">",0]],"fields":["credit_limit","name:count_distinct"],"groupby":["write_date:month","country_id"],"lazy":false,` + rest + `"offset":0,"orderby":"credit_limit desc, id:min"}`},
		"lazy": {grouped("read_group", vals{"groupby": "name"}), `{"domain":[["customer_rank",">",0]],"fields":["__count"],"groupby":["name"],"lazy":true,` + rest + `"offset":0}`},
		"periods": {grouped("read_group", vals{"groupby": []any{"write_date:hour", "birthday:day", "birthday"}, "orderby": "write_date desc, birthday:day", "lazy": false}),
			`{"domain":[["customer_rank",">",0]],"fields":["__count"],"groupby":["write_date:hour","birthday:day","birthday"],"lazy":false,` + rest + `"offset":0,"orderby":"write_date desc, birthday:day, id:min"}`},
		"conditions": {grouped("formatted_read_group", vals{"groupby": []any{"write_date:hour"}, "having": []any{"|", "!", leaf("__count", ">", int64(1)), leaf("__count", "=", int64(5))}}),
			`{"aggregates":[],"domain":[["customer_rank",">",0]],"groupby":["write_date:hour"],"having":["|","!",["__count",">",1],["__count","=",5]],` + rest + `"offset":0}`},
		"a date in a condition": {grouped("formatted_read_group", vals{"having": []any{leaf("birthday:max", ">", strings.Repeat("2", 32))}}),
			`{"aggregates":[],"domain":[["customer_rank",">",0]],"groupby":[],"having":[["birthday:max",">","22222222222222222222222222222222"]],` + rest + `"offset":0}`},
		"one condition": {grouped("formatted_read_group", vals{"groupby": []any{"name"}, "having": []any{"!", leaf("__count", ">", int64(1))}}),
			`{"aggregates":[],"domain":[["customer_rank",">",0]],"groupby":["name"],"having":["!",["__count",">",1]],` + rest + `"offset":0}`},
		"formatted": {grouped("formatted_read_group", vals{"groupby": []any{"country_id"}, "aggregates": []any{"credit_limit:sum", "__count"}, "order": "__count DESC, credit_limit:sum",
			"having": []any{"!", leaf("__count", ">", int64(1)), leaf("credit_limit:sum", "<=", 2.5)}, "limit": int64(5), "offset": int64(2)}),
			`{"aggregates":["credit_limit:sum","__count"],"domain":[["customer_rank",">",0]],"groupby":["country_id"],"having":["!",["__count",">",1],["credit_limit:sum","<=",2.5]],"limit":5,"offset":2,"order":"__count DESC, credit_limit:sum, id:min"}`},
	} {
		got, err := groupScheme(t).Check(context.Background(), groupSource(), tt.call)
		if err != nil || text(t, got.Kwargs) != tt.want || got.Method != tt.call.Method || got.Scope != scheme.ScopeRead {
			t.Errorf("%s: %v\ngot  %s\nwant %s", name, err, text(t, got.Kwargs), tt.want)
		}
	}
}

func TestGroupFilter(t *testing.T) {
	for name, tt := range map[string]struct {
		call         odoo.Call
		answer, want string
	}{
		"legacy": {grouped("read_group", vals{"domain": []any{leaf("phone", "!=", false)}, "fields": []any{"credit_limit"}, "groupby": []any{"country_id", "name"}}),
			`[{"country_id":[20,"SENTINEL"],"country_id_count":3,"credit_limit":1.5,"vat":"SENTINEL","__domain":[["customer_rank",">",0]],"__context":{"group_by":["name"]},"__fold":true}]`,
			`[{"country_id":[20,"res.country,20"],"country_id_count":3,"credit_limit":1.5,"__domain":["&",["phone","!=",false],["country_id","=",20]]}]`},
		"dates": {grouped("read_group", vals{"groupby": []any{"write_date:month"}, "lazy": false}),
			`[{"write_date:month":"May 2026","__count":3,"__range":{"write_date:month":{"from":"2026-05-01","to":"2026-06-01"}},"__domain":[["vat","=","SENTINEL"]]},
			{"write_date:month":false,"__count":1,"__range":{"write_date:month":false},"__domain":[]}]`,
			`[{"write_date:month":"May 2026","__count":3,"__range":{"write_date:month":{"from":"2026-05-01","to":"2026-06-01"}},"__domain":["&",["write_date",">=","2026-05-01"],["write_date","<","2026-06-01"]]},` +
				`{"write_date:month":false,"__count":1,"__range":{"write_date:month":false},"__domain":[["write_date","=",false]]}]`},
		"formatted": {grouped("formatted_read_group", vals{"groupby": []any{"name"}, "aggregates": []any{"credit_limit:sum"}}),
			`[{"name":"A","credit_limit:sum":5,"credit_limit:max":5,"__count":2,"__extra_domain":[["name","=","A"]]},{"name":"B","__extra_domain":[["vat","=","SENTINEL"]]}]`,
			`[{"name":"A","credit_limit:sum":5,"__extra_domain":[["name","=","A"]]},{"name":"B"}]`},
		"an aggregate that lists":    {grouped("formatted_read_group", vals{"aggregates": []any{"credit_limit:sum"}}), `[{"credit_limit:sum":["SENTINEL"]}]`, ``},
		"what looks like a domain":   {grouped("formatted_read_group", vals{"groupby": []any{"name"}}), `[{"name":"A","vat":[["name","=","A"]],"__domain":[]}]`, `[{"name":"A"}]`},
		"a domain of the other form": {grouped("read_group", vals{"groupby": []any{"name"}}), `[{"name":"A","__extra_domain":[["name","=","A"]]}]`, `[{"name":"A"}]`},
		"an aggregate that holds":    {grouped("formatted_read_group", vals{"aggregates": []any{"credit_limit:sum"}}), `[{"credit_limit:sum":{"vat":"SENTINEL"}}]`, ``},
		"a range of another":         {grouped("read_group", vals{"groupby": "name"}), `[{"name":"A","__range":{"vat":{"from":"SENTINEL"}}}]`, ``},
		"tuples":                     {grouped("read_group", vals{"groupby": "name"}), `[["SENTINEL",1]]`, ``},
	} {
		s := groupScheme(t)
		checked, err := check(t, s, tt.call)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Filter(context.Background(), erp(), checked, odoo.Result{Value: []byte(tt.answer)})
		if string(got.Value) != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s: %v\ngot  %s\nwant %s", name, err, got.Value, tt.want)
		}
	}
}
