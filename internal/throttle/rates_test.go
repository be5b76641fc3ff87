package throttle_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/throttle"
)

func newRates(keys int) (*throttle.Rates, *clock.Fake) {
	now := clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	return throttle.NewRates(keys, now.Now), now
}

// take expects a request to be counted (want 0) or refused for so long.
func take(t *testing.T, l *throttle.Rates, key string, requests int, per, want time.Duration) {
	t.Helper()
	if wait := l.Take(key, requests, per); wait != want {
		t.Fatalf("%s: wait %v, want %v", key, wait, want)
	}
}

func TestRatesCount(t *testing.T) {
	l, now := newRates(0)
	for range 6 {
		take(t, l, "a", 6, time.Minute, 0)
	}
	take(t, l, "a", 6, time.Minute, 10*time.Second)
	take(t, l, "b", 6, time.Minute, 0) // another key goes on
	now.Advance(2500 * time.Millisecond)
	take(t, l, "a", 6, time.Minute, 8*time.Second) // whole seconds, upwards
	now.Advance(7500 * time.Millisecond)
	take(t, l, "a", 6, time.Minute, 0)
	take(t, l, "a", 6, time.Minute, 10*time.Second)
	now.Advance(24 * time.Hour) // no more than the rate is saved up
	for range 6 {
		take(t, l, "a", 6, time.Minute, 0)
	}
	take(t, l, "a", 6, time.Minute, 10*time.Second)
}

// Over a long time no more is let through than the rate, and who waits as told
// is let through.
func TestRatesKeepTheirWord(t *testing.T) {
	for _, r := range []struct {
		requests int
		per      time.Duration
	}{{1, time.Second}, {7, time.Minute}, {1000, time.Hour}, {3, 24 * time.Hour}, {100, time.Second}, {1, 7 * time.Second}} {
		l, now := newRates(0)
		passed, waited := 0, time.Duration(0)
		for passed < 20*r.requests {
			wait := l.Take("a", r.requests, r.per)
			if wait == 0 {
				passed++
				continue
			}
			if wait < time.Second || wait%time.Second != 0 {
				t.Fatalf("%v: wait %v", r, wait)
			}
			now.Advance(wait)
			waited += wait
			if again := l.Take("a", r.requests, r.per); again != 0 {
				t.Fatalf("%v: told %v, and then %v", r, wait, again)
			}
			passed++
		}
		if most := r.requests + int(waited*time.Duration(r.requests)/r.per) + 1; passed > most {
			t.Errorf("%v: %d requests in %v", r, passed, waited)
		}
	}
}

func TestRatesOff(t *testing.T) {
	l, _ := newRates(0)
	for range 1000 {
		take(t, l, "a", 0, time.Minute, 0)
		take(t, l, "a", 5, 0, 0)
	}
	if l.Len() != 0 {
		t.Errorf("%d keys are remembered", l.Len())
	}
}

// A changed rate counts on: what was used stays used.
func TestRatesChange(t *testing.T) {
	l, now := newRates(0)
	for range 10 {
		take(t, l, "a", 10, time.Minute, 0)
	}
	take(t, l, "a", 10, time.Minute, 6*time.Second)
	take(t, l, "a", 60, time.Minute, time.Second) // raised: no new burst, but earned faster
	now.Advance(time.Second)
	take(t, l, "a", 60, time.Minute, 0)
	now.Advance(time.Minute)
	take(t, l, "a", 2, time.Minute, 0) // lowered: no more than two are left
	take(t, l, "a", 2, time.Minute, 0)
	take(t, l, "a", 2, time.Minute, 30*time.Second)
}

func TestRatesClockSetBack(t *testing.T) {
	l, now := newRates(0)
	take(t, l, "a", 1, time.Minute, 0)
	now.Advance(-time.Hour)
	take(t, l, "a", 1, time.Minute, time.Minute)
	now.Advance(time.Minute)
	take(t, l, "a", 1, time.Minute, 0)
}

func TestRatesAreBounded(t *testing.T) {
	l, _ := newRates(10)
	for i := range 1000 {
		take(t, l, fmt.Sprint(i), 1, time.Minute, 0)
	}
	if l.Len() != 10 {
		t.Errorf("%d keys", l.Len())
	}
}

func TestRatesInParallel(t *testing.T) {
	l, _ := newRates(0)
	var passed atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for range 10 {
				if l.Take("a", 100, time.Hour) == 0 {
					passed.Add(1)
				}
			}
		})
	}
	all.Wait()
	if passed.Load() != 100 {
		t.Errorf("%d passed", passed.Load())
	}
}
