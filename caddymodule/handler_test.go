package caddymodule

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func TestWhichGatewayAHandlerServes(t *testing.T) {
	app := func(gateways string) string { return "odoo_gateway {\n" + gateways + "\n}\n" }
	one := "gateway erp {\nissuer http://ADDR\ndatabase prod\n}\n"
	two := "gateway staging {\nissuer http://127.0.0.1:1\ndatabase staging\n}\n"
	tests := []struct{ name, options, directive, want string }{
		{"the only one", app(one), "odoo_gateway", ""},
		{"by name", app(one + two), "odoo_gateway erp", ""},
		{"one of two", app(one + two), "odoo_gateway", "2 gateways are configured: say which one"},
		{"unknown", app(one), "odoo_gateway wrong", `there is no gateway "wrong"`},
		{"none configured", app(""), "odoo_gateway", "0 gateways are configured"},
		{"no app", "", "odoo_gateway", "the app odoo_gateway is not configured: define a gateway in the global options"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := strings.ReplaceAll("{\nadmin off\npersist_config off\n"+tt.options+"}\nhttp://ADDR {\n"+tt.directive+"\nrespond ok\n}\n", "ADDR", freeAddrs(t, 1)[0])
			var config caddy.Config
			if err := json.Unmarshal([]byte(mustAdapt(t, file)), &config); err != nil {
				t.Fatal(err)
			}
			err := caddy.Validate(&config)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestWhereTheDirectiveMayStand: in each form both what passes on and what the
// gateway asks itself reaches Odoo, as does a second handler on the way.
func TestWhereTheDirectiveMayStand(t *testing.T) {
	for name, body := range map[string]string{
		"bare":          "odoo_gateway\nreverse_proxy UPSTREAM",
		"handle blocks": "odoo_gateway\nhandle /static/* {\nrespond no\n}\nhandle {\nreverse_proxy UPSTREAM\n}",
		"route block":   "odoo_gateway\nroute {\nreverse_proxy UPSTREAM\n}",
		"within handle": "handle {\nodoo_gateway\nreverse_proxy UPSTREAM\n}",
		"within route":  "route {\nodoo_gateway\nreverse_proxy UPSTREAM\n}",
		"twice":         "odoo_gateway\nhandle {\nodoo_gateway\nreverse_proxy UPSTREAM\n}",
		"with encode":   "encode\nodoo_gateway\nreverse_proxy UPSTREAM",
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newOdooSite(t)
			s.body = strings.ReplaceAll(body, "UPSTREAM", s.upstream)
			newMachine(t).start(s.caddyfile(), s.admin)
			_, got := connected(t, "http://"+s.addr)
			if err := read(http.DefaultClient, "http://"+s.addr, got.Access); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSecondHandlerLetsPass: what has been through one handler, or is a
// sub-request, is not looked at again.
func TestSecondHandlerLetsPass(t *testing.T) {
	r := caddyhttp.PrepareRequest(httptest.NewRequest("GET", oauthBase+"authorize", nil), caddy.NewReplacer(), nil, nil)
	caddyhttp.SetVar(r.Context(), passedVar, true)
	passed := false
	next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		passed = true
		return nil
	})
	if err := new(Handler).ServeHTTP(httptest.NewRecorder(), r, next); err != nil || !passed {
		t.Errorf("passed: %v, %v", passed, err)
	}
}

// TestWhatClientsSendIsNeverExpanded: Caddy's placeholders in parameters stay
// what they are, and forwarded headers move no URL.
func TestWhatClientsSendIsNeverExpanded(t *testing.T) {
	s, _ := newOdooSite(t)
	newMachine(t, "CANARY=secret-of-the-environment").start(s.caddyfile(), s.admin)
	base := "http://" + s.addr
	state := "{env.CANARY}{file." + os.Args[0] + "}{http.request.header.Cookie}"
	user := newPerson(t, base)
	if _, err := user.authorize(state); err != nil { // compares the state
		t.Fatal(err)
	}
	for _, location := range user.seen {
		if strings.Contains(location, "secret-of-the-environment") {
			t.Errorf("a placeholder was expanded in %s", location)
		}
	}

	plain := metadata(t, base, nil)
	forged := metadata(t, base, http.Header{
		"X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"gopher"}, "X-Forwarded-For": {"203.0.113.9"},
		"Forwarded": {"host=evil.example;proto=gopher"}, "X-Original-Url": {"/evil"}, "X-Rewrite-Url": {"/evil"},
		"X-Forwarded-Prefix": {"/evil"}, "X-Http-Method-Override": {"DELETE"},
	})
	if plain != forged || !strings.Contains(plain, `"`+base+`"`) {
		t.Errorf("without forged headers\n%s\nwith them\n%s", plain, forged)
	}
}

func metadata(t *testing.T, base string, h http.Header) string {
	t.Helper()
	r := request(t, "GET", base+"/.well-known/oauth-authorization-server", "")
	for name, v := range h {
		r.Header[name] = v
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var m map[string]any
	if err := json.NewDecoder(res.Body).Decode(&m); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %v", res.StatusCode, err)
	}
	out, _ := json.Marshal(m)
	return string(out)
}

// TestThrottleCountsTheClientThatCaddySees: a client can not choose its
// address, unless it is a trusted proxy.
func TestThrottleCountsTheClientThatCaddySees(t *testing.T) {
	for name, tt := range map[string]struct {
		global string
		want   int
	}{
		"untrusted": {"", http.StatusTooManyRequests},
		"trusted":   {"servers {\n\t\ttrusted_proxies static 127.0.0.1\n\t}", http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newOdooSite(t)
			s.global = tt.global
			newMachine(t).start(s.caddyfile(), s.admin)
			guess := func(from string) int {
				form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_id": {"wiki"}, "client_secret": {"guess"}}
				r := request(t, "POST", "http://"+s.addr+oauthBase+"access_token", form.Encode())
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Set("X-Forwarded-For", from)
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				return res.StatusCode
			}
			for guess("203.0.113.9") != http.StatusTooManyRequests {
			}
			if got := guess("198.51.100.7"); got != tt.want {
				t.Errorf("another forwarded address gets %d, want %d", got, tt.want)
			}
		})
	}
}
