package scheme_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// A new record must be inside of the filter, and a change must keep records
// inside, by the values alone.
func TestValuesProveTheFilter(t *testing.T) {
	src := erp()
	src["res.partner"]["state"] = stored("state", "State", "selection")
	for _, tt := range []struct {
		filter        string
		vals          vals
		create, write bool
	}{
		{`[["customer_rank", ">", 0]]`, vals{"customer_rank": int64(2)}, true, true},
		{`[["customer_rank", ">", 0]]`, vals{"customer_rank": int64(0)}, false, false},
		{`[["customer_rank", ">", 0]]`, vals{"name": "x"}, false, true},
		{`[["customer_rank", ">=", 1], ["customer_rank", "<", 5]]`, vals{"customer_rank": int64(4)}, true, true},
		{`[["customer_rank", ">=", 1], ["customer_rank", "<", 5]]`, vals{"customer_rank": int64(5)}, false, false},
		{`[["customer_rank", ">=", 1]]`, vals{"customer_rank": int64(1)}, true, true},
		{`[["customer_rank", ">=", 1]]`, vals{"customer_rank": int64(0)}, false, false},
		{`[["customer_rank", "<=", 5]]`, vals{"customer_rank": int64(5)}, true, true},
		{`[["customer_rank", "<=", 5]]`, vals{"customer_rank": int64(6)}, false, false},
		{`[["customer_rank", "in", [1, 2]]]`, vals{"customer_rank": int64(2)}, true, true},
		{`[["customer_rank", "not in", [1, 2]]]`, vals{"customer_rank": int64(2)}, false, false},
		{`[["customer_rank", "!=", 0]]`, vals{"customer_rank": false}, false, false},
		{`["!", ["customer_rank", "=", 0]]`, vals{"customer_rank": int64(1)}, true, true},
		{`["|", ["customer_rank", "=", 1], ["name", "=", "x"]]`, vals{"name": "x"}, true, true},
		{`["|", ["customer_rank", "=", 1], ["name", "=", "x"]]`, vals{"name": "y"}, false, false},
		{`[["customer_rank", "=", 1], ["name", "=", "x"]]`, vals{"name": "x"}, false, false},
		{`[["country_id", "=", 20]]`, vals{"country_id": int64(20)}, true, true},
		{`[["country_id", "in", [20, false]]]`, vals{"country_id": false}, true, true},
		{`[["country_id", "=", 20]]`, vals{"country_id": int64(21)}, false, false},
		{`[["country_id", "!=", false]]`, vals{"country_id": int64(21)}, true, true},
		{`[["state", "=", "done"]]`, vals{"state": "done"}, true, true},
		{`[["state", "=", "done"]]`, vals{"state": "draft"}, false, false},
		{`[["state", "!=", "draft"]]`, vals{"state": "done"}, true, true},
		{`[["state", "!=", "draft"]]`, vals{"state": false}, true, true},
		{`[["state", "!=", false]]`, vals{"state": "done"}, true, true},
		{`[["state", "!=", false]]`, vals{"state": nil}, false, false},
		{`[["active", "=", true]]`, vals{"active": true}, true, true},
		{`[["active", "=", true]]`, vals{"active": false}, false, false},
		{`[["active", "!=", false]]`, vals{"active": int64(1)}, true, true},
		// Odoo may cut a text off, round a number, or follow a tree.
		{`[["name", "!=", "x"]]`, vals{"name": "y"}, false, false},
		{`[["name", "not in", ["x"]]]`, vals{"name": "y"}, false, false},
		{`[["comment", "=", "<p>x</p>"]]`, vals{"comment": "<p>x</p>"}, false, false},
		{`[["name", "ilike", "x"]]`, vals{"name": "x"}, false, false},
		{`[["credit_limit", ">", 0]]`, vals{"credit_limit": 0.001}, false, false},
		{`[["credit_limit", ">", 0]]`, vals{"credit_limit": int64(3)}, true, true},
		{`[["credit_limit", "=", false]]`, vals{"credit_limit": false}, false, false},
		{`[["customer_rank", "=", false]]`, vals{"customer_rank": false}, false, false},
		{`[["name", "=", false]]`, vals{"name": false}, true, true},
		{`[["category_id", "in", [5]]]`, vals{"category_id": []any{command(int64(6), int64(0), []any{int64(5)})}}, false, false},
		{`[["country_id.code", "=", "BE"]]`, vals{"name": "x"}, false, true},
		{`[["country_id.code", "=", "BE"]]`, vals{"country_id": int64(20)}, false, false},
		{`[["country_id", "any", [["code", "=", "BE"]]]]`, vals{"country_id": int64(20)}, false, false},
		{`[]`, vals{"name": "x"}, true, true},
	} {
		c := scheme.Configuration{Model: "res.partner", Filter: tt.filter, Operations: readWrite}
		s, err := scheme.Compile(scheme.Definition{Configurations: []scheme.Configuration{c, country, {Model: "res.partner.category"}}})
		if err != nil {
			if tt.create || !strings.Contains(err.Error(), "no record that it makes") {
				t.Errorf("%s: %v", tt.filter, err)
			}
			c.Operations = []scheme.Operation{scheme.Read, scheme.Write}
			s = compile(t, c, country, scheme.Configuration{Model: "res.partner.category"})
		} else if _, err := s.Check(context.Background(), src, create("res.partner", tt.vals)); (err == nil) != tt.create || err != nil && code(err) != scheme.CodeFilter {
			t.Errorf("%s: create %v: %v", tt.filter, tt.vals, err)
		}
		if _, err := s.Check(context.Background(), src, write("res.partner", tt.vals, 1)); (err == nil) != tt.write || err != nil && code(err) != scheme.CodeFilter {
			t.Errorf("%s: write %v: %v", tt.filter, tt.vals, err)
		}
	}
}

