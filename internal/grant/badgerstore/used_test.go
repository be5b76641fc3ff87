package badgerstore

import (
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/stored"
)

// The time alone is what versions before the count have written.
func TestUsesOfEarlierVersions(t *testing.T) {
	db, s := openStore(t, Options{})
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a, err := s.Consent(t.Context(), grant.Authorization{ID: grant.NewID(), Application: "wiki", Subject: "sub-1"})
	if err != nil {
		t.Fatal(err)
	}
	set(t, db, s.keys.key(kindUsed, a.ID), string(encode(stored.StampOf(at))))
	s.authorizations.Drop(a.ID)
	expect := func(last time.Time, count int) {
		t.Helper()
		got, err := s.Authorization(t.Context(), a.ID)
		if err != nil || !got.LastUsedAt.Equal(last) || got.Uses != count {
			t.Errorf("last used %v, %d times, error %v; want %v and %d", got.LastUsedAt, got.Uses, err, last, count)
		}
	}
	expect(at, 0)
	s.Used(a.ID, at.Add(time.Hour))
	if err := db.flush(); err != nil {
		t.Fatal(err)
	}
	expect(at.Add(time.Hour), 1)
}

// What a batch could not write counts with the next one.
func TestUsesOutliveAFailedBatch(t *testing.T) {
	db, s := openStore(t, Options{})
	a, err := s.Consent(t.Context(), grant.Authorization{ID: grant.NewID(), Application: "wiki", Subject: "sub-1"})
	if err != nil {
		t.Fatal(err)
	}
	set(t, db, s.keys.key(kindUsed, a.ID), "of a newer version")
	s.Used(a.ID, time.Unix(1, 0))
	if db.flush() == nil {
		t.Fatal("a record of another layout is overwritten")
	}
	set(t, db, s.keys.key(kindUsed, a.ID), string(encodeUses(stored.Uses{Count: 4})))
	s.authorizations.Drop(a.ID)
	if err := db.flush(); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Authorization(t.Context(), a.ID); err != nil || got.Uses != 5 {
		t.Errorf("used %d times, error %v", got.Uses, err)
	}
}

// Whoever lists writes what waits, beside the background and others that list:
// no use is lost or counted twice.
func TestUsesAreWrittenByMany(t *testing.T) {
	db, s := openStore(t, Options{})
	a, err := s.Consent(t.Context(), grant.Authorization{ID: grant.NewID(), Application: "wiki", Subject: "sub-1"})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				s.Used(a.ID, time.Unix(1, 0))
				if _, err := s.Authorizations(t.Context(), grant.AuthorizationQuery{}); err != nil {
					t.Error(err)
				}
				if err := db.flush(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got, err := s.Authorizations(t.Context(), grant.AuthorizationQuery{}); err != nil || got[0].Uses != 160 {
		t.Errorf("used %d times, error %v", got[0].Uses, err)
	}
}
