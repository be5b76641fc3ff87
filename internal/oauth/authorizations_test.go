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
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// revokeTokens are the form tokens of the list, in its order, that for all last.
func (r reply) revokeTokens(t *testing.T) []string {
	t.Helper()
	if r.StatusCode != http.StatusOK || !strings.Contains(r.text, "connected applications") {
		t.Fatalf("no list: %d %s %s", r.StatusCode, r.Header.Get("Location"), r.text)
	}
	var tokens []string
	for _, part := range strings.Split(r.text, `name="token" value="`)[1:] {
		token, _, _ := strings.Cut(part, `"`)
		tokens = append(tokens, token)
	}
	return tokens
}

// lives counts the living authorizations of a person.
func (w *world) lives(uid int64) int {
	w.t.Helper()
	all, err := w.store.AuthorizationsBySubject(w.t.Context(), Subject(issuer, "prod", uid))
	if err != nil {
		w.t.Fatal(err)
	}
	return len(all)
}

func TestListOfAuthorizations(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	if got := b.get(AuthorizationsPath); len(got.revokeTokens(t)) != 0 || !strings.Contains(got.text, "No application may use Odoo as you") {
		t.Errorf("an empty list: %s", got.text)
	}
	w.token(redeemForm(b.code(query()))).tokens(t)
	w.clock.Advance(time.Hour)
	w.token(redeemForm(b.code(query()))).tokens(t)
	b.code(query("redirect_uri", aloneURI))
	w.browser("other-session").code(query("client_id", "rival"))

	got := b.get(AuthorizationsPath)
	for _, want := range []string{
		"Team wiki", "Marc Demo", "demo · prod", aloneURI, "1 March 2026, 09:00 UTC<", "1 March 2026, 10:00 UTC<", "Times are those of UTC.", "Not yet",
		"As long as you are signed in to Odoo", "2 in use", "None in use",
	} {
		if !strings.Contains(got.text, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	if strings.Contains(got.text, "Team rival") || strings.Contains(got.text, "application is switched off and") || strings.Contains(got.text, "without asking") {
		t.Errorf("the list says too much: %s", got.text)
	}
	if len(got.revokeTokens(t)) != 3 {
		t.Errorf("%d forms", len(got.revokeTokens(t)))
	}
	for name, want := range map[string]string{"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store"} {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %q", name, got.Header.Get(name))
		}
	}
	if csp := got.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "form-action 'self';") || strings.Contains(got.text, "<script") {
		t.Errorf("policy %s", csp)
	}
	if other := w.browser("other-session").get(AuthorizationsPath); strings.Contains(other.text, "Team wiki") || !strings.Contains(other.text, "Team rival") {
		t.Errorf("somebody else sees %s", other.text)
	}
}

// The list says what each application may do today, and where that is not what
// the person has read.
func TestListSaysWhatTheyMayDo(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query("scope", "odoo.read"))
	const changed = "has changed since you allowed it"
	for _, want := range []string{"What it may do", "read <strong>Customer</strong>: Name", "within</strong>: odoo.read</li>", "sale.report_saleorder"} {
		if got := b.get(AuthorizationsPath).text; !strings.Contains(got, want) || strings.Contains(got, changed) {
			t.Errorf("the list lacks %q, or says that this has changed: %s", want, got)
		}
	}
	w.scheme.digest = "two"
	if got := b.get(AuthorizationsPath).text; !strings.Contains(got, changed) {
		t.Errorf("the list does not say that the scheme has changed: %s", got)
	}
	w.change("wiki", func(a *application.Application) { a.Connection = application.ConnectionAPIKey })
	if got := b.get(AuthorizationsPath).text; !strings.Contains(got, "What it may do") || strings.Contains(got, "sale.report_saleorder") {
		t.Errorf("of reports that Odoo does not print: %s", got)
	}
	w.change("wiki", func(a *application.Application) { a.Active = false })
	if got := b.get(AuthorizationsPath).text; strings.Contains(got, "What it may do") || strings.Contains(got, changed) {
		t.Errorf("of an application that is switched off: %s", got)
	}
}

