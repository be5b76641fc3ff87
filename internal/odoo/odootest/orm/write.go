package orm

import (
	"encoding/base64"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// create makes one record and returns its id.
func (t *tx) create(m *model, vals map[string]any) int64 {
	t.checkModel(m, "create")
	t.checkWritten(m, vals)
	full := t.defaults(m, nil)
	for name, v := range vals {
		full[name] = v
	}
	if m.beforeNew != nil {
		m.beforeNew(t, full)
	}
	kept, later := t.convertAll(m, full)
	for _, f := range m.fields {
		if f.required && f.stored() && empty(kept[f.name]) && f.typ != "boolean" && !f.number() && later[f.name] == nil {
			panic(t.requiredMissing(m, f))
		}
	}
	now := t.stamp()
	kept["create_date"], kept["create_uid"] = now, t.uid
	kept["write_date"], kept["write_uid"] = now, t.uid
	r := t.insert(m, kept)
	t.writeLater(m, r, later)
	t.constrain(m, r)
	if !t.allowed(m, []int64{r.id}, "create") {
		panic(t.ruleDenied(m, "create"))
	}
	return r.id
}

// defaults are the initial values of a new record; those that the context
// brings as default_<field> win.
func (t *tx) defaults(m *model, only []string) map[string]any {
	out := map[string]any{}
	for _, f := range m.fields {
		if only != nil && !slices.Contains(only, f.name) {
			continue
		}
		if v, ok := t.ctx["default_"+f.name]; ok {
			out[f.name] = v
		} else if f.initial != nil {
			out[f.name] = f.initial(t)
		}
	}
	return out
}

// write changes records.
func (t *tx) write(m *model, ids []int64, vals map[string]any) {
	t.checkModel(m, "write")
	t.checkWritten(m, vals)
	rows := t.existing(m, ids)
	if !t.allowed(m, ids, "write") {
		panic(t.ruleDenied(m, "write"))
	}
	for _, r := range rows {
		kept, later := t.convertAll(m, vals)
		for _, name := range sortedKeys(kept) {
			if f := m.byName[name]; f.required && empty(kept[name]) && f.typ != "boolean" && !f.number() {
				panic(t.requiredMissing(m, f))
			}
			t.set(r, name, kept[name])
		}
		t.writeLater(m, r, later)
		t.set(r, "write_date", t.stamp())
		t.set(r, "write_uid", t.uid)
		t.constrain(m, r)
	}
	// A rule that the new values break undoes the write.
	if !t.allowed(m, ids, "write") {
		panic(t.ruleDenied(m, "write"))
	}
}

func (t *tx) constrain(m *model, r *row) {
	if m.parent != "" {
		seen := map[int64]bool{}
		for at := r; at != nil; {
			if seen[at.id] {
				label := m.label
				if m.name == "res.partner" {
					label = "Partner"
				}
				throw(ValidationError, "You cannot create recursive %s hierarchies.", label)
			}
			seen[at.id] = true
			parent, _ := at.v[m.parent].(int64)
			at = m.rows[parent]
		}
	}
	if m.check != nil {
		m.check(t, r)
	}
}

// checkWritten looks at the names of values before anything is written.
func (t *tx) checkWritten(m *model, vals map[string]any) {
	for _, name := range sortedKeys(vals) {
		f := m.byName[name]
		if f == nil {
			panic(t.unknownFieldWritten(m, name))
		}
		if !t.mayField(f) {
			panic(t.fieldDenied(m, f, "write"))
		}
	}
}

// convertAll splits values into columns and what is written once the record
// exists: x2many commands and fields that live elsewhere.
func (t *tx) convertAll(m *model, vals map[string]any) (kept, later map[string]any) {
	kept, later = map[string]any{}, map[string]any{}
	for _, name := range sortedKeys(vals) {
		f := m.byName[name]
		switch {
		case name == "id" || f.noStore && f.compute != nil:
			// A computed field without an inverse ignores what is written.
		case f.x2many() || f.related != "":
			later[name] = vals[name]
		case f.compute != nil:
		default:
			kept[name] = t.convert(m, f, vals[name])
		}
	}
	return kept, later
}

func (t *tx) writeLater(m *model, r *row, later map[string]any) {
	for _, name := range sortedKeys(later) {
		f := m.byName[name]
		if f.x2many() {
			t.command(m, r, f, later[name])
			continue
		}
		through, rest, _ := strings.Cut(f.related, ".")
		via := m.byName[through]
		if id, _ := r.v[through].(int64); id != 0 && t.model(via.relation).rows[id] != nil {
			t.sudo().write(t.model(via.relation), []int64{id}, map[string]any{rest: later[name]})
		}
	}
}

// convert turns a JSON value into a stored one.
func (t *tx) convert(m *model, f *field, v any) any {
	if v == nil || v == false && f.typ != "boolean" {
		return nil
	}
	switch f.typ {
	case "boolean":
		return truthy(v)
	case "integer":
		return toInteger(v)
	case "float", "monetary":
		return toFloat(v)
	case "many2one":
		return t.convertReference(m, f, v)
	case "selection":
		for _, c := range f.selection {
			if c[0] == v {
				return v
			}
		}
		throw(ValueError, "Wrong value for %s.%s: %s", m.name, f.name, python(v))
	case "binary":
		return t.convertBinary(v)
	case "date", "datetime":
		s, ok := v.(string)
		if !ok || len(s) < len(dateLayout) {
			throw(ValueError, "time data %s does not match format '%%Y-%%m-%%d'", python(v))
		}
		if f.typ == "datetime" && len(s) == len(dateLayout) {
			s += " 00:00:00"
		}
		return s
	}
	if s, ok := v.(string); ok {
		return strings.TrimSpace(s)
	}
	return python(v)
}

func toInteger(v any) any {
	if n, ok := asInt(v); ok {
		return n
	}
	if s, ok := v.(string); ok {
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			throw(ValueError, "invalid literal for int() with base 10: %s", python(s))
		}
		return n
	}
	if f, ok := asFloat(v); ok {
		return int64(f)
	}
	throw(TypeError, "int() argument must be a string, a bytes-like object or a real number, not '%s'", pythonType(v))
	return nil
}

