package conformance

import (
	"reflect"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func issueTokenSet(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "client:1"))
	want := grant.TokenSet{
		ID: grant.NewID(), Authorization: a.ID, Application: "wiki", Scope: []string{"odoo.read"},
		CreatedAt: start, ExpiresAt: start.Add(60 * minute),
	}
	forged := want
	forged.Application, forged.RedirectURI, forged.FamilyKey = "shop", "https://shop.example/cb", []byte("family")
	forged.EndedAt, forged.EndReason = start, "revoked"
	c.ok("issue", c.s.IssueTokenSet(c.ctx, forged))
	for _, when := range []string{"at once", "after a restart"} {
		if got := c.set(want.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: token set\n%+v, want\n%+v", when, got, want)
		}
		c.s = c.Reopen()
	}
	c.ok("end", c.s.EndTokenSet(c.ctx, want.ID, "revoked", start.Add(minute)))
	c.fails("the id of an ended one", c.s.IssueTokenSet(c.ctx, want), grant.ErrStale)
	if c.set(want.ID).Live() {
		t.Error("an ended token set was issued again")
	}
	if _, err := c.s.Rotate(c.ctx, rotation(grant.HashToken(want.ID), "wiki", start)); err == nil {
		t.Error("it has a refresh token")
	}
}

// issueTokenSetOrder: unknown comes before revoked, and that before a taken id.
func issueTokenSetOrder(t *testing.T, c *suite) {
	set := grant.TokenSet{ID: grant.NewID(), Authorization: grant.NewID(), CreatedAt: start, ExpiresAt: start.Add(minute)}
	c.fails("unknown authorization", c.s.IssueTokenSet(c.ctx, set), grant.ErrNotFound)
	a := c.consent(person("wiki", "client:1"))
	set.Authorization = a.ID
	endless := set
	endless.ExpiresAt = time.Time{}
	if err := c.s.IssueTokenSet(c.ctx, endless); err == nil {
		t.Error("a token set that nothing ever ends was stored")
	}
	c.ok("issue", c.s.IssueTokenSet(c.ctx, set))
	c.fails("taken", c.s.IssueTokenSet(c.ctx, set), grant.ErrStale)
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, a.ID, start.Add(minute)))
	c.fails("revoked", c.s.IssueTokenSet(c.ctx, set), grant.ErrEnded)
	if got := c.set(set.ID); got.Live() || got.EndReason != "revoked" {
		t.Errorf("token set of a revoked authorization: %+v", got)
	}
}
