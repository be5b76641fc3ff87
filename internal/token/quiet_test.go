package token_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/token"
)

// TestQuietDayWritesNothing: looking at the store is a reading a minute, and
// what verifies meanwhile costs none.
func TestQuietDayWritesNothing(t *testing.T) {
	s := newShop(t)
	keys := s.open(token.EdDSA)
	raw, writes := s.sign(keys, token.MaxLife), s.store.writes
	for range 10 {
		s.now.Advance(token.RefreshEvery)
		_ = keys.JWKS()
		before := s.store.asked()
		for range 3 {
			s.now.Advance(2 * time.Second)
			keys.ForgetVerified()
			s.accepts("a token of a known key", keys, raw)
		}
		if got := s.store.asked() - before; got != 0 {
			t.Fatalf("a known key made the store be asked %d times", got)
		}
	}
	if got := s.store.writes - writes; got != 0 {
		t.Errorf("%d writes where nothing was due", got)
	}
}

func TestStoreThatKeepsNothingIsRefused(t *testing.T) {
	_, err := token.Open(t.Context(), token.Config{
		Issuer: issuer, Audience: audience, Algorithm: token.EdDSA, Store: &keyStore{forgets: true}, Seal: newRing(t),
	})
	if err == nil || !strings.Contains(err.Error(), "keeps no signing key") {
		t.Errorf("error %v", err)
	}
}

// TestRotationsOfTwoAlgorithms: a key that waits for its turn stands in the way
// of its own algorithm's rotations alone, and only while no end is set for it.
func TestRotationsOfTwoAlgorithms(t *testing.T) {
	s := newShop(t)
	ed, rsa := s.open(token.EdDSA), s.open(token.RS256)
	first, err := ed.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if kid, err := ed.Rotate(t.Context()); kid != first || !errors.Is(err, token.ErrRotating) {
		t.Errorf("a second rotation: %q, %v, want %q and ErrRotating", kid, err, first)
	}
	second, err := rsa.Rotate(t.Context()) // gives all others their end
	if err != nil || second == first {
		t.Fatalf("the other algorithm's rotation: %q, %v", second, err)
	}
	if kid, err := ed.Rotate(t.Context()); err != nil || kid == first || kid == second {
		t.Errorf("after it: %q, %v", kid, err)
	}
}

// TestReplaceEndsAKeyThatCameMeanwhile, unless it is the only one: then others
// have replaced the keys, and theirs is as good.
func TestReplaceEndsAKeyThatCameMeanwhile(t *testing.T) {
	for _, came := range []int{1, 2} {
		s := newShop(t)
		keys := s.open(token.EdDSA)
		var theirs []string
		s.store.meanwhile = func() {
			other := newShop(t)
			other.store, other.seal = &keyStore{}, s.seal
			made := other.open(token.EdDSA)
			if came == 2 {
				if _, err := made.Rotate(t.Context()); err != nil {
					t.Error(err)
				}
			}
			theirs = other.stored()
			s.store.mu.Lock()
			defer s.store.mu.Unlock()
			s.store.keys = append([]grant.SigningKey(nil), other.store.keys...)
		}
		kid, err := keys.Replace(t.Context())
		if err != nil || len(theirs) != came {
			t.Fatalf("%q, %v, theirs %v", kid, err, theirs)
		}
		if got := s.stored(); !slices.Equal(got, []string{kid}) || slices.Contains(theirs, kid) != (came == 1) {
			t.Errorf("%d came meanwhile (%v): %q stands, stored %v", came, theirs, kid, got)
		}
	}
}

// TestTokenAtTheSizeLimit: what Sign makes is what Verify takes, to the byte.
func TestTokenAtTheSizeLimit(t *testing.T) {
	keys := newShop(t).open(token.EdDSA)
	longest := ""
	for n := token.MaxSize / 2; ; n++ {
		c := claims()
		c.Subject = strings.Repeat("x", n)
		raw, err := keys.Sign(c)
		if err != nil {
			break
		}
		longest = raw
	}
	if len(longest) != token.MaxSize {
		t.Errorf("the longest token that is signed has %d bytes of %d", len(longest), token.MaxSize)
	}
	if _, err := keys.Verify(longest); err != nil {
		t.Error(err)
	}
}
