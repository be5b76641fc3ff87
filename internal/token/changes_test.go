package token_test

import (
	"errors"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/token"
)

// tellingStore is one that hears of what others do to the keys.
type tellingStore struct {
	*keyStore
	changes uint64
}

func (s *tellingStore) SigningKeysChanges() uint64 { return s.changes }

// TestChangesThatTheStoreHearsOf: keys that somebody has replaced elsewhere are
// refused at once, and a store that fails at that moment is asked again a second
// later, not by every token.
func TestChangesThatTheStoreHearsOf(t *testing.T) {
	s := newShop(t)
	telling := &tellingStore{keyStore: s.store}
	here, err := token.Open(t.Context(), token.Config{
		Issuer: issuer, Audience: audience, Store: telling, Seal: s.seal, Now: s.now.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := s.open(token.RS256)
	old := s.sign(here, time.Hour)
	s.accepts("before", here, old)
	if _, err := elsewhere.Replace(t.Context()); err != nil {
		t.Fatal(err)
	}
	reads := s.store.reads
	s.accepts("while nobody has told", here, old)
	if s.store.reads != reads {
		t.Error("the store is asked although nothing has changed")
	}
	telling.changes++
	s.store.fail = errors.New("away")
	for range 3 {
		s.accepts("while the store fails", here, old)
	}
	if s.store.reads != reads+1 {
		t.Errorf("a store that fails is asked %d times at once", s.store.reads-reads)
	}
	s.store.fail = nil
	s.now.Advance(time.Second)
	if _, err := here.Verify(old); err == nil {
		t.Error("a key that was replaced is accepted")
	}
	s.accepts("the new one", here, s.sign(elsewhere, time.Hour))
}
