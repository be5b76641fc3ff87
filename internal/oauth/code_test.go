package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
)

const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// A1, M7: of many redemptions at once exactly one succeeds.
func TestM7_CodeIsRedeemedOnce(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	for range 5 {
		code := b.code(query())
		var wg sync.WaitGroup
		start := make(chan struct{})
		statuses := make([]int, 64)
		for i := range statuses {
			wg.Go(func() {
				<-start
				statuses[i] = w.token(redeemForm(code)).StatusCode
			})
		}
		close(start)
		wg.Wait()
		won := 0
		for _, s := range statuses {
			switch s {
			case http.StatusOK:
				won++
			case http.StatusBadRequest:
			default:
				t.Errorf("status %d", s)
			}
		}
		if won != 1 {
			t.Fatalf("%d of %d redemptions succeeded", won, len(statuses))
		}
	}
}

// M8: a second redemption ends what the first one has produced.
func TestM8_CodeReplayEndsItsTokens(t *testing.T) {
	w := newWorld(t)
	code := w.browser("demo-session").code(query())
	tokens := w.token(redeemForm(code)).tokens(t)
	w.token(redeemForm(code)).refused(t, 400, "invalid_grant")
	w.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_grant")
	claims, _ := w.config.Keys.Verify(tokens.AccessToken)
	if set, err := w.store.TokenSet(t.Context(), claims.TokenSet); err != nil || set.Live() {
		t.Errorf("token set lives: %+v %v", set, err)
	}
	if w.kinds(audit.CodeReplay) != 1 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
}

// M8: who has seen a code that was used, and could not have redeemed it, ends
// nothing: it was of no use when it was new, and is of none now.
func TestM8_CodeReplayWithoutItsProof(t *testing.T) {
	w := newWorld(t)
	code := w.browser("demo-session").code(query("code_challenge", challenge, "code_challenge_method", "S256"))
	form := func() url.Values { return with(redeemForm(code), "code_verifier", verifier) }
	tokens := w.token(form()).tokens(t)
	for name, change := range map[string][2]string{
		"no verifier": {"code_verifier", ""}, "another verifier": {"code_verifier", strings.Repeat("w", 43)}, "another URI": {"redirect_uri", "https://x.example.com/"},
	} {
		before := len(w.audit.Events())
		w.token(with(form(), change[0], change[1])).refused(t, 400, "invalid_grant")
		events := w.audit.Events()[before:]
		if len(events) != 1 || events[0].Kind != audit.CodeReplay || events[0].TokenSet != "" || events[0].Detail["reason"] == "" {
			t.Errorf("%s: audit trail %+v", name, events)
		}
	}
	tokens = w.token(refreshForm(tokens.RefreshToken)).tokens(t)
	w.token(form()).refused(t, 400, "invalid_grant")
	w.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_grant")
	if ended := w.audit.Events()[len(w.audit.Events())-1]; ended.Kind != audit.CodeReplay || ended.TokenSet == "" {
		t.Errorf("the replay that ended the tokens: %+v", ended)
	}
	// Once more ends nothing, and its event says so: it may be left out.
	w.clock.Advance(time.Second)
	w.token(form()).refused(t, 400, "invalid_grant")
	if last := w.audit.Events()[len(w.audit.Events())-1]; last.Kind != audit.CodeReplay || last.TokenSet != "" {
		t.Errorf("the next replay: %+v", last)
	}
}

// A2: codes and refresh tokens are bound to their client, and whoever tries
// another's does it no harm.
func TestA2_TokensOfAnotherApplication(t *testing.T) {
	w := newWorld(t)
	rival := []string{"client_id", "rival", "client_secret", "secret of rival"}
	code := w.browser("demo-session").code(query())
	w.token(redeemForm(code, rival...)).refused(t, 400, "invalid_grant")
	tokens := w.token(redeemForm(code)).tokens(t)
	w.token(refreshForm(tokens.RefreshToken, rival...)).refused(t, 400, "invalid_grant")
	if w.revoke(tokens.RefreshToken, rival...).StatusCode != http.StatusOK {
		t.Error("revocation of a foreign token is answered differently")
	}
	w.token(refreshForm(tokens.RefreshToken)).tokens(t)
	if w.kinds(audit.ClientAuthFailed) != 3 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
}

func TestM7_CodeExpires(t *testing.T) {
	w := newWorld(t)
	code := w.browser("demo-session").code(query())
	w.clock.Advance(DefaultCodeExpiry)
	w.token(redeemForm(code)).refused(t, 400, "invalid_grant")
}

