package gateway

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
)

func TestPersonCache(t *testing.T) {
	fake := clock.NewFake(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	c := newPersonCache[int](2, time.Minute, fake.Now)
	asked := 0
	get := func(uid int64, model string) int {
		t.Helper()
		v, err := c.get(t.Context(), uid, model, func(context.Context) (int, error) {
			asked++
			return asked, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if a, b := get(2, "m"), get(2, "m"); a != 1 || b != 1 {
		t.Errorf("got %d and %d: a remembered value was asked again", a, b)
	}
	if v := get(6, "m"); v != 2 {
		t.Errorf("got %d: one person was told what another sees", v)
	}
	if v := get(2, "other"); v != 3 {
		t.Errorf("got %d: one model was taken for another", v)
	}
	if c.entries.Len() > 2 {
		t.Errorf("%d entries, the bound is 2", c.entries.Len())
	}
	fake.Advance(time.Minute)
	if v := get(2, "other"); v != 4 {
		t.Errorf("got %d: an old value was believed", v)
	}
	if !c.young(2, "other", time.Second) {
		t.Error("a value just read is not young")
	}
	fake.Advance(time.Second)
	if c.young(2, "other", time.Second) || c.young(99, "other", time.Hour) {
		t.Error("an old or absent value is young")
	}
}

func TestPersonCacheForgetsErrors(t *testing.T) {
	c := newPersonCache[int](8, time.Minute, clock.System)
	away := errors.New("away")
	if _, err := c.get(t.Context(), 2, "m", func(context.Context) (int, error) { return 0, away }); !errors.Is(err, away) {
		t.Fatalf("err is %v", err)
	}
	v, err := c.get(t.Context(), 2, "m", func(context.Context) (int, error) { return 7, nil })
	if v != 7 || err != nil {
		t.Errorf("got %d, %v: a failure was remembered", v, err)
	}
}

// The one who asks may leave; those who wait for the same answer still get it.
func TestPersonCacheOneAsksForAll(t *testing.T) {
	c := newPersonCache[int](8, time.Minute, clock.System)
	ctx, leave := context.WithCancel(t.Context())
	asking, answer := make(chan struct{}), make(chan struct{})
	asked := 0
	ask := func(ctx context.Context) (int, error) {
		asked++
		close(asking)
		<-answer
		return 7, ctx.Err()
	}
	var wg sync.WaitGroup
	results := make([]int, 8)
	wg.Go(func() { results[0], _ = c.get(ctx, 2, "m", ask) })
	<-asking
	for i := 1; i < len(results); i++ {
		wg.Go(func() { results[i], _ = c.get(t.Context(), 2, "m", ask) })
	}
	leave()
	close(answer)
	wg.Wait()
	for i, v := range results {
		if v != 7 {
			t.Errorf("caller %d got %d", i, v)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// An application whose connection has ended must not end the others' reading.
func TestPersonCacheFailuresAreOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newPersonCache[int](8, time.Minute, clock.System)
		ended, fail := errors.New("ended"), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.get(t.Context(), 2, "m", func(context.Context) (int, error) {
				<-fail
				return 0, ended
			})
			if !errors.Is(err, ended) {
				t.Errorf("the one that has ended got %v", err)
			}
		})
		synctest.Wait()
		for range 3 {
			wg.Go(func() {
				v, err := c.get(t.Context(), 2, "m", func(context.Context) (int, error) { return 7, nil })
				if v != 7 || err != nil {
					t.Errorf("got %d, %v", v, err)
				}
			})
		}
		synctest.Wait()
		close(fail)
		wg.Wait()
	})
}
