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
	last   Event
	reason string
	// application and clientID are what NoteClient was told.
	application, clientID string
}

type slipKey struct{}

// WithSlip gives a request a slip.
func WithSlip(ctx context.Context) (context.Context, *Slip) {
	s := new(Slip)
	return context.WithValue(ctx, slipKey{}, s), s
}

// Last is the event that was recorded last with the request's context, and how
// many were.
func (s *Slip) Last() (e Event, events int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.events
}

// Beside returns the context of a request for events that are not what has come
// of it: its slip does not count them.
func Beside(ctx context.Context) context.Context {
	return context.WithValue(ctx, slipKey{}, (*Slip)(nil))
}

// slipOf is the slip of a context, nil where there is none.
func slipOf(ctx context.Context) *Slip {
	s, _ := ctx.Value(slipKey{}).(*Slip)
	return s
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
	if s := slipOf(ctx); s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reason = reason
	}
}

// NoteClient says which application a request names that is refused before
// anybody has proven to be it: by its configured name, and by the client id that
// the configuration gives it, never by what the request says.
func NoteClient(ctx context.Context, application, clientID string) {
	if s := slipOf(ctx); s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.application, s.clientID = application, clientID
	}
}

// Client is what NoteClient was told, "" where it was not.
func (s *Slip) Client() (application, clientID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.application, s.clientID
}

// Slips is a Recorder that notes each event on the slip of its request.
var Slips Recorder = slips{}

type slips struct{}

func (slips) Record(ctx context.Context, e Event) {
	if s := slipOf(ctx); s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events++
		s.last = e
	}
}
