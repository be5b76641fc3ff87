package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// TestPurgeOfKeptCodes: a code is listed until its RetainUntil and not longer.
// Its record goes then too, but for that of a token set that lives: it is what
// a replay is recognized by.
func TestPurgeOfKeptCodes(t *testing.T) {
	db, s := openStore(t, Options{})
	a, err := s.Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: "sub-1", ConsentedAt: begin})
	if err != nil {
		t.Fatal(err)
	}
	issue := func(name string, retain time.Duration) {
		t.Helper()
		err := s.IssueCode(t.Context(), grant.Code{
			Hash: grant.HashToken(name), Authorization: a.ID, Application: "wiki",
			IssuedAt: begin, ExpiresAt: begin.Add(2 * time.Hour), RetainUntil: begin.Add(retain),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	redeem := func(name string, now time.Time, check error) (grant.TokenSet, error) {
		set, _, err := s.RedeemCode(t.Context(), grant.Redemption{
			Hash: grant.HashToken(name), Application: "wiki", Now: now, Check: func(grant.Code) error { return check },
			TokenSet: grant.TokenSet{ID: grant.NewID(), CreatedAt: now}, Refresh: grant.RefreshToken{Hash: grant.HashToken("refresh " + name)},
		})
		return set, err
	}
	issue("hour", time.Hour) // shorter than the code's own life
	issue("unused", 90*day)
	issue("burnt", 90*day)
	issue("live", 90*day)
	issue("ended", 90*day)
	if _, err := redeem("burnt", begin, errors.New("wrong verifier")); !errors.Is(err, grant.ErrBurnt) {
		t.Fatal(err)
	}
	live, err := redeem("live", begin, nil)
	if err != nil {
		t.Fatal(err)
	}
	ended, err := redeem("ended", begin, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.EndTokenSet(t.Context(), ended.ID, "revoked", begin.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}

	for _, test := range []struct {
		after           time.Duration
		listed, records int
		entries         int // in the listings
	}{
		{0, 5, 5, 15},
		{90 * time.Minute, 4, 5, 12}, // its time for audit is over, but it can be redeemed
		{2 * time.Hour, 4, 4, 12},
		{90*day - time.Microsecond, 4, 4, 12},
		{90 * day, 0, 1, 0},
		{3650 * day, 0, 1, 0},
	} {
		if _, err := db.Purge(t.Context(), begin.Add(test.after)); err != nil {
			t.Fatal(err)
		}
		codes, err := s.Codes(t.Context(), grant.CodeQuery{})
		if err != nil {
			t.Fatal(err)
		}
		if len(codes) != test.listed {
			t.Errorf("after %v %d codes are listed, want %d", test.after, len(codes), test.listed)
		}
		if n := count(t, db, s, kindCode); n != test.records {
			t.Errorf("after %v there are %d codes, want %d", test.after, n, test.records)
		}
		if n := count(t, db, s, kindAuditCode); n != test.entries {
			t.Errorf("after %v there are %d entries of listings, want %d", test.after, n, test.entries)
		}
	}
	if _, err := redeem("live", begin.Add(3650*day), nil); !errors.Is(err, grant.ErrConsumed) {
		t.Errorf("a replay after the code's time: %v, want %v", err, grant.ErrConsumed)
	}
	if got, err := s.TokenSet(t.Context(), live.ID); err != nil || got.EndReason != "code_replay" {
		t.Errorf("its token set: %+v, error %v", got, err)
	}
}

// TestPurgeOfExpiredTokenSets: a set without refresh tokens goes with its last
// access token, out of memory too, and nothing of it stays.
func TestPurgeOfExpiredTokenSets(t *testing.T) {
	db, s := openStore(t, Options{})
	a, err := s.Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: "client:1", ConsentedAt: begin})
	if err != nil {
		t.Fatal(err)
	}
	const sets = purgeBatch + 10
	id := func(i int) string { return fmt.Sprintf("%022d", i) }
	for i := range sets {
		err := s.IssueTokenSet(t.Context(), grant.TokenSet{
			ID: id(i), Authorization: a.ID, CreatedAt: begin, ExpiresAt: begin.Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.EndTokenSet(t.Context(), id(1), "revoked", begin); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Purge(t.Context(), begin.Add(time.Hour-time.Microsecond)); err != nil || n != 0 {
		t.Fatalf("before their end %d were deleted, error %v", n, err)
	}
	for _, i := range []int{0, 1} { // a cache may now hold them
		if _, err := s.TokenSet(t.Context(), id(i)); err != nil {
			t.Fatal(err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.purge(cancelled, begin.Add(time.Hour)); !errors.Is(err, context.Canceled) || count(t, db, s, kindTokenSet) != sets {
		t.Errorf("a purge goes on behind its first batch although it is cancelled: error %v", err)
	}
	if n, err := db.Purge(t.Context(), begin.Add(time.Hour)); err != nil || n != sets {
		t.Errorf("at their end %d were deleted, error %v, want %d", n, err, sets)
	}
	for _, i := range []int{0, 1} {
		if set, err := s.TokenSet(t.Context(), id(i)); !errors.Is(err, grant.ErrNotFound) {
			t.Errorf("a purged token set: %+v, error %v", set, err)
		}
	}
	if n := count(t, db, s, kindTokenSet) + count(t, db, s, kindSetsOf); n != 0 {
		t.Errorf("%d keys are left of them", n)
	}
	if got, err := s.Authorization(t.Context(), a.ID); err != nil || !got.Live() {
		t.Errorf("their authorization: %+v, error %v", got, err)
	}
}

func count(t *testing.T, db *DB, s *store, kind string) (n int) {
	t.Helper()
	err := db.badger.View(func(txn *badger.Txn) error {
		return scan(txn, s.keys.key(kind, ""), func(*badger.Item) error { n++; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
