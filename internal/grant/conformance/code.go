package conformance

import (
	"errors"
	"reflect"
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func issueCode(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	hash := c.issue(a)
	code := grant.Code{Hash: hash, Authorization: a.ID, Application: "wiki", IssuedAt: start, ExpiresAt: start.Add(minute)}
	c.fails("the same code again", c.s.IssueCode(c.ctx, code), grant.ErrStale)
	code.Hash, code.Authorization = grant.HashToken("x"), grant.NewID()
	c.fails("code of nobody", c.s.IssueCode(c.ctx, code), grant.ErrNotFound)
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, a.ID, start))
	code.Authorization = a.ID
	c.fails("code of a revoked authorization", c.s.IssueCode(c.ctx, code), grant.ErrEnded)
	_, _, err := c.s.RedeemCode(c.ctx, redemption(code.Hash, "wiki"))
	c.fails("a code that was refused", err, grant.ErrNotFound)
}

// redemptionOrder makes, for each row of Redemption's table, a code to which
// that row and all later ones apply, and expects that row's answer.
func redemptionOrder(t *testing.T, c *suite) {
	errCheck := errors.New("wrong verifier")
	refuse := func(grant.Code) error { return errCheck }
	late := start.Add(10 * minute) // exactly the end: expired

	_, _, err := c.s.RedeemCode(c.ctx, redemption(grant.HashToken("unknown"), "wiki"))
	c.fails("1 unknown", err, grant.ErrNotFound)

	// 2: another application; also consumed, expired, revoked and refused.
	a := c.consent(person("wiki", "sub-2"))
	hash := c.issue(a)
	won := redemption(hash, "wiki")
	_, _, err = c.s.RedeemCode(c.ctx, won)
	c.ok("redeem", err)
	foreign := redemption(hash, "shop")
	foreign.Now, foreign.Check = late, refuse
	_, _, err = c.s.RedeemCode(c.ctx, foreign)
	c.fails("2 other application", err, grant.ErrWrongApplication)
	if !c.set(won.TokenSet.ID).Live() {
		t.Fatal("2: another application ended the token set")
	}
	// and an unused code stays usable for its own application
	unused := c.issue(a)
	foreign.Hash = unused
	_, _, err = c.s.RedeemCode(c.ctx, foreign)
	c.fails("2 other application, unused code", err, grant.ErrWrongApplication)
	_, _, err = c.s.RedeemCode(c.ctx, redemption(unused, "wiki"))
	c.ok("2 own application afterwards", err)

	// 3: consumed; also expired, revoked and refused, which ends nothing.
	again := redemption(hash, "wiki")
	again.Now, again.Check = late, refuse
	set, _, err := c.s.RedeemCode(c.ctx, again)
	c.fails("3 consumed, refused", err, grant.ErrConsumed)
	if set.ID != "" || !c.set(won.TokenSet.ID).Live() {
		t.Errorf("3: who could not have redeemed it has ended token set %q", set.ID)
	}
	again.Check = func(grant.Code) error { return nil }
	set, _, err = c.s.RedeemCode(c.ctx, again)
	c.fails("3 consumed", err, grant.ErrConsumed)
	if set.ID != won.TokenSet.ID {
		t.Errorf("3: names token set %q, want %q", set.ID, won.TokenSet.ID)
	}
	if got := c.set(won.TokenSet.ID); got.EndReason != "code_replay" {
		t.Errorf("3: token set ended with %q", got.EndReason)
	}

	// 4: expired; also revoked and refused.
	a = c.consent(person("wiki", "sub-4"))
	expired := redemption(c.issue(a), "wiki")
	expired.Now, expired.Check = late, refuse
	revoked := redemption(c.issue(a), "wiki")
	revoked.Check = refuse
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, a.ID, start))
	_, _, err = c.s.RedeemCode(c.ctx, expired)
	c.fails("4 expired", err, grant.ErrExpired)

	// 5: revoked; also refused.
	_, _, err = c.s.RedeemCode(c.ctx, revoked)
	c.fails("5 revoked", err, grant.ErrEnded)

	// 6: refused by Check: the code is burnt.
	a = c.consent(person("wiki", "sub-6"))
	burnt := redemption(c.issue(a), "wiki")
	burnt.Check = refuse
	_, _, err = c.s.RedeemCode(c.ctx, burnt)
	c.fails("6 check", err, grant.ErrBurnt)
	c.fails("6 reason", err, errCheck)
	_, err = c.s.TokenSet(c.ctx, burnt.TokenSet.ID)
	c.fails("6 token set", err, grant.ErrNotFound)
	burnt.Check = nil
	_, _, err = c.s.RedeemCode(c.ctx, burnt)
	c.fails("6 burnt code", err, grant.ErrConsumed)

	// 7: a moment before the end is in time.
	intime := redemption(c.issue(a), "wiki")
	intime.Now = late.Add(-1000) // a microsecond, the resolution of records
	_, _, err = c.s.RedeemCode(c.ctx, intime)
	c.ok("7 success", err)
}