// No value may pull a record of another model into its filter, or push one
// out: neither over a path, nor by what a field is computed from, nor by the
// other side of a relation.
func TestValuesMoveNoOther(t *testing.T) {
	src := erp()
	src["res.country"]["partner_ids"] = listed("partner_ids", "res.partner", "country_id")
	src["res.partner.category"]["partner_ids"] = relation("partner_ids", "many2many", "res.partner")
	src["res.country"]["union_id"] = relation("union_id", "many2one", "res.country")
	src["res.partner"]["boss_id"] = odoo.Field{Name: "boss_id", Type: "many2one", Relation: "res.partner", Store: true, Searchable: true, Depends: []string{"phone"}}
	src["res.partner"]["team_ids"] = listed("team_ids", "res.partner", "boss_id")
	src["res.partner"]["found_ids"] = listed("found_ids", "res.partner", "")
	src["sale.order.line"]["active"] = stored("active", "Active", "boolean")
	src["sale.order.line"]["x_active"] = stored("x_active", "Active", "boolean")
	src["res.partner.category"]["keeper_id"] = relation("keeper_id", "many2one", "res.partner")
	kept := related("kept_mail", "partner_id.email")
	kept.Store = true
	src["sale.order"]["kept_mail"] = kept
	src["sale.order"]["ghost"] = related("ghost", "partner_id.nope")
	src["sale.order"]["email_from"] = odoo.Field{Name: "email_from", Type: "char", Store: true, Searchable: true, Depends: []string{"partner_id.email"}}
	src["sale.order"]["read_only"] = computed("read_only", "partner_id.email")
	src["sale.order"]["mirror"] = odoo.Field{Name: "mirror", Type: "char", Searchable: true, Depends: []string{"summary"}}
	all := func(model, filter string) scheme.Configuration {
		return scheme.Configuration{Model: model, Filter: filter, WriteLimit: scheme.LimitWhitelist, Operations: []scheme.Operation{scheme.Read, scheme.Create, scheme.Write, scheme.Unlink},
			WriteFields: []string{"name", "credit_limit", "phone", "country_id", "parent_id", "code", "partner_ids", "cost", "order_id", "order_line", "partner_id", "email", "mirror", "category_id", "active", "x_active", "boss_id", "union_id", "contact_email", "ghost", "kept_mail", "keeper_id", "email_from", "read_only"}}
	}
	link := []any{command(int64(4), int64(1), int64(0))}
	for name, tt := range map[string]struct {
		model, filter string
		call          odoo.Call
		moves         bool
	}{
		"end of a path":              {"res.partner", `[["country_id.code", "=", "BE"]]`, write("res.country", vals{"code": "BE"}, 1), true},
		"beside a path":              {"res.partner", `[["country_id.code", "=", "BE"]]`, write("res.country", vals{"name": "x"}, 1), false},
		"end of any":                 {"res.partner", `[["country_id", "any", [["code", "=", "BE"]]]]`, write("res.country", vals{"code": "BE"}, 1), true},
		"other side of a many2one":   {"res.partner", `[["country_id", "=", 20]]`, write("res.country", vals{"partner_ids": link}, 1), true},
		"new, on the other side":     {"res.partner", `[["country_id", "=", 20]]`, write("res.country", vals{"partner_ids": []any{command(int64(0), int64(0), vals{"name": "x"})}}, 1), true},
		"other side of many2many":    {"res.partner", `[["category_id", "in", [5]]]`, write("res.partner.category", vals{"partner_ids": link}, 1), true},
		"many2many of another":       {"res.partner", `[["phone", "!=", false]]`, write("res.partner.category", vals{"partner_ids": link}, 1), false},
		"line in a list":             {"sale.order", `[["order_line.cost", ">", 5]]`, write("sale.order.line", vals{"cost": int64(9)}, 1), true},
		"owner of a line":            {"sale.order", `[["order_line", "!=", false]]`, write("sale.order.line", vals{"order_id": int64(9)}, 1), true},
		"what owners are made of":    {"res.partner", `[["team_ids", "!=", false]]`, write("res.partner", vals{"phone": "x"}, 1), true},
		"lists without owners":       {"res.partner", `[["found_ids", "!=", false]]`, write("res.partner", vals{"phone": "x"}, 1), false},
		"whether a line is found":    {"sale.order", `[["order_line.cost", ">", 5]]`, write("sale.order.line", vals{"active": false}, 1), true},
		"whether a line is there":    {"sale.order", `[["order_line", "=", false]]`, write("sale.order.line", vals{"x_active": false}, 1), true},
		"beside a line":              {"sale.order", `[["name", "=", "x"]]`, write("sale.order.line", vals{"active": false}, 1), false},
		"above in a tree":            {"res.partner", `[["category_id", "child_of", [5]]]`, write("res.partner.category", vals{"parent_id": int64(1)}, 1), true},
		"beside a tree":              {"res.partner", `[["category_id", "child_of", [5]]]`, write("res.partner.category", vals{"name": "x"}, 1), false},
		"above in its own tree":      {"res.partner", `[["id", "child_of", 5]]`, write("res.partner", vals{"parent_id": int64(1)}, 1), true},
		"beside a parent":            {"res.partner", `[["id", "child_of", 5]]`, write("res.partner", vals{"boss_id": int64(1)}, 1), false},
		"above without parents":      {"res.country", `[["id", "child_of", 5]]`, write("res.country", vals{"union_id": int64(1)}, 1), true},
		"beside no parents":          {"res.country", `[["id", "child_of", 5]]`, write("res.country", vals{"name": "x"}, 1), false},
		"kept, and given to another": {"res.partner", `[["parent_id.email", "=", "x"]]`, write("sale.order", vals{"kept_mail": "x"}, 1), true},
		"keeper of a tag":            {"res.partner", `[["category_id", "in", [5]]]`, write("res.partner.category", vals{"keeper_id": int64(1)}, 1), false},
		"beside its own tree":        {"res.partner", `[["id", "child_of", 5]]`, write("res.partner", vals{"country_id": int64(1)}, 1), false},
		"above on a path":            {"sale.order", `[["partner_id.id", "parent_of", 5]]`, write("res.partner", vals{"parent_id": int64(1)}, 1), true},
		"above where one is":         {"sale.order", `[["partner_id", "child_of", 5]]`, write("res.partner", vals{"parent_id": int64(1)}, 1), true},
		"the name of another":        {"res.partner", `[["country_id", "=", "Belgium"]]`, write("res.country", vals{"name": "Belgium"}, 1), true},
		"one of some names":          {"res.partner", `[["country_id", "not in", [1, "Belgium"]]]`, write("res.country", vals{"name": "x"}, 1), true},
		"what a name may be of":      {"res.partner", `[["country_id", "ilike", "be"]]`, write("res.country", vals{"code": "BE"}, 1), true},
		"a name on a path":           {"sale.order", `[["partner_id.category_id", "=", "VIP"]]`, write("res.partner.category", vals{"name": "VIP"}, 1), true},
		"a name where ids are":       {"res.partner", `[["country_id", "=", 20]]`, write("res.country", vals{"name": "Belgium"}, 1), false},
		"what leads in a circle":     {"res.partner", `[["round", "=", "x"]]`, write("res.partner", vals{"phone": "x"}, 1), false},
		"what it is computed from":   {"res.partner", `[["score", "=", "x"]]`, write("res.partner", vals{"credit_limit": int64(9)}, 1), true},
		"computed elsewhere":         {"sale.order", `[["summary", "=", "x"]]`, write("sale.order.line", vals{"cost": int64(9)}, 1), true},
		"taken from elsewhere":       {"sale.order", `[["contact_email", "=", "x"]]`, write("res.partner", vals{"email": "x"}, 1), true},
		"written elsewhere":          {"sale.order", `[["summary", "=", "x"]]`, write("sale.order", vals{"mirror": "x"}, 1), true},
		"given to another":           {"res.partner", `[["parent_id.email", "=", "x"]]`, write("sale.order", vals{"contact_email": "x"}, 1), true},
		"given to nobody known":      {"res.partner", `[["parent_id.email", "=", "x"]]`, write("sale.order", vals{"ghost": "x"}, 1), true},
		"started with, and given":    {"res.partner", `[["email", "=ilike", "%@azure.example"]]`, write("sale.order", vals{"email_from": "x"}, 1), true},
		"started, over a path":       {"res.partner", `[["parent_id.email", "=", "x"]]`, write("sale.order", vals{"email_from": "x"}, 1), true},
		"started with another":       {"res.partner", `[["vat", "=", "x"]]`, write("sale.order", vals{"email_from": "x"}, 1), false},
		"started by who it is":       {"sale.order", `[["partner_id", "=", 5]]`, write("sale.order", vals{"email_from": "x"}, 1), false},
		"never given":                {"res.partner", `[["email", "=", "x"]]`, write("sale.order", vals{"read_only": "x"}, 1), false},
		"given to another field":     {"res.partner", `[["parent_id.vat", "=", "x"]]`, write("sale.order", vals{"contact_email": "x"}, 1), false},
		"not computed from":          {"res.partner", `[["score", "=", "x"]]`, write("res.partner", vals{"phone": "x"}, 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			var list []scheme.Configuration
			for _, model := range []string{"res.partner", "res.country", "sale.order", "sale.order.line", "res.partner.category"} {
				c := all(model, "")
				if model == tt.model {
					c.Filter, c.Operations = tt.filter, []scheme.Operation{scheme.Read, scheme.Write}
				}
				list = append(list, c)
			}
			if strings.HasPrefix(name, "new") {
				list[0].Operations = readWrite
			}
			_, err := compile(t, list...).Check(context.Background(), src, tt.call)
			if moves := code(err) == scheme.CodeFilter; moves != tt.moves || !moves && err != nil {
				t.Errorf("error %v", err)
			}
			// Without the filter it is allowed.
			for i := range list {
				list[i].Filter = ""
			}
			if _, err := compile(t, list...).Check(context.Background(), src, tt.call); err != nil {
				t.Errorf("without the filter: %v", err)
			}
		})
	}
}

