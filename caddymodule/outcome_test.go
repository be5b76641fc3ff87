package caddymodule

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// logged is an entry of an access log.
type logged struct {
	Request struct{ URI string }
	Status  int
	Outcome map[string]any `json:"odoo_gateway"`
	// What log_append adds.
	Application, Person, Login, Dialect, Operation, Model, Decision, Code string
}

// What has come of a request stands in Caddy's access log, and in placeholders
// beside it. Nobody can put it there from outside.
func TestOutcomeIsLogged(t *testing.T) {
	odoo := odootest.Start(odootest.Options{Version: 19})
	t.Cleanup(odoo.Close)
	file := filepath.Join(t.TempDir(), "access.log")
	var appended []string
	for _, name := range []string{"application", "person", "login", "dialect", "operation", "model", "decision", "code"} {
		appended = append(appended, "log_append "+name+" {http.odoo_gateway."+name+"}")
	}
	// Caddy's log reads how long a body was while its transport may still read
	// the body, which is a race of its own.
	const noForms = "@forms {\n\t\tmethod POST\n\t\tpath /web/*\n\t}\n\tlog_skip @forms\n\t"
	s := site{addr: "ADDR", upstream: strings.TrimPrefix(odoo.URL, "http://"), inSite: "log {\n\t\toutput file " + file + "\n\t}\n\t" + noForms + strings.Join(appended, "\n\t")}
	text := s.caddyfile()
	options, inSite, _ := strings.Cut(text[strings.Index(text, "odoo_gateway {"):], "}\nhttp://ADDR {")
	base := runCaddy(t, options, "http://ADDR {"+inSite)
	user := newPerson(t, base)
	code, err := user.authorize("xyz")
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := redeem(user.client, base, code)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct{ method, path, token string }{
		{"GET", "/restapi/1.0/object/res.partner/1?fields=['name']", tokens.Access},
		{"GET", "/json/2/nothing", "x"},
		{"POST", "/json/2/res.users/search_read", tokens.Access},
		{"GET", "/restapi/1.0/object/Evil%22model/1", tokens.Access},
		{"GET", "/orestapi/record/read?access_token=" + tokens.Access, ""},
		{"GET", "/web/login?odoo_gateway=1", ""},
	} {
		req := request(t, r.method, base+r.path, "")
		if r.method == "POST" {
			req = request(t, r.method, base+r.path, "{}")
			req.Header.Set("Content-Type", "application/json")
		}
		if r.token != "" {
			req.Header.Set("Authorization", "Bearer "+r.token)
		}
		for _, name := range []string{"application", "person", "login", "decision"} {
			req.Header.Set("http.odoo_gateway."+name, "forged")
			req.Header.Set("Odoo-Gateway-"+name, "forged")
			req.AddCookie(&http.Cookie{Name: "http.odoo_gateway." + name, Value: "forged"})
		}
		res, err := fresh.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var entries []logged
	for line := range strings.Lines(string(raw)) {
		var e logged
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		delete(e.Outcome, "odoo") // a time
		if e.Outcome["person"] != nil {
			e.Outcome["person"] = "somebody"
		}
		entries = append(entries, e)
	}
	find := func(part string) logged {
		t.Helper()
		i := slices.IndexFunc(entries, func(e logged) bool { return strings.Contains(e.Request.URI, part) })
		if i < 0 {
			t.Fatalf("no entry of %s in\n%s", part, raw)
		}
		return entries[i]
	}
	wiki := func(more map[string]any) map[string]any {
		more["gateway"], more["application"] = "erp", "wiki"
		return more
	}
	for part, want := range map[string]map[string]any{
		"oauth2/access_token": wiki(map[string]any{"person": "somebody", "dialect": "oauth", "decision": "allowed"}),
		"/consent":            wiki(map[string]any{"person": "somebody", "dialect": "page", "decision": "allowed"}),
		"res.partner/1": wiki(map[string]any{
			"person": "somebody", "login": "demo", "dialect": "restapi", "operation": "read", "model": "res.partner", "decision": "allowed",
		}),
		"res.users": wiki(map[string]any{
			"person": "somebody", "login": "demo", "dialect": "json2", "operation": "read", "model": "res.users", "decision": "refused", "code": "model_not_allowed",
		}),
		"Evil":            {"gateway": "erp", "dialect": "restapi", "decision": "invalid", "code": "invalid_request"},
		"orestapi/record": {"gateway": "erp", "dialect": "orestapi", "decision": "refused", "code": "token_missing"},
		"web/login?odoo":  nil,
	} {
		if got := find(part).Outcome; !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %v\nwant %v", part, got, want)
		}
	}
	// What log_append has of it.
	if e := find("res.partner/1"); e.Application != "wiki" || e.Login != "demo" || len(e.Person) < 20 || e.Dialect != "restapi" || e.Operation != "read" || e.Model != "res.partner" || e.Decision != "allowed" || e.Code != "" {
		t.Errorf("placeholders %+v", e)
	}
	if e := find("web/login?odoo"); e.Application+e.Person+e.Login+e.Decision != "" {
		t.Errorf("placeholders of what was handed on %+v", e)
	}
	if text := string(raw); strings.Contains(text, tokens.Access) || strings.Contains(text, url.QueryEscape(code)) {
		t.Error("a token or a code is in the access log")
	}
}
