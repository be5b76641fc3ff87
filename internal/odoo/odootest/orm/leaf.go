package orm

import (
	"slices"
	"strings"
)

var operators = map[string]bool{
	"=": true, "!=": true, "<>": true, "<": true, ">": true, "<=": true, ">=": true, "=?": true,
	"in": true, "not in": true, "like": true, "not like": true, "ilike": true, "not ilike": true,
	"=like": true, "=ilike": true, "child_of": true, "parent_of": true,
}

// negations maps an operator to what it negates.
var negations = map[string]string{
	"!=": "=", "<>": "=", "not in": "in", "not like": "like", "not ilike": "ilike", "not any": "any",
	"not =like": "=like", "not =ilike": "=ilike",
}

func (t *tx) knownOperator(operator string) bool {
	switch operator {
	case "any", "not any":
		return t.db.version >= 17
	case "not =like", "not =ilike":
		return t.db.version >= 19
	}
	return operators[operator]
}

// leaf compiles one condition.
func (t *tx) leaf(m *model, c condition) predicate {
	name, rest, dotted := strings.Cut(c.path, ".")
	f := m.byName[name]
	if f == nil {
		word := "leaf"
		if t.db.version >= 19 {
			word = "condition"
		}
		throw(ValueError, "Invalid field %s.%s in %s %s", m.name, name, word, leafText(c.path, c.operator, c.value))
	}
	if !t.knownOperator(c.operator) {
		if t.db.version >= 19 {
			throw(ValueError, "Invalid operator in condition %s", leafText(c.path, c.operator, c.value))
		}
		throw(ValueError, "Invalid leaf %s", leafText(c.path, c.operator, c.value))
	}
	// Up to 16 the groups of a field do not matter to a domain.
	if t.db.version >= 17 && !t.mayField(f) {
		panic(t.fieldDenied(m, f, "read"))
	}
	switch {
	case dotted:
		return t.pathLeaf(m, f, rest, c)
	case f.noSearch:
		return t.unsearchable(m, f)
	case f.name == "display_name" && f.noStore:
		return t.nameFilter(m, c.operator, c.value)
	case c.operator == "any" || c.operator == "not any":
		return t.anyLeaf(m, f, c)
	case c.operator == "child_of" || c.operator == "parent_of":
		return t.treeLeaf(m, f, c)
	case f.relational():
		return t.relationLeaf(m, f, c)
	default:
		return t.scalarLeaf(m, f, c)
	}
}

// unsearchable is a leaf on a field that nothing can be searched by: true up
// to 18, where only the server's log complains, an error from 19 on.
func (t *tx) unsearchable(m *model, f *field) predicate {
	if t.db.version >= 19 {
		throw(ValueError, "Cannot convert %s.%s to SQL because it is not stored", m.name, f.name)
	}
	return always
}

// targets returns the ids that a relational field of a record points to.
func (t *tx) targets(r *row, m *model, f *field) []int64 {
	switch v := t.raw(m, r, f).(type) {
	case int64:
		if v != 0 {
			return []int64{v}
		}
	case []int64:
		return v
	}
	return nil
}

// points is the predicate "one of the targets passes p".
func (t *tx) points(m *model, f *field, p predicate) predicate {
	co := t.model(f.relation)
	return func(r *row) bool {
		for _, id := range t.targets(r, m, f) {
			if target := co.rows[id]; target != nil && p(target) {
				return true
			}
		}
		return false
	}
}

// visible is the predicate of a sub-search on a comodel: its rights and rules
// apply, and its archived records count only where active_test is off.
func (t *tx) visible(co *model) predicate {
	t.checkModel(co, "read")
	filter := t.ruleFilter(co, "read")
	if !t.hidesArchived(co) {
		return filter
	}
	return func(r *row) bool { return r.v["active"] != false && filter(r) }
}

func (t *tx) pathLeaf(m *model, f *field, rest string, c condition) predicate {
	if !f.relational() {
		if f.typ == "binary" && t.db.version >= 20 && (rest == "size" || rest == "filename") {
			return t.binaryProperty(m, f, rest, c)
		}
		if t.db.version >= 19 {
			throw(ValueError, "Invalid field property '%s' on %s.%s", rest, m.name, f.name)
		}
		throw(ValueError, "Invalid field %s.%s in leaf %s", m.name, c.path, leafText(c.path, c.operator, c.value))
	}
	co := t.model(f.relation)
	sub := t
	if f.typ == "many2one" {
		sub = t.with("active_test", false)
	}
	p := sub.leaf(co, condition{rest, c.operator, c.value})
	if f.noSearch {
		return t.unsearchable(m, f)
	}
	return t.points(m, f, allOf([]predicate{sub.visible(co), p}))
}

