package gateway

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

func TestAcceptPrefersXML(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                  false,
		"*/*":                               false,
		"application/xml":                   true,
		"APPLICATION/XML; charset=utf-8":    true,
		"application/json":                  false,
		"application/xml, application/json": false, // alike: the default
		"application/json, application/xml": false,
		"application/xml, application/json;q=0.9":                         true,
		"application/xml;q=0.5, application/json":                         false,
		"application/xml, */*":                                            true, // by its name
		"application/xml;q=0.9, */*":                                      false,
		"application/xml;q=0.9, */*;q=0.8":                                true,
		"application/xml;q=0.9, */*, application/json;q=0.1":              true,  // the most specific counts
		"application/xml;q=0.9, application/*":                            false, // which means JSON too
		"application/json;q=0.1, application/xml;q=0.9, */*":              true,
		"application/xml;q=0":                                             false,
		"application/xml;q=0, */*;q=0":                                    false,
		"application/xml;q=x":                                             false,
		"application/xml;q=NaN":                                           false,
		"application/xml;q=2":                                             false,
		"text/xml":                                                        false,
		"application/xmlx":                                                false,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false, // a browser
		"text/html;q=0, application/xml":                                  true,
	} {
		if got := prefersXML([]string{accept}); got != want {
			t.Errorf("%q: %v", accept, got)
		}
	}
	if !prefersXML([]string{"text/plain", "application/xml"}) {
		t.Error("two lines are not one list")
	}
}

// asXML sends a request that prefers XML.
func (w *world) asXML(method, path, bearer, body, accept string) (int, http.Header, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

func TestAnswersInXML(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	client := url.Values{"client_id": {"wiki-id"}, "client_secret": {"wiki-secret"}, "token": {"x"}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}}.Encode()
	for _, test := range []struct {
		method, path, bearer, body string
		status                     int
		begin                      string
	}{
		{"GET", recordPath, bearer, "", 200, `<res.partner type="dict"><id type="int">1</id>`},
		{"GET", "/restapi/1.0/object/res.partner?ids=1,2", bearer, "", 200, `<res.partner type="list"><item type="dict"><id type="int">1</id>`},
		{"GET", "/restapi/1.0/object/res.partner/search_count", bearer, "", 200, `<count type="int">`},
		{"GET", recordPath, "", "", 401, `<code type="int">401</code><message type="str">Authentication required</message>`},
		{"GET", oauth.MePath, bearer, "", 200, `<id type="int">`},
		{"GET", versionPath, "", "", 200, `<server_version type="str">`},
		{"GET", "/restapi/1.0/nothing", "", "", 404, `<code type="int">404</code>`},
		{"PUT", oauth.MePath, "", "", 405, `<code type="int">405</code>`},
		{"GET", oauth1Prefix + "authorize", "", "", 404, `<error type="dict"><code type="int">404</code>`},
		{"POST", oauth.AccessTokenPath, "", client, 400, `<error type="str">invalid_grant</error>`},
		{"POST", oauth.IntrospectPath, "", client, 200, `<active type="bool">false</active>`},
	} {
		status, h, text := w.asXML(test.method, test.path, test.bearer, test.body, "application/xml")
		if status != test.status || !strings.HasPrefix(text, test.begin) {
			t.Errorf("%s %s: %d %s", test.method, test.path, status, text)
		}
		if h.Get("Content-Type") != "application/xml" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" ||
			h.Get("Content-Length") != strconv.Itoa(len(text)) || !slices.Contains(h.Values("Vary"), "Accept") {
			t.Errorf("%s: %v", test.path, h)
		}
		if err := xml.Unmarshal([]byte("<x>"+text+"</x>"), new(struct{})); err != nil {
			t.Errorf("%s: %v in %s", test.path, err, text)
		}
		_, h, text = w.asXML(test.method, test.path, test.bearer, test.body, "application/json, application/xml")
		if h.Get("Content-Type") != "application/json" || !strings.HasPrefix(text, "{") || !slices.Contains(h.Values("Vary"), "Accept") {
			t.Errorf("%s: %v %s", test.path, h, text)
		}
	}
	full, h, _ := w.asXML("GET", recordPath, bearer, "", "application/xml")
	if status, head, text := w.asXML("HEAD", recordPath, bearer, "", "application/xml"); status != full || text != "" || head.Get("Content-Length") != h.Get("Content-Length") {
		t.Errorf("HEAD: %d %v %q", status, head, text)
	}
}

// What is not JSON passes as it is, also where it could be read as JSON.
func TestOnlyJSONBecomesXML(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, oauth.AuthorizePath, nil)
	r.Header.Set("Accept", "application/xml")
	for kind, want := range map[string]string{"text/html": "1", "": "1", "application/json": `<item type="int">1</item>`} {
		rec := httptest.NewRecorder()
		w, done := negotiate(rec, r, 1<<20)
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write([]byte("1"))
		done()
		if rec.Body.String() != want {
			t.Errorf("%q: %s", kind, rec.Body)
		}
	}
}

// Other interfaces have no XML, a key set is JSON by its standard, and a page
// stays a page.
func TestNotInXML(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	for path, want := range map[string]string{
		"/orestapi/application/model": "application/json",
		"/orestapi/version":           "application/json",
		oauth.JWKSPath:                "application/json",
		oauth.MetadataPath:            "application/json",
		oauth.AuthorizePath:           "text/html; charset=utf-8",
	} {
		if _, h, text := w.asXML("GET", path, bearer, "", "application/xml"); h.Get("Content-Type") != want || slices.Contains(h.Values("Vary"), "Accept") != (path == oauth.AuthorizePath) {
			t.Errorf("%s: %v %s", path, h, text)
		}
	}
}
