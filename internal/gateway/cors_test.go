package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/dialect/json2"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/page"
)

const (
	wikiOrigin  = "https://wiki.example.com"
	otherOrigin = "https://other.example.com"
	oldOrigin   = "https://old.example.com"
)

// corsWorld has an application with an origin of its own, another one, and an
// archived one.
func corsWorld(t *testing.T) *world {
	w := newWorld(t, 19)
	old := testApplication("old")
	old.Active, old.CORSOrigins = false, []string{oldOrigin}
	w.apps[0].CORSOrigins, w.apps[1].CORSOrigins = []string{wikiOrigin}, []string{otherOrigin}
	w.apps = append(w.apps, old)
	w.reload()
	return w
}

// script sends a request as a browser does for a script: origins are the
// values of Origin, h pairs of further header lines.
func (w *world) script(method, path string, origins []string, body string, h ...string) *http.Response {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, origin := range origins {
		r.Header.Add("Origin", origin)
	}
	for i := 0; i+1 < len(h); i += 2 {
		r.Header.Add(h[i], h[i+1])
	}
	if body != "" && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if c := resp.Header.Get("Access-Control-Allow-Credentials"); c != "" {
		w.t.Errorf("%s %s: credentials %q", method, path, c)
	}
	return resp
}

// closedToScripts are paths that no script of another origin may use: what
// looks at cookies, what is shown to people, what is not there, and Odoo.
var closedToScripts = []string{
	oauth.AuthorizePath, oauth.ConsentPath, oauth.AuthorizationsPath, page.StylesheetPath, page.LogoPath,
	"/restapi/1.0", "/restapi/1.0/", "/restapi/1.0/nothing", "/restapi/1.0/object", "/restapi/1.0/me/",
	"/orestapi/", "/orestapi/application/user", "/orestapi/application/status", "/orestapi/application/confluence/link",
	"/orestapi/oauth2/authorization", "/orestapi/application/model/",
	"/.well-known/oauth-protected-resource/web", "/.well-known/openid-configuration/x",
	"/", "/web", "/web/dataset/call_kw", "/web/session/authenticate", "/jsonrpc", "/xmlrpc/2/object", "/RESTAPI/1.0/me", "/orestapi-x",
}

// M29: preflights. They are answered for the endpoints for programs and for
// origins that an application in use lists, by exact comparison.
func TestM29_Preflight(t *testing.T) {
	w := corsWorld(t)
	ask := func(path string, origins ...string) *http.Response {
		t.Helper()
		return w.script(http.MethodOptions, path, origins, "", "Access-Control-Request-Method", "POST",
			"Access-Control-Request-Headers", "authorization,x-evil", "Access-Control-Request-Private-Network", "true")
	}
	open := scriptTargets()
	for path, entry := range open {
		for _, origin := range []string{wikiOrigin, otherOrigin} {
			h := ask(path, origin).Header
			if h.Get("Access-Control-Allow-Origin") != origin || h.Get("Vary") != "Origin" || h.Get("Access-Control-Max-Age") != "600" ||
				h.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type, Accept" || h.Get("Access-Control-Allow-Private-Network") != "" {
				t.Errorf("%s: %v", path, h)
			}
			if got := h.Get("Access-Control-Allow-Methods"); got != strings.Join(entry.methods, ", ") {
				t.Errorf("%s: methods %q", path, got)
			}
		}
		for _, origins := range [][]string{
			{oldOrigin}, {"https://evil.example"}, {"null"}, {"*"}, {""}, {wikiOrigin + "/"}, {"http://wiki.example.com"},
			{"https://wiki.example.com:443"}, {"https://WIKI.example.com"}, {"https://wiki.example.com.evil.example"},
			{"https://x.wiki.example.com"}, {wikiOrigin + " " + otherOrigin}, {wikiOrigin, wikiOrigin}, {wikiOrigin, "https://evil.example"},
		} {
			resp := ask(path, origins...)
			if resp.StatusCode < 400 || allowedFor(resp) != "" || resp.Header.Get("Access-Control-Allow-Methods") != "" {
				t.Errorf("%s for %q: %d %v", path, origins, resp.StatusCode, resp.Header)
			}
		}
	}
	for _, path := range closedToScripts {
		if resp := ask(path, wikiOrigin); resp.StatusCode == http.StatusNoContent || allowedFor(resp) != "" {
			t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
		}
	}
	// What is no preflight is a request like any other, with a wrong method.
	for _, resp := range []*http.Response{
		w.script(http.MethodOptions, oauth.AccessTokenPath, []string{wikiOrigin}, ""),
		w.script(http.MethodOptions, oauth.AccessTokenPath, nil, "", "Access-Control-Request-Method", "POST"),
	} {
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "POST" {
			t.Errorf("%d %v", resp.StatusCode, resp.Header)
		}
	}
}

// M29: a preflight names the methods that are really answered, and no others.
func TestM29_PreflightTellsTheTruth(t *testing.T) {
	w := corsWorld(t)
	bearer, _ := w.connect("wiki", "demo")
	targets := scriptTargets()
	for _, path := range []string{"res.partner", "res.partner/search", "res.partner/1/action_archive"} {
		targets[restapi.Prefix+path], _ = scriptsMayUse(restapi.Prefix + path)
	}
	for path, entry := range targets {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			resp := w.script(method, path, nil, "", "Authorization", "Bearer "+bearer)
			if got := resp.StatusCode != http.StatusMethodNotAllowed; got != slices.Contains(entry.methods, method) {
				t.Errorf("%s %s: %d", method, path, resp.StatusCode)
			}
		}
	}
}

