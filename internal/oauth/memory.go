package oauth

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/throttle"
)

// usedForms bounds how many sent consent forms are remembered: far more than
// people can send within the ten minutes that a form is good for.
const usedForms = 65536

// Memory is what must survive a reload of the configuration: the failures of
// clients and the consent forms that were used. It is safe for concurrent use
// and may be shared by several gateways.
//
// It is not stored. Nodes that share a store tell one another of each failure and
// each form, so that whoever guesses has the same number of tries on all of them
// together, up to what is tried within the second that telling takes; who proves
// itself asks nobody. On one node a restart forgets, which nobody can cause who
// guesses.
type Memory struct {
	throttle *throttle.Limiter
	sites    *throttle.Limiter
	stay     passwords
	used     *lru.Cache[string, struct{}]
	slow     turns
	peers    atomic.Pointer[Peers]
}

// Peers are the other nodes that share a store.
type Peers interface {
	// Tell tells them of something that has happened to what has this key, soon, and
	// without waiting. Kind and key have no white space.
	Tell(kind, key string)
	// Hear has each thing that others tell handed over, and how often it has
	// happened: what was told within the last two minutes, too.
	Hear(heard func(kind, key string, n int))
}

// What nodes tell one another.
const (
	toldClient   = "client"
	toldSite     = "site"
	toldPassword = "password"
	toldForm     = "form"
)

// NewMemory returns an empty memory. A nil clock is the wall clock.
func NewMemory(now clock.Clock) *Memory {
	used, err := lru.New[string, struct{}](usedForms)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Memory{throttle: throttle.New(throttle.Config{Now: now}), sites: newSites(now), stay: newPasswords(now), used: used, slow: newTurns(max(1, runtime.GOMAXPROCS(0)/2))}
}

// newSites counts the failures of whole IPv6 sites: ten times what one network
// has.
func newSites(now clock.Clock) *throttle.Limiter {
	return throttle.New(throttle.Config{Burst: 10 * throttle.DefaultBurst, Every: throttle.DefaultEvery / 10, Now: now})
}

// Join has the memory share with others.
func (m *Memory) Join(p Peers) {
	m.peers.Store(&p)
	p.Hear(m.hear)
}

func (m *Memory) tell(kind, key string) {
	if p := m.peers.Load(); p != nil {
		(*p).Tell(kind, key)
	}
}

// hear counts what others have told. A limiter counts a burst beyond the first and
// no more, whatever is told.
func (m *Memory) hear(kind, key string, n int) {
	limiter := map[string]*throttle.Limiter{toldClient: m.throttle, toldSite: m.sites, toldPassword: m.stay.tries}[kind]
	switch {
	case kind == toldForm:
		m.used.Add(key, struct{}{})
	case limiter != nil:
		for range min(n, mostHeard) {
			limiter.Fail(key)
		}
	}
}

// mostHeard is more than any limiter counts.
const mostHeard = 1000

// Keys are hashed, as they go to others: some have an address in them, or what is
// derived from a session.
func toldKey(key string) string { return grant.HashToken(key) }

// failed counts a failure of a client to prove itself.
func (m *Memory) failed(key throttleKey) {
	network := toldKey(key.network)
	m.throttle.Fail(network)
	m.tell(toldClient, network)
	if key.site != "" {
		site := toldKey(key.site)
		m.sites.Fail(site)
		m.tell(toldSite, site)
	}
}

// blocked tells how long a client has to wait that has failed too often.
func (m *Memory) blocked(key throttleKey) (wait time.Duration, blocked bool) {
	wait, blocked = m.throttle.Blocked(toldKey(key.network))
	if !blocked && key.site != "" {
		wait, blocked = m.sites.Blocked(toldKey(key.site))
	}
	return wait, blocked
}

// use tells whether nonce is used for the first time.
func (m *Memory) use(nonce string) bool {
	nonce = toldKey(nonce)
	if seen, _ := m.used.ContainsOrAdd(nonce, struct{}{}); seen {
		return false
	}
	m.tell(toldForm, nonce)
	return true
}

// passwords bounds how many passwords are tried in one session by one person.
type passwords struct {
	mu    *sync.Mutex
	tries *throttle.Limiter
}

func newPasswords(now clock.Clock) passwords {
	return passwords{mu: new(sync.Mutex), tries: throttle.New(throttle.Config{Burst: stayTries, Every: stayWait, Now: now})}
}

// tryPassword counts a try, and tells whether it may be made. Tries at the same
// time count one after the other.
func (m *Memory) tryPassword(key string) bool {
	key = toldKey(key)
	m.stay.mu.Lock()
	defer m.stay.mu.Unlock()
	if _, blocked := m.stay.tries.Blocked(key); blocked {
		return false
	}
	m.stay.tries.Fail(key)
	m.tell(toldPassword, key)
	return true
}
