package scheme

import (
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

const maxHops = 8

var (
	textOperators    = []string{"like", "ilike", "not like", "not ilike", "=like", "=ilike", "not =like", "not =ilike"}
	equalOperators   = []string{"=", "!=", "in", "not in", "=?"}
	compareOperators = []string{"<", ">", "<=", ">="}
	treeOperators    = []string{"child_of", "parent_of"}
)

// domain judges a client's domain on m and returns the one that may run.
func (j *judge) domain(m *model, n *node) (*node, error) {
	if n == nil || n.constant != nil {
		return n, nil
	}
	if n.op == "" {
		return j.leaf(m, n)
	}
	out := &node{op: n.op, kids: make([]*node, len(n.kids))}
	for i, kid := range n.kids {
		k, err := j.domain(m, kid)
		if err != nil {
			return nil, err
		}
		out.kids[i] = k
	}
	return out, nil
}

// leaf judges one leaf: every hop of its path must be open on its model and
// searchable, and a path goes on only into models that the scheme opens.
// Where such a model has a filter, the leaf holds only for records that match
// it: otherwise it would tell about records that do not exist for the
// application.
func (j *judge) leaf(m *model, n *node) (*node, error) {
	hops := strings.Split(n.path, ".")
	if len(hops) > maxHops {
		return nil, deny(CodeDomain, "domain", m.name, n.path, "path %q has more than %d steps", n.path, maxHops)
	}
	out, at, single := *n, m, true
	var filters []*node
	for i, hop := range hops[:len(hops)-1] {
		f, err := j.searchable(at, hop)
		if err != nil {
			return nil, err
		}
		single = single && f.Type == "many2one"
		next, filter, err := j.walk(at, f, n.path)
		if err != nil {
			return nil, err
		}
		if filter != nil {
			if !single {
				return nil, deny(CodeField, "domain", m.name, n.path, "path %q leads through many records of a model with a filter", n.path)
			}
			filters = append(filters, filter.under(strings.Join(hops[:i+1], ".")))
		}
		at = next
	}
	last := hops[len(hops)-1]
	if last == "display_name" {
		// Odoo searches whatever the model's display name is made of.
		if _, err := j.field("domain", at, last); err != nil {
			return nil, err
		}
		last = searchField
		hops[len(hops)-1] = last
		out.path = strings.Join(hops, ".")
	}
	f, err := j.searchable(at, last)
	if err != nil {
		return nil, err
	}
	if err := j.operand(at, f, &out); err != nil {
		return nil, err
	}
	return conjunction(append([]*node{&out}, filters...)...), nil
}

// searchField is the field that a search for a name searches.
const searchField = "name"

// searchable finds an open field that Odoo can search by. On 16 to 18 a leaf
// on any other field is true for every record.
func (j *judge) searchable(m *model, name string) (odoo.Field, error) {
	f, err := j.field("domain", m, name)
	if err != nil {
		return f, err
	}
	if !f.Searchable {
		return f, deny(CodeSearch, "domain", m.name, name, "field %q of model %q cannot be searched", name, m.name)
	}
	return f, nil
}

// walk goes through a relational field into a model that the scheme opens,
// and tells that model's filter.
func (j *judge) walk(m *model, f odoo.Field, path string) (next *model, filter *node, err error) {
	if f.Relation == "" || f.Type != "many2one" && !many(f) {
		return nil, nil, deny(CodeField, "domain", m.name, path, "path %q leads through a field that is no relation", path)
	}
	next = j.scheme.models[f.Relation]
	if next == nil {
		return nil, nil, deny(CodeField, "domain", m.name, path, "path %q leads into a model that is not allowed", path)
	}
	if err := j.enforceable(next); err != nil {
		return nil, nil, err
	}
	return next, next.filter, nil
}

// operand judges operator and value of a leaf on field f of model m.
func (j *judge) operand(m *model, f odoo.Field, n *node) error {
	relational := f.Type == "many2one" || many(f)
	switch {
	case n.operator == "any" || n.operator == "not any":
		next, filter, err := j.walk(m, f, n.path)
		if err != nil {
			return err
		}
		sub, err := j.domain(next, n.kids[0])
		if err != nil {
			return err
		}
		n.kids = []*node{conjunction(sub, filter)}
		return nil
	case slices.Contains(treeOperators, n.operator):
		return j.tree(m, f, n)
	case f.Name == "id" || relational:
		// A text here is looked up by name_search of the other model.
		compare := f.Name == "id" && slices.Contains(compareOperators, n.operator)
		if !compare && !slices.Contains(equalOperators, n.operator) || !operandOf(n, isID) {
			return operator(m, f, n)
		}
	case slices.Contains(textOperators, n.operator):
		s, ok := n.value.(string)
		if !ok || !clean(s) || !slices.Contains([]string{"char", "text", "html", "selection"}, f.Type) {
			return operator(m, f, n)
		}
	case f.Type == "binary":
		if b, ok := n.value.(bool); !ok || b || n.operator != "=" && n.operator != "!=" {
			return operator(m, f, n)
		}
	case slices.Contains([]string{"properties", "properties_definition", "json"}, f.Type):
		return operator(m, f, n)
	case slices.Contains(equalOperators, n.operator), slices.Contains(compareOperators, n.operator):
		if !operandOf(n, isScalar) {
			return operator(m, f, n)
		}
	default:
		return operator(m, f, n)
	}
	return nil
}

// tree judges child_of and parent_of: they follow parent_id of the model
// whose ids they take, so that field must be open, and no record of the tree
// may be cut off by a filter.
func (j *judge) tree(m *model, f odoo.Field, n *node) error {
	at := m
	if f.Name != "id" {
		next, _, err := j.walk(m, f, n.path)
		if err != nil {
			return err
		}
		at = next
	}
	parent, err := j.searchable(at, "parent_id")
	if err != nil {
		return err
	}
	if parent.Relation != at.name || at.filter != nil || !treeOperand(n.value) {
		return operator(m, f, n)
	}
	return nil
}

func treeOperand(v any) bool {
	if list, ok := v.([]any); ok {
		return len(list) <= maxLimit && !slices.ContainsFunc(list, func(v any) bool { return !positive(v) })
	}
	return positive(v)
}

func operator(m *model, f odoo.Field, n *node) error {
	return deny(CodeOperator, "domain", m.name, n.path, "operator %q with such a value is not allowed on field %q of model %q", n.operator, f.Name, m.name)
}

// operandOf tells whether a leaf's value suits its operator: a list of at
// most maxLimit for in and not in, one value otherwise.
func operandOf(n *node, valid func(any) bool) bool {
	if n.operator == "in" || n.operator == "not in" {
		list, ok := n.value.([]any)
		return ok && len(list) <= maxLimit && !slices.ContainsFunc(list, func(v any) bool { return !valid(v) })
	}
	return valid(n.value)
}

func positive(v any) bool {
	n, ok := v.(int64)
	return ok && n > 0
}

// isID takes ids and what stands for none.
func isID(v any) bool {
	n, ok := v.(int64)
	return absent(v) || ok && n >= 0
}

func isScalar(v any) bool {
	switch v := v.(type) {
	case nil, bool, int64, float64:
		return true
	case string:
		return clean(v)
	}
	return false
}