func TestListSaysHowItStands(t *testing.T) {
	w := newWorld(t)
	trusted := consent(application.ConsentTrusted)
	w.change("wiki", trusted)
	b := w.browser("demo-session")
	b.code(query())
	w.change("wiki", func(a *application.Application) {
		trusted(a)
		a.Connection = application.ConnectionAsk
	})
	a, err := w.store.FindAuthorization(t.Context(), "wiki", Subject(issuer, "prod", 6), "")
	if err != nil {
		t.Fatal(err)
	}
	if got := b.get(AuthorizationsPath); !strings.Contains(got.text, "without asking you") {
		t.Errorf("trusted is not told: %s", got.text)
	}
	attach := func(c grant.Connection) string {
		t.Helper()
		if err := w.store.UpdateConnection(t.Context(), a.ID, a.Connection.Hash, c); err != nil {
			t.Fatal(err)
		}
		a.Connection = c
		return b.get(AuthorizationsPath).text
	}
	key := grant.Connection{Kind: grant.APIKey, Sealed: []byte("x"), Hash: "key", Since: w.clock.Now(), ExpiresAt: w.clock.Now().Add(24 * time.Hour)}
	if text := attach(key); !strings.Contains(text, "By an API key of yours, until <time datetime=\"2026-03-02T09:00:00Z\">2 March 2026") || !strings.Contains(text, "Team wiki (Odoo gateway)") || strings.Contains(text, "ends soon") {
		t.Errorf("a key: %s", text)
	}
	w.clock.Advance(12 * time.Hour)
	if text := b.get(AuthorizationsPath).text; !strings.Contains(text, "This ends soon. To make it last, connect again") {
		t.Errorf("a key that ends soon: %s", text)
	}
	w.clock.Advance(12 * time.Hour)
	if text := b.get(AuthorizationsPath).text; !strings.Contains(text, "the time of your API key is over") || !strings.Contains(text, "Team wiki (Odoo gateway)") {
		t.Errorf("a key that has ended: %s", text)
	}
	if text := attach(grant.Connection{EndedAt: w.clock.Now(), EndReason: "session_expired"}); !strings.Contains(text, "because your Odoo session has") || strings.Contains(text, "(Odoo gateway)") {
		t.Errorf("an ended session: %s", text)
	}
	w.change("wiki", func(a *application.Application) { a.Active = false })
	if text := b.get(AuthorizationsPath).text; !strings.Contains(text, "application is switched off and") || !strings.Contains(text, "Team wiki") {
		t.Errorf("an archived application: %s", text)
	}
	w.reload(applications()[1:])
	if text := b.get(AuthorizationsPath).text; !strings.Contains(text, "application is switched off and") || !strings.Contains(text, "<h2>wiki</h2>") {
		t.Errorf("a removed application: %s", text)
	}
}

// What is revoked is over for the next request, and only that.
func TestRevokeOne(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	gone := w.token(redeemForm(b.code(query()))).tokens(t)
	stays := w.token(redeemForm(b.code(query("client_id", "rival")), "client_id", "rival", "client_secret", "secret of rival")).tokens(t)
	a, err := w.store.FindAuthorization(t.Context(), "wiki", Subject(issuer, "prod", 6), "")
	if err != nil {
		t.Fatal(err)
	}
	page := b.get(AuthorizationsPath)
	tokens := page.revokeTokens(t)
	which := 0
	if strings.Index(page.text, "Team rival") < strings.Index(page.text, "Team wiki") {
		which = 1
	}
	got := b.post(AuthorizationsPath, url.Values{"token": {tokens[which]}})
	if to := got.location(t); got.StatusCode != http.StatusSeeOther || to.String() != AuthorizationsPath {
		t.Fatalf("%d %s", got.StatusCode, to)
	}
	w.token(refreshForm(gone.RefreshToken)).refused(t, 400, "invalid_grant")
	w.token(refreshForm(stays.RefreshToken, "client_id", "rival", "client_secret", "secret of rival")).tokens(t)
	if text := b.get(AuthorizationsPath).text; strings.Contains(text, "<h2>Team wiki") || !strings.Contains(text, "Team rival") {
		t.Errorf("the list afterwards: %s", text)
	}
	var events []audit.Event
	for _, e := range w.audit.Events() {
		if e.Kind == audit.AuthorizationRevoked {
			events = append(events, e)
		}
	}
	if len(events) != 1 || events[0].Subject != Subject(issuer, "prod", 6) || events[0].Authorization != a.ID || events[0].Detail["by"] != "person" {
		t.Errorf("audit trail %+v", events)
	}
	// Once more is nothing more.
	if got := b.post(AuthorizationsPath, url.Values{"token": {tokens[which]}}); got.StatusCode != http.StatusSeeOther || w.kinds(audit.AuthorizationRevoked) != 1 {
		t.Errorf("%d, audit trail %v", got.StatusCode, w.audit.Kinds())
	}
}

