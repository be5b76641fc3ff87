package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
	"github.com/caddy-odoo/gateway/internal/page"
	"github.com/caddy-odoo/gateway/internal/token"
)

// spoofed claims that a request was made to another host.
func spoofed(r *http.Request) {
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("X-Forwarded-Proto", "gopher")
}

// RFC 9728: the resource is what the well-known part was inserted into, and
// nothing comes from the request.
func TestProtectedResourceMetadata(t *testing.T) {
	w := newWorld(t, 19)
	for _, resource := range []string{"", "/restapi/1.0", "/orestapi"} {
		status, header, body := w.get("/.well-known/oauth-protected-resource"+resource+"?x=evil", "", spoofed)
		want := map[string]any{
			"resource":                 w.url + resource,
			"authorization_servers":    []any{w.url},
			"scopes_supported":         []any{"odoo.read"},
			"bearer_methods_supported": []any{"header"},
		}
		if status != http.StatusOK || !reflect.DeepEqual(body, want) {
			t.Errorf("%q: %d %v", resource, status, body)
		}
		if header.Get("Content-Type") != "application/json" {
			t.Errorf("header %v", header)
		}
	}
	for _, resource := range []string{"/", "/web", "/restapi", "/restapi/1.0/object", "/restapi/1.0/", "/evil.example"} {
		if status, _, body := w.get("/.well-known/oauth-protected-resource"+resource, ""); status != http.StatusNotFound {
			t.Errorf("%q: %d %v", resource, status, body)
		}
	}
	if asked := w.odoo.Requests(); len(asked) > 0 {
		t.Errorf("Odoo was asked: %v", asked)
	}
}

// Clients that know OpenID Connect's address alone find the same document.
func TestOpenIDConfiguration(t *testing.T) {
	w := newWorld(t, 19)
	_, _, want := w.get("/.well-known/oauth-authorization-server", "")
	status, _, got := w.get("/.well-known/openid-configuration", "", spoofed)
	if status != http.StatusOK || !reflect.DeepEqual(got, want) || got.(map[string]any)["issuer"] != w.url {
		t.Errorf("%d %v", status, got)
	}
}

// Whatever the metadata names is there.
func TestMetadataNamesWhatIsThere(t *testing.T) {
	w := newWorld(t, 19)
	_, _, body := w.get(oauth.MetadataPath, "")
	seen := 0
	for name, value := range body.(map[string]any) {
		address, ok := value.(string)
		if !ok || name == "issuer" {
			continue
		}
		seen++
		path, ok := strings.CutPrefix(address, w.url)
		if _, known := endpoints[path]; !ok || !known {
			t.Errorf("%s is %s", name, address)
		}
	}
	if seen < 5 {
		t.Errorf("only %d addresses in %v", seen, body)
	}
}

// post sends a form as wiki and returns the status and the JSON answer.
func (w *world) post(path string, form url.Values) (int, map[string]any) {
	w.t.Helper()
	form.Set("client_id", "wiki-id")
	form.Set("client_secret", "wiki-secret")
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil {
		w.t.Fatalf("%d %s", resp.StatusCode, raw)
	}
	return resp.StatusCode, body
}

// The token endpoint has two addresses.
func TestTokenAlias(t *testing.T) {
	w := newWorld(t, 19)
	_, a := w.connect("wiki", "demo")
	for _, path := range []string{"/restapi/1.0/common/oauth2/access_token", "/restapi/1.0/common/oauth2/token"} {
		code := grant.NewToken()
		err := w.store.IssueCode(t.Context(), grant.Code{
			Hash: grant.HashToken(code), Authorization: a.ID, Application: "wiki", RedirectURI: callback,
			Scope: []string{scopeRead}, IssuedAt: w.clock.Now(), ExpiresAt: w.clock.Now().Add(time.Minute),
		})
		if err != nil {
			t.Fatal(err)
		}
		status, body := w.post(path, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}})
		bearer, _ := body["access_token"].(string)
		if status != http.StatusOK || bearer == "" {
			t.Fatalf("%s: %d %v", path, status, body)
		}
		if status, _, body := w.get(recordPath, bearer); status != http.StatusOK {
			t.Errorf("%s: the token is no good: %d %v", path, status, body)
		}
		if status, _, _ := w.get(path, ""); status != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, status)
		}
	}
}

