// Package stored holds what stores of every kind keep and count alike, so that what
// moves from one to another is what it was.
package stored

import "time"

// Stamp is a time as JSON has it: in microseconds since 1970, 0 for the zero time.
type Stamp int64

// StampOf is the Stamp of a time.
func StampOf(t time.Time) Stamp {
	if t.IsZero() {
		return 0
	}
	return Stamp(t.UnixMicro())
}

// Time is that of the Stamp, in UTC.
func (s Stamp) Time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(s)).UTC()
}
