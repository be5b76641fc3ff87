package scheme

import (
	"cmp"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// neverWritten are fields that Odoo keeps itself.
var neverWritten = map[string]bool{
	"id": true, "display_name": true, "create_uid": true, "create_date": true, "write_uid": true, "write_date": true,
	"__last_update": true, "parent_path": true,
}

// writes tells whether the configuration lets create and write set a field,
// without asking whether it exists.
func (m *model) writes(field string) bool {
	switch {
	case neverWritten[field]:
		return false
	case m.writeLimit == "":
		return m.opens(field)
	case m.writeLimit == LimitWhitelist:
		return m.writeSet[field]
	default:
		return !m.writeSet[field] && !credential(field)
	}
}

// writable finds a field that a call may set. Where no whitelist of fields to
// write names it, fields are left out that Odoo computes, keeps by itself or
// takes from other records, and lists of sensitive records: Odoo would write
// them, and other fields with them. A field that decides by another way than
// its own value which records a filter admits is left out always.
func (j *judge) writable(m *model, name string) (odoo.Field, error) {
	if !m.writes(name) {
		return odoo.Field{}, hidden("values", m.name, name)
	}
	all, err := j.fields(m.name)
	if err != nil {
		return odoo.Field{}, err
	}
	f, ok := all[name]
	if !ok {
		return f, unknown("values", m.name, name)
	}
	if m.writeLimit != LimitWhitelist {
		if !plain(f) || many(f) && sensitive(f.Relation) {
			return f, hidden("values", m.name, name)
		}
		if fed, err := j.fed(m, f); fed || err != nil {
			return f, cmp.Or(err, error(hidden("values", m.name, name)))
		}
	}
	moved, err := j.moves(m.name, f)
	if moved = moved || name == seriesSwitch && !m.filter.IsEverything(); err == nil && moved {
		err = deny(CodeFilter, "values", m.name, name, "field %q of model %q cannot be written: a filter depends on it", name, m.name)
	}
	return f, err
}

// plain fields keep what is written to them.
func plain(f odoo.Field) bool {
	return !f.Readonly && f.Related == "" && (f.Store || len(f.Depends) == 0)
}