func redemptionStores(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	r := redemption(c.issue(a), "wiki")
	var seen grant.Code
	r.Check = func(code grant.Code) error {
		seen = code
		return nil
	}
	r.TokenSet.Authorization, r.TokenSet.Application = "forged", "forged"
	r.TokenSet.RedirectURI, r.TokenSet.Scope = "forged", []string{"forged"}
	r.TokenSet.ExpiresAt, r.TokenSet.RefreshUntil = start.Add(minute), start.Add(minute)
	r.Refresh.TokenSet, r.Refresh.ExpiresAt = "forged", start.Add(100*minute)
	set, owner, err := c.s.RedeemCode(c.ctx, r)
	c.ok("redeem", err)

	wantCode := grant.Code{
		Hash: r.Hash, Authorization: a.ID, Application: "wiki", RedirectURI: "https://wiki.example/cb",
		Scope: []string{"odoo.read"}, Challenge: "challenge", ChallengeMethod: "S256",
		IssuedAt: start, ExpiresAt: start.Add(10 * minute),
	}
	if !reflect.DeepEqual(seen, wantCode) {
		t.Errorf("check saw\n%+v, want\n%+v", seen, wantCode)
	}
	wantSet := grant.TokenSet{
		ID: r.TokenSet.ID, Authorization: a.ID, Application: "wiki", RedirectURI: "https://wiki.example/cb",
		Scope: []string{"odoo.read"}, FamilyKey: []byte("family"), CreatedAt: r.TokenSet.CreatedAt,
		RefreshUntil: r.Refresh.ExpiresAt,
	}
	if !reflect.DeepEqual(set, wantSet) {
		t.Errorf("token set\n%+v, want\n%+v", set, wantSet)
	}
	if got := c.set(set.ID); !reflect.DeepEqual(got, wantSet) {
		t.Errorf("token set read back\n%+v, want\n%+v", got, wantSet)
	}
	if !reflect.DeepEqual(owner, a) {
		t.Errorf("authorization\n%+v, want\n%+v", owner, a)
	}
	wantRefresh := grant.RefreshToken{
		Hash: r.Refresh.Hash, TokenSet: set.ID, IssuedAt: r.Refresh.IssuedAt, ExpiresAt: r.Refresh.ExpiresAt,
	}
	refresh, of, err := c.s.RefreshToken(c.ctx, r.Refresh.Hash)
	c.ok("refresh token", err)
	if !reflect.DeepEqual(refresh, wantRefresh) || !reflect.DeepEqual(of, wantSet) {
		t.Errorf("refresh token\n%+v of %+v, want\n%+v", refresh, of, wantRefresh)
	}
	_, _, err = c.s.RefreshToken(c.ctx, grant.HashToken("unknown"))
	c.fails("unknown refresh token", err, grant.ErrNotFound)
}

// redeemInParallel is A1 of the attacks: 64 clients, each of which redeems all
// codes, beginning with another one.
func redeemInParallel(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	const clients, codes = 64, 25
	hashes := make([]string, codes)
	for i := range hashes {
		hashes[i] = c.issue(a)
	}
	var tries [clients][codes]grant.Redemption
	var errs [clients][codes]error
	parallel(clients, func(client int) {
		for i := range codes {
			code := (client + i) % codes
			tries[client][code] = redemption(hashes[code], "wiki")
			_, _, errs[client][code] = c.s.RedeemCode(c.ctx, tries[client][code])
		}
	})
	for code := range codes {
		won := 0
		for client := range clients {
			if errs[client][code] == nil {
				won++
				continue
			}
			c.fails("loser", errs[client][code], grant.ErrConsumed)
			lost := tries[client][code]
			if _, err := c.s.TokenSet(c.ctx, lost.TokenSet.ID); !errors.Is(err, grant.ErrNotFound) {
				t.Errorf("a loser's token set: error %v, want %v", err, grant.ErrNotFound)
			}
			if _, _, err := c.s.RefreshToken(c.ctx, lost.Refresh.Hash); !errors.Is(err, grant.ErrNotFound) {
				t.Errorf("a loser's refresh token: error %v, want %v", err, grant.ErrNotFound)
			}
		}
		if won != 1 {
			t.Errorf("%d of %d redemptions of one code succeeded, want 1", won, clients)
		}
	}
}

func codeReplay(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	sibling, _ := c.redeem(a)
	r := redemption(c.issue(a), "wiki")
	set, _, err := c.s.RedeemCode(c.ctx, r)
	c.ok("redeem", err)
	child, err := c.s.Rotate(c.ctx, rotation(r.Refresh.Hash, "wiki", start.Add(2*minute)))
	c.ok("rotate", err)
	_ = c.set(set.ID)

	_, _, err = c.s.RedeemCode(c.ctx, redemption(r.Hash, "wiki"))
	c.fails("replay", err, grant.ErrConsumed)
	if got := c.set(set.ID); got.Live() || got.EndReason != "code_replay" {
		t.Errorf("token set after the replay: %+v", got)
	}
	_, err = c.s.Rotate(c.ctx, rotation(child.Hash, "wiki", start.Add(3*minute)))
	c.fails("refresh after the replay", err, grant.ErrEnded)
	if !c.set(sibling.ID).Live() || !c.authorization(a.ID).Live() {
		t.Error("the replay ended a sibling")
	}
}
