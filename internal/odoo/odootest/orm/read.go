package orm

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// raw returns the value of a field as it is kept, computed or followed.
func (t *tx) raw(m *model, r *row, f *field) any {
	switch {
	case f.name == "id":
		return r.id
	case f.related != "":
		return t.follow(m, r, f.related)
	case f.compute != nil:
		return f.compute(t, r)
	case f.typ == "one2many":
		var ids []int64
		co := t.model(f.relation)
		for id, target := range co.rows {
			if target.v[f.inverse] == r.id {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		return ids
	case f.typ == "many2many" && f.inverse != "":
		var ids []int64
		co := t.model(f.relation)
		for id, target := range co.rows {
			if kept, _ := target.v[f.inverse].([]int64); contains(kept, r.id) {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		return ids
	}
	return r.v[f.name]
}

// follow reads a related field; it reads what the user could not, as related
// fields do by default.
func (t *tx) follow(m *model, r *row, path string) any {
	name, rest, more := strings.Cut(path, ".")
	f := m.byName[name]
	v := t.raw(m, r, f)
	if !more {
		return v
	}
	id, _ := v.(int64)
	co := t.model(f.relation)
	target := co.rows[id]
	if target == nil {
		return nil
	}
	return t.follow(co, target, rest)
}

// displayName is the name of a record in the context of the call.
func (t *tx) displayName(m *model, r *row) any {
	if m.display != nil {
		return m.display(t, r)
	}
	f := m.byName[m.recName]
	if f == nil {
		return fmt.Sprintf("%s,%d", m.name, r.id)
	}
	v := t.raw(m, r, f)
	if f.typ == "many2one" {
		id, _ := v.(int64)
		co := t.model(f.relation)
		if co.rows[id] == nil {
			return false
		}
		return t.displayName(co, co.rows[id])
	}
	if empty(v) {
		return false
	}
	return v
}

// readable returns the names of the fields that the user may read, in order.
func (t *tx) readable(m *model) []string {
	var names []string
	for _, f := range m.fields {
		if t.mayField(f) {
			names = append(names, f.name)
		}
	}
	return names
}

// readFields checks the names of a read; none means all that the user may.
func (t *tx) readFields(m *model, names []string) []*field {
	if len(names) == 0 {
		names = t.readable(m)
	}
	fields := make([]*field, 0, len(names))
	for _, name := range names {
		fields = append(fields, t.field(m, name, "read"))
	}
	return fields
}

// read returns the records of ids that still exist as dicts. A record that the
// rules hide fails the whole read.
func (t *tx) read(m *model, ids []int64, names []string, load any) []any {
	t.checkModel(m, "read")
	fields := t.readFields(m, names)
	if !t.allowed(m, ids, "read") {
		panic(t.ruleDenied(m, "read"))
	}
	s := t.selfRead(m, ids)
	out := []any{}
	for _, id := range ids {
		r := m.rows[id]
		if r == nil {
			continue
		}
		record := map[string]any{"id": id}
		for _, f := range fields {
			record[f.name] = s.present(m, r, f, load)
		}
		out = append(out, record)
	}
	return out
}

// selfRead: up to 18 people read their own user record as superuser, so that
// a portal user sees the ids of the groups.
func (t *tx) selfRead(m *model, ids []int64) *tx {
	if m.name == "res.users" && t.db.version <= 18 && len(ids) == 1 && ids[0] == t.uid {
		return t.sudo()
	}
	return t
}

// present converts a value to what read answers.
func (t *tx) present(m *model, r *row, f *field, load any) any {
	v := t.raw(m, r, f)
	switch f.typ {
	case "many2one":
		id, _ := v.(int64)
		co := t.model(f.relation)
		if id == 0 || co.rows[id] == nil {
			return false
		}
		if load == "_classic_read" {
			return []any{id, t.sudo().displayName(co, co.rows[id])}
		}
		return id
	case "one2many", "many2many":
		ids, _ := v.([]int64)
		return anyIDs(t.linked(m, f, ids))
	case "binary":
		return t.presentBinary(v)
	case "integer":
		n, _ := asInt(v)
		return n
	case "float", "monetary":
		n, _ := asFloat(v)
		return n
	case "boolean":
		return truthy(v)
	}
	if v == nil || v == "" && f.compute == nil && f.typ != "html" {
		return false
	}
	return v
}

// linked filters the ids of an x2many to the records that the user sees and
// sorts them as the comodel does.
func (t *tx) linked(m *model, f *field, ids []int64) []int64 {
	co := t.model(f.relation)
	if !t.may(co, "read") {
		e := t.modelDenied(co, "read")
		if t.db.version >= 19 {
			e = NewError(AccessError, "Failed to read field %s.%s\n%s", m.name, f.name, e.Message)
		}
		panic(e)
	}
	visible := t.visible(co)
	out := []int64{}
	for _, id := range ids {
		if r := co.rows[id]; r != nil && visible(r) {
			out = append(out, id)
		}
	}
	t.sudo().sorter(co, "")(out)
	return out
}

// presentBinary: base64 up to 19, or its size with bin_size in the context; an
// object from 20 on.
func (t *tx) presentBinary(v any) any {
	content, _ := v.(string)
	if content == "" {
		return false
	}
	size := binarySize(content)
	switch {
	case t.db.version >= 20:
		return map[string]any{"content": content, "size": size}
	case truthy(t.ctx["bin_size"]):
		return humanSize(size)
	}
	return content
}

// binarySize is how long base64 is once decoded.
func binarySize(content string) int64 {
	return int64(base64.StdEncoding.DecodedLen(len(content)) - strings.Count(content, "="))
}

func humanSize(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d.00 bytes", n)
	}
	return fmt.Sprintf("%.2f Kb", float64(n)/1024)
}
