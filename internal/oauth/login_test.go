package oauth

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

const (
	identity19 = "odoo.addons.auth_timeout.models.ir_http.CheckIdentityException"
	identity20 = "odoo.http.session.CheckIdentityException"
)

// stuck makes Odoo refuse the session for ever, while its login page takes the
// person for logged in and sends them straight back.
func (w *world) stuck(session string, err *odoo.Error) {
	delete(w.odoo.sessions, session)
	w.odoo.errs[session] = err
}

// rounds follows the browser until it sees a page or Odoo's login form,
// which stands there only for who presents no session.
func (b *browser) rounds(t *testing.T) (pages []string, last reply) {
	t.Helper()
	path := authorizeURL(query())
	for range 10 {
		last = b.get(path)
		if last.StatusCode != http.StatusSeeOther {
			return pages, last
		}
		to := last.location(t)
		pages = append(pages, to.Path)
		if to.Path == "/web/login" && b.cookies[sessionCookie] == "" {
			return pages, last
		}
		path = to.Query().Get("redirect")
	}
	t.Fatalf("an endless loop: %v", pages)
	return nil, reply{}
}

// Design §5: every refusal of a presented session ends, at the login form.
func TestRefusedSessionsEndAtTheLogin(t *testing.T) {
	tests := []struct {
		name string
		err  *odoo.Error
		want []string
	}{
		{"lock timeout", &odoo.Error{Kind: odoo.SessionExpired, Name: "odoo.http.SessionExpiredException"}, []string{"/web/login", "/web/login"}},
		{"identity check of 19", &odoo.Error{Kind: odoo.CheckIdentity, Name: identity19}, []string{"/auth-timeout/check-identity", "/web/login"}},
		{"identity check of 20", &odoo.Error{Kind: odoo.CheckIdentity, Name: identity20}, []string{"/web/session/identity", "/web/login"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.stuck("demo-session", test.err)
			b := w.browser("demo-session")
			pages, last := b.rounds(t)
			if strings.Join(pages, " ") != strings.Join(test.want, " ") {
				t.Fatalf("sent to %v, want %v", pages, test.want)
			}
			if back := last.location(t).Query().Get("redirect"); !strings.HasPrefix(back, AuthorizePath+"?client_id=wiki&") {
				t.Errorf("way back %s", back)
			}
			b.cookies[sessionCookie] = "other-session" // the person logs in
			if got := b.get(authorizeURL(query())); got.StatusCode != http.StatusOK || b.cookies["__Host-odoo_gateway_rounds"] != "" {
				t.Errorf("after the login %d, cookies %v", got.StatusCode, b.cookies)
			}
		})
	}
}

// Where the cookie does not go away, the third round is the last.
func TestLoopEndsWithAPage(t *testing.T) {
	w := newWorld(t)
	w.stuck("demo-session", &odoo.Error{Kind: odoo.SessionExpired})
	b := w.browser("demo-session")
	for round := 1; round <= maxRounds; round++ {
		if got := b.get(authorizeURL(query())); got.StatusCode != http.StatusSeeOther {
			t.Fatalf("round %d: %d", round, got.StatusCode)
		}
		b.cookies[sessionCookie] = "demo-session"
	}
	got := b.get(authorizeURL(query()))
	got.noRedirect(t, http.StatusForbidden)
	if !strings.Contains(got.text, "circles") || b.cookies["__Host-odoo_gateway_rounds"] != "" {
		t.Errorf("cookies %v, page %s", b.cookies, got.text)
	}
	if again := b.get(authorizeURL(query())); again.StatusCode != http.StatusSeeOther {
		t.Errorf("a new try gets %d", again.StatusCode)
	}
}

func TestRoundsAreForgotten(t *testing.T) {
	w := newWorld(t)
	w.stuck("demo-session", &odoo.Error{Kind: odoo.SessionExpired})
	b := w.browser("demo-session")
	b.get(authorizeURL(query()))
	w.clock.Advance(roundsLife)
	b.get(authorizeURL(query()))
	if b.cookies[sessionCookie] == "" {
		t.Error("a round of long ago counted")
	}
}

// A35, A33: two cookies of one name are none; ours must be sealed.
func TestA35_DoubledAndForgedCookies(t *testing.T) {
	w := newWorld(t)
	send := func(cookies string) reply {
		r := w.request(http.MethodGet, authorizeURL(query()), "")
		r.Header.Set("Cookie", cookies)
		return w.do(r)
	}
	if got := send("session_id=demo-session; session_id=other-session"); got.location(t).Path != "/web/login" {
		t.Errorf("two sessions: %d", got.StatusCode)
	}
	if len(w.odoo.asked) != 0 {
		t.Error("Odoo was asked about one of two sessions")
	}
	w.stuck("dead", &odoo.Error{Kind: odoo.SessionExpired})
	plain, _ := json.Marshal(rounds{Count: 9, Until: w.clock.Now().Add(time.Hour)})
	forged := base64.RawURLEncoding.EncodeToString(plain)
	sealed := base64.RawURLEncoding.EncodeToString(ring.Seal(plain, w.current().associated(roundsCookie)))
	for name, cookies := range map[string]string{
		"forged":       "session_id=dead; __Host-odoo_gateway_rounds=" + forged,
		"twice":        "session_id=dead; __Host-odoo_gateway_rounds=" + sealed + "; __Host-odoo_gateway_rounds=" + sealed,
		"without host": "session_id=dead; odoo_gateway_rounds=" + sealed,
	} {
		if got := send(cookies); got.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d", name, got.StatusCode)
		}
	}
	send("session_id=dead; __Host-odoo_gateway_rounds="+sealed).noRedirect(t, http.StatusForbidden)
}

