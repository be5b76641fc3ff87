package oauth

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// staySite is a site whose application wiki has that connection.
func staySite(t *testing.T, version int, c application.Connection) *site {
	t.Helper()
	s := newSite(t, version, func(o *odootest.Options) { o.NoAuthTimeout = version == 19 })
	s.configure(c, func(*application.Application) {})
	return s
}

// configure reloads with another application wiki.
func (s *site) configure(c application.Connection, edit func(*application.Application)) {
	s.t.Helper()
	s.change("wiki", func(a *application.Application) {
		a.Connection = c
		edit(a)
	})
}

// guest is a browser in which somebody is logged in.
func (s *site) guest(login string) *browser { return s.browser(s.sim.NewSession(login)) }

// consent allows the application and follows to the page that comes next.
func (b *browser) consent(q url.Values) reply {
	b.t.Helper()
	return b.follow(b.post(ConsentPath, url.Values{"token": {b.get(authorizeURL(q)).tokenOf(b.t)}, "decision": {"allow"}}))
}

// follow goes where an answer leads, as long as that is the page.
func (b *browser) follow(r reply) reply {
	b.t.Helper()
	if to := r.Header.Get("Location"); strings.HasPrefix(to, StayPath) {
		return b.get(to)
	}
	return r
}

// answer sends the form of the page.
func (b *browser) answer(page reply, decision, password string) reply {
	b.t.Helper()
	return b.post(StayPath, url.Values{"t": {page.stayToken(b.t)}, "decision": {decision}, "password": {password}})
}

