package odoo

import "fmt"

// Limits bound what a parser accepts.
type Limits struct {
	Depth  int // nesting of arrays and objects
	Values int // scalars, arrays, objects and names together
}

// DefaultLimits suit what clients of an ERP send.
var DefaultLimits = Limits{Depth: 64, Values: 100_000}

func tooMany(most int) error { return fmt.Errorf("more than %d values", most) }

// crowded tells whether a text has more values than may be, whatever else it is:
// each comma and each colon outside of texts has a value of its own, and there is
// one without any. It takes a small part of the time that reading them takes, and
// no memory.
func crowded(data []byte, most int) bool {
	if len(data) < 2*most { // a value takes a byte, and what parts it from the next another
		return false
	}
	seen := 1
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case ',', ':':
			if seen++; seen > most {
				return true
			}
		}
	}
	return false
}
