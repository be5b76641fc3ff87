package throttle_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/throttle"
)

func newLimiter(c throttle.Config) (*throttle.Limiter, *clock.Fake) {
	now := clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	c.Now = now.Now
	return throttle.New(c), now
}

func free(t *testing.T, l *throttle.Limiter, key string) {
	t.Helper()
	if wait, blocked := l.Blocked(key); blocked || wait != 0 {
		t.Fatalf("%s is blocked for %v", key, wait)
	}
}

func blocked(t *testing.T, l *throttle.Limiter, key string, want time.Duration) {
	t.Helper()
	if wait, blocked := l.Blocked(key); !blocked || wait != want {
		t.Fatalf("%s: blocked %v for %v, want %v", key, blocked, wait, want)
	}
}

func TestBurstThenWait(t *testing.T) {
	l, now := newLimiter(throttle.Config{Burst: 3, Every: 10 * time.Second})
	for range 3 {
		free(t, l, "a")
		l.Fail("a")
	}
	blocked(t, l, "a", 10*time.Second)
	free(t, l, "b") // another key goes on
	now.Advance(2500 * time.Millisecond)
	blocked(t, l, "a", 8*time.Second) // rounded up to whole seconds
	now.Advance(7500 * time.Millisecond)
	free(t, l, "a")
	l.Fail("a") // one try, and it is spent
	blocked(t, l, "a", 10*time.Second)
	now.Advance(30 * time.Second)
	for range 3 {
		free(t, l, "a")
		l.Fail("a")
	}
	blocked(t, l, "a", 10*time.Second)
}

// TestWaitIsEnough: who waits as long as told is let through, at any rate.
func TestWaitIsEnough(t *testing.T) {
	for _, every := range []time.Duration{time.Second, 6 * time.Second, 7 * time.Second, 1300 * time.Millisecond, time.Hour} {
		l, now := newLimiter(throttle.Config{Burst: 2, Every: every})
		for range 50 {
			for range 2 {
				l.Fail("a")
			}
			wait, blocked := l.Blocked("a")
			if !blocked || wait < time.Second || wait%time.Second != 0 {
				t.Fatalf("every %v: blocked %v for %v", every, blocked, wait)
			}
			now.Advance(wait)
			free(t, l, "a")
		}
	}
}

func TestLookingCountsNothing(t *testing.T) {
	l, _ := newLimiter(throttle.Config{Burst: 1})
	for range 1000 {
		free(t, l, "a")
	}
	if l.Len() != 0 {
		t.Errorf("%d keys are remembered for having been looked at", l.Len())
	}
	l.Fail("a")
	for range 1000 {
		blocked(t, l, "a", throttle.DefaultEvery)
	}
}

// TestParallelGuesses: failures that were under way lengthen the wait, and
// never beyond one more burst.
func TestParallelGuesses(t *testing.T) {
	l, now := newLimiter(throttle.Config{Burst: 10, Every: time.Second})
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() { l.Fail("a") })
	}
	all.Wait()
	blocked(t, l, "a", 11*time.Second)
	now.Advance(11 * time.Second)
	free(t, l, "a")
}

func TestKeysAreBounded(t *testing.T) {
	l, _ := newLimiter(throttle.Config{Burst: 1, Keys: 100})
	for i := range 10000 {
		l.Fail(fmt.Sprint(i))
		l.Blocked("0") // the busy attacker is not forgotten for the sake of the many
	}
	if l.Len() != 100 {
		t.Errorf("%d keys are remembered, want 100", l.Len())
	}
	blocked(t, l, "0", throttle.DefaultEvery)
	free(t, l, "1")
	blocked(t, l, "9999", throttle.DefaultEvery)
}

func TestDefaults(t *testing.T) {
	l := throttle.New(throttle.Config{})
	for range throttle.DefaultBurst {
		free(t, l, "a")
		l.Fail("a")
	}
	if wait, blocked := l.Blocked("a"); !blocked || wait <= 0 || wait > throttle.DefaultEvery {
		t.Errorf("blocked %v for %v", blocked, wait)
	}
}

// TestClockSetBack: the wait is not lengthened by more than was owed.
func TestClockSetBack(t *testing.T) {
	l, now := newLimiter(throttle.Config{Burst: 1, Every: 10 * time.Second})
	l.Fail("a")
	now.Advance(-24 * time.Hour)
	blocked(t, l, "a", 10*time.Second)
	now.Advance(10 * time.Second)
	free(t, l, "a")
}
