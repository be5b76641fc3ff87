package scheme

import (
	"context"
	"slices"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Act is what a Statement allows to be done.
type Act string

// The acts of statements.
const (
	ActRead         Act = "read"
	ActCreate       Act = "create"
	ActChange       Act = "change"
	ActCreateChange Act = "create_change"
	ActDelete       Act = "delete"
	ActRun          Act = "run"    // the methods in Names
	ActPrint        Act = "print"  // the reports in Names
	ActReadOthers   Act = "others" // every model without a configuration, but those in Names
)

// Extent is which fields a Statement speaks of.
type Extent string

// The extents of statements.
const (
	ExtentAll    Extent = "all"
	ExtentExcept Extent = "except" // all but those in Names
	ExtentThese  Extent = "these"  // those in Names
	ExtentID     Extent = "id"     // nothing but the id
	ExtentNone   Extent = "none"
)

// Statement is one thing that a scheme allows, for a page to put into the words
// of a language.
type Statement struct {
	Act Act
	// Model is what people call the model; "" for ActReadOthers.
	Model string
	// Fields is set for acts on fields.
	Fields Extent
	// Names are labels of fields, or the names that the Act speaks of.
	Names []string
	// Selected: only records that match a filter.
	Selected bool
}

// Words says what the scheme opens, model by model in configured order. Fields
// have their labels where src tells them, and those that it does not know are
// left out: nobody can allow them. Otherwise they have their technical names;
// src may be nil. Models have their names in a language of the context; where
// none is configured, the one that src tells if it is an odoo.NameSource, too.
// What the scopes do not cover is left out; nil stands for all scopes.
func (s *Scheme) Words(ctx context.Context, src odoo.FieldSource, scopes []string) []Statement {
	out := make([]Statement, 0, len(s.order)+1)
	names := s.namesOf(ctx, src)
	for _, name := range s.order {
		m := s.models[name]
		var known odoo.Fields
		if src != nil {
			// Without labels the statement is as true, only less kind.
			known, _ = src.Fields(ctx, name)
		}
		display := m.translated(ctx)
		if called := names[name]; called != "" && display == name {
			display = called
		}
		out = m.appendWords(out, display, known, scopes)
	}
	if covered(scopes, ScopeRead) && s.limit != LimitWhitelist {
		others := Statement{Act: ActReadOthers}
		if s.limit == LimitBlacklist {
			others.Names = slices.Clone(s.blacklist)
		}
		out = append(out, others)
	}
	return out
}

// namesOf asks what the models are called that no configuration names.
func (s *Scheme) namesOf(ctx context.Context, src odoo.FieldSource) map[string]string {
	namer, ok := src.(odoo.NameSource)
	if !ok {
		return nil
	}
	var unnamed []string
	for _, name := range s.order {
		if s.models[name].translated(ctx) == name {
			unnamed = append(unnamed, name)
		}
	}
	if len(unnamed) == 0 {
		return nil
	}
	names, err := namer.Names(ctx, unnamed)
	if err != nil {
		return nil // as with labels
	}
	return names
}

// WithoutReports leaves out that reports may be printed.
func WithoutReports(said []Statement) []Statement {
	return slices.DeleteFunc(said, func(s Statement) bool { return s.Act == ActPrint })
}

func covered(scopes []string, scope string) bool {
	return scopes == nil || slices.Contains(scopes, scope)
}

func (m *model) appendWords(out []Statement, name string, known odoo.Fields, scopes []string) []Statement {
	say := func(act Act, fields Extent, names []string) {
		out = append(out, Statement{Act: act, Model: name, Fields: fields, Names: names, Selected: !m.filter.IsEverything()})
	}
	if m.may(Read) && covered(scopes, ScopeRead) {
		fields, names := m.readWords(known)
		say(ActRead, fields, names)
	}
	changes, calls := covered(scopes, ScopeWrite), covered(scopes, ScopeCall)
	if create, write := m.may(Create) && changes, m.may(Write) && changes; create || write {
		act := ActCreateChange
		switch {
		case !write:
			act = ActCreate
		case !create:
			act = ActChange
		}
		fields, names := m.writeWords(known)
		say(act, fields, names)
	}
	if m.may(Unlink) && changes {
		say(ActDelete, "", nil)
	}
	if len(m.methods) > 0 && calls {
		say(ActRun, "", sortedKeys(m.methods))
	}
	if len(m.reports) > 0 && calls {
		say(ActPrint, "", slices.Clone(m.reports))
	}
	return out
}

func (m *model) readWords(known odoo.Fields) (Extent, []string) {
	labels := labelled(m.listed, known, func(odoo.Field) bool { return true })
	if m.limit == LimitWhitelist && len(labels) == 0 {
		return ExtentID, nil
	}
	return extent(m.limit, labels)
}

func (m *model) writeWords(known odoo.Fields) (Extent, []string) {
	limit, labels := m.writeLimit, []string(nil)
	if limit == "" {
		limit = m.limit
		labels = labelled(m.listed, known, func(f odoo.Field) bool { return limit == LimitBlacklist || plain(f) })
	} else {
		labels = labelled(m.writeList, known, func(odoo.Field) bool { return true })
	}
	if limit == LimitWhitelist && len(labels) == 0 {
		return ExtentNone, nil
	}
	return extent(limit, labels)
}

func extent(limit Limit, labels []string) (Extent, []string) {
	switch {
	case limit == LimitWhitelist:
		return ExtentThese, labels
	case limit == LimitNone, len(labels) == 0:
		return ExtentAll, nil
	default:
		return ExtentExcept, labels
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
