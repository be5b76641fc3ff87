package conformance

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func persistence(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	revoked := c.consent(person("shop", "sub-1"))
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, revoked.ID, start.Add(minute)))
	pending := c.issue(a)
	redeemed := redemption(c.issue(a), "wiki")
	set, _, err := c.s.RedeemCode(c.ctx, redeemed)
	c.ok("redeem", err)
	child, err := c.s.Rotate(c.ctx, rotation(redeemed.Refresh.Hash, "wiki", start.Add(2*minute)))
	c.ok("rotate", err)
	reused := redemption(c.issue(a), "wiki")
	_, _, err = c.s.RedeemCode(c.ctx, reused)
	c.ok("redeem", err)

	c.s = c.Reopen()
	if got := c.authorization(a.ID); !reflect.DeepEqual(got, a) {
		t.Errorf("authorization\n%+v, want\n%+v", got, a)
	}
	if c.authorization(revoked.ID).Live() {
		t.Error("a revocation is lost")
	}
	if got := c.set(set.ID); !reflect.DeepEqual(got, set) {
		t.Errorf("token set\n%+v, want\n%+v", got, set)
	}
	c.bySession(a.Connection.Hash, a.ID)
	c.bySubject("sub-1", a.ID)
	_, _, err = c.s.RedeemCode(c.ctx, redemption(pending, "wiki"))
	c.ok("a pending code", err)
	_, _, err = c.s.RedeemCode(c.ctx, redemption(reused.Hash, "wiki"))
	c.fails("a consumed code", err, grant.ErrConsumed)
	again, err := c.s.Rotate(c.ctx, rotation(redeemed.Refresh.Hash, "wiki", start.Add(3*minute)))
	c.ok("a rotated token in the grace", err)
	if again.Hash != child.Hash {
		t.Error("a restart changed the child of a refresh token")
	}
	if again := c.consent(person("wiki", "sub-1")); again.ID != a.ID {
		t.Error("a restart lost the way from person to authorization")
	}
}

// everything calls each method that can fail, with arguments that would
// succeed, and returns the errors by name.
func (c *suite) everything(ctx context.Context) map[string]error {
	a := c.consent(person("wiki", "sub-1"))
	set, refresh := c.redeem(a)
	code := c.issue(a)
	_, _ = c.authorization(a.ID), c.set(set.ID) // a cache may now answer
	c.bySession(a.Connection.Hash, a.ID)
	return c.calls(ctx, a, set, refresh, code)
}

func (c *suite) calls(ctx context.Context, a grant.Authorization, set grant.TokenSet, refresh grant.RefreshToken, code string) map[string]error {
	errs := make(map[string]error)
	_, errs["Consent"] = c.s.Consent(ctx, person("shop", "sub-1"))
	_, errs["Authorization"] = c.s.Authorization(ctx, a.ID)
	_, errs["FindAuthorization"] = c.s.FindAuthorization(ctx, "wiki", "sub-1", "")
	_, errs["AuthorizationsBySession"] = c.s.AuthorizationsBySession(ctx, a.Connection.Hash)
	_, errs["AuthorizationsBySubject"] = c.s.AuthorizationsBySubject(ctx, "sub-1")
	errs["UpdateConnection"] = c.s.UpdateConnection(ctx, a.ID, a.Connection.Hash, session("next"))
	errs["AddKeyRemoval"] = c.s.AddKeyRemoval(ctx, grant.RemovalOf(a, start))
	_, errs["KeyRemovals"] = c.s.KeyRemovals(ctx, grant.KeyRemovalQuery{})
	errs["UpdateKeyRemoval"] = c.s.UpdateKeyRemoval(ctx, grant.KeyRemoval{ID: "late"})
	errs["DropKeyRemoval"] = c.s.DropKeyRemoval(ctx, "late")
	errs["RevokeAuthorization"] = c.s.RevokeAuthorization(ctx, a.ID, start)
	_, errs["Authorizations"] = c.s.Authorizations(ctx, grant.AuthorizationQuery{})
	_, errs["Codes"] = c.s.Codes(ctx, grant.CodeQuery{})
	_, errs["TokenSets"] = c.s.TokenSets(ctx, a.ID)
	errs["IssueTokenSet"] = c.s.IssueTokenSet(ctx, grant.TokenSet{ID: grant.NewID(), Authorization: a.ID, ExpiresAt: start.Add(minute)})
	errs["IssueCode"] = c.s.IssueCode(ctx, grant.Code{
		Hash: grant.HashToken("late"), Authorization: a.ID, Application: "wiki", ExpiresAt: start.Add(minute),
	})
	_, _, errs["RedeemCode"] = c.s.RedeemCode(ctx, redemption(code, "wiki"))
	_, errs["TokenSet"] = c.s.TokenSet(ctx, set.ID)
	_, _, errs["RefreshToken"] = c.s.RefreshToken(ctx, refresh.Hash)
	_, errs["Rotate"] = c.s.Rotate(ctx, rotation(refresh.Hash, "wiki", start.Add(minute)))
	errs["EndTokenSet"] = c.s.EndTokenSet(ctx, set.ID, "revoked", start)
	_, errs["SigningKeys"] = c.s.SigningKeys(ctx)
	errs["UpdateSigningKeys"] = c.s.UpdateSigningKeys(ctx, addKey(signingKey("key", start)))
	return errs
}

func cancelled(t *testing.T, c *suite) {
	ctx, cancel := context.WithCancel(c.ctx)
	cancel()
	for name, err := range c.everything(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v, want %v", name, err, context.Canceled)
		}
	}
	a, err := c.s.FindAuthorization(c.ctx, "wiki", "sub-1", "")
	c.ok("find", err)
	if want := person("wiki", "sub-1").Connection; !reflect.DeepEqual(a.Connection, want) {
		t.Errorf("a cancelled call changed the connection to %+v", a.Connection)
	}
	_, err = c.s.FindAuthorization(c.ctx, "shop", "sub-1", "")
	c.fails("a cancelled consent", err, grant.ErrNotFound)
}

func closed(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	set, refresh := c.redeem(a)
	code := c.issue(a)
	_, _ = c.authorization(a.ID), c.set(set.ID)
	c.Close()
	for name, err := range c.calls(c.ctx, a, set, refresh, code) {
		if !errors.Is(err, grant.ErrUnavailable) {
			t.Errorf("%s: error %v, want %v", name, err, grant.ErrUnavailable)
		}
	}
	c.s.Used(a.ID, start) // must not panic
}

// parallel runs n calls of work at once, behind one barrier.
func parallel(n int, work func(i int)) {
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-gate
			work(i)
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
}

// failsInParallel is fails for a goroutine, which must not end the test.
func (c *suite) failsInParallel(what string, err, want error) {
	c.t.Helper()
	if !errors.Is(err, want) {
		c.t.Errorf("%s: error %v, want %v", what, err, want)
	}
}
