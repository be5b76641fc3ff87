package odoo

import (
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"
)

// Result is what Odoo returned for a Call: one complete JSON value, as it
// came. It is parsed once, by package scheme, and written out by a dialect.
type Result struct {
	Value jsontext.Value

	split *split // nil: nobody has looked yet
}

// split are the records that somebody has found in a value already. They are for
// the first who asks: records may be changed.
type split struct {
	taken   atomic.Bool
	records []Record
}

// ParseResult takes one JSON value; ok is false where it is malformed or says a
// name twice.
func ParseResult(v jsontext.Value) (r Result, ok bool) {
	r.Value = v
	if len(v) > 0 && v[0] == '[' {
		if records, ok := plainRecords(v); ok {
			r.split = &split{records: records}
			return r, true
		}
	}
	return r, v.IsValid()
}

// ResultOf is the value that records make, in a buffer of that size to begin
// with. They belong to the result then.
func ResultOf(records []Record, size int) Result {
	return Result{Value: AppendRecords(make([]byte, 0, size), records), split: &split{records: records}}
}

// Records are those of a result that is a list of them, as by [Records]. The
// caller may change them.
func (r Result) Records() ([]Record, error) {
	if r.split != nil && r.split.taken.CompareAndSwap(false, true) {
		return r.split.records, nil
	}
	return Records(r.Value)
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
