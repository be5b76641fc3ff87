package oauth

import (
	"runtime"

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
	used     *lru.Cache[string, struct{}]
	slow     turns
}

// NewMemory returns an empty memory. A nil clock is the wall clock.
func NewMemory(now clock.Clock) *Memory {
	used, err := lru.New[string, struct{}](usedForms)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Memory{throttle: throttle.New(throttle.Config{Now: now}), used: used, slow: newTurns(max(1, runtime.GOMAXPROCS(0)/2))}
}

// use tells whether nonce is used for the first time.
func (m *Memory) use(nonce string) bool {
	seen, _ := m.used.ContainsOrAdd(nonce, struct{}{})
	return !seen
}
