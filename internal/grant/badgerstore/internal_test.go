package badgerstore

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// TestAnswerIsNotTakenBack: a revocation that is on the disk, while its writer
// has not come to drop what was before from the cache, is told to one; whoever
// reads after that is told no less.
func TestAnswerIsNotTakenBack(t *testing.T) {
	ctx, now := t.Context(), time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for name, tell := range map[string]func(s *store, a grant.Authorization, hash string) error{
		"rotating": func(s *store, _ grant.Authorization, hash string) error {
			_, err := s.Rotate(ctx, grant.Rotation{Hash: hash, Application: "wiki", Now: now, Child: grant.RefreshToken{Hash: grant.HashToken("next")}})
			return err
		},
		"a code": func(s *store, a grant.Authorization, _ string) error {
			return s.IssueCode(ctx, grant.Code{Hash: grant.HashToken("code"), Authorization: a.ID, Application: "wiki", IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
		},
		"a change": func(s *store, a grant.Authorization, _ string) error {
			return s.UpdateConnection(ctx, a.ID, a.Connection.Hash, grant.Connection{Kind: grant.Session})
		},
		"a refresh token": func(s *store, _ grant.Authorization, hash string) error {
			_, set, err := s.RefreshToken(ctx, hash)
			if err == nil && !set.Live() {
				err = grant.ErrEnded
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			db, s := openStore(t, Options{Now: func() time.Time { return now }})
			a, err := s.Consent(ctx, grant.Authorization{
				ID: grant.NewID(), Application: "wiki", Subject: "ann", CreatedAt: now, ConsentedAt: now, Connection: grant.Connection{Kind: grant.Session, Hash: "x", Sealed: []byte("x")},
			})
			if err != nil {
				t.Fatal(err)
			}
			set := grant.TokenSet{ID: grant.NewID(), Application: "wiki", Authorization: a.ID, CreatedAt: now}
			refresh := grant.RefreshToken{Hash: grant.HashToken("refresh"), TokenSet: set.ID, IssuedAt: now}
			if err := db.badger.Update(func(txn *badger.Txn) error {
				return errors.Join(txn.Set(s.keys.key(kindTokenSet, set.ID), encodeTokenSet(set)), txn.Set(s.keys.key(kindRefresh, refresh.Hash), encodeRefresh(refresh)))
			}); err != nil {
				t.Fatal(err)
			}
			if set, err := s.TokenSet(ctx, set.ID); err != nil || !set.Live() { // and it is cached
				t.Fatalf("%+v, %v", set, err)
			}
			if err := db.badger.Update(func(txn *badger.Txn) error {
				return txn.Set(s.keys.key(kindAuthorization, a.ID), encodeAuthorization(a.Revoked(now)))
			}); err != nil {
				t.Fatal(err)
			}
			if err := tell(s, a, refresh.Hash); !errors.Is(err, grant.ErrEnded) {
				t.Fatalf("was told %v", err)
			}
			if set, err := s.TokenSet(ctx, set.ID); err != nil || set.Live() {
				t.Errorf("then %+v, %v", set, err)
			}
		})
	}
}

func openStore(t *testing.T, o Options) (*DB, *store) {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Seal == nil {
		r, err := seal.NewRing(seal.NewKey())
		if err != nil {
			t.Fatal(err)
		}
		o.Seal = r
	}
	db, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, db.Store("erp").(*store)
}

func set(t *testing.T, db *DB, key []byte, value string) {
	t.Helper()
	if err := db.badger.Update(func(txn *badger.Txn) error { return txn.Set(key, []byte(value)) }); err != nil {
		t.Fatal(err)
	}
}

func TestRecordsOfOtherVersions(t *testing.T) {
	db, s := openStore(t, Options{})
	key := func(id string) []byte { return s.keys.key(kindAuthorization, id) }
	set(t, db, key("later"), "\x01"+`{"id":"later","app":"wiki","sub":"sub-1","uid":7,"db":"prod","cn":{"new":1},"added":{"x":[1]}}`)
	if a, err := s.Authorization(t.Context(), "later"); err != nil || a.Application != "wiki" || a.UID != 7 || !a.Live() {
		t.Errorf("a record with fields of a later version: %+v, error %v", a, err)
	}
	for id, value := range map[string]string{
		"newer": "\x02" + `{"id":"newer"}`, "empty": "", "cut": "\x01{", "other": "\x01[]",
	} {
		set(t, db, key(id), value)
		if _, err := s.Authorization(t.Context(), id); !errors.Is(err, grant.ErrUnavailable) || !strings.Contains(err.Error(), id) {
			t.Errorf("%s: error %v, want %v that names the record", id, err, grant.ErrUnavailable)
		}
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	r, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Dir: t.TempDir(), Seal: r}
	db, _ := openStore(t, o)
	set(t, db, []byte(formatKey), "\x01"+`{"format":2,"epoch":"x"}`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "has format 2") {
		t.Errorf("error %v", err)
	}
}

// TestDamagedIndexMisleadsNobody: indexes are judged by their records.
func TestDamagedIndexMisleadsNobody(t *testing.T) {
	db, s := openStore(t, Options{})
	consent := func(subject string) grant.Authorization {
		a, err := s.Consent(t.Context(), grant.Authorization{
			Application: "wiki", Subject: subject,
			Connection: grant.Connection{Kind: grant.Session, Sealed: []byte("x"), Hash: grant.HashToken(subject)},
		})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a, b := consent("sub-1"), consent("sub-2")
	set(t, db, s.keys.index(kindSession, a.Connection.Hash, b.ID), "")
	set(t, db, s.keys.index(kindSession, a.Connection.Hash, "gone"), "")
	set(t, db, s.keys.index(kindSubject, a.Subject, b.ID), "")
	set(t, db, s.keys.live(a.Key()), b.ID)
	if all, err := s.AuthorizationsBySession(t.Context(), a.Connection.Hash); err != nil || len(all) != 1 || all[0].ID != a.ID {
		t.Errorf("by session: %+v, error %v", all, err)
	}
	if all, err := s.AuthorizationsBySubject(t.Context(), a.Subject); err != nil || len(all) != 1 || all[0].ID != a.ID {
		t.Errorf("by subject: %+v, error %v", all, err)
	}
	if found, err := s.FindAuthorization(t.Context(), "wiki", "sub-1", ""); !errors.Is(err, grant.ErrNotFound) {
		t.Errorf("found %+v, error %v", found, err)
	}
}

// TestAnswersAreNoFailures: outcome passes a Store's own errors and makes
// ErrUnavailable of the rest.
func TestAnswersAreNoFailures(t *testing.T) {
	db, _ := openStore(t, Options{})
	for _, err := range answers {
		if got := db.outcome(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
	for _, err := range []error{badger.ErrDBClosed, badger.ErrBlockedWrites, badger.ErrConflict, badger.ErrTxnTooBig, errors.New("disk on fire")} {
		if got := db.outcome(err); !errors.Is(got, grant.ErrUnavailable) || !errors.Is(got, err) {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestBlockedWritesAreUnavailable(t *testing.T) {
	db, s := openStore(t, Options{})
	a, err := s.Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: "sub-1"})
	if err != nil {
		t.Fatal(err)
	}
	// Badger under us is closed, as after a failure of its own.
	if err := db.badger.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeAuthorization(t.Context(), a.ID, a.CreatedAt); !errors.Is(err, grant.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}

// TestWritesAreSynced: no test without a power switch could see it otherwise.
func TestWritesAreSynced(t *testing.T) {
	db, _ := openStore(t, Options{})
	o := db.badger.Opts()
	if !o.SyncWrites || !o.DetectConflicts {
		t.Errorf("writes synced: %v, conflicts detected: %v", o.SyncWrites, o.DetectConflicts)
	}
}

// TestRevokedLeaveTheLiveListings: a page of live authorizations must not read
// past all that was ever revoked.
func TestRevokedLeaveTheLiveListings(t *testing.T) {
	db, s := openStore(t, Options{})
	entries := func() int { return count(t, db, s, kindListed) + count(t, db, s, kindSubject) }
	a, err := s.Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: "sub-1"})
	if err != nil {
		t.Fatal(err)
	}
	if n := entries(); n != 3 {
		t.Fatalf("a live authorization is listed at %d places, want 3", n)
	}
	if err := s.RevokeAuthorization(t.Context(), a.ID, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if n := entries(); n != 0 {
		t.Errorf("a revoked authorization is listed at %d places", n)
	}
}

// Answers of the store are no failures; what Badger can not do is one.
func TestFailuresAreCounted(t *testing.T) {
	db := &DB{log: zap.NewNop()}
	for _, err := range []error{nil, grant.ErrNotFound, grant.ErrUnavailable} {
		_ = db.outcome(err)
	}
	if n := db.failures.Load(); n != 0 {
		t.Errorf("%d answers count as failures", n)
	}
	_ = db.outcome(errors.New("disk is broken"))
	db.reported("writing", func() error { return errors.New("disk is broken") })
	if n := db.failures.Load(); n != 2 {
		t.Errorf("%d failures were counted", n)
	}
}
