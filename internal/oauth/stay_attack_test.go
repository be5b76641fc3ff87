package oauth

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// Five passwords may be tried in one session, at once or one by one.
func TestStayTries(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	b := s.guest("demo")
	page := b.consent(query())
	for range stayTries {
		page = b.answer(page, "stay", "wrong")
	}
	s.sim.ForgetRequests()
	page = b.answer(page, "stay", "demo")
	if page.StatusCode != http.StatusTooManyRequests || !strings.Contains(page.text, "Too many") || strings.Contains(page.text, `type="password"`) {
		t.Errorf("%d %s", page.StatusCode, page.text)
	}
	if n := len(s.sim.RequestsTo("/web/dataset/call_kw/res.users.")); n != 0 {
		t.Errorf("%d calls made", n)
	}
	// A reload forgets nothing, and an empty password is no try.
	s.configure(application.ConnectionAsk, func(*application.Application) {})
	if page = b.answer(page, "stay", "demo"); page.StatusCode != http.StatusTooManyRequests {
		t.Errorf("after a reload: %d", page.StatusCode)
	}
	b.answer(page, "later", "").mustCode(t)
	// Others are not touched.
	admin := s.guest("admin")
	page = admin.answer(admin.consent(query()), "stay", "")
	admin.answer(page, "stay", "admin").mustCode(t)

	memory, passed := NewMemory(s.clock.Now), atomic.Int32{}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if memory.tryPassword("x") {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if n := passed.Load(); n != stayTries {
		t.Errorf("%d tries at once", n)
	}
	s.clock.Advance(stayWait)
	if !memory.tryPassword("x") || memory.tryPassword("x") {
		t.Error("a wait earns one try")
	}
}

// The form is good for one person, one session, one time, and from one page.
func TestStayForm(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	b := s.guest("demo")
	consent := b.get(authorizeURL(query()))
	page := b.follow(b.post(ConsentPath, url.Values{"token": {consent.tokenOf(t)}, "decision": {"allow"}}))
	token := page.stayToken(t)
	form := func(t string) url.Values { return url.Values{"t": {t}, "decision": {"stay"}, "password": {"demo"}} }
	nothing := func(name string, got reply) {
		t.Helper()
		if got.codeOf() != "" || len(s.sim.APIKeyNames("demo")) != 0 {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.Header.Get("Location"))
		}
	}
	nothing("no token", b.post(StayPath, form("")))
	nothing("tampered", b.post(StayPath, form(token[:len(token)-2]+"AA")))
	nothing("the token of another form", b.post(StayPath, form(consent.tokenOf(t))))
	nothing("twice", b.post(StayPath, url.Values{"t": {token, token}, "decision": {"stay"}, "password": {"demo"}}))
	nothing("another session", s.guest("demo").post(StayPath, form(token)))
	nothing("another person", s.guest("admin").post(StayPath, form(token)))
	// Nor does the page open for somebody else, whose key would then be the
	// connection of this person's authorization.
	if got := s.guest("admin").get(StayPath + "?t=" + token); !strings.HasPrefix(got.Header.Get("Location"), AuthorizePath) || strings.Contains(got.text, `name="t"`) {
		t.Errorf("another person's page: %d %s", got.StatusCode, got.Header.Get("Location"))
	}
	nothing("nobody", s.browser("").post(StayPath, form(token)))
	nothing("a link", b.get(StayPath+"?"+form(token).Encode()))
	for name, value := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"} {
		r := b.request(http.MethodPost, StayPath, form(token).Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(name, value)
		nothing(name, b.send(r))
	}
	if got := b.post(StayPath, url.Values{"t": {token}, "decision": {"maybe"}}); got.codeOf() != "" {
		t.Error("an answer that is none")
	}
	nothing("used before", b.post(StayPath, form(token)))
	fresh := b.get(StayPath + "?t=" + token).stayToken(t)
	s.clock.Advance(formLife)
	nothing("too old", b.post(StayPath, form(fresh)))
	// The consent form is no way around either.
	if got := b.post(ConsentPath, url.Values{"token": {token}, "decision": {"allow"}}); got.StatusCode != http.StatusForbidden {
		t.Errorf("the token as a consent: %d", got.StatusCode)
	}
}

// The page gives one code for one answer: whoever comes back to its address where
// people are asked each time is asked.
func TestStayGivesNoSecondCode(t *testing.T) {
	for consent, code := range map[application.Consent]bool{application.ConsentEveryTime: false, application.ConsentRemember: true} {
		s := staySite(t, 18, application.ConnectionAsk)
		s.configure(application.ConnectionAsk, func(a *application.Application) { a.Consent = consent })
		b := s.guest("demo")
		page := b.follow(b.post(ConsentPath, allow(b.get(authorizeURL(query())).tokenOf(t))))
		if b.answer(page, "stay", "demo").codeOf() == "" {
			t.Fatal("no code for the answer")
		}
		first := b.get(StayPath + "?t=" + page.stayToken(t))
		again := b.get(first.Header.Get("Location"))
		if first.codeOf() != "" || (again.codeOf() != "") != code {
			t.Errorf("%s: %d %s", consent, again.StatusCode, again.Header.Get("Location"))
		}
	}
}