func (r reply) stayToken(t *testing.T) string {
	t.Helper()
	_, rest, found := strings.Cut(r.text, `name="t" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	if !found {
		t.Fatalf("no page that offers to stay: %d %s %s", r.StatusCode, r.Header.Get("Location"), r.text)
	}
	return value
}

// codeOf is the code that an answer sends to the application, "" if none.
func (r reply) codeOf() string {
	u, err := url.Parse(r.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(r.Header.Get("Location"), wikiURI) {
		return ""
	}
	return u.Query().Get("code")
}

func (r reply) mustCode(t *testing.T) string {
	t.Helper()
	code := r.codeOf()
	if code == "" {
		t.Fatalf("no code: %d %s %s", r.StatusCode, r.Header.Get("Location"), r.text)
	}
	return code
}

// connection is that of the only authorization for wiki.
func (s *site) connection(login string) grant.Connection {
	s.t.Helper()
	a, err := s.store.FindAuthorization(s.t.Context(), "wiki", Subject(s.origin.String(), s.sim.Database(), s.sim.UID(login)), "")
	if err != nil {
		s.t.Fatal(err)
	}
	return a.Connection
}

const keyName = "Team wiki (Odoo gateway)"

// The whole way by password: 16 to 19 as they come.
func TestStayByPassword(t *testing.T) {
	for version := 16; version <= 19; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			s := staySite(t, version, "") // ask is the default
			b := s.guest("demo")
			page := b.consent(query())
			if !strings.Contains(page.text, `type="password"`) || !strings.Contains(page.text, keyName) || !strings.Contains(page.text, "Not now") {
				t.Fatalf("page %s", page.text)
			}
			if !strings.Contains(page.text, "With a key it can print no reports") {
				t.Errorf("nothing is said of reports: %s", page.text)
			}
			if csp := page.Header.Get("Content-Security-Policy"); page.Header.Get("Cache-Control") != "no-store" ||
				!strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "script") {
				t.Errorf("header %v", page.Header)
			}
			// The consent stands already; a wrong password changes nothing.
			page = b.answer(page, "stay", "wrong")
			if !strings.Contains(page.text, "does not accept this password") || s.connection("demo").Kind != grant.Session {
				t.Fatalf("%d %s", page.StatusCode, page.text)
			}
			done := b.answer(page, "stay", "demo")
			tokens := s.token(redeemForm(done.mustCode(t))).tokens(t)
			c := s.connection("demo")
			if !connection.KeyWorks(c, s.clock.Now()) || c.ExpiresAt.IsZero() || c.KeyID == 0 {
				t.Fatalf("connection %+v", c)
			}
			if names := s.sim.APIKeyNames("demo"); len(names) != 1 || names[0] != keyName {
				t.Errorf("keys %q", names)
			}
			if s.kinds(audit.StayConnected) != 1 {
				t.Errorf("audit trail %v", s.audit.Kinds())
			}

			// Logged out of Odoo, and still connected.
			s.sim.ExpireSessions()
			tokens = s.token(refreshForm(tokens.RefreshToken)).tokens(t)
			// Later nothing is asked, and the new session replaces no key.
			b = s.guest("demo")
			if got := b.get(authorizeURL(query())); got.codeOf() == "" || s.connection("demo").Hash != c.Hash {
				t.Errorf("%d %s; connection %+v", got.StatusCode, got.text, s.connection("demo"))
			}
			// Nor does being asked for consent again.
			if got := b.consent(query("prompt", "consent")); got.codeOf() == "" || s.connection("demo").Hash != c.Hash {
				t.Errorf("%d %s; connection %+v", got.StatusCode, got.text, s.connection("demo"))
			}
			s.sim.Archive("demo")
			s.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_grant")
		})
	}
}

// With a page of Odoo's own for it the gateway sees no password.
func TestStayByIdentityPage(t *testing.T) {
	for version, way := range map[int][2]string{
		19: {"/auth-timeout/check-identity", "/auth-timeout/session/check-identity"},
		20: {"/web/session/identity", "/web/session/identity/check"},
	} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			s := newSite(t, version)
			s.configure(application.ConnectionAsk, func(*application.Application) {})
			b := s.guest("demo")
			page := b.consent(query())
			_, link, _ := strings.Cut(page.text, `href="`+way[0]+`?redirect=`)
			link, _, _ = strings.Cut(link, `"`)
			back, err := url.QueryUnescape(strings.ReplaceAll(link, "&amp;", "&"))
			if err != nil || !strings.HasPrefix(back, StayPath+"?t=") || strings.Contains(page.text, "password") {
				t.Fatalf("way back %q, page %s", back, page.text)
			}
			page = b.get(back)
			// Come back without having confirmed, and with a password that
			// nobody asked for.
			page = b.answer(page, "stay", "demo")
			if !strings.Contains(page.text, "has not seen you confirm") {
				t.Fatalf("%d %s", page.StatusCode, page.text)
			}
			r := b.request(http.MethodPost, way[1], `{"jsonrpc":"2.0","params":{"type":"password","password":"demo"}}`)
			r.Header.Set("Content-Type", "application/json")
			b.send(r)
			b.answer(b.get(back), "stay", "").mustCode(t)
			if c := s.connection("demo"); !connection.KeyWorks(c, s.clock.Now()) {
				t.Errorf("connection %+v", c)
			}
		})
	}
}

func TestStayNotNow(t *testing.T) {
	s := staySite(t, 19, application.ConnectionAsk)
	b := s.guest("demo")
	b.answer(b.consent(query()), "later", "").mustCode(t)
	if c := s.connection("demo"); c.Kind != grant.Session || !c.Live() {
		t.Errorf("connection %+v", c)
	}
	// Who has answered is not asked again.
	b.get(authorizeURL(query())).mustCode(t)
	if names := s.sim.APIKeyNames("demo"); len(names) != 0 {
		t.Errorf("keys %q", names)
	}
}

// connection session offers nothing, and nobody offers portal users a key.
func TestStayIsNotOffered(t *testing.T) {
	s := staySite(t, 19, application.ConnectionSession)
	s.guest("demo").consent(query()).mustCode(t)
	s = staySite(t, 18, application.ConnectionAsk)
	s.configure(application.ConnectionAsk, func(a *application.Application) { a.Allow = application.Allow{Portal: true} })
	s.guest("portal").consent(query()).mustCode(t)
	// A trusted application shows no pages.
	s.configure(application.ConnectionAsk, func(a *application.Application) { a.Consent = application.ConsentTrusted })
	s.guest("demo").get(authorizeURL(query())).mustCode(t)
}

