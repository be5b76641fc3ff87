package scheme_test

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

var readWrite = []scheme.Operation{scheme.Read, scheme.Create, scheme.Write, scheme.Unlink}

// writing opens models for everything: contacts within a filter, orders with
// their lines, countries and tags for reading.
func writing() []scheme.Configuration {
	partner := scheme.Configuration{
		Name: "customer", Model: "res.partner", Limit: scheme.LimitWhitelist,
		Fields: []string{"name", "email", "phone", "country_id", "parent_id", "child_ids", "category_id", "image", "props", "credit_limit", "active", "customer_rank",
			"email_normalized", "country_code", "contact_address", "user_ids"},
		Filter: `[["customer_rank", ">", 0]]`, Operations: readWrite,
		Forced: map[string]any{"customer_rank": int64(1)}, Preset: map[string]any{"phone": "none"},
	}
	sale := scheme.Configuration{Name: "order", Model: "sale.order", Limit: scheme.LimitBlacklist, Fields: []string{"margin"}, Operations: readWrite}
	lines := scheme.Configuration{Name: "line", Model: "sale.order.line", Operations: []scheme.Operation{scheme.Read, scheme.Create, scheme.Write}}
	tag := scheme.Configuration{Name: "tag", Model: "res.partner.category", Operations: []scheme.Operation{scheme.Read}}
	return []scheme.Configuration{partner, sale, lines, tag, country}
}

func create(model string, vals any) odoo.Call {
	return odoo.Call{Model: model, Method: "create", Args: []any{vals}}
}

func write(model string, vals any, ids ...int64) odoo.Call {
	return odoo.Call{Model: model, Method: "write", IDs: ids, Args: []any{vals}}
}

type vals = map[string]any

func command(parts ...any) any { return parts }

