package oauth

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// stayLink is the way to the page that the list offers, "" for none.
func (b *browser) stayLink() string {
	b.t.Helper()
	got := b.get(AuthorizationsPath)
	if got.StatusCode != http.StatusOK {
		b.t.Fatalf("no list: %d %s", got.StatusCode, got.text)
	}
	_, rest, _ := strings.Cut(got.text, `href="`+StayPath)
	link, _, found := strings.Cut(rest, `"`)
	if !found || !strings.HasPrefix(link, "?t=") {
		return ""
	}
	return StayPath + link
}

// Who said "Not now" finds the way back on the list, on every version.
func TestStayFromTheList(t *testing.T) {
	for version := 16; version <= 19; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			s := staySite(t, version, "") // ask is the default
			b := s.guest("demo")
			first := b.consent(query())
			if !strings.Contains(first.text, "You can still choose it later") || !strings.Contains(first.text, `<a href="`+AuthorizationsPath+`"`) {
				t.Errorf("the page does not tell where: %s", first.text)
			}
			tokens := s.token(redeemForm(b.answer(first, "later", "").mustCode(t))).tokens(t)
			page := b.get(b.stayLink())
			if !strings.Contains(page.text, "you go back to your connected applications") || strings.Contains(page.text, "still choose it later") ||
				!strings.Contains(page.Header.Get("Content-Security-Policy"), "form-action 'self';") {
				t.Errorf("%v %s", page.Header, page.text)
			}
			if got := b.answer(page, "later", ""); got.location(t).String() != AuthorizationsPath || s.connection("demo").Kind != grant.Session {
				t.Errorf("later: %d %+v", got.StatusCode, s.connection("demo"))
			}
			page = b.answer(b.get(b.stayLink()), "stay", "wrong")
			if !strings.Contains(page.text, "does not accept this password") || s.connection("demo").Kind != grant.Session {
				t.Fatalf("%d %s", page.StatusCode, page.text)
			}
			codes := s.kinds(audit.CodeIssued)
			if got := b.answer(page, "stay", "demo"); got.StatusCode != http.StatusSeeOther || got.location(t).String() != AuthorizationsPath {
				t.Fatalf("stay: %d %v", got.StatusCode, got.Header)
			}
			if c := s.connection("demo"); !connection.KeyWorks(c, s.clock.Now()) {
				t.Fatalf("connection %+v", c)
			}
			if s.kinds(audit.StayConnected) != 1 || s.kinds(audit.CodeIssued) != codes {
				t.Errorf("audit trail %v", s.audit.Kinds())
			}
			if text := b.get(AuthorizationsPath).text; !strings.Contains(text, "<strong>Team wiki</strong> stays connected when you log out") || strings.Contains(text, StayPath) {
				t.Errorf("the list: %s", text)
			}
			// Another click, in a tab that is older, is at an end.
			if got := b.answer(page, "stay", "demo"); got.location(t).String() != AuthorizationsPath || len(s.sim.APIKeyNames("demo")) != 1 {
				t.Errorf("again: %d, keys %q", got.StatusCode, s.sim.APIKeyNames("demo"))
			}
			s.sim.ExpireSessions()
			s.token(refreshForm(tokens.RefreshToken)).tokens(t)
		})
	}
}

// The list offers it where the application takes keys and the person may have
// one, and has none; or has one that ends soon.
func TestStayIsOfferedOnTheList(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	b := s.guest("demo")
	b.answer(b.consent(query()), "later", "").mustCode(t)
	offered := func(what string, want bool) {
		t.Helper()
		if got := b.stayLink() != ""; got != want {
			t.Errorf("%s: offered: %v", what, got)
		}
	}
	offered("a session", true)
	for what, change := range map[string]func(*application.Application){
		"an application of sessions": func(a *application.Application) { a.Connection = application.ConnectionSession },
		"an archived application":    func(a *application.Application) { a.Active = false },
		"an application that takes keys alone": func(a *application.Application) {
			a.Connection = application.ConnectionAPIKey
		},
	} {
		s.configure(application.ConnectionAsk, change)
		offered(what, false)
		s.configure(application.ConnectionAsk, func(*application.Application) {})
	}
	a, err := s.store.FindAuthorization(t.Context(), "wiki", Subject(s.origin.String(), s.sim.Database(), s.sim.UID("demo")), "")
	if err != nil {
		t.Fatal(err)
	}
	attach := func(c grant.Connection) {
		t.Helper()
		if err := s.store.UpdateConnection(t.Context(), a.ID, a.Connection.Hash, c); err != nil {
			t.Fatal(err)
		}
		a.Connection = c
	}
	attach(grant.Connection{Kind: grant.APIKey, Sealed: []byte("x"), Hash: "key", Since: s.clock.Now(), ExpiresAt: s.clock.Now().Add(24 * time.Hour)})
	offered("a key", false)
	s.clock.Advance(13 * time.Hour)
	offered("a key that ends soon", true)
	s.configure(application.ConnectionSession, func(*application.Application) {})
	offered("a key that ends soon, of an application of sessions", false)
	s.configure(application.ConnectionAsk, func(*application.Application) {})
	attach(grant.Connection{Kind: grant.Session, Hash: "gone", EndedAt: s.clock.Now(), EndReason: "session_expired"})
	offered("a session that has ended", false)

	// One that was connected without asking has never been offered it.
	s.configure(application.ConnectionAsk, consent(application.ConsentTrusted))
	b = s.guest("admin")
	b.get(authorizeURL(query())).mustCode(t)
	offered("a trusted application", true)
	s.configure(application.ConnectionAsk, func(a *application.Application) { a.Allow = application.Allow{Portal: true} })
	b = s.guest("portal")
	b.consent(query())
	offered("a portal user", false)
}

