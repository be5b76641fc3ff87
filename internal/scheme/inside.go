package scheme

import (
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// firstSteps are the fields of the model itself that a domain looks at.
func firstSteps(d odoo.Domain) map[string]bool {
	out := map[string]bool{}
	_, _ = d.Rewrite(func(l odoo.Leaf) (odoo.Domain, error) {
		step, _, _ := strings.Cut(l.Path, ".")
		if !l.Constant {
			out[step] = true
		}
		return odoo.Everything(), nil
	})
	return out
}

// inside tells whether a record with these values matches the model's filter,
// as far as they prove it. typeOf tells the type of a field.
func (m *model) inside(vals map[string]any, typeOf func(string) string) odoo.Truth {
	return m.filter.Known(func(l odoo.Leaf) odoo.Truth {
		v, given := vals[l.Path]
		if !given {
			return odoo.Unknown
		}
		return holds(typeOf(l.Path), v, l.Operator, l.Value)
	})
}

// provable tells whether a new record can be inside of the filter by the
// values that the configuration forces and those that a call may give: whether
// there are answers of the leaves that calls decide for which it follows. Of
// many such leaves it is assumed.
func (m *model) provable() bool {
	const most = 8
	free := 0
	for answers := range 1 << most {
		free = 0
		if m.filter.Known(func(l odoo.Leaf) odoo.Truth {
			v, given := m.forced[l.Path]
			switch {
			case l.Sub != nil, strings.Contains(l.Path, "."):
				return odoo.Unknown
			case given:
				return forcedHolds(v, l)
			case m.writes(l.Path):
				free++
				return truth(answers>>(free-1)&1 == 1)
			}
			return odoo.Unknown
		}) == odoo.True {
			return true
		}
	}
	return free > most
}

// forcedHolds judges a forced value where the type of its field is not known.
func forcedHolds(v any, l odoo.Leaf) odoo.Truth {
	for _, kind := range []string{"char", "integer", "boolean", "many2one", "float"} {
		if t := holds(kind, v, l.Operator, l.Value); t != odoo.Unknown {
			return t
		}
	}
	return odoo.Unknown
}

// holds compares the value that a field gets with that of a leaf. Whatever
// Odoo may change on the way to the database proves nothing: it rounds
// numbers with decimals, cuts texts off at their size, and cleans HTML.
func holds(kind string, v any, operator string, with any) odoo.Truth {
	switch kind {
	case "char", "text", "selection", "boolean", "integer", "many2one", "float":
	default:
		return odoo.Unknown
	}
	switch operator {
	case "=":
		return equal(kind, v, with)
	case "!=":
		return -equal(kind, v, with)
	case "in", "not in":
		list, ok := with.([]any)
		if !ok {
			return odoo.Unknown
		}
		out := odoo.False
		for _, w := range list {
			out = max(out, equal(kind, v, w))
		}
		if operator == "not in" {
			return -out
		}
		return out
	}
	a, isNumber := v.(int64)
	b, alsoNumber := with.(int64)
	if kind != "integer" && kind != "float" || !isNumber || !alsoNumber {
		return odoo.Unknown
	}
	switch operator {
	case "<":
		return truth(a < b)
	case "<=":
		return truth(a <= b)
	case ">":
		return truth(a > b)
	case ">=":
		return truth(a >= b)
	}
	return odoo.Unknown
}

func truth(v bool) odoo.Truth {
	if v {
		return odoo.True
	}
	return odoo.False
}

// equal compares two values of a field. An empty value is false or null, and
// on a number it is 0, too, which Odoo's versions do not take alike.
func equal(kind string, a, b any) odoo.Truth {
	if kind == "boolean" {
		return truth(truthy(a) == truthy(b))
	}
	if absent(a) || absent(b) {
		if absent(a) && absent(b) && kind != "integer" && kind != "float" {
			return odoo.True
		}
		if kind == "many2one" || kind == "selection" {
			return truth(absent(a) && absent(b))
		}
		return odoo.Unknown
	}
	switch a := a.(type) {
	case int64:
		if b, ok := b.(int64); ok {
			return truth(a == b)
		}
	case string:
		// A longer text may be cut off to the other.
		if b, ok := b.(string); ok && (a == b || kind == "selection") {
			return truth(a == b)
		}
	}
	return odoo.Unknown
}

func truthy(v any) bool { return !absent(v) && v != int64(0) }