func TestWriteRefused(t *testing.T) {
	deep := any(vals{"name": "x"})
	for range 4 {
		deep = vals{"child_ids": []any{command(int64(0), int64(0), deep)}}
	}
	many := []any{}
	for i := range 1001 {
		many = append(many, command(int64(4), int64(i+1), int64(0)))
	}
	for name, tt := range map[string]struct {
		call odoo.Call
		want string
	}{
		"operation not open":      {create("res.country", vals{"name": "x"}), scheme.CodeOperation},
		"delete not open":         {odoo.Call{Model: "sale.order.line", Method: "unlink", IDs: []int64{1}}, scheme.CodeOperation},
		"copy":                    {odoo.Call{Model: "sale.order", Method: "copy", IDs: []int64{1}}, scheme.CodeOperation},
		"name_create":             {odoo.Call{Model: "sale.order", Method: "name_create", Args: []any{"x"}}, scheme.CodeOperation},
		"load":                    {odoo.Call{Model: "sale.order", Method: "load", Args: []any{[]any{}, []any{}}}, scheme.CodeOperation},
		"web_save":                {odoo.Call{Model: "sale.order", Method: "web_save", IDs: []int64{1}}, scheme.CodeOperation},
		"no values":               {odoo.Call{Model: "sale.order", Method: "create"}, scheme.CodeInvalid},
		"values no object":        {create("sale.order", []any{"name"}), scheme.CodeInvalid},
		"write without ids":       {odoo.Call{Model: "sale.order", Method: "write", Args: []any{vals{}}}, scheme.CodeInvalid},
		"write with other words":  {odoo.Call{Model: "sale.order", Method: "write", IDs: []int64{1}, Kwargs: vals{"values": vals{}}}, scheme.CodeArgument},
		"id of a record":          {write("sale.order", vals{"name": "x"}, -1), scheme.CodeInvalid},
		"hidden field":            {write("sale.order", vals{"margin": 1.5}, 1), scheme.CodeField},
		"hidden field of create":  {create("res.partner", vals{"name": "x", "vat": "x"}), scheme.CodeField},
		"field that is not there": {write("sale.order", vals{"nope": 1.5}, 1), scheme.CodeFieldUnknown},
		"credential":              {create("res.partner", vals{"access_token": "x"}), scheme.CodeField},
		"Odoo's own field":        {write("sale.order", vals{"write_uid": int64(1)}, 1), scheme.CodeField},
		"id":                      {create("sale.order", vals{"id": int64(5)}), scheme.CodeField},
		"computed and stored":     {write("res.partner", vals{"email_normalized": "x"}, 1), scheme.CodeField},
		"of another record":       {write("res.partner", vals{"country_code": "x"}, 1), scheme.CodeField},
		"computed":                {write("sale.order", vals{"contact_email": "x"}, 1), scheme.CodeField},
		"sensitive list":          {write("sale.order", vals{"message_ids": []any{}}, 1), scheme.CodeField},
		"dotted":                  {write("sale.order", vals{"partner_id.email": "x"}, 1), scheme.CodeFieldUnknown},

		"number for a text":    {write("sale.order", vals{"name": int64(5)}, 1), scheme.CodeInvalid},
		"object for a text":    {write("sale.order", vals{"name": vals{"a": "b"}}, 1), scheme.CodeInvalid},
		"NUL":                  {write("sale.order", vals{"name": "a\x00"}, 1), scheme.CodeInvalid},
		"text for a number":    {write("sale.order", vals{"amount_total": "1"}, 1), scheme.CodeInvalid},
		"no base64 in a file":  {write("res.partner", vals{"image": vals{"content": "<svg>", "size": int64(5)}}, 1), scheme.CodeInvalid},
		"a file with a name":   {write("res.partner", vals{"image": vals{"content": "QQ==", "filename": "a.svg"}}, 1), scheme.CodeInvalid},
		"a file without data":  {write("res.partner", vals{"image": vals{"size": int64(5)}}, 1), scheme.CodeInvalid},
		"no base64":            {write("res.partner", vals{"image": "<svg>"}, 1), scheme.CodeInvalid},
		"properties":           {write("res.partner", vals{"props": "x"}, 1), scheme.CodeInvalid},
		"name for a many2one":  {write("res.partner", vals{"country_id": "Belgium"}, 1), scheme.CodeInvalid},
		"pair for a many2one":  {write("res.partner", vals{"country_id": []any{int64(1), "x"}}, 1), scheme.CodeInvalid},
		"link to closed model": {create("sale.order.line", vals{"product_id": int64(1)}), scheme.CodeField},

		"list of ids":             {write("res.partner", vals{"category_id": []any{int64(1)}}, 1), scheme.CodeInvalid},
		"empty command":           {write("res.partner", vals{"category_id": []any{[]any{}}}, 1), scheme.CodeInvalid},
		"unknown command":         {write("res.partner", vals{"category_id": []any{command(int64(7), int64(1), int64(0))}}, 1), scheme.CodeInvalid},
		"command of four":         {write("res.partner", vals{"category_id": []any{command(int64(4), int64(1), int64(0), int64(0))}}, 1), scheme.CodeInvalid},
		"command as text":         {write("res.partner", vals{"category_id": []any{command("0", int64(0), vals{})}}, 1), scheme.CodeInvalid},
		"link without id":         {write("res.partner", vals{"category_id": []any{command(int64(4), false, int64(0))}}, 1), scheme.CodeInvalid},
		"create without values":   {write("sale.order", vals{"order_line": []any{command(int64(0), int64(0))}}, 1), scheme.CodeInvalid},
		"change without values":   {write("sale.order", vals{"order_line": []any{command(int64(1), int64(1))}}, 1), scheme.CodeInvalid},
		"change of record 0":      {write("sale.order", vals{"order_line": []any{command(int64(1), int64(0), vals{"name": "x"})}}, 1), scheme.CodeInvalid},
		"change of no record":     {write("sale.order", vals{"order_line": []any{command(int64(1), false, vals{"name": "x"})}}, 1), scheme.CodeInvalid},
		"delete of record 0":      {write("res.partner", vals{"child_ids": []any{command(int64(2), int64(0), int64(0))}}, 1), scheme.CodeInvalid},
		"delete of record -1":     {write("res.partner", vals{"child_ids": []any{command(int64(2), int64(-1), int64(0))}}, 1), scheme.CodeInvalid},
		"link of record 0":        {write("res.partner", vals{"category_id": []any{command(int64(4), int64(0), int64(0))}}, 1), scheme.CodeInvalid},
		"id as text":              {write("res.partner", vals{"category_id": []any{command(int64(4), "1", int64(0))}}, 1), scheme.CodeInvalid},
		"set without a list":      {write("res.partner", vals{"category_id": []any{command(int64(6), int64(0), int64(1))}}, 1), scheme.CodeInvalid},
		"create in closed model":  {write("res.partner", vals{"user_ids": []any{command(int64(0), int64(0), vals{"login": "x"})}}, 1), scheme.CodeField},
		"link in closed model":    {write("res.partner", vals{"user_ids": []any{command(int64(4), int64(2), int64(0))}}, 1), scheme.CodeField},
		"create without right":    {write("res.partner", vals{"category_id": []any{command(int64(0), int64(0), vals{"name": "x"})}}, 1), scheme.CodeOperation},
		"change without right":    {write("res.partner", vals{"category_id": []any{command(int64(1), int64(1), vals{"name": "x"})}}, 1), scheme.CodeOperation},
		"delete without right":    {write("sale.order", vals{"order_line": []any{command(int64(2), int64(1), int64(0))}}, 1), scheme.CodeOperation},
		"take without right":      {write("sale.order", vals{"order_line": []any{command(int64(3), int64(1), int64(0))}}, 1), scheme.CodeOperation},
		"replace without right":   {write("sale.order", vals{"order_line": []any{command(int64(6), int64(0), []any{int64(1)})}}, 1), scheme.CodeOperation},
		"clear without right":     {write("sale.order", vals{"order_line": []any{command(int64(5))}}, 1), scheme.CodeOperation},
		"hidden in a list":        {write("sale.order", vals{"order_line": []any{command(int64(0), int64(0), vals{"access_token": "x"})}}, 1), scheme.CodeField},
		"owner of a line":         {write("sale.order", vals{"order_line": []any{command(int64(0), int64(0), vals{"order_id": int64(9)})}}, 1), scheme.CodeField},
		"replace within a filter": {write("res.partner", vals{"child_ids": []any{command(int64(6), int64(0), []any{int64(7)})}}, 1), scheme.CodeFilter},
		"clear within a filter":   {write("res.partner", vals{"child_ids": []any{command(int64(5), int64(0), int64(0))}}, 1), scheme.CodeFilter},
		"too deep":                {create("res.partner", deep), scheme.CodeLimit},
		"too many":                {write("res.partner", vals{"category_id": many}, 1), scheme.CodeInvalid},

		"forced value":             {create("res.partner", vals{"customer_rank": int64(5)}), scheme.CodeFilter},
		"forced value of a change": {write("res.partner", vals{"customer_rank": int64(0)}, 1), scheme.CodeFilter},
		"out of the filter below":  {write("res.partner", vals{"child_ids": []any{command(int64(1), int64(7), vals{"customer_rank": int64(0)})}}, 1), scheme.CodeFilter},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := check(t, compile(t, writing()...), tt.call)
			if code(err) != tt.want {
				t.Errorf("call %v, error %v, want code %s", got, err, tt.want)
			}
		})
	}
}

