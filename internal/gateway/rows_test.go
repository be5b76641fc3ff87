package gateway

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

// A52: what a client claims in forwarding headers changes no decision: not
// whose script may read, not what is counted, not the answer.
func TestA52_ForwardedHeadersDecideNothing(t *testing.T) {
	w := corsWorld(t)
	bearer, _ := w.connect("wiki", "demo")
	claims := map[string]string{
		"X-Forwarded-For": "198.51.100.9", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/web",
		"X-Forwarded-Uri": oauth.AuthorizePath, "X-Forwarded-Method": "DELETE", "Forwarded": "for=198.51.100.9;host=evil.example;proto=http",
		"X-Real-IP": "198.51.100.9", "X-Original-URL": "/web/login", "X-Rewrite-URL": "/web/login", "X-HTTP-Method-Override": "DELETE",
	}
	for path := range scriptTargets() {
		if strings.HasPrefix(path, "/json/2/") || tokenPaths[path] || path == oauth.RevokePath || path == oauth.IntrospectPath {
			continue // for POST; they have tests of their own
		}
		for _, origin := range []string{wikiOrigin, "https://evil.example"} {
			ask := func(edit func(*http.Request)) (int, string, any) {
				status, h, body := w.get(path, bearer, func(r *http.Request) { r.Header.Set("Origin", origin) }, edit)
				return status, allowedFor(&http.Response{Header: h}), body
			}
			status, allowed, body := ask(func(*http.Request) {})
			for name, value := range claims {
				s, a, b := ask(func(r *http.Request) { r.Header.Set(name, value) })
				if s != status || a != allowed || !reflect.DeepEqual(b, body) {
					t.Errorf("%s with %s: %d %q %v, without: %d %q %v", path, name, s, a, b, status, allowed, body)
				}
			}
		}
	}
	w.apps[0].Limits.API = application.Rate{Requests: 1, Per: 60e9}
	w.reload()
	w.get(recordPath, bearer)
	for name, value := range claims {
		if status, _, _ := w.get(recordPath, bearer, func(r *http.Request) { r.Header.Set(name, value) }); status != http.StatusTooManyRequests {
			t.Errorf("%s is a way around the limit: %d", name, status)
		}
	}
}

// A53: an Authorization header that is not one credential of one scheme gives
// nothing on any path for tokens, and goes nowhere.
func TestA53_OddAuthorization(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	w.odoo.ForgetRequests()
	const proof = "Basic d2lraS1pZDp3aWtpLXNlY3JldA==" // wiki-id:wiki-secret
	for _, path := range []string{recordPath, oauth.MePath, oauth.UserinfoPath, "/orestapi/application/model", oauth.OrestStatusPath} {
		good := "Bearer " + bearer
		if path == oauth.OrestStatusPath {
			good = proof
		}
		scheme, credential, _ := strings.Cut(good, " ")
		for _, lines := range [][]string{
			{good, good}, {good, "Bearer x"}, {"Basic x", good}, {good + ", " + good}, {good + "," + good}, {scheme + "\t" + credential},
			{""}, {scheme}, {scheme + " "}, {credential}, {good + " x"}, {"Digest " + credential}, {scheme + credential}, {"X " + good},
		} {
			// Half a bearer token, or two credentials, make a malformed
			// request; what is none at all is refused as such.
			want := http.StatusUnauthorized
			if path != oauth.OrestStatusPath && (len(lines) > 1 || strings.Contains(lines[0], "Bearer ") || lines[0] == "Bearer" || strings.HasPrefix(lines[0], "Bearer\t")) {
				want = http.StatusBadRequest
			}
			status, _, body := w.get(path, "", func(r *http.Request) { r.Header["Authorization"] = lines })
			if status != want {
				t.Errorf("%s %.20q: %d %v, want %d", path, lines, status, body, want)
			}
		}
	}
	if asked := w.odoo.Requests(); len(asked) > 0 {
		t.Errorf("Odoo was asked: %v", asked)
	}
	for path, good := range map[string]string{recordPath: "bearer " + bearer, oauth.OrestStatusPath: strings.ToLower(proof[:5]) + proof[5:]} {
		if status, _, body := w.get(path, "", func(r *http.Request) { r.Header.Set("Authorization", good) }); status != http.StatusOK {
			t.Errorf("%s: %d %v", path, status, body)
		}
	}
}