// Two session cookies, too, end somewhere.
func TestTwoSessionsDoNotLoop(t *testing.T) {
	w := newWorld(t)
	rounds := ""
	for range maxRounds + 1 {
		r := w.request(http.MethodGet, authorizeURL(query()), "")
		r.Header.Set("Cookie", "session_id=demo-session; session_id=other-session; "+rounds)
		got := w.do(r)
		if got.StatusCode == http.StatusForbidden {
			return
		}
		for _, c := range got.Cookies() {
			if c.Name == "__Host-odoo_gateway_rounds" {
				rounds = c.Name + "=" + c.Value
			}
		}
	}
	t.Error("an endless loop")
}

// A34: what our own cookies look like.
func TestA34_CookieFlags(t *testing.T) {
	for _, test := range []struct {
		issuer, prefix string
		secure         bool
	}{{"https://erp.example.com", "__Host-", true}, {"http://127.0.0.1:8069", "", false}} {
		w := newWorld(t)
		w.config.Issuer, _ = url.Parse(test.issuer)
		w.reload(applications())
		w.stuck("demo-session", &odoo.Error{Kind: odoo.SessionExpired})
		got := w.browser("demo-session").get(authorizeURL(query()))
		seen := map[string]bool{}
		for _, c := range got.Cookies() {
			seen[c.Name] = true
			if !c.HttpOnly || c.Secure != test.secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 {
				t.Errorf("%s: cookie %s", test.issuer, c.Raw)
			}
			if !IsOwnCookie(c.Name) {
				t.Errorf("%s is not known as ours", c.Name)
			}
		}
		if len(seen) != 2 || !seen[test.prefix+roundsCookie] || !seen[test.prefix+pendingCookie] {
			t.Errorf("%s: cookies %v", test.issuer, seen)
		}
	}
	if IsOwnCookie("session_id") || IsOwnCookie("__Host-other") {
		t.Error("foreign cookies are taken for ours")
	}
}

// A lost way back is offered again.
func TestContinueAfterALostLogin(t *testing.T) {
	w := newWorld(t)
	b := w.browser("")
	b.get(authorizeURL(query()))
	b.cookies[sessionCookie] = "demo-session"
	got := b.get(AuthorizePath)
	link := strings.ReplaceAll(authorizeLink(got.text), "&amp;", "&")
	if got.StatusCode != http.StatusOK || !strings.Contains(got.text, "Continue to Team wiki") || link == "" {
		t.Fatalf("%d %s", got.StatusCode, got.text)
	}
	token := b.get(link).tokenOf(t)
	b.post(ConsentPath, allow(token))
	if len(b.cookies) != 1 {
		t.Errorf("cookies after the end %v", b.cookies)
	}
	if bare := b.get(AuthorizePath); bare.StatusCode != http.StatusBadRequest || !strings.Contains(bare.text, "can not be used") {
		t.Errorf("nothing pending: %d %s", bare.StatusCode, bare.text)
	}

	c := w.browser("")
	c.get(authorizeURL(query()))
	w.clock.Advance(pendingLife)
	c.get(AuthorizePath).noRedirect(t, http.StatusBadRequest)
}

func authorizeLink(page string) string {
	_, rest, _ := strings.Cut(page, `href="`+AuthorizePath)
	link, _, found := strings.Cut(rest, `"`)
	if !found {
		return ""
	}
	return AuthorizePath + link
}

// The link of the consent page, and prompt=login.
func TestSwitchAccount(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	page := b.get(authorizeURL(query()))
	got := b.get(strings.ReplaceAll(authorizeLink(page.text), "&amp;", "&"))
	to := got.location(t)
	if to.Path != "/web/login" || b.cookies[sessionCookie] != "" || strings.Contains(to.Query().Get("redirect"), "prompt") {
		t.Fatalf("%d %s, cookies %v", got.StatusCode, to, b.cookies)
	}
	b.cookies[sessionCookie] = "other-session"
	if again := b.get(to.Query().Get("redirect")); !strings.Contains(again.text, "Other") {
		t.Errorf("%d %s", again.StatusCode, again.text)
	}
	both := w.browser("demo-session").get(authorizeURL(query("prompt", "login consent"))).location(t)
	if back := both.Query().Get("redirect"); !strings.HasSuffix(back, "&prompt=consent") {
		t.Errorf("way back %s", back)
	}
}