// What a filter depends on is more than anybody looks through: nothing is written.
func TestValuesBehindTooMuch(t *testing.T) {
	for n, want := range map[int]string{10: "", 5001: scheme.CodeFilter} {
		src := erp()
		var parts []string
		for i := range n {
			parts = append(parts, fmt.Sprint("part", i))
			src["res.country"][parts[i]] = stored(parts[i], "", "char")
		}
		src["res.country"]["sum"] = computed("sum", parts...)
		s := compile(t, scheme.Configuration{Model: "res.country", Filter: `[["sum", "=", "x"]]`, Operations: []scheme.Operation{scheme.Write}})
		if _, err := s.Check(context.Background(), src, write("res.country", vals{"name": "x"}, 1)); code(err) != want {
			t.Errorf("%d fields: %v", n, err)
		}
	}
}

// What a filter depends on is not known: nothing is written.
func TestValuesWithoutMetadata(t *testing.T) {
	src := erp()
	for _, model := range []string{"res.country", "res.users", "res.partner.category", "sale.order.line"} {
		delete(src, model)
	}
	// What a list lists by, and what a field is computed from.
	src["sale.order"]["mail"] = computed("mail", "partner_id.country_id.code")
	for _, filter := range []string{
		`[["partner_id.country_id.code", "=", "BE"]]`, `[["mail", "=", "x"]]`, `[["order_line", "!=", false]]`,
		`[["partner_id.category_id", "child_of", 5]]`, `[["partner_id.country_id", "=", "Belgium"]]`,
	} {
		c := scheme.Configuration{Model: "sale.order", Filter: filter, Operations: []scheme.Operation{scheme.Write}}
		if _, err := compile(t, c).Check(context.Background(), src, write("sale.order", vals{"name": "x"}, 1)); !errors.Is(err, errDown) {
			t.Errorf("%s: error %v", filter, err)
		}
	}
}

