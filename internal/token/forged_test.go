package token_test

import "testing"

// TestA46_ForgedTokensCostNoSignature: what is wrong with a token besides its
// signature is found before anybody computes, so that the signature, which is
// wrong as well, is not what it is refused for.
func TestA46_ForgedTokensCostNoSignature(t *testing.T) {
	keys, _ := newKeys(t)
	for _, forged := range []struct {
		name, header string
		changes      map[string]any
		reason       string
	}{
		{"key", `{"alg":"RS256","typ":"at+jwt","kid":"x"}`, nil, "unknown key"},
		{"issuer", header("RS256"), map[string]any{"iss": "https://evil.example"}, "wrong issuer"},
		{"audience", header("RS256"), map[string]any{"aud": "somebody"}, "wrong audience"},
		{"end", header("RS256"), map[string]any{"exp": start.Unix() + 1, "iat": start.Unix() - 3600, "nbf": start.Unix() + 86400}, "not valid yet"},
		{"no session", header("RS256"), map[string]any{"ts": nil}, "ts is missing"},
		{"nothing else", header("RS256"), nil, "signature does not verify"},
	} {
		t.Run(forged.name, func(t *testing.T) {
			refused(t, keys, b64([]byte(forged.header))+"."+b64([]byte(payload(t, forged.changes)))+"."+b64(make([]byte, 256)), forged.reason)
		})
	}
}
