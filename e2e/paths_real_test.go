//go:build realodoo

package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest/routing"
)

// TestRealA54_Paths: whatever a path looks like, a request with one of our
// tokens is never a real Odoo's to answer, and where /json/2 is the gateway's
// alone, no spelling of it reaches Odoo's own.
func TestRealA54_Paths(t *testing.T) {
	o := realOdoo(t)
	shared := startSite(t, o)
	_, tok := connect(t, shared, wiki)
	alone := startSiteWith(t, o, strings.Replace(usualCaddyfile, "database {DATABASE}", "database {DATABASE}\n\t\t\tjson2 only_ours", 1))
	host := func(s *site) string { return strings.TrimPrefix(s.base, "http://") }
	send := func(s *site, target, bearer string) (*http.Response, string) {
		t.Helper()
		return raw(t, host(s), fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{\"domain\":[]}",
			target, host(s), bearer))
	}
	const key = "0123456789abcdef0123456789abcdef01234567" // nobody's
	ofOdoo := func(r *http.Response) bool { return r.Header.Get("Via") != "" }
	api := func(body string) bool {
		return strings.HasPrefix(body, "{") && strings.Contains(body, "Invalid apikey")
	} // a page of /json/1's is none

	// What tells Odoo's answers, and those of its /json/2, from others.
	resp, body := send(shared, "/json/2/res.partner/search_count", key)
	hasAPI := api(body)
	if !ofOdoo(resp) || !hasAPI && resp.StatusCode != http.StatusNotFound && resp.StatusCode/100 != 3 && resp.StatusCode != http.StatusBadRequest {
		t.Fatalf("Odoo's own /json/2: %s %v %s", resp.Status, resp.Header, body)
	}
	targets := []string{
		"/json/2/res.partner/search_count/", "//json/2/res.partner/search_count", "/en/json/2/res.partner/search_count", "/fr/json/2/res.partner/search_count", "//en//json/2/res.partner/search_count",
		"/json/2/res.partner/search_count?x", "/json/2/res%2epartner/search_count", "/json/%32/res.partner/search_count", "/%6ason/2/res.partner/search_count", "/json/./2/res.partner/search_count",
		"/x/../json/2/res.partner/search_count", "/json/2//res.partner/search_count", "/json/2/res.partner%2fsearch_count", "/json%2f2/res.partner/search_count", "/json/2/res.partner/search_count%00",
		"/json/2/res.partner/search_count;x", "/JSON/2/res.partner/search_count", "/json/02/res.partner/search_count", "/json/2/res.partner/search_count%20", "\\json/2/res.partner/search_count",
		shared.base + "/json/2/res.partner/search_count", alone.base + "/en/json/2/res.partner/search_count", "/web/../json/2/res.partner/search_count", "/jsonrpc", "/en/jsonrpc", "//jsonrpc",
	}
	random := rand.New(rand.NewPCG(19, 54))
	for len(targets) < 300 {
		if target := routing.Generate(random); !strings.ContainsAny(target, " \r\n") {
			targets = append(targets, target)
		}
	}
	passed := 0
	for _, target := range targets {
		for _, s := range []*site{shared, alone} {
			resp, body := send(s, target, key)
			if ofOdoo(resp) {
				passed++
			}
			if s == alone && api(body) {
				t.Errorf("%q reaches Odoo's own /json/2: %s %s", target, resp.Status, body)
			}
			if strings.Contains(body, "Traceback (most recent") && !ofOdoo(resp) {
				t.Errorf("%q: %s", target, body)
			}
		}
		if resp, body := send(shared, target, tok.Access); ofOdoo(resp) {
			t.Errorf("%q passes on with our token: %s %.300s", target, resp.Status, body)
		}
	}
	if passed < len(targets)/4 {
		t.Errorf("only %d of %d requests have come to Odoo: the test proves little", passed, 2*len(targets))
	}
	t.Logf("%d requests have come to Odoo, which has a /json/2 of its own: %v", passed, hasAPI)
}
