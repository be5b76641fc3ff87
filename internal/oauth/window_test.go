package oauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
)

// noWindow fails where a page does more than say that it needs a window.
func (r reply) noWindow(t *testing.T) {
	t.Helper()
	if r.StatusCode != http.StatusForbidden || r.Header.Get("Location") != "" || strings.Contains(r.text, "<form") || !strings.Contains(r.text, "in a window of its own only") {
		t.Errorf("%d to %q: %s", r.StatusCode, r.Header.Get("Location"), r.text)
	}
}

// notWindows are the marks of what is no navigation of a window.
var notWindows = [][]string{
	{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"},
	{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"},
	{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
}

// A script on Odoo's own origin can not fetch a page with its form, and not
// send the form either: every page and its POST wants the navigation of a
// window.
func TestA32_PagesNeedAWindow(t *testing.T) {
	w := staySite(t, 18, application.ConnectionAsk)
	b := w.guest("demo")
	marked := func(method, path, body string, headers []string) *http.Request {
		r := b.request(method, path, body)
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return r
	}
	consent := url.Values{"token": {b.get(authorizeURL(query())).tokenOf(t)}, "decision": {"allow"}}.Encode()
	for _, headers := range notWindows {
		b.send(marked(http.MethodGet, AuthorizePath, "", headers)).noWindow(t)
		b.send(marked(http.MethodGet, authorizeURL(query()), "", headers)).noWindow(t)
		b.send(marked(http.MethodGet, authorizeURL(query("prompt", "login")), "", headers)).noWindow(t)
		b.send(marked(http.MethodPost, ConsentPath, consent, headers)).noWindow(t)
	}
	if w.kinds(audit.Consent) != 0 {
		t.Fatal("allowed without a window")
	}
	window := []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	way := b.send(marked(http.MethodPost, ConsentPath, consent, window)).location(t)
	if way.Path != StayPath || w.kinds(audit.Consent) != 1 {
		t.Fatalf("an honest form leads to %s", way)
	}
	for _, headers := range notWindows {
		b.send(marked(http.MethodGet, way.String(), "", headers)).noWindow(t)
		b.send(marked(http.MethodPost, StayPath, url.Values{"t": {way.Query().Get("t")}, "decision": {"later"}}.Encode(), headers)).noWindow(t)
	}
	if got := b.send(marked(http.MethodGet, way.String(), "", window)); got.StatusCode != http.StatusOK || !strings.Contains(got.text, `name="password"`) {
		t.Errorf("the page in a window: %d %s", got.StatusCode, got.text)
	}
}
