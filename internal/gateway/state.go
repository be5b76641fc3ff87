package gateway

import (
	"context"
	"sync"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/ceiling"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// Backend is an open store with the keys that its secrets are sealed with.
type Backend struct {
	// Store returns the grants of the gateway with that configured name.
	Store func(gateway string) grant.Store
	// Seal is the ring of sealing keys.
	Seal *seal.Ring
	// Peers are the other nodes of the store; nil where there are none.
	Peers oauth.Peers
}

// State is what outlives a configuration: the store and what is remembered
// beside it. All gateways of one store share it, across reloads.
type State struct {
	open   func(context.Context) (Backend, error)
	logger *zap.Logger
	now    clock.Clock

	table  *connection.Table
	memory *oauth.Memory
	limits *rateLimits

	opening sync.Mutex // held while the store is opened, which may take long
	backend *Backend

	mu       sync.Mutex
	ceilings map[string]*ceiling.Ceiling // by gateway
}

// StateConfig configures NewState.
type StateConfig struct {
	// Open opens the store. It is called on first use, again after a
	// failure, and never after a success.
	Open func(context.Context) (Backend, error)
	// Logger may be nil.
	Logger *zap.Logger
	// Now defaults to the system clock.
	Now clock.Clock
}

// NewState returns a state whose store is not open yet.
func NewState(c StateConfig) *State {
	s := &State{open: c.Open, logger: c.Logger, now: c.Now, ceilings: make(map[string]*ceiling.Ceiling)}
	if s.logger == nil {
		s.logger = zap.NewNop()
	}
	if s.now == nil {
		s.now = clock.System
	}
	s.table = connection.NewTable(s.now)
	s.memory = oauth.NewMemory(s.now)
	s.limits = newRateLimits(s.now)
	return s
}

// Open opens the store where it is not open yet. Who comes while it is being opened
// waits for that.
func (s *State) Open(ctx context.Context) (Backend, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.backend != nil {
		return *s.backend, nil
	}
	b, err := s.open(ctx)
	if err != nil {
		return Backend{}, err
	}
	s.backend = &b
	if b.Peers != nil {
		s.memory.Join(b.Peers)
	}
	return b, nil
}

// Calls tells of the calls to one gateway's Odoo under its ceiling, for each
// application that has made some; "" is the gateway itself. It does not wait for a
// store that is being opened.
func (s *State) Calls(gateway string) map[string]ceiling.Stats { return s.ceiling(gateway).Stats() }

// ceiling is that of the calls to one gateway's Odoo. It survives a reload:
// calls of both configurations run in the same Odoo.
func (s *State) ceiling(gateway string) *ceiling.Ceiling {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ceilings[gateway] == nil {
		s.ceilings[gateway] = ceiling.New()
	}
	return s.ceilings[gateway]
}
