package scheme

import (
	"context"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Words says in sentences what the scheme opens, model by model in configured
// order, such as "read Customer: Name, Email" and "change Sales order: Note".
// Fields have their labels where src tells them, and those that it does not
// know are left out: nobody can allow them. Otherwise they have their technical
// names; src may be nil. Models have their names in a language of the context.
// What the scopes do not cover is left out; nil stands for all scopes.
func (s *Scheme) Words(ctx context.Context, src odoo.FieldSource, scopes []string) []string {
	out := make([]string, 0, len(s.order)+1)
	for _, name := range s.order {
		m := s.models[name]
		var known odoo.Fields
		if src != nil {
			// Without labels the sentence is as true, only less kind.
			known, _ = src.Fields(ctx, name)
		}
		out = m.appendWords(out, m.translated(ctx), known, scopes)
	}
	switch {
	case !covered(scopes, ScopeRead):
	case s.limit == LimitNone:
		out = append(out, "read every other model: all fields")
	case s.limit == LimitBlacklist:
		out = append(out, "read every other model except "+strings.Join(s.blacklist, ", ")+": all fields")
	}
	return out
}

func covered(scopes []string, scope string) bool {
	return scopes == nil || slices.Contains(scopes, scope)
}

func (m *model) appendWords(out []string, name string, known odoo.Fields, scopes []string) []string {
	if m.may(Read) && covered(scopes, ScopeRead) {
		out = append(out, "read "+name+": "+m.readWords(known)+m.filterWords())
	}
	changes, calls := covered(scopes, ScopeWrite), covered(scopes, ScopeCall)
	switch create, write := m.may(Create) && changes, m.may(Write) && changes; {
	case create && write:
		out = append(out, "create and change "+name+": "+m.writeWords(known)+m.filterWords())
	case create:
		out = append(out, "create "+name+": "+m.writeWords(known)+m.filterWords())
	case write:
		out = append(out, "change "+name+": "+m.writeWords(known)+m.filterWords())
	}
	if m.may(Unlink) && changes {
		out = append(out, "delete "+name+m.filterWords())
	}
	if len(m.methods) > 0 && calls {
		out = append(out, "run on "+name+": "+strings.Join(sortedKeys(m.methods), ", ")+m.filterWords())
	}
	if len(m.reports) > 0 && calls {
		out = append(out, "print "+name+": "+strings.Join(m.reports, ", ")+m.filterWords())
	}
	return out
}

func (m *model) filterWords() string {
	if m.filter.IsEverything() {
		return ""
	}
	return " (only the records that your administrator selected)"
}

func (m *model) readWords(known odoo.Fields) string {
	labels := labelled(m.listed, known, func(odoo.Field) bool { return true })
	switch {
	case m.limit == LimitWhitelist && len(labels) == 0:
		return "the ID alone"
	default:
		return fieldWords(m.limit, labels)
	}
}

func (m *model) writeWords(known odoo.Fields) string {
	limit, labels := m.writeLimit, []string(nil)
	if limit == "" {
		limit = m.limit
		labels = labelled(m.listed, known, func(f odoo.Field) bool { return limit == LimitBlacklist || plain(f) })
	} else {
		labels = labelled(m.writeList, known, func(odoo.Field) bool { return true })
	}
	if limit == LimitWhitelist && len(labels) == 0 {
		return "no field"
	}
	return fieldWords(limit, labels)
}

func fieldWords(limit Limit, labels []string) string {
	switch {
	case limit == LimitWhitelist:
		return strings.Join(labels, ", ")
	case limit == LimitNone, len(labels) == 0:
		return "all fields"
	default:
		return "all fields except " + strings.Join(labels, ", ")
	}
}

// labelled are the labels of fields, those left out that are known not to
// exist or that suit does not take.
func labelled(names []string, known odoo.Fields, suit func(odoo.Field) bool) []string {
	labels := make([]string, 0, len(names))
	for _, name := range names {
		field, ok := known[name]
		if len(known) > 0 && (!ok || !suit(field)) {
			continue
		}
		label := field.String
		if label == "" {
			label = name
		}
		labels = append(labels, label)
	}
	return labels
}
