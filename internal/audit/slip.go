package audit

import (
	"context"
	"sync"
)

// Slip goes with one request and notes what has been recorded of it, so that
// whoever serves it can record what nobody else has.
type Slip struct {
	mu     sync.Mutex
	events int
	reason string
}

type slipKey struct{}

// WithSlip gives a request a slip.
func WithSlip(ctx context.Context) (context.Context, *Slip) {
	s := new(Slip)
	return context.WithValue(ctx, slipKey{}, s), s
}

// Events is how many events were recorded with the request's context.
func (s *Slip) Events() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.events
}

// Reason is what Note was told last, "" where it was not.
func (s *Slip) Reason() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}

// Note says why the request of a context is refused, in a word that is fixed in
// the code. A context without a slip forgets it.
func Note(ctx context.Context, reason string) {
	if s, ok := ctx.Value(slipKey{}).(*Slip); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reason = reason
	}
}

// Slips is a Recorder that notes each event on the slip of its request.
var Slips Recorder = slips{}

type slips struct{}

func (slips) Record(ctx context.Context, _ Event) {
	if s, ok := ctx.Value(slipKey{}).(*Slip); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events++
	}
}
