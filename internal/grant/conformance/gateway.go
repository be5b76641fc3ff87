package conformance

import (
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// otherGateway: neither by listing nor by name does a gateway reach what
// belongs to another one of the same store.
func otherGateway(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	set, refresh := c.redeem(a)
	code := grant.Code{
		Hash: grant.HashToken("kept"), Authorization: a.ID, Application: "wiki",
		IssuedAt: start, ExpiresAt: start.Add(minute), RetainUntil: start.AddDate(0, 0, 1),
	}
	c.ok("issue", c.s.IssueCode(c.ctx, code))
	c.ok("key", c.s.UpdateSigningKeys(c.ctx, addKey(signingKey("key", start))))

	other := *c
	other.s = c.Other
	listed, err := other.s.Authorizations(c.ctx, grant.AuthorizationQuery{Revoked: true})
	c.ok("list", err)
	codes, err := other.s.Codes(c.ctx, grant.CodeQuery{})
	c.ok("codes", err)
	sets, err := other.s.TokenSets(c.ctx, a.ID)
	c.ok("token sets", err)
	keys, err := other.s.SigningKeys(c.ctx)
	c.ok("keys", err)
	if len(listed)+len(codes)+len(sets)+len(keys) != 0 {
		t.Errorf("another gateway lists %+v, %+v, %+v, %+v", listed, codes, sets, keys)
	}
	other.bySession(a.Connection.Hash)
	other.bySubject("sub-1")
	_, _, redeemed := other.s.RedeemCode(c.ctx, redemption(code.Hash, "wiki"))
	_, rotated := other.s.Rotate(c.ctx, rotation(refresh.Hash, "wiki", start.Add(minute)))
	_, _, read := other.s.RefreshToken(c.ctx, refresh.Hash)
	_, ofSet := other.s.TokenSet(c.ctx, set.ID)
	_, byID := other.s.Authorization(c.ctx, a.ID)
	_, found := other.s.FindAuthorization(c.ctx, "wiki", "sub-1", "")
	for name, err := range map[string]error{
		"redeem": redeemed, "rotate": rotated, "refresh token": read, "token set": ofSet, "authorization": byID, "find": found,
		"revoke":   other.s.RevokeAuthorization(c.ctx, a.ID, start),
		"end":      other.s.EndTokenSet(c.ctx, set.ID, "revoked", start),
		"issue":    other.s.IssueTokenSet(c.ctx, grant.TokenSet{ID: grant.NewID(), Authorization: a.ID, ExpiresAt: start.Add(minute)}),
		"connect":  other.s.UpdateConnection(c.ctx, a.ID, a.Connection.Hash, session("next")),
		"new code": other.s.IssueCode(c.ctx, grant.Code{Hash: grant.HashToken("new"), Authorization: a.ID, ExpiresAt: start}),
	} {
		c.fails(name+" by another gateway", err, grant.ErrNotFound)
	}
	if !c.set(set.ID).Live() {
		t.Error("another gateway has ended the token set")
	}
}
