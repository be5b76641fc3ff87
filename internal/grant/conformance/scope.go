package conformance

import (
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// emptyScope: an empty scope, which allows nothing, must not come back as none,
// which is all that the application may have; nor the other way round.
func emptyScope(t *testing.T, c *suite) {
	type kept struct{ a, redeemed, issued string }
	ids := map[bool]kept{}
	for _, empty := range []bool{true, false} {
		var scope []string
		if empty {
			scope = []string{}
		}
		p := person("wiki", "sub-none")
		if empty {
			p = person("wiki", "sub-empty")
		}
		p.Scope = scope
		a := c.consent(p)
		issue := func(name string) string {
			hash := grant.HashToken(name + a.ID)
			c.ok("issue", c.s.IssueCode(c.ctx, grant.Code{
				Hash: hash, Authorization: a.ID, Application: "wiki", Scope: scope, IssuedAt: start, ExpiresAt: start.Add(10 * minute), RetainUntil: start.Add(60 * minute),
			}))
			return hash
		}
		issue("listed")
		redeemed, _, err := c.s.RedeemCode(c.ctx, redemption(issue("redeemed"), "wiki"))
		c.ok("redeem", err)
		set := grant.TokenSet{ID: grant.NewID(), Authorization: a.ID, Scope: scope, CreatedAt: start, ExpiresAt: start.Add(60 * minute)}
		c.ok("issue a token set", c.s.IssueTokenSet(c.ctx, set))
		ids[empty] = kept{a: a.ID, redeemed: redeemed.ID, issued: set.ID}
	}
	for _, when := range []string{"at once", "after a restart"} {
		for empty, id := range ids {
			expect := func(what string, scope []string) {
				t.Helper()
				if len(scope) != 0 || (scope != nil) != empty {
					t.Errorf("%s: the scope of %s, empty %v, is %#v", when, what, empty, scope)
				}
			}
			expect("an authorization", c.authorization(id.a).Scope)
			expect("a redeemed token set", c.set(id.redeemed).Scope)
			expect("an issued token set", c.set(id.issued).Scope)
			codes, err := c.s.Codes(c.ctx, grant.CodeQuery{Authorization: id.a})
			c.ok("codes", err)
			if len(codes) != 2 {
				t.Fatalf("%d codes are listed", len(codes))
			}
			for _, code := range codes {
				expect("a code", code.Scope)
			}
		}
		c.s = c.Reopen()
	}
}
