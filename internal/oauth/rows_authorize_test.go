package oauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Rows of the standards and of the attack catalogue that no other test stands
// for by itself.

func TestM3_ErrorsBeforeTheRedirectURIArePages(t *testing.T) {
	w := newWorld(t)
	for _, session := range []string{"", "demo-session"} {
		for _, bad := range []url.Values{
			query("client_id", "nobody"), query("client_id", "archived"), query("client_id", ""),
			query("redirect_uri", ""), query("redirect_uri", "https://evil.example/cb"), query("redirect_uri", archivedURI),
			query("redirect_uri", appURI), // registered with another application
		} {
			w.browser(session).get(authorizeURL(bad)).noRedirect(t, http.StatusBadRequest)
			w.browser(session).post(AuthorizePath, bad).noRedirect(t, http.StatusBadRequest)
		}
	}
}

func TestM4_NoRedirectBeforeTheLogin(t *testing.T) {
	w := newWorld(t)
	for _, session := range []string{"", "expired"} {
		for _, bad := range []string{"scope=bad", "response_type=token", "code_challenge=x", "resource=x"} {
			name, value, _ := strings.Cut(bad, "=")
			if to := w.browser(session).get(authorizeURL(query(name, value))).location(t); to.Host != "" || to.Path != loginPath {
				t.Errorf("%q, %s: sent to %s", session, bad, to)
			}
		}
	}
}

func TestM10_ChallengeMayBeRequired(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", func(a *application.Application) { a.RequirePKCE = true })
	b := w.browser("demo-session")
	for _, q := range []url.Values{query(), query("code_challenge_method", "S256"), query("code_challenge", verifier, "code_challenge_method", "plain")} {
		if got := b.get(authorizeURL(q)).location(t).Query(); got.Get("error") != "invalid_request" || got.Has("code") {
			t.Errorf("answer %v", got)
		}
	}
	code := b.code(query("code_challenge", challenge, "code_challenge_method", "S256"))
	w.token(redeemForm(code, "code_verifier", verifier)).tokens(t)
	w.program("demo-session", query()).withheld(t, http.StatusBadRequest, "invalid_request")
	w.reload(applications())
	w.token(redeemForm(b.code(query()))).tokens(t) // optional again
}

