package conformance

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func signingKey(id string, at time.Time) grant.SigningKey {
	return grant.SigningKey{ID: id, Algorithm: "RS256", Sealed: []byte("sealed " + id), CreatedAt: at}
}

// addKey is an edit that adds a key.
func addKey(k grant.SigningKey) func([]grant.SigningKey) ([]grant.SigningKey, error) {
	return func(all []grant.SigningKey) ([]grant.SigningKey, error) { return append(all, k), nil }
}

func signingKeys(t *testing.T, c *suite) {
	check := func(what string, want ...grant.SigningKey) {
		t.Helper()
		all, err := c.s.SigningKeys(c.ctx)
		c.ok("keys", err)
		if len(all) != len(want) || len(want) > 0 && !reflect.DeepEqual(all, want) {
			t.Errorf("%s: keys\n%+v, want, oldest first,\n%+v", what, all, want)
		}
	}
	check("a new store")
	first, next := signingKey("zzz", start), signingKey("mmm", start.Add(minute))
	next.Algorithm, next.SignsFrom = "EdDSA", start.Add(2*minute)
	c.ok("add", c.s.UpdateSigningKeys(c.ctx, addKey(first)))
	c.ok("add", c.s.UpdateSigningKeys(c.ctx, addKey(next)))
	check("after two additions", first, next)

	errEdit := errors.New("two are enough")
	c.fails("a refused edit", c.s.UpdateSigningKeys(c.ctx, func(all []grant.SigningKey) ([]grant.SigningKey, error) {
		return append(all, signingKey("aaa", start)), errEdit
	}), errEdit)
	c.ok("an edit of nothing", c.s.UpdateSigningKeys(c.ctx, func(all []grant.SigningKey) ([]grant.SigningKey, error) {
		if !reflect.DeepEqual(all, []grant.SigningKey{first, next}) {
			t.Errorf("edit is given\n%+v", all)
		}
		return all, nil
	}))
	check("after no change", first, next)

	first.EndsAt = start.Add(10 * minute)
	c.ok("change", c.s.UpdateSigningKeys(c.ctx, func(all []grant.SigningKey) ([]grant.SigningKey, error) {
		all[0].EndsAt = first.EndsAt
		return all, nil
	}))
	c.s = c.Reopen()
	check("after a change and a restart", first, next)
	c.ok("delete", c.s.UpdateSigningKeys(c.ctx, func(all []grant.SigningKey) ([]grant.SigningKey, error) { return all[1:], nil }))
	c.s = c.Reopen()
	check("after a deletion and a restart", next)
}

// updateSigningKeysInParallel: of many that add a key where there is none,
// one does; of many that count, none is lost.
func updateSigningKeysInParallel(t *testing.T, c *suite) {
	const starts = 8
	errThere := errors.New("there is one")
	errs := make([]error, starts)
	parallel(starts, func(i int) {
		errs[i] = c.s.UpdateSigningKeys(c.ctx, func(all []grant.SigningKey) ([]grant.SigningKey, error) {
			if len(all) > 0 {
				return nil, errThere
			}
			return []grant.SigningKey{signingKey(fmt.Sprint(i), start)}, nil
		})
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		c.fails("loser", err, errThere)
	}
	all, err := c.s.SigningKeys(c.ctx)
	c.ok("keys", err)
	if won != 1 || len(all) != 1 {
		t.Fatalf("%d starts made %d keys, %d were told so", starts, len(all), won)
	}
	parallel(starts, func(int) {
		if err := c.s.UpdateSigningKeys(c.ctx, func(all []grant.SigningKey) ([]grant.SigningKey, error) {
			all[0].CreatedAt = all[0].CreatedAt.Add(minute)
			return all, nil
		}); err != nil {
			t.Errorf("update: %v", err)
		}
	})
	all, err = c.s.SigningKeys(c.ctx)
	c.ok("keys", err)
	if want := start.Add(starts * minute); !all[0].CreatedAt.Equal(want) {
		t.Errorf("%d updates made %v of %v", starts, all[0].CreatedAt, start)
	}
}
