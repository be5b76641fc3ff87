package coalesce

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// source answers with what it was asked for, in a second.
type source struct {
	mu    sync.Mutex
	asked [][]int64
	ended int // questions whose context ended first
	fail  func(items []int64) error
}

func (s *source) ask(ctx context.Context, items []int64) ([]int64, error) {
	s.mu.Lock()
	s.asked = append(s.asked, slices.Clone(items))
	s.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		s.mu.Lock()
		s.ended++
		s.mu.Unlock()
		return nil, ctx.Err()
	}
	if s.fail != nil {
		if err := s.fail(items); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// wantIdle fails where the group remembers anything.
func wantIdle(t *testing.T, g *Group[[]int64]) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.lines) != 0 {
		t.Errorf("%d lines are left", len(g.lines))
	}
}

func TestAloneIsAskedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, s, start := New[[]int64](Config{}), &source{}, time.Now()
		for n := range int64(3) {
			got, err := g.Do(t.Context(), "k", []int64{n}, s.ask)
			if err != nil || !slices.Equal(got, []int64{n}) {
				t.Errorf("%d: %v, %v", n, got, err)
			}
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("three questions of a second took %v", took)
		}
		wantIdle(t, g)
	})
}

func TestThoseAtTheSameTimeAreAskedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, s, start := New[[]int64](Config{}), &source{}, time.Now()
		var all sync.WaitGroup
		for n := range int64(40) {
			all.Go(func() {
				got, err := g.Do(t.Context(), "k", []int64{n / 2}, s.ask) // each item twice
				if err != nil || !slices.Contains(got, n/2) {
					t.Errorf("%d: %v, %v", n, got, err)
				}
			})
		}
		all.Wait()
		if len(s.asked) != 2 || len(s.asked[0]) != 1 || len(s.asked[1]) < 19 || len(s.asked[1]) > 20 {
			t.Errorf("asked %v", s.asked)
		}
		if took := time.Since(start); took != time.Second+DefaultWait {
			t.Errorf("took %v", took)
		}
		wantIdle(t, g)
	})
}

// What came before the end of the first is sent then, without more waiting.
func TestNothingWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, s, start := New[[]int64](Config{Wait: time.Minute}), &source{}, time.Now()
		var all sync.WaitGroup
		for n := range int64(3) {
			all.Go(func() {
				if _, err := g.Do(t.Context(), "k", []int64{n}, s.ask); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(start); took != 2*time.Second || len(s.asked) != 2 {
			t.Errorf("%v took %v", s.asked, took)
		}
	})
}

// As long as one is under way, those that come are collected, whatever else
// has come to its end.
func TestLineLastsAsLongAsItsQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, s := New[[]int64](Config{Wait: 100 * time.Millisecond}), &source{}
		var all sync.WaitGroup
		for n, at := range []time.Duration{0, 10, 1050, 1050} { // the second is sent at 110
			all.Go(func() {
				time.Sleep(at * time.Millisecond)
				if _, err := g.Do(t.Context(), "k", []int64{int64(n)}, s.ask); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(s.asked) != 3 {
			t.Errorf("asked %v", s.asked)
		}
		wantIdle(t, g)
	})
}

func TestOtherKeysAreOtherQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, s, start := New[[]int64](Config{}), &source{}, time.Now()
		var all sync.WaitGroup
		for _, key := range []string{"a", "b", "c"} {
			all.Go(func() {
				if _, err := g.Do(t.Context(), key, []int64{1}, s.ask); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(start); took != time.Second || len(s.asked) != 3 {
			t.Errorf("%v took %v", s.asked, took)
		}
	})
}

// Who asks after a question was sent gets no answer to that one: what they have
// written meanwhile would not be in it.
func TestNoAnswerIsOlderThanItsQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, value := New[int64](Config{}), atomic.Int64{}
		ask := func(context.Context, []int64) (int64, error) {
			seen := value.Load()
			time.Sleep(time.Second)
			return seen, nil
		}
		var all sync.WaitGroup
		for n := range int64(10) {
			all.Go(func() {
				time.Sleep(time.Duration(n) * 100 * time.Millisecond)
				value.Store(n)
				if got, err := g.Do(t.Context(), "k", []int64{7}, ask); err != nil || got < n {
					t.Errorf("%d reads %d, %v", n, got, err)
				}
			})
			synctest.Wait()
		}
		all.Wait()
	})
}

func TestErrorsAreNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("7 is broken")
		g, s := New[[]int64](Config{}), &source{fail: func(items []int64) error {
			if slices.Contains(items, 7) {
				return broken
			}
			return nil
		}}
		var all sync.WaitGroup
		for n := range int64(10) {
			all.Go(func() {
				got, err := g.Do(t.Context(), "k", []int64{n}, s.ask)
				if n == 7 && err != broken || n != 7 && (err != nil || !slices.Contains(got, n)) {
					t.Errorf("%d: %v, %v", n, got, err)
				}
			})
		}
		all.Wait()
		wantIdle(t, g)
	})
}

