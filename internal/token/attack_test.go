package token_test

import (
	"bytes"
	"compress/flate"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-odoo/gateway/internal/token"
)

// forge makes a token of any header and payload text, signed by method.
func forge(t testing.TB, header, payload string, method jwt.SigningMethod, key any) string {
	t.Helper()
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	signature, err := method.Sign(signed, key)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(signature)
}

// genuine signs any header and payload text with the gateway's own key.
func genuine(t testing.TB, header, payload string) string {
	t.Helper()
	return forge(t, header, payload, jwt.SigningMethodRS256, testKey())
}

func header(alg string) string {
	return fmt.Sprintf(`{"alg":%q,"typ":"at+jwt","kid":%q}`, alg, kidOf(&testKey().PublicKey))
}

func goodPayload() map[string]any {
	return map[string]any{
		"iss": issuer, "aud": audience, "sub": "sub-1", "client_id": "wiki-client", "jti": "jti-1", "ts": "set-1", "az": "az-1",
		"scope": "odoo.read", "iat": start.Unix(), "exp": start.Add(time.Hour).Unix(),
	}
}

// payload is goodPayload with claims replaced; nil removes one.
func payload(t testing.TB, changes map[string]any) string {
	t.Helper()
	p := goodPayload()
	maps.Copy(p, changes)
	maps.DeleteFunc(p, func(_ string, v any) bool { return v == nil })
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestA40_AlgorithmOfRSAIsPinned(t *testing.T) {
	keys, _ := newKeys(t)
	good := payload(t, nil)
	der, err := x509.MarshalPKIXPublicKey(&testKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PublicKey(&testKey().PublicKey)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"HS256 with the public key in PEM":   forge(t, header("HS256"), good, jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"HS256 with the public key in DER":   forge(t, header("HS256"), good, jwt.SigningMethodHS256, der),
		"HS256 with the public key in PKCS1": forge(t, header("HS256"), good, jwt.SigningMethodHS256, pkcs1),
		"HS256 with the key set":             forge(t, header("HS256"), good, jwt.SigningMethodHS256, keys.JWKS()),
		"HS256 with nothing":                 forge(t, header("HS256"), good, jwt.SigningMethodHS256, []byte{}),
		"RS384":                              forge(t, header("RS384"), good, jwt.SigningMethodRS384, testKey()),
		"RS512":                              forge(t, header("RS512"), good, jwt.SigningMethodRS512, testKey()),
		"PS256":                              forge(t, header("PS256"), good, jwt.SigningMethodPS256, testKey()),
		"ES256":                              forge(t, header("ES256"), good, jwt.SigningMethodES256, ec),
		"EdDSA":                              forge(t, header("EdDSA"), good, jwt.SigningMethodEdDSA, ed),
		"rs256 in lower case":                genuine(t, header("rs256"), good),
		"no alg":                             genuine(t, strings.Replace(header("RS256"), `"alg":"RS256",`, "", 1), good),
	}
	for _, none := range []string{"none", "None", "NONE", "nOnE", ""} {
		unsigned := b64([]byte(header(none))) + "." + b64([]byte(good))
		tests["alg "+none+" unsigned"] = unsigned + "."
		tests["alg "+none+" with a signature"] = genuine(t, header(none), good)
	}
	for name, raw := range tests {
		t.Run(name, func(t *testing.T) { refused(t, keys, raw, "algorithm") })
	}
	for _, other := range []struct {
		name string
		alg  jwt.SigningMethod
		key  any
	}{
		{"RS512 that says RS256", jwt.SigningMethodRS512, testKey()},
		{"PS256 that says RS256", jwt.SigningMethodPS256, testKey()},
	} {
		t.Run(other.name, func(t *testing.T) {
			refused(t, keys, forge(t, header("RS256"), good, other.alg, other.key), "does not verify")
		})
	}
}

func TestA40_Signature(t *testing.T) {
	keys, _ := newKeys(t)
	raw := sign(t, keys, claims())
	cut := strings.LastIndexByte(raw, '.') + 1
	signed, signature := raw[:cut], raw[cut:]
	other := claims()
	other.Subject = "sub-2"
	foreign := sign(t, keys, other)
	bits, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	bits[100] ^= 1
	for _, test := range []struct{ name, raw, reason string }{
		{"empty", signed, "form"},
		{"of another token", signed + foreign[strings.LastIndexByte(foreign, '.')+1:], "verify"},
		{"one bit flipped", signed + b64(bits), "verify"},
		{"cut short", signed + b64(bits[:255]), "form"},
		{"a byte longer", signed + b64(append(bits[:256:256], 0)), "form"},
		{"zeros", signed + b64(make([]byte, 256)), "verify"},
		{"ones", signed + b64(bytes.Repeat([]byte{255}, 256)), "verify"},
		{"padded", raw + "==", "form"},
		{"with a line break", raw[:cut+10] + "\n" + raw[cut+10:], "form"},
		{"in the other alphabet", signed + base64.RawStdEncoding.EncodeToString(bytes.Repeat([]byte{0xfb}, 256)), "form"},
		{"with stray bits at its end", strings.TrimRight(raw, raw[len(raw)-1:]) + nextLetter(raw[len(raw)-1]), "form"},
		{"payload of another token", raw[:strings.IndexByte(raw, '.')] + foreign[strings.IndexByte(foreign, '.'):cut] + signature, "verify"},
		{"space before", " " + raw, "base64url"},
		{"space behind", raw + " ", "form"},
	} {
		t.Run(test.name, func(t *testing.T) { refused(t, keys, test.raw, test.reason) })
	}
	if _, err := keys.Verify(raw); err != nil {
		t.Errorf("the token itself: %v", err)
	}
}

// nextLetter is the base64url letter that differs in the lowest bit. The last
// letter of 256 bytes carries four bits that say nothing.
func nextLetter(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)^1:][:1]
}