// M29: an answer may be read by scripts of the application's own origins, and
// a refusal of somebody unknown by those of every application's.
func TestM29_Answers(t *testing.T) {
	w := corsWorld(t)
	bearer, _ := w.connect("wiki", "demo")
	client := url.Values{"client_id": {"wiki-id"}, "client_secret": {"wiki-secret"}, "token": {"x"}}
	stranger := url.Values{"client_id": {"wiki-id"}, "client_secret": {"wrong"}, "token": {"x"}}
	send := func(path, origin, proof string) *http.Response {
		t.Helper()
		switch path {
		case oauth.AccessTokenPath, oauth.TokenPath, oauth.BasicTokenPath, oauth.OrestTokenPath, oauth.RevokePath, oauth.IntrospectPath:
			w.clock.Advance(40 * time.Second) // of wrong secrets only so many are free
			form := map[string]url.Values{"good": client, "bad": stranger}[proof]
			return w.script(http.MethodPost, path, []string{origin}, form.Encode())
		}
		credential := map[string]string{"good": bearer, "bad": "x.y.z"}[proof]
		return w.script(http.MethodGet, path, []string{origin}, "", "Authorization", "Bearer "+credential)
	}
	for path, entry := range scriptTargets() {
		for _, proof := range []string{"good", "bad"} {
			for _, origin := range []string{wikiOrigin, otherOrigin, oldOrigin, "https://evil.example", "null"} {
				resp := send(path, origin, proof)
				want := ""
				switch {
				case origin == wikiOrigin, origin == otherOrigin && (proof == "bad" || entry.public):
					want = origin
				}
				if got := allowedFor(resp); got != want || !slices.Contains(resp.Header.Values("Vary"), "Origin") {
					t.Errorf("%s, %s credential, %s: %d allows %q, want %q; Vary %q", path, proof, origin, resp.StatusCode, got, want, resp.Header.Values("Vary"))
				}
				if proof == "bad" && !entry.public && resp.StatusCode != http.StatusUnauthorized {
					t.Errorf("%s: %d", path, resp.StatusCode)
				}
				if want != "" && resp.Header.Get("Access-Control-Expose-Headers") != "WWW-Authenticate, Retry-After, Odoo-Gateway-Code" {
					t.Errorf("%s exposes %q", path, resp.Header.Get("Access-Control-Expose-Headers"))
				}
			}
		}
		if resp := w.script(http.MethodGet, path, nil, ""); allowedFor(resp) != "" || !slices.Contains(resp.Header.Values("Vary"), "Origin") {
			t.Errorf("%s without origin: %v", path, resp.Header)
		}
	}
	for _, path := range closedToScripts {
		if resp := send(path, wikiOrigin, "good"); allowedFor(resp) != "" {
			t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
		}
	}
	// An expired token is a stranger's; a revoked one is its application's.
	w.clock.Advance(2 * time.Hour)
	if resp := send(recordPath, wikiOrigin, "good"); resp.StatusCode != http.StatusUnauthorized || allowedFor(resp) != wikiOrigin {
		t.Errorf("expired: %d %v", resp.StatusCode, resp.Header)
	}
}

// Nothing is open where no application lists an origin.
func TestM29_NobodyAsked(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	for path := range scriptTargets() {
		for _, origin := range []string{wikiOrigin, "null", ""} {
			resp := w.script(http.MethodGet, path, []string{origin}, "", "Authorization", "Bearer "+bearer)
			if allowedFor(resp) != "" {
				t.Errorf("%s: %v", path, resp.Header)
			}
		}
	}
}

// M29: an answer that is no refusal is for nobody while it is not known whose
// it is.
func TestM29_UnknownCaller(t *testing.T) {
	s := &service{origins: map[string]bool{wikiOrigin: true}}
	for status, want := range map[int]string{200: "", 302: "", 400: wikiOrigin, 401: wikiOrigin} {
		r := httptest.NewRequest(http.MethodGet, oauth.MePath, nil)
		r.Header.Set("Origin", wikiOrigin)
		rec := httptest.NewRecorder()
		w := s.forScripts(rec, r)
		w.WriteHeader(status)
		if got := rec.Header().Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%d allows %q", status, got)
		}
	}
}

func allowedFor(r *http.Response) string { return r.Header.Get("Access-Control-Allow-Origin") }

// scriptTargets are the open paths, with one for every tree.
func scriptTargets() map[string]scriptPath {
	targets := map[string]scriptPath{}
	for path, entry := range scriptPaths {
		targets[path] = entry
	}
	for prefix := range scriptTrees {
		if prefix == json2.Prefix {
			continue // half of it is Odoo's: see TestJSON2ForScripts
		}
		path := prefix + "res.partner/1"
		if prefix == restapi.BinaryPrefix {
			path += "/image_128"
		}
		targets[path], _ = scriptsMayUse(path)
	}
	return targets
}
