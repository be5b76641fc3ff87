package scheme_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest/orm"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// written is what calls may change in the property test, said once more and
// by other means than the rules: fields by model, what new records get, and
// which records there are.
var written = map[string]struct {
	fields  []string
	create  bool
	write   bool
	unlink  bool
	forced  map[string]any
	outside func(record map[string]any) bool
}{
	"res.partner": {
		fields: []string{"name", "phone", "country_id", "parent_id", "category_id"}, create: true, write: true,
		forced:  map[string]any{"customer_rank": int64(1)},
		outside: func(r map[string]any) bool { n, _ := r["customer_rank"].(int64); return n <= 0 },
	},
	"sale.order":      {fields: []string{"name"}, write: true},
	"sale.order.line": {fields: []string{"name", "price_unit"}, write: true, unlink: true},
	"res.country":     {},
}

// writeScheme is the same as a scheme.
func writeScheme(t *testing.T) *scheme.Scheme {
	var list []scheme.Configuration
	for _, model := range []string{"res.partner", "sale.order", "sale.order.line", "res.country", "res.partner.category"} {
		rule := written[model]
		c := scheme.Configuration{Name: model, Model: model, Limit: scheme.LimitWhitelist, Fields: []string{"name"}, Operations: []scheme.Operation{scheme.Read}, Forced: rule.forced}
		for op, may := range map[scheme.Operation]bool{scheme.Create: rule.create, scheme.Write: rule.write, scheme.Unlink: rule.unlink} {
			if may {
				c.Operations = append(c.Operations, op)
			}
		}
		if len(rule.fields) > 0 {
			c.WriteLimit, c.WriteFields = scheme.LimitWhitelist, rule.fields
		}
		switch model {
		case "res.partner":
			c.Filter, c.Fields = `[["customer_rank", ">", 0]]`, []string{"name", "phone", "country_id", "parent_id", "child_ids", "category_id"}
			c.WriteFields = append(slices.Clone(rule.fields), "child_ids")
		case "sale.order":
			c.Fields = []string{"name", "partner_id", "order_line"}
			c.WriteFields = append(slices.Clone(rule.fields), "order_line")
		}
		list = append(list, c)
	}
	return compile(t, list...)
}

// change makes a call that writes: good ones and attacks.
func (g *generator) change() odoo.Call {
	model := pick(g, "res.partner", "res.partner", "res.partner", "sale.order", "sale.order", "sale.order.line", "sale.order.line")
	method := pick(g, "create", "write", "write", "write", "write", "unlink")
	if g.IntN(8) == 0 {
		model = pick(g, "res.country", "res.users", "res.partner.category", model)
		method = pick(g, "copy", "web_save", "name_create", "action_archive", method)
	}
	call := odoo.Call{Model: model, Method: method, Context: g.context()}
	switch call.Method {
	case "create":
		call.Args = []any{g.values(model, 0)}
		if g.IntN(4) == 0 {
			call.Args = []any{[]any{g.values(model, 0), g.values(model, 0)}}
		}
		return call
	case "write", "web_save":
		call.Args = []any{g.values(model, 0)}
	case "name_create":
		call.Args = []any{"x"}
		return call
	}
	for range 1 + g.IntN(5)/4 {
		call.IDs = append(call.IDs, int64(1+g.IntN(45)))
	}
	return call
}

func (g *generator) values(model string, depth int) map[string]any {
	out := map[string]any{}
	good := append(slices.Clone(written[model].fields), "name")
	for range 1 + g.IntN(3) {
		name := pick(g, good...)
		switch g.IntN(14) {
		case 0:
			name = pick(g, scalars[model]...)
		case 1:
			if len(relations[model]) > 0 {
				name = g.relation(model)
			}
		}
		out[name] = g.fieldValue(model, name, depth)
	}
	return out
}

func (g *generator) fieldValue(model, name string, depth int) any {
	comodel := relations[model][name]
	switch {
	case comodel == "" && name == "customer_rank":
		return int64(g.IntN(3))
	case comodel == "" && (name == "price_unit" || name == "amount_total"):
		return 1.5
	case comodel == "":
		if g.IntN(8) == 0 {
			return pick[any](g, false, int64(1), true, []any{"x"})
		}
		return pick(g, "x", "y", "Azure", "phone 5")
	case strings.HasSuffix(name, "_ids") || name == "order_line" || name == "category_id":
		var list []any
		for range g.IntN(3) {
			list = append(list, g.command(comodel, depth))
		}
		return list
	}
	return pick[any](g, int64(1+g.IntN(45)), int64(1+g.IntN(45)), false)
}