// Records outside of a filter are absent, and so are those that the person
// does not see.
func TestProve(t *testing.T) {
	s := compile(t, writing()...)
	checked, err := check(t, s, write("res.partner", vals{"name": "x"}, 7, 8))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		found string
		err   error
		want  odoo.Kind
		fails bool
	}{
		"all there":     {found: `[8,7]`},
		"one is not":    {found: `[7]`, want: odoo.Missing, fails: true},
		"another":       {found: `[7,9]`, want: odoo.Missing, fails: true},
		"none":          {found: `[]`, want: odoo.Missing, fails: true},
		"outage":        {err: errDown, want: odoo.Unavailable, fails: true},
		"another shape": {found: `{"7":8}`, want: odoo.Server, fails: true},
	} {
		src := &matching{source: erp(), found: tt.found, err: tt.err}
		err := s.Prove(context.Background(), src, checked)
		if e, ok := errors.AsType[*odoo.Error](err); ok != tt.fails || ok && e.Kind != tt.want {
			t.Errorf("%s: %v", name, err)
		}
		if len(src.calls) != 1 || text(t, src.calls[0].Kwargs) != `{"domain":["&","&",["id","in",[7,8]],["active","in",[true,false]],["customer_rank",">",0]],"limit":2,"order":"id"}` || src.calls[0].Context != nil {
			t.Errorf("%s: asked %+v", name, src.calls)
		}
	}
}