// RFC 7636 appendix B.
func TestM11_AppendixB(t *testing.T) {
	c := grant.Code{Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", ChallengeMethod: "S256"}
	if !checkVerifier(c, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") || checkVerifier(c, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl") {
		t.Error("the vector is judged wrongly")
	}
	c.Challenge, c.ChallengeMethod = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "plain"
	if checkVerifier(c, c.Challenge) {
		t.Error("plain is taken")
	}
}

// RFC 9207: who answers stands in every answer.
func TestM26_IssuerInEveryAnswer(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	deny := url.Values{"token": {b.get(authorizeURL(query())).tokenOf(t)}, "decision": {"deny"}}
	answers := map[string]reply{
		"denied":  b.post(ConsentPath, deny),
		"allowed": b.post(ConsentPath, allow(b.get(authorizeURL(query())).tokenOf(t))),
		"silent":  b.get(authorizeURL(query())),
		"form":    b.post(AuthorizePath, query()),
		"error":   b.get(authorizeURL(query("scope", "bad"))),
		"no user": w.browser("").get(authorizeURL(query("prompt", "none"))),
		"query":   b.get(authorizeURL(query("redirect_uri", wikiURI+"?a=b"))),
	}
	for name, got := range answers {
		if iss := got.location(t).Query()["iss"]; len(iss) != 1 || iss[0] != issuer {
			t.Errorf("%s: iss is %q", name, iss)
		}
	}
}

// A form must not be sent on to whoever comes next.
func TestM27_RedirectsDropTheForm(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	check := func(name string, got reply, want ...int) {
		t.Helper()
		for _, status := range want {
			if got.StatusCode == status {
				return
			}
		}
		t.Errorf("%s: %d", name, got.StatusCode)
	}
	check("login, GET", w.browser("").get(authorizeURL(query())), 302, 303)
	check("login, POST", w.browser("").post(AuthorizePath, query()), 303)
	check("switch, POST", b.post(AuthorizePath, query("prompt", "login")), 303)
	b = w.browser("demo-session")
	check("allow", b.post(ConsentPath, allow(b.get(authorizeURL(query())).tokenOf(t))), 303)
	check("silent, POST", b.post(AuthorizePath, query()), 303)
	check("error, POST", b.post(AuthorizePath, query("scope", "bad")), 303)
	check("silent, GET", b.get(authorizeURL(query())), 302, 303)
	token := b.get(authorizeURL(query("prompt", "consent"))).tokenOf(t)
	w.odoo.sessions["demo-session"] = w.odoo.sessions["other-session"]
	check("another person", b.post(ConsentPath, allow(token)), 303)
}

func TestA27_NoStatusRepeatsAForm(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	for _, got := range []reply{
		b.post(ConsentPath, allow(b.get(authorizeURL(query())).tokenOf(t))), b.post(AuthorizePath, query()),
		b.post(AuthorizePath, query("prompt", "login")), w.browser("").post(AuthorizePath, query("prompt", "none")),
	} {
		if got.StatusCode != http.StatusSeeOther {
			t.Errorf("%d %s", got.StatusCode, got.Header.Get("Location"))
		}
	}
}

func TestM31_NoTokenFromTheAuthorizationEndpoint(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	for _, kind := range []string{"token", "id_token", "code token", "code id_token", "none", "Code", "code "} {
		answer := b.get(authorizeURL(query("response_type", kind))).location(t)
		if answer.Query().Get("error") != "unsupported_response_type" || answer.Fragment != "" || answer.Query().Has("access_token") {
			t.Errorf("%s: %s", kind, answer)
		}
	}
	w.token(url.Values{
		"grant_type": {"password"}, "username": {"demo"}, "password": {"demo"}, "client_id": {"wiki"}, "client_secret": {"secret of wiki"},
	}).refused(t, http.StatusBadRequest, "unsupported_grant_type")
}

func TestA22_RedirectURITwice(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	for _, more := range []string{"https://evil.example/cb", wikiURI, ""} {
		twice := "redirect_uri=" + url.QueryEscape(more)
		b.get(authorizeURL(query())+"&"+twice).noRedirect(t, http.StatusBadRequest)
		b.get(AuthorizePath+"?"+twice+"&"+query().Encode()).noRedirect(t, http.StatusBadRequest)
		b.post(AuthorizePath+"?"+twice, query()).noRedirect(t, http.StatusBadRequest)
	}
}

// Where a code goes, the address that it came from does not, and nobody keeps it.
func TestA28_CodesDoNotLeakByReferer(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	page := b.get(authorizeURL(query()))
	for name, got := range map[string]reply{
		"page": page, "answer": b.post(ConsentPath, allow(page.tokenOf(t))), "login": w.browser("").get(authorizeURL(query())),
		"problem": b.get(authorizeURL(query("client_id", "nobody"))),
	} {
		if got.Header.Get("Referrer-Policy") != "no-referrer" || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", name, got.Header)
		}
		if strings.Contains(got.text, "//") && strings.Contains(got.text, `src="http`) {
			t.Errorf("%s loads from elsewhere: %s", name, got.text)
		}
	}
}

// Who planted a session before the login has a form for nobody: Odoo gives a
// new session at the login.
func TestA33_PlantedSession(t *testing.T) {
	w := newWorld(t)
	w.odoo.sessions["planted"] = w.odoo.sessions["other-session"]
	victim := w.browser("planted")
	token := victim.get(authorizeURL(query())).tokenOf(t)
	victim.cookies[sessionCookie] = "demo-session" // the login
	if to := victim.post(ConsentPath, allow(token)).location(t); to.Path != AuthorizePath {
		t.Errorf("sent to %s", to)
	}
	victim.get(authorizeURL(query())).tokenOf(t) // asked, whatever was planted
	if w.granted(6) || w.granted(7) {
		t.Error("granted by a planted session")
	}
}

