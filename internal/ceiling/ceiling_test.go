package ceiling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// wantIdle fails where the ceiling remembers anything.
func wantIdle(t *testing.T, c *Ceiling) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != 0 || len(c.queues) != 0 || len(c.turns) != 0 {
		t.Errorf("left: %d calls, %d queues, %d turns", c.running, len(c.queues), len(c.turns))
	}
}

// visit enters, stays for a second, and leaves.
func visit(ctx context.Context, c *Ceiling, name string, limits Limits, note func()) error {
	leave, err := c.Enter(ctx, name, limits)
	if err != nil {
		return err
	}
	note()
	time.Sleep(time.Second)
	leave()
	leave()
	return nil
}

func TestNoMoreThanTheLimitRun(t *testing.T) {
	for _, test := range []struct {
		limit, queues, calls int
		want                 time.Duration
	}{
		{limit: 0, queues: 1, calls: 100, want: time.Second},
		{limit: 1, queues: 1, calls: 5, want: 5 * time.Second},
		{limit: 4, queues: 2, calls: 20, want: 5 * time.Second},
		{limit: 4, queues: 1, calls: 21, want: 7 * time.Second}, // a quarter is for others
		{limit: 3, queues: 1, calls: 21, want: 7 * time.Second},
	} {
		t.Run(fmt.Sprintf("%d of %d", test.limit, test.queues), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, limits, start, most, now := New(), Limits{Calls: test.limit, Wait: time.Minute}, time.Now(), 0, 0
				var mu sync.Mutex
				var all sync.WaitGroup
				for n := range test.calls {
					all.Go(func() {
						leave, err := c.Enter(t.Context(), fmt.Sprint(n%test.queues), limits)
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						now++
						most = max(most, now)
						mu.Unlock()
						time.Sleep(time.Second)
						mu.Lock()
						now--
						mu.Unlock()
						leave()
					})
				}
				all.Wait()
				if took := time.Since(start); took != test.want || test.limit > 0 && most > test.limit {
					t.Errorf("%d at once, %v, want %v", most, took, test.want)
				}
				wantIdle(t, c)
			})
		})
	}
}

// Whoever asks a hundred times is served as often as whoever asks twice.
func TestQueuesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, limits := New(), Limits{Calls: 1, Wait: time.Hour}
		var order []string
		var all sync.WaitGroup
		ask := func(name string, times int) {
			for range times {
				all.Go(func() {
					if err := visit(t.Context(), c, name, limits, func() { order = append(order, name) }); err != nil {
						t.Error(err)
					}
				})
				synctest.Wait() // in this order
			}
		}
		ask("greedy", 100)
		ask("modest", 2)
		ask("other", 2)
		all.Wait()
		want := []string{"greedy", "greedy", "modest", "other", "greedy", "modest", "other", "greedy", "greedy"}
		if !slices.Equal(order[:len(want)], want) || len(order) != 104 {
			t.Errorf("%d calls, the first %q", len(order), order[:len(want)])
		}
	})
}

// A queue stays one where some of its calls give up.
func TestQueuesDoNotMultiply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, limits := New(), Limits{Calls: 1, Wait: time.Hour}
		leave, err := c.Enter(t.Context(), "x", limits)
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		var all sync.WaitGroup
		leaving, cancel := context.WithCancel(t.Context())
		defer cancel()
		all.Go(func() { _, _ = c.Enter(leaving, "a", limits) })
		for i, name := range []string{"a", "a", "a", "b"} {
			synctest.Wait()
			if i == 2 {
				cancel()
				synctest.Wait()
			}
			all.Go(func() {
				if err := visit(t.Context(), c, name, limits, func() { order = append(order, name) }); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		leave()
		all.Wait()
		if want := []string{"a", "b", "a", "a"}; !slices.Equal(order, want) {
			t.Errorf("%q, want %q", order, want)
		}
		wantIdle(t, c)
	})
}