func TestRevokeAll(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	b.code(query("client_id", "rival"))
	b.code(query("redirect_uri", aloneURI))
	other := w.browser("other-session")
	other.code(query())
	tokens := b.get(AuthorizationsPath).revokeTokens(t)
	b.post(AuthorizationsPath, url.Values{"token": {tokens[len(tokens)-1]}})
	if w.lives(6) != 0 || w.lives(7) != 1 || w.kinds(audit.AuthorizationRevoked) != 3 {
		t.Errorf("%d and %d live, audit trail %v", w.lives(6), w.lives(7), w.audit.Kinds())
	}
}

// A form counts for its person and session, for a while, from our own page.
func TestA30_RevokeCSRF(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	other := w.browser("other-session")
	other.code(query())
	w.odoo.sessions["second-session"] = w.odoo.sessions["demo-session"]
	mine := b.get(AuthorizationsPath).revokeTokens(t)[0]
	theirs := other.get(AuthorizationsPath).revokeTokens(t)
	consentToken := b.get(authorizeURL(query("prompt", "consent"))).tokenOf(t)
	plain, _ := json.Marshal(revokeForm{Session: grant.HashToken("demo-session"), Subject: Subject(issuer, "prod", 6), Until: w.clock.Now().Add(time.Hour)})
	send := func(b *browser, form url.Values, headers ...string) reply {
		r := b.request(http.MethodPost, AuthorizationsPath, form.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Add(headers[i], headers[i+1])
		}
		return b.send(r)
	}
	token := func(v string) url.Values { return url.Values{"token": {v}} }
	for name, got := range map[string]reply{
		"nothing":              send(b, url.Values{}),
		"made up":              send(b, token("AAAA")),
		"changed":              send(b, token(flip(mine))),
		"not sealed":           send(b, token(base64.RawURLEncoding.EncodeToString(plain))),
		"a consent form":       send(b, token(consentToken)),
		"of somebody else":     send(b, token(theirs[0])),
		"all of somebody else": send(b, token(theirs[1])),
		"by somebody else":     send(other, token(mine)),
		"in another session":   send(w.browser("second-session"), token(mine)),
		"twice":                send(b, url.Values{"token": {mine, mine}}),
		"from another site":    send(b, token(mine), "Sec-Fetch-Site", "cross-site"),
		"from the same site":   send(b, token(mine), "Sec-Fetch-Site", "same-site"),
		"foreign origin":       send(b, token(mine), "Origin", "https://evil.example"),
		"by a script":          send(b, token(mine), "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin"),
		"in a frame":           send(b, token(mine), "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Sec-Fetch-Site", "same-origin"),
		"framed list":          b.framed(),
	} {
		t.Run(name, func(t *testing.T) { got.noRedirect(t, http.StatusForbidden) })
	}
	if to := send(w.browser(""), token(mine)).location(t); to.Path != loginPath {
		t.Errorf("nobody is sent to %s", to)
	}
	// The same session, and yet somebody else: all is not all of theirs.
	me, all := w.odoo.sessions["demo-session"], b.get(AuthorizationsPath).revokeTokens(t)[1]
	w.odoo.sessions["demo-session"] = w.odoo.sessions["other-session"]
	send(b, token(all)).noRedirect(t, http.StatusForbidden)
	w.odoo.sessions["demo-session"] = me
	w.clock.Advance(revokeLife)
	send(b, token(mine)).noRedirect(t, http.StatusForbidden)
	if w.lives(6) != 1 || w.lives(7) != 1 {
		t.Fatal("revoked by a forged form")
	}
	mine = b.get(AuthorizationsPath).revokeTokens(t)[0]
	send(b, token(mine), "Origin", issuer, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
	if w.lives(6) != 0 {
		t.Error("an honest form is refused")
	}
}

// framed asks for the list as a page does that embeds it.
func (b *browser) framed() reply {
	r := b.request(http.MethodGet, AuthorizationsPath, "")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "iframe")
	return b.send(r)
}