// The session may be gone the moment after it was good.
func TestA37_ArchivedUserWithALiveCookie(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	token := b.get(authorizeURL(query())).tokenOf(t)
	delete(w.odoo.sessions, "demo-session")
	w.odoo.errs["demo-session"] = &odoo.Error{Kind: odoo.SessionExpired}
	if to := b.post(ConsentPath, allow(token)).location(t); to.Path != loginPath {
		t.Errorf("sent to %s", to)
	}
	w.program("demo-session", query()).withheld(t, http.StatusUnauthorized, "login_required")
	if w.granted(6) {
		t.Error("granted to somebody who is archived")
	}
}

// What clients of OpenID Connect send is overlooked.
func TestToleratedParameters(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	more := "&login_hint=demo&max_age=0&access_type=offline&display=popup&ui_locales=de&nonce=n&id_token_hint=x&acr_values=1&include_granted_scopes=true"
	if got := b.get(authorizeURL(query()) + more).location(t).Query(); got.Get("code") == "" || len(got) != 3 {
		t.Errorf("answer %v", got)
	}
	if got := b.get(authorizeURL(query("prompt", "unknown"))).location(t).Query(); got.Get("code") == "" {
		t.Errorf("answer %v", got)
	}
	b.get(authorizeURL(query("prompt", "select_account"))).tokenOf(t)
	w.program("demo-session", query("prompt", "select_account")).withheld(t, http.StatusForbidden, "account_selection_required")
	if got := b.get(authorizeURL(query("prompt", "none select_account"))).location(t).Query(); got.Get("error") != "invalid_request" {
		t.Errorf("answer %v", got)
	}
}

// A code is kept for audit as long as the application says.
func TestCodesAreRetained(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", func(a *application.Application) { a.CodeRetain = 48 * time.Hour })
	issued := w.clock.Now()
	w.token(redeemForm(w.browser("demo-session").code(query()))).tokens(t)
	codes, err := w.store.Codes(t.Context(), grant.CodeQuery{Application: "wiki"})
	if err != nil || len(codes) != 1 || !codes[0].RetainUntil.Equal(issued.Add(48*time.Hour)) {
		t.Errorf("codes %+v, %v", codes, err)
	}
	w.reload(applications())
	w.browser("demo-session").code(query())
	if codes, err = w.store.Codes(t.Context(), grant.CodeQuery{Application: "wiki"}); err != nil || len(codes) != 1 {
		t.Errorf("codes %+v, %v", codes, err)
	}
}

// Who stays connected by a key keeps it: sessions end sooner.
func TestAuthorizeKeepsAKey(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	find := func() grant.Authorization {
		t.Helper()
		a, err := w.store.FindAuthorization(t.Context(), "wiki", Subject(issuer, "prod", 6), "")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := find()
	key := grant.Connection{
		Kind: grant.APIKey, Sealed: []byte("sealed key"), Hash: grant.HashToken("key"), Since: w.clock.Now(), ExpiresAt: w.clock.Now().Add(time.Hour),
	}
	if err := w.store.UpdateConnection(t.Context(), a.ID, a.Connection.Hash, key); err != nil {
		t.Fatal(err)
	}
	w.change("wiki", func(a *application.Application) { a.Connection = application.ConnectionAsk })
	b.code(query())
	b.code(query("prompt", "consent"))
	if c := find().Connection; c.Kind != grant.APIKey {
		t.Errorf("the key has gone: %+v", c)
	}
	w.clock.Advance(time.Hour)
	b.code(query("prompt", "none")) // which offers no other
	if c := find().Connection; c.Kind != grant.Session {
		t.Errorf("the key has ended and is kept: %+v", c)
	}
}
