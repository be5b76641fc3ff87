package stored

import (
	"fmt"
	"sync"
	"time"
)

// Uses is what is known of the use of an authorization.
type Uses struct {
	Last  time.Time
	Count int
}

// And adds later uses, which may come out of order.
func (u Uses) And(more Uses) Uses {
	if more.Last.After(u.Last) {
		u.Last = more.Last
	}
	u.Count += more.Count
	return u
}

// LateUses counts uses that are written in batches. What a crash takes is at most
// those since the last batch. The zero value is ready, and safe for concurrent use.
type LateUses struct {
	writing sync.Mutex // one at a time writes

	mu      sync.Mutex
	waiting map[string]Uses // by authorization
}

// Note remembers uses of an authorization.
func (l *LateUses) Note(id string, more Uses) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == nil {
		l.waiting = make(map[string]Uses)
	}
	l.waiting[id] = l.waiting[id].And(more)
}

// Write has those written that wait. Where that fails they wait for the next batch.
func (l *LateUses) Write(write func(map[string]Uses) error) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	batch := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	if err := write(batch); err != nil {
		for id, u := range batch {
			l.Note(id, u)
		}
		return fmt.Errorf("last use of %d authorizations: %w", len(batch), err)
	}
	return nil
}
