package e2e

import (
	"slices"
	"strings"
)

// What the generator leaves out, because the gateway answers it otherwise by
// design (docs/model-schemes.md):
//
//   - display_name in domains and orders, which stands for the name there;
//   - texts compared with relations, orders by relations, limits above 1,000,
//     and what the rules keep closed: these are asked, and must be refused;
//   - a context, of which lang and tz alone get through.
//
// What a dialect has no words for is said where it speaks: see the method
// request of each.

func (g generator) inquiry() inquiry {
	q := inquiry{Model: one(g, g.names), Verdict: asOdoo}
	switch n := g.IntN(100); {
	case n < 30:
		q.Model = "res.partner"
	case n < 40:
		q.Model = "sale.order"
	}
	switch n := g.IntN(100); {
	case n < 12:
		q.Op = opSearch
	case n < 22:
		q.Op = opCount
	case n < 42:
		q.Op = opSearchRead
	case n < 62:
		q.Op = opRead
	case n < 77:
		q.Op = opNameSearch
	case n < 84:
		q.Op = opFields
	case n < 94:
		q.Op = opReadGroup
	default:
		q.Op = opFormatted
	}
	m := g.models[q.Model]
	switch q.Op {
	case opRead:
		q.Fields = g.fields(m)
		if q.IDs = some(g, 6, m.ids); g.chance(3) {
			q.IDs = q.IDs[:1]
			break
		}
		if last := m.ids[len(m.ids)-1]; g.chance(4) && !slices.Contains(q.IDs, last) {
			q.IDs = append(q.IDs, last) // of contacts one of the test's own
		}
		if g.chance(5) {
			q.IDs = append(q.IDs, 999_999)
		}
		if g.chance(8) {
			q.IDs = append(q.IDs, q.IDs[0])
		}
		if g.chance(12) {
			q.IDs = []int64{999_999}
		}
	case opFields:
		g.description(&q, m)
	case opReadGroup, opFormatted:
		g.groups(&q, m)
	default:
		g.search(&q, m)
	}
	if g.chance(9) {
		g.spoil(&q, m)
	}
	return q
}

// search fills in what a search is given.
func (g generator) search(q *inquiry, m *modelFacts) {
	g.window(q)
	if !g.chance(6) && (q.Op != opNameSearch || g.chance(4)) {
		q.Domain = g.domain(q.Model)
	}
	if g.chance(10) {
		q.IDs = some(g, 4, m.ids)
	}
	switch q.Op {
	case opNameSearch:
		if f := m.fields["name"]; f != nil && !g.chance(6) {
			if q.Name, _ = g.pattern(f, "ilike").(string); g.chance(4) {
				q.Operator = one(g, []string{"=", "like", "ilike", "=like", "=ilike"})
				q.Name, _ = g.pattern(f, q.Operator).(string)
			}
		}
		if !g.chance(3) {
			// /restapi knows neither.
			q.Offset = nil
			return
		}
	case opCount:
		q.Offset, q.Limit = nil, nil
		return
	case opSearchRead:
		q.Fields = g.fields(m)
	}
	if !g.chance(3) {
		q.Order = g.order(m)
	}
}

func (g generator) window(q *inquiry) {
	if g.chance(3) {
		q.Offset = new(int64(g.IntN(6)))
	}
	if !g.chance(3) {
		q.Limit = new(one(g, []int64{0, 1, 1, 2, 3, 5, 20, 100, 1000}))
	}
}

// order ends with the id, so that it leaves nothing to chance.
func (g generator) order(m *modelFacts) string {
	sortable := m.pick(func(f *fieldFacts) bool {
		return f.sortable && f.relation == "" && f.name != "id" && f.name != "display_name" && comparable(f.kind)
	})
	var out []string
	for range g.IntN(3) {
		out = append(out, one(g, sortable).name+one(g, []string{"", " asc", " desc", " DESC", " desc nulls last", " nulls first"}))
	}
	return strings.Join(append(out, "id"+one(g, []string{"", " desc"})), one(g, []string{",", ", "}))
}

// fields are some that can be read, of every kind; nil is none.
func (g generator) fields(m *modelFacts) []string {
	if g.chance(8) {
		return nil
	}
	var out []string
	for _, f := range some(g, 8, m.pick(func(f *fieldFacts) bool {
		// Of the sizes of an image one is enough, and the wire is spared.
		return f.kind != "binary" || strings.HasSuffix(f.name, "image_128")
	})) {
		if f.store || g.chance(3) || f.name == "display_name" {
			out = append(out, f.name)
		}
	}
	if lists := m.pick((*fieldFacts).many); len(lists) > 0 && g.chance(3) {
		if f := one(g, lists); !slices.Contains(out, f.name) {
			out = append(out, f.name)
		}
	}
	if len(out) == 0 {
		out = append(out, "id")
	}
	return out
}

