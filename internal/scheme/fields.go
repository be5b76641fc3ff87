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
	known  []known
	few    [4]known        // the first of known
	asked  map[string]bool // "model.field" that copied is about to decide
	models map[string]*model
	reach  *reach
	short  []shortName
	// Language and time zone decide what a filter means that takes part.
	byLanguage, byZone bool
}

// known are the fields of a model.
type known struct {
	model  string
	fields odoo.Fields
}

func (s *Scheme) judge(ctx context.Context, src odoo.FieldSource) *judge {
	j := &judge{ctx: ctx, src: src, scheme: s}
	j.known = j.few[:0]
	return j
}

// fields are the fields of a model as the person sees them. Where they cannot
// be had, the source's error is returned as it is, so that an outage is not
// taken for a refusal; where there are none, the model is refused.
func (j *judge) fields(model string) (odoo.Fields, error) {
	for i := range j.known {
		if j.known[i].model == model {
			return j.known[i].fields, nil
		}
	}
	f, err := j.src.Fields(j.ctx, model)
	if err != nil {
		return nil, err
	}
	if len(f) == 0 {
		return nil, deny(CodeMetadata, "metadata", model, "", "the fields of model %q are not known", model)
	}
	j.known = append(j.known, known{model, f})
	return f, nil
}

// configured finds a model of the scheme, or nil. It is the same one each time.
func (j *judge) configured(name string) *model {
	if m := j.scheme.models[name]; m != nil || j.scheme.limit == LimitWhitelist {
		return m
	}
	m, ok := j.models[name]
	if !ok {
		if m = j.scheme.find(name); j.models == nil {
			j.models = make(map[string]*model, 2)
		}
		j.models[name] = m
	}
	return m
}

// open finds a model that may be read, or nil.
func (j *judge) open(name string) *model {
	if m := j.configured(name); m != nil && m.may(Read) {
		return m
	}
	return nil
}

// model finds a model of the scheme.
func (j *judge) model(name string) (*model, error) {
	m := j.configured(name)
	if m == nil {
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
	case m.set[field], credential(field):
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
	if !ok {
		return odoo.Field{}, unknown(rule, m.name, name)
	}
	harmless, err := j.harmless(m, f)
	if err == nil && !harmless {
		err = hidden(rule, m.name, name)
	}
	return f, err
}

// harmless leaves out, unless a whitelist names them, lists of records of a
// sensitive model (messages, sessions, users) and fields that show what a
// hidden one holds.
func (j *judge) harmless(m *model, f odoo.Field) (bool, error) {
	if m.limit == LimitWhitelist {
		return true, nil
	}
	if many(f) {
		if sensitive(f.Relation) {
			return false, nil
		}
		if shown, err := j.inverted(m, f); shown || err != nil {
			return false, err
		}
		if shown, err := j.drawn(m, f); shown || err != nil {
			return false, err
		}
	}
	copied, err := j.copied(m, f)
	return !copied, err
}

func many(f odoo.Field) bool { return f.Type == "one2many" || f.Type == "many2many" }

// readable lists all fields that are open and exist, sorted by name, or in
// configured order for a whitelist.
func (j *judge) readable(m *model) ([]string, error) {
	all, err := j.fields(m.name)
	if err != nil {
		return nil, err
	}
	if m.limit == LimitWhitelist {
		var out []string
		for _, name := range slices.Concat([]string{"id"}, m.listed, []string{"display_name"}) {
			if _, ok := all[name]; ok && m.opens(name) && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
		return out, nil
	}
	var out []string
	for name, f := range all {
		if !m.opens(name) {
			continue
		}
		harmless, err := j.harmless(m, f)
		if err != nil {
			return nil, err
		}
		if harmless {
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
	list, err := j.readable(m)
	if err != nil || m.limit == LimitWhitelist {
		return list, err
	}
	all, err := j.fields(m.name)
	return slices.DeleteFunc(list, func(name string) bool {
		f := all[name]
		switch {
		case name == "display_name":
			return false
		case !f.Store, f.Type == "binary", strings.HasPrefix(f.Type, "properties"):
			return true
		default:
			return many(f) && j.open(f.Relation) == nil
		}
	}), err
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
		if err != nil {
			return nil, err
		}
		return j.withName(m, list)
	}
	for _, name := range list {
		if _, err := j.field("fields", m, name); err != nil {
			return nil, err
		}
	}
	return j.withName(m, list)
}
