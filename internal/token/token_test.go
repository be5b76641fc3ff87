package token_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
	"github.com/caddy-odoo/gateway/internal/token"
)

const (
	issuer   = "https://erp.example.com"
	audience = "https://erp.example.com"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// keyStore is a grant store reduced to its signing keys.
type keyStore struct {
	mu    sync.Mutex
	keys  []grant.SigningKey
	fail  error
	reads int
	// writes counts updates; forgets loses what they write.
	writes  int
	forgets bool
	// slow lets others run during each reading; meanwhile happens once, before
	// an update.
	slow      bool
	meanwhile func()
}

func (s *keyStore) SigningKeys(context.Context) ([]grant.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	for range 100 {
		if s.slow {
			runtime.Gosched()
		}
	}
	return slices.Clone(s.keys), s.fail
}

func (s *keyStore) UpdateSigningKeys(_ context.Context, edit func([]grant.SigningKey) ([]grant.SigningKey, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if first := s.meanwhile; first != nil {
		s.meanwhile = nil
		s.mu.Unlock()
		first()
		s.mu.Lock()
	}
	if s.fail != nil {
		return s.fail
	}
	s.writes++
	keys, err := edit(slices.Clone(s.keys))
	if err == nil && !s.forgets {
		s.keys = keys
	}
	return err
}

func (s *keyStore) set(fail error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

func (s *keyStore) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

// testKey is made once: making one takes a quarter of a second.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// kidOf is the RFC 7638 thumbprint, written a second time.
func kidOf(key *rsa.PublicKey) string {
	sum := sha256.Sum256(fmt.Appendf(nil, `{"e":"%s","kty":"RSA","n":"%s"}`,
		b64(big.NewInt(int64(key.E)).Bytes()), b64(key.N.Bytes())))
	return b64(sum[:])
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func newRing(t testing.TB) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sealed(t testing.TB, ring *seal.Ring, key any, id string) grant.SigningKey {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return grant.SigningKey{ID: id, Algorithm: "RS256", Sealed: ring.Seal(der, id), CreatedAt: start}
}

// newKeys is a key set of testKey at a clock that stands at start.
func newKeys(t testing.TB) (*token.Keys, *clock.Fake) {
	t.Helper()
	ring := newRing(t)
	now := clock.NewFake(start)
	keys, err := token.Open(context.Background(), token.Config{
		Issuer: issuer, Audience: audience, Seal: ring, Now: now.Now,
		Store: &keyStore{keys: []grant.SigningKey{sealed(t, ring, testKey(), kidOf(&testKey().PublicKey))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys, now
}

func claims() token.Claims {
	return token.Claims{
		Subject: "sub-1", ClientID: "wiki-client", ID: "jti-1", TokenSet: "set-1", Authorization: "az-1",
		Scope: []string{"odoo.read", "odoo.write"}, IssuedAt: start, ExpiresAt: start.Add(time.Hour),
	}
}

func sign(t testing.TB, keys *token.Keys, c token.Claims) string {
	t.Helper()
	raw, err := keys.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// refused checks that raw is refused for that reason, and that the error
// quotes nothing of it.
func refused(t *testing.T, keys *token.Keys, raw, reason string) {
	t.Helper()
	c, err := keys.Verify(raw)
	if !errors.Is(err, token.ErrInvalid) || !reflect.DeepEqual(c, token.Claims{}) {
		t.Errorf("claims %+v, error %v, want %v", c, err, token.ErrInvalid)
		return
	}
	if !strings.Contains(err.Error(), reason) {
		t.Errorf("error %q, want one about %q", err, reason)
	}
	for part := range strings.SplitSeq(raw, ".") {
		if len(part) > 8 && strings.Contains(err.Error(), part) {
			t.Errorf("error %q quotes the token", err)
		}
	}
}

func TestM23_SignedTokenVerifies(t *testing.T) {
	keys, _ := newKeys(t)
	want := claims()
	raw := sign(t, keys, want)
	for range 3 { // from the second time on out of the cache
		got, err := keys.Verify(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !got.IssuedAt.Equal(want.IssuedAt) || !got.ExpiresAt.Equal(want.ExpiresAt) {
			t.Errorf("times %v to %v", got.IssuedAt, got.ExpiresAt)
		}
		got.IssuedAt, got.ExpiresAt = want.IssuedAt, want.ExpiresAt
		if !reflect.DeepEqual(got, want) {
			t.Errorf("claims\n%+v, want\n%+v", got, want)
		}
		got.Scope[0] = "spoilt"
	}
	bare := claims()
	bare.Scope, bare.ID = nil, ""
	got, err := keys.Verify(sign(t, keys, bare))
	if err != nil || got.Scope != nil || got.ID == "" {
		t.Errorf("without scope and id: %+v, error %v", got, err)
	}
}

// TestM22_WireForm reads a token with golang-jwt alone, as a resource server of
// RFC 9068 would.
func TestM22_WireForm(t *testing.T) {
	keys, now := newKeys(t)
	got := jwt.MapClaims{}
	parsed, err := jwt.ParseWithClaims(sign(t, keys, claims()), got, func(*jwt.Token) (any, error) {
		return &testKey().PublicKey, nil
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(now.Now), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	if err != nil {
		t.Fatal(err)
	}
	wantHeader := map[string]any{"alg": "RS256", "typ": "at+jwt", "kid": kidOf(&testKey().PublicKey)}
	if !reflect.DeepEqual(parsed.Header, wantHeader) {
		t.Errorf("header %v, want %v", parsed.Header, wantHeader)
	}
	want := jwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": "sub-1", "client_id": "wiki-client", "jti": "jti-1", "ts": "set-1", "az": "az-1",
		"scope": "odoo.read odoo.write", "iat": float64(start.Unix()), "exp": float64(start.Add(time.Hour).Unix()),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("claims\n%v, want\n%v", got, want)
	}
}

func TestM23_SignRefuses(t *testing.T) {
	keys, _ := newKeys(t)
	for name, spoil := range map[string]func(*token.Claims){
		"no subject":         func(c *token.Claims) { c.Subject = "" },
		"no client id":       func(c *token.Claims) { c.ClientID = "" },
		"no token set":       func(c *token.Claims) { c.TokenSet = "" },
		"no authorization":   func(c *token.Claims) { c.Authorization = "" },
		"no issue":           func(c *token.Claims) { c.IssuedAt = time.Time{} },
		"issue at zero":      func(c *token.Claims) { c.IssuedAt, c.ExpiresAt = time.Unix(0, 0), time.Unix(3600, 0) },
		"no end":             func(c *token.Claims) { c.ExpiresAt = time.Time{} },
		"end before issue":   func(c *token.Claims) { c.ExpiresAt = c.IssuedAt },
		"longer than a key":  func(c *token.Claims) { c.ExpiresAt = c.IssuedAt.Add(token.MaxLife + time.Second) },
		"longer than Verify": func(c *token.Claims) { c.Subject = strings.Repeat("x", token.MaxSize) },
	} {
		c := claims()
		spoil(&c)
		if raw, err := keys.Sign(c); err == nil {
			t.Errorf("%s: signed %d bytes", name, len(raw))
		}
	}
}