func TestA41_Header(t *testing.T) {
	keys, _ := newKeys(t)
	good := payload(t, nil)
	kid := kidOf(&testKey().PublicKey)
	with := func(members string) string {
		return fmt.Sprintf(`{"alg":"RS256","typ":"at+jwt","kid":%q,%s}`, kid, members)
	}
	withKid := func(kid string) string { return fmt.Sprintf(`{"alg":"RS256","typ":"at+jwt","kid":%s}`, kid) }
	for _, test := range []struct{ name, header, reason string }{
		{"crit", with(`"crit":["exp"]`), "unknown member"},
		{"empty crit", with(`"crit":[]`), "unknown member"},
		{"jku", with(`"jku":"https://evil.example/jwks"`), "unknown member"},
		{"jwk", with(`"jwk":{"kty":"RSA","n":"AQ","e":"AQAB"}`), "unknown member"},
		{"x5u", with(`"x5u":"https://evil.example/cert"`), "unknown member"},
		{"x5c", with(`"x5c":["MIIB"]`), "unknown member"},
		{"x5t", with(`"x5t":"abc"`), "unknown member"},
		{"zip", with(`"zip":"DEF"`), "unknown member"},
		{"b64", with(`"b64":false`), "unknown member"},
		{"enc", with(`"enc":"A256GCM"`), "unknown member"},
		{"kid twice", with(fmt.Sprintf(`"kid":%q`, kid)), "malformed"},
		{"alg twice", with(`"alg":"none"`), "malformed"},
		{"alg twice, once escaped", with(`"\u0061lg":"RS256"`), "malformed"},
		{"Kid in upper case", with(`"Kid":"x"`), "unknown member"},
		{"kid of a file", withKid(`"../../dev/null"`), "unknown key"},
		{"kid of SQL", withKid(`"x' UNION SELECT 'key' --"`), "unknown key"},
		{"kid empty", withKid(`""`), "unknown key"},
		{"kid cut short", withKid(fmt.Sprintf("%q", kid[:42])), "unknown key"},
		{"kid longer", withKid(fmt.Sprintf("%q", kid+" ")), "unknown key"},
		{"kid in upper case", withKid(fmt.Sprintf("%q", strings.ToUpper(kid))), "unknown key"},
		{"kid a number", withKid("0"), "no text"},
		{"kid null", withKid("null"), "no text"},
		{"kid a list", withKid(fmt.Sprintf("[%q]", kid)), "no text"},
		{"kid absent", `{"alg":"RS256","typ":"at+jwt"}`, "unknown key"},
		{"kid of 5 KB", withKid(`"` + strings.Repeat("a", 5000) + `"`), "unknown key"},
		{"a list", `["RS256"]`, "no JSON object"},
		{"a text", `"RS256"`, "no JSON object"},
		{"empty", "", "base64url"},
		{"two objects", header("RS256") + header("RS256"), "more than one"},
		{"junk behind", header("RS256") + "x", "more than one"},
		{"never closed", `{"alg":"RS256"`, "malformed"},
		{"invalid UTF-8", "{\"alg\":\"RS256\xff\"}", "malformed"},
		{"a trailing comma", `{"alg":"RS256",}`, "malformed"},
	} {
		t.Run(test.name, func(t *testing.T) { refused(t, keys, genuine(t, test.header, good), test.reason) })
	}
}

