// Package ceiling bounds how many calls of a gateway run in Odoo at once. An
// Odoo has a few workers; what it cannot take it makes wait, people in their
// browsers among them, and in the end it resets connections. So applications
// wait here instead, each in a queue of its own, and take turns.
package ceiling

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrFull says that a call has not come to its turn: too many were before it,
// for too long. Nothing has been sent.
var ErrFull = errors.New("too many calls to odoo at once")

// maxWaiting is how many calls wait in one queue: each holds a request open.
const maxWaiting = 512

// Limits are those of one configuration. Each call brings its own: two
// configurations overlap while one takes over from the other.
type Limits struct {
	// Calls is how many run at once; 0 is no limit. One queue may have three
	// quarters of them, so that whoever is slow does not stop everybody.
	Calls int
	// Wait is how long a call waits for its turn; 0 is not at all.
	Wait time.Duration
}

// Ceiling lets calls run. It is safe for concurrent use.
type Ceiling struct {
	mu      sync.Mutex
	running int
	queues  map[string]*queue
	turns   []*queue // those in which calls wait; the first is the next
	refused map[string]uint64
}

// Stats are the numbers of one queue.
type Stats struct {
	// Running and Waiting are calls at this moment.
	Running, Waiting int
	// Refused are those that have not come to their turn, since the start.
	Refused uint64
}

// queue are the calls of one application.
type queue struct {
	running int
	waiting []*waiter
}

// waiter is a call that waits.
type waiter struct {
	turn   chan struct{} // closed when it may run
	calls  int           // of its limits
	called bool
}

// New returns a ceiling under which nothing runs.
func New() *Ceiling {
	return &Ceiling{queues: make(map[string]*queue), refused: make(map[string]uint64)}
}

// Enter waits until a call of that queue may run. Whoever has entered must
// leave; to leave twice is to leave once. The error is ErrFull, or that of ctx.
func (c *Ceiling) Enter(ctx context.Context, name string, limits Limits) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	q := c.queues[name]
	if q == nil {
		q = &queue{}
		c.queues[name] = q
	}
	if c.fits(q, limits.Calls) { // whoever waits has lower limits
		c.start(q)
		c.mu.Unlock()
		return c.leaving(name, q), nil
	}
	if len(q.waiting) >= maxWaiting {
		c.refused[name]++
		c.mu.Unlock()
		return nil, ErrFull
	}
	w := &waiter{turn: make(chan struct{}), calls: limits.Calls}
	if q.waiting = append(q.waiting, w); len(q.waiting) == 1 {
		c.turns = append(c.turns, q)
	}
	timer := time.NewTimer(limits.Wait)
	c.mu.Unlock()
	defer timer.Stop()

	select {
	case <-w.turn:
		return c.leaving(name, q), nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = ErrFull
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.called { // just now
		return c.leaving(name, q), nil
	}
	if err == ErrFull {
		c.refused[name]++
	}
	q.waiting = slices.DeleteFunc(q.waiting, func(other *waiter) bool { return other == w })
	if len(q.waiting) == 0 {
		c.turns = slices.DeleteFunc(c.turns, func(other *queue) bool { return other == q })
	}
	c.forget(name, q)
	return nil, err
}

// leaving makes what a call that runs must call at its end.
func (c *Ceiling) leaving(name string, q *queue) func() {
	left := false
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if left {
			return
		}
		left = true
		c.running--
		q.running--
		c.call()
		c.forget(name, q)
	}
}

// fits tells whether one more call of a queue may run.
func (c *Ceiling) fits(q *queue, limit int) bool {
	return limit <= 0 || c.running < limit && q.running < limit-limit/4
}

func (c *Ceiling) start(q *queue) {
	c.running++
	q.running++
}

// call lets those run that may, each queue in its turn.
func (c *Ceiling) call() {
	for {
		i := slices.IndexFunc(c.turns, func(q *queue) bool { return c.fits(q, q.waiting[0].calls) })
		if i < 0 {
			return
		}
		q := c.turns[i]
		c.turns = slices.Delete(c.turns, i, i+1)
		w := q.waiting[0]
		if q.waiting = q.waiting[1:]; len(q.waiting) > 0 {
			c.turns = append(c.turns, q)
		}
		c.start(q)
		w.called = true
		close(w.turn)
	}
}

// Stats are those of the queues in which something runs or waits, or has been
// refused.
func (c *Ceiling) Stats() map[string]Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]Stats, len(c.queues)+len(c.refused))
	for name, n := range c.refused {
		all[name] = Stats{Refused: n}
	}
	for name, q := range c.queues {
		all[name] = Stats{Running: q.running, Waiting: len(q.waiting), Refused: all[name].Refused}
	}
	return all
}

// forget drops a queue without calls.
func (c *Ceiling) forget(name string, q *queue) {
	if q.running == 0 && len(q.waiting) == 0 {
		delete(c.queues, name)
	}
}
