package oauth

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

func consent(c application.Consent) func(*application.Application) {
	return func(a *application.Application) { a.Consent = c }
}

// visits sends an authorization request with headers.
func (b *browser) visits(q url.Values, headers ...string) reply {
	b.t.Helper()
	r := b.request(http.MethodGet, authorizeURL(q), "")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return b.send(r)
}

func TestConsentEveryTime(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query()) // remembered
	w.change("wiki", consent(application.ConsentEveryTime))
	for range 2 {
		b.get(authorizeURL(query())).tokenOf(t)
		b.code(query())
	}
	if e := b.get(authorizeURL(query("prompt", "none"))).location(t).Query(); e.Get("error") != "consent_required" || e.Has("code") {
		t.Errorf("answer %v", e)
	}
	w.program("demo-session", query()).withheld(t, http.StatusForbidden, "consent_required")
	r := w.request(http.MethodGet, AuthorizePath, "")
	r.Header.Set("Authorization", headerForm(query()))
	b.send(r).withheld(t, http.StatusForbidden, "consent_required")
}

func TestConsentTrusted(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", consent(application.ConsentTrusted))
	b := w.browser("demo-session")
	got := b.visits(query(), "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "cross-site")
	code := got.location(t).Query().Get("code")
	if got.StatusCode != http.StatusFound || code == "" {
		t.Fatalf("%d %s", got.StatusCode, got.Header.Get("Location"))
	}
	w.token(redeemForm(code)).tokens(t)
	a, err := w.store.FindAuthorization(t.Context(), "wiki", Subject(issuer, "prod", 6), "")
	if err != nil || !a.ConsentedAt.IsZero() || !a.CreatedAt.Equal(w.clock.Now()) || a.ConsentDigest != "one" || !a.Connection.Live() {
		t.Errorf("authorization %+v, %v", a, err)
	}
	if w.kinds(audit.ConsentTrusted) != 1 || w.kinds(audit.Consent) != 0 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}

	// The next time nothing is created; a grown scheme is a new yes.
	b.code(query())
	if w.kinds(audit.ConsentTrusted) != 1 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
	w.scheme.digest = "two"
	if b.get(authorizeURL(query("prompt", "none"))).location(t).Query().Get("code") == "" || w.kinds(audit.ConsentTrusted) != 2 {
		t.Errorf("not trusted with the new scheme: %v", w.audit.Kinds())
	}

	// prompt=consent and prompt=select_account ask nevertheless, and what is
	// allowed then is a consent.
	b.get(authorizeURL(query("prompt", "select_account"))).tokenOf(t)
	b.code(query("prompt", "consent"))
	if a, err = w.store.FindAuthorization(t.Context(), "wiki", Subject(issuer, "prod", 6), ""); err != nil || a.ConsentedAt.IsZero() || w.kinds(audit.Consent) != 1 {
		t.Errorf("authorization %+v, %v, audit trail %v", a, err, w.audit.Kinds())
	}
}

// A page that embeds or fetches the endpoint connects nobody, be it again.
func TestA32_TrustedNeedsAWindow(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", consent(application.ConsentTrusted))
	b := w.browser("demo-session")
	embedded := [][]string{
		{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"},
		{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "object"},
		{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Dest", "iframe"},
		{"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
		{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"},
		{"Sec-Fetch-Mode", "cors"},
		{"Sec-Fetch-Dest", "frame"},
		{"Sec-Fetch-Dest", ""},
		// Fetched ahead, as a script on the page may tell the browser to.
		{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Purpose", "prefetch"},
		{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Purpose", "prefetch;prerender"},
		{"Purpose", "prefetch"},
	}
	for _, headers := range embedded {
		b.visits(query(), headers...).noWindow(t)
		if e := b.visits(query("prompt", "none"), headers...).location(t).Query(); e.Get("error") != "consent_required" || e.Has("code") {
			t.Errorf("%v: %v", headers, e)
		}
	}
	if w.granted(6) {
		t.Fatal("granted without a window")
	}
	b.code(query())
	for _, headers := range embedded {
		b.visits(query(), headers...).noWindow(t)
	}
}

// Trust is in an application that proves itself, and asks the person's browser.
func TestTrustedIsNoConsentOfTheirs(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", consent(application.ConsentTrusted))
	w.program("demo-session", query()).withheld(t, http.StatusForbidden, "consent_required")
	if w.granted(6) {
		t.Fatal("a program has connected somebody")
	}
	b := w.browser("demo-session")
	b.code(query())
	w.program("demo-session", query()).given(t)

	// Where the application is trusted no more, the person is asked.
	for _, c := range []application.Consent{application.ConsentRemember, ""} {
		w.change("wiki", consent(c))
		w.program("demo-session", query()).withheld(t, http.StatusForbidden, "consent_required")
		b.get(authorizeURL(query())).tokenOf(t)
	}

	r := w.request(http.MethodGet, authorizeURL(query()), "")
	app := &application.Application{Consent: application.ConsentTrusted}
	if !trusted(r, app) {
		t.Error("a confidential application is not trusted")
	}
	if app.Public = true; trusted(r, app) {
		t.Error("a public client is trusted")
	}
}

// Trusted is for who may connect, and the rest of the request must be good.
func TestTrustedChecksTheRest(t *testing.T) {
	w := newWorld(t)
	w.everybody()
	w.change("wiki", consent(application.ConsentTrusted))
	w.browser("portal").get(authorizeURL(query())).noRedirect(t, http.StatusForbidden)
	if e := w.browser("demo-session").get(authorizeURL(query("scope", "nonsense"))).location(t).Query().Get("error"); e != "invalid_scope" {
		t.Errorf("error %q", e)
	}
	if to := w.browser("").get(authorizeURL(query())).location(t); to.Path != loginPath {
		t.Errorf("sent to %s", to)
	}
	w.store.set("Consent", grant.ErrUnavailable)
	if e := w.browser("demo-session").get(authorizeURL(query())).location(t).Query().Get("error"); e != "temporarily_unavailable" {
		t.Errorf("error %q", e)
	}
	if w.granted(6) || w.granted(9) {
		t.Error("granted nevertheless")
	}
}

// A consent that was given stays one while the application is trusted.
func TestTrustedKeepsAConsent(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	said := w.clock.Now()
	w.change("wiki", consent(application.ConsentTrusted))
	w.clock.Advance(time.Hour)
	b.code(query())
	a, err := w.store.FindAuthorization(t.Context(), "wiki", Subject(issuer, "prod", 6), "")
	if err != nil || !a.ConsentedAt.Equal(said) {
		t.Errorf("consented at %v, %v", a.ConsentedAt, err)
	}
}
