package gateway

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

// The way of Confluence through the gateway, on every Odoo: the application is
// there, a code by the browser's session, tokens by parameters in the URL,
// records, a refresh by Basic, and who the person is.
func TestOrestInterface(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		w.apps[0].Compat.Confluence, w.apps[0].Consent = true, application.ConsentTrusted
		w.apps[0].OwnID, w.apps[0].OwnSecret = "odoo", application.Hide("own")
		w.reload()
		session := w.odoo.NewSession("demo")
		cookie := func(r *http.Request) { r.Header.Set("Cookie", "session_id="+session) }
		proof := func(r *http.Request) { r.SetBasicAuth("wiki-id", "wiki-secret") }

		if status, _, body := w.get("/orestapi/application/status", "", proof); status != http.StatusOK || body.([]any)[0].(map[string]any)["display_name"] != "Team wiki" {
			t.Fatalf("%d %v", status, body)
		}
		q := url.Values{"client_id": {"wiki-id"}, "redirect_uri": {callback}, "state": {"xyz"}}
		status, header, body := w.get("/orestapi/oauth2/authorization?"+q.Encode(), "", cookie)
		to, err := url.Parse(header.Get("Location"))
		if err != nil || status != http.StatusFound || to.Query().Get("state") != "xyz" {
			t.Fatalf("%d %v %v", status, header, body)
		}
		ask := func(form url.Values, edit ...func(*http.Request)) map[string]any {
			t.Helper()
			status, _, body := w.get("/orestapi/oauth2/access_token?"+form.Encode(), "", edit...)
			if status != http.StatusOK {
				t.Fatalf("%d %v", status, body)
			}
			return body.(map[string]any)
		}
		tokens := ask(url.Values{
			"grant_type": {"authorization_code"}, "code": {to.Query().Get("code")}, "redirect_uri": {callback},
			"client_id": {"wiki-id"}, "client_secret": {"wiki-secret"},
		})
		tokens = ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens["refresh_token"].(string)}}, proof)
		if status, _, body := w.get("/orestapi/application/model", tokens["access_token"].(string)); status != http.StatusOK || len(body.([]any)) != 1 {
			t.Errorf("%d %v", status, body)
		}
		client := url.Values{"client_id": {"wiki-id"}, "client_secret": {"wiki-secret"}, "redirect_uri": {callback}}
		if status, _, body := w.get("/orestapi/application/user?"+client.Encode(), "", cookie); status != http.StatusOK || body.(map[string]any)["user_secret"] == nil {
			t.Errorf("%d %v", status, body)
		}
		if status, _, body := w.get("/orestapi/application/confluence/link?"+client.Encode(), "", cookie); status != http.StatusOK || body.(map[string]any)["odoo_secret"] != "own" {
			t.Errorf("%d %v", status, body)
		}
	})
}

// The tokens of that path count like those of the others.
func TestOrestTokensAreLimited(t *testing.T) {
	w := newWorld(t, 19)
	w.apps[0].Limits.Token = application.Rate{Requests: 1, Per: time.Minute}
	w.reload()
	_, a := w.connect("wiki", "demo")
	redeem := func(path string) (int, map[string]any) {
		code := grant.NewToken()
		err := w.store.IssueCode(t.Context(), grant.Code{
			Hash: grant.HashToken(code), Authorization: a.ID, Application: "wiki", RedirectURI: callback,
			Scope: []string{scopeRead}, IssuedAt: w.clock.Now(), ExpiresAt: w.clock.Now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		return w.post(path, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}})
	}
	if status, body := redeem(oauth.AccessTokenPath); status != http.StatusOK {
		t.Fatalf("%d %v", status, body)
	}
	if status, body := redeem(oauth.OrestTokenPath); status != http.StatusTooManyRequests || body["orestapi_code"] != "OrestapiGateway-0429" || body["error"] != "temporarily_unavailable" {
		t.Errorf("%d %v", status, body)
	}
}

// M32: a method that a path does not have is refused in the shape of its
// interface, whatever other headers claim, and Odoo hears of nothing.
func TestM32_WrongMethods(t *testing.T) {
	w := newWorld(t, 19)
	w.console = &Console{}
	w.reload()
	for path, e := range endpoints {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post"} {
			if allows(e.methods, method) {
				continue
			}
			resp := w.script(method, path, nil, "", "X-HTTP-Method-Override", e.methods[0], "X-HTTP-Method", e.methods[0], "X-Method-Override", e.methods[0])
			if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != strings.Join(e.methods, ", ") || resp.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s %s: %d %v", method, path, resp.StatusCode, resp.Header)
			}
		}
	}
	for path, name := range map[string]string{oauth.TokenPath: "code", oauth.OrestTokenPath: "orestapi_code", "/orestapi/record/read": "orestapi_code"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, w.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		var body map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body[name] == nil {
			t.Errorf("%s: %v %v", path, body, err)
		}
		_ = resp.Body.Close()
	}
	if asked := w.odoo.Requests(); len(asked) > 0 {
		t.Errorf("Odoo was asked: %v", asked)
	}
}
