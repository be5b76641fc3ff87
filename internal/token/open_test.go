package token_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/token"
)

func TestOpenMakesOneKey(t *testing.T) {
	ring := newRing(t)
	store := &keyStore{}
	config := token.Config{Issuer: issuer, Audience: audience, Store: store, Seal: ring, Now: clock.NewFake(start).Now}
	const starts = 4
	sets := make([]*token.Keys, starts)
	var made atomic.Int32
	config.Created = func(k token.Key) {
		made.Add(1)
		if k.Algorithm != token.RS256 || !k.Signs || !k.CreatedAt.Equal(start) {
			t.Errorf("made %+v", k)
		}
	}
	var all sync.WaitGroup
	for i := range starts {
		all.Go(func() {
			var err error
			if sets[i], err = token.Open(t.Context(), config); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	raw := sign(t, sets[0], claims())
	for i, keys := range sets {
		if _, err := keys.Verify(raw); err != nil {
			t.Errorf("start %d: %v", i, err)
		}
		if string(keys.JWKS()) != string(sets[0].JWKS()) {
			t.Errorf("start %d publishes another key set", i)
		}
	}
	if made.Load() != 1 || len(store.keys) != 1 {
		t.Errorf("%d starts say that they made a key, %d keys are stored", made.Load(), len(store.keys))
	}
}

func TestM23_OpenRefuses(t *testing.T) {
	ring := newRing(t)
	kid := kidOf(&testKey().PublicKey)
	good := sealed(t, ring, testKey(), kid)
	foreign, otherID, algorithm, junk := good, good, good, good
	foreign.Sealed = sealed(t, newRing(t), testKey(), kid).Sealed
	otherID.ID = "other"
	algorithm.Algorithm = "HS256"
	mislabelled := good
	mislabelled.Algorithm = token.EdDSA
	junk.Sealed = ring.Seal([]byte("no key"), kid)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("disk on fire")
	for _, test := range []struct {
		name  string
		store *keyStore
		want  string
	}{
		{"another sealing key", &keyStore{keys: []grant.SigningKey{foreign}}, "sealing key"},
		{"a record under another id", &keyStore{keys: []grant.SigningKey{otherID}}, "sealing key"},
		{"sealed under an id that is not its thumbprint", &keyStore{keys: []grant.SigningKey{sealed(t, ring, testKey(), "mine")}}, "not the RS256 key"},
		{"another algorithm", &keyStore{keys: []grant.SigningKey{algorithm}}, "HS256"},
		{"an RSA key as another one", &keyStore{keys: []grant.SigningKey{mislabelled}}, "not the EdDSA key"},
		{"no key", &keyStore{keys: []grant.SigningKey{junk}}, kid},
		{"a small key", &keyStore{keys: []grant.SigningKey{sealed(t, ring, small, kidOf(&small.PublicKey))}}, "not the RS256 key"},
		{"one bad among good", &keyStore{keys: []grant.SigningKey{good, foreign}}, "sealing key"},
		{"a failing store", &keyStore{fail: failed}, "disk on fire"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := len(test.store.keys)
			_, err := token.Open(t.Context(), token.Config{Issuer: issuer, Audience: audience, Store: test.store, Seal: ring})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one about %q", err, test.want)
			}
			if len(test.store.keys) != before {
				t.Error("a key was made in place of the one that is lost")
			}
		})
	}
	for _, config := range []token.Config{
		{Audience: audience, Store: &keyStore{}, Seal: ring}, {Issuer: issuer, Store: &keyStore{}, Seal: ring},
		{Issuer: issuer, Audience: audience, Seal: ring}, {Issuer: issuer, Audience: audience, Store: &keyStore{}},
	} {
		if _, err := token.Open(t.Context(), config); err == nil {
			t.Errorf("opened with %+v", config)
		}
	}
}

func TestNewestKeySignsAndOlderVerify(t *testing.T) {
	ring := newRing(t)
	store := &keyStore{keys: []grant.SigningKey{sealed(t, ring, testKey(), kidOf(&testKey().PublicKey))}}
	config := token.Config{Issuer: issuer, Audience: audience, Store: store, Seal: ring, Now: clock.NewFake(start).Now}
	before, err := token.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	next, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	store.keys = append(store.keys, sealed(t, ring, next, kidOf(&next.PublicKey)))
	after, err := token.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := after.Verify(sign(t, before, claims())); err != nil {
		t.Errorf("a token of the older key: %v", err)
	}
	refused(t, before, sign(t, after, claims()), "unknown key")

	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(after.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	var want []map[string]string
	for _, key := range []*rsa.PrivateKey{testKey(), next} {
		want = append(want, map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kidOf(&key.PublicKey), "e": "AQAB", "n": b64(key.N.Bytes()),
		})
	}
	if !reflect.DeepEqual(set.Keys, want) {
		t.Errorf("key set\n%v, want\n%v", set.Keys, want)
	}
}
