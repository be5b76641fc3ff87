package scheme

import (
	"regexp"
	"strings"
)

const (
	defaultLimit = 80
	maxLimit     = 1000 // records, and ids, of one call
	maxOffset    = 1 << 31
	maxFields    = 1000
	maxText      = 10_000 // bytes of one string in a domain
)

// absent tells whether an argument is left out. Python clients say None or
// False where they mean nothing.
func absent(v any) bool {
	b, isBool := v.(bool)
	return v == nil || isBool && !b
}

// window reads offset and limit. An absent limit, and 0, which older versions
// of Odoo take for "no limit", is the default.
func window(m *model, args map[string]any) (offset, limit int64, err error) {
	model := m.name
	if offset, err = natural(model, "offset", args["offset"]); err != nil {
		return 0, 0, err
	}
	if offset > maxOffset {
		return 0, 0, deny(CodeLimit, "offset", model, "", "offset is above %d", int64(maxOffset))
	}
	if limit, err = natural(model, "limit", args["limit"]); err != nil {
		return 0, 0, err
	}
	if limit > m.rows {
		return 0, 0, deny(CodeLimit, "limit", model, "", "limit is above %d", m.rows)
	}
	if limit == 0 {
		limit = min(defaultLimit, m.rows)
	}
	return offset, limit, nil
}

func natural(model, name string, v any) (int64, error) {
	if absent(v) {
		return 0, nil
	}
	n, ok := v.(int64)
	if !ok || n < 0 {
		return 0, deny(CodeInvalid, name, model, "", "%s must be a whole number that is not negative", name)
	}
	return n, nil
}

// recordIDs checks ids and leaves out those named twice.
func recordIDs(model string, ids []int64) ([]int64, error) {
	if len(ids) > maxLimit {
		return nil, deny(CodeLimit, "ids", model, "", "more than %d ids", maxLimit)
	}
	seen := make(map[int64]bool, len(ids))
	out := make([]int64, 0, len(ids))
	for _, id := range ids {
		if id <= 0 {
			return nil, deny(CodeInvalid, "ids", model, "", "ids must be positive whole numbers")
		}
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out, nil
}

// names reads a list of strings; ok is false where it is absent or empty.
func names(model, arg string, v any) (list []string, ok bool, err error) {
	if absent(v) {
		return nil, false, nil
	}
	items, isList := v.([]any)
	if !isList || len(items) > maxFields {
		return nil, false, deny(CodeInvalid, arg, model, "", "%s must be a list of at most %d names", arg, maxFields)
	}
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		s, isString := item.(string)
		if !isString {
			return nil, false, deny(CodeInvalid, arg, model, "", "%s must be a list of names", arg)
		}
		if !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list, len(list) > 0, nil
}

var (
	langValue = regexp.MustCompile(`^[a-z]{2,3}(_[A-Z0-9]{2,4})?(@[a-z]{2,8})?$`)
	zoneValue = regexp.MustCompile(`^[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}$`)
)

// environments are the keys of a context that get through.
var environments = []struct {
	key  string
	form *regexp.Regexp
}{{"lang", langValue}, {"tz", zoneValue}}

// environment reduces a context to language and time zone. Everything else
// changes what Odoo does: default_*, company keys, active_test, bin_size,
// show_email and its like.
func environment(model string, client map[string]any) (map[string]any, error) {
	var out map[string]any
	for _, allowed := range environments {
		key, form := allowed.key, allowed.form
		v, ok := client[key]
		if !ok || absent(v) {
			continue
		}
		s, isString := v.(string)
		if !isString || !form.MatchString(s) {
			return nil, deny(CodeInvalid, "context", model, "", "%s in the context is malformed", key)
		}
		if out == nil {
			out = make(map[string]any, 2)
		}
		out[key] = s
	}
	return out, nil
}

// clean tells whether a string can be sent to Odoo's database.
func clean(s string) bool { return len(s) <= maxText && !strings.ContainsRune(s, 0) }
