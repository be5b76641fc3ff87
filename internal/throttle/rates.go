package throttle

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"github.com/caddy-odoo/gateway/internal/clock"
)

// Rates counts requests per key against the rate that each request names, so
// that a changed configuration counts on. It is safe for concurrent use.
type Rates struct {
	now clock.Clock

	mu   sync.Mutex
	keys *simplelru.LRU[string, *bucket]
}

type bucket struct {
	limiter  *rate.Limiter
	requests int
	per      time.Duration
}

// NewRates returns a Rates that remembers so many keys, the most recently seen
// ones; 0 is DefaultKeys. A nil clock is the wall clock.
func NewRates(keys int, now clock.Clock) *Rates {
	return &Rates{now: orSystem(now), keys: remember[*bucket](keys)}
}

// Take counts a request of key. The first requests are free, as many as the
// rate has; after them they are earned evenly, so many per time. Where nothing
// is left, nothing is counted, and wait is when it is worth another try: a
// Retry-After, in whole seconds, one at least. A rate without requests or time
// is no limit.
func (l *Rates) Take(key string, requests int, per time.Duration) (wait time.Duration) {
	if requests <= 0 || per <= 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.bucket(key, requests, per, now)
	// Taking nothing moves the bucket to now, also where the clock was set back.
	b.limiter.ReserveN(now, 0)
	missing := 1 - b.limiter.TokensAt(now)
	if missing <= 1e-6 { // float arithmetic
		b.limiter.ReserveN(now, 1)
		return 0
	}
	wait = time.Duration(missing * float64(per) / float64(requests))
	if rest := wait % time.Second; rest != 0 {
		wait += time.Second - rest
	}
	return max(wait, time.Second)
}

func (l *Rates) bucket(key string, requests int, per time.Duration, now time.Time) *bucket {
	limit := rate.Limit(float64(requests) / per.Seconds())
	b, ok := l.keys.Get(key)
	switch {
	case !ok:
		b = &bucket{limiter: rate.NewLimiter(limit, requests), requests: requests, per: per}
		l.keys.Add(key, b)
	case b.requests != requests || b.per != per:
		b.limiter.SetLimitAt(now, limit)
		b.limiter.SetBurstAt(now, requests)
		b.requests, b.per = requests, per
	}
	return b
}

// Len is how many keys are remembered.
func (l *Rates) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keys.Len()
}
