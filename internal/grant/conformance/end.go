package conformance

import (
	"errors"
	"reflect"
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func revoke(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	first, refresh := c.redeem(a)
	second, _ := c.redeem(a)
	other := c.consent(person("wiki", "sub-2"))
	others, _ := c.redeem(other)
	c.ok("end one before", c.s.EndTokenSet(c.ctx, second.ID, "superseded", start.Add(2*minute)))
	_ = c.set(first.ID) // a cache may now hold the live one

	c.fails("unknown", c.s.RevokeAuthorization(c.ctx, grant.NewID(), start), grant.ErrNotFound)
	at := start.Add(5 * minute)
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, a.ID, at))
	c.ok("revoke again", c.s.RevokeAuthorization(c.ctx, a.ID, at.Add(minute)))

	check := func(when string) {
		t.Helper()
		got := c.authorization(a.ID)
		if got.Live() || !got.RevokedAt.Equal(at) {
			t.Errorf("%s: revoked at %v, want %v", when, got.RevokedAt, at)
		}
		if got.Connection.Live() || got.Connection.Sealed != nil || got.Connection.Hash != "" || got.Connection.EndReason != "revoked" {
			t.Errorf("%s: connection is %+v", when, got.Connection)
		}
		if set := c.set(first.ID); set.Live() || set.EndReason != "revoked" || !set.EndedAt.Equal(at) {
			t.Errorf("%s: token set is %+v", when, set)
		}
		if set := c.set(second.ID); set.EndReason != "superseded" {
			t.Errorf("%s: revoking changed an ended token set: %+v", when, set)
		}
		if !c.set(others.ID).Live() || !c.authorization(other.ID).Live() {
			t.Errorf("%s: somebody else's grant ended too", when)
		}
		if _, set, err := c.s.RefreshToken(c.ctx, refresh.Hash); err != nil || set.Live() {
			t.Errorf("%s: refresh token has token set %+v, error %v", when, set, err)
		}
		_, err := c.s.Rotate(c.ctx, rotation(refresh.Hash, "wiki", at))
		c.fails(when+": refresh", err, grant.ErrEnded)
		c.bySession(a.Connection.Hash)
	}
	check("at once")
	c.s = c.Reopen()
	check("after a restart")
}

// revokeMeetsRedeem lets a revocation run against redemptions: whoever wins,
// no token set lives afterwards.
func revokeMeetsRedeem(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	const redeemers = 8
	codes := make([]string, redeemers)
	for i := range codes {
		codes[i] = c.issue(a)
	}
	sets := make([]string, redeemers)
	parallel(redeemers+1, func(i int) {
		if i == redeemers {
			if err := c.s.RevokeAuthorization(c.ctx, a.ID, start.Add(minute)); err != nil {
				t.Errorf("revoke: %v", err)
			}
			return
		}
		set, _, err := c.s.RedeemCode(c.ctx, redemption(codes[i], "wiki"))
		switch {
		case err == nil:
			sets[i] = set.ID
		case !errors.Is(err, grant.ErrEnded):
			t.Errorf("redeem: %v", err)
		}
	})
	for _, id := range sets {
		if id != "" && c.set(id).Live() {
			t.Errorf("token set %s outlived the revocation", id)
		}
	}
}

func endTokenSet(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	set, refresh := c.redeem(a)
	sibling, _ := c.redeem(a)
	_ = c.set(set.ID)
	c.fails("unknown", c.s.EndTokenSet(c.ctx, grant.NewID(), "revoked", start), grant.ErrNotFound)
	_, err := c.s.TokenSet(c.ctx, grant.NewID())
	c.fails("read unknown", err, grant.ErrNotFound)

	at := start.Add(5 * minute)
	c.ok("end", c.s.EndTokenSet(c.ctx, set.ID, "superseded", at))
	c.ok("end again", c.s.EndTokenSet(c.ctx, set.ID, "revoked", at.Add(minute)))
	want := set
	want.EndedAt, want.EndReason = at, "superseded"
	if got := c.set(set.ID); !reflect.DeepEqual(got, want) {
		t.Errorf("ended token set is\n%+v, want\n%+v", got, want)
	}
	_, err = c.s.Rotate(c.ctx, rotation(refresh.Hash, "wiki", at))
	c.fails("refresh", err, grant.ErrEnded)
	if !c.set(sibling.ID).Live() || !c.authorization(a.ID).Live() {
		t.Error("ending a token set ended more than that")
	}
}
