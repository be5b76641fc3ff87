package application

import "github.com/caddy-odoo/gateway/internal/clock"

// CountSlow makes a slow secret tell the time by now, and returns how often it
// has been compared the slow way.
func CountSlow(s Secret, now clock.Clock) func() int {
	n, compare := 0, s.slow.compare
	s.slow.now = now
	s.slow.compare = func(plain string) bool { n++; return compare(plain) }
	return func() int { return n }
}
