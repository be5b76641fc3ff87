package token_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/token"
)

// kidOfEd is the RFC 8037 thumbprint, written a second time.
func kidOfEd(public ed25519.PublicKey) string {
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"Ed25519","kty":"OKP","x":"%s"}`, b64(public)))
	return b64(sum[:])
}

// bothKinds is a key set of testKey and an Ed25519 key, which signs.
func bothKinds(t testing.TB) (*token.Keys, ed25519.PrivateKey) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring := newRing(t)
	ed := sealed(t, ring, private, kidOfEd(private.Public().(ed25519.PublicKey)))
	ed.Algorithm = token.EdDSA
	keys, err := token.Open(context.Background(), token.Config{
		Issuer: issuer, Audience: audience, Algorithm: token.EdDSA, Seal: ring, Now: clock.NewFake(start).Now,
		Store: &keyStore{keys: []grant.SigningKey{sealed(t, ring, testKey(), kidOf(&testKey().PublicKey)), ed}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys, private
}

func TestM34_EdDSA(t *testing.T) {
	keys, private := bothKinds(t)
	public := private.Public().(ed25519.PublicKey)
	raw := sign(t, keys, claims())
	if _, err := keys.Verify(raw); err != nil {
		t.Fatal(err)
	}
	// As a resource server of RFC 9068 reads it.
	parsed, err := jwt.Parse(raw, func(*jwt.Token) (any, error) { return public, nil },
		jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithTimeFunc(clock.NewFake(start).Now))
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]any{"alg": "EdDSA", "typ": "at+jwt", "kid": kidOfEd(public)}; !reflect.DeepEqual(parsed.Header, want) {
		t.Errorf("header %v, want %v", parsed.Header, want)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(keys.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"kty": "OKP", "crv": "Ed25519", "x": b64(public), "use": "sig", "alg": "EdDSA", "kid": kidOfEd(public)}
	if len(set.Keys) != 2 || !reflect.DeepEqual(set.Keys[0], want) && !reflect.DeepEqual(set.Keys[1], want) {
		t.Errorf("key set\n%v, want\n%v", set.Keys, want)
	}
	// The RSA key of the same set verifies its own tokens.
	if _, err := keys.Verify(genuine(t, header("RS256"), payload(t, nil))); err != nil {
		t.Errorf("a token of the RSA key: %v", err)
	}
}

func TestA40_AlgorithmOfEdDSAIsPinned(t *testing.T) {
	keys, private := bothKinds(t)
	public := private.Public().(ed25519.PublicKey)
	good := payload(t, nil)
	edHeader := func(alg string) string {
		return fmt.Sprintf(`{"alg":%q,"typ":"at+jwt","kid":%q}`, alg, kidOfEd(public))
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"HS256 with the public key":          forge(t, edHeader("HS256"), good, jwt.SigningMethodHS256, []byte(public)),
		"HS256 with the public key in DER":   forge(t, edHeader("HS256"), good, jwt.SigningMethodHS256, der),
		"HS256 with the public key in PEM":   forge(t, edHeader("HS256"), good, jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"HS256 with the key set":             forge(t, edHeader("HS256"), good, jwt.SigningMethodHS256, keys.JWKS()),
		"RS256 by the RSA key of the set":    forge(t, edHeader("RS256"), good, jwt.SigningMethodRS256, testKey()),
		"RS256 by the Ed25519 key":           forge(t, edHeader("RS256"), good, jwt.SigningMethodEdDSA, private),
		"RS512 by the RSA key of the set":    forge(t, edHeader("RS512"), good, jwt.SigningMethodRS512, testKey()),
		"PS256 by the RSA key of the set":    forge(t, edHeader("PS256"), good, jwt.SigningMethodPS256, testKey()),
		"ES256":                              forge(t, edHeader("ES256"), good, jwt.SigningMethodEdDSA, private),
		"Ed25519, the name of RFC 9864":      forge(t, edHeader("Ed25519"), good, jwt.SigningMethodEdDSA, private),
		"eddsa in lower case":                forge(t, edHeader("eddsa"), good, jwt.SigningMethodEdDSA, private),
		"the RSA key with EdDSA, by Ed25519": forge(t, header("EdDSA"), good, jwt.SigningMethodEdDSA, private),
		"the RSA key with EdDSA, by RSA":     genuine(t, header("EdDSA"), good),
		"no alg":                             forge(t, strings.Replace(edHeader("EdDSA"), `"alg":"EdDSA",`, "", 1), good, jwt.SigningMethodEdDSA, private),
	}
	for _, none := range []string{"none", "None", "NONE", "nOnE", ""} {
		tests["alg "+none+" unsigned"] = b64([]byte(edHeader(none))) + "." + b64([]byte(good)) + "."
		tests["alg "+none+" with a signature"] = forge(t, edHeader(none), good, jwt.SigningMethodEdDSA, private)
	}
	for name, raw := range tests {
		t.Run(name, func(t *testing.T) { refused(t, keys, raw, "algorithm") })
	}
	whole := forge(t, edHeader("EdDSA"), good, jwt.SigningMethodEdDSA, private)
	if _, err := keys.Verify(whole); err != nil {
		t.Fatalf("the token itself: %v", err)
	}
	cut := strings.LastIndexByte(whole, '.') + 1
	for _, test := range []struct{ name, raw, reason string }{
		{"by another Ed25519 key", forge(t, edHeader("EdDSA"), good, jwt.SigningMethodEdDSA, stranger), "verify"},
		{"by the RSA key", forge(t, edHeader("EdDSA"), good, jwt.SigningMethodRS256, testKey()), "form"},
		{"the RSA key's, by Ed25519", forge(t, header("RS256"), good, jwt.SigningMethodEdDSA, private), "form"},
		{"unsigned", whole[:cut], "form"},
		{"zeros", whole[:cut] + b64(make([]byte, 64)), "verify"},
		{"a byte longer", whole[:cut] + b64(make([]byte, 65)), "form"},
	} {
		t.Run(test.name, func(t *testing.T) { refused(t, keys, test.raw, test.reason) })
	}
}
