package throttle

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"github.com/caddy-odoo/gateway/internal/clock"
)

// PaceConfig is what a Pace lets through. All but Keys and Now are needed.
type PaceConfig struct {
	// Each is what there is for each key, and Together for all keys.
	Each, Together Earned
	// Longest is the longest that one waits.
	Longest time.Duration
	// Waiting is how many wait at the same time, of all keys together; others do
	// not.
	Waiting int
	// Keys bounds how many keys are remembered, the most recently seen ones
	// (default 16384, some 3 MB).
	Keys int
	// Now is the clock; nil is the wall clock.
	Now clock.Clock
}

// Earned are so many at once, and one more in each time.
type Earned struct {
	Burst int
	Every time.Duration
}

func (e Earned) limiter() *rate.Limiter { return rate.NewLimiter(rate.Every(e.Every), e.Burst) }

// Pace holds up what comes too fast, and refuses nothing. It is safe for concurrent
// use.
type Pace struct {
	config PaceConfig

	mu       sync.Mutex
	together *rate.Limiter
	keys     *simplelru.LRU[string, *rate.Limiter]
	waiting  int
}

// NewPace returns a Pace.
func NewPace(c PaceConfig) *Pace {
	c.Now = orSystem(c.Now)
	return &Pace{config: c, together: c.Together.limiter(), keys: remember[*rate.Limiter](c.Keys)}
}

// Wait counts one of key, and returns when its turn has come. Nothing makes it
// shorter: whoever could leave and be served would wait for nothing.
func (p *Pace) Wait(key string) {
	wait := p.turn(key)
	if wait == 0 {
		return
	}
	time.Sleep(wait)
	p.leave()
}

// turn is how long one has to wait that comes now. Whoever waits has to leave.
func (p *Pace) turn(key string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.keys.Get(key)
	if !ok {
		l = p.config.Each.limiter()
		p.keys.Add(key, l)
	}
	now := p.config.Now()
	own, common := l.ReserveN(now, 1), p.together.ReserveN(now, 1)
	wait := max(own.DelayFrom(now), common.DelayFrom(now))
	if wait <= 0 {
		return 0
	}
	full := p.waiting >= p.config.Waiting
	if full || wait > p.config.Longest {
		// It takes no turn: those that come when it is over do not wait for it.
		own.CancelAt(now)
		common.CancelAt(now)
		wait = p.config.Longest
	}
	if full {
		return 0
	}
	p.waiting++
	return wait
}

func (p *Pace) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting--
}
