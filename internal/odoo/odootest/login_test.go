package odootest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const authorize = "/restapi/1.0/common/oauth2/authorize?client_id=abc&response_type=code&redirect_uri=https%3A%2F%2Fclient.example%2Fcb%3Fx%3D1%26y%3D2&state=s%20t%2B1&scope=read+write"

func TestLogin(t *testing.T) {
	versions(t, func(t *testing.T, v int) {
		s, _ := startServer(t, Options{Version: v})
		for _, c := range []struct{ login, target, want string }{
			{"admin", authorize, authorize},
			{"portal", authorize, authorize},
			{"demo", "", traitsOf(v).home},
			{"portal", "", "/my"},
		} {
			b := newBrowser(t, s)
			before := b.get("/web/login").session()
			a := b.login(c.login, c.login, c.target)
			if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != c.want {
				t.Fatalf("%s: %d %q, want 303 %q", c.login, a.StatusCode, a.Header.Get("Location"), c.want)
			}
			if a.session() == "" || a.session() == before {
				t.Errorf("%s: session id %q after %q: not a new one", c.login, a.session(), before)
			}
			if uid, e := b.uid(); uid != s.UID(c.login) || e != "" {
				t.Errorf("%s is uid %d, %q", c.login, uid, e)
			}
			if a := b.get(withRedirect("/web/login", c.want)); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != c.want {
				t.Errorf("logged in already: %d %q", a.StatusCode, a.Header.Get("Location"))
			}
		}
	})
}

func TestLoginRefused(t *testing.T) {
	versions(t, func(t *testing.T, v int) {
		s, fake := startServer(t, Options{Version: v})
		b := newBrowser(t, s)
		a := b.login("admin", "wrong", "")
		if a.StatusCode != http.StatusOK || !strings.Contains(string(a.body), "Wrong login/password") || a.session() != "" {
			t.Errorf("wrong password: %d, cookie %q", a.StatusCode, a.session())
		}
		for name, form := range map[string]url.Values{
			"no token":    {"login": {"admin"}, "password": {"admin"}},
			"wrong token": {"login": {"admin"}, "password": {"admin"}, "csrf_token": {strings.Repeat("x", 40) + "o1"}},
		} {
			if a := b.post("/web/login", form); a.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: %d", name, a.StatusCode)
			}
		}
		for _, path := range []string{"/web", "/my", "/web/login/totp", "/web/session/logout"} {
			if a := b.post(path, nil); a.StatusCode != http.StatusBadRequest && a.StatusCode != http.StatusSeeOther || a.session() != "" {
				t.Errorf("POST %s without a token: %d, cookie %q", path, a.StatusCode, a.session())
			}
		}
		other := newBrowser(t, s)
		stolen := token(t, other.get("/web/login").body)
		if a := b.post("/web/login", url.Values{"csrf_token": {stolen}, "login": {"admin"}, "password": {"admin"}}); a.StatusCode != http.StatusBadRequest {
			t.Errorf("another session's token: %d", a.StatusCode)
		}
		old := token(t, b.get("/web/login").body)
		fake.Advance(csrfValidity + time.Second)
		if a := b.post("/web/login", url.Values{"csrf_token": {old}, "login": {"admin"}, "password": {"admin"}}); a.StatusCode != http.StatusBadRequest {
			t.Errorf("an old token: %d", a.StatusCode)
		}
	})
}

func TestLocalRedirect(t *testing.T) {
	for _, c := range []struct{ in, old, want string }{
		{in: "https://evil.example/x?a=1", want: "/x?a=1"},
		{in: "https://evil.example:8443", want: "/"},
		{in: "//evil.example/x", want: "/x"},
		{in: "http:evil", want: "/evil"},
		{in: "javascript:alert(1)", want: "/alert(1)"},
		{in: "restapi/x", want: "/restapi/x"},
		{in: "///evil.example/x", want: "/evil.example/x"},
		{in: `/\evil.example/x`, old: `/\evil.example/x`, want: "/evil.example/x"},
		{in: authorize, want: authorize},
	} {
		for v := 16; v <= 20; v++ {
			want := c.want
			if v < 18 && c.old != "" {
				want = c.old
			}
			if got := traitsOf(v).localRedirect(c.in); got != want {
				t.Errorf("%d: %q leads to %q, want %q", v, c.in, got, want)
			}
		}
	}
	if got := traitsOf(20).localRedirect("/\t/evil.example"); got != "/evil.example" {
		t.Errorf("20: a tab leads to %q", got)
	}
}

func TestSecondFactor(t *testing.T) {
	versions(t, func(t *testing.T, v int) {
		s, fake := startServer(t, Options{Version: v})
		b := newBrowser(t, s)
		a := b.login(TOTPLogin, TOTPPassword, authorize)
		next := a.Header.Get("Location")
		if next != withRedirect("/web/login/totp", authorize) {
			t.Fatalf("after the password: %q", next)
		}
		if uid, e := b.uid(); uid != 0 || e != traitsOf(v).expiredName {
			t.Errorf("between the steps: uid %d, %q", uid, e)
		}
		form := url.Values{"csrf_token": {token(t, b.get(next).body)}, "totp_token": {"000000"}, "redirect": {authorize}}
		if a := b.post("/web/login/totp", form); a.StatusCode != http.StatusOK || !strings.Contains(string(a.body), "double-check the 6-digit code") {
			t.Errorf("wrong code: %d", a.StatusCode)
		}
		form.Set("totp_token", TOTPCode(TOTPSecret, fake.Now()))
		if a := b.post("/web/login/totp", form); a.Header.Get("Location") != authorize {
			t.Errorf("right code: %d %q", a.StatusCode, a.Header.Get("Location"))
		}
		if uid, _ := b.uid(); uid != s.UID(TOTPLogin) {
			t.Errorf("after the code: uid %d", uid)
		}
	})
}

// The vectors of RFC 6238, appendix B, cut to six digits.
func TestTOTPCode(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 20000000000: "353130"} {
		if got := TOTPCode(secret, timeUnix(at)); got != want {
			t.Errorf("at %d: %q, want %q", at, got, want)
		}
	}
}

func timeUnix(s int64) time.Time { return time.Unix(s, 0) }