func TestWriteRebuilt(t *testing.T) {
	guard := func(domain string, ids ...int64) string {
		return "res.partner " + text(t, odoo.IDList(ids)) + " " + domain
	}
	const filter = `[["customer_rank",">",0]]`
	for name, tt := range map[string]struct {
		call   odoo.Call
		ids    []int64
		args   string
		guards []string
	}{
		"create": {create("sale.order", vals{"name": "S1", "partner_id": int64(7), "amount_total": 1.5}), nil,
			`[{"amount_total":1.5,"name":"S1","partner_id":7}]`, []string{guard(filter, 7)}},
		"create some":       {create("sale.order.line", []any{vals{"name": "a"}, vals{"name": false}}), nil, `[[{"name":"a"},{"name":false}]]`, nil},
		"forced and preset": {create("res.partner", vals{"name": "x"}), nil, `[{"customer_rank":1,"name":"x","phone":"none"}]`, nil},
		"preset replaced":   {create("res.partner", vals{"phone": "5", "customer_rank": int64(1)}), nil, `[{"customer_rank":1,"phone":"5"}]`, nil},
		"write": {write("res.partner", vals{"name": "x", "active": int64(0), "country_id": nil}, 3, 1, 3), []int64{3, 1},
			`[{"active":false,"country_id":false,"name":"x"}]`, []string{guard(filter, 3, 1)}},
		"a file as 20 shows one": {write("res.partner", vals{"image": vals{"content": "QQ==", "size": int64(1)}}, 3), []int64{3},
			`[{"image":"QQ=="}]`, []string{guard(filter, 3)}},
		"write to the filter": {write("res.partner", vals{"customer_rank": int64(1)}, 3), []int64{3}, `[{"customer_rank":1}]`, []string{guard(filter, 3)}},
		"without a filter":    {write("sale.order", vals{"name": "x"}, 3), []int64{3}, `[{"name":"x"}]`, nil},
		"lines": {write("sale.order", vals{"order_line": []any{command(int64(0), false, vals{"name": "l"}), command(int64(1), int64(4), vals{"cost": int64(2)}), command(int64(4), int64(9))}}, 3), []int64{3},
			`[{"order_line":[[0,0,{"name":"l"}],[1,4,{"cost":2}],[4,9,0]]}]`, nil},
		"children": {write("res.partner", vals{"child_ids": []any{command(int64(0), int64(0), vals{"name": "c"}), command(int64(1), int64(8), vals{"email": "e"}),
			command(int64(2), int64(9)), command(int64(3), int64(10))}}, 3), []int64{3},
			`[{"child_ids":[[0,0,{"customer_rank":1,"name":"c","phone":"none"}],[1,8,{"email":"e"}],[2,9,0],[3,10,0]]}]`, []string{guard(filter, 3, 8, 9, 10)}},
		"tags": {write("res.partner", vals{"category_id": []any{command(int64(6), false, []any{int64(1), int64(2)}), command(int64(5))}}, 3), []int64{3},
			`[{"category_id":[[6,0,[1,2]],[5,0,0]]}]`, []string{guard(filter, 3)}},
		"unlink": {odoo.Call{Model: "res.partner", Method: "unlink", IDs: []int64{5}}, []int64{5}, `null`, []string{guard(filter, 5)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := check(t, compile(t, writing()...), tt.call)
			if err != nil {
				t.Fatal(err)
			}
			var args any
			if got.Args != nil {
				args = got.Args
			}
			if text(t, args) != tt.args || text(t, odoo.IDList(got.IDs)) != text(t, odoo.IDList(tt.ids)) || got.Method != tt.call.Method || got.Scope != scheme.ScopeWrite {
				t.Errorf("got %s %v, scope %s", text(t, args), got.IDs, got.Scope)
			}
			var guards []string
			for _, g := range got.Guards {
				guards = append(guards, g.Model+" "+text(t, odoo.IDList(g.IDs))+" "+text(t, g.Domain.Value()))
			}
			if strings.Join(guards, "\n") != strings.Join(tt.guards, "\n") {
				t.Errorf("guards %q, want %q", guards, tt.guards)
			}
		})
	}
}

