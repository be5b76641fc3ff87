package token_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
	"github.com/caddy-odoo/gateway/internal/token"
)

// ring of key sets over one store, at one clock.
type shop struct {
	t     *testing.T
	store *keyStore
	seal  *seal.Ring
	now   *clock.Fake
}

func newShop(t *testing.T) *shop {
	return &shop{t: t, store: &keyStore{}, seal: newRing(t), now: clock.NewFake(start)}
}

// open is a start of the gateway, or a reload.
func (s *shop) open(algorithm string) *token.Keys {
	s.t.Helper()
	keys, err := token.Open(s.t.Context(), token.Config{
		Issuer: issuer, Audience: audience, Algorithm: algorithm, Store: s.store, Seal: s.seal, Now: s.now.Now,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return keys
}

// sign makes a token that lives that long.
func (s *shop) sign(keys *token.Keys, life time.Duration) string {
	s.t.Helper()
	c := claims()
	c.ID, c.IssuedAt, c.ExpiresAt = "", s.now.Now(), s.now.Now().Add(life)
	return sign(s.t, keys, c)
}

func (s *shop) accepts(what string, keys *token.Keys, raw string) {
	s.t.Helper()
	if _, err := keys.Verify(raw); err != nil {
		s.t.Errorf("%s: %v", what, err)
	}
}

// kidIn is the key that a token names.
func kidIn(t *testing.T, raw string) string {
	t.Helper()
	head, _, _ := strings.Cut(raw, ".")
	b, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	var h struct{ Kid string }
	if err := json.Unmarshal(b, &h); err != nil {
		t.Fatal(err)
	}
	return h.Kid
}

// published is the ids in the JWKS, oldest first.
func published(t *testing.T, keys *token.Keys) (kids []string) {
	t.Helper()
	var set struct {
		Keys []struct{ Kid, Use, Alg string }
	}
	if err := json.Unmarshal(keys.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		if k.Use != "sig" || k.Alg == "" {
			t.Errorf("published %+v", k)
		}
		kids = append(kids, k.Kid)
	}
	return kids
}

// stored is the ids in the store.
func (s *shop) stored() (kids []string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	for _, k := range s.store.keys {
		kids = append(kids, k.ID)
	}
	return kids
}

// TestM34_RotationOverlaps goes through a key's life with tokens that live as
// long as any may.
func TestM34_RotationOverlaps(t *testing.T) {
	for _, algorithm := range []string{token.RS256, token.EdDSA} {
		t.Run(algorithm, func(t *testing.T) {
			s := newShop(t)
			keys := s.open(algorithm)
			old := kidIn(t, s.sign(keys, time.Hour))
			next, err := keys.Rotate(t.Context())
			if err != nil || next == old {
				t.Fatalf("rotated to %q, error %v", next, err)
			}
			if got := published(t, keys); !slices.Equal(got, []string{old, next}) {
				t.Errorf("published at once: %v, want %v and %v", got, old, next)
			}
			s.now.Advance(token.PrePublish - time.Second)
			last := s.sign(keys, token.MaxLife)
			if got := kidIn(t, last); got != old {
				t.Errorf("a second before its turn %v signs, want %v", got, old)
			}
			s.now.Advance(time.Second)
			if got := kidIn(t, s.sign(keys, time.Hour)); got != next {
				t.Errorf("at its turn %v signs, want %v", got, next)
			}
			s.now.Advance(token.MaxLife - 2*time.Second)
			s.accepts("the old key's last token before its end", keys, last)
			if got := published(t, keys); len(got) != 2 {
				t.Errorf("published while a token of the old key lives: %v", got)
			}
			s.now.Advance(time.Hour + 2*time.Second)
			if got := published(t, keys); !slices.Equal(got, []string{next}) {
				t.Errorf("published afterwards: %v, want %v alone", got, next)
			}
			if got := s.stored(); !slices.Equal(got, []string{next}) {
				t.Errorf("stored afterwards: %v, want %v alone", got, next)
			}
			if _, err := keys.Rotate(t.Context()); err != nil {
				t.Errorf("the next rotation: %v", err)
			}
		})
	}
}

// TestM34_RotateUnderLoad: no token that was signed is refused while it lives,
// whichever key set it meets, through three rotations.
func TestM34_RotateUnderLoad(t *testing.T) {
	s := newShop(t)
	sets := []*token.Keys{s.open(token.EdDSA), s.open(token.EdDSA)}
	type living struct {
		raw  string
		till time.Time
	}
	var all []living
	used := make(map[string]bool)
	for step := range 24 * 9 { // hours
		if step%72 == 0 {
			if _, err := sets[step%2].Rotate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for i, keys := range sets {
			life := []time.Duration{token.MaxLife, time.Hour}[i]
			raw := s.sign(keys, life)
			used[kidIn(t, raw)] = true
			all = append(all, living{raw, s.now.Now().Add(life)})
		}
		s.now.Advance(time.Hour)
		all = slices.DeleteFunc(all, func(l living) bool { return !s.now.Now().Before(l.till) })
		for _, l := range all {
			for _, keys := range sets {
				s.accepts(fmt.Sprint("hour ", step), keys, l.raw)
			}
		}
		if step == 100 { // a restart
			sets[0] = s.open(token.EdDSA)
		}
	}
	if len(used) != 4 {
		t.Errorf("%d keys have signed, want 4", len(used))
	}
}

func TestM34_RotationsAtOnceMakeOne(t *testing.T) {
	s := newShop(t)
	sets := []*token.Keys{s.open(token.EdDSA), s.open(token.EdDSA)}
	const calls = 16
	kids, errs := make([]string, calls), make([]error, calls)
	var done sync.WaitGroup
	for i := range calls {
		done.Go(func() { kids[i], errs[i] = sets[i%2].Rotate(t.Context()) })
	}
	done.Wait()
	won := 0
	for i := range calls {
		if errs[i] == nil {
			won++
		} else if !errors.Is(errs[i], token.ErrRotating) {
			t.Errorf("rotation %d: %v", i, errs[i])
		}
		if kids[i] != kids[0] || kids[i] == "" {
			t.Errorf("rotation %d names %q, another %q", i, kids[i], kids[0])
		}
	}
	if got := s.stored(); won != 1 || len(got) != 2 {
		t.Errorf("%d rotations say that they made a key, %d keys are stored", won, len(got))
	}
	for i, keys := range sets {
		if got := published(t, keys); len(got) != 2 {
			t.Errorf("set %d publishes %v", i, got)
		}
	}
	s.now.Advance(token.PrePublish)
	if kid, err := sets[0].Rotate(t.Context()); err != nil || kid == kids[0] {
		t.Errorf("a rotation at the end of the one before: %q, error %v", kid, err)
	}
}

func TestReplaceEndsAllOthers(t *testing.T) {
	s := newShop(t)
	keys, other := s.open(token.EdDSA), s.open(token.EdDSA)
	raw := s.sign(keys, time.Hour)
	for range 2 { // the second time out of the cache
		s.accepts("before", keys, raw)
		s.accepts("before, at the other one", other, raw)
	}
	if _, err := keys.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	kid, err := keys.Replace(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := published(t, keys); !slices.Equal(got, []string{kid}) || !slices.Equal(s.stored(), got) {
		t.Errorf("published %v, stored %v, want %v alone", got, s.stored(), kid)
	}
	fresh := s.sign(keys, time.Hour)
	if got := kidIn(t, fresh); got != kid {
		t.Errorf("%v signs, want %v", got, kid)
	}
	refused(t, keys, raw, "unknown key")
	s.now.Advance(time.Second)
	s.accepts("a token of the new key at one who has not heard", other, fresh)
	refused(t, other, raw, "unknown key")

	// Of two at once the second one's work is done.
	var winner string
	s.store.meanwhile = func() { winner, _ = other.Replace(t.Context()) }
	loser, err := keys.Replace(t.Context())
	if got := s.stored(); err != nil || loser != winner || !slices.Equal(got, []string{winner}) {
		t.Errorf("two at once made %v and %v, error %v, stored %v", winner, loser, err, got)
	}
	if again, err := keys.Replace(t.Context()); err != nil || again == winner {
		t.Errorf("the next one made %v, error %v", again, err)
	}
}

// TestCachedTokenEndsWithItsKey: the cache of verified tokens knows no key
// longer than the key set does. The token is of one who has the old key.
func TestCachedTokenEndsWithItsKey(t *testing.T) {
	ring, now := newRing(t), clock.NewFake(start)
	kid := kidOf(&testKey().PublicKey)
	store := &keyStore{keys: []grant.SigningKey{sealed(t, ring, testKey(), kid)}}
	store.keys[0].EndsAt = start.Add(time.Hour)
	config := token.Config{Issuer: issuer, Audience: audience, Algorithm: token.EdDSA, Store: store, Seal: ring, Now: now.Now}
	keys, err := token.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	raw := genuine(t, header("RS256"), payload(t, map[string]any{"exp": start.Add(2 * time.Hour).Unix()}))
	now.Advance(time.Hour - time.Second)
	for range 2 {
		if _, err := keys.Verify(raw); err != nil {
			t.Fatal(err)
		}
	}
	now.Advance(time.Second)
	refused(t, keys, raw, "unknown key")
	keys.ForgetVerified()
	refused(t, keys, raw, "unknown key")
}

func TestListOfKeys(t *testing.T) {
	s := newShop(t)
	keys := s.open(token.EdDSA)
	next, err := keys.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old := kidIn(t, s.sign(keys, time.Hour))
	turn := start.Add(token.PrePublish)
	end := turn.Add(token.MaxLife + time.Hour)
	want := []token.Key{
		{ID: old, Algorithm: token.EdDSA, CreatedAt: start, SignsFrom: start, EndsAt: end, Signs: true},
		{ID: next, Algorithm: token.EdDSA, CreatedAt: start, SignsFrom: turn},
	}
	list := func() []token.Key {
		t.Helper()
		got, err := s.open(token.EdDSA).List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := list(); !slices.Equal(got, want) {
		t.Errorf("keys\n%+v, want\n%+v", got, want)
	}
	s.now.Advance(token.PrePublish)
	want[0].Signs, want[1].Signs = false, true
	if got := list(); !slices.Equal(got, want) {
		t.Errorf("at its turn\n%+v, want\n%+v", got, want)
	}
	s.now.Advance(token.MaxLife + time.Hour)
	if got := list(); !slices.Equal(got, want[1:]) {
		t.Errorf("at the end of the old one\n%+v, want\n%+v", got, want[1:])
	}
	s.store.set(errors.New("disk on fire"))
	if _, err := keys.List(t.Context()); err == nil {
		t.Error("a store that fails lists keys")
	}
	for name, rotate := range map[string]func(context.Context) (string, error){"rotate": keys.Rotate, "replace": keys.Replace} {
		if _, err := rotate(t.Context()); err == nil || errors.Is(err, token.ErrRotating) {
			t.Errorf("%s with a store that fails: error %v", name, err)
		}
	}
}
