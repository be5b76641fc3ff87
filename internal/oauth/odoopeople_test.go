package oauth

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// Who may connect, as every version of Odoo tells it.
func TestAllowWithOdoo(t *testing.T) {
	tests := []struct {
		allow         application.Allow
		admin, portal bool // may connect
		demo          bool
		named         string // texts of the page for who may not
	}{
		{application.Allow{}, true, false, true, "internal users"},
		{application.Allow{Portal: true}, true, true, true, ""},
		{application.Allow{Group: "base.group_system"}, true, false, false, "base.group_system"},
		{application.Allow{Group: "base.group_portal"}, false, true, false, "base.group_portal"},
		{application.Allow{Group: "base.group_nobody"}, false, false, false, "base.group_nobody"},
	}
	everyVersion(t, func(t *testing.T, s *site) {
		for _, test := range tests {
			s.change("wiki", func(a *application.Application) { a.Allow = test.allow })
			for login, may := range map[string]bool{"admin": test.admin, "demo": test.demo, "portal": test.portal} {
				b := s.browser(s.sim.NewSession(login))
				got := b.get(authorizeURL(query()))
				if may {
					b.code(query())
					continue
				}
				got.noRedirect(t, http.StatusForbidden)
				if !strings.Contains(got.text, test.named) {
					t.Errorf("%+v, %s: %s", test.allow, login, got.text)
				}
			}
		}
	})
}

// A portal user goes the whole way where the application takes them, and ends
// with their account.
func TestPortalUserWithOdoo(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *site) {
		s.change("wiki", func(a *application.Application) { a.Allow.Portal = true })
		p := s.person()
		tokens := s.token(redeemForm(p.authorize(p.login(p.get(authorizeURL(query())), "portal")))).tokens(t)
		tokens = s.token(refreshForm(tokens.RefreshToken)).tokens(t)
		s.sim.Archive("portal")
		s.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_grant")
		p.get(authorizeURL(query()))
		if p.seen[len(p.seen)-1] != "/web/login" {
			t.Errorf("an archived user was led to %v", p.seen)
		}
	})
}

// The way back survives the second factor, and half a login is none.
func TestSecondFactorWithOdoo(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *site) {
		p := s.person()
		form := p.login(p.get(authorizeURL(query("state", "2fa &%"))), odootest.TOTPLogin)
		if p.seen[len(p.seen)-1] != "/web/login/totp" {
			t.Fatalf("no second factor: %v", p.seen)
		}
		half := s.person()
		half.client.Jar = p.client.Jar
		if half.get(authorizeURL(query())); half.seen[0] != "/web/login" {
			t.Errorf("half a login was led to %v", half.seen)
		}
		csrf, back := csrfPattern.FindStringSubmatch(form.text), redirectPattern.FindStringSubmatch(form.text)
		if csrf == nil || back == nil {
			t.Fatalf("no form: %s", form.text)
		}
		page := p.post("/web/login/totp", url.Values{
			"csrf_token": {csrf[1]}, "redirect": {html.UnescapeString(back[1])},
			"totp_token": {odootest.TOTPCode(odootest.TOTPSecret, s.clock.Now())},
		})
		answer := p.post(ConsentPath, allow(page.tokenOf(t))).location(t).Query()
		if answer.Get("state") != "2fa &%" {
			t.Errorf("answer %v", answer)
		}
		s.token(redeemForm(answer.Get("code"))).tokens(t)
	})
}

var providerPattern = regexp.MustCompile(`href="([^"]*response_type=token[^"]*)"`)

// Who logs in at the company's provider, without a password in Odoo, comes
// back through it.
func TestProviderLoginWithOdoo(t *testing.T) {
	for version := 16; version <= 20; version++ {
		provider := odootest.StartProvider()
		t.Cleanup(provider.Close)
		s := newSite(t, version, func(o *odootest.Options) { o.Provider = provider })
		s.sim.ChangePassword("demo", "") // known at the provider alone
		refused := s.person()
		if page := refused.login(refused.get(authorizeURL(query())), "demo"); strings.Contains(page.text, ConsentPath) {
			t.Fatalf("%d: an account without a password has one", version)
		}
		p := s.person()
		form := p.get(authorizeURL(query("state", "sso &%")))
		link := providerPattern.FindStringSubmatch(form.text)
		if link == nil {
			t.Fatalf("%d: no provider on the login page: %s", version, form.text)
		}
		to, err := url.Parse(html.UnescapeString(link[1]))
		if err != nil {
			t.Fatal(err)
		}
		page := p.get("/auth_oauth/signin?" + url.Values{"state": {to.Query().Get("state")}, "access_token": {provider.Token("demo")}}.Encode())
		answer := p.post(ConsentPath, allow(page.tokenOf(t))).location(t).Query()
		if answer.Get("state") != "sso &%" {
			t.Errorf("%d: answer %v", version, answer)
		}
		tokens := s.token(redeemForm(answer.Get("code"))).tokens(t)
		s.token(refreshForm(tokens.RefreshToken)).tokens(t)

		// A failure of the provider loses the way back; the gateway offers it.
		lost := s.person()
		lost.get(authorizeURL(query()))
		provider.Deny(true)
		lost.get("/auth_oauth/signin?" + url.Values{"state": {to.Query().Get("state")}, "access_token": {provider.Token("demo")}}.Encode())
		if last := lost.seen[len(lost.seen)-1]; last != "/web/login" {
			t.Errorf("%d: a failed login was led to %v", version, lost.seen)
		}
		if got := lost.get(AuthorizePath); !strings.Contains(got.text, "Continue to Team wiki") {
			t.Errorf("%d: the way back is not offered: %s", version, got.text)
		}
	}
}