// An application that insists gets no code in any way without a key.
func TestStayInsists(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAPIKey)
	s.configure(application.ConnectionAPIKey, func(a *application.Application) { a.Allow = application.Allow{Portal: true} })
	b := s.guest("demo")
	page := b.consent(query())
	if strings.Contains(page.text, "Not now") || !strings.Contains(page.text, "Cancel") {
		t.Fatalf("page %s", page.text)
	}
	refused := func(got reply, code string) {
		t.Helper()
		if got.codeOf() != "" || got.location(t).Query().Get("error") != code {
			t.Errorf("%d %s, want %s", got.StatusCode, got.Header.Get("Location"), code)
		}
	}
	refused(b.answer(page, "later", ""), "access_denied")
	refused(b.get(authorizeURL(query("prompt", "none"))), "interaction_required")
	r := b.request(http.MethodGet, authorizeURL(query()), "")
	r.Header.Set("Accept", "application/json")
	b.send(r).refused(t, 403, "interaction_required")
	if c := s.connection("demo"); c.Live() {
		t.Errorf("a session was attached: %+v", c)
	}
	portal := s.guest("portal")
	refused(portal.consent(query()), "access_denied")
	// The consent stood: the next time leads straight to the page.
	b.answer(b.follow(b.get(authorizeURL(query()))), "stay", "demo").mustCode(t)
	b.get(authorizeURL(query("prompt", "none"))).mustCode(t)
	r = b.request(http.MethodGet, authorizeURL(query()), "")
	r.Header.Set("Accept", "application/json")
	if got := b.send(r); got.StatusCode != http.StatusOK {
		t.Errorf("%d %s", got.StatusCode, got.text)
	}
	// A trusted application needs it no less.
	s.configure(application.ConnectionAPIKey, func(a *application.Application) { a.Consent = application.ConsentTrusted })
	admin := s.guest("admin")
	refused(admin.get(authorizeURL(query("prompt", "none"))), "interaction_required")
	admin.answer(admin.follow(admin.get(authorizeURL(query()))), "stay", "admin").mustCode(t)
}

// A key that ends soon, or has, is offered again; a key that is replaced is
// removed from Odoo.
func TestStayAgain(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	b := s.guest("demo")
	b.answer(b.consent(query()), "stay", "demo").mustCode(t)
	first := s.connection("demo")
	s.clock.Advance(75 * 24 * time.Hour)
	b = s.guest("demo")
	b.get(authorizeURL(query())).mustCode(t) // two weeks and a day
	s.clock.Advance(24 * time.Hour)
	b = s.guest("demo")
	b.answer(b.follow(b.get(authorizeURL(query()))), "later", "").mustCode(t)
	if c := s.connection("demo"); c.Hash != first.Hash {
		t.Errorf("Not now has changed the connection: %+v", c)
	}
	b.answer(b.follow(b.get(authorizeURL(query()))), "stay", "demo").mustCode(t)
	second := s.connection("demo")
	if second.Hash == first.Hash || !second.ExpiresAt.After(first.ExpiresAt) {
		t.Errorf("connection %+v", second)
	}
	if names := s.sim.APIKeyNames("demo"); len(names) != 1 {
		t.Errorf("keys %q", names)
	}
	// Its end has come: the session is there at once, the offer too.
	s.clock.Advance(91 * 24 * time.Hour)
	b = s.guest("demo")
	page := b.follow(b.get(authorizeURL(query())))
	if c := s.connection("demo"); c.Kind != grant.Session || !c.Live() {
		t.Errorf("connection %+v", c)
	}
	b.answer(page, "later", "").mustCode(t)
	b.get(authorizeURL(query())).mustCode(t) // was answered
}

// A key that Odoo refuses is offered again too.
func TestStayAfterARefusal(t *testing.T) {
	s := staySite(t, 19, application.ConnectionAsk)
	b := s.guest("demo")
	tokens := s.token(redeemForm(b.answer(b.consent(query()), "stay", "demo").mustCode(t))).tokens(t)
	s.sim.RemoveAPIKeys("demo")
	s.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_grant")
	if c := s.connection("demo"); c.EndReason != connection.ReasonKeyRefused {
		t.Fatalf("connection %+v", c)
	}
	b.answer(b.follow(b.get(authorizeURL(query()))), "stay", "demo").mustCode(t)
	s.token(refreshForm(tokens.RefreshToken)).tokens(t) // the old tokens work again
}