// attributes are those of fields_get that are shown of an open field.
var attributes = []string{"string", "type", "help", "required", "readonly", "store", "searchable", "sortable", "selection", "size", "translate", "relation"}

func (g generator) description(q *inquiry, m *modelFacts) {
	if !g.chance(4) {
		q.Fields = some(g, 6, m.open)
	}
	q.Attributes = some(g, 5, attributes)
}

// groups are by up to three fields, with something computed of each.
func (g generator) groups(q *inquiry, m *modelFacts) {
	if !g.chance(4) {
		q.Domain = g.domain(q.Model)
	}
	g.window(q)
	keys := m.pick(func(f *fieldFacts) bool {
		switch f.kind {
		case "char", "selection", "boolean", "integer", "many2one", "date", "datetime":
			return f.store && f.name != "id"
		}
		return false
	})
	q.GroupBy, q.Aggregates = []string{}, []string{}
	var orders []string
	for _, f := range some(g, 2, keys) {
		spec := f.name
		if f.kind == "date" || f.kind == "datetime" {
			spec += one(g, []string{":day", ":week", ":month", ":quarter", ":year"})
		}
		q.GroupBy = append(q.GroupBy, spec)
		if f.relation == "" {
			orders = append(orders, spec)
		}
	}
	numbers := m.pick(func(f *fieldFacts) bool {
		return f.store && (f.kind == "float" || f.kind == "monetary" || f.kind == "integer")
	})
	for _, f := range some(g, 2, numbers) {
		if strings.Contains(strings.Join(q.GroupBy, " "), f.name) {
			continue
		}
		spec := f.name + ":" + one(g, []string{"sum", "avg", "min", "max", "count_distinct"})
		q.Aggregates = append(q.Aggregates, spec)
	}
	if q.Op == opReadGroup {
		if g.chance(2) {
			q.Lazy = new(g.chance(2))
		}
		if lazy := q.Lazy == nil || *q.Lazy; lazy {
			orders = orders[:min(len(orders), 1)]
			if len(orders) > 0 && orders[0] != q.GroupBy[0] {
				orders = nil
			}
		}
	} else {
		q.Aggregates = append(q.Aggregates, "__count")
	}
	if len(orders) == len(q.GroupBy) && g.chance(2) {
		q.Order = strings.Join(orders, " desc, ") + one(g, []string{"", " desc"})
	}
}

// spoil makes of an inquiry one that must be refused.
func (g generator) spoil(q *inquiry, m *modelFacts) {
	*q = inquiry{Model: q.Model, Op: q.Op, IDs: q.IDs, Name: q.Name, GroupBy: q.GroupBy, Aggregates: q.Aggregates, Attributes: q.Attributes, Verdict: closed}
	links := m.pick(func(f *fieldFacts) bool { return f.kind == "many2one" && f.searchable })
	switch n := g.IntN(11); {
	case n == 0:
		q.Model, q.Verdict = "no.such.model", wrong
	case n == 1:
		q.Model = one(g, []string{"res.users", "ir.model", "ir.config_parameter", "mail.message"})
	case n == 2 && len(m.closed) > 0 && q.Op != opReadGroup && q.Op != opFormatted:
		q.Fields = []string{one(g, m.closed)}
		if q.Op == opFields {
			q.Attributes = []string{"type"}
		} else if q.Op != opRead {
			q.Op = opSearchRead
		}
	case n == 3 && q.searches():
		q.Domain, q.Verdict = []any{[]any{"no_such_field", "=", int64(1)}}, wrong
	case n == 4 && q.searches():
		q.Domain, q.Verdict = []any{[]any{"id", "resembles", int64(1)}}, wrong
	case n == 5 && q.searches() && len(links) > 0:
		q.Domain = []any{[]any{one(g, links).name, "ilike", "a"}}
	case n == 6 && q.searches():
		q.Domain, q.IDs = []any{"&", []any{"id", "=", int64(1)}}, nil
	case n == 7 && (q.Op == opSearch || q.Op == opSearchRead):
		if q.Order = "no_such_field"; len(links) > 0 && g.chance(2) {
			q.Order = one(g, links).name
		}
	case n == 8 && q.searches() && q.Op != opCount:
		q.Limit = new(one(g, []int64{1001, -1}))
	case n == 9 && q.searches() && len(m.closed) > 0:
		q.Domain = []any{[]any{one(g, m.closed), "=", false}}
	case n == 10 && q.searches() && g.version < 19:
		q.Domain, q.Verdict = []any{[]any{"name", "not =like", "a"}}, wrong
		if g.version < 17 && len(links) > 0 {
			q.Domain = []any{[]any{one(g, links).name, "any", []any{}}}
		}
	case q.Op != opFields:
		if q.Op != opRead {
			q.Op = opSearchRead
		}
		q.Fields, q.Verdict = []string{"name", "no_such_field"}, wrong
	default:
		q.Model, q.Verdict = "no.such.model", wrong
	}
}
