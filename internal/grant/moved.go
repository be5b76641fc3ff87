package grant

import (
	"errors"
	"fmt"
	"time"
)

// Moved says that what is in a store was moved into another one, or is being moved.
// The zero value says that it was not.
type Moved struct {
	// To is the name of the other one.
	To string
	At time.Time
}

// ErrMoved: the store was moved into another one, and is not to be served.
var ErrMoved = errors.New("grant: moved to another store")

// ErrUncertain: a store was made, or was not: the answer was lost, and nobody can be
// asked.
var ErrUncertain = errors.New("it can not be told whether the store was made")

// Refusal is why the store of that name does not open; nil where it was not moved.
func (m Moved) Refusal(store string) error {
	if m.To == "" {
		return nil
	}
	since := ""
	if !m.At.IsZero() {
		since = " on " + m.At.UTC().Format("2006-01-02 15:04:05 MST")
	}
	return movedError(fmt.Sprintf("grant store %s was moved to %s%s: configure that one; caddy odoo-gateway store reopen says how to come back to this one", store, m.To, since))
}

// movedError is ErrMoved with its own sentence.
type movedError string

func (e movedError) Error() string { return string(e) }

func (e movedError) Is(target error) bool { return target == ErrMoved }