// What was allowed may have changed while the page stood open.
func TestStayWhileThingsChange(t *testing.T) {
	for name, change := range map[string]func(s *site, a grant.Authorization){
		"revoked": func(s *site, a grant.Authorization) {
			if err := s.store.RevokeAuthorization(s.t.Context(), a.ID, s.clock.Now()); err != nil {
				s.t.Fatal(err)
			}
		},
		"scheme": func(s *site, _ grant.Authorization) { s.scheme.digest = "two" },
		"application": func(s *site, _ grant.Authorization) {
			s.configure(application.ConnectionAsk, func(a *application.Application) { a.Active = false })
		},
		"person": func(s *site, _ grant.Authorization) {
			s.configure(application.ConnectionAsk, func(a *application.Application) { a.Allow.Group = "base.group_system" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := staySite(t, 18, application.ConnectionAsk)
			b := s.guest("demo")
			page := b.consent(query())
			a, err := s.store.FindAuthorization(t.Context(), "wiki", Subject(s.origin.String(), s.sim.Database(), s.sim.UID("demo")), "")
			if err != nil {
				t.Fatal(err)
			}
			change(s, a)
			for _, decision := range []string{"stay", "later"} {
				if got := b.answer(page, decision, "demo"); got.codeOf() != "" || len(s.sim.APIKeyNames("demo")) != 0 {
					t.Errorf("%s: %d %s", decision, got.StatusCode, got.Header.Get("Location"))
				}
			}
		})
	}
}

// Somebody who signs in elsewhere is told so, one with a second factor needs
// it no more than for anything else, and where Odoo does not answer nothing is
// lost.
func TestStayOfSpecialAccounts(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	two := s.guest(odootest.TOTPLogin)
	code := two.answer(two.consent(query()), "stay", odootest.TOTPPassword).mustCode(t)
	s.sim.ExpireSessions()
	s.token(refreshForm(s.token(redeemForm(code)).tokens(t).RefreshToken)).tokens(t)

	s.sim.ChangePassword("demo", "")
	sso := s.guest("demo")
	page := sso.consent(query())
	if !strings.Contains(page.text, "If you sign in to Odoo without a password") {
		t.Errorf("page %s", page.text)
	}
	page = sso.answer(page, "stay", "some password")
	if !strings.Contains(page.text, "If your account has none") {
		t.Errorf("page %s", page.text)
	}
	sso.answer(page, "later", "").mustCode(t)

	// Refused by Odoo: nothing is left but to go on.
	s.sim.SetGroup("admin", "base.group_user", true)
	admin := s.guest("admin")
	page = admin.consent(query())
	s.sim.SetDown(true)
	if got := admin.answer(page, "stay", "admin"); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("down: %d", got.StatusCode)
	}
	s.sim.SetDown(false)
	admin.answer(admin.get(StayPath+"?t="+page.stayToken(t)), "stay", "admin").mustCode(t)
}

// A key that could not be kept is taken back.
func TestStayWithoutStore(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	b := s.guest("demo")
	page := b.consent(query())
	s.store.set("UpdateConnection", grant.ErrUnavailable)
	got := b.answer(page, "stay", "demo")
	if got.codeOf() != "" || len(s.sim.APIKeyNames("demo")) != 0 {
		t.Errorf("%d %s, keys %q", got.StatusCode, got.Header.Get("Location"), s.sim.APIKeyNames("demo"))
	}
}

// The password and the key stand in no log, page, address or audit trail.
func TestStayTellsNoSecret(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	core, logs := observer.New(zap.DebugLevel)
	s.config.Logger = zap.New(core)
	s.configure(application.ConnectionAsk, func(*application.Application) {})
	const canary = "canary-password-7391"
	s.sim.ChangePassword("demo", canary)
	b := s.guest("demo")
	page := b.answer(b.consent(query()), "stay", canary+"x")
	done := b.answer(page, "stay", canary)
	done.mustCode(t)
	text := page.text + fmt.Sprint(page.Header) + fmt.Sprint(done.Header) + fmt.Sprintf("%+v", s.audit.Events()) + fmt.Sprintf("%+v", s.connection("demo"))
	for _, entry := range logs.All() {
		text += entry.Message + fmt.Sprint(entry.ContextMap())
	}
	if strings.Contains(text, canary) {
		t.Error("the password is told")
	}
	for _, r := range s.sim.Requests() {
		if strings.Contains(r.Path, canary) || strings.Contains(fmt.Sprint(r.Header), canary) {
			t.Errorf("%s carries the password outside of its body", r.Path)
		}
	}
}
