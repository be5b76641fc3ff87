package gateway

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var csrfToken = regexp.MustCompile(`name="csrf_token"[^>]*value="([^"]+)"`)

// visitor is a browser that follows no redirect by itself.
type visitor struct {
	t      testing.TB
	world  *world
	client *http.Client
}

func newVisitor(w *world) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &visitor{t: w.t, world: w, client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// open returns where a page leads and what stands on it.
func (v *visitor) open(path string, form url.Values) (location, body string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.world.url+path, nil)
	if err == nil && form != nil {
		r, err = http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.world.url+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if err != nil {
		v.t.Fatal(err)
	}
	resp, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp.Header.Get("Location"), string(raw)
}

// login logs in on Odoo's page without a way back, and returns where that leads.
func (v *visitor) login() string {
	v.t.Helper()
	_, body := v.open("/web/login", nil)
	token := csrfToken.FindStringSubmatch(body)
	if token == nil {
		v.t.Fatalf("no csrf token on the login page: %s", body)
	}
	to, _ := v.open("/web/login", url.Values{"csrf_token": {token[1]}, "login": {"demo"}, "password": {"demo"}})
	return to
}

func TestWayBackAfterALostLogin(t *testing.T) {
	const authorize = "/restapi/1.0/common/oauth2/authorize"
	request := authorize + "?client_id=wiki-id&response_type=code&state=abc&redirect_uri=" + url.QueryEscape(callback)
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		v := newVisitor(w)
		if to, _ := v.open(request, nil); !strings.HasPrefix(to, "/web/login?") {
			t.Fatalf("authorize leads to %q", to)
		}
		if to := v.login(); to != authorize {
			t.Fatalf("the login leads to %q: the way back is lost", to)
		}
		_, page := v.open(authorize, nil)
		if !strings.Contains(page, "Team wiki") || !strings.Contains(page, `href="/web"`) {
			t.Errorf("the page offers no choice: %s", page)
		}
		home := newVisitor(w).login()
		if home != "/web" && home != "/odoo" {
			t.Errorf("a login without an authorization under way leads to %q", home)
		}
	})
}

// Only Odoo's own start page is replaced, and only as the answer to a login.
func TestWayBackLeavesOtherRedirects(t *testing.T) {
	w := newWorld(t, 19)
	v := newVisitor(w)
	v.open("/restapi/1.0/common/oauth2/authorize?client_id=wiki-id&response_type=code&redirect_uri="+url.QueryEscape(callback), nil)
	home, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path, location string
		status         int
		replaced       bool
	}{
		{"/web/login", "/odoo", http.StatusSeeOther, true},
		{"/web/login", w.url + "/odoo", http.StatusSeeOther, true},
		{"/auth_oauth/signin", "/web", http.StatusSeeOther, true},
		{"/web/login", "https://elsewhere.example.com/odoo", http.StatusSeeOther, false},
		{"/web/login", "/odoo/action-12", http.StatusSeeOther, false},
		{"/web/login", "/odoo", http.StatusOK, false},
		{"/web", "/odoo", http.StatusSeeOther, false},
	}
	for _, tt := range tests {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range v.client.Jar.Cookies(home) {
			r.AddCookie(c)
		}
		header := http.Header{"Location": {tt.location}}
		w.gw.service.Load().wayBack(r, tt.status, header)
		if replaced := header.Get("Location") != tt.location; replaced != tt.replaced {
			t.Errorf("%d from %s to %s became %s", tt.status, tt.path, tt.location, header.Get("Location"))
		}
	}
}