func (t *tx) anyLeaf(m *model, f *field, c condition) predicate {
	if !f.relational() {
		throw(ValueError, "Cannot use '%s' with non-relational fields in condition %s", c.operator, leafText(c.path, c.operator, c.value))
	}
	co := t.model(f.relation)
	sub := t
	if f.typ == "many2one" {
		sub = t.with("active_test", false)
	}
	p := t.points(m, f, allOf([]predicate{sub.visible(co), sub.compile(co, t.domainArg(c.value))}))
	if c.operator == "not any" {
		return func(r *row) bool { return !p(r) }
	}
	return p
}

// treeLeaf is child_of and parent_of along the parent field of the comodel,
// archived records included.
func (t *tx) treeLeaf(m *model, f *field, c condition) predicate {
	co := m
	if f.relational() {
		co = t.model(f.relation)
	} else if f.name != "id" {
		throw(ValueError, "Invalid leaf %s", leafText(c.path, c.operator, c.value))
	}
	set := map[int64]bool{}
	for _, id := range t.idsOf(co, c.value, "ilike") {
		set[id] = true
	}
	// A many2one to the model itself makes the tree, and the condition is on
	// the records, not on what they point to.
	own := f.typ == "many2one" && co == m
	parent := co.parent
	if own {
		parent = f.name
	}
	if parent != "" {
		grow(co, parent, set, c.operator == "child_of")
	}
	if f.name == "id" || own {
		return func(r *row) bool { return set[r.id] }
	}
	return t.points(m, f, func(r *row) bool { return set[r.id] })
}

// grow adds all descendants, or all ancestors, to a set of ids.
func grow(m *model, field string, set map[int64]bool, down bool) {
	for changed := true; changed; {
		changed = false
		for id, r := range m.rows {
			parent, _ := r.v[field].(int64)
			if down && !set[id] && set[parent] {
				set[id], changed = true, true
			}
			if !down && set[id] && parent != 0 && !set[parent] {
				set[parent], changed = true, true
			}
		}
	}
	delete(set, 0)
}

// idsOf resolves ids and names on the right-hand side of a relational leaf.
func (t *tx) idsOf(co *model, v any, operator string) []int64 {
	switch v := v.(type) {
	case string:
		p := t.with("active_test", false)
		return p.matching(co, p.nameFilter(co, operator, v))
	case []any:
		var ids []int64
		for _, e := range v {
			if s, ok := e.(string); ok {
				ids = append(ids, t.idsOf(co, s, "=")...)
			} else if id, ok := asInt(e); ok {
				ids = append(ids, id)
			}
		}
		return ids
	}
	if id, ok := asInt(v); ok {
		return []int64{id}
	}
	return nil
}

// matching returns the ids of the visible records that pass p.
func (t *tx) matching(m *model, p predicate) []int64 {
	visible := t.visible(m)
	var ids []int64
	for _, id := range m.ids() {
		if r := m.rows[id]; visible(r) && p(r) {
			ids = append(ids, id)
		}
	}
	return ids
}

// relationLeaf is a condition on a many2one or x2many itself: ids and False
// compare, texts go through the comodel's name search.
func (t *tx) relationLeaf(m *model, f *field, c condition) predicate {
	operator, value := c.operator, c.value
	if operator == "=?" {
		if empty(value) {
			return always
		}
		operator = "="
	}
	if positive := negations[operator]; positive != "" {
		p := t.relationLeaf(m, f, condition{c.path, positive, value})
		return func(r *row) bool { return !p(r) }
	}
	co := t.model(f.relation)
	switch operator {
	case "=", "in":
		orEmpty := value == nil || value == false
		if list, ok := value.([]any); ok {
			orEmpty = slices.Contains(list, any(false)) || slices.Contains(list, any(nil))
		}
		if value == true {
			return func(r *row) bool { return len(t.targets(r, m, f)) > 0 }
		}
		ids := t.idsOf(co, value, "=")
		return func(r *row) bool {
			targets := t.targets(r, m, f)
			if len(targets) == 0 {
				return orEmpty
			}
			for _, id := range targets {
				if contains(ids, id) {
					return true
				}
			}
			return false
		}
	case "like", "ilike", "=like", "=ilike":
		ids := t.idsOf(co, asString(value), operator)
		return t.points(m, f, func(r *row) bool { return contains(ids, r.id) })
	}
	return t.scalarLeaf(m, f, condition{c.path, operator, value})
}

// binaryProperty is a condition on the size or the name of a file, which 20
// can ask for; the simulation keeps no names.
func (t *tx) binaryProperty(m *model, f *field, property string, c condition) predicate {
	as := &field{name: f.name + "." + property, typ: "char", compute: func(t *tx, r *row) any { return nil }}
	if property == "size" {
		as.typ = "integer"
		as.compute = func(t *tx, r *row) any {
			if content := asString(t.raw(m, r, f)); content != "" {
				return binarySize(content)
			}
			return nil
		}
	}
	return t.scalarLeaf(m, as, c)
}
