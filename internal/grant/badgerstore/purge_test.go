package badgerstore_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
)

func TestPurgeKeepsWhatProtects(t *testing.T) {
	db := open(t, badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)})
	s := db.Store("erp")
	ctx := t.Context()
	long := start.Add(badgerstore.DefaultRetention + time.Hour)

	a := consent(t, s, "wiki", "sub-1")
	live, newest, consumed := redeem(t, s, a, start)
	ended, endedRefresh, endedCode := redeem(t, s, a, start)
	if err := s.EndTokenSet(ctx, ended.ID, "revoked", start); err != nil {
		t.Fatal(err)
	}
	lately, latelyRefresh, latelyCode := redeem(t, s, a, start)
	if err := s.EndTokenSet(ctx, lately.ID, "revoked", long.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	b := consent(t, s, "shop", "sub-1")
	revoked, revokedRefresh, _ := redeem(t, s, b, start)
	if err := s.RevokeAuthorization(ctx, b.ID, start); err != nil {
		t.Fatal(err)
	}
	issue := func(name string, expires time.Time) string {
		hash := grant.HashToken(name)
		if err := s.IssueCode(ctx, grant.Code{Hash: hash, Authorization: a.ID, Application: "wiki", IssuedAt: start, ExpiresAt: expires}); err != nil {
			t.Fatal(err)
		}
		return hash
	}
	unused, valid := issue("unused", start.Add(time.Minute)), issue("valid", long.Add(time.Minute))

	if n, err := db.Purge(ctx, start.Add(24*time.Hour)); err != nil || n != 0 {
		t.Fatalf("a purge within the retention deleted %d, error %v", n, err)
	}
	if n, err := db.Purge(ctx, start.Add(25*time.Hour)); err != nil || n != 1 {
		t.Fatalf("of a code that was never used, a purge the day after deleted %d, error %v", n, err)
	}
	// The revoked authorization, and each set that ended long
	// ago with its code and refresh token.
	if n, err := db.Purge(ctx, long); err != nil || n != 7 {
		t.Errorf("deleted %d, error %v, want 7", n, err)
	}
	redeemAgain := func(hash string) error {
		_, _, err := s.RedeemCode(ctx, grant.Redemption{Hash: hash, Application: "wiki", Now: start})
		return err
	}
	for name, test := range map[string]struct {
		got, want error
	}{
		"unused code":           {redeemAgain(unused), grant.ErrNotFound},
		"code of an ended set":  {redeemAgain(endedCode), grant.ErrNotFound},
		"code ended lately":     {redeemAgain(latelyCode), grant.ErrConsumed},
		"refresh of an old end": {refreshToken(t, s, endedRefresh), grant.ErrNotFound},
		"refresh of a revoked":  {refreshToken(t, s, revokedRefresh), grant.ErrNotFound},
		"refresh ended lately":  {refreshToken(t, s, latelyRefresh), nil},
	} {
		if !errors.Is(test.got, test.want) {
			t.Errorf("%s: error %v, want %v", name, test.got, test.want)
		}
	}
	for _, id := range []string{ended.ID, revoked.ID} {
		if set, err := s.TokenSet(ctx, id); !errors.Is(err, grant.ErrNotFound) {
			t.Errorf("ended token set: %+v, error %v", set, err)
		}
	}
	if set, err := s.TokenSet(ctx, lately.ID); err != nil || set.Live() {
		t.Errorf("token set that ended lately: %+v, error %v", set, err)
	}
	if got, err := s.Authorization(ctx, b.ID); !errors.Is(err, grant.ErrNotFound) {
		t.Errorf("revoked authorization: %+v, error %v", got, err)
	}
	// However old: the newest refresh token works, and a code's replay is seen.
	if err := rotate(t, s, newest, "child", long); err != nil {
		t.Errorf("the newest refresh token: %v", err)
	}
	if err := redeemAgain(consumed); !errors.Is(err, grant.ErrConsumed) {
		t.Errorf("the consumed code: %v", err)
	}
	if set, err := s.TokenSet(ctx, live.ID); err != nil || set.EndReason != "code_replay" {
		t.Errorf("its token set: %+v, error %v", set, err)
	}
	if err := redeemAgain(valid); errors.Is(err, grant.ErrNotFound) {
		t.Errorf("a code that is still valid: %v", err)
	}
}

