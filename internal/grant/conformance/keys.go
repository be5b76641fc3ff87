package conformance

import (
	"reflect"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func signingKey(id string, at time.Time) grant.SigningKey {
	return grant.SigningKey{ID: id, Algorithm: "RS256", Sealed: []byte("sealed " + id), CreatedAt: at}
}

func signingKeys(t *testing.T, c *suite) {
	all, err := c.s.SigningKeys(c.ctx)
	c.ok("keys", err)
	if len(all) != 0 {
		t.Fatalf("a new store has %d keys", len(all))
	}
	first := signingKey("zzz", start)
	c.ok("first", c.s.AddSigningKey(c.ctx, first, true))
	c.fails("a second first one", c.s.AddSigningKey(c.ctx, signingKey("aaa", start), true), grant.ErrStale)
	forged := signingKey("zzz", start)
	forged.Sealed = []byte("other")
	c.fails("an id that is taken", c.s.AddSigningKey(c.ctx, forged, false), grant.ErrStale)
	next := signingKey("mmm", start.Add(minute))
	c.ok("next", c.s.AddSigningKey(c.ctx, next, false))
	c.s = c.Reopen()
	all, err = c.s.SigningKeys(c.ctx)
	c.ok("keys", err)
	if want := []grant.SigningKey{first, next}; !reflect.DeepEqual(all, want) {
		t.Errorf("keys\n%+v, want, oldest first,\n%+v", all, want)
	}
}

func firstSigningKeyInParallel(t *testing.T, c *suite) {
	const starts = 8
	errs := make([]error, starts)
	parallel(starts, func(i int) {
		errs[i] = c.s.AddSigningKey(c.ctx, signingKey(string(rune('a'+i)), start), true)
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		c.fails("loser", err, grant.ErrStale)
	}
	all, err := c.s.SigningKeys(c.ctx)
	c.ok("keys", err)
	if won != 1 || len(all) != 1 {
		t.Errorf("%d starts made %d keys, %d were told so", starts, len(all), won)
	}
}