// The same question has one answer, be it an error.
func TestTheSameQuestionIsAskedOnce(t *testing.T) {
	for name, items := range map[string][]int64{"of an item": {7}, "of no items": nil} {
		synctest.Test(t, func(t *testing.T) {
			broken := errors.New("broken")
			g, s := New[[]int64](Config{}), &source{fail: func([]int64) error { return broken }}
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() {
					if _, err := g.Do(t.Context(), "k", items, s.ask); err != broken {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			all.Wait()
			if len(s.asked) != 2 {
				t.Errorf("%s: asked %v", name, s.asked)
			}
		})
	}
}

func TestBatchesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, s, start := New[[]int64](Config{Most: 10, Wait: time.Minute}), &source{}, time.Now()
		var all sync.WaitGroup
		for n := range int64(26) {
			all.Go(func() {
				want := []int64{n * 2, n*2 + 1}
				if got, err := g.Do(t.Context(), "k", want, s.ask); err != nil || !slices.Contains(got, want[0]) || !slices.Contains(got, want[1]) {
					t.Errorf("%d: %v, %v", n, got, err)
				}
			})
		}
		all.Go(func() {
			big := make([]int64, 11)
			for i := range big {
				big[i] = int64(100 + i)
			}
			if got, err := g.Do(t.Context(), "k", big, s.ask); err != nil || !slices.Equal(got, big) {
				t.Errorf("more than a batch: %v, %v", got, err)
			}
		})
		all.Wait()
		if len(s.asked) != 1+1+5 { // the first, the big one, and 50 others
			t.Errorf("asked %v", s.asked)
		}
		for _, items := range s.asked {
			if len(items) > 11 {
				t.Errorf("%d at once", len(items))
			}
		}
		if took := time.Since(start); took != 2*time.Second { // one that is not full comes after the first
			t.Errorf("took %v: a full batch waits", took)
		}
		wantIdle(t, g)
	})
}

// Who leads goes, and the others have their answers all the same.
func TestLeaderMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, s := New[[]int64](Config{}), &source{}
		var all sync.WaitGroup
		all.Go(func() { _, _ = g.Do(t.Context(), "k", []int64{0}, s.ask) })
		synctest.Wait()
		leaving, leave := context.WithCancel(t.Context())
		all.Go(func() {
			if _, err := g.Do(leaving, "k", []int64{1}, s.ask); err != context.Canceled {
				t.Errorf("who left is told %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if got, err := g.Do(t.Context(), "k", []int64{2}, s.ask); err != nil || !slices.Contains(got, 2) {
				t.Errorf("who stayed: %v, %v", got, err)
			}
		})
		synctest.Wait()
		time.Sleep(500 * time.Millisecond)
		leave()
		all.Wait()
		if len(s.asked) != 2 || s.ended != 0 {
			t.Errorf("asked %v, %d ended early", s.asked, s.ended)
		}
	})
}

func TestNobodyWaitsAnyMore(t *testing.T) {
	for name, test := range map[string]struct {
		after       time.Duration
		asked, ends int
	}{
		"before it is sent": {time.Millisecond, 1, 0},
		"after":             {500 * time.Millisecond, 2, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			g, s := New[[]int64](Config{}), &source{}
			var all sync.WaitGroup
			all.Go(func() { _, _ = g.Do(t.Context(), "k", []int64{0}, s.ask) })
			synctest.Wait()
			leaving, leave := context.WithCancel(t.Context())
			for n := range int64(3) {
				all.Go(func() {
					if _, err := g.Do(leaving, "k", []int64{n + 1}, s.ask); err != context.Canceled {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			time.Sleep(test.after)
			leave()
			all.Wait()
			if len(s.asked) != test.asked || s.ended != test.ends {
				t.Errorf("%s: asked %v, %d ended early", name, s.asked, s.ended)
			}
			wantIdle(t, g)
		})
	}
}

// A leader that fails altogether leaves the others to themselves.
func TestLeaderMayPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, s := New[[]int64](Config{}), &source{}
		var all sync.WaitGroup
		all.Go(func() { _, _ = g.Do(t.Context(), "k", []int64{0}, s.ask) })
		synctest.Wait()
		all.Go(func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is lost")
				}
			}()
			_, _ = g.Do(t.Context(), "k", []int64{1}, func(context.Context, []int64) ([]int64, error) { panic("x") })
		})
		synctest.Wait()
		all.Go(func() {
			if got, err := g.Do(t.Context(), "k", []int64{2}, s.ask); err != nil || !slices.Equal(got, []int64{2}) {
				t.Errorf("%v, %v", got, err)
			}
		})
		all.Wait()
		wantIdle(t, g)
	})
}
