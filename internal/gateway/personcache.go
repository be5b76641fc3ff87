package gateway

import (
	"context"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/caddy-odoo/gateway/internal/clock"
)

// personCache remembers one fact about a model for each person: groups decide
// who sees what, so nothing is shared between people. It is bounded, and asks
// once for all who ask at the same time. Errors are not remembered.
type personCache[V any] struct {
	entries *lru.Cache[personKey, personEntry[V]]
	flights singleflight.Group
	age     time.Duration
	now     clock.Clock
}

type personKey struct {
	uid   int64
	model string
}

type personEntry[V any] struct {
	value V
	read  time.Time
}

func newPersonCache[V any](size int, age time.Duration, now clock.Clock) *personCache[V] {
	entries, _ := lru.New[personKey, personEntry[V]](size) // errs on a size below 1 only
	return &personCache[V]{entries: entries, age: age, now: now}
}

// get returns the value, read by ask where it is absent or older than the
// cache's age.
func (c *personCache[V]) get(ctx context.Context, uid int64, model string, ask func(context.Context) (V, error)) (V, error) {
	if e, ok := c.entries.Get(personKey{uid, model}); ok && c.now().Sub(e.read) < c.age {
		return e.value, nil
	}
	return c.read(ctx, uid, model, ask)
}

// young tells whether the value was read less than age ago.
func (c *personCache[V]) young(uid int64, model string, age time.Duration) bool {
	e, ok := c.entries.Peek(personKey{uid, model})
	return ok && c.now().Sub(e.read) < age
}

// read asks afresh. One caller asks for all, so its leaving must not fail the
// others: the question runs on without it. Its failure is its own, though: it
// may be that of another application's connection, which has ended.
func (c *personCache[V]) read(ctx context.Context, uid int64, model string, ask func(context.Context) (V, error)) (V, error) {
	mine := false
	flight := func() (any, error) {
		mine = true
		v, err := ask(context.WithoutCancel(ctx))
		if err == nil {
			c.entries.Add(personKey{uid, model}, personEntry[V]{value: v, read: c.now()})
		}
		return v, err
	}
	value, err, _ := c.flights.Do(strconv.FormatInt(uid, 10)+" "+model, flight)
	if err != nil && !mine {
		value, err = flight()
	}
	if err != nil {
		var none V
		return none, err
	}
	return value.(V), nil
}
