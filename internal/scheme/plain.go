package scheme

import (
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// maxPlain is the longest domain that is judged without taking it apart: its
// operators cannot nest deeper than any domain may.
const maxPlain = odoo.MaxDomainDepth - 2

// condition is the client's domain, judged, AND the configuration's filter, as
// a value to send. Most domains have leaves alone that are sent as they came;
// the others, and those that may be refused, are taken apart.
func (j *judge) condition(m *model, v any) (any, error) {
	if absent(v) {
		return m.filterList(), nil
	}
	if items, ok := v.([]any); ok && len(items) <= maxPlain {
		if out, ok := j.plain(m, items); ok {
			return out, nil
		}
	}
	d, err := j.where(m, v)
	return d.Value(), err
}

// filterList is the filter as a value, never shared between calls.
func (m *model) filterList() any { return append([]any{}, m.filterItems...) }

// plain judges a domain whose leaves are all sent as they came. ok is false
// where one is not, or anything is amiss.
func (j *judge) plain(m *model, items []any) (out []any, ok bool) {
	leaves, have := 0, 0
	for i := len(items) - 1; i >= 0; i-- {
		op, isOperator := items[i].(string)
		if !isOperator {
			leaves, have = leaves+1, have+1
			continue
		}
		switch op {
		case "&", "|":
			if have -= 1; have < 1 {
				return nil, false
			}
		case "!":
			if have < 1 {
				return nil, false
			}
		default:
			return nil, false
		}
	}
	if len(m.filterItems) > 0 {
		have++
	}
	out = make([]any, 0, max(have-1, 0)+len(items)+len(m.filterItems))
	for range have - 1 {
		out = append(out, "&")
	}
	parts := make([]any, 0, 3*leaves)
	for _, item := range items {
		if _, isOperator := item.(string); isOperator {
			out = append(out, item)
			continue
		}
		l, ok := odoo.PlainLeaf(item)
		if !ok {
			return nil, false
		}
		value, ok := j.plainLeaf(m, l)
		if !ok {
			return nil, false
		}
		came := item.([]any)
		parts = append(parts, came[0], came[1], value)
		out = append(out, parts[len(parts)-3:len(parts):len(parts)])
	}
	return append(out, m.filterItems...), true
}

// plainLeaf judges a leaf as leaf does, and gives up where it would be
// rewritten.
func (j *judge) plainLeaf(m *model, l odoo.Leaf) (value any, ok bool) {
	at, rest := m, l.Path
	for {
		hop, below, dotted := strings.Cut(rest, ".")
		if hop == "display_name" {
			return nil, false
		}
		f, err := j.searchable(at, hop)
		if err != nil {
			return nil, false
		}
		if !dotted {
			value, err = j.operand(at, f, l)
			return value, err == nil
		}
		if at, err = j.walk(at, f, l.Path); err != nil || !at.filter.IsEverything() {
			return nil, false
		}
		rest = below
	}
}

// selection judges the fields that a call asks for, as a value to send.
func (j *judge) selection(m *model, v any) ([]any, error) {
	items, ok := v.([]any)
	if !ok || len(items) == 0 || len(items) > 64 {
		fields, err := j.selected(m, v)
		return list(fields), err
	}
	out := make([]any, 0, len(items)+1)
	displayed := false
	for i, item := range items {
		name, ok := item.(string)
		if !ok || contains(items[:i], name) {
			fields, err := j.selected(m, v)
			return list(fields), err
		}
		if _, err := j.field("fields", m, name); err != nil {
			return nil, err
		}
		displayed = displayed || name == "display_name"
		out = append(out, item)
	}
	if displayed && !contains(items, searchField) {
		more, err := j.withName(m, []string{"display_name"})
		if len(more) > 1 {
			out = append(out, searchField)
		}
		return out, err
	}
	return out, nil
}

func contains(items []any, name string) bool {
	for _, item := range items {
		if s, ok := item.(string); ok && s == name {
			return true
		}
	}
	return false
}