func toFloat(v any) any {
	if n, ok := asFloat(v); ok {
		return n
	}
	if s, ok := v.(string); ok {
		n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil {
			throw(ValueError, "could not convert string to float: %s", python(s))
		}
		return n
	}
	throw(TypeError, "float() argument must be a string or a real number, not '%s'", pythonType(v))
	return nil
}

func (t *tx) convertReference(m *model, f *field, v any) any {
	id, ok := asInt(v)
	if list, isList := v.([]any); isList && len(list) == 2 {
		id, ok = asInt(list[0])
	}
	if !ok {
		throw(InvalidText, "invalid input syntax for type integer: %s", strconv.Quote(python(v)))
	}
	if t.model(f.relation).rows[id] == nil {
		panic(t.brokenReference(m, f, id))
	}
	return id
}

// convertBinary takes base64 on every version and, from 20 on, the object that
// a read answers.
func (t *tx) convertBinary(v any) any {
	if object, ok := v.(map[string]any); ok && t.db.version >= 20 {
		v = object["content"]
	}
	s, ok := v.(string)
	if !ok {
		throw(TypeError, "argument should be a bytes-like object or ASCII string, not '%s'", pythonType(v))
	}
	if _, err := base64.StdEncoding.DecodeString(s); err != nil {
		throw("binascii.Error", "Incorrect padding")
	}
	return s
}

// unlink deletes records and empties what pointed to them.
func (t *tx) unlink(m *model, ids []int64) {
	t.checkModel(m, "unlink")
	rows := t.existing(m, ids)
	if !t.allowed(m, ids, "unlink") {
		panic(t.ruleDenied(m, "unlink"))
	}
	for _, r := range rows {
		t.remove(m, r)
	}
	for _, id := range ids {
		t.forget(m, id)
	}
}

// forget resolves references to a deleted record: a required many2one forbids
// the deletion, unless its record goes with what it points to.
func (t *tx) forget(m *model, gone int64) {
	for _, name := range sortedKeys(t.db.models) {
		co := t.db.models[name]
		for _, f := range co.fields {
			if f.relation != m.name || !f.stored() || f.inverse != "" {
				continue
			}
			for _, id := range co.ids() {
				r := co.rows[id]
				if r == nil {
					continue
				}
				if kept, ok := r.v[f.name].([]int64); ok && contains(kept, gone) {
					t.set(r, f.name, slices.DeleteFunc(slices.Clone(kept), func(x int64) bool { return x == gone }))
				}
				if r.v[f.name] != gone {
					continue
				}
				switch {
				case !f.required:
					t.set(r, f.name, nil)
				case f.cascade:
					t.remove(co, r)
				default:
					throw(ValidationError, "The operation cannot be completed: another model requires the record being deleted. If possible, archive it instead.\n\nModel: %s (%s)\nField: %s (%s)\n", co.label, co.name, f.label, f.name)
				}
			}
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
