package gateway

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Tokens in the URL, and behind the word Basic, are taken from applications
// that keep the habits of the original /restapi, at its endpoints; from nobody
// else, and Odoo sees none of them.
func TestM20_TokensBesidesTheBearer(t *testing.T) {
	inURL := func(name string, more ...string) func(string) func(*http.Request) {
		return func(bearer string) func(*http.Request) {
			return func(r *http.Request) {
				q := url.Values{name: {bearer}}
				for _, m := range more {
					q.Add(m, bearer)
				}
				r.URL.RawQuery = q.Encode()
				r.Header.Del("Authorization")
			}
		}
	}
	header := func(prefix string) func(string) func(*http.Request) {
		return func(bearer string) func(*http.Request) {
			return func(r *http.Request) { r.Header.Set("Authorization", prefix+bearer) }
		}
	}
	const orestPath = "/orestapi/application/model"
	tests := []struct {
		name, path string
		edit       func(string) func(*http.Request)
		restapi    int // the status with compat restapi
		otherwise  int // the status without it
	}{
		{"access_token", recordPath, inURL("access_token"), 200, 401},
		{"basic_access_token", recordPath, inURL("basic_access_token"), 200, 401},
		{"at /me", oauth.MePath, inURL("access_token"), 200, 401},
		{"Basic", recordPath, header("Basic "), 200, 401},
		{"basic", recordPath, header("basic "), 200, 401},
		{"Basic at /me", oauth.MePath, header("Basic "), 200, 401},
		{"both", recordPath, inURL("access_token", "basic_access_token"), 400, 400},
		{"twice", recordPath, inURL("access_token", "access_token"), 400, 400},
		{"another name", recordPath, inURL("token"), 401, 401},
		{"another scheme", recordPath, header("Token "), 401, 401},
		{"Basic and more", recordPath, header("Basic x, Bearer "), 400, 400},
		{"not ours", recordPath, func(string) func(*http.Request) { return header("Basic ")("dXNlcjpwYXNz") }, 401, 401},
		{"at /orestapi", orestPath, inURL("access_token"), 401, 401},
		{"Basic at /orestapi", orestPath, header("Basic "), 401, 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, 19)
			bearer, a := w.connect("wiki", "demo")
			ask := func(want int) {
				t.Helper()
				w.odoo.ForgetRequests()
				status, head, body := w.get(test.path, bearer, test.edit(bearer))
				if status != want {
					t.Errorf("status %d, want %d: %v", status, want, body)
				}
				if status >= 400 && (len(w.odoo.Requests()) > 0 || head.Get("WWW-Authenticate") == "") {
					t.Errorf("Odoo was asked, or nothing is asked for: %v", head)
				}
				if head.Get("Cache-Control") != "no-store" {
					t.Errorf("Cache-Control %q", head.Get("Cache-Control"))
				}
			}
			ask(test.otherwise)
			w.apps[0].Compat.Confluence = true
			w.reload()
			ask(test.otherwise)
			w.apps[0].Compat.Restapi = true
			w.reload()
			ask(test.restapi)
			if err := w.store.RevokeAuthorization(t.Context(), a.ID, w.clock.Now()); err != nil {
				t.Fatal(err)
			}
			ask(test.otherwise)
		})
	}
}

// Two credentials are none, whichever of them is good: nobody can tell which
// one is meant. RFC 6750 section 3.1 calls the request malformed.
func TestM21_TwoCredentials(t *testing.T) {
	w := newWorld(t, 19)
	w.apps[0].Compat.Restapi, w.apps[1].Compat.Restapi = true, true
	w.reload()
	bearer, a := w.connect("wiki", "demo")
	other, _ := w.connect("other", "demo")
	if err := w.store.RevokeAuthorization(t.Context(), a.ID, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.odoo.ForgetRequests()
	for _, path := range []string{recordPath, oauth.MePath, oauth.UserinfoPath, "/orestapi/application/model"} {
		for _, header := range []string{bearer, other} {
			for _, name := range []string{"access_token", "basic_access_token"} {
				status, head, body := w.get(path, header, func(r *http.Request) { r.URL.RawQuery = name + "=" + url.QueryEscape(other) })
				if status != http.StatusBadRequest || !strings.Contains(head.Get("WWW-Authenticate"), `error="invalid_request"`) {
					t.Errorf("%s with %s: %d %v", path, name, status, body)
				}
			}
		}
	}
	if asked := w.odoo.Requests(); len(asked) > 0 {
		t.Errorf("Odoo was asked: %v", asked)
	}
	if status, _, body := w.get(recordPath, other); status != http.StatusOK {
		t.Errorf("a good bearer token: %d %v", status, body)
	}
}

// What is no access token of ours is none at the API, whatever else it is.
func TestA45_OtherTokensAtTheAPI(t *testing.T) {
	w := newWorld(t, 19)
	bearer, a := w.connect("wiki", "demo")
	set, err := w.store.TokenSet(t.Context(), w.claims[bearer].TokenSet)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{
		"a random token": grant.NewToken(), "a token set's id": set.ID, "an authorization's id": a.ID,
		"a client id": "wiki-id", "a subject": a.Subject, "a session": w.odoo.NewSession("demo"),
	} {
		if status, _, _ := w.get(recordPath, raw); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
}

// A refused token says nothing: no claim of it is used.
func TestA43_RefusedTokensHaveNoClaims(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	judge := func(raw string) oauth.Standing {
		standing, err := w.gw.service.Load().oauth.Judge(t.Context(), nil, raw, nil)
		if err == nil {
			t.Errorf("%d bytes are taken", len(raw))
		}
		return standing
	}
	forged := []byte(bearer)
	forged[len(forged)-10] ^= 1
	w.clock.Advance(time.Hour)
	for _, raw := range []string{bearer, string(forged), bearer[:len(bearer)-1], ""} {
		if got := judge(raw); got.Application != nil || got.Claims.Subject != "" || got.Authorization.ID != "" {
			t.Errorf("what was refused says %+v", got)
		}
	}
}

// A token is for its application's models: another's may hold more.
func TestM33_TokenOfAnotherApplication(t *testing.T) {
	w := newWorld(t, 19)
	compile := func(name, model string) *scheme.Scheme {
		rules, err := scheme.Compile(scheme.Definition{Name: name, Configurations: []scheme.Configuration{{
			Name: "one", Model: model, DisplayName: "One", Limit: scheme.LimitWhitelist, Fields: []string{"name"},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		return rules
	}
	w.apps[1].Scheme = "staff"
	c := w.gw.config
	c.Applications = w.apps
	c.Schemes = map[string]*scheme.Scheme{"sales": compile("sales", "res.partner"), "staff": compile("staff", "res.country")}
	gw, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := gw.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.gw = gw
	wiki, _ := w.connect("wiki", "demo")
	other, _ := w.connect("other", "demo")
	for _, test := range []struct {
		bearer, model string
		want          int
	}{{wiki, "res.partner", 200}, {wiki, "res.country", 403}, {other, "res.country", 200}, {other, "res.partner", 403}} {
		status, _, body := w.get("/restapi/1.0/object/"+test.model+"/search?limit=1", test.bearer)
		if status != test.want {
			t.Errorf("%s: %d %v, want %d", test.model, status, body, test.want)
		}
	}
}