// M21 and RFC 9728 section 5.1: a refusal says where to read on; every other
// answer says nothing.
func TestChallengeNamesTheResource(t *testing.T) {
	w := newWorld(t, 19)
	good, a := w.connect("wiki", "demo")
	claims := w.claims[good]
	claims.Scope = []string{"odoo.other"}
	narrow := w.sign(claims)
	const record, models = recordPath, "/orestapi/application/model"
	expect := func(path, bearer string, status int, parameters string) {
		t.Helper()
		got, header, body := w.get(path, bearer, spoofed)
		want := ""
		if status >= 400 {
			resource := map[string]string{record: "/restapi/1.0", models: "/orestapi"}[path]
			want = `Bearer realm="odoo"` + parameters + `, resource_metadata="` + w.url + `/.well-known/oauth-protected-resource` + resource + `"`
		}
		if lines := header.Values("WWW-Authenticate"); got != status || strings.Join(lines, "\n") != want {
			t.Errorf("%s: %d %v, challenge %q, want %q", path, got, body, lines, want)
		}
	}
	const invalid = `, error="invalid_token", error_description="`
	for _, path := range []string{record, models} {
		expect(path, good, http.StatusOK, "")
		expect(path, "", http.StatusUnauthorized, "")
		expect(path, "nonsense", http.StatusUnauthorized, invalid+`The access token is not valid or has expired"`)
	}
	expect(record, narrow, http.StatusForbidden, `, error="insufficient_scope", scope="odoo.read"`)
	w.odoo.ExpireSessions()
	expect(record, good, http.StatusUnauthorized, invalid+`The connection to Odoo has ended; connect the application again"`)
	if err := w.store.RevokeAuthorization(t.Context(), a.ID, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	expect(models, good, http.StatusUnauthorized, invalid+`The access token has been revoked"`)
}

// Only bearer challenges are about the resource, also one without parameters.
func TestAnnounceResource(t *testing.T) {
	s := &service{issuer: "https://erp.example.com"}
	for given, want := range map[string]string{
		"":                    "",
		"Bearer":              `Bearer resource_metadata="https://erp.example.com/.well-known/oauth-protected-resource"`,
		`Bearer realm="odoo"`: `Bearer realm="odoo", resource_metadata="https://erp.example.com/.well-known/oauth-protected-resource"`,
		`Basic realm="odoo"`:  `Basic realm="odoo"`,
	} {
		rw := httptest.NewRecorder()
		if given != "" {
			rw.Header().Set("WWW-Authenticate", given)
		}
		s.announceResource(rw, "/json/1/res.partner").WriteHeader(http.StatusUnauthorized)
		if got := rw.Header().Get("WWW-Authenticate"); got != want {
			t.Errorf("%q became %q", given, got)
		}
	}
}

// What the API refuses is not active for the introspection endpoint.
func TestA8_IntrospectionAgreesWithTheAPI(t *testing.T) {
	tests := map[string]func(t *testing.T, w *world, bearer string, a grant.Authorization) string{
		"good": func(_ *testing.T, _ *world, bearer string, _ grant.Authorization) string { return bearer },
		"expired": func(_ *testing.T, w *world, bearer string, _ grant.Authorization) string {
			w.clock.Advance(time.Hour)
			return bearer
		},
		"authorization revoked": func(t *testing.T, w *world, bearer string, a grant.Authorization) string {
			if err := w.store.RevokeAuthorization(t.Context(), a.ID, w.clock.Now()); err != nil {
				t.Fatal(err)
			}
			return bearer
		},
		"session ended": func(_ *testing.T, w *world, bearer string, _ grant.Authorization) string {
			w.odoo.ExpireSessions()
			return bearer
		},
		"redirect URI archived": func(_ *testing.T, w *world, bearer string, _ grant.Authorization) string {
			w.apps[0].RedirectURIs[0].Active = false
			w.reload()
			return bearer
		},
		"another database": func(_ *testing.T, w *world, bearer string, _ grant.Authorization) string {
			w.database = odootest.StagingDatabase
			w.reload()
			return bearer
		},
		"another subject": func(_ *testing.T, w *world, bearer string, _ grant.Authorization) string {
			c := w.claims[bearer]
			c.Subject = oauth.Subject(w.url, w.odoo.Database(), 1)
			return w.sign(c)
		},
		"another authorization": func(_ *testing.T, w *world, bearer string, _ grant.Authorization) string {
			_, other := w.connect("wiki", "admin")
			c := w.claims[bearer]
			c.Authorization = other.ID
			return w.sign(c)
		},
		"another application's token set": func(_ *testing.T, w *world, bearer string, _ grant.Authorization) string {
			foreign, _ := w.connect("other", "demo")
			c, f := w.claims[bearer], w.claims[foreign]
			return w.sign(token.Claims{
				Subject: c.Subject, ClientID: c.ClientID, TokenSet: f.TokenSet, Authorization: f.Authorization,
				Scope: c.Scope, IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
			})
		},
	}
	for name, before := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 19)
			bearer, a := w.connect("wiki", "demo")
			bearer = before(t, w, bearer, a)
			status, _, _ := w.get(recordPath, bearer)
			_, body := w.post(oauth.IntrospectPath, url.Values{"token": {bearer}})
			if want := name == "good"; body["active"] != want || (status == http.StatusOK) != want {
				t.Errorf("the API answers %d, introspection %v", status, body)
			}
		})
	}
}

// The logo of an application is the gateway's to answer for.
func TestLogoIsRouted(t *testing.T) {
	w := newWorld(t, 19)
	status, h, _ := w.get(page.LogoPath+"?client_id=wiki-id", "")
	if status != http.StatusNotFound || h.Get("X-Content-Type-Options") != "nosniff" || len(w.odoo.RequestsTo(page.LogoPath)) != 0 {
		t.Errorf("none: %d %v", status, h)
	}
	w.apps[0].Logo = application.Logo{Type: "image/gif", Data: []byte("GIF89a")}
	w.reload()
	if status, h, _ = w.get(page.LogoPath+"?client_id=wiki-id", ""); status != http.StatusOK || h.Get("Content-Type") != "image/gif" {
		t.Errorf("%d %v", status, h)
	}
}
