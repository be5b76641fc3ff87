package oauth

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// allow is the form that the Allow button sends.
func allow(token string) url.Values { return url.Values{"token": {token}, "decision": {"allow"}} }

// granted tells whether the fake person has an authorization for wiki.
func (w *world) granted(uid int64) bool {
	_, err := w.store.FindAuthorization(w.t.Context(), "wiki", Subject(issuer, "prod", uid), "")
	return err == nil
}

func TestConsentPage(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	got := b.get(authorizeURL(query()))
	for _, want := range []string{"Team wiki", "Marc Demo", "demo", "read <strong>Customer</strong>: Name", "wiki.example.com", "Allow", "Deny", "prompt=login"} {
		if !strings.Contains(got.text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if got.StatusCode != http.StatusOK || len(w.audit.Kinds()) != 0 {
		t.Errorf("status %d, audit trail %v", got.StatusCode, w.audit.Kinds())
	}
	back := b.post(ConsentPath, allow(got.tokenOf(t)))
	answer := back.location(t).Query()
	if back.StatusCode != http.StatusSeeOther || answer.Get("code") == "" || answer.Get("state") != "xyz" || answer.Get("iss") != issuer {
		t.Errorf("%d %s", back.StatusCode, back.Header.Get("Location"))
	}
	// M27: a link is answered by 302, and the consent is remembered.
	silent := b.get(authorizeURL(query()))
	if silent.StatusCode != http.StatusFound || silent.location(t).Query().Get("code") == "" {
		t.Errorf("%d %s", silent.StatusCode, silent.Header.Get("Location"))
	}
	if form := b.post(AuthorizePath, query()); form.StatusCode != http.StatusSeeOther {
		t.Errorf("a form is answered by %d", form.StatusCode)
	}
}

func TestDeny(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	token := b.get(authorizeURL(query())).tokenOf(t)
	got := b.post(ConsentPath, url.Values{"token": {token}, "decision": {"deny"}})
	answer := got.location(t).Query()
	if got.StatusCode != http.StatusSeeOther || answer.Get("error") != "access_denied" || answer.Get("state") != "xyz" || answer.Get("iss") != issuer {
		t.Errorf("%d %s", got.StatusCode, got.Header.Get("Location"))
	}
	b.post(ConsentPath, allow(token)).noRedirect(t, http.StatusForbidden)
	if w.granted(6) {
		t.Error("granted nevertheless")
	}
	for _, e := range w.audit.Events() {
		if e.Kind == audit.ConsentDenied && e.Application == "wiki" && e.Subject != "" {
			return
		}
	}
	t.Errorf("audit trail %v", w.audit.Events())
}

// A30: the form counts once, unchanged, in time, and from our own page.
func TestA30_ConsentCSRF(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	fresh := func() string { return b.get(authorizeURL(query())).tokenOf(t) }
	send := func(form url.Values, headers ...string) reply {
		r := b.request(http.MethodPost, ConsentPath, form.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return b.send(r)
	}
	// A value sealed for another purpose is no form.
	plain, _ := json.Marshal(form{Params: params(query()), Subject: Subject(issuer, "prod", 6), Until: w.clock.Now().Add(time.Hour)})
	foreign := base64.RawURLEncoding.EncodeToString(ring.Seal(plain, w.current().associated(pendingCookie)))

	refused := map[string]reply{
		"no token":           send(url.Values{"decision": {"allow"}}),
		"made up":            send(allow("AAAA")),
		"changed":            send(allow(flip(fresh()))),
		"sealed elsewhere":   send(allow(foreign)),
		"no decision":        send(url.Values{"token": {fresh()}}),
		"other decision":     send(url.Values{"token": {fresh()}, "decision": {"yes"}}),
		"two decisions":      send(url.Values{"token": {fresh()}, "decision": {"deny", "allow"}}),
		"cross-site":         send(allow(fresh()), "Sec-Fetch-Site", "cross-site"),
		"same-site":          send(allow(fresh()), "Sec-Fetch-Site", "same-site"),
		"typed":              send(allow(fresh()), "Sec-Fetch-Site", "none"),
		"foreign origin":     send(allow(fresh()), "Origin", "https://evil.example"),
		"origin of http":     send(allow(fresh()), "Origin", "http://erp.example.com"),
		"null, cross-site":   send(allow(fresh()), "Origin", "null", "Sec-Fetch-Site", "cross-site"),
		"a query is no form": b.get(ConsentPath + "?" + allow(fresh()).Encode()),
	}
	for name, got := range refused {
		want := http.StatusForbidden
		if name == "a query is no form" {
			want = http.StatusMethodNotAllowed
		}
		t.Run(name, func(t *testing.T) { got.noRedirect(t, want) })
	}
	old := fresh()
	w.clock.Advance(formLife)
	send(allow(old)).noRedirect(t, http.StatusForbidden)
	if w.granted(6) {
		t.Fatal("a forged form was taken")
	}

	once := fresh()
	for _, headers := range [][]string{{"Origin", issuer, "Sec-Fetch-Site", "same-origin"}, {"Origin", "null", "Sec-Fetch-Site", "same-origin"}} {
		if got := send(allow(fresh()), headers...); got.StatusCode != http.StatusSeeOther {
			t.Fatalf("%v: %d", headers, got.StatusCode)
		}
		w.revokeAll(6)
	}
	send(allow(once))
	w.revokeAll(6)
	w.reload(applications()) // what was used stays used
	send(allow(once)).noRedirect(t, http.StatusForbidden)
	if w.granted(6) {
		t.Error("a form counted twice")
	}
}

// flip changes one bit of a sealed token.
func flip(token string) string {
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	raw[len(raw)/2] ^= 1
	return base64.RawURLEncoding.EncodeToString(raw)
}

// revokeAll takes back what a person has granted.
func (w *world) revokeAll(uid int64) {
	w.t.Helper()
	all, err := w.store.AuthorizationsBySubject(w.t.Context(), Subject(issuer, "prod", uid))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, a := range all {
		if err := w.store.RevokeAuthorization(w.t.Context(), a.ID, w.clock.Now()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// A31: whoever answers must be who was asked, in the same session.
func TestA31_AnotherSessionAnswers(t *testing.T) {
	w := newWorld(t)
	w.odoo.sessions["second-session"] = w.odoo.sessions["demo-session"]
	b := w.browser("demo-session")
	for _, session := range []string{"other-session", "second-session", ""} {
		token := b.get(authorizeURL(query())).tokenOf(t)
		thief := w.browser(session)
		got := thief.post(ConsentPath, allow(token))
		to := got.location(t)
		if to.Host != "" || to.Path != AuthorizePath && to.Path != "/web/login" || to.Query().Has("code") {
			t.Errorf("%q: %s", session, to)
		}
	}
	// The same session id, and yet somebody else.
	token := b.get(authorizeURL(query())).tokenOf(t)
	w.odoo.sessions["demo-session"] = w.odoo.sessions["other-session"]
	if to := b.post(ConsentPath, allow(token)).location(t); to.Path != AuthorizePath {
		t.Errorf("another person: %s", to)
	}
	if w.granted(6) || w.granted(7) {
		t.Error("granted by another session")
	}
}

// What is granted is what was shown.
func TestConsentAfterAChange(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	token := b.get(authorizeURL(query())).tokenOf(t)
	w.scheme.digest = "two"
	if to := b.post(ConsentPath, allow(token)).location(t); to.Path != AuthorizePath {
		t.Errorf("sent to %s", to)
	}
	token = b.get(authorizeURL(query())).tokenOf(t)
	w.change("wiki", func(a *application.Application) { a.RedirectURIs[0].Active = false })
	b.post(ConsentPath, allow(token)).noRedirect(t, http.StatusBadRequest)
	if w.granted(6) {
		t.Error("granted nevertheless")
	}
}

// A remembered consent asks again where more would be granted, where the
// application wants it, and after a revocation.
func TestConsentIsAskedAgain(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	b.get(authorizeURL(query("prompt", "consent"))).tokenOf(t)
	w.scheme.digest = "two"
	b.get(authorizeURL(query())).tokenOf(t)
	w.scheme.digest = "one"
	if got := b.get(authorizeURL(query("prompt", "none"))); got.location(t).Query().Get("code") == "" {
		t.Error("not silent")
	}
	w.revokeAll(6)
	b.get(authorizeURL(query())).tokenOf(t)

	w.browser("other-session").get(authorizeURL(query())).tokenOf(t)
	b.get(authorizeURL(query("client_id", "rival"))).tokenOf(t)
}

// Anybody can use the client id of a public client, and its loopback address:
// without a question, any program on the person's machine would get a code.
func TestPublicClientsAlwaysAsk(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	q := query("client_id", "native", "redirect_uri", appURI, "code_challenge", challenge, "code_challenge_method", "S256")
	b.code(q)
	b.get(authorizeURL(q)).tokenOf(t)
	q.Set("prompt", "none")
	if got := b.get(authorizeURL(q)).location(t).Query(); got.Get("error") != "consent_required" || got.Has("code") {
		t.Errorf("answer %v", got)
	}
}

// A silent authorization never brings back what was revoked meanwhile.
func TestSilentAuthorizeDoesNotRevive(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	b.cookies[sessionCookie] = "fresh-session"
	w.odoo.sessions["fresh-session"] = w.odoo.sessions["demo-session"]
	w.store.set("UpdateConnection", grant.ErrEnded)
	if got := b.get(authorizeURL(query())); got.location(t).Query().Has("code") {
		t.Errorf("Location %s", got.Header.Get("Location"))
	}
}

// A URI that is authorized individually has a consent of its own.
func TestAuthorizedIndividually(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	b.get(authorizeURL(query("redirect_uri", aloneURI))).tokenOf(t)
	b.code(query("redirect_uri", aloneURI))
	if got := b.get(authorizeURL(query("redirect_uri", otherURI))); got.location(t).Query().Get("code") == "" {
		t.Error("the consent for the others is lost")
	}
	all, err := w.store.AuthorizationsBySubject(t.Context(), Subject(issuer, "prod", 6))
	if err != nil || len(all) != 2 {
		t.Errorf("%d authorizations, %v", len(all), err)
	}
}

// The session of the browser is attached at each authorization.
func TestSilentAuthorizeReattaches(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	w.odoo.sessions["fresh-session"] = w.odoo.sessions["demo-session"]
	b.cookies[sessionCookie] = "fresh-session"
	b.code(query())
	a, err := w.store.FindAuthorization(t.Context(), "wiki", Subject(issuer, "prod", 6), "")
	if err != nil || a.Connection.Hash != grant.HashToken("fresh-session") {
		t.Errorf("connection %+v %v", a.Connection, err)
	}
	if n := w.kinds(audit.Consent); n != 1 {
		t.Errorf("%d consents in the audit trail", n)
	}
}