func TestM7_CodeIsBoundToItsRedirectURI(t *testing.T) {
	w := newWorld(t)
	code := w.browser("demo-session").code(query())
	w.token(redeemForm(code, "redirect_uri", otherURI)).refused(t, 400, "invalid_grant")
	w.token(redeemForm(code)).refused(t, 400, "invalid_grant") // burnt
}

// A9, M19: only the whole code and the whole token count.
func TestA9_MangledCodesAndTokens(t *testing.T) {
	w := newWorld(t)
	code := w.browser("demo-session").code(query())
	mangle := func(s string) []string {
		all := []string{s + "A", s + "=", " " + s, s + "\n", s + "\x00", strings.ToUpper(s), strings.ToLower(s), s + s}
		for i := 1; i < len(s); i++ {
			all = append(all, s[:i])
		}
		return all
	}
	for _, m := range mangle(code) {
		w.token(redeemForm(m)).refused(t, 400, "invalid_grant")
	}
	tokens := w.token(redeemForm(code)).tokens(t)
	for _, m := range mangle(tokens.RefreshToken) {
		w.token(refreshForm(m)).refused(t, 400, "invalid_grant")
	}
	w.token(refreshForm(tokens.RefreshToken)).tokens(t)
}

// A3, M9: every challenge with every verifier.
func TestM9_PKCEMatrix(t *testing.T) {
	challenges := map[string][]string{
		"none":  nil,
		"plain": {"code_challenge", verifier, "code_challenge_method", "plain"},
		"S256":  {"code_challenge", challenge, "code_challenge_method", "S256"},
		"bad":   {"code_challenge", challenge + "x", "code_challenge_method", "S256"},
	}
	verifiers := map[string]string{
		"none": "", "right": verifier, "wrong": strings.Repeat("w", 43), "malformed": verifier[:42],
	}
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query()) // consents
	for c, sent := range challenges {
		for v, sentVerifier := range verifiers {
			t.Run(c+" "+v, func(t *testing.T) {
				got := b.get(authorizeURL(query(sent...)))
				answer := got.location(t).Query()
				if c == "plain" || c == "bad" {
					if answer.Get("error") != "invalid_request" || answer.Get("code") != "" {
						t.Fatalf("answer %v", answer)
					}
					return
				}
				token := w.token(redeemForm(answer.Get("code"), "code_verifier", sentVerifier))
				if c == "none" && v == "none" || c == "S256" && v == "right" {
					token.tokens(t)
					return
				}
				token.refused(t, 400, "invalid_grant")
				w.token(redeemForm(answer.Get("code"), "code_verifier", verifier)).refused(t, 400, "invalid_grant") // burnt
			})
		}
	}
}

func TestM11_ChallengeForms(t *testing.T) {
	tests := []struct {
		name string
		sent []string
		ok   bool
	}{
		{"S256", []string{"code_challenge", challenge, "code_challenge_method", "S256"}, true},
		{"no method means plain", []string{"code_challenge", challenge}, false},
		{"method alone", []string{"code_challenge_method", "S256"}, false},
		{"method in lower case", []string{"code_challenge", challenge, "code_challenge_method", "s256"}, false},
		{"padded", []string{"code_challenge", challenge + "=", "code_challenge_method", "S256"}, false},
		{"short", []string{"code_challenge", challenge[:42], "code_challenge_method", "S256"}, false},
		{"standard base64", []string{"code_challenge", strings.Replace(challenge, "-", "+", 1), "code_challenge_method", "S256"}, false},
		{"unused bits set", []string{"code_challenge", challenge[:42] + "N", "code_challenge_method", "S256"}, false},
	}
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := b.get(authorizeURL(query(test.sent...))).location(t).Query()
			if (answer.Get("code") != "") != test.ok || !test.ok && answer.Get("error") != "invalid_request" {
				t.Errorf("answer %v", answer)
			}
		})
	}
}

// M11: lengths and characters of the verifier.
func TestM11_VerifierForms(t *testing.T) {
	for v, want := range map[string]bool{
		strings.Repeat("a", 42): false, strings.Repeat("a", 43): true,
		strings.Repeat("a", 128): true, strings.Repeat("a", 129): false,
		strings.Repeat("a", 42) + "~": true, strings.Repeat("a", 42) + "+": false,
		strings.Repeat("a", 42) + " ": false, strings.Repeat("a", 41) + "é": false,
	} {
		if validVerifier(v) != want {
			t.Errorf("%q: %v", v, !want)
		}
	}
}

