package scheme

import (
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

var (
	textOperators    = []string{"like", "ilike", "not like", "not ilike", "=like", "=ilike", "not =like", "not =ilike"}
	equalOperators   = []string{"=", "!=", "in", "not in", "=?"}
	compareOperators = []string{"<", ">", "<=", ">="}
	treeOperators    = []string{"child_of", "parent_of"}
)

// domain judges a client's domain on m and returns the one that may run.
func (j *judge) domain(m *model, d odoo.Domain) (odoo.Domain, error) {
	return d.Rewrite(func(l odoo.Leaf) (odoo.Domain, error) { return j.leaf(m, l) })
}

// leaf judges one leaf: every hop of its path must be open on its model and
// searchable, and a path goes on only into models that the scheme opens.
// Where such a model has a filter, the leaf holds only for records that match
// it: otherwise it would tell about records that do not exist for the
// application.
func (j *judge) leaf(m *model, l odoo.Leaf) (odoo.Domain, error) {
	if l.Constant {
		return constant(l.True), nil
	}
	hops := strings.Split(l.Path, ".")
	at, single := m, true
	var filters odoo.Domain
	for i, hop := range hops[:len(hops)-1] {
		f, err := j.searchable(at, hop)
		if err != nil {
			return odoo.Domain{}, err
		}
		single = single && f.Type == "many2one"
		if at, err = j.walk(at, f, l.Path); err != nil {
			return odoo.Domain{}, err
		}
		if at.filter.IsEverything() {
			continue
		}
		if !single {
			return odoo.Domain{}, deny(CodeField, "domain", m.name, l.Path, "path %q leads through lists of records of a model with a filter", l.Path)
		}
		filter, err := under(strings.Join(hops[:i+1], "."), at.filter)
		if err != nil {
			return odoo.Domain{}, tooLarge(m, err)
		}
		filters = filters.And(filter)
	}
	last := hops[len(hops)-1]
	if last == "display_name" {
		// Odoo searches whatever the model's display name is made of.
		if _, err := j.field("domain", at, last); err != nil {
			return odoo.Domain{}, err
		}
		last = searchField
		hops[len(hops)-1] = last
		l.Path = strings.Join(hops, ".")
	}
	f, err := j.searchable(at, last)
	if err != nil {
		return odoo.Domain{}, err
	}
	if l.Value, err = j.operand(at, f, l); err != nil {
		return odoo.Domain{}, err
	}
	out, err := odoo.Where(l.Path, l.Operator, l.Value)
	if err != nil {
		return odoo.Domain{}, tooLarge(m, err)
	}
	return out.And(filters), nil
}

// under moves a domain below a path of many2one fields.
func under(prefix string, d odoo.Domain) (odoo.Domain, error) {
	return d.Rewrite(func(l odoo.Leaf) (odoo.Domain, error) {
		switch {
		case l.Constant:
			return constant(l.True), nil
		case l.Sub != nil:
			l.Value = l.Sub.Value()
		}
		return odoo.Where(odoo.JoinPath(prefix, l.Path), l.Operator, l.Value)
	})
}

// constant stays a condition of its own: were it worked into those around it,
// some of them would be gone, and a domain that speaks of active finds archived
// records for that alone.
func constant(v bool) odoo.Domain {
	n := int64(0)
	if v {
		n = 1
	}
	d, _ := odoo.ParseDomain([]any{[]any{n, "=", int64(1)}}) // well formed
	return d
}

func tooLarge(m *model, err error) error {
	return deny(CodeDomain, "domain", m.name, "", "%s", strings.TrimPrefix(err.Error(), "odoo: "))
}

// searchField is the field that a search for a name searches.
const searchField = "name"

// searchable finds an open field that Odoo can search by. On 16 to 18 a leaf
// on any other field is true for every record. A field that is neither stored
// nor made of others is searched by a method, which looks into fields that
// nobody named (phone_mobile_search, into phone): where some are hidden, it is
// refused. One that looks into messages (message_needaction), as Odoo 16 does for
// minutes, is for a whitelist to name.
func (j *judge) searchable(m *model, name string) (odoo.Field, error) {
	f, err := j.field("domain", m, name)
	if err != nil {
		return f, err
	}
	byMethod := !f.Store && len(f.Depends) == 0 && f.Related == "" && name != "id" && name != "display_name"
	inMessages := strings.HasPrefix(name, "message_") || name == "has_message"
	if !f.Searchable || byMethod && (m.limit == LimitBlacklist || inMessages && m.limit != LimitWhitelist) {
		return f, deny(CodeSearch, "domain", m.name, name, "field %q of model %q cannot be searched", name, m.name)
	}
	return f, nil
}

// walk goes through a relational field into a model that the scheme opens.
func (j *judge) walk(m *model, f odoo.Field, path string) (*model, error) {
	if f.Relation == "" || f.Type != "many2one" && !many(f) {
		return nil, deny(CodeField, "domain", m.name, path, "path %q leads through a field that is no relation", path)
	}
	next := j.open(f.Relation)
	if next == nil {
		return nil, deny(CodeField, "domain", m.name, path, "path %q leads into a model that is not allowed", path)
	}
	if err := j.enforceable(next); err != nil {
		return nil, err
	}
	apart, err := j.archivedApart(next.name, next.filterLeaves)
	if err == nil && apart {
		err = deny(CodeField, "domain", m.name, path, "path %q leads into a model whose filter looks into lists of records", path)
	}
	return next, err
}

// operand judges operator and value of a leaf on field f of model m, and
// returns the value that may be sent.
func (j *judge) operand(m *model, f odoo.Field, l odoo.Leaf) (any, error) {
	relational := f.Type == "many2one" || many(f)
	switch {
	case l.Sub != nil:
		next, err := j.walk(m, f, l.Path)
		if err != nil {
			return nil, err
		}
		sub, err := j.domain(next, *l.Sub)
		return sub.And(next.filter).Value(), err
	case slices.Contains(treeOperators, l.Operator):
		ok, err := j.tree(m, f, l)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, unsuited(m, f, l)
		}
	case f.Name == "id" || relational:
		// A text here is looked up by name_search of the other model.
		compare := f.Name == "id" && slices.Contains(compareOperators, l.Operator)
		if !compare && !slices.Contains(equalOperators, l.Operator) || !operandOf(l, isID) {
			return nil, unsuited(m, f, l)
		}
	case slices.Contains(textOperators, l.Operator):
		s, ok := l.Value.(string)
		if !ok || !clean(s) || !pattern(l.Operator, s) || !slices.Contains([]string{"char", "text", "html", "selection"}, f.Type) {
			return nil, unsuited(m, f, l)
		}
	case f.Type == "binary":
		if b, ok := l.Value.(bool); !ok || b || l.Operator != "=" && l.Operator != "!=" {
			return nil, unsuited(m, f, l)
		}
	case slices.Contains([]string{"properties", "properties_definition", "json"}, f.Type):
		return nil, unsuited(m, f, l)
	case slices.Contains(equalOperators, l.Operator), slices.Contains(compareOperators, l.Operator):
		if !operandOf(l, func(v any) bool { return suits(f.Type, v) }) {
			return nil, unsuited(m, f, l)
		}
	default:
		return nil, unsuited(m, f, l)
	}
	if list, ok := l.Value.([]any); ok {
		return slices.Clone(list), nil
	}
	return l.Value, nil
}

