package scheme

import (
	"context"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Outline is what a scheme opens of one model, for documents about it. Check
// says the same of each call.
type Outline struct {
	Model
	// Operations are those that are open.
	Operations []Operation
	// Methods are those of Odoo's own and of the configuration that can be
	// called, by name.
	Methods []OutlineMethod
	// Reports are those that can be printed.
	Reports []string
	// Known tells whether Odoo has described the model's fields, and those of
	// others that they depend on. Otherwise the fields are as configured: some
	// may not exist, and others, such as copies of hidden ones, may be refused.
	Known bool
	// Read and Write are the fields that can be read, and set.
	Read, Write []string
	// ReadOthers and WriteOthers: there are others, which no configuration
	// names and Odoo has not described.
	ReadOthers, WriteOthers bool
	// Fields are what Odoo says of those in Read and Write, where Known.
	Fields odoo.Fields
	// Rows is the most records that one call may ask for.
	Rows int64
	// Selected: only records that match a filter.
	Selected bool
}

// OutlineMethod is a method that can be called.
type OutlineMethod struct {
	Name string
	// Arguments are the names of those that it takes.
	Arguments []string
	// Records says whether it runs on records: then it needs ids.
	Records bool
	// Own is one that the configuration opens by its name. Its answer passes
	// as it is where AnyAnswer says so, otherwise as a truth value or a number.
	Own, AnyAnswer bool
	// Scope is what a token needs for it.
	Scope string
}

// Outline tells what the scheme opens, model by model in configured order.
// Models without a configuration, which an open scheme opens, are those of
// Others. Models whose filter can not be enforced, as far as src tells, open
// nothing, and are left out. The error is the one of src.
func (s *Scheme) Outline(ctx context.Context, src odoo.FieldSource) ([]Outline, error) {
	out := make([]Outline, 0, len(s.order))
	for _, name := range s.order {
		m := s.models[name]
		o := m.outline(ctx)
		closed, err := s.judge(ctx, src).describe(m, &o)
		if err != nil {
			return nil, err
		}
		if !closed {
			out = append(out, o)
		}
	}
	return out, nil
}

// Others is what the scheme opens of each model without a configuration, and
// patterns of which the names of those that it does not open match one; ok is
// false where it opens none.
func (s *Scheme) Others() (o Outline, closed []string, ok bool) {
	if !s.Open() {
		return Outline{}, nil, false
	}
	o = (&model{limit: LimitNone, operations: []Operation{Read}, rows: maxLimit}).outline(context.Background())
	o.ReadOthers, o.Read = true, []string{"id"}
	for _, root := range sensitiveRoots {
		closed = append(closed, below(root))
	}
	closed = append(closed, `^auth_`, `^res\.users_`, `(^|\.)wizard(\.|$)`)
	for _, entry := range s.blacklist {
		if root, all := strings.CutSuffix(entry, ".*"); all {
			closed = append(closed, below(root))
		} else {
			closed = append(closed, "^"+quoted(entry)+"$")
		}
	}
	for _, name := range s.order {
		closed = append(closed, "^"+quoted(name)+"$")
	}
	return o, closed, true
}

// quoted is the name of a model in a pattern.
func quoted(name string) string { return strings.ReplaceAll(name, ".", `\.`) }

// below is the pattern of a model and all that are below it.
func below(root string) string { return "^" + quoted(root) + `(\.|$)` }

// outline is what the configuration alone says.
func (m *model) outline(ctx context.Context) Outline {
	o := Outline{
		Model: m.described(ctx), Operations: slices.Clone(m.operations), Reports: slices.Clone(m.reports), Rows: m.rows,
		Selected: !m.filter.IsEverything(),
	}
	for name, sig := range signatures {
		if sig.operation == "" || m.may(sig.operation) {
			o.Methods = append(o.Methods, OutlineMethod{
				Name: name, Arguments: slices.Concat(sig.params, sig.named), Records: sig.record, Scope: scopeOfOperation(name),
			})
		}
	}
	for name, own := range m.methods {
		o.Methods = append(o.Methods, OutlineMethod{
			Name: name, Arguments: slices.Clone(own.Arguments), Records: !own.OnModel, Own: true, AnyAnswer: own.AnyAnswer, Scope: ScopeCall,
		})
	}
	slices.SortFunc(o.Methods, func(a, b OutlineMethod) int { return strings.Compare(a.Name, b.Name) })
	if m.may(Read) {
		o.Read, o.ReadOthers = []string{"id"}, m.limit != LimitWhitelist
		for _, name := range append(slices.Clone(m.listed), "display_name") {
			if m.opens(name) && !slices.Contains(o.Read, name) {
				o.Read = append(o.Read, name)
			}
		}
	}
	if m.may(Create) || m.may(Write) {
		listed, limit := m.listed, m.limit
		if m.writeLimit != "" {
			listed, limit = m.writeList, m.writeLimit
		}
		o.WriteOthers = limit != LimitWhitelist
		for _, name := range listed {
			if m.settable(name) {
				o.Write = append(o.Write, name)
			}
		}
	}
	return o
}

// settable tells whether the configuration lets a call give a value of its own.
func (m *model) settable(name string) bool {
	_, forced := m.forced[name]
	return !forced && m.writes(name)
}

// describe adds what Odoo says of the fields. Where a description is missing
// that something depends on, it changes nothing.
func (j *judge) describe(m *model, o *Outline) (closed bool, err error) {
	if err := j.enforceable(m); err != nil {
		d, denied := err.(*Denied)
		return denied && d.Code == CodeClosed, unlessUndescribed(err)
	}
	all, err := j.fields(m.name)
	if err != nil {
		return false, unlessUndescribed(err)
	}
	known := Outline{Fields: odoo.Fields{}}
	if m.may(Read) {
		if known.Read, err = j.readable(m); err != nil {
			return false, unlessUndescribed(err)
		}
	}
	if m.may(Create) || m.may(Write) {
		for _, name := range sortedKeys(all) {
			if !m.settable(name) {
				continue
			}
			_, err := j.writable(m, name)
			if d, denied := err.(*Denied); err != nil && (!denied || d.Code == CodeMetadata) {
				return false, unlessUndescribed(err)
			}
			if err == nil {
				known.Write = append(known.Write, name)
			}
		}
	}
	for _, name := range slices.Concat(known.Read, known.Write) {
		known.Fields[name] = all[name]
	}
	o.Known, o.Read, o.Write, o.Fields = true, known.Read, known.Write, known.Fields
	o.ReadOthers, o.WriteOthers = false, false
	return false, nil
}

// unlessUndescribed is an error of the source's; a refusal is none, be it that
// nobody has described a model.
func unlessUndescribed(err error) error {
	if _, denied := err.(*Denied); denied {
		return nil
	}
	return err
}