// The way from the list counts for its person, session and authorization, for a
// while; whatever else comes along makes no key.
func TestA30_StayFromTheListIsOnesOwn(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	b, other := s.guest("demo"), s.guest("admin")
	b.answer(b.consent(query()), "later", "").mustCode(t)
	other.answer(other.consent(query()), "later", "").mustCode(t)
	link := b.stayLink()
	form := b.get(link)
	none := func(what string) {
		t.Helper()
		if keys := append(s.sim.APIKeyNames("demo"), s.sim.APIKeyNames("admin")...); len(keys) != 0 || s.kinds(audit.StayConnected) != 0 {
			t.Fatalf("%s: keys %q, audit trail %v", what, keys, s.audit.Kinds())
		}
	}
	if got := other.get(link); got.Header.Get("Location") != AuthorizationsPath {
		t.Errorf("somebody else sees %d %s", got.StatusCode, got.text)
	}
	if got := other.answer(form, "stay", "admin"); got.Header.Get("Location") != AuthorizationsPath {
		t.Errorf("somebody else's answer: %d %s", got.StatusCode, got.text)
	}
	none("somebody else")
	if got := s.guest("demo").answer(form, "stay", "demo"); got.Header.Get("Location") != AuthorizationsPath {
		t.Errorf("another session: %d %s", got.StatusCode, got.text)
	}
	none("another session")
	// A form of the list is no form for a code, and the other way round.
	if got := b.post(ConsentPath, map[string][]string{"token": {form.stayToken(t)}, "decision": {"allow"}}); got.StatusCode != http.StatusForbidden {
		t.Errorf("as consent: %d", got.StatusCode)
	}
	if got := b.post(AuthorizationsPath, map[string][]string{"token": {form.stayToken(t)}}); got.StatusCode != http.StatusForbidden {
		t.Errorf("as revocation: %d", got.StatusCode)
	}
	s.configure(application.ConnectionAsk, func(a *application.Application) { a.Allow = application.Allow{Group: "base.group_system"} })
	if got := b.get(link); got.Header.Get("Location") != AuthorizationsPath {
		t.Errorf("who may not connect it any more: %d %s", got.StatusCode, got.text)
	}
	s.configure(application.ConnectionAsk, func(a *application.Application) { a.Allow = application.Allow{} })
	s.clock.Advance(revokeLife)
	if got := b.answer(form, "stay", "demo"); got.StatusCode != http.StatusForbidden || !strings.Contains(got.text, "out of date") {
		t.Errorf("too late: %d %s", got.StatusCode, got.text)
	}
	none("too late")
	fresh := b.get(b.stayLink())
	b.post(AuthorizationsPath, map[string][]string{"token": {b.get(AuthorizationsPath).revokeTokens(t)[0]}})
	if got := b.answer(fresh, "stay", "demo"); got.Header.Get("Location") != AuthorizationsPath {
		t.Errorf("what is revoked: %d %s", got.StatusCode, got.text)
	}
	none("what is revoked")
}

// Who has consented to one scheme is offered no key for another one: it is theirs
// to allow first, when the application asks.
func TestListOffersNoKeyForAnotherScheme(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	b := s.guest("demo")
	b.answer(b.consent(query()), "later", "").mustCode(t)
	before := b.stayLink()
	if before == "" {
		t.Fatal("the list offers nothing")
	}
	s.scheme.digest = "two"
	if link := b.stayLink(); link != "" {
		t.Errorf("the list offers %s", link)
	}
	b.get(before)
	if keys := s.sim.APIKeyNames("demo"); len(keys) != 0 {
		t.Errorf("keys %q for what nobody was shown", keys)
	}
}
