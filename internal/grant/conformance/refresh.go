package conformance

import (
	"reflect"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// rotationOrder does for Rotation what redemptionOrder does for Redemption.
func rotationOrder(t *testing.T, c *suite) {
	_, err := c.s.Rotate(c.ctx, rotation(grant.HashToken("unknown"), "wiki", start))
	c.fails("1 unknown", err, grant.ErrNotFound)

	expiring := func(subject string) (grant.Authorization, grant.TokenSet, string) {
		a := c.consent(person("wiki", subject))
		r := redemption(c.issue(a), "wiki")
		r.Refresh.ExpiresAt = start.Add(60 * minute)
		set, _, err := c.s.RedeemCode(c.ctx, r)
		c.ok("redeem", err)
		return a, set, r.Refresh.Hash
	}
	at := start.Add(2 * minute)
	late := start.Add(60 * minute) // exactly the end: expired

	// 2: another application; also ended, expired and reused.
	a, set, hash := expiring("sub-2")
	_, err = c.s.Rotate(c.ctx, rotation(hash, "wiki", at))
	c.ok("rotate", err)
	_, err = c.s.Rotate(c.ctx, rotation(hash, "shop", late))
	c.fails("2 other application", err, grant.ErrWrongApplication)
	if !c.set(set.ID).Live() {
		t.Fatal("2: another application ended the token set")
	}
	// 3: authorization ended; also expired and reused.
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, a.ID, at))
	_, err = c.s.Rotate(c.ctx, rotation(hash, "shop", late))
	c.fails("2 other application, ended", err, grant.ErrWrongApplication)
	_, err = c.s.Rotate(c.ctx, rotation(hash, "wiki", late))
	c.fails("3 revoked", err, grant.ErrEnded)
	_, set, hash = expiring("sub-3")
	c.ok("end", c.s.EndTokenSet(c.ctx, set.ID, "revoked", at))
	_, err = c.s.Rotate(c.ctx, rotation(hash, "wiki", late))
	c.fails("3 ended", err, grant.ErrEnded)

	// 4: expired; also reused.
	_, set, hash = expiring("sub-4")
	_, err = c.s.Rotate(c.ctx, rotation(hash, "wiki", at))
	c.ok("rotate", err)
	_, err = c.s.Rotate(c.ctx, rotation(hash, "wiki", late))
	c.fails("4 expired", err, grant.ErrExpired)
	if !c.set(set.ID).Live() {
		t.Error("4: an expired token ended the token set")
	}
	// 5: reused.
	_, err = c.s.Rotate(c.ctx, rotation(hash, "wiki", late.Add(-minute)))
	c.fails("5 reused", err, grant.ErrReused)
	if got := c.set(set.ID); got.EndReason != "refresh_reuse" || !got.EndedAt.Equal(late.Add(-minute)) {
		t.Errorf("5: token set is %+v", got)
	}
}

func rotationGrace(t *testing.T, c *suite) {
	_, parent := c.redeem(c.consent(person("wiki", "sub-1")))
	at := start.Add(5 * minute)
	first := rotation(parent.Hash, "wiki", at)
	first.Child.TokenSet, first.Child.ExpiresAt = "forged", at.Add(100*minute)
	child, err := c.s.Rotate(c.ctx, first)
	c.ok("rotate", err)
	want := first.Child
	want.TokenSet = parentSet(c, parent.Hash)
	if !reflect.DeepEqual(child, want) {
		t.Fatalf("child\n%+v, want\n%+v", child, want)
	}
	if got := c.set(child.TokenSet).RefreshUntil; !got.Equal(child.ExpiresAt) {
		t.Errorf("the token set can be refreshed until %v, its newest token until %v", got, child.ExpiresAt)
	}
	// The child may be used, and still the parent yields it.
	grandchild, err := c.s.Rotate(c.ctx, rotation(child.Hash, "wiki", at.Add(time.Second)))
	c.ok("rotate the child", err)
	if got := c.set(child.TokenSet).RefreshUntil; !got.IsZero() {
		t.Errorf("the token set can be refreshed until %v, its newest token for ever", got)
	}
	for _, after := range []time.Duration{0, time.Second, grace} {
		again, err := c.s.Rotate(c.ctx, rotation(parent.Hash, "wiki", at.Add(after)))
		c.ok("rotate in the grace", err)
		if again.Hash != child.Hash || again.TokenSet != want.TokenSet {
			t.Errorf("after %v the parent yields %+v, want %+v", after, again, child)
		}
	}
	stored, _, err := c.s.RefreshToken(c.ctx, parent.Hash)
	c.ok("parent", err)
	if !stored.RotatedAt.Equal(at) || stored.Child != child.Hash {
		t.Errorf("parent is %+v, want rotated at %v to the first child", stored, at)
	}
	_, err = c.s.Rotate(c.ctx, rotation(grandchild.Hash, "wiki", at.Add(2*minute)))
	c.ok("rotate the grandchild", err)
}

func parentSet(c *suite, hash string) string {
	r, _, err := c.s.RefreshToken(c.ctx, hash)
	c.ok("refresh token", err)
	return r.TokenSet
}

func rotateInParallel(t *testing.T, c *suite) {
	_, parent := c.redeem(c.consent(person("wiki", "sub-1")))
	const clients = 32
	children := make([]grant.RefreshToken, clients)
	offered := make(map[string]bool, clients)
	rotations := make([]grant.Rotation, clients)
	for i := range rotations {
		rotations[i] = rotation(parent.Hash, "wiki", start.Add(5*minute))
		offered[rotations[i].Child.Hash] = true
	}
	parallel(clients, func(i int) {
		var err error
		if children[i], err = c.s.Rotate(c.ctx, rotations[i]); err != nil {
			t.Errorf("refresh %d: %v", i, err)
		}
	})
	for i, child := range children {
		if child.Hash != children[0].Hash {
			t.Fatalf("refresh %d got another child", i)
		}
	}
	for hash := range offered {
		_, _, err := c.s.RefreshToken(c.ctx, hash)
		if exists, won := err == nil, hash == children[0].Hash; exists != won {
			t.Errorf("an offered child is stored: %v, was returned: %v", exists, won)
		}
	}
}

func refreshReuse(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	set, parent := c.redeem(a)
	sibling, siblingRefresh := c.redeem(a)
	at := start.Add(5 * minute)
	child, err := c.s.Rotate(c.ctx, rotation(parent.Hash, "wiki", at))
	c.ok("rotate", err)
	_ = c.set(set.ID)

	_, err = c.s.Rotate(c.ctx, rotation(parent.Hash, "wiki", at.Add(grace+time.Millisecond)))
	c.fails("reuse", err, grant.ErrReused)
	if got := c.set(set.ID); got.Live() || got.EndReason != "refresh_reuse" {
		t.Errorf("token set after the reuse: %+v", got)
	}
	_, err = c.s.Rotate(c.ctx, rotation(child.Hash, "wiki", at.Add(2*minute)))
	c.fails("the child after the reuse", err, grant.ErrEnded)
	_, err = c.s.Rotate(c.ctx, rotation(parent.Hash, "wiki", at))
	c.fails("the parent, as if in the grace", err, grant.ErrEnded)
	if !c.set(sibling.ID).Live() || !c.authorization(a.ID).Live() {
		t.Error("the reuse ended a sibling")
	}
	_, err = c.s.Rotate(c.ctx, rotation(siblingRefresh.Hash, "wiki", at))
	c.ok("the sibling's refresh", err)
}
