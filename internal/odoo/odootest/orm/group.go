package orm

import (
	"slices"
	"strings"
)

// grouping is one groupby: a field, for dates with a granularity.
type grouping struct {
	spec, granularity string
	f                 *field
}

// bucket is one group of records.
type bucket struct {
	keys []any // per grouping: nil, a value, or the start of a span
	ids  []int64
}

func (t *tx) groupings(m *model, v any) []grouping {
	names := stringList(v)
	if s, ok := v.(string); ok {
		names = []string{s}
	}
	var out []grouping
	for _, spec := range names {
		name, granularity, _ := strings.Cut(spec, ":")
		if m.byName[name] == nil {
			throw(ValueError, "Invalid field '%s' on model '%s'", name, m.name)
		}
		f := t.field(m, name, "read")
		if !t.groupable(f) {
			if t.db.version >= 19 {
				throw(ValueError, "Cannot convert %s.%s to SQL because it is not stored", m.name, f.name)
			}
			throw(AssertionError, "Fields in 'groupby' must be database-persisted fields (no computed fields)")
		}
		if f.typ == "date" || f.typ == "datetime" {
			if granularity == "" {
				granularity = "month"
			}
			if spanOf(granularity) == nil {
				throw(ValueError, "Granularity specification isn't correct: '%s'", granularity)
			}
		} else if granularity != "" {
			throw(ValueError, "Invalid field property '%s' on %s.%s", granularity, m.name, name)
		}
		out = append(out, grouping{spec, granularity, f})
	}
	return out
}

// groupKeys returns the groups that a record falls into: several for a
// many2many.
func (t *tx) groupKeys(m *model, r *row, g grouping) []any {
	v := t.raw(m, r, g.f)
	if g.f.typ == "many2many" {
		if ids := t.linked(m, g.f, t.targets(r, m, g.f)); len(ids) > 0 {
			return anyIDs(ids)
		}
		return []any{nil}
	}
	if g.granularity != "" {
		if s := asString(v); s != "" {
			return []any{spanOf(g.granularity)(s)}
		}
		return []any{nil}
	}
	if g.f.typ == "boolean" {
		return []any{truthy(v)}
	}
	if empty(v) {
		return []any{nil}
	}
	return []any{v}
}

