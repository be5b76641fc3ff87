package scheme

import (
	"context"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Verdict is what one rule says.
type Verdict struct {
	// Subject is what is judged, such as "model res.partner" or "field email".
	Subject string
	Allowed bool
	// Code is that of the refusal that an application gets, "" where allowed.
	Code string
	// Line is the line of the configuration that decides, as it is written in
	// a Caddyfile, or "built in: …" for a rule that no line makes.
	Line string
}

// Explanation says what an application of a scheme may do.
type Explanation struct {
	Scheme, Model, Operation string
	// Allowed tells whether all verdicts allow.
	Allowed bool
	// Opens tells whether the scheme opens the model at all.
	Opens bool
	// Scope is what the access token needs, too.
	Scope string
	// Known tells whether Odoo's description of the model's fields was at hand.
	// Without it nobody can tell which fields there are, and which show what a
	// hidden one holds: only what is configured is judged.
	Known bool
	// Verdicts are in the order of judgement: the model, the operation, the
	// filter on records where there is one, then the fields.
	Verdicts []Verdict
}

// Explain says whether an operation on a model, with fields, is allowed, and
// which line of the configuration decides it. The operation is read, create,
// write or unlink, a method of Odoo's that is one of them (search_read), a
// method of the configuration, or the name of a report. src tells the fields
// that somebody sees, and none of a model that it does not know. The error is
// the one of src.
func (s *Scheme) Explain(ctx context.Context, src odoo.FieldSource, model, operation string, fields ...string) (Explanation, error) {
	e := Explanation{Scheme: s.name, Model: model, Operation: operation, Scope: scopeOfOperation(operation)}
	m := s.find(model)
	e.add(s.explainModel(m, model))
	if m == nil {
		return e, nil
	}
	e.Opens = true
	e.add(m.explainOperation(operation))
	fieldsOf, err := src.Fields(ctx, model)
	if err != nil {
		return e, err
	}
	e.Known = len(fieldsOf) > 0
	if !m.filter.IsEverything() {
		text, err := odoo.MarshalValue(m.filter.Value())
		if err != nil {
			return e, err
		}
		v := Verdict{Subject: "records", Allowed: true, Line: m.line("filter", string(text))}
		if e.Known {
			switch err := s.judge(ctx, src).enforceable(m).(type) {
			case nil:
			case *Denied:
				v.Allowed, v.Code = false, err.Code
			default:
				return e, err
			}
		}
		e.add(v)
	}
	writes := operationOf(operation) == Create || operationOf(operation) == Write
	for _, name := range fields {
		v := m.explainField(name, writes)
		if e.Known && v.Allowed {
			if err := s.judge(ctx, src).explainKnown(m, name, writes, &v); err != nil {
				return e, err
			}
		}
		e.add(v)
	}
	e.Allowed = true
	for _, v := range e.Verdicts {
		e.Allowed = e.Allowed && v.Allowed
	}
	return e, nil
}

func (e *Explanation) add(v Verdict) { e.Verdicts = append(e.Verdicts, v) }

// operationOf is the operation that a name stands for, or "".
func operationOf(name string) Operation {
	switch op := Operation(name); op {
	case Read, Create, Write, Unlink:
		return op
	}
	if sig := signatures[name]; sig != nil {
		return sig.operation
	}
	return ""
}

func scopeOfOperation(name string) string { return ScopeOf(odoo.Call{Method: name}) }

// line is a line of the model's configuration.
func (m *model) line(parts ...string) string {
	if m.label == "" {
		return "built in: a model without a configuration is open for reading"
	}
	return "model_configuration " + m.label + ": " + strings.Join(parts, " ")
}

func (s *Scheme) explainModel(m *model, name string) Verdict {
	v := Verdict{Subject: "model " + name, Allowed: m != nil, Line: "model_scheme " + s.name + ": " + s.line}
	switch {
	case m != nil && m.label == "":
	case m != nil:
		v.Line = m.line("model", name)
	case sensitive(name) && s.closed[name] == "":
		v.Code, v.Line = CodeModel, "built in: the model is sensitive, and no configuration says sensitive true"
	case s.closed[name] != "":
		v.Code, v.Line = CodeModel, s.closed[name]
	default:
		v.Code = CodeModel
	}
	return v
}

func (m *model) explainOperation(name string) Verdict {
	v := Verdict{Subject: "operation " + name}
	op := operationOf(name)
	switch {
	case op != "":
		words := make([]string, len(m.operations))
		for i, o := range m.operations {
			words[i] = string(o)
		}
		v.Allowed, v.Line = m.may(op), m.line("operations", strings.Join(words, " "))
	case signatures[name] != nil:
		v.Allowed, v.Line = true, "built in: it asks what is open"
	case m.methods[name] != nil:
		v.Allowed, v.Line = true, m.line(append([]string{"method", name}, m.methods[name].Arguments...)...)
	case strings.Contains(name, "."):
		v.Line = m.line(append([]string{"reports"}, m.reports...)...)
		for _, report := range m.reports {
			v.Allowed = v.Allowed || report == name
		}
		if !v.Allowed {
			v.Code = CodeReport
			return v
		}
	default:
		v.Line = m.line("no method " + name)
	}
	if !v.Allowed {
		v.Code = CodeOperation
	}
	return v
}

// explainField judges a field by the configuration alone.
func (m *model) explainField(name string, writes bool) Verdict {
	v := Verdict{Subject: "field " + name, Allowed: m.opens(name), Line: m.line(fieldLine("fields", m.limit, m.listed)...)}
	if writes {
		v.Allowed = m.writes(name)
		if m.writeLimit != "" {
			v.Line = m.line(fieldLine("write_fields", m.writeLimit, m.writeList)...)
		}
	}
	named := m.limit == LimitWhitelist || m.set[name]
	if writes && m.writeLimit != "" {
		named = m.writeLimit == LimitWhitelist || m.writeSet[name]
	}
	switch {
	case writes && neverWritten[name]:
		v.Line = "built in: Odoo keeps this field itself"
	case !v.Allowed && !named && credential(name):
		v.Line = "built in: the field is a credential, and no whitelist names it"
	case name == "id":
		v.Line = "built in: the id is always open"
	}
	if _, forced := m.forced[name]; forced && writes && v.Allowed {
		v.Line = m.line("force", name)
	}
	if !v.Allowed {
		v.Code = CodeField
	}
	return v
}

func fieldLine(what string, limit Limit, names []string) []string {
	if limit == LimitNone {
		return []string{what, "all"}
	}
	return append([]string{what, string(limit)}, names...)
}

// explainKnown judges a field that the configuration opens by what Odoo says
// of it.
func (j *judge) explainKnown(m *model, name string, writes bool, v *Verdict) error {
	var err error
	if writes {
		_, err = j.writable(m, name)
	} else {
		_, err = j.field("fields", m, name)
	}
	d, denied := err.(*Denied)
	if !denied {
		return err
	}
	if d.Code == CodeMetadata {
		return nil // a copy from a model that nobody has described
	}
	v.Allowed, v.Code = false, d.Code
	switch {
	case d.Code == CodeFieldUnknown:
		v.Line = "Odoo: the model has no such field, or hides it from this person"
	case d.Code == CodeFilter:
		v.Line = "built in: a filter of the scheme depends on the field"
	case writes:
		v.Line = "built in: Odoo computes the field, calls it readonly, or takes it from other records, and no whitelist of write_fields names it"
	default:
		v.Line = "built in: the field shows what a hidden one holds, or lists records of a sensitive model"
	}
	return nil
}
