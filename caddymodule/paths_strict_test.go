package caddymodule

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest/routing"
)

// strictExample is the Caddyfile of docs/configuration.md that closes all but
// the way to log in.
func strictExample(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```caddyfile\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 1 {
		t.Fatalf("%d Caddyfiles in docs/configuration.md", len(blocks))
	}
	if formatted := string(caddyfile.Format([]byte(blocks[0][1]))); formatted != blocks[0][1] {
		t.Errorf("caddy fmt would change it to\n%s", formatted)
	}
	return blocks[0][1]
}

// newStrictCrossing runs the example, with addresses and an application of the
// test's; every two words of more replace something else.
func newStrictCrossing(t *testing.T, more ...string) *crossing {
	t.Helper()
	return newCrossingOf(t, strictExample(t), append([]string{
		"admin unix//run/caddy/admin.sock", "admin off\n\tpersist_config off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n\tlog default {\n\t\toutput discard\n\t}\n\tstorage file_system DIR",
		"\todoo_gateway {", "\todoo_gateway {\n\t\tstore badger DIR/grants", "https://erp.example.com", "http://ADDR", "erp.example.com {", "http://ADDR {",
		"database prod", "database demo19", "127.0.0.1:8069", "UPSTREAM", "import applications/*", wikiApplication,
	}, more...)...)
}

// TestStrictExampleLetsPeopleConnect: login, consent and reading work as
// always, and so does what the login page shows.
func TestStrictExampleLetsPeopleConnect(t *testing.T) {
	c := newStrictCrossing(t)
	for path, status := range map[string]int{
		"/web/login": 200, "/web/login/": 200, "/en/web/login": 0, "/fr_BE/web/login/": 0, "/web/login?redirect=/restapi/1.0/authorizations": 200, "/web/reset_password": 200,
		"/web/login/totp": 0, "/web/session/logout": 0, "/web/session/identity": 0, "/web/session/identity/check": 0, "/auth-timeout/check-identity": 0, "/auth_oauth/signin": 0,
		"/web/assets/b4d7c99/web.assets_frontend.min.css": 0, "/web/assets/420-e621a1b/web.assets_frontend.min.css": 0,
		"/web/static/src/libs/fontawesome/fonts/fontawesome-webfont.woff2?v=4.7.0": 0, "/web/static/img/favicon.ico": 0, "/web/binary/company_logo": 0, "/web/webclient/translations?lang=fr_FR": 0,
	} {
		got := c.ask("GET", path, "")
		if asked := c.wire.take(t); len(asked) != 1 || status != 0 && got.status != status {
			t.Errorf("%s: %d, Odoo was asked %+v", path, got.status, asked)
		}
	}
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/orestapi", "/.well-known/openid-configuration", oauthBase + "jwks"} {
		if got := c.ask("GET", path, ""); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := c.ask("POST", "/json/2/res.partner/read", `{"ids":[1],"fields":["name"]}`, "Content-Type", "application/json", "Authorization", "Bearer "+c.bearer); got.status != http.StatusOK {
		t.Errorf("/json/2: %d %s", got.status, got.body)
	}
}

// closedBehindRules are doors of Odoo's, which a person with a session may use
// where the site is not strict.
var closedBehindRules = []string{
	"/", "/web", "/odoo", "/odoo/contacts", "/my", "/my/orders/1", "/jsonrpc", "/xmlrpc/2/common", "/xmlrpc/2/object", "/xmlrpc/common", "/json/1/res.partner", "/json/version",
	"/json/2", "/web/dataset/call_kw", "/web/dataset/call_kw/res.partner/read", "/web/dataset/call_button", "/web/content/1", "/web/image/1", "/web/become", "/web/health",
	"/web/session/authenticate", "/web/session/get_session_info", "/web/session/modules", "/web/session/destroy", "/web/database/manager", "/web/database/drop", "/web/export/csv",
	"/web/binary/upload_attachment", "/web/webclient/version_info", "/web/signup", "/report/pdf/sale.report_saleorder/1", "/report/download", "/websocket", "/longpolling/poll",
	"/mail/view", "/doc/index.json", "/web/login/x", "/web/loginx", "/restapi/1.0", "/restapi/2.0/object", "/x/web/static/y", "/web/static", "/web/static/",
}

// TestStrictExampleClosesTheRest: by any spelling of a path, no request that is
// a call, a download or a database page to Odoo's router gets there.
func TestStrictExampleClosesTheRest(t *testing.T) {
	c := newStrictCrossing(t)
	closed := func(method, target string) {
		t.Helper()
		all := c.raw(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nCookie: %s\r\nAuthorization: bearer %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
			method, target, c.addr, c.cookie, c.odoo.NewAPIKey("admin", "rpc", time.Time{})), 1)
		if len(all) != 1 {
			t.Errorf("%s %s: no answer", method, target)
		}
		for _, m := range c.wire.take(t) {
			_, sent, _ := strings.Cut(m.line, " ")
			reached, err := routing.Read(strings.TrimSuffix(sent, " HTTP/1.1"))
			if err != nil {
				t.Fatal(err)
			}
			if reached.Name != "login" && (reached.Name != "" || !open.MatchString(sent)) {
				t.Errorf("%s %s passes on as %s: %q", method, target, m.line, reached)
			}
		}
	}
	for _, path := range closedBehindRules {
		for _, front := range []string{"", "/", "//", "/en", "/fr_BE", "//en", "/en/", "/.", "/web/..", "/%65n", "/web/login/..", "http://" + c.addr} {
			for _, back := range []string{"", "/", "//", "?x", "/.", "/../../web/login", "/../../../web/login", "/../../../../web/static/x.css", "%2f..%2f..%2fweb%2flogin", ";/web/login", "%00", "%20", "#/web/login"} {
				closed("POST", front+path+back)
			}
		}
		if got := c.ask("GET", path, "", "Cookie", c.cookie); got.status != http.StatusNotFound || got.body != "" && !strings.HasPrefix(path, "/restapi") {
			t.Errorf("GET %s: %d %.100s", path, got.status, got.body)
		}
	}
	random := rand.New(rand.NewPCG(11, 55))
	for range 3000 {
		target := routing.Generate(random)
		if strings.ContainsAny(target, " \r\n") {
			continue
		}
		closed("POST", target)
	}
}

// open are paths of Odoo's that the example opens besides the login.
var open = regexp.MustCompile(`^(/[A-Za-z0-9_@%]+)?/(web/(login|login/totp|reset_password|session/(logout|identity|identity/check))|auth_oauth/signin|auth-timeout/[a-z-/]+)/?[ ?]|` +
	`^/(web/assets|\w+/static)(/[\w-][\w.-]*)+[ ?]|^/web/(binary/company_logo|webclient/translations)[ ?]`)

// TestStrictExampleForPeopleInside: with the line that the page names, all of
// Odoo is open to them.
func TestStrictExampleForPeopleInside(t *testing.T) {
	for ranges, status := range map[string]int{"private_ranges": http.StatusOK, "192.0.2.0/24": http.StatusNotFound} {
		c := newStrictCrossing(t, "@closed {", "@closed {\n\t\t\tnot client_ip "+ranges)
		if got := c.ask("POST", "/web/session/get_session_info", `{"jsonrpc":"2.0","params":{}}`, "Cookie", c.cookie, "Content-Type", "application/json"); got.status != status {
			t.Errorf("%s: %d %s", ranges, got.status, got.body)
		}
	}
}