// The checked values share nothing with the client's or the configuration's.
func TestWriteCopies(t *testing.T) {
	forced := vals{"category_id": []any{[]any{int64(6), int64(0), []any{int64(1)}}}}
	c := scheme.Configuration{Model: "res.partner", Operations: readWrite, Forced: forced}
	s := compile(t, c, scheme.Configuration{Model: "sale.order", Operations: readWrite}, line)
	got, err := check(t, s, create("res.partner", vals{"name": "x"}))
	if err != nil {
		t.Fatal(err)
	}
	got.Args[0].(vals)["category_id"].([]any)[0].([]any)[0] = "changed"
	again, err := check(t, s, create("res.partner", vals{"name": "x"}))
	if want := `[{"category_id":[[6,0,[1]]],"name":"x"}]`; err != nil || text(t, again.Args) != want {
		t.Errorf("%s, %v", text(t, again.Args), err)
	}
}

// A list takes new records of its model, where a filter looks at others; all
// that a call writes is counted.
func TestWriteLists(t *testing.T) {
	list := writing()
	list[3].Operations = readWrite
	s := compile(t, list...)
	got, err := check(t, s, write("res.partner", vals{"category_id": []any{command(int64(0), int64(0), vals{"name": "x"})}}, 3))
	if want := `[{"category_id":[[0,0,{"name":"x"}]]}]`; err != nil || text(t, got.Args) != want {
		t.Errorf("%v, %v", got.Args, err)
	}
	links := []any{}
	for i := range 999 {
		links = append(links, command(int64(4), int64(i+1)))
	}
	for n, want := range map[int]string{998: "", 999: scheme.CodeLimit} { // the record itself, and its values
		if _, err := check(t, s, write("res.partner", vals{"category_id": links[:n]}, 3)); code(err) != want {
			t.Errorf("%d links: %v", n, err)
		}
	}
	users := scheme.Configuration{Model: "res.users", Sensitive: true}
	src := erp()
	src["res.partner"]["user_id"] = relation("user_id", "many2one", "res.users")
	for _, tt := range []struct {
		field string
		value any
		code  string
	}{{"user_id", int64(2), ""}, {"user_ids", []any{}, scheme.CodeField}} {
		if _, err := compile(t, users, scheme.Configuration{Model: "res.partner", Operations: readWrite}).Check(context.Background(), src, write("res.partner", vals{tt.field: tt.value}, 1)); code(err) != tt.code {
			t.Errorf("%s: %v", tt.field, err)
		}
	}
}

