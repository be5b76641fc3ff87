package scheme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Words says in sentences what the scheme opens, one for each model in
// configured order, such as "read Customer: Name, Email". Fields have their
// labels where src tells them, and those that it does not know are left out:
// nobody can allow them. Otherwise they have their technical names; src may be
// nil.
func (s *Scheme) Words(ctx context.Context, src odoo.FieldSource) []string {
	out := make([]string, 0, len(s.order))
	for _, name := range s.order {
		m := s.models[name]
		var known odoo.Fields
		if src != nil {
			// Without labels the sentence is as true, only less kind.
			known, _ = src.Fields(ctx, name)
		}
		out = append(out, m.words(known))
	}
	return out
}

func (m *model) words(known odoo.Fields) string {
	labels := make([]string, 0, len(m.listed))
	for _, name := range m.listed {
		field, ok := known[name]
		if len(known) > 0 && !ok {
			continue
		}
		label := field.String
		if label == "" {
			label = name
		}
		labels = append(labels, label)
	}
	var b strings.Builder
	b.WriteString("read " + m.display + ": ")
	switch {
	case m.limit == LimitNone, m.limit == LimitBlacklist && len(labels) == 0:
		b.WriteString("all fields")
	case len(labels) == 0:
		b.WriteString("the ID alone")
	case m.limit == LimitBlacklist:
		b.WriteString("all fields except " + strings.Join(labels, ", "))
	default:
		b.WriteString(strings.Join(labels, ", "))
	}
	if !m.filter.IsEverything() {
		b.WriteString(" (only the records that your administrator selected)")
	}
	return b.String()
}

// Digest names what the scheme grants: models, operations, fields and
// filters, not display names or order. It is stored with a consent, which
// covers schemes of the same digest only. So a narrower scheme asks again,
// too: whether one filter admits more records than another cannot be
// computed, and asking once too often is harmless.
func (s *Scheme) Digest() string { return s.digest }

func digest(s *Scheme) (string, error) {
	granted := []any{"read"}
	for _, name := range slices.Sorted(maps.Keys(s.models)) {
		m := s.models[name]
		granted = append(granted, []any{
			m.name, string(m.limit), list(slices.Sorted(maps.Keys(m.set))), m.filter.Value(),
		})
	}
	text, err := odoo.MarshalValue(granted)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Scopes are the OAuth2 scopes that the scheme has a use for: it opens models
// for reading alone.
func (s *Scheme) Scopes() []string { return []string{"odoo.read"} }