func (g *generator) command(model string, depth int) any {
	id := int64(1 + g.IntN(45))
	var inner any = map[string]any{}
	if depth < 4 {
		inner = g.values(model, depth+1)
	}
	return pick[any](g,
		[]any{int64(0), int64(0), inner}, []any{int64(1), id, inner}, []any{int64(1), id, inner}, []any{int64(2), id, int64(0)},
		[]any{int64(3), id, int64(0)}, []any{int64(4), id, int64(0)}, []any{int64(5), int64(0), int64(0)}, []any{int64(6), int64(0), []any{id}})
}

// records are all stored values of the models that the test looks at.
func (w world) records(t *testing.T) map[string]map[int64]map[string]any {
	t.Helper()
	root := orm.Env{UID: w.uid, Superuser: true, Context: map[string]any{"active_test": false}}
	out := map[string]map[int64]map[string]any{}
	for _, model := range []string{"res.partner", "sale.order", "sale.order.line", "res.country", "res.partner.category", "res.users"} {
		fields, err := w.Fields(context.Background(), model)
		if err != nil {
			t.Fatal(err)
		}
		names := []any{}
		for name, f := range fields {
			mirror := model == "res.partner.category" && name == "partner_ids" // of a contact's category_id
			if !mirror && f.Store && f.Related == "" && f.Type != "one2many" && f.Type != "binary" && !strings.HasPrefix(name, "write_") && !f.Readonly {
				names = append(names, name)
			}
		}
		list, err := w.db.Call(root, model, "search_read", []any{[]any{}, names}, map[string]any{"load": ""})
		if err != nil {
			t.Fatal(err)
		}
		out[model] = map[int64]map[string]any{}
		for _, each := range list.([]any) {
			r := each.(map[string]any)
			out[model][r["id"].(int64)] = r
		}
	}
	return out
}

// TestNothingElseIsWritten sends random calls that write through the rules.
// Whatever they change must be among what is open, of records that were, and
// are, within the filter. And what they answer does not depend on what is
// hidden.
func TestNothingElseIsWritten(t *testing.T) {
	cases, seed := propertyCases(t, 1200)
	cases /= 4 // each is compared with all that there was before
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			s := writeScheme(t)
			g := &generator{rand.New(rand.NewPCG(uint64(version), seed))}
			var a, b world
			var before map[string]map[int64]map[string]any
			changed := 0
			for n := range cases {
				if n%500 == 0 { // records add up, and all are compared each time
					a, b = newWorld(t, version, "alpha", "filters"), newWorld(t, version, "Beta", "filters")
					before = a.records(t)
				}
				call := g.change()
				checked, err := s.Check(context.Background(), a, call)
				if err != nil {
					continue
				}
				if same(t, s, a, b, call, checked) {
					changed++
				}
				after := a.records(t)
				if wrong := wrongChange(before, after); wrong != "" {
					t.Fatalf("%s\n%v\nchecked %v", wrong, call, checked.Call)
				}
				before = after
			}
			if changed < cases/20 {
				t.Errorf("only %d of %d calls came through", changed, cases)
			}
		})
	}
}

// wrongChange names a change that is not among what is written.
func wrongChange(before, after map[string]map[int64]map[string]any) string {
	for model, records := range after {
		rule := written[model]
		for id, now := range records {
			was, existed := before[model][id]
			at := fmt.Sprintf("%s %d", model, id)
			if !existed {
				if !rule.create {
					return at + " is new"
				}
				for name, v := range rule.forced {
					if now[name] != v {
						return at + " is new, without " + name
					}
				}
				for _, hidden := range hiddenFields[model] {
					if v := now[hidden]; v != nil && v != false && v != "" {
						return fmt.Sprintf("%s is new, with %s %v", at, hidden, v)
					}
				}
				continue
			}
			for name, v := range now {
				switch {
				case fmt.Sprint(v) == fmt.Sprint(was[name]):
				case !rule.write:
					return at + " is changed"
				case !slices.Contains(rule.fields, name):
					return fmt.Sprintf("%s: %s is changed from %v to %v", at, name, was[name], v)
				case rule.outside != nil && rule.outside(was):
					return at + " is changed, though it was outside"
				}
			}
			if rule.outside != nil && !rule.outside(was) && rule.outside(now) {
				return at + " is outside"
			}
		}
	}
	for model, records := range before {
		for id, was := range records {
			if _, exists := after[model][id]; exists {
				continue
			}
			if rule := written[model]; !rule.unlink || rule.outside != nil && rule.outside(was) {
				return fmt.Sprintf("%s %d is deleted", model, id)
			}
		}
	}
	return ""
}
