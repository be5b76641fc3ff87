package audit

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Memory keeps events, for tests. Its zero value is ready, and it is safe for
// concurrent use.
type Memory struct {
	mu     sync.Mutex
	events []Event
}

// Record keeps a copy of e.
func (m *Memory) Record(_ context.Context, e Event) {
	e.Detail = maps.Clone(e.Detail)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, e)
}

// Events returns what was recorded so far, oldest first.
func (m *Memory) Events() []Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events)
}

// Kinds returns the kinds recorded so far, oldest first.
func (m *Memory) Kinds() []Kind {
	events := m.Events()
	kinds := make([]Kind, len(events))
	for i, e := range events {
		kinds[i] = e.Kind
	}
	return kinds
}
