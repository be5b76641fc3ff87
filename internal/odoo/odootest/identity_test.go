package odootest

import (
	"net/http"
	"strings"
	"testing"
)

var navigated = []string{"Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-User", "?1"}

func TestIdentityLock(t *testing.T) {
	for v, json2 := range map[int]int{19: http.StatusOK, 20: http.StatusForbidden} {
		s, _ := startServer(t, Options{Version: v})
		tr := traitsOf(v)
		b := loggedIn(t, s, "demo")
		b.uid()
		s.LockIdentity("demo")
		for _, path := range []string{"/web/session/get_session_info", "/web/session/check", "/web/session/destroy"} {
			a, m := b.rpc(path, map[string]any{})
			if errorName(m) != tr.identityName || asMap(m["error"])["code"] != int64(100) || a.session() != "" {
				t.Errorf("%d %s: %v", v, path, m)
			}
		}
		// The redirect loop: the login page sends a locked session straight back.
		if a := b.get(withRedirect("/web/login", authorize)); a.Header.Get("Location") != authorize {
			t.Errorf("%d: login page: %d %q", v, a.StatusCode, a.Header.Get("Location"))
		}
		if a := b.get("/report/html/sale.report_saleorder/1?a=1"); a.Header.Get("Location") != withRedirect(tr.identityURL, "/report/html/sale.report_saleorder/1?a=1") {
			t.Errorf("%d: page: %d %q", v, a.StatusCode, a.Header.Get("Location"))
		}
		if a := b.get("/odoo/contacts/1"); a.Header.Get("Location") != withRedirect(tr.identityURL, "/odoo/contacts/1?") {
			t.Errorf("%d: web client: %d %q", v, a.StatusCode, a.Header.Get("Location"))
		}
		if a := b.do("POST", "/json/2/res.users/context_get", "application/json", "{}", navigated...); a.StatusCode != json2 {
			t.Errorf("%d: /json/2 with the cookie: %d, want %d", v, a.StatusCode, json2)
		}
		if a := b.get(withRedirect(tr.identityURL, authorize)); a.StatusCode != http.StatusOK || !strings.Contains(string(a.body), "demo") {
			t.Errorf("%d: identity page: %d", v, a.StatusCode)
		}
		if _, m := b.rpc(tr.identityAPI, map[string]any{}); asMap(m["result"])["login"] != "demo" {
			t.Errorf("%d: methods: %v", v, m)
		}
		if _, m := b.rpc(tr.identityAPI, map[string]any{"type": "password", "password": "wrong"}); errorName(m) != "odoo.exceptions.AccessDenied" {
			t.Errorf("%d: wrong password: %v", v, m)
		}
		if _, e := b.uid(); e != tr.identityName {
			t.Errorf("%d: after a wrong password: %q", v, e)
		}
		b.rpc(tr.identityAPI, map[string]any{"type": "password", "password": "demo"})
		if uid, e := b.uid(); uid != s.UID("demo") {
			t.Errorf("%d: confirmed: %d %q", v, uid, e)
		}
	}
}

// On 20 a person with a second factor needs both, in that order.
func TestIdentityOfTwoFactors(t *testing.T) {
	s, fake := startServer(t, Options{Version: 20})
	b := loggedIn(t, s, TOTPLogin)
	b.uid()
	s.LockIdentity(TOTPLogin)
	code := map[string]any{"type": "totp", "token": TOTPCode(TOTPSecret, fake.Now())}
	if _, m := b.rpc("/web/session/identity/check", code); errorName(m) != "odoo.exceptions.AccessDenied" {
		t.Errorf("the second factor alone: %v", m)
	}
	_, m := b.rpc("/web/session/identity/check", map[string]any{"type": "password", "password": TOTPPassword})
	if asMap(m["result"])["mfa"] != true {
		t.Errorf("the password: %v", m)
	}
	if _, e := b.uid(); e != traitsOf(20).identityName {
		t.Errorf("the password alone: %q", e)
	}
	b.rpc("/web/session/identity/check", code)
	if _, e := b.uid(); e != "" {
		t.Errorf("both: %q", e)
	}
}

func TestLockTimeout(t *testing.T) {
	for _, v := range []int{19, 20} {
		s, _ := startServer(t, Options{Version: v})
		b := loggedIn(t, s, "demo")
		id := b.cookies["session_id"]
		s.LockTimeout("demo")
		for range 2 { // a call does not end it, nor does the login page
			if _, m := b.rpc("/web/session/check", map[string]any{}); errorName(m) != traitsOf(v).expiredName ||
				!strings.Contains(asString(asMap(asMap(m["error"])["data"])["message"]), "needs to login again") {
				t.Errorf("%d: %v", v, m)
			}
			if a := b.get(withRedirect("/web/login", "/x")); a.Header.Get("Location") != "/x" {
				t.Errorf("%d: login page: %d", v, a.StatusCode)
			}
		}
		// A page does.
		if a := b.get("/my"); a.Header.Get("Location") != withRedirect("/web/login", "/my?") || a.session() == "" || a.session() == id {
			t.Errorf("%d: page: %q, cookie %q", v, a.Header.Get("Location"), a.session())
		}
		if a := b.get(withRedirect("/web/login", "/x")); a.StatusCode != http.StatusOK {
			t.Errorf("%d: login page after that: %d", v, a.StatusCode)
		}
	}
}

func TestNoLockBefore19(t *testing.T) {
	for _, v := range []int{16, 17, 18} {
		s, _ := startServer(t, Options{Version: v})
		b := loggedIn(t, s, "demo")
		s.LockIdentity("demo")
		s.LockTimeout("demo")
		if _, e := b.uid(); e != "" {
			t.Errorf("%d: %s", v, e)
		}
	}
}

func TestDeviceCheck(t *testing.T) {
	for _, checked := range []bool{false, true} {
		s, _ := startServer(t, Options{Version: 20, DeviceCheck: checked})
		b := loggedIn(t, s, "demo")
		b.agent = "A"
		b.uid()
		b.agent = "B"
		want := ""
		if checked {
			want = traitsOf(20).identityName
		}
		if _, e := b.uid(); e != want {
			t.Errorf("another browser, checked %t: %q", checked, e)
		}
		b.agent = "A"
		if _, e := b.uid(); e != "" {
			t.Errorf("the first browser, checked %t: %q", checked, e)
		}
		b.agent = "B"
		b.rpc("/web/session/identity/check", map[string]any{"type": "password", "password": "demo"})
		if _, e := b.uid(); e != "" {
			t.Errorf("confirmed, checked %t: %q", checked, e)
		}
		portal := loggedIn(t, s, "portal")
		portal.uid()
		portal.agent = "C"
		if _, e := portal.uid(); e != "" {
			t.Errorf("portal people are not checked: %q", e)
		}
	}
}