// The list asks who it is as authorize does, and leads back to itself.
func TestListNeedsALogin(t *testing.T) {
	w := newWorld(t)
	b := w.browser("")
	to := b.get(AuthorizationsPath).location(t)
	if to.String() != loginPath+"?redirect="+url.QueryEscape(AuthorizationsPath) || len(b.cookies) != 0 {
		t.Errorf("sent to %s, cookies %v", to, b.cookies)
	}
	w.odoo.sessions["staging"] = Person{UID: 2, Login: "admin", Database: "staging", Internal: true}
	w.browser("staging").get(AuthorizationsPath).noRedirect(t, http.StatusForbidden)
	w.odoo.errs["down"] = &odoo.Error{Kind: odoo.Unavailable}
	w.browser("down").get(AuthorizationsPath).noRedirect(t, http.StatusServiceUnavailable)
	stuck := w.browser("dead")
	for range maxRounds {
		stuck.cookies[sessionCookie] = "dead"
		if to := stuck.get(AuthorizationsPath).location(t); to.Path != loginPath {
			t.Errorf("sent to %s", to)
		}
	}
	stuck.cookies[sessionCookie] = "dead"
	stuck.get(AuthorizationsPath).noRedirect(t, http.StatusForbidden)

	r := w.request(http.MethodDelete, AuthorizationsPath, "")
	if got := w.do(r); got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, POST" {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
	// Whoever has an account sees the page: portal users are people too.
	w.odoo.sessions["portal"] = Person{UID: 9, Login: "portal", Database: "prod"}
	w.browser("portal").get(AuthorizationsPath).revokeTokens(t)
}

// What could not be revoked is not reported as revoked.
func TestRevokeFailsLoudly(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	token := b.get(AuthorizationsPath).revokeTokens(t)[0]
	for _, method := range []string{"RevokeAuthorization", "AuthorizationsBySubject"} {
		w.store.set(method, grant.ErrUnavailable)
		b.post(AuthorizationsPath, url.Values{"token": {token}}).noRedirect(t, http.StatusServiceUnavailable)
		w.store.set(method, nil)
	}
	for _, method := range []string{"TokenSets", "AuthorizationsBySubject"} {
		w.store.set(method, grant.ErrUnavailable)
		b.get(AuthorizationsPath).noRedirect(t, http.StatusServiceUnavailable)
		w.store.set(method, nil)
	}
	if w.lives(6) != 1 || w.kinds(audit.AuthorizationRevoked) != 0 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
}

// Tokens that have ended by themselves are none in use.
func TestListCountsTokensInUse(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", func(a *application.Application) { a.RefreshTokenExpiry, a.RefreshTokenMaxAge = 2*day, 0 })
	b := w.browser("demo-session")
	in := func(want string) {
		t.Helper()
		if got := b.get(AuthorizationsPath); !strings.Contains(got.text, "<dd>"+want) {
			t.Errorf("the list lacks %q: %s", want, got.text)
		}
	}
	first := w.token(redeemForm(b.code(query()))).tokens(t)
	w.token(redeemForm(b.code(query()))).tokens(t)
	in("2 in use")
	w.clock.Advance(day)
	w.token(refreshForm(first.RefreshToken)).tokens(t)
	in("2 in use")
	w.clock.Advance(day)
	in("1 in use") // the other one was not refreshed
	w.change("wiki", func(a *application.Application) { a.RefreshTokenMaxAge = 2 * day })
	in("None in use")
	w.change("wiki", func(a *application.Application) { a.RefreshTokenMaxAge = 0 })
	w.clock.Advance(day)
	in("None in use")
}

// How often comes from the store, which counts in batches.
func TestListTellsHowOften(t *testing.T) {
	w := newWorld(t)
	at := w.clock.Now()
	a := grant.Authorization{Application: "wiki", CreatedAt: at, ConsentedAt: at, LastUsedAt: at, Uses: 7}
	if got := w.current().describe(a, nil); got.Uses != 7 {
		t.Errorf("used %d times", got.Uses)
	}
}
