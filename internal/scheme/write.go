package scheme

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// maxCommands is how many records the values of one call may create, change,
// delete or link, those of lists included.
const maxCommands = 1000

// writing is what one call writes.
type writing struct {
	out       *Checked
	records   int
	spreading string // the model whose records hand on what they are given, or ""
	kin       Kin    // to whom
}

// count bounds the records of a call.
func (w *writing) count(m *model, n int) error {
	if w.records += n; w.records > maxCommands {
		return deny(CodeLimit, "values", m.name, "", "more than %d records", maxCommands)
	}
	return nil
}

// create takes one object of values, or a list of them, and answers ids.
func (j *judge) create(m *model, out Checked, args map[string]any) (Checked, error) {
	w := &writing{out: &out}
	v, given := args["vals_list"]
	list, many := v.([]any)
	if !many {
		list = []any{v}
	}
	if !given {
		return out, deny(CodeInvalid, "values", m.name, "", "create needs values")
	}
	if many && len(list) == 0 {
		out.Method, out.shape, out.Answer = "create", shapeCreated, jsontext.Value("[]")
		return out, nil
	}
	made := make([]any, len(list))
	for i, one := range list {
		vals, err := j.newRecord(w, m, one, "", 0)
		if err != nil {
			return out, err
		}
		made[i] = vals
	}
	w.keepKin()
	out.Method, out.shape = "create", shapeCreated
	if out.Args = []any{made}; !many {
		out.Args = []any{made[0]}
	}
	return out, nil
}

// newRecord judges the values of a record that a call makes, and adds those of
// the configuration. inverse is the field by which a list owns it, which Odoo
// sets and no filter of the model looks at (ownership), or "".
func (j *judge) newRecord(w *writing, m *model, v any, inverse string, depth int) (map[string]any, error) {
	vals, err := j.values(w, m, v, inverse, depth)
	if err != nil {
		return nil, err
	}
	for name, value := range m.preset {
		if _, given := vals[name]; !given && name != inverse {
			vals[name] = clone(value)
		}
	}
	for name, value := range m.forced {
		vals[name] = clone(value)
	}
	if inside, err := j.inside(m, vals); err != nil || inside {
		return vals, err
	}
	return nil, outside(m)
}

// write changes records within the filter.
func (j *judge) write(m *model, out Checked, ids []int64, args map[string]any) (Checked, error) {
	ids, err := recordIDs(m.name, ids)
	if err != nil {
		return out, err
	}
	w := &writing{out: &out}
	if err := w.count(m, len(ids)); err != nil {
		return out, err
	}
	out.guard(m, ids)
	vals, err := j.changes(w, m, args["vals"], "", 0)
	if err != nil {
		return out, err
	}
	w.keepKin()
	out.Method, out.shape = "write", shapeDone
	out.Call.IDs, out.Args = ids, []any{vals}
	return out, nil
}

// changes judges the values that a call writes to records inside of the
// filter: where they touch it, they must prove that the records stay inside.
func (j *judge) changes(w *writing, m *model, v any, inverse string, depth int) (map[string]any, error) {
	vals, err := j.values(w, m, v, inverse, depth)
	if err != nil {
		return nil, err
	}
	for name := range vals {
		if !m.touches[name] {
			continue
		}
		if inside, err := j.inside(m, vals); err != nil || !inside {
			if err == nil {
				err = outside(m)
			}
			return nil, err
		}
		break
	}
	return vals, nil
}

func outside(m *model) error {
	return deny(CodeFilter, "values", m.name, "", "with these values, a record of model %q would not stay within what is open", m.name)
}

func (j *judge) inside(m *model, vals map[string]any) (bool, error) {
	if m.filter.IsEverything() {
		return true, nil
	}
	all, err := j.fields(m.name)
	return m.inside(vals, func(name string) string { return all[name].Type }) == odoo.True, err
}

// unlink deletes records within the filter.
func (j *judge) unlink(m *model, out Checked, ids []int64) (Checked, error) {
	ids, err := recordIDs(m.name, ids)
	if err != nil {
		return out, err
	}
	out.guard(m, ids)
	out.Method, out.shape = "unlink", shapeDone
	out.Call.IDs = ids
	return out, nil
}

// values judges what a call gives for the fields of a record. A field whose
// value the configuration forces takes that value alone.
func (j *judge) values(w *writing, m *model, v any, inverse string, depth int) (map[string]any, error) {
	given, ok := v.(map[string]any)
	if !ok {
		return nil, deny(CodeInvalid, "values", m.name, "", "values are an object of fields")
	}
	if len(given) > maxFields {
		return nil, deny(CodeInvalid, "values", m.name, "", "values have at most %d fields", maxFields)
	}
	if err := w.count(m, 1); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(given)+len(m.preset)+len(m.forced))
	for _, name := range sortedKeys(given) {
		if name == inverse {
			return nil, deny(CodeField, "values", m.name, name, "field %q of model %q is set by the list that the record is in", name, m.name)
		}
		f, err := j.writable(m, name)
		if err != nil {
			return nil, err
		}
		value, err := j.value(w, m, f, given[name], depth)
		if err != nil {
			return nil, err
		}
		if fixed, forced := m.forced[name]; forced && !same(fixed, value) {
			return nil, deny(CodeFilter, "values", m.name, name, "field %q of model %q has a fixed value", name, m.name)
		}
		w.spread(m, m.spreads(name))
		out[name] = value
	}
	return out, nil
}

// value judges what a call gives for one field, and returns what may be sent.
func (j *judge) value(w *writing, m *model, f odoo.Field, v any, depth int) (any, error) {
	if many(f) {
		return j.commands(w, m, f, v, depth)
	}
	if absent(v) && f.Type != "boolean" {
		return false, nil
	}
	if f.Type == "binary" {
		v = file(v)
	}
	ok := false
	switch s, isText := v.(string); f.Type {
	case "char", "text", "html", "selection", "date", "datetime":
		ok = isText && writableText(f.Type, s)
	case "binary":
		ok = isText && base64Text(s)
	case "boolean":
		_, isBool := v.(bool)
		ok = isBool || v == nil || v == int64(0) || v == int64(1)
		v = truthy(v)
	case "integer", "many2one_reference":
		_, ok = v.(int64)
	case "float", "monetary":
		_, whole := v.(int64)
		_, broken := v.(float64)
		ok = whole || broken
	case "many2one":
		if ok = positive(v); ok {
			return v, j.link(w, m, f, []int64{v.(int64)})
		}
	}
	if !ok {
		return nil, deny(CodeInvalid, "values", m.name, f.Name, "field %q of model %q cannot have this value", f.Name, m.name)
	}
	return v, nil
}

// file is what a client gives for a file, in base64 as all versions take it:
// 20 answers objects, and a client may send one back. A name in it has no place
// in older versions, and stays where it is, to be refused.
func file(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	for name := range object {
		if name != "content" && name != "size" {
			return v
		}
	}
	return object["content"]
}

// link judges that a call refers to records of another model: the application
// must be able to see them. Otherwise their names could be read off one by one.
func (j *judge) link(w *writing, m *model, f odoo.Field, ids []int64) error {
	other := j.open(f.Relation)
	if other == nil {
		return deny(CodeField, "values", m.name, f.Name, "field %q of model %q takes records of a model that is not allowed", f.Name, m.name)
	}
	if err := j.enforceable(other); err != nil {
		return err
	}
	w.out.guard(other, ids)
	return w.count(m, len(ids))
}
