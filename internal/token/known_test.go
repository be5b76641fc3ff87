package token_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/token"
)

func forgedKid(i int) string {
	kid := fmt.Sprintf("%043d", i)
	return b64(fmt.Appendf(nil, `{"alg":"RS256","typ":"at+jwt","kid":%q}`, kid)) + ".e30." + b64(make([]byte, 256))
}

// TestUnknownKeysAskTheStoreSeldom: whoever sends tokens of random keys gets
// one reading a second out of it, and of text that is no key's id none.
func TestUnknownKeysAskTheStoreSeldom(t *testing.T) {
	s := newShop(t)
	s.store.slow = true
	keys := s.open(token.EdDSA)
	before := s.store.asked()
	expect := func(what string, want int) {
		t.Helper()
		if got := s.store.asked() - before; got != want {
			t.Errorf("%s: the store was asked %d times, want %d", what, got, want)
		}
	}
	flood := func() {
		var done sync.WaitGroup
		for w := range 16 {
			done.Go(func() {
				for i := range 50 {
					if _, err := keys.Verify(forgedKid(w*50 + i)); !errors.Is(err, token.ErrInvalid) {
						t.Errorf("error %v", err)
					}
				}
			})
		}
		done.Wait()
	}
	flood()
	expect("just after the start", 0)
	s.now.Advance(time.Second)
	refused(t, keys, strings.Replace(forgedKid(1), b64(fmt.Appendf(nil, `{"alg":"RS256","typ":"at+jwt","kid":%q}`, fmt.Sprintf("%043d", 1))),
		b64([]byte(`{"alg":"RS256","typ":"at+jwt","kid":"../../dev/null"}`)), 1), "unknown key")
	expect("text that is no id", 0)
	flood()
	expect("a second later", 1)
	s.store.set(errors.New("disk on fire"))
	s.now.Advance(time.Second)
	flood()
	expect("with a store that fails", 2)
}

// TestOutageOfTheStoreEndsNoKey: what was known stays known.
func TestOutageOfTheStoreEndsNoKey(t *testing.T) {
	s := newShop(t)
	keys := s.open(token.EdDSA)
	kid := kidIn(t, s.sign(keys, time.Hour))
	s.store.set(errors.New("disk on fire"))
	before := s.store.asked()
	const minutes = 10
	for range minutes {
		s.now.Advance(token.RefreshEvery)
		for range 20 {
			raw := s.sign(keys, time.Hour)
			s.accepts("during the outage", keys, raw)
			if got := published(t, keys); !slices.Equal(got, []string{kid}) || kidIn(t, raw) != kid {
				t.Fatalf("published %v, want %v", got, kid)
			}
		}
	}
	if got := s.store.asked() - before; got != minutes {
		t.Errorf("the store was asked %d times in %d minutes", got, minutes)
	}
	s.store.set(nil)
	next, err := s.open(token.EdDSA).Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.now.Advance(token.RefreshEvery)
	if got := published(t, keys); !slices.Equal(got, []string{kid, next}) {
		t.Errorf("after the outage %v are published, want %v and %v", got, kid, next)
	}
}

