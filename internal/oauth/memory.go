package oauth

import (
	"runtime"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/throttle"
)

// usedForms bounds how many sent consent forms are remembered: far more than
// people can send within the ten minutes that a form is good for.
const usedForms = 65536

// Memory is what must survive a reload of the configuration: the failures of
// clients and the consent forms that were used. It is safe for concurrent use
// and may be shared by several gateways.
type Memory struct {
	throttle *throttle.Limiter
	sites    *throttle.Limiter
	stay     passwords
	used     *lru.Cache[string, struct{}]
	slow     turns
}

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

// use tells whether nonce is used for the first time.
func (m *Memory) use(nonce string) bool {
	seen, _ := m.used.ContainsOrAdd(nonce, struct{}{})
	return !seen
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
	m.stay.mu.Lock()
	defer m.stay.mu.Unlock()
	if _, blocked := m.stay.tries.Blocked(key); blocked {
		return false
	}
	m.stay.tries.Fail(key)
	return true
}
