package orm

// predicate decides one record.
type predicate func(r *row) bool

func always(*row) bool { return true }

func never(*row) bool { return false }

func allOf(ps []predicate) predicate {
	if len(ps) == 1 {
		return ps[0]
	}
	return func(r *row) bool {
		for _, p := range ps {
			if !p(r) {
				return false
			}
		}
		return true
	}
}

func oneOf(ps []predicate) predicate {
	return func(r *row) bool {
		for _, p := range ps {
			if p(r) {
				return true
			}
		}
		return false
	}
}

// condition is one leaf of a domain.
type condition struct {
	path, operator string
	value          any
}

// inverted orderings: a negation goes into them, because a record with no
// value satisfies neither < nor >=.
var inverted = map[string]string{"<": ">=", ">=": "<", ">": "<=", "<=": ">"}

// distributed are the other operators that 16 to 18 turn around instead of
// negating what the condition says. It makes a difference along a path into an
// x2many, and on a field that cannot be searched, where the negation is as
// true as the condition.
var distributed = map[string]string{
	"=": "!=", "!=": "=", "in": "not in", "not in": "in", "like": "not like", "not like": "like",
	"ilike": "not ilike", "not ilike": "ilike", "any": "not any", "not any": "any",
}

func (t *tx) invert(operator string) string {
	if inverse := inverted[operator]; inverse != "" || t.db.version >= 19 {
		return inverse
	}
	return distributed[operator]
}

// compile turns a domain in prefix notation into a predicate over the records
// of a model, with every name and operator checked beforehand: an error does
// not depend on the data.
func (t *tx) compile(m *model, domain []any) predicate {
	var terms []predicate
	rest := domain
	for len(rest) > 0 {
		var p predicate
		p, rest = t.term(m, domain, rest, false)
		terms = append(terms, p)
	}
	return allOf(terms)
}

// term compiles the first complete term of rest.
func (t *tx) term(m *model, whole, rest []any, negate bool) (predicate, []any) {
	if len(rest) == 0 {
		panic(t.malformed(whole))
	}
	head := rest[0]
	rest = rest[1:]
	switch operator, _ := head.(string); operator {
	case "!":
		return t.term(m, whole, rest, !negate)
	case "&", "|":
		left, rest := t.term(m, whole, rest, negate)
		right, rest := t.term(m, whole, rest, negate)
		if (operator == "&") != negate {
			return allOf([]predicate{left, right}), rest
		}
		return oneOf([]predicate{left, right}), rest
	}
	leaf, ok := head.([]any)
	if !ok || len(leaf) != 3 {
		panic(t.badItem(head))
	}
	operator, ok := leaf[1].(string)
	if !ok {
		panic(t.badItem(head))
	}
	if n, isInt := asInt(leaf[0]); isInt {
		one, _ := asInt(leaf[2])
		if operator != "=" || one != 1 || n != 0 && n != 1 {
			panic(t.badItem(head))
		}
		if (n == 1) != negate {
			return always, rest
		}
		return never, rest
	}
	path, ok := leaf[0].(string)
	if !ok {
		panic(t.badItem(head))
	}
	c := condition{path, operator, leaf[2]}
	if inverse := t.invert(operator); negate && inverse != "" {
		c.operator, negate = inverse, false
	}
	p := t.leaf(m, c)
	if negate {
		return func(r *row) bool { return !p(r) }, rest
	}
	return p, rest
}

func (t *tx) malformed(domain []any) *Error {
	if t.db.version >= 19 {
		return NewError(ValueError, "Domain() malformed domain %s", python(domain))
	}
	return NewError(IndexError, "pop from empty list")
}

func (t *tx) badItem(item any) *Error {
	if t.db.version >= 19 {
		return NewError(ValueError, "Domain() invalid item in domain: %s", python(item))
	}
	return NewError(ValueError, "Invalid leaf %s", python(item))
}

// domainArg reads the domain argument of a method.
func (t *tx) domainArg(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case nil:
		return nil
	case bool:
		if !v {
			return nil
		}
	}
	if t.db.version >= 19 {
		throw(TypeError, "Domain() invalid argument type for domain: %s", python(v))
	}
	throw(ValueError, "Invalid leaf %s", python(v))
	return nil
}
