// Package odoo holds the words in which every dialect, the rules and the
// client speak of Odoo: a Call, its Result, the Fields of a model, a Domain
// and an Error. It knows no HTTP.
package odoo

import "maps"

// Call is one method call on one model, as a person. Dialects decode their
// requests into it, package scheme judges it and package rpc runs it; what is
// sent to Odoo is always rebuilt from it.
//
// Values in Args, Kwargs and Context are those that [ParseJSON] yields: nil,
// bool, int64, float64, string, []any and map[string]any, nothing else.
type Call struct {
	// Model is the technical name, such as "res.partner".
	Model string
	// Method is the public method, such as "search_read".
	Method string
	// IDs are the records that the method runs on. It is nil for a method of
	// the model itself, such as search; a non-nil empty slice is a record
	// method on no records.
	IDs []int64
	// Args are positional arguments, after the ids.
	Args []any
	// Kwargs are named arguments, without "context".
	Kwargs map[string]any
	// Context is the context of the call; nil sends none.
	Context map[string]any
}

// Arg returns the named argument, or the positional one at index i (counted
// without ids) where the name is absent. A negative i looks at names only.
func (c Call) Arg(name string, i int) (any, bool) {
	if v, ok := c.Kwargs[name]; ok {
		return v, true
	}
	if i >= 0 && i < len(c.Args) {
		return c.Args[i], true
	}
	return nil, false
}

// With returns a copy of the call with one named argument set. The receiver
// is unchanged.
func (c Call) With(name string, value any) Call {
	kwargs := make(map[string]any, len(c.Kwargs)+1)
	maps.Copy(kwargs, c.Kwargs)
	kwargs[name] = value
	c.Kwargs = kwargs
	return c
}