// A list that is forced is given as it is, or not at all.
func TestWriteForcedList(t *testing.T) {
	list := func(commands ...any) []any { return commands }
	set := func(ids ...any) any { return command(int64(6), int64(0), ids) }
	create := func(vals vals) any { return command(int64(0), int64(0), vals) }
	src := erp()
	src["sale.order"]["tag_ids"] = relation("tag_ids", "many2many", "res.partner.category")
	s := func(forced any) *scheme.Scheme {
		return compile(t, scheme.Configuration{Model: "sale.order", Operations: readWrite, Forced: vals{"tag_ids": forced}}, scheme.Configuration{Model: "res.partner.category", Operations: readWrite})
	}
	one, two := s(list(set(int64(1)))), s(list(create(vals{"name": "x", "parent_id": false})))
	for _, tt := range []struct {
		s     *scheme.Scheme
		given any
		code  string
	}{
		{one, list(set(int64(1))), ""},
		{one, list(set(int64(2))), scheme.CodeFilter},
		{one, list(set(int64(1), int64(2))), scheme.CodeFilter},
		{one, list(set()), scheme.CodeFilter},
		{one, list(), scheme.CodeFilter},
		{one, false, scheme.CodeFilter},
		{one, list(set(int64(1)), command(int64(4), int64(2))), scheme.CodeFilter},
		{one, list(create(vals{})), scheme.CodeFilter},
		{two, list(create(vals{"name": "x", "parent_id": nil})), ""},
		{two, list(create(vals{"name": "y", "parent_id": false})), scheme.CodeFilter},
		{two, list(create(vals{"name": "x"})), scheme.CodeFilter},
		{two, list(create(vals{"name": "x", "parent_id": int64(1)})), scheme.CodeFilter},
		{two, list(create(vals{"name": "x", "color": int64(1)})), scheme.CodeFilter},
		{two, list(create(vals{"name": "x", "parent_id": false, "color": int64(1)})), scheme.CodeFilter},
		{two, list(set(int64(1))), scheme.CodeFilter},
	} {
		src["res.partner.category"]["color"] = stored("color", "Color", "integer")
		for _, call := range []odoo.Call{write("sale.order", vals{"tag_ids": tt.given}, 1), {Model: "sale.order", Method: "create", Args: []any{vals{"tag_ids": tt.given}}}} {
			if _, err := tt.s.Check(context.Background(), src, call); code(err) != tt.code {
				t.Errorf("%s of %v: %v", call.Method, tt.given, err)
			}
		}
	}
}

