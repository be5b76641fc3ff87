package orm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// scalarLeaf is a condition on a field that is no relation.
func (t *tx) scalarLeaf(m *model, f *field, c condition) predicate {
	operator, value := c.operator, c.value
	if positive := negations[operator]; positive != "" {
		if text, ok := value.(string); ok && text == "" && strings.HasSuffix(positive, "like") && positive[0] != '=' {
			return never
		}
		p := t.scalarLeaf(m, f, condition{c.path, positive, value})
		return func(r *row) bool { return !p(r) }
	}
	switch operator {
	case "=?":
		if value == nil || value == false {
			return always
		}
		return t.scalarLeaf(m, f, condition{c.path, "=", value})
	case "in":
		return t.inLeaf(m, f, value)
	case "=":
		if list, ok := value.([]any); ok {
			return t.inLeaf(m, f, list)
		}
		want := t.operand(f, value)
		return func(r *row) bool { return t.same(f, t.raw(m, r, f), want) }
	case "<", ">", "<=", ">=":
		want := t.operand(f, value)
		if s, ok := want.(string); ok && f.typ == "datetime" && len(s) == len(dateLayout) {
			want = s + dayEdge(operator)
		}
		return func(r *row) bool {
			order, ok := compare(t.unsetAsZero(f, t.raw(m, r, f)), want)
			return ok && ordered(operator, order)
		}
	}
	text := asString(value)
	if value != nil && value != false && text == "" {
		text = fmt.Sprint(value)
	}
	pattern := text
	if operator == "like" || operator == "ilike" {
		if text == "" || text == "0" && value == int64(0) {
			return always
		}
		pattern = "%" + text + "%"
	}
	fold := strings.HasSuffix(operator, "ilike")
	if fold {
		pattern = strings.ToLower(pattern)
	}
	return func(r *row) bool {
		have, ok := textOf(t.raw(m, r, f))
		if fold {
			have = strings.ToLower(have)
		}
		return ok && like(pattern, have)
	}
}

// unsetAsZero: from 19 on a text or number without a value is ordered as "" or
// 0, before it fails every comparison.
func (t *tx) unsetAsZero(f *field, v any) any {
	if v != nil || t.db.version < 19 {
		return v
	}
	switch {
	case f.number():
		return 0.0
	case f.text():
		return ""
	}
	return v
}

// dayEdge completes a date that is compared with a datetime.
func dayEdge(operator string) string {
	if operator == "<=" || operator == ">" {
		return " 23:59:59"
	}
	return " 00:00:00"
}

func ordered(operator string, order int) bool {
	switch operator {
	case "<":
		return order < 0
	case ">":
		return order > 0
	case "<=":
		return order <= 0
	}
	return order >= 0
}

func (t *tx) inLeaf(m *model, f *field, value any) predicate {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
		if b, isBool := value.(bool); isBool && b && f.typ != "boolean" {
			return func(r *row) bool { return !empty(t.raw(m, r, f)) }
		}
	}
	wants := make([]any, len(list))
	for i, v := range list {
		wants[i] = t.operand(f, v)
	}
	return func(r *row) bool {
		have := t.raw(m, r, f)
		return slices.ContainsFunc(wants, func(want any) bool { return t.same(f, have, want) })
	}
}

// operand converts the right-hand side as the database would.
func (t *tx) operand(f *field, v any) any {
	if f.typ == "integer" {
		if s, ok := v.(string); ok {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				if t.db.version >= 19 {
					throw(ValueError, "invalid literal for int() with base 10: %s", python(s))
				}
				throw(InvalidText, "invalid input syntax for type integer: %q", s)
			}
			return n
		}
	}
	return v
}

// same is SQL's = with False as IS NULL; from 19 on a number that is 0 counts
// as unset too.
func (t *tx) same(f *field, have, want any) bool {
	if f.typ == "boolean" {
		return truthy(have) == truthy(want)
	}
	if f.typ == "binary" {
		// A binary field can only be asked whether it is set.
		return empty(have) == empty(want)
	}
	if want == nil || want == false {
		return empty(have) || t.db.version >= 19 && f.number() && !truthy(have)
	}
	if want == true {
		return !empty(have)
	}
	order, ok := compare(have, want)
	return ok && order == 0
}

// compare orders two values of a field; no value compares with nothing.
func compare(a, b any) (int, bool) {
	if a == nil || b == nil {
		return 0, false
	}
	if s, ok := a.(string); ok {
		other, ok := b.(string)
		return strings.Compare(s, other), ok
	}
	if _, isBool := a.(bool); isBool {
		if _, both := b.(bool); !both {
			return 0, false
		}
	} else if _, isBool := b.(bool); isBool {
		return 0, false
	}
	x, ok := asFloat(a)
	y, ok2 := asFloat(b)
	switch {
	case !ok || !ok2:
		return 0, false
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}

func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case int64, float64:
		return fmt.Sprint(v), true
	}
	return "", false
}

// like is SQL's LIKE: % any text, _ any character, \ escapes.
func like(pattern, s string) bool {
	p, text := []rune(pattern), []rune(s)
	var match func(i, j int) bool
	match = func(i, j int) bool {
		for ; i < len(p); i++ {
			switch p[i] {
			case '%':
				for k := j; k <= len(text); k++ {
					if match(i+1, k) {
						return true
					}
				}
				return false
			case '_':
				if j >= len(text) {
					return false
				}
			default:
				if p[i] == '\\' && i+1 < len(p) {
					i++
				}
				if j >= len(text) || text[j] != p[i] {
					return false
				}
			}
			j++
		}
		return j == len(text)
	}
	return match(0, 0)
}