// TestA45_OtherTypes: what else is signed with the key is no access token.
func TestA45_OtherTypes(t *testing.T) {
	keys, _ := newKeys(t)
	good := payload(t, nil)
	kid := kidOf(&testKey().PublicKey)
	withTyp := func(typ string) string { return fmt.Sprintf(`{"alg":"RS256","typ":%s,"kid":%q}`, typ, kid) }
	for _, test := range []struct{ name, header, reason string }{
		{"an ID token", withTyp(`"JWT"`), "type"},
		{"a logout token", withTyp(`"logout+jwt"`), "type"},
		{"an introspection answer", withTyp(`"token-introspection+jwt"`), "type"},
		{"consent state", withTyp(`"consent+jwt"`), "type"},
		{"empty", withTyp(`""`), "type"},
		{"absent", fmt.Sprintf(`{"alg":"RS256","kid":%q}`, kid), "type"},
		{"with a parameter", withTyp(`"at+jwt;x=y"`), "type"},
		{"of text", withTyp(`"text/at+jwt"`), "type"},
		{"a number", withTyp("1"), "no text"},
	} {
		t.Run(test.name, func(t *testing.T) { refused(t, keys, genuine(t, test.header, good), test.reason) })
	}
	for _, typ := range []string{"at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"} {
		if _, err := keys.Verify(genuine(t, withTyp(fmt.Sprintf("%q", typ)), good)); err != nil {
			t.Errorf("typ %q: %v", typ, err)
		}
	}
}

func TestA42_Bombs(t *testing.T) {
	keys, _ := newKeys(t)
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte(strings.Repeat(" ", 1<<20)))
	_ = w.Close()
	head := b64([]byte(header("RS256")))
	for _, test := range []struct{ name, raw, reason string }{
		{"nothing", "", "three parts"},
		{"one part", "x", "three parts"},
		{"two parts", head + "." + head, "three parts"},
		{"four parts", head + "...", "three parts"},
		{"five parts of a JWE", head + "....", "three parts"},
		{"two dots alone", "..", "base64url"},
		{"a megabyte of dots", strings.Repeat(".", 1<<20), "too long"},
		{"8000 dots", strings.Repeat(".", 8000), "three parts"},
		{"a megabyte of letters", head + "." + strings.Repeat("A", 1<<20) + ".A", "too long"},
		{"one byte too many", strings.Repeat("A", token.MaxSize-1) + "..", "too long"},
		{"deep lists", head + "." + b64([]byte(`{"x":`+strings.Repeat("[", 4000)+strings.Repeat("]", 2000)+"}")) + ".AA", "malformed"},
		{"deep objects", head + "." + b64([]byte(strings.Repeat(`{"x":`, 1000))) + ".AA", "malformed"},
		{"deflated", head + "." + b64(deflated.Bytes()) + ".AA", "no JSON object"},
	} {
		t.Run(test.name, func(t *testing.T) { refused(t, keys, test.raw, test.reason) })
	}
}
