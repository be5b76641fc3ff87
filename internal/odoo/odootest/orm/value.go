package orm

import (
	"fmt"
	"slices"
	"strings"
)

func contains(ids []int64, id int64) bool { return slices.Contains(ids, id) }

func anyIDs(ids []int64) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}

// empty tells whether a value counts as unset: null, False, "" and, for ids, 0.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case []int64:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// truthy is Python's bool().
func truthy(v any) bool {
	switch v := v.(type) {
	case int64:
		return v != 0
	case float64:
		return v != 0
	case map[string]any:
		return len(v) > 0
	}
	return !empty(v)
}

// asInt returns the integer in a JSON value; 1.0 counts, as in Python 1 == 1.0.
func asInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case float64:
		if v == float64(int64(v)) {
			return int64(v), true
		}
	}
	return 0, false
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case nil:
		return 0, true
	}
	return 0, false
}

func asString(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return ""
}

// idList reads ids as call_kw does: one id or a list of ids.
func idList(v any) []int64 {
	if id, ok := asInt(v); ok {
		return []int64{id}
	}
	switch v := v.(type) {
	case nil, bool:
		return nil
	case []int64:
		return v
	case []any:
		ids := make([]int64, 0, len(v))
		for _, e := range v {
			id, ok := asInt(e)
			if !ok {
				if _, nested := e.([]any); nested {
					throw(TypeError, "unhashable type: 'list'")
				}
				throw(InvalidText, "invalid input syntax for type integer: %q", fmt.Sprint(e))
			}
			ids = append(ids, id)
		}
		return ids
	}
	throw(InvalidText, "invalid input syntax for type integer: %q", fmt.Sprint(v))
	return nil
}

// python writes a value as repr() does, for the texts of errors.
func python(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return "'" + strings.ReplaceAll(strings.ReplaceAll(v, `\`, `\\`), "'", `\'`) + "'"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = python(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(v)
}

// leafText writes a condition as the errors of Odoo do: as a tuple.
func leafText(path, operator string, value any) string {
	return "(" + python(path) + ", " + python(operator) + ", " + python(value) + ")"
}

// stringList reads a list of names. A lone string is a sequence of its letters,
// as Python has it.
func stringList(v any) []string {
	if s, ok := v.(string); ok {
		return strings.Split(s, "")
	}
	list, ok := v.([]any)
	if !ok {
		return nil
	}
	out := make([]string, 0, len(list))
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			throw(TypeError, "unhashable type: '%s'", pythonType(e))
		}
		out = append(out, s)
	}
	return out
}

func pythonType(v any) string {
	switch v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case []any:
		return "list"
	case map[string]any:
		return "dict"
	}
	return "object"
}
