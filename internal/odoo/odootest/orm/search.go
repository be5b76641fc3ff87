package orm

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// hidesArchived tells whether a search leaves archived records out.
func (t *tx) hidesArchived(m *model) bool {
	if !m.has("active") {
		return false
	}
	test, set := t.ctx["active_test"]
	return !set || truthy(test)
}

// mentionsActive: a domain that speaks of active itself switches the test off.
func mentionsActive(domain []any) bool {
	for _, item := range domain {
		if leaf, ok := item.([]any); ok && len(leaf) == 3 && leaf[0] == "active" {
			return true
		}
	}
	return false
}

// search returns the ids of the records that the user may read and the domain
// accepts, in order. A limit of 0 is no limit.
func (t *tx) search(m *model, domain []any, order string, offset, limit int64) []int64 {
	t.checkModel(m, "read")
	sortBy := t.sorter(m, order)
	ids := t.found(m, domain)
	sortBy(ids)
	return page(ids, offset, limit)
}

// count is the length of a search; a limit of 0 is no limit.
func (t *tx) count(m *model, domain []any, limit int64) int64 {
	return int64(len(page(t.found(m, domain), 0, limit)))
}

// found is a search in the order of the ids.
func (t *tx) found(m *model, domain []any) []int64 {
	t.checkModel(m, "read")
	accept := t.compile(m, domain)
	s := t
	if mentionsActive(domain) {
		s = t.with("active_test", false)
	}
	return s.matching(m, accept)
}

func page(ids []int64, offset, limit int64) []int64 {
	if offset < 0 {
		throw("psycopg2.errors.InvalidRowCountInResultOffsetClause", "OFFSET must not be negative\n")
	}
	ids = ids[min(offset, int64(len(ids))):]
	if limit > 0 && limit < int64(len(ids)) {
		ids = ids[:limit]
	}
	return ids
}

var orderPattern = regexp.MustCompile(`(?i)^(\s*([a-z0-9:_.]+|"[a-z0-9:_.]+")(\s+(asc|desc))?(\s+nulls\s+(first|last))?\s*(,|$))+$`)

// orderTerm is one column of an order.
type orderTerm struct {
	f          *field
	desc       bool
	nullsFirst bool
	byID       bool
}

// orderTerms parses an order; every column must be one the user may read and
// the database can sort by.
func (t *tx) orderTerms(m *model, order string) []orderTerm {
	if order == "" {
		order = m.order
	}
	if !orderPattern.MatchString(order) {
		throw(UserError, "Invalid \"order\" specified (%s). A valid \"order\" specification is a comma-separated list of valid field names (optionally followed by asc/desc for the direction)", order)
	}
	var terms []orderTerm
	for part := range strings.SplitSeq(strings.ToLower(order), ",") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		name, property, _ := strings.Cut(strings.Trim(words[0], `"`), ".")
		f := m.byName[name]
		if f == nil {
			throw(ValueError, "Invalid field '%s' on model '%s'", name, m.name)
		}
		// The one path that an order may take is the id of a many2one.
		if property != "" && (property != "id" || f.typ != "many2one") {
			throw(ValueError, "Invalid field property '%s' on %s.%s", property, m.name, name)
		}
		if t.db.version >= 17 && !t.mayField(f) {
			panic(t.fieldDenied(m, f, "read"))
		}
		if !f.sortable() {
			if t.db.version >= 19 {
				throw(ValueError, "Cannot convert %s.%s to SQL because it is not stored", m.name, f.name)
			}
			// Up to 18 the column is left out, and only the log says so.
			continue
		}
		desc := slices.Contains(words, "desc")
		first := desc
		if i := slices.Index(words, "nulls"); i >= 0 && i+1 < len(words) {
			first = words[i+1] == "first"
		}
		terms = append(terms, orderTerm{f, desc, first, property != ""})
	}
	return terms
}

// sorter returns a function that sorts ids of a model by an order.
func (t *tx) sorter(m *model, order string) func(ids []int64) {
	terms := t.orderTerms(m, order)
	return func(ids []int64) {
		slices.SortStableFunc(ids, func(a, b int64) int {
			for _, term := range terms {
				if c := t.compareBy(m, term, m.rows[a], m.rows[b]); c != 0 {
					return c
				}
			}
			return 0
		})
	}
}

func (t *tx) compareBy(m *model, term orderTerm, a, b *row) int {
	x, y := t.raw(m, a, term.f), t.raw(m, b, term.f)
	if term.f.typ != "boolean" {
		switch ex, ey := empty(x), empty(y); {
		case ex && ey:
			return 0
		case ex != ey:
			if ex == term.nullsFirst {
				return -1
			}
			return 1
		}
	}
	var c int
	if term.byID {
		c, _ = compare(x, y)
	} else {
		c = t.compareValues(term.f, x, y)
	}
	if term.desc {
		return -c
	}
	return c
}

// compareValues sorts a many2one by the order of its comodel and a text as the
// en_US collation does, letters before case.
func (t *tx) compareValues(f *field, x, y any) int {
	if f.typ == "many2one" {
		co := t.model(f.relation)
		i, _ := x.(int64)
		j, _ := y.(int64)
		if i == j {
			return 0
		}
		a, b := co.rows[i], co.rows[j]
		if a == nil || b == nil {
			return cmp.Compare(i, j)
		}
		for _, term := range t.sudo().orderTerms(co, "") {
			if term.f.typ == "many2one" && term.f.relation == co.name {
				continue
			}
			if c := t.compareBy(co, term, a, b); c != 0 {
				return c
			}
		}
		return cmp.Compare(i, j)
	}
	if f.typ == "boolean" {
		return cmp.Compare(number(truthy(x)), number(truthy(y)))
	}
	if s, ok := x.(string); ok {
		other := asString(y)
		if c := strings.Compare(strings.ToLower(s), strings.ToLower(other)); c != 0 {
			return c
		}
		return strings.Compare(s, other)
	}
	c, _ := compare(x, y)
	return c
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// nameFilter is the condition behind name_search and behind texts compared
// with a relational field: any of the model's search fields matches, or, for a
// negation, none.
func (t *tx) nameFilter(m *model, operator string, value any) predicate {
	names := m.recSearch
	if names == nil {
		names = []string{m.recName}
	}
	positive := operator
	if negations[operator] != "" {
		positive = negations[operator]
	}
	s := t.sudo()
	var each []predicate
	for _, name := range names {
		if f := m.byName[name]; f != nil {
			each = append(each, s.leaf(m, condition{name, positive, value}))
		}
	}
	p := oneOf(each)
	if positive != operator {
		return func(r *row) bool { return !p(r) }
	}
	return p
}

// nameSearch returns [[id, name], …].
func (t *tx) nameSearch(m *model, name string, domain []any, operator string, limit int64) []any {
	t.checkModel(m, "read")
	if !t.knownOperator(operator) {
		throw(ValueError, "Invalid operator in condition %s", leafText("display_name", operator, name))
	}
	accept := t.compile(m, domain)
	if name != "" || operator != "ilike" {
		accept = allOf([]predicate{accept, t.nameFilter(m, operator, name)})
	}
	ids := t.matching(m, accept)
	t.sorter(m, "")(ids)
	out := []any{}
	for _, id := range page(ids, 0, limit) {
		out = append(out, []any{id, t.sudo().displayName(m, m.rows[id])})
	}
	return out
}
