package caddymodule

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestA60_PlaceholdersOfAClientStayText: Caddy replaces placeholders in its
// configuration. What a client writes like one stays what it is, wherever it
// stands: in answers, on the way to Odoo, and in logs.
func TestA60_PlaceholdersOfAClientStayText(t *testing.T) {
	const canary = "canary-of-the-environment"
	t.Setenv("ODOO_GATEWAY_CANARY", canary)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("canary-of-a-file"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	// The site has placeholders of its own, which must work, and once only.
	c := newCrossing(t, site{inSite: "log\n\theader X-Env {env.ODOO_GATEWAY_CANARY}\n\theader X-Query {query}\n\theader X-Uri {uri}"},
		// Without a buffer Caddy's access log and its proxy race for the count of a
		// body's bytes.
		"reverse_proxy UPSTREAM", "reverse_proxy UPSTREAM {\n\t\trequest_buffers unlimited\n\t}",
		"output discard", "output file "+log+"\n\t\tlevel DEBUG", "odoo_gateway erp\n", "route {\n\t\todoo_gateway erp\n\t\trequest_header X-Seen {uri}{header.X-A}\n\t}\n")
	placeholders := []string{
		"{env.ODOO_GATEWAY_CANARY}", "{$ODOO_GATEWAY_CANARY}", "{file." + file + "}", "{{env \"ODOO_GATEWAY_CANARY\"}}", "{http.request.header.X-B}",
		`\{env.ODOO_GATEWAY_CANARY}`, "{{}",
	}
	expanded := 0
	for _, p := range placeholders {
		ways := clientWays(url.QueryEscape(p))
		if !strings.ContainsAny(p, ` "`) {
			ways = append(ways, clientWays(p)...) // servers take the braces as they are
		}
		for _, way := range ways {
			// X-B holds one as well: what is replaced twice shows.
			got := c.ask(way.method, way.target, way.body, append(way.header(p, c), "X-A", p, "X-B", "{env.ODOO_GATEWAY_CANARY}")...)
			if got.header.Get("X-Env") == canary {
				expanded++
			}
			got.header.Del("X-Env")
			if said := fmt.Sprint(got.header, got.body); strings.Contains(said, "canary-of") {
				t.Errorf("%s %s with %s: %d %s", way.method, way.target, p, got.status, said)
			}
			for _, m := range c.wire.take(t) {
				if strings.Contains(fmt.Sprint(m), "canary-of") {
					t.Errorf("%s %s with %s: Odoo was asked %+v", way.method, way.target, p, m)
				}
			}
		}
		user := newPerson(t, "http://"+c.addr)
		if _, err := user.authorize(p); err != nil { // it compares the state
			t.Errorf("the state %s: %v", p, err)
		}
		c.wire.take(t)
	}
	if expanded == 0 {
		t.Error("Caddy's own placeholder is not replaced: the test proves nothing")
	}
	logs, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	// The site's own header is in the log, as all headers of an answer are.
	said := strings.ReplaceAll(string(logs), `"X-Env":["`+canary+`"]`, "")
	if i := strings.Index(said, "canary-of"); i >= 0 {
		t.Errorf("in the log: …%s…", said[max(0, i-300):min(len(said), i+60)])
	}
	if !strings.Contains(said, "{env.ODOO_GATEWAY_CANARY}") {
		t.Error("the log has none of the requests")
	}
}

// clientWay is a request with a text of a client's in some place.
type clientWay struct {
	method, target, body string
	header               func(text string, c *crossing) []string
}

// clientWays has an escaped text in all places where clients may write one.
func clientWays(text string) []clientWay {
	form := func(string, *crossing) []string { return []string{"Content-Type", "application/x-www-form-urlencoded"} }
	bearer := func(_ string, c *crossing) []string { return []string{"Authorization", "Bearer " + c.bearer} }
	person := func(_ string, c *crossing) []string { return []string{"Cookie", c.cookie} }
	ways := []clientWay{
		{"GET", "/restapi/1.0/object/" + url.PathEscape(text), "", bearer},
		{"GET", "/restapi/1.0/object/res.partner/1?fields=" + text, "", bearer},
		{"GET", "/restapi/1.0/object/res.partner?fields=['name']&domain=[('name','=','" + text + "')]", "", bearer},
		{"GET", "/restapi/1.0/object/res.partner?fields=['name']&order=" + text, "", bearer},
		{"GET", "/orestapi/record/name_search?model=res.partner&name=" + text, "", bearer},
		{"GET", "/restapi/1.0/object/res.partner/1", "", func(p string, _ *crossing) []string { return []string{"Authorization", "Bearer " + p} }},
		{"GET", "/restapi/1.0/object/res.partner/1", "", func(p string, _ *crossing) []string { return []string{"Authorization", "Basic " + p} }},
		{"GET", "/restapi/1.0/object/res.partner/1?access_token=" + text, "", form},
		{"GET", "/restapi/1.0/authorizations?x=" + text, "", person},
		{"GET", "/restapi/1.0/authorizations", "", func(p string, c *crossing) []string {
			return []string{"Cookie", c.cookie, "Accept-Language", p, "User-Agent", p, "X-Request-Id", p, "X-Forwarded-For", p}
		}},
		{"GET", "/web/login?redirect=" + text, "", person},
		{"GET", "/web/login", "", func(p string, _ *crossing) []string { return []string{"Cookie", "a=" + p, "Referer", p} }},
		{"GET", oauthBase + "authorize", "", func(_ string, c *crossing) []string {
			return []string{"Cookie", c.cookie, "Authorization", "OAuth client_id='wiki', state='" + text + "', redirect_uri='" + text + "', response_type='code'"}
		}},
	}
	for _, name := range []string{"state", "client_id", "redirect_uri", "scope", "response_type", "response_mode", "prompt", "code_challenge", "resource", "ui_locales", "other"} {
		q := url.Values{"client_id": {"wiki"}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s"}}
		q.Del(name)
		ways = append(ways, clientWay{"GET", oauthBase + "authorize?" + q.Encode() + "&" + name + "=" + text, "", person})
	}
	for _, endpoint := range []string{"access_token", "revoke", "introspect", "consent", "stay"} {
		for _, name := range []string{"grant_type", "code", "refresh_token", "token", "client_id", "client_secret", "redirect_uri", "code_verifier", "scope", "decision"} {
			ways = append(ways, clientWay{"POST", oauthBase + endpoint, "grant_type=refresh_token&" + name + "=" + text, form})
		}
	}
	return ways
}

// TestA60_AdminAPIAnswersNoPage: a page in a browser on the same machine can
// not use what the gateway adds to Caddy's admin API, by a request of its own
// or by a name that it makes point there.
func TestA60_AdminAPIAnswersNoPage(t *testing.T) {
	s, _ := newOdooSite(t)
	newMachine(t).start(s.caddyfile(), s.admin)
	base := "http://" + s.addr
	user, got := connected(t, base)
	send := func(endpoint, body string, more ...string) int {
		t.Helper()
		method := http.MethodPost
		if body == "" {
			method = http.MethodGet
		}
		lines := []string{method + " " + endpoint + " HTTP/1.1", "Connection: close", fmt.Sprintf("Content-Length: %d", len(body))}
		res, _ := rawRequest(t, s.admin, strings.Join(append(lines, more...), "\r\n")+"\r\n\r\n"+body)
		return res.StatusCode
	}
	const all = `{"all":true}`
	for endpoint, body := range map[string]string{
		revokeEndpoint: all, rotateEndpoint: `{"at_once":true}`, authorizationsEndpoint: "", keysEndpoint: "", doctorEndpoint: "", codesEndpoint: "",
		explainEndpoint + "?application=wiki&model=res.partner": "",
	} {
		for name, lines := range map[string][]string{
			"another name":                    {"Host: evil.example"},
			"another name and port":           {"Host: evil.example" + s.admin[strings.LastIndex(s.admin, ":"):]},
			"another origin":                  {"Host: " + s.admin, "Origin: http://evil.example"},
			"no origin that can be told":      {"Host: " + s.admin, "Origin: null"},
			"a form of another page":          {"Host: " + s.admin, "Origin: http://evil.example", "Content-Type: application/x-www-form-urlencoded"},
			"a script that asks nobody":       {"Host: " + s.admin, "Sec-Fetch-Mode: no-cors", "Content-Type: text/plain"},
			"a script that asks nobody, ours": {"Host: " + s.admin, "Sec-Fetch-Mode: no-cors", "Origin: http://" + s.admin},
			"the site's own pages":            {"Host: " + s.admin, "Origin: " + base},
		} {
			if status := send(endpoint, body, lines...); status != http.StatusForbidden && status != http.StatusBadRequest {
				t.Errorf("%s, %s: %d", endpoint, name, status)
			}
		}
	}
	if err := read(user.client, base, got.Access); err != nil {
		t.Errorf("the authorization is gone: %v", err)
	}
	if status := send(revokeEndpoint, all, "Host: "+s.admin); status != http.StatusOK {
		t.Errorf("the command line's own request: %d", status)
	}
	if err := read(user.client, base, got.Access); err == nil {
		t.Error("the authorization is still there: the test proves nothing")
	}
}
