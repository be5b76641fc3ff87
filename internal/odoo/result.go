package odoo

import "github.com/go-json-experiment/json/jsontext"

// Result is what Odoo returned for a Call: one complete JSON value, as it
// came. It is parsed once, by package scheme, and written out by a dialect.
type Result struct {
	Value jsontext.Value
}

// Member is one field of a Record with its value as raw JSON.
type Member struct {
	Name  string
	Value jsontext.Value
}

// Record is one record of a read or search_read answer, in Odoo's field order.
type Record []Member

// Get returns the value of a field, or nil where the record lacks it.
func (r Record) Get(name string) jsontext.Value {
	for _, m := range r {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}