// group sorts the records of a domain into buckets, in the order of the keys.
func (t *tx) group(m *model, domain []any, groupings []grouping) []*bucket {
	buckets := map[string]*bucket{}
	var list []*bucket
	for _, id := range t.search(m, domain, "", 0, 0) {
		tuples := [][]any{{}}
		for _, g := range groupings {
			var next [][]any
			for _, tuple := range tuples {
				for _, key := range t.groupKeys(m, m.rows[id], g) {
					next = append(next, append(slices.Clone(tuple), key))
				}
			}
			tuples = next
		}
		for _, tuple := range tuples {
			name := python(tuple)
			b := buckets[name]
			if b == nil {
				b = &bucket{keys: tuple}
				buckets[name] = b
				list = append(list, b)
			}
			b.ids = append(b.ids, id)
		}
	}
	if len(groupings) == 0 && len(list) == 0 {
		list = append(list, &bucket{keys: []any{}})
	}
	slices.SortStableFunc(list, func(a, b *bucket) int {
		for i, g := range groupings {
			if c := t.compareKeys(g, a.keys[i], b.keys[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	return list
}

// compareKeys sorts groups upwards, the group without a value last.
func (t *tx) compareKeys(g grouping, a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	f := g.f
	if f.typ == "many2many" {
		f = &field{typ: "many2one", relation: f.relation}
	}
	return t.compareValues(f, a, b)
}

// orderBuckets applies an explicit order: groupings and aggregates by name, and
// the latter also by what the call names them.
func (t *tx) orderBuckets(m *model, list []*bucket, groupings []grouping, aggregates []aggregate, order string) {
	if order == "" {
		return
	}
	type column struct {
		index int
		agg   aggregate
		desc  bool
	}
	var columns []column
	for part := range strings.SplitSeq(order, ",") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		c := column{desc: len(words) > 1 && strings.EqualFold(words[1], "desc")}
		c.index = slices.IndexFunc(groupings, func(g grouping) bool { return g.spec == words[0] || g.f.name == words[0] })
		if c.index < 0 {
			if named := slices.IndexFunc(aggregates, func(a aggregate) bool { return a.key == words[0] }); named >= 0 {
				if c.agg = aggregates[named]; words[0] == "id" && t.db.version <= 16 {
					throw("psycopg2.errors.AmbiguousColumn", "ORDER BY \"id\" is ambiguous")
				}
			} else {
				c.agg = t.aggregate(m, t.orderedBy(m, words[0]))
			}
		}
		columns = append(columns, c)
	}
	slices.SortStableFunc(list, func(a, b *bucket) int {
		for _, c := range columns {
			var n int
			if c.index >= 0 {
				n = t.compareKeys(groupings[c.index], a.keys[c.index], b.keys[c.index])
			} else {
				n, _ = compare(c.agg.of(t, m, a.ids), c.agg.of(t, m, b.ids))
			}
			if c.desc {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
}

// orderedBy is what groups are sorted by that is neither grouped by nor asked
// for: up to 16 the lowest id alone, by a name that must not stand for another
// sum of ids.
func (t *tx) orderedBy(m *model, term string) string {
	if t.db.version > 16 {
		return term
	}
	if term != "id" {
		throw(ValueError, "Invalid field '%s' on model '%s'", term, m.name)
	}
	return "id:min"
}

func pageBuckets(list []*bucket, a args) []*bucket {
	offset := max(0, min(a.int("offset"), int64(len(list))))
	list = list[offset:]
	if limit := a.int("limit"); limit > 0 && limit < int64(len(list)) {
		list = list[:limit]
	}
	return list
}

// keyValue shows the key of a group.
func (t *tx) keyValue(g grouping, key any) any {
	if key == nil {
		return false
	}
	if g.f.relational() {
		co := t.model(g.f.relation)
		return []any{key, t.sudo().displayName(co, co.rows[key.(int64)])}
	}
	return key
}

// keyDomain is the condition of a group.
func keyDomain(g grouping, key any) []any {
	if g.granularity != "" && key != nil {
		from, to := span(g, asString(key))
		return []any{"&", []any{g.f.name, ">=", from}, []any{g.f.name, "<", to}}
	}
	if key == nil {
		key = false
	}
	return []any{[]any{g.f.name, "=", key}}
}

// noCondition is how the groupings write a domain that asks nothing.
func (t *tx) noCondition(domain []any) []any {
	switch {
	case len(domain) > 0:
		return domain
	case t.db.version >= 19:
		return []any{[]any{int64(1), "=", int64(1)}}
	}
	return []any{}
}

// both joins two domains in prefix notation. From 19 on what all must hold is
// written flat.
func (t *tx) both(a, b []any) []any {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	case t.db.version >= 19:
		return conjunction(append(conjuncts(a), conjuncts(b)...))
	}
	return conjunction([][]any{conjunction(conjuncts(a)), conjunction(conjuncts(b))})
}

func conjunction(parts [][]any) []any {
	out := []any{}
	for range len(parts) - 1 {
		out = append(out, "&")
	}
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

// conjuncts splits a well-formed domain into what all must hold.
func conjuncts(domain []any) [][]any {
	var out [][]any
	for len(domain) > 0 {
		if domain[0] == any("&") {
			domain = domain[1:]
			continue
		}
		// The term ends where no operand is open any more.
		open, end := 1, 0
		for ; open > 0 && end < len(domain); end++ {
			switch domain[end] {
			case any("&"), any("|"):
				open++
			case any("!"):
			default:
				open--
			}
		}
		out = append(out, domain[:end])
		domain = domain[end:]
	}
	return out
}
