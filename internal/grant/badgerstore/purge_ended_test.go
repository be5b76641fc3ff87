package badgerstore

import (
	"errors"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// connect makes an authorization with a token set of a code and a refresh
// token, which are named after it.
func connect(t *testing.T, s *store, application string, retain, refreshUntil time.Time) (grant.Authorization, grant.TokenSet) {
	t.Helper()
	a, err := s.Consent(t.Context(), grant.Authorization{
		Application: application, Subject: "sub-1", ConsentedAt: begin,
		Connection: grant.Connection{Kind: grant.Session, Sealed: []byte{1}, Hash: grant.HashToken(application), Since: begin},
	})
	if err != nil {
		t.Fatal(err)
	}
	hash := grant.HashToken("code " + a.ID)
	err = s.IssueCode(t.Context(), grant.Code{
		Hash: hash, Authorization: a.ID, Application: application, IssuedAt: begin, ExpiresAt: begin.Add(time.Minute), RetainUntil: retain,
	})
	if err != nil {
		t.Fatal(err)
	}
	set, _, err := s.RedeemCode(t.Context(), grant.Redemption{
		Hash: hash, Application: application, Now: begin,
		TokenSet: grant.TokenSet{ID: grant.NewID(), CreatedAt: begin},
		Refresh:  grant.RefreshToken{Hash: grant.HashToken("refresh " + a.ID), IssuedAt: begin, ExpiresAt: refreshUntil},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Used(a.ID, begin)
	if err := s.flushUsed(); err != nil {
		t.Fatal(err)
	}
	return a, set
}

// left are all keys of a gateway.
func left(t *testing.T, db *DB, s *store) (all []string) {
	t.Helper()
	err := db.badger.View(func(txn *badger.Txn) error {
		return scan(txn, []byte(s.keys), func(item *badger.Item) error {
			all = append(all, string(item.Key()))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func purge(t *testing.T, db *DB, now time.Time) {
	t.Helper()
	if _, err := db.Purge(t.Context(), now); err != nil {
		t.Fatal(err)
	}
}

// TestPurgeOfRevoked: what was revoked stays for the retention, and then nothing
// of it does: no record, no index, nothing in memory.
func TestPurgeOfRevoked(t *testing.T) {
	db, s := openStore(t, Options{})
	a, set := connect(t, s, "wiki", time.Time{}, time.Time{})
	if err := s.RevokeAuthorization(t.Context(), a.ID, begin); err != nil {
		t.Fatal(err)
	}
	purge(t, db, begin.Add(DefaultRetention))
	if got, err := s.Authorization(t.Context(), a.ID); err != nil || got.Live() { // a cache may now hold it
		t.Fatalf("within the retention: %+v, error %v", got, err)
	}
	if got, err := s.TokenSet(t.Context(), set.ID); err != nil || got.EndReason != "revoked" {
		t.Fatalf("its token set: %+v, error %v", got, err)
	}
	purge(t, db, begin.Add(DefaultRetention+time.Microsecond))
	if got, err := s.Authorization(t.Context(), a.ID); !errors.Is(err, grant.ErrNotFound) {
		t.Errorf("after it: %+v, error %v", got, err)
	}
	if got, err := s.TokenSet(t.Context(), set.ID); !errors.Is(err, grant.ErrNotFound) {
		t.Errorf("its token set: %+v, error %v", got, err)
	}
	purge(t, db, begin.Add(DefaultRetention+time.Hour)) // the code had some life left
	if all := left(t, db, s); len(all) != 0 {
		t.Errorf("left: %q", all)
	}
}

// TestPurgeSparesWhoCameBack: of a person who has connected again the new
// authorization is found as before, and so is that of somebody whose old one is
// not old enough.
func TestPurgeSparesWhoCameBack(t *testing.T) {
	db, s := openStore(t, Options{})
	var came []grant.Authorization
	for _, application := range []string{"wiki", "board"} {
		a, _ := connect(t, s, application, time.Time{}, time.Time{})
		revoked := begin
		if application == "board" {
			revoked = begin.Add(day)
		}
		if err := s.RevokeAuthorization(t.Context(), a.ID, revoked); err != nil {
			t.Fatal(err)
		}
		again, _ := connect(t, s, application, time.Time{}, time.Time{})
		if again.ID == a.ID {
			t.Fatal("a revoked authorization was revived")
		}
		came = append(came, again)
	}
	purge(t, db, begin.Add(DefaultRetention+time.Hour))
	for _, a := range came {
		if got, err := s.FindAuthorization(t.Context(), a.Application, a.Subject, ""); err != nil || got.ID != a.ID {
			t.Errorf("%s: found %+v, error %v", a.Application, got, err)
		}
	}
	for q, want := range map[grant.AuthorizationQuery]int{{}: 2, {Revoked: true}: 3, {Application: "wiki", Revoked: true}: 1, {Subject: "sub-1"}: 2} {
		if got, err := s.Authorizations(t.Context(), q); err != nil || len(got) != want {
			t.Errorf("%+v lists %d, error %v, want %d", q, len(got), err, want)
		}
	}
	if n := count(t, db, s, kindUsed); n != 3 {
		t.Errorf("%d last uses are kept, want 3", n)
	}
}

// TestPurgeKeepsCodesForAudit: such a code outlives its token set and its
// authorization, is refused as used, and goes at its own time.
func TestPurgeKeepsCodesForAudit(t *testing.T) {
	db, s := openStore(t, Options{})
	a, _ := connect(t, s, "wiki", begin.Add(365*day), time.Time{})
	if err := s.RevokeAuthorization(t.Context(), a.ID, begin); err != nil {
		t.Fatal(err)
	}
	purge(t, db, begin.Add(100*day))
	codes, err := s.Codes(t.Context(), grant.CodeQuery{Authorization: a.ID})
	if err != nil || len(codes) != 1 || count(t, db, s, kindTokenSet) != 0 || count(t, db, s, kindAuthorization) != 0 {
		t.Fatalf("%d codes, error %v, keys %q", len(codes), err, left(t, db, s))
	}
	set, _, err := s.RedeemCode(t.Context(), grant.Redemption{Hash: codes[0].Hash, Application: "wiki", Now: begin})
	if !errors.Is(err, grant.ErrConsumed) || set.ID != "" {
		t.Errorf("a replay: %+v, error %v", set, err)
	}
	purge(t, db, begin.Add(365*day))
	if all := left(t, db, s); len(all) != 0 {
		t.Errorf("left: %q", all)
	}
}

// TestPurgeOfExpiredRefreshTokens: a token set whose refresh token came to its
// end is of no more use, though nobody has ended it. The consent stays.
func TestPurgeOfExpiredRefreshTokens(t *testing.T) {
	db, s := openStore(t, Options{})
	a, set := connect(t, s, "wiki", time.Time{}, begin.Add(10*day))
	connect(t, s, "endless", time.Time{}, time.Time{})
	purge(t, db, begin.Add(10*day+DefaultRetention))
	if _, err := s.TokenSet(t.Context(), set.ID); err != nil {
		t.Errorf("within the retention: %v", err)
	}
	if _, _, err := s.RefreshToken(t.Context(), grant.HashToken("refresh "+a.ID)); err != nil {
		t.Errorf("its refresh token: %v", err)
	}
	purge(t, db, begin.Add(10*day+DefaultRetention+time.Microsecond))
	for _, kind := range []string{kindTokenSet, kindRefresh, kindCode, kindSetsOf} {
		if n := count(t, db, s, kind); n != 1 {
			t.Errorf("%d records of kind %s, want that of the endless one", n, kind)
		}
	}
	if got, err := s.FindAuthorization(t.Context(), "wiki", "sub-1", ""); err != nil || got.ID != a.ID || !got.Connection.Live() {
		t.Errorf("the consent: %+v, error %v", got, err)
	}
}

// TestRetentionChanges: another retention counts from the next purge on, for
// what has ended before as well.
func TestRetentionChanges(t *testing.T) {
	db, s := openStore(t, Options{Retention: 90 * day})
	a, _ := connect(t, s, "wiki", time.Time{}, time.Time{})
	if err := s.RevokeAuthorization(t.Context(), a.ID, begin); err != nil {
		t.Fatal(err)
	}
	at := begin.Add(80 * day)
	purge(t, db, at)
	if _, err := s.Authorization(t.Context(), a.ID); err != nil {
		t.Errorf("after 80 of 90 days: %v", err)
	}
	db.SetRetention(day)
	purge(t, db, at)
	if _, err := s.Authorization(t.Context(), a.ID); !errors.Is(err, grant.ErrNotFound) {
		t.Errorf("with a retention of a day: %v", err)
	}
}

// TestPurgeOfKeyRemovals: a key that has ended in Odoo needs no removal, and
// nobody may be left who would notice.
func TestPurgeOfKeyRemovals(t *testing.T) {
	db, s := openStore(t, Options{})
	for name, ends := range map[string]time.Time{"ended": begin, "later": begin.Add(day), "never": {}} {
		if err := s.AddKeyRemoval(t.Context(), grant.KeyRemoval{ID: name, Subject: "sub-1", CreatedAt: begin, KeyEndsAt: ends}); err != nil {
			t.Fatal(err)
		}
	}
	purge(t, db, begin.Add(DefaultRetention+time.Hour))
	all, err := s.KeyRemovals(t.Context(), grant.KeyRemovalQuery{})
	if err != nil || len(all) != 2 || all[0].ID != "later" || all[1].ID != "never" || count(t, db, s, kindRemovalsOf) != 2 {
		t.Errorf("removals %+v, error %v, keys %q", all, err, left(t, db, s))
	}
}
