package badgerstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/trail"
	"github.com/caddy-odoo/gateway/internal/seal"
)

var (
	chainStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	chainUntil = chainStart.Add(1000 * 24 * time.Hour) // beyond the wall clock's now, too
)

func testRing(t *testing.T) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func chainOf(t *testing.T, s *store, n int) {
	t.Helper()
	for i := range n {
		s.Audit(audit.Event{Time: chainStart.Add(time.Duration(i) * time.Second), Kind: audit.Consent, Subject: fmt.Sprint(i)}, chainUntil)
		if i%3 == 0 {
			if err := s.flushTrail(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.flushTrail(); err != nil {
		t.Fatal(err)
	}
}

func verify(t *testing.T, s *store) grant.AuditVerdict {
	t.Helper()
	v, err := s.VerifyAudit(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// kept are the keys of the trail, the newest first, with their records.
func kept(t *testing.T, db *DB, s *store) (keys, values [][]byte) {
	t.Helper()
	err := db.badger.View(func(txn *badger.Txn) error {
		opts := badger.DefaultIteratorOptions
		opts.Prefix = s.keys.key(kindAudit, "")
		it := txn.NewIterator(opts)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			keys = append(keys, it.Item().KeyCopy(nil))
			v, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			values = append(values, v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys, values
}

// An event may come to its end between the moment that is asked about and the
// one in which the trail is read.
func TestAuditTrailEndsWhileItIsVerified(t *testing.T) {
	_, s := openStore(t, Options{})
	for i, until := range []time.Time{chainStart, chainUntil} {
		s.Audit(audit.Event{Time: chainStart.Add(time.Duration(i)), Kind: audit.Consent}, until)
	}
	v, err := s.VerifyAudit(t.Context(), chainStart.Add(-time.Minute))
	if err != nil || v.Verified != 1 || v.Broken != 0 {
		t.Errorf("verified %+v, error %v", v, err)
	}
}

// Whoever changes the trail in the store, without the sealing key, is found out.
func TestAuditTrailShowsTampering(t *testing.T) {
	const n = 10
	write := func(txn *badger.Txn, key, value []byte) error {
		e := badger.NewEntry(key, value)
		e.ExpiresAt = trail.Expiry(chainUntil)
		return txn.SetEntry(e)
	}
	remove := func(at ...int) func(*badger.Txn, [][]byte, [][]byte, *store) error {
		return func(txn *badger.Txn, keys, _ [][]byte, _ *store) error {
			for _, i := range at {
				if err := txn.Delete(keys[i]); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		tamper   func(txn *badger.Txn, keys, values [][]byte, s *store) error
		want     []string
		verified int
	}{
		"nothing": {func(*badger.Txn, [][]byte, [][]byte, *store) error { return nil }, nil, n},
		"one is another": {func(txn *badger.Txn, keys, values [][]byte, _ *store) error {
			return write(txn, keys[4], bytes.Replace(values[4], []byte("consent"), []byte("denied_"), 1))
		}, []string{grant.AuditChanged}, n - 1},
		"one lives longer": {func(txn *badger.Txn, keys, values [][]byte, _ *store) error {
			e := badger.NewEntry(keys[4], values[4])
			e.ExpiresAt = trail.Expiry(chainUntil.Add(time.Hour))
			return txn.SetEntry(e)
		}, []string{grant.AuditChanged}, n - 1},
		"one is twice": {func(txn *badger.Txn, keys, values [][]byte, _ *store) error {
			return write(txn, append(slices.Clone(keys[4]), 'x'), values[4])
		}, []string{grant.AuditChanged}, n},
		"two have changed places": {func(txn *badger.Txn, keys, values [][]byte, _ *store) error {
			if err := write(txn, keys[4], values[5]); err != nil {
				return err
			}
			return write(txn, keys[5], values[4])
		}, []string{grant.AuditChanged, grant.AuditChanged}, n - 2},
		"one is gone":        {remove(4), []string{grant.AuditMissing}, n - 1},
		"some are gone":      {remove(4, 5, 8), []string{grant.AuditMissing, grant.AuditMissing}, n - 3},
		"the newest is gone": {remove(0), []string{grant.AuditMissing}, n - 1},
		"the oldest is gone": {remove(n - 1), []string{grant.AuditMissing}, n - 1},
		"all are gone":       {remove(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), []string{grant.AuditMissing}, 0},
		"the newest are gone, and the end": {func(txn *badger.Txn, keys, values [][]byte, s *store) error {
			if err := txn.Delete(s.endKey()); err != nil {
				return err
			}
			return remove(0, 1)(txn, keys, values, s)
		}, []string{grant.AuditMissing}, n - 2},
		"one is without a link": {func(txn *badger.Txn, keys, values [][]byte, _ *store) error {
			_, text, _ := trail.Cut(values[4])
			return write(txn, keys[4], text)
		}, []string{grant.AuditForeign, grant.AuditMissing}, n - 1},
		"the end is another gateway's": {func(txn *badger.Txn, _, _ [][]byte, s *store) error {
			sealed := s.db.opts.Seal.Seal(encode(trail.End{Number: 3}), "audit trail end\x00other/")
			return txn.Set(s.endKey(), sealed)
		}, []string{"error"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			db, s := openStore(t, Options{})
			chainOf(t, s, n)
			keys, values := kept(t, db, s)
			if len(keys) != n {
				t.Fatalf("%d events", len(keys))
			}
			if err := db.badger.Update(func(txn *badger.Txn) error { return c.tamper(txn, keys, values, s) }); err != nil {
				t.Fatal(err)
			}
			got, err := s.VerifyAudit(t.Context(), time.Now())
			if err != nil {
				if !slices.Equal(c.want, []string{"error"}) {
					t.Fatal(err)
				}
				return
			}
			var found []string
			for _, f := range got.Findings {
				found = append(found, f.What)
			}
			if !slices.Equal(found, c.want) || got.Broken != len(c.want) || got.Verified != c.verified || got.Unlinked != 0 {
				t.Errorf("%+v, want %v and %d", got, c.want, c.verified)
			}
		})
	}
}

// Events that come to their end leave no gap that anybody is blamed for, the
// trail goes on over restarts, and what earlier versions have written stays.
func TestAuditTrailIsVerified(t *testing.T) {
	o := Options{Dir: t.TempDir(), Seal: testRing(t)}
	db, s := openStore(t, o)
	old := s.placed(audit.Event{Time: chainStart.Add(-time.Hour), Kind: audit.Consent}, chainUntil)
	set(t, db, s.keys.key(kindAudit, old.place), string(old.text))
	chainOf(t, s, 4)
	s.Audit(audit.Event{Time: chainStart.Add(time.Hour), Kind: audit.Consent}, time.Now().Add(-time.Hour)) // has come to its end
	chainOf(t, s, 2)
	want := grant.AuditVerdict{Verified: 6, Unlinked: 1, Begins: chainStart}
	if got := verify(t, s); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, s = openStore(t, o)
	chainOf(t, s, 2)
	want.Verified = 8
	if got := verify(t, s); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("after a restart %+v, want %+v", got, want)
	}
	// A crash between the events and the record of the end.
	var before []byte
	if err := db.badger.View(func(txn *badger.Txn) error {
		return get(txn, s.endKey(), func(v []byte) error { before = bytes.Clone(v); return nil })
	}); err != nil {
		t.Fatal(err)
	}
	chainOf(t, s, 1)
	set(t, db, s.endKey(), string(before))
	s.trail.end = nil
	chainOf(t, s, 1)
	want.Verified = 10
	if got := verify(t, s); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("after a crash %+v, want %+v", got, want)
	}
	other := db.Store("other").(*store)
	if got := verify(t, other); got.Verified+got.Unlinked+got.Broken != 0 {
		t.Errorf("another gateway's trail: %+v", got)
	}
}

// Where somebody has taken the record of the end away, the trail goes on behind
// a gap, and the gap stays.
func TestAuditTrailShowsThatItsEndWasTaken(t *testing.T) {
	o := Options{Dir: t.TempDir(), Seal: testRing(t)}
	db, s := openStore(t, o)
	chainOf(t, s, 5)
	keys, _ := kept(t, db, s)
	if err := db.badger.Update(func(txn *badger.Txn) error {
		return errors.Join(txn.Delete(s.endKey()), txn.Delete(keys[0]))
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, s = openStore(t, o)
	chainOf(t, s, 2)
	if got := verify(t, s); got.Verified != 6 || got.Broken != 1 || got.Findings[0].What != grant.AuditMissing {
		t.Errorf("%+v", got)
	}
}

// A backup takes the links along.
func TestAuditTrailIsVerifiedAfterARestore(t *testing.T) {
	ring := testRing(t)
	db, s := openStore(t, Options{Seal: ring})
	chainOf(t, s, 5)
	dir := t.TempDir()
	err := Import(Options{Dir: dir, Seal: ring}, nil, grant.Filling{
		Feed: func(put func(grant.Record) error) error { return db.Export(context.Background(), put) },
		Last: func(gateway string) grant.KeptEvent {
			e := audit.Event{Time: chainStart, Kind: audit.StoreRestored, Gateway: gateway}
			return grant.KeptEvent{AuditEntry: grant.AuditEntry{Event: e}, Until: chainUntil}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, restored := openStore(t, Options{Dir: dir, Seal: ring})
	if got := verify(t, restored); got.Verified != 6 || got.Broken+got.Unlinked != 0 {
		t.Errorf("right after it %+v", got)
	}
	page, err := restored.AuditTrail(t.Context(), grant.AuditQuery{})
	if err != nil || len(page.Entries) != 6 || page.Entries[0].Event.Kind != audit.StoreRestored || page.Entries[0].Event.Gateway != "erp" {
		t.Errorf("the trail is %+v, error %v", page, err)
	}
	chainOf(t, restored, 2)
	if got := verify(t, restored); got.Verified != 8 || got.Broken+got.Unlinked != 0 {
		t.Errorf("%+v", got)
	}
}

// Whoever takes the whole trail away, with the record of its end, is found out by
// when it begins; so it is not where the first event has come to its end.
func TestAuditTrailBegins(t *testing.T) {
	o := Options{Dir: t.TempDir(), Seal: testRing(t)}
	db, s := openStore(t, o)
	chainOf(t, s, 5)
	keys, _ := kept(t, db, s)
	if err := db.badger.Update(func(txn *badger.Txn) error {
		for _, k := range append(keys, s.endKey()) {
			if err := txn.Delete(k); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, s = openStore(t, o)
	later := chainStart.AddDate(0, 1, 0)
	s.Audit(audit.Event{Time: later, Kind: audit.Consent}, chainUntil)
	if got := verify(t, s); got.Verified != 1 || !got.Begins.Equal(later) {
		t.Errorf("begun anew: %+v", got)
	}

	_, s = openStore(t, Options{Dir: t.TempDir(), Seal: testRing(t)})
	s.Audit(audit.Event{Time: chainStart, Kind: audit.Consent}, time.Now().Add(-time.Hour))
	chainOf(t, s, 2)
	if got := verify(t, s); got.Verified != 2 || got.Broken != 0 || !got.Begins.IsZero() {
		t.Errorf("the first has come to its end: %+v", got)
	}
}
