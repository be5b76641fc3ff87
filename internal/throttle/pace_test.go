package throttle_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-odoo/gateway/internal/throttle"
)

// plenty is no limit.
var plenty = throttle.Earned{Burst: 1_000_000, Every: time.Nanosecond}

// waits are how long so many of a key wait that come one after the other.
func waits(p *throttle.Pace, key string, n int) (all []time.Duration) {
	for range n {
		start := time.Now()
		p.Wait(key)
		all = append(all, time.Since(start))
	}
	return all
}

func TestPaceHoldsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := throttle.NewPace(throttle.PaceConfig{Each: throttle.Earned{Burst: 3, Every: time.Second}, Together: plenty, Longest: 5 * time.Second, Waiting: 100})
		for i, wait := range waits(p, "a", 5) {
			if want := map[bool]time.Duration{true: time.Second}[i >= 3]; wait != want {
				t.Errorf("number %d waits %v, want %v", i, wait, want)
			}
		}
		if got := waits(p, "b", 1); got[0] != 0 {
			t.Errorf("another key waits %v", got[0])
		}
		time.Sleep(2 * time.Second)
		if got := waits(p, "a", 3); got[0] != 0 || got[1] != 0 || got[2] != time.Second {
			t.Errorf("two are earned in two seconds: %v", got)
		}
	})
}

// Many keys together wait for each other, and the longer of two waits counts.
func TestPaceOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := throttle.NewPace(throttle.PaceConfig{
			Each: throttle.Earned{Burst: 1, Every: 3 * time.Second}, Together: throttle.Earned{Burst: 3, Every: time.Second},
			Longest: time.Minute, Waiting: 100,
		})
		for i, c := range []struct {
			key  string
			want time.Duration
		}{{"a", 0}, {"b", 0}, {"c", 0}, {"d", time.Second}, {"e", time.Second}, {"a", time.Second}, {"a", 3 * time.Second}, {"f", 0}} {
			if got := waits(p, c.key, 1); got[0] != c.want {
				t.Errorf("number %d, %s, waits %v, want %v", i, c.key, got[0], c.want)
			}
		}
	})
}

// Of those that come at once each has a turn of its own, up to the longest wait.
func TestPaceGivesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := throttle.NewPace(throttle.PaceConfig{Each: throttle.Earned{Burst: 1, Every: time.Second}, Together: plenty, Longest: 3 * time.Second, Waiting: 5})
		start := time.Now()
		var mu sync.Mutex
		let := make(map[time.Duration]int)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				p.Wait("a")
				mu.Lock()
				defer mu.Unlock()
				let[time.Since(start)]++
			})
		}
		all.Wait()
		// One is free; three have turns, two wait for as long as anybody does, and
		// the others find too many that wait.
		for after, want := range map[time.Duration]int{0: 5, time.Second: 1, 2 * time.Second: 1, 3 * time.Second: 3} {
			if let[after] != want {
				t.Errorf("%d after %v, want %d", let[after], after, want)
			}
		}
		if got := waits(p, "a", 1); got[0] != time.Second {
			t.Errorf("afterwards one waits %v: who had no turn is counted, or who has left still waits", got[0])
		}
	})
}
