package e2e

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// publishedKeys: who has never heard of this gateway finds its endpoints by
// the metadata, and can check a token with the published key alone.
func publishedKeys(t *testing.T, s *site) {
	p, tok := connect(t, s, wiki)
	var meta struct {
		Issuer        string
		Authorization string `json:"authorization_endpoint"`
		Token         string `json:"token_endpoint"`
		Revocation    string `json:"revocation_endpoint"`
		Keys          string `json:"jwks_uri"`
	}
	readJSON(t, p.get("/.well-known/oauth-authorization-server"), &meta)
	if meta.Issuer != s.base || meta.Authorization != s.base+authorizePath || meta.Token != s.base+tokenPath || meta.Revocation != s.base+revokePath {
		t.Errorf("metadata: %+v", meta)
	}
	var set struct {
		Keys []struct{ Kid, Kty, Alg, N, E string }
	}
	readJSON(t, p.get(meta.Keys), &set)

	parts := strings.Split(tok.Access, ".")
	var header struct{ Alg, Kid, Typ string }
	var claims struct {
		Issuer  string `json:"iss"`
		Subject string `json:"sub"`
		Client  string `json:"client_id"`
		Expires int64  `json:"exp"`
	}
	decodePart(t, parts[0], &header)
	decodePart(t, parts[1], &claims)
	if header.Alg != "RS256" || header.Typ != "at+jwt" || claims.Issuer != s.base || claims.Client != wiki.id || claims.Subject == "" || claims.Expires == 0 {
		t.Errorf("token with header %+v and claims %+v", header, claims)
	}
	for _, k := range set.Keys {
		if k.Kid != header.Kid {
			continue
		}
		key := &rsa.PublicKey{N: new(big.Int).SetBytes(decode(t, k.N)), E: int(new(big.Int).SetBytes(decode(t, k.E)).Int64())}
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], decode(t, parts[2])); err != nil {
			t.Errorf("the published key does not verify the token: %v", err)
		}
		return
	}
	t.Errorf("no published key %q in %+v", header.Kid, set.Keys)
}

func readJSON(t *testing.T, a answer, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.text), into); err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v\n%s", a.Request.URL, a.Status, err, a.text)
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decodePart(t *testing.T, part string, into any) {
	t.Helper()
	if err := json.Unmarshal(decode(t, part), into); err != nil {
		t.Fatal(err)
	}
}

// pkce: a challenge that was sent binds the code to its verifier, and a
// wrong guess burns it.
func pkce(t *testing.T, s *site) {
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	const challenge = "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	p.consent(wiki)
	for name, c := range map[string]struct {
		verifier string
		good     bool
	}{
		"none":  {"", false},
		"wrong": {strings.Repeat("a", 43), false},
		"right": {verifier, true},
	} {
		code := p.code(p.get(wiki.authorizeURL(s.base, "pkce")+challenge), wiki, "pkce")
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {wiki.redirect}}
		if c.verifier != "" {
			form.Set("code_verifier", c.verifier)
		}
		a := p.token(wiki, form)
		if c.good {
			p.good(a)
			continue
		}
		if a.StatusCode != http.StatusBadRequest || oauthError(t, a) != "invalid_grant" {
			t.Errorf("verifier %s: %s %s", name, a.Status, a.text)
		}
		form.Set("code_verifier", verifier)
		if a := p.token(wiki, form); a.StatusCode != http.StatusBadRequest {
			t.Errorf("after a guess with verifier %s: %s %s", name, a.Status, a.text)
		}
	}
}
