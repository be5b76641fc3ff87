package gateway

import (
	"net/http"
	"slices"
	"testing"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/token"
)

// TestM34_KeysSpanReloads: tokens of before a change of algorithm, of before a
// rotation and of after both are accepted, and each key is published.
func TestM34_KeysSpanReloads(t *testing.T) {
	w := newWorld(t, 19)
	var tokens []string
	check := func(what string, algorithms ...string) {
		t.Helper()
		for i, raw := range tokens {
			if status, _, _ := w.get(oauth.UserinfoPath, raw); status != http.StatusOK {
				t.Errorf("%s: token %d gets status %d", what, i, status)
			}
		}
		_, _, body := w.get(oauth.JWKSPath, "")
		set, _ := body.(map[string]any)
		keys, _ := set["keys"].([]any)
		var got []string
		for _, k := range keys {
			key, _ := k.(map[string]any)
			alg, _ := key["alg"].(string)
			got = append(got, alg)
		}
		if !slices.Equal(got, algorithms) {
			t.Errorf("%s: published %v, want %v", what, got, algorithms)
		}
	}
	connect := func() {
		raw, _ := w.connect("wiki", "demo")
		tokens = append(tokens, raw)
	}
	connect()
	check("at first", token.RS256)
	w.algorithm = token.EdDSA
	w.clock.Advance(token.RefreshEvery)
	w.reload()
	connect()
	check("after a change of algorithm", token.RS256, token.EdDSA)
	keys, err := w.gw.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	connect()
	w.reload()
	connect()
	check("after a rotation", token.RS256, token.EdDSA, token.EdDSA)

	var made []string
	for _, entry := range w.logs.FilterMessage(string(audit.KeyCreated)).All() {
		detail, _ := entry.ContextMap()["detail"].(map[string]any)
		alg, _ := detail["algorithm"].(string)
		made = append(made, alg)
	}
	if want := []string{token.RS256, token.EdDSA}; !slices.Equal(made, want) {
		t.Errorf("the audit trail tells of keys made for %v, want %v", made, want)
	}
}
