package token_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/token"
)

func TestA44_Claims(t *testing.T) {
	keys, _ := newKeys(t)
	at := func(d time.Duration) int64 { return start.Add(d).Unix() }
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	type test struct {
		name    string
		changes map[string]any
		reason  string
	}
	tests := []test{
		{"iss of another", map[string]any{"iss": "https://evil.example"}, "issuer"},
		{"iss with a slash", map[string]any{"iss": issuer + "/"}, "issuer"},
		{"iss in upper case", map[string]any{"iss": strings.ToUpper(issuer)}, "issuer"},
		{"iss missing", map[string]any{"iss": nil}, "issuer"},
		{"iss a list", map[string]any{"iss": []string{issuer}}, "iss is no text"},
		{"aud of another", map[string]any{"aud": "https://evil.example"}, "audience"},
		{"aud missing", map[string]any{"aud": nil}, "audience"},
		{"aud empty", map[string]any{"aud": ""}, "audience"},
		{"aud an empty list", map[string]any{"aud": []string{}}, "audience"},
		{"aud a list without ours", map[string]any{"aud": []string{"a", audience + "/"}}, "audience"},
		{"aud a list with a number", map[string]any{"aud": []any{audience, 1}}, "aud is neither"},
		{"aud a nested list", map[string]any{"aud": []any{[]string{audience}}}, "aud is neither"},
		{"aud an object", map[string]any{"aud": map[string]any{audience: true}}, "aud is neither"},
		{"exp missing", map[string]any{"exp": nil}, "exp is missing"},
		{"iat missing", map[string]any{"iat": nil}, "iat is missing"},
		{"exp now", map[string]any{"exp": at(0), "iat": at(-time.Hour)}, "expired"},
		{"exp in the past", map[string]any{"exp": at(-time.Second), "iat": at(-time.Hour)}, "expired"},
		{"exp before iat", map[string]any{"exp": at(10 * time.Second), "iat": at(20 * time.Second)}, "before its issue"},
		{"iat beyond the leeway", map[string]any{"iat": at(token.Leeway + time.Second)}, "future"},
		{"nbf beyond the leeway", map[string]any{"nbf": at(token.Leeway + time.Second)}, "not valid yet"},
		{"scope a list", map[string]any{"scope": []string{"odoo.read"}}, "scope is no text"},
	}
	for _, name := range []string{"sub", "client_id", "jti", "ts", "az"} {
		tests = append(tests,
			test{name + " missing", map[string]any{name: nil}, name + " is missing"},
			test{name + " empty", map[string]any{name: ""}, name + " is missing"},
			test{name + " a number", map[string]any{name: 7}, name + " is no text"},
			test{name + " null", map[string]any{name: raw("null")}, name + " is no text"},
			test{name + " a list", map[string]any{name: []string{"x"}}, name + " is no text"},
			test{name + " an object", map[string]any{name: map[string]any{}}, name + " is no text"},
		)
	}
	for _, name := range []string{"exp", "iat", "nbf"} {
		for _, value := range []string{
			`"1772370000"`, `"soon"`, "null", "true", "[1772370000]", `{"n":1}`, "-1", "-0", "1e999", "1E10", "1772370000.5",
			"99999999999999999999", "123456789012", "1e-9",
		} {
			tests = append(tests, test{name + " " + value, map[string]any{name: raw(value)}, name + " is no date"})
		}
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := payload(t, test.changes)
			refused(t, keys, genuine(t, header("RS256"), p), test.reason)
			// With a signature of nothing the reason is the same: claims are
			// judged before any RSA work.
			unsigned := b64([]byte(header("RS256"))) + "." + b64([]byte(p)) + "." + b64(make([]byte, 256))
			refused(t, keys, unsigned, test.reason)
		})
	}
	for name, changes := range map[string]map[string]any{
		"aud a list with ours":  {"aud": []string{"other", audience}},
		"iat within the leeway": {"iat": at(token.Leeway)},
		"nbf within the leeway": {"nbf": at(token.Leeway)},
		"nbf in the past":       {"nbf": at(-time.Hour)},
		"an unknown claim":      {"acr": map[string]any{"deep": []any{1, nil}}},
		"no scope":              {"scope": nil},
		"exp of eleven digits":  {"exp": 99999999999},
	} {
		if _, err := keys.Verify(genuine(t, header("RS256"), payload(t, changes))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestA42_PayloadForm(t *testing.T) {
	keys, _ := newKeys(t)
	good := payload(t, nil)
	for _, test := range []struct{ name, payload, reason string }{
		{"sub twice", strings.Replace(good, "{", `{"sub":"admin",`, 1), "malformed"},
		{"exp twice", strings.TrimSuffix(good, "}") + `,"exp":99999999999}`, "malformed"},
		{"sub twice, once escaped", strings.Replace(good, "{", `{"\u0073ub":"admin",`, 1), "malformed"},
		{"an unknown claim twice", strings.Replace(good, "{", `{"x":1,"x":2,`, 1), "malformed"},
		{"a nested name twice", strings.Replace(good, "{", `{"x":{"y":1,"y":2},`, 1), "malformed"},
		{"a list", "[" + good + "]", "no JSON object"},
		{"null", "null", "no JSON object"},
		{"two objects", good + good, "more than one"},
		{"cut short", good[:len(good)-1], "malformed"},
		{"invalid UTF-8", strings.Replace(good, "sub-1", "sub\xff", 1), "malformed"},
		{"a lone surrogate", strings.Replace(good, "sub-1", `\ud800`, 1), "malformed"},
		{"a byte order mark", "\ufeff" + good, "no JSON object"},
		{"a comment", good + "//", "more than one"},
	} {
		t.Run(test.name, func(t *testing.T) { refused(t, keys, genuine(t, header("RS256"), test.payload), test.reason) })
	}
}

// TestUnknownKeyBeforeClaims shows the order: key, claims, signature.
func TestUnknownKeyBeforeClaims(t *testing.T) {
	keys, _ := newKeys(t)
	h := fmt.Sprintf(`{"alg":"RS256","typ":"at+jwt","kid":%q}`, strings.Repeat("A", 43))
	refused(t, keys, b64([]byte(h))+".e30."+b64(make([]byte, 256)), "unknown key")
}

// TestCachedTokenStillExpires: only the signature is not looked at again.
func TestCachedTokenStillExpires(t *testing.T) {
	keys, now := newKeys(t)
	raw := sign(t, keys, claims())
	if _, err := keys.Verify(raw); err != nil {
		t.Fatal(err)
	}
	now.Advance(time.Hour - time.Second)
	if _, err := keys.Verify(raw); err != nil {
		t.Errorf("a second before its end: %v", err)
	}
	now.Advance(time.Second)
	refused(t, keys, raw, "expired")
	now.Advance(-2 * time.Hour) // a clock that was set back
	refused(t, keys, raw, "future")
}

// TestCacheIsOfWholeTokens: no part of a verified token opens another one.
func TestCacheIsOfWholeTokens(t *testing.T) {
	keys, _ := newKeys(t)
	raw := sign(t, keys, claims())
	if _, err := keys.Verify(raw); err != nil {
		t.Fatal(err)
	}
	for n := range len(raw) {
		if _, err := keys.Verify(raw[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are taken", n, len(raw))
		}
	}
	changed := payload(t, map[string]any{"sub": "admin"})
	parts := strings.Split(raw, ".")
	refused(t, keys, parts[0]+"."+b64([]byte(changed))+"."+parts[2], "does not verify")
}
