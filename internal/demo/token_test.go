package demo

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRefreshOnExpiry(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	v.connect(f, front)
	f.clock.Advance(time.Hour - early)
	wants(t, v.get(front), "First")
	if n := f.gateway.count(tokenPath); n != 2 {
		t.Errorf("%d token requests, want the exchange and one refresh", n)
	}
}

func TestRefreshOnRefusal(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	v.connect(f, front)
	f.gateway.set(func() { f.gateway.access = "another" })
	wants(t, v.get(front), "First", "S007", "Connected to")
	if n := f.gateway.count(tokenPath); n != 2 {
		t.Errorf("%d token requests, want the exchange and one refresh for both macros", n)
	}
}

// Many readers at once refresh once: a second refresh would present a spent token.
func TestOneRefreshForMany(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	v.connect(f, front)
	f.clock.Advance(time.Hour)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() { wants(t, v.get(front), "First") })
	}
	wait.Wait()
	if n := f.gateway.count(tokenPath); n != 2 {
		t.Errorf("%d token requests, want 2", n)
	}
}

func TestLapsedRefresh(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	v.connect(f, front)
	f.gateway.set(func() { f.gateway.access, f.gateway.refresh = "", "" })
	wants(t, v.get(front), "needs re-authentication", "Need to authenticate to server!", ">Re-authenticate<", `class="banner lapsed"`)
	asked := f.gateway.count(tokenPath)
	v.get(front)
	if f.gateway.count(tokenPath) != asked {
		t.Error("a refused refresh token is presented again")
	}
	wants(t, v.connect(f, front), "First", "Connected to")
}

// Odoo under a lock: refresh works, reading does not. The tokens are kept and
// the page recovers by itself.
func TestLapsedThenBack(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	v.connect(f, front)
	f.gateway.set(func() { f.gateway.refuse = true })
	wants(t, v.get(front), "needs re-authentication", "Need to authenticate to server!")
	asked := f.gateway.count(tokenPath)
	wants(t, v.get(front), "needs re-authentication")
	if f.gateway.count(tokenPath) != asked {
		t.Error("each page view refreshes a token that is refused anyway")
	}
	f.gateway.set(func() { f.gateway.refuse = false })
	wants(t, v.get(front), "First", "Connected to")
}

// An outage ends nothing.
func TestAwayKeepsTokens(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	v.connect(f, front)
	f.clock.Advance(2 * time.Hour) // so that a refresh is due
	f.gateway.set(func() { f.gateway.away = true })
	page := v.get(front)
	wants(t, page, noticeAway, ">connected<")
	lacks(t, page, "Need to authenticate")
	f.gateway.set(func() { f.gateway.away = false })
	wants(t, v.get(front), "First")
}

// What one visitor may see is nobody else's, and not the next person's who
// connects from the same session either.
func TestConnectionsArePersonal(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	v.connect(f, front)
	wants(t, f.visitor(t).get(front), "not connected", "Need to authenticate")
	const models = "/orestapi/application/model"
	asked := f.gateway.count(models)
	v.get(front)
	if f.gateway.count(models) != asked {
		t.Error("the labels are asked for at each page view")
	}
	v.connect(f, front)
	if f.gateway.count(models) == asked {
		t.Error("the labels of the person before are kept")
	}
}

func TestModelRefused(t *testing.T) {
	f := newFixture(t)
	f.gateway.set(func() { f.gateway.noModel = true })
	page := f.visitor(t).connect(f, front)
	wants(t, page, "First", "Model not allowed", "Connected to")
	lacks(t, page, "Need to authenticate")
}

func TestDisconnect(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	v.connect(f, front)
	v.press(front, "/servers/erp/disconnect")
	wants(t, v.get(front), "not connected", "Need to authenticate")
	if got := strings.Join(f.gateway.revoked, " "); got != "refresh1" {
		t.Errorf("revoked %q, want the refresh token", got)
	}
}

func TestFormsNeedTheirPage(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	v.connect(f, front)
	for _, action := range []string{"/servers/erp/authenticate", "/servers/erp/disconnect"} {
		for name, form := range map[string]url.Values{"without": {}, "with a wrong": {"csrf": {"x"}}} {
			resp, err := v.http.PostForm(v.wiki.URL+action, form)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s csrf value: %s", action, name, resp.Status)
			}
		}
	}
	wants(t, v.get(front), "First")
}

func TestReturnsOnlyToItsOwnPages(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	m := csrfInput.FindStringSubmatch(v.get(front))
	resp, err := v.http.PostForm(v.wiki.URL+"/servers/erp/authenticate", url.Values{"csrf": {m[1]}, "page": {"//elsewhere.example"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	to, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	f.gateway.set(func() { f.gateway.code = "c0de" })
	wants(t, v.get(CallbackPath+"?"+url.Values{"code": {"c0de"}, "state": {to.Query().Get("state")}}.Encode()), "Customer visit")
}

func TestSecurityHeaders(t *testing.T) {
	f := newFixture(t)
	resp, err := f.visitor(t).http.Get(f.wiki.URL + front)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	policy := resp.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self' " + f.gateway.URL} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy %q lacks %q", policy, part)
		}
	}
	if c := resp.Header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") {
		t.Errorf("cookie %q", c)
	}
	if resp.Header.Get("Cache-Control") != "no-store" {
		t.Error("the page may be cached")
	}
}

func TestUnknownSessionIsNobody(t *testing.T) {
	f := newFixture(t)
	req, err := http.NewRequest(http.MethodGet, f.wiki.URL+front, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: sessionCookie, Value: "chosen-by-somebody"})
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if c := resp.Header.Get("Set-Cookie"); c == "" || strings.Contains(c, "chosen-by-somebody") {
		t.Errorf("cookie %q, want a fresh one", c)
	}
}

func TestThousands(t *testing.T) {
	for in, want := range map[string]string{"0.00": "0.00", "999.50": "999.50", "1000": "1,000", "-1234567.50": "-1,234,567.50"} {
		if got := thousands(in); got != want {
			t.Errorf("thousands(%s) = %s, want %s", in, got, want)
		}
	}
}
