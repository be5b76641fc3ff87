package gateway

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// What a person takes back is refused at the next request, on every version.
func TestRevokedByThePerson(t *testing.T) {
	for version := 16; version <= 20; version++ {
		w := newWorld(t, version)
		bearer, _ := w.connect("wiki", "demo")
		other, _ := w.connect("other", "demo")
		session := w.odoo.NewSession("demo")
		send := func(method, body string) (int, string) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, w.url+oauth.AuthorizationsPath, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Cookie", "session_id="+session)
			got, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Body.Close()
			text, err := io.ReadAll(got.Body)
			if err != nil {
				t.Fatal(err)
			}
			return got.StatusCode, string(text)
		}
		status, page := send(http.MethodGet, "")
		_, rest, found := strings.Cut(page, "<h2>Team wiki</h2>")
		_, rest, _ = strings.Cut(rest, `name="token" value="`)
		token, _, _ := strings.Cut(rest, `"`)
		if status != http.StatusOK || !found || token == "" {
			t.Fatalf("%d: no list: %d %s", version, status, page)
		}
		if status, _, _ := w.get(recordPath, bearer); status != http.StatusOK {
			t.Fatalf("%d: %d before", version, status)
		}
		if status, text := send(http.MethodPost, url.Values{"token": {token}}.Encode()); status != http.StatusSeeOther {
			t.Fatalf("%d: %d %s", version, status, text)
		}
		if status, h, _ := w.get(recordPath, bearer); status != http.StatusUnauthorized || !strings.Contains(h.Get("WWW-Authenticate"), "invalid_token") {
			t.Errorf("%d: %d %v afterwards", version, status, h)
		}
		if status, _, _ := w.get(recordPath, other); status != http.StatusOK {
			t.Errorf("%d: another application is answered with %d", version, status)
		}
	}
}