// TestClockSetBack: a gateway whose clock was wrong when it made its keys
// signs and verifies on.
func TestClockSetBack(t *testing.T) {
	s := newShop(t)
	keys := s.open(token.EdDSA)
	first := kidIn(t, s.sign(keys, time.Hour))
	if _, err := keys.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.now.Advance(-100 * 24 * time.Hour)
	for _, keys := range []*token.Keys{keys, s.open(token.EdDSA)} {
		raw := s.sign(keys, time.Hour)
		if got := kidIn(t, raw); got != first {
			t.Errorf("%v signs, want the first one, %v", got, first)
		}
		s.accepts("its token", keys, raw)
	}
	if got := s.stored(); len(got) != 2 {
		t.Errorf("stored %v", got)
	}
	kid, err := s.open(token.EdDSA).Replace(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.now.Advance(token.RefreshEvery)
	if got := published(t, keys); !slices.Equal(got, []string{kid}) {
		t.Errorf("%v are published, want what the others have replaced it by, %v", got, kid)
	}
}

// TestAlgorithmIsChanged goes from RS256 to EdDSA by a reload, and back.
func TestAlgorithmIsChanged(t *testing.T) {
	s := newShop(t)
	before := s.open("")
	old := s.sign(before, token.MaxLife)
	s.now.Advance(time.Hour)
	after := s.open(token.EdDSA)
	fresh := s.sign(after, time.Hour)
	if !strings.HasPrefix(fresh, b64([]byte(`{"alg":"EdDSA"`))[:16]) || kidIn(t, fresh) == kidIn(t, old) {
		t.Errorf("the new configuration signs with %v", kidIn(t, fresh))
	}
	s.accepts("a token from before", after, old)
	// Requests that the old configuration still serves.
	s.accepts("a new token at the old configuration", before, fresh)
	s.accepts("its own", before, s.sign(before, time.Hour))
	for range 60 {
		s.now.Advance(token.RefreshEvery)
		_, _ = before.JWKS(), after.JWKS()
	}
	if got := s.stored(); len(got) != 2 {
		t.Fatalf("%d keys while both configurations serve, want 2", len(got))
	}
	last := s.sign(before, token.MaxLife) // the last that it may sign
	s.accepts("the old configuration's last", after, last)
	s.now.Advance(token.MaxLife - time.Second)
	s.accepts("the old configuration's last, before its end", after, last)
	s.now.Advance(time.Hour)
	if got := published(t, after); !slices.Equal(got, []string{kidIn(t, fresh)}) || len(s.stored()) != 1 {
		t.Errorf("published %v, stored %v, want the new key alone", got, s.stored())
	}

	back := s.open(token.RS256)
	raw := s.sign(back, time.Hour)
	if got := kidIn(t, raw); got == kidIn(t, old) || got == kidIn(t, fresh) {
		t.Errorf("back at RS256 %v signs, which has ended", got)
	}
	s.now.Advance(time.Second)
	s.accepts("a new token at the EdDSA configuration", after, raw)
}

// TestRefusedConfigurationEndsNoKey: a reload that opened its keys and failed
// later leaves the running configuration's alone for ever.
func TestRefusedConfigurationEndsNoKey(t *testing.T) {
	s := newShop(t)
	running := s.open(token.EdDSA)
	kid := kidIn(t, s.sign(running, time.Hour))
	s.now.Advance(time.Hour)
	s.open(token.RS256)
	for range 100 {
		s.now.Advance(24 * time.Hour)
		raw := s.sign(running, time.Hour)
		if got := kidIn(t, raw); got != kid {
			t.Fatalf("%v signs, want %v", got, kid)
		}
	}
	// The next rotation ends what it left.
	if _, err := running.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.now.Advance(token.PrePublish + token.MaxLife + time.Hour)
	if got := published(t, running); len(got) != 1 {
		t.Errorf("published %v, want the rotated key alone", got)
	}
}

// TestOldConfigurationThatLivesOn: whose keys were ended by a newer one makes
// itself a key rather than fail.
func TestOldConfigurationThatLivesOn(t *testing.T) {
	s := newShop(t)
	before := s.open(token.RS256)
	s.now.Advance(time.Hour)
	after := s.open(token.EdDSA)
	s.now.Advance(2 * token.RefreshEvery)
	_ = after.JWKS() // which ends the RSA key
	s.now.Advance(2 * time.Hour)
	raw := s.sign(before, token.MaxLife)
	s.accepts("its token at the new configuration", after, raw)
	s.now.Advance(token.MaxLife - time.Second)
	s.accepts("its token before its end", after, raw)
}

func TestOpenRefusesUnknownAlgorithms(t *testing.T) {
	s := newShop(t)
	for _, algorithm := range []string{"none", "HS256", "RS512", "ES256", "eddsa", "Ed25519"} {
		_, err := token.Open(t.Context(), token.Config{
			Issuer: issuer, Audience: audience, Algorithm: algorithm, Store: s.store, Seal: s.seal, Now: s.now.Now,
		})
		if err == nil || !strings.Contains(err.Error(), algorithm) {
			t.Errorf("%s: error %v", algorithm, err)
		}
	}
	if got := s.stored(); len(got) != 0 {
		t.Errorf("stored %v", got)
	}
}
