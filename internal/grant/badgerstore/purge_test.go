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
	long := start.Add(badgerstore.Retention + time.Hour)

	a := consent(t, s, "wiki", "sub-1")
	live, rotated, consumed := redeem(t, s, a, start)
	if _, err := s.Rotate(ctx, grant.Rotation{Hash: rotated, Application: "wiki", Now: start, Child: grant.RefreshToken{Hash: grant.HashToken("child")}}); err != nil {
		t.Fatal(err)
	}
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

	if n, err := db.Purge(ctx, start.Add(time.Hour)); err != nil || n != 0 {
		t.Fatalf("a purge within the retention deleted %d, error %v", n, err)
	}
	// The unused code, and code and refresh token of each set that ended long ago.
	if n, err := db.Purge(ctx, long); err != nil || n != 5 {
		t.Errorf("deleted %d, error %v, want 5", n, err)
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
	// Token sets and authorizations are what a lost deletion would meet.
	for _, id := range []string{ended.ID, revoked.ID} {
		if set, err := s.TokenSet(ctx, id); err != nil || set.Live() {
			t.Errorf("ended token set: %+v, error %v", set, err)
		}
	}
	if got, err := s.Authorization(ctx, b.ID); err != nil || got.Live() {
		t.Errorf("revoked authorization: %+v, error %v", got, err)
	}
	// However old: reuse of a rotated token and replay of a code are still seen.
	if _, err := s.Rotate(ctx, grant.Rotation{Hash: rotated, Application: "wiki", Now: long}); !errors.Is(err, grant.ErrReused) {
		t.Errorf("the rotated token: %v", err)
	}
	if set, err := s.TokenSet(ctx, live.ID); err != nil || set.Live() {
		t.Errorf("its token set: %+v, error %v", set, err)
	}
	if err := redeemAgain(consumed); !errors.Is(err, grant.ErrConsumed) {
		t.Errorf("the consumed code: %v", err)
	}
	if err := redeemAgain(valid); errors.Is(err, grant.ErrNotFound) {
		t.Errorf("a code that is still valid: %v", err)
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
