// Package throttle slows down whoever keeps failing, such as somebody who
// guesses client secrets. It counts failures per key and never locks out: a
// key is free again after a short wait, and keys do not touch each other.
package throttle

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"github.com/caddy-odoo/gateway/internal/clock"
)

// Defaults of [Config].
const (
	DefaultBurst = 10
	DefaultEvery = 6 * time.Second
	DefaultKeys  = 16384
)

// Config is what a Limiter allows. Zero fields take the defaults.
type Config struct {
	// Burst is how many failures in a row are free (default 10).
	Burst int
	// Every is the time that earns one more failure (default 6 s).
	Every time.Duration
	// Keys bounds how many keys are remembered, the most recently seen ones
	// (default 16384, some 3 MB).
	Keys int
	// Now is the clock; nil is the wall clock.
	Now clock.Clock
}

// Limiter counts failures per key. It is safe for concurrent use.
type Limiter struct {
	burst int
	every time.Duration
	now   clock.Clock

	mu   sync.Mutex
	keys *simplelru.LRU[string, *rate.Limiter]
}

// New returns a Limiter.
func New(c Config) *Limiter {
	if c.Burst <= 0 {
		c.Burst = DefaultBurst
	}
	if c.Every <= 0 {
		c.Every = DefaultEvery
	}
	return &Limiter{burst: c.Burst, every: c.Every, now: orSystem(c.Now), keys: remember[*rate.Limiter](c.Keys)}
}

// Blocked tells, before the work, whether key has failed too often, and how
// long it has to wait: the value of a Retry-After header, rounded up to whole
// seconds and at least one. It counts nothing.
func (l *Limiter) Blocked(key string) (wait time.Duration, blocked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, ok := l.keys.Get(key)
	if !ok {
		return 0, false
	}
	now := l.now()
	// Taking nothing moves the bucket to now, also where the clock was set back:
	// it would otherwise earn nothing until the old time has come again.
	bucket.ReserveN(now, 0)
	missing := 1 - bucket.TokensAt(now)
	// A token is there again to the nanosecond of the float arithmetic.
	if missing <= 1e-6 {
		return 0, false
	}
	wait = time.Duration(missing * float64(l.every))
	if rest := wait % time.Second; rest != 0 {
		wait += time.Second - rest
	}
	return wait, true
}

// Fail counts a failure of key. Failures that were already under way when the
// key was blocked count too, up to one more burst: more parallel guesses earn
// a longer wait, but never an endless one.
func (l *Limiter) Fail(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, ok := l.keys.Get(key)
	if !ok {
		bucket = rate.NewLimiter(rate.Every(l.every), l.burst)
		l.keys.Add(key, bucket)
	}
	now := l.now()
	if bucket.TokensAt(now) > -float64(l.burst) {
		bucket.ReserveN(now, 1)
	}
}

// Len is how many keys are remembered.
func (l *Limiter) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keys.Len()
}
