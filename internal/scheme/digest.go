package scheme

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Digest names what the scheme grants: models, operations, fields, filters,
// values, methods and reports, not display names, order or limits of rows. It
// is stored with a consent, which covers schemes of the same digest only. So a
// narrower scheme asks again, too: whether one filter admits more records than
// another cannot be computed, and asking once too often is harmless.
func (s *Scheme) Digest() string { return s.digest }

func digest(s *Scheme) (string, error) {
	granted := []any{string(s.limit), sorted(s.blacklist)}
	for _, name := range sortedKeys(s.models) {
		m := s.models[name]
		operations := make([]string, len(m.operations))
		for i, op := range m.operations {
			operations[i] = string(op)
		}
		methods := []any{}
		for _, name := range sortedKeys(m.methods) {
			method := m.methods[name]
			methods = append(methods, []any{name, list(method.Arguments), method.OnModel, method.AnyAnswer})
		}
		granted = append(granted, []any{
			m.name, string(m.limit), sorted(m.listed), string(m.writeLimit), sorted(m.writeList), m.filter.Value(),
			sorted(operations), object(m.forced), object(m.preset), methods, sorted(m.reports), sorted(m.search), m.hideNames,
		})
	}
	text, err := odoo.MarshalValue(granted)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

func sorted(names []string) []any {
	names = slices.Clone(names)
	slices.Sort(names)
	return list(names)
}

// object is a value to write, never nil.
func object(values map[string]any) map[string]any {
	if values == nil {
		return map[string]any{}
	}
	return values
}
