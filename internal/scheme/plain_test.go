package scheme

import (
	"context"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

type plainSource map[string]odoo.Fields

func (s plainSource) Fields(_ context.Context, model string) (odoo.Fields, error) {
	return s[model], nil
}

// FuzzPlain compares the short way of judging a domain with the long one: what
// the short one lets through, the long one does, and they mean the same.
func FuzzPlain(f *testing.F) {
	field := func(name, kind, relation string) odoo.Field {
		return odoo.Field{Name: name, Type: kind, Relation: relation, Store: true, Searchable: true, Sortable: true}
	}
	src := plainSource{"a.b": {
		"id": field("id", "integer", ""), "name": field("name", "char", ""), "n": field("n", "integer", ""), "hidden": field("hidden", "char", ""),
		"parent_id": field("parent_id", "many2one", "a.b"), "other_id": field("other_id", "many2one", "c.d"), "tags": field("tags", "many2many", "c.d"),
		"display_name": field("display_name", "char", ""), "shut_id": field("shut_id", "many2one", "e.f"),
	}, "c.d": {"id": field("id", "integer", ""), "name": field("name", "char", ""), "code": field("code", "char", "")}}
	a := Configuration{Model: "a.b", Limit: LimitBlacklist, Fields: []string{"hidden"}, Filter: `["|", ["hidden", "=", "x"], ["n", ">", 0], ["name", "!=", false]]`}
	var schemes []*Scheme
	for _, filter := range []string{"", a.Filter} {
		a.Filter = filter
		s, err := Compile(Definition{Configurations: []Configuration{a, {Model: "c.d", Limit: LimitWhitelist, Fields: []string{"name"}}}})
		if err != nil {
			f.Fatal(err)
		}
		schemes = append(schemes, s)
	}
	for _, seed := range []string{
		`[]`, `[["name","=","x"]]`, `[["name","=","x"],["n",">",1]]`, `["|",["name","ilike","x"],["other_id.name","=","y"],["n","in",[1,2]]]`,
		`["!","|",["name","=","x"],"|",["name","=","y"],["n","=",1]]`, `["&",["name","=","x"],"&",["n","=",1],["n","<",5]]`, `["|",["name","=","x"]]`,
		`[["hidden","=","x"]]`, `[["other_id.code","=","x"]]`, `[["shut_id.name","=","x"]]`, `[["display_name","=","x"]]`, `[["tags","in",[1,false]]]`,
		`[["parent_id.parent_id.name","=","x"]]`, `[["name","<>","x"]]`, `[["id","child_of",[1]]]`, `[[1,"=",1]]`, `[["other_id","any",[["name","=","x"]]]]`, `"x"`, `[["n","=",{"a":1}]]`, `["",["n","=",1]]`,
		`["!"]`, `["&"]`, `["|"]`, `[["n","=",1],"!"]`, `["!","!"]`, `[["n","=",1],["n","=",2],"|"]`, `[["n","=",1],"&",["n","=",2]]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := odoo.ParseJSON(data, odoo.DefaultLimits)
		items, isList := v.([]any)
		if err != nil || !isList || len(items) > maxPlain {
			return
		}
		for _, s := range schemes {
			m := s.models["a.b"]
			short, ok := s.judge(context.Background(), src).plain(m, items)
			if !ok {
				continue
			}
			long, err := s.judge(context.Background(), src).where(m, v)
			if err != nil {
				t.Fatalf("%s came through as %v: %v", data, short, err)
			}
			parsed, err := odoo.ParseDomain(short)
			if err != nil {
				t.Fatalf("%s became %v: %v", data, short, err)
			}
			got, _ := odoo.MarshalValue(parsed.Value())
			want, _ := odoo.MarshalValue(long.Value())
			if string(got) != string(want) {
				t.Fatalf("%s became %s, not %s", data, got, want)
			}
		}
	})
}