// A challenge made of a verifier that is too short proves too little.
func TestShortVerifierIsRefused(t *testing.T) {
	w := newWorld(t)
	sum := sha256.Sum256([]byte(verifier[:42]))
	q := query("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method", "S256")
	code := w.browser("demo-session").code(q)
	w.token(redeemForm(code, "code_verifier", verifier[:42])).refused(t, 400, "invalid_grant")
}

// M10: public clients need PKCE.
func TestM10_PublicClient(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	q := query("client_id", "native", "redirect_uri", appURI)
	if got := b.get(authorizeURL(q)).location(t).Query(); got.Get("error") != "invalid_request" {
		t.Fatalf("answer %v", got)
	}
	q.Set("code_challenge", challenge)
	q.Set("code_challenge_method", "S256")
	public := []string{"client_id", "native", "client_secret", "", "redirect_uri", appURI}
	code := b.code(q)
	w.token(redeemForm(code, append(public, "code_verifier", strings.Repeat("w", 43))...)).refused(t, 400, "invalid_grant")
	code = b.code(q)
	tokens := w.token(redeemForm(code, append(public, "code_verifier", verifier)...)).tokens(t)
	w.token(refreshForm(tokens.RefreshToken, "client_id", "native", "client_secret", "")).tokens(t)
}

// Each redemption is a token set of its own.
func TestTokenSetsAreSeparate(t *testing.T) {
	w := newWorld(t)
	first, second := w.connect(), w.connect()
	if w.revoke(first.RefreshToken).StatusCode != http.StatusOK {
		t.Fatal("not revoked")
	}
	w.token(refreshForm(first.RefreshToken)).refused(t, 400, "invalid_grant")
	w.token(refreshForm(second.RefreshToken)).tokens(t)
}

// TestCodesAreSeparate: a code ends no other one of the same person, and each is
// good once.
func TestCodesAreSeparate(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	first, second := b.code(query()), b.code(query())
	if first == second {
		t.Fatal("one code twice")
	}
	w.token(redeemForm(first)).tokens(t)
	w.token(redeemForm(second)).tokens(t)
	w.token(redeemForm(second)).refused(t, 400, "invalid_grant")
}

// A code lives no longer than its authorization.
func TestRevokedAuthorizationEndsCodes(t *testing.T) {
	w := newWorld(t)
	code := w.browser("demo-session").code(query())
	a, err := w.store.FindAuthorization(t.Context(), "wiki", Subject(issuer, "prod", 6), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.RevokeAuthorization(t.Context(), a.ID, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.token(redeemForm(code)).refused(t, 400, "invalid_grant")
}

// revoke posts to the revocation endpoint as wiki.
func (w *world) revoke(token string, changes ...string) reply {
	w.t.Helper()
	form := with(url.Values{"token": {token}, "client_id": {"wiki"}, "client_secret": {"secret of wiki"}}, changes...)
	r := w.request(http.MethodPost, RevokePath, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r)
}

// M25.
func TestM25_Revocation(t *testing.T) {
	w := newWorld(t)
	empty := func(name string, got reply) {
		t.Helper()
		if got.StatusCode != http.StatusOK || got.text != "" {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.text)
		}
	}
	byRefresh := w.connect()
	empty("refresh token", w.revoke(byRefresh.RefreshToken))
	w.token(refreshForm(byRefresh.RefreshToken)).refused(t, 400, "invalid_grant")
	empty("again", w.revoke(byRefresh.RefreshToken))

	byAccess := w.connect()
	empty("access token", w.revoke(byAccess.AccessToken, "token_type_hint", "access_token"))
	w.token(refreshForm(byAccess.RefreshToken)).refused(t, 400, "invalid_grant")

	empty("unknown", w.revoke("unknown"))
	w.revoke("x", "client_secret", "wrong").refused(t, 401, "invalid_client")
	w.revoke("").refused(t, 400, "invalid_request")
	if w.kinds(audit.TokenSetEnded) != 2 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
}

// A8: what could not be revoked is never reported as revoked.
func TestA8_RevocationFailsLoudly(t *testing.T) {
	w := newWorld(t)
	tokens := w.connect()
	for _, method := range []string{"RefreshToken", "EndTokenSet"} {
		w.store.set(method, errTest)
		w.revoke(tokens.RefreshToken).refused(t, 503, "temporarily_unavailable")
		w.store.set(method, nil)
	}
	w.token(refreshForm(tokens.RefreshToken)).tokens(t)
}

func TestExpiryIsOptional(t *testing.T) {
	now := time.Now()
	if !expiry(now, 0).IsZero() || !expiry(now, time.Hour).Equal(now.Add(time.Hour)) {
		t.Error("expiry is wrong")
	}
}
