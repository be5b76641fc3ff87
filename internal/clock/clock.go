// Package clock lets tests turn the time.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time. The zero func value is not usable: see System.
type Clock func() time.Time

// System is the wall clock.
func System() time.Time { return time.Now() }

// Fake is a clock that moves only when told. Its zero value stands at the
// zero time. It is safe for concurrent use.
type Fake struct {
	mu  sync.Mutex
	now time.Time
}

// NewFake returns a clock that stands at t.
func NewFake(t time.Time) *Fake { return &Fake{now: t} }

// Now returns the current fake time.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Advance moves the clock by d.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}