func rotate(t *testing.T, s grant.Store, parent, child string, now time.Time) error {
	t.Helper()
	_, err := s.Rotate(t.Context(), grant.Rotation{
		Hash: parent, Application: "wiki", Now: now, Grace: time.Minute,
		Child: grant.RefreshToken{Hash: grant.HashToken(child), IssuedAt: now},
	})
	return err
}

// TestPurgeOfRotated: a family that is refreshed for ever keeps what was
// rotated within the retention, and its newest token.
func TestPurgeOfRotated(t *testing.T) {
	db := open(t, badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)})
	s := db.Store("erp")
	_, parent, _ := redeem(t, s, consent(t, s, "wiki", "sub-1"), start)
	const step = 10 * 24 * time.Hour
	now := start
	all := []string{parent}
	for i := range 12 {
		if err := rotate(t, s, all[i], fmt.Sprint(i), now); err != nil {
			t.Fatal(err)
		}
		all = append(all, grant.HashToken(fmt.Sprint(i)))
		if _, err := db.Purge(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		var kept int
		for _, hash := range all {
			if refreshToken(t, s, hash) == nil {
				kept++
			}
		}
		// Those rotated now and 10, 20 and 30 days ago, and the newest.
		if want := min(i+2, 5); kept != want {
			t.Fatalf("after %d rotations %d refresh tokens are kept, want %d", i+1, kept, want)
		}
		now = now.Add(step)
	}
	now = now.Add(-step)
	if err := rotate(t, s, all[len(all)-6], "unknown", now); !errors.Is(err, grant.ErrNotFound) {
		t.Errorf("reuse after the retention: %v, want %v", err, grant.ErrNotFound)
	}
	if n, err := db.Purge(t.Context(), now.AddDate(10, 0, 0)); err != nil || n != 4 {
		t.Errorf("ten years later %d were deleted, error %v, want 4", n, err)
	}
	if err := rotate(t, s, all[len(all)-1], "late", now.AddDate(10, 0, 0)); err != nil {
		t.Errorf("the newest, ten years later: %v", err)
	}
}

// TestReuseWithinRetention: thirty days after its rotation a token is still
// known for what it is.
func TestReuseWithinRetention(t *testing.T) {
	db := open(t, badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)})
	s := db.Store("erp")
	set, parent, _ := redeem(t, s, consent(t, s, "wiki", "sub-1"), start)
	if err := rotate(t, s, parent, "child", start); err != nil {
		t.Fatal(err)
	}
	at := start.Add(30 * 24 * time.Hour)
	if _, err := db.Purge(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	if err := rotate(t, s, parent, "other", at); !errors.Is(err, grant.ErrReused) {
		t.Errorf("reuse: %v, want %v", err, grant.ErrReused)
	}
	if got, err := s.TokenSet(t.Context(), set.ID); err != nil || got.EndReason != "refresh_reuse" {
		t.Errorf("its token set: %+v, error %v", got, err)
	}
}

func refreshToken(t *testing.T, s grant.Store, hash string) error {
	t.Helper()
	_, _, err := s.RefreshToken(t.Context(), hash)
	return err
}

// TestPurgeOfMany goes through more records than one transaction looks at.
func TestPurgeOfMany(t *testing.T) {
	db := open(t, badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)})
	const codes = 600
	for _, gateway := range []string{"erp", "shop"} {
		s := db.Store(gateway)
		a := consent(t, s, "wiki", "sub-1")
		for i := range codes {
			err := s.IssueCode(t.Context(), grant.Code{
				Hash: grant.HashToken(fmt.Sprint(i)), Authorization: a.ID, Application: "wiki", ExpiresAt: start.Add(time.Minute),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if n, err := db.Purge(t.Context(), start.AddDate(1, 0, 0)); err != nil || n != 2*codes {
		t.Errorf("deleted %d, error %v, want %d", n, err, 2*codes)
	}
}
