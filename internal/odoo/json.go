package odoo

import "errors"

// ErrJSON is wrapped by every error of ParseJSON.
var ErrJSON = errors.New("odoo: malformed JSON")

// Limits bound what a parser accepts.
type Limits struct {
	Depth  int // nesting of arrays and objects
	Values int // scalars, arrays, objects and names together
}

// DefaultLimits suit what clients of an ERP send.
var DefaultLimits = Limits{Depth: 64, Values: 100_000}