// pattern tells whether a text can stand with an operator of the like family.
// The database fails on a pattern that ends within an escape, but only once a
// record matches all before it, be that record outside of the filter, or one
// that the person must not see: the error would tell about it. Operators
// without "=" put a % behind the text. PostgreSQL's unaccent, which Odoo may
// use, makes backslashes of the look-alikes.
func pattern(operator, s string) bool {
	const lookAlikes = "\u2216\ufe68\uff3c"
	end := s[len(strings.TrimRight(s, `\`+lookAlikes)):]
	return !strings.Contains(operator, "=") || len(end)%2 == 0 && !strings.ContainsAny(end, lookAlikes)
}

func unsuited(m *model, f odoo.Field, l odoo.Leaf) error {
	return deny(CodeOperator, "domain", m.name, l.Path, "operator %q with such a value is not allowed on field %q of model %q", l.Operator, f.Name, m.name)
}

// tree judges child_of and parent_of: they follow parent_id of the model
// whose ids they take, so that field must be open, and no record of the tree
// may be cut off by a filter.
func (j *judge) tree(m *model, f odoo.Field, l odoo.Leaf) (bool, error) {
	if f.Name != "id" {
		var err error
		if m, err = j.walk(m, f, l.Path); err != nil {
			return false, err
		}
	}
	parent, err := j.searchable(m, "parent_id")
	if err != nil {
		return false, err
	}
	return parent.Relation == m.name && m.filter.IsEverything() && treeOperand(l.Value), nil
}

func treeOperand(v any) bool {
	if list, ok := v.([]any); ok {
		return len(list) <= maxLimit && !slices.ContainsFunc(list, func(v any) bool { return !positive(v) })
	}
	return positive(v)
}

// operandOf tells whether a leaf's value suits its operator: a list of at
// most maxLimit for in and not in, one value otherwise.
func operandOf(l odoo.Leaf, valid func(any) bool) bool {
	if l.Operator == "in" || l.Operator == "not in" {
		list, ok := l.Value.([]any)
		return ok && len(list) <= maxLimit && !slices.ContainsFunc(list, func(v any) bool { return !valid(v) })
	}
	return valid(l.Value)
}

func positive(v any) bool {
	n, ok := v.(int64)
	return ok && n > 0
}

// isID takes numbers, which are ids or no record's, and what stands for none.
func isID(v any) bool {
	_, ok := v.(int64)
	return absent(v) || ok
}

// suits tells whether a value can be compared with a field of that type. The
// database takes no text for a number; false and null stand for none.
func suits(kind string, v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v || kind == "boolean"
	case int64, float64:
		return kind == "boolean" && (v == int64(0) || v == int64(1)) || kind == "integer" || kind == "float" || kind == "monetary" || kind == "many2one_reference"
	case string:
		return clean(v) && slices.Contains([]string{"char", "text", "html", "selection", "reference", "date", "datetime"}, kind)
	}
	return false
}