// Whoever holds on to all that it may have stops nobody else.
func TestSlowQueueLeavesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, limits := New(), Limits{Calls: 8, Wait: time.Second}
		var hold []func()
		for range 6 {
			leave, err := c.Enter(t.Context(), "slow", limits)
			if err != nil {
				t.Fatal(err)
			}
			hold = append(hold, leave)
		}
		if _, err := c.Enter(t.Context(), "slow", limits); err != ErrFull {
			t.Errorf("the seventh: %v", err)
		}
		start := time.Now()
		leave, err := c.Enter(t.Context(), "quick", limits)
		if err != nil || time.Since(start) != 0 {
			t.Fatalf("another waits for %v: %v", time.Since(start), err)
		}
		leave()
		for _, leave := range hold {
			leave()
		}
		wantIdle(t, c)
	})
}

func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, limits := New(), Limits{Calls: 1, Wait: 3 * time.Second}
		leave, err := c.Enter(t.Context(), "a", limits)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := c.Enter(t.Context(), "b", limits); err != ErrFull || time.Since(start) != 3*time.Second {
			t.Errorf("waited for %v: %v", time.Since(start), err)
		}
		if got := c.Stats(); len(got) != 2 || got["a"] != (Stats{Running: 1}) || got["b"] != (Stats{Refused: 1}) {
			t.Errorf("%+v", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		if _, err := c.Enter(ctx, "b", limits); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("waited for %v: %v", time.Since(start), err)
		}
		leave()
		wantIdle(t, c)
		if _, err := c.Enter(ctx, "c", limits); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with nobody there to wait for: %v", err)
		}
		limits.Wait = 0
		if leave, err = c.Enter(t.Context(), "a", limits); err != nil {
			t.Fatal(err)
		}
		start = time.Now()
		if _, err := c.Enter(t.Context(), "b", limits); err != ErrFull || time.Since(start) != 0 {
			t.Errorf("without a wait, waited for %v: %v", time.Since(start), err)
		}
		leave()
		wantIdle(t, c)
	})
}

// A call that gives up just when it is called runs, or leaves its turn to the
// next: none is lost.
func TestNoTurnIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, limits := New(), Limits{Calls: 1, Wait: time.Second} // as long as a visit: both end at once
		var all sync.WaitGroup
		for n := range 300 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n%3)*time.Second)
				defer cancel()
				_ = visit(ctx, c, fmt.Sprint(n%5), limits, func() {})
			})
		}
		all.Wait()
		wantIdle(t, c)
		if leave, err := c.Enter(t.Context(), "a", limits); err != nil {
			t.Errorf("the turn is lost: %v", err)
		} else {
			leave()
		}
	})
}

func TestQueuesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, limits := New(), Limits{Calls: 1, Wait: time.Minute}
		leave, err := c.Enter(t.Context(), "a", limits)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range maxWaiting {
			all.Go(func() { _, _ = c.Enter(ctx, "a", limits) })
		}
		synctest.Wait()
		start := time.Now()
		if _, err := c.Enter(t.Context(), "a", limits); err != ErrFull || time.Since(start) != 0 {
			t.Errorf("one more: %v", err)
		}
		if got := c.Stats()["a"]; got != (Stats{Running: 1, Waiting: maxWaiting, Refused: 1}) {
			t.Errorf("%+v", got)
		}
		cancel()
		all.Wait()
		leave()
		wantIdle(t, c)
		// Who has gone by himself was not refused.
		if got := c.Stats(); len(got) != 1 || got["a"] != (Stats{Refused: 1}) {
			t.Errorf("%+v", got)
		}
	})
}

// Calls of the configuration that is going and of the one that comes count
// together, each by its own limit.
func TestLimitsMayChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ran := New(), atomic.Int64{}
		var all sync.WaitGroup
		ask := func(times, limit int) {
			for range times {
				all.Go(func() {
					if err := visit(t.Context(), c, "a", Limits{Calls: limit, Wait: time.Hour}, func() { ran.Add(1) }); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
		}
		ask(2, 1)
		if ran.Load() != 1 {
			t.Errorf("%d run, 1 may", ran.Load())
		}
		ask(10, 4)
		if ran.Load() != 3 {
			t.Errorf("%d run, 3 may", ran.Load())
		}
		ask(1, 0)
		if ran.Load() != 4 {
			t.Errorf("%d run, one without a limit among them", ran.Load())
		}
		all.Wait()
		if ran.Load() != 13 {
			t.Errorf("%d have run", ran.Load())
		}
		wantIdle(t, c)
	})
}
