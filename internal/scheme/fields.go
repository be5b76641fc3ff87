package scheme

import (
	"context"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// judge decides one call. It asks for the fields of each model once.
type judge struct {
	ctx    context.Context
	src    odoo.FieldSource
	scheme *Scheme
	known  map[string]odoo.Fields
}

func (s *Scheme) judge(ctx context.Context, src odoo.FieldSource) *judge {
	return &judge{ctx: ctx, src: src, scheme: s, known: make(map[string]odoo.Fields, 2)}
}

// fields are the fields of a model as the person sees them. Where they cannot
// be had, the source's error is returned as it is, so that an outage is not
// taken for a refusal; where there are none, the model is refused.
func (j *judge) fields(model string) (odoo.Fields, error) {
	if f, ok := j.known[model]; ok {
		return f, nil
	}
	f, err := j.src.Fields(j.ctx, model)
	if err != nil {
		return nil, err
	}
	if len(f) == 0 {
		return nil, deny(CodeMetadata, "metadata", model, "", "the fields of model %q are not known", model)
	}
	j.known[model] = f
	return f, nil
}

// model finds an open model.
func (j *judge) model(name string) (*model, error) {
	m, ok := j.scheme.models[name]
	if !ok {
		return nil, deny(CodeModel, "model", name, "", "model %q is not allowed", name)
	}
	return m, nil
}

// opens tells whether the configuration opens a field, without asking whether
// it exists.
func (m *model) opens(field string) bool {
	switch {
	case field == "id":
		return true
	case m.limit == LimitWhitelist:
		// A display name is made of the name, and shows little else.
		return m.set[field] || field == "display_name" && m.set["name"]
	case m.set[field], credentialFields[field]:
		return false
	case field == "display_name":
		return !m.set["name"]
	default:
		return true
	}
}

// field finds an open field that exists.
func (j *judge) field(rule string, m *model, name string) (odoo.Field, error) {
	if !m.opens(name) {
		return odoo.Field{}, hidden(rule, m.name, name)
	}
	all, err := j.fields(m.name)
	if err != nil {
		return odoo.Field{}, err
	}
	f, ok := all[name]
	switch {
	case !ok:
		return odoo.Field{}, unknown(rule, m.name, name)
	case !j.harmless(m, f):
		return odoo.Field{}, hidden(rule, m.name, name)
	}
	return f, nil
}

// harmless leaves out lists of records of a sensitive model (messages,
// sessions, users) unless a whitelist names the field.
func (j *judge) harmless(m *model, f odoo.Field) bool {
	if m.limit == LimitWhitelist || !many(f) {
		return true
	}
	return !sensitive(f.Relation)
}

func many(f odoo.Field) bool { return f.Type == "one2many" || f.Type == "many2many" }

// open lists all fields that are open and exist, sorted by name, or in
// configured order for a whitelist.
func (j *judge) open(m *model) ([]string, error) {
	all, err := j.fields(m.name)
	if err != nil {
		return nil, err
	}
	var out []string
	add := func(name string) {
		if f, ok := all[name]; ok && m.opens(name) && j.harmless(m, f) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if m.limit == LimitWhitelist {
		add("id")
		for _, name := range m.listed {
			add(name)
		}
		add("display_name")
		return out, nil
	}
	for name, f := range all {
		if m.opens(name) && j.harmless(m, f) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

// unnamed lists the fields of a record where the caller names none. A
// whitelist gives all it opens. Without one, what is expensive or likely to
// be refused by Odoo is left out and must be named: values that are computed
// on reading, files, properties, and lists of records of models that the
// scheme does not open.
func (j *judge) unnamed(m *model) ([]string, error) {
	list, err := j.open(m)
	if err != nil || m.limit == LimitWhitelist {
		return list, err
	}
	all := j.known[m.name]
	return slices.DeleteFunc(list, func(name string) bool {
		f := all[name]
		switch {
		case name == "display_name":
			return false
		case !f.Store, f.Type == "binary", strings.HasPrefix(f.Type, "properties"):
			return true
		default:
			return many(f) && j.scheme.models[f.Relation] == nil
		}
	}), nil
}

// selected checks the fields that a call asks for.
func (j *judge) selected(m *model, v any) ([]string, error) {
	list, ok, err := names(m.name, "fields", v)
	if err != nil {
		return nil, err
	}
	if !ok {
		list, err = j.unnamed(m)
		if err == nil && len(list) == 0 {
			err = deny(CodeMetadata, "metadata", m.name, "", "no field of model %q can be read", m.name)
		}
		return list, err
	}
	for _, name := range list {
		if _, err := j.field("fields", m, name); err != nil {
			return nil, err
		}
	}
	return list, nil
}
