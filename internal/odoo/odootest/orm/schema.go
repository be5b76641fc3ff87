package orm

import "slices"

// forbidden as the groups of a field closes it for everybody but superuser.
const forbidden = "."

// field describes one field of a model. Stored values are nil or false when
// empty, else string, bool, int64 (integer, many2one), float64 or []int64
// (many2many).
type field struct {
	name, typ, label string
	relation         string // comodel
	inverse          string // one2many: the many2one; many2many: the side that keeps the ids
	related          string // "partner_id.name": read and written through
	startsAs         string // "partner_id.email": what Odoo fills an editable field with; only described
	groups           string // comma-separated xmlids, or forbidden
	help             string
	selection        [][2]string
	required         bool
	readonly         bool
	noStore          bool // a computed field without a column
	noSearch         bool // noStore and nothing to search by
	noCopy           bool
	cascade          bool   // many2one: the record goes with what it points to
	aggregator       string // sum, max, … ; "" cannot be aggregated
	compute          func(t *tx, r *row) any
	initial          func(t *tx) any
}

func (f *field) relational() bool { return f.relation != "" }

func (f *field) x2many() bool { return f.typ == "one2many" || f.typ == "many2many" }

func (f *field) text() bool {
	return f.typ == "char" || f.typ == "text" || f.typ == "html" || f.typ == "selection"
}

func (f *field) number() bool {
	return f.typ == "integer" || f.typ == "float" || f.typ == "monetary"
}

// stored tells whether the field has a column or a relation table.
func (f *field) stored() bool { return !f.noStore && f.related == "" }

// searchable and sortable are what fields_get says of the field.
func (f *field) searchable() bool { return !f.noSearch }

func (f *field) sortable() bool {
	return f.stored() && !f.x2many() && f.typ != "binary" || f.related != "" && f.typ != "binary"
}

// row is one record.
type row struct {
	id int64
	v  map[string]any
}

// rule is a record rule: it holds for the given groups, or for everybody
// where group is empty, and for the operations in ops ("rwcu").
type rule struct {
	group  string
	ops    string
	domain func(t *tx) []any
}

// model is one model with its records.
type model struct {
	name, label string
	class       string // python class in the text of a TypeError
	fields      []*field
	byName      map[string]*field
	order       string
	recName     string
	recSearch   []string // what name_search looks at, where not recName alone
	parent      string   // many2one that makes a tree, "" without
	acl         map[string]string
	rules       []rule
	display     func(t *tx, r *row) any
	check       func(t *tx, r *row) // constraints, after create and write
	beforeNew   func(t *tx, vals map[string]any)
	methods     map[string]*method
	rows        map[int64]*row
	nextID      int64
	transient   bool
	unlogged    bool // without create_uid, write_uid, …
}

func (m *model) add(fields ...*field) {
	for _, f := range fields {
		m.fields = append(m.fields, f)
		m.byName[f.name] = f
	}
}

func (m *model) has(name string) bool { return m.byName[name] != nil }

// ids returns the ids of all records, ascending.
func (m *model) ids() []int64 {
	ids := make([]int64, 0, len(m.rows))
	for id := range m.rows {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// define registers a model with the fields that every model has.
func (db *DB) define(m *model, fields ...*field) *model {
	m.byName = map[string]*field{}
	m.rows = map[int64]*row{}
	m.nextID = 1
	if m.methods == nil {
		m.methods = map[string]*method{}
	}
	if m.order == "" {
		m.order = "id"
	}
	if m.recName == "" {
		m.recName = "name"
	}
	if m.class == "" {
		m.class = "BaseModel"
	}
	m.add(&field{name: "id", typ: "integer", label: "ID", readonly: true})
	// 17 has nothing to search the name by: a leaf on it is true.
	m.add(&field{name: "display_name", typ: "char", label: "Display Name", readonly: true, noStore: true, noSearch: db.version == 17,
		compute: func(t *tx, r *row) any { return t.displayName(m, r) }})
	m.add(fields...)
	if !m.unlogged {
		m.add(
			many2one("create_uid", "Created by", "res.users").ro(),
			of("create_date", "datetime", "Created on").ro(),
			many2one("write_uid", "Last Updated by", "res.users").ro(),
			of("write_date", "datetime", "Last Updated on").ro(),
		)
	}
	if db.version <= 16 {
		last := of("__last_update", "datetime", "Last Modified on").ro()
		last.noStore, last.noSearch = true, true
		last.compute = func(t *tx, r *row) any { return r.v["write_date"] }
		m.add(last)
	}
	for _, f := range m.fields {
		if f.name == "create_uid" || f.name == "create_date" || f.name == "write_uid" || f.name == "write_date" {
			f.noCopy = true
		}
	}
	db.models[m.name] = m
	return m
}

func of(name, typ, label string) *field {
	f := &field{name: name, typ: typ, label: label}
	if f.number() && name != "id" {
		f.aggregator = "sum"
	}
	return f
}

func char(name, label string) *field { return of(name, "char", label) }

func boolean(name, label string) *field { return of(name, "boolean", label) }

func many2one(name, label, relation string) *field {
	return &field{name: name, typ: "many2one", label: label, relation: relation}
}

func one2many(name, label, relation, inverse string) *field {
	return &field{name: name, typ: "one2many", label: label, relation: relation, inverse: inverse, noCopy: true}
}

func many2many(name, label, relation string) *field {
	return &field{name: name, typ: "many2many", label: label, relation: relation}
}

func selection(name, label string, values ...[2]string) *field {
	return &field{name: name, typ: "selection", label: label, selection: values}
}

func computed(name, typ, label string, compute func(t *tx, r *row) any) *field {
	f := of(name, typ, label)
	f.compute, f.noStore, f.noSearch, f.readonly = compute, true, true, true
	f.aggregator = ""
	return f
}

func related(name, typ, label, path string) *field {
	f := of(name, typ, label)
	f.related = path
	return f
}

func (f *field) req() *field { f.required = true; return f }

func (f *field) ro() *field { f.readonly = true; return f }

func (f *field) cascading() *field { f.cascade = true; return f.req() }

func (f *field) in(groups string) *field { f.groups = groups; return f }

func (f *field) rel(model string) *field { f.relation = model; return f }

func (f *field) def(v any) *field {
	f.initial = func(*tx) any { return v }
	return f
}

func (f *field) defn(initial func(t *tx) any) *field { f.initial = initial; return f }

func (f *field) copied() *field { f.noCopy = false; return f }

func (f *field) uncopied() *field { f.noCopy = true; return f }

func (f *field) starting(path string) *field { f.startsAs = path; return f }

func (f *field) helped(text string) *field { f.help = text; return f }