// Without a limit of its own, what can be written is what can be read and
// keeps what is written to it. A whitelist may name more, or less.
func TestWriteFields(t *testing.T) {
	limited := func(limit scheme.Limit, fields ...string) scheme.Configuration {
		return scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"name", "phone"}, WriteLimit: limit, WriteFields: fields, Operations: readWrite}
	}
	for name, tt := range map[string]struct {
		c    scheme.Configuration
		open string
	}{
		"as for reading": {limited(""), "name phone"},
		"named":          {limited(scheme.LimitWhitelist, "vat", "email_normalized", "country_code"), "vat email_normalized country_code"},
		"all but some":   {limited(scheme.LimitBlacklist, "name", "vat"), "phone email"},
		"all":            {limited(scheme.LimitNone), "name phone vat email"},
	} {
		for _, field := range []string{"name", "phone", "vat", "email", "email_normalized", "country_code", "access_token", "display_name", "write_date"} {
			_, err := check(t, compile(t, tt.c), write("res.partner", vals{field: "x"}, 1))
			if open := strings.Contains(" "+tt.open+" ", " "+field+" "); (err == nil) != open || err != nil && code(err) != scheme.CodeField {
				t.Errorf("%s: %s: %v", name, field, err)
			}
		}
	}
}

// What Odoo keeps itself is not written, whatever is open.
func TestWriteOdoosOwn(t *testing.T) {
	own := []string{"id", "display_name", "create_uid", "create_date", "write_uid", "write_date", "__last_update", "parent_path"}
	src := source{"a.b": fields()}
	for _, name := range own {
		src["a.b"][name] = stored(name, name, "char")
	}
	for _, limit := range []scheme.Limit{"", scheme.LimitNone} {
		s := compile(t, scheme.Configuration{Model: "a.b", Operations: readWrite, WriteLimit: limit})
		for _, name := range own {
			for _, call := range []odoo.Call{write("a.b", vals{name: "x"}, 1), create("a.b", vals{name: "x"})} {
				if _, err := s.Check(context.Background(), src, call); code(err) != scheme.CodeField {
					t.Errorf("%s of %s: %v", call.Method, name, err)
				}
			}
		}
	}
}

// To put a record into a list writes the field that says whose it is.
func TestWriteOwner(t *testing.T) {
	src := erp()
	src["res.country"]["partner_ids"] = listed("partner_ids", "res.partner", "country_id")
	for _, fields := range [][]string{{"name"}, {"name", "country_id"}} {
		s := compile(t, scheme.Configuration{Model: "res.country", Operations: readWrite},
			scheme.Configuration{Model: "res.partner", Operations: readWrite, WriteLimit: scheme.LimitWhitelist, WriteFields: fields})
		for number, command := range map[string]any{"link": command(int64(4), int64(7)), "take": command(int64(3), int64(7)), "set": command(int64(6), int64(0), []any{int64(7)}), "clear": command(int64(5))} {
			_, err := s.Check(context.Background(), src, write("res.country", vals{"partner_ids": []any{command}}, 1))
			if open := len(fields) == 2; (err == nil) != open || err != nil && code(err) != scheme.CodeField {
				t.Errorf("%s with %v: %v", number, fields, err)
			}
		}
	}
}

// A model whose filter cannot be enforced is not written through a list.
func TestWriteClosedBelow(t *testing.T) {
	list := writing()
	list[2].Filter, list[2].Operations = `[["nope", "=", 1]]`, []scheme.Operation{scheme.Read, scheme.Write, scheme.Unlink}
	for _, item := range []any{command(int64(1), int64(4), vals{"name": "x"}), command(int64(2), int64(4))} {
		_, err := check(t, compile(t, list...), write("sale.order", vals{"order_line": []any{item}}, 3))
		if code(err) != scheme.CodeClosed {
			t.Errorf("%v: %v", item, err)
		}
	}
}
