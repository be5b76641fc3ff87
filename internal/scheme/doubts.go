package scheme

import (
	"context"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Named is a model that somebody has written into the configuration of a scheme.
type Named struct {
	Model string
	// Configuration is the name of its configuration, "" of a model that the
	// scheme's blacklist names.
	Configuration string
}

// Named are the models that the configuration names, those of its
// configurations first. One that Odoo does not have is a slip: in a blacklist
// it leaves open what it was to close. Entries for all models below a name are
// left out.
func (s *Scheme) Named() []Named {
	var all []Named
	for _, name := range s.order {
		all = append(all, Named{name, s.models[name].label})
	}
	for _, name := range s.blacklist {
		if !strings.HasSuffix(name, ".*") && !slices.ContainsFunc(all, func(n Named) bool { return n.Model == name }) {
			all = append(all, Named{Model: name})
		}
	}
	return all
}

// NamedReport is a report that a configuration lets applications print.
type NamedReport struct {
	// Name is that of the report, Model the model of its configuration.
	Name, Model   string
	Configuration string
}

// NamedReports are the reports that the scheme's configurations name, in their
// order.
func (s *Scheme) NamedReports() []NamedReport {
	var all []NamedReport
	for _, name := range s.order {
		m := s.models[name]
		for _, report := range m.reports {
			all = append(all, NamedReport{Name: report, Model: name, Configuration: m.label})
		}
	}
	return all
}

// Unknown lists the fields that the configuration of a model names and that
// known, which must be the model's fields as somebody sees them, lacks: they
// are misspelt, or Odoo hides them from that person. Fields of the filter are
// not among them: see [Scheme.Unenforceable]. The configuration's name comes
// with them.
func (s *Scheme) Unknown(model string, known odoo.Fields) (configuration string, fields []string) {
	m := s.models[model]
	if m == nil {
		return "", nil
	}
	named := slices.Concat(m.listed, m.writeList, sortedKeys(m.forced), sortedKeys(m.preset))
	if !slices.Equal(m.search, []string{searchField}) { // which nobody need have written
		named = slices.Concat(named, m.search)
	}
	for _, name := range named {
		if _, ok := known[name]; !ok && !slices.Contains(fields, name) {
			fields = append(fields, name)
		}
	}
	return m.label, fields
}

// Unenforceable is the field of a configuration's filter that does not exist,
// or that Odoo can not search by, so that the model is closed; "" where the
// filter holds. src tells the fields that somebody sees. The error is the one
// of src.
func (s *Scheme) Unenforceable(ctx context.Context, src odoo.FieldSource, model string) (string, error) {
	m := s.models[model]
	if m == nil {
		return "", nil
	}
	err := s.judge(ctx, src).enforceable(m)
	if d, ok := err.(*Denied); ok {
		if d.Code == CodeMetadata {
			return "", nil // nobody has described a model on the way
		}
		return d.Field, nil
	}
	return "", err
}
