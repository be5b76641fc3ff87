package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// writingCaddyfile lets the wiki do with contacts and orders all that
// /restapi knows.
var writingCaddyfile = strings.NewReplacer(
	"fields whitelist name email phone city is_company country_id", "fields whitelist name email zip is_company country_id\n\t\t\t\toperations read create write unlink\n\t\t\t\tmethod action_archive\n\t\t\t\tmethod action_unarchive",
).Replace(usualCaddyfile)

// TestSimulatedRestapi runs it on the simulated versions.
func TestSimulatedRestapi(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			sim := odootest.Start(odootest.Options{Version: version})
			t.Cleanup(sim.Close)
			at, err := url.Parse(sim.URL)
			if err != nil {
				t.Fatal(err)
			}
			writes(t, startSiteWith(t, odoo{url: at, database: sim.Database(), login: "admin", password: "admin"}, writingCaddyfile))
		})
	}
}

// writes is the way of a record over /restapi: made, changed, put away,
// brought back and deleted, with the questions about it in between. It leaves
// nothing behind.
func writes(t *testing.T, s *site) {
	p, tok := connect(t, s, wiki)
	const partners = "/restapi/1.0/object/res.partner"
	ask := func(status int, method, path, kind, body string) string {
		t.Helper()
		r, err := http.NewRequest(method, s.base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+tok.Access)
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		a := newPerson(t, p.base).do(r)
		if a.StatusCode != status {
			t.Errorf("%s %s: %s %s", method, path, a.Status, a.text)
		}
		return a.text
	}
	made := func(text string) (id int64, record map[string]any) {
		t.Helper()
		var answer struct {
			Partner map[string]any `json:"res.partner"`
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		n, _ := answer.Partner["id"].(float64)
		if n == 0 {
			t.Fatalf("nothing was made: %s", text)
		}
		return int64(n), answer.Partner
	}
	first, record := made(ask(201, "POST", partners, "application/json", `{"name":"Gateway E2E A","zip":"0100"}`))
	same(t, "created", []any{record["name"], record["zip"], record["email"]}, []any{"Gateway E2E A", "0100", false})
	second, record := made(ask(201, "POST", partners, "application/xml", `<vals><name>Gateway E2E B</name><zip>0200</zip><is_company>True</is_company></vals>`))
	same(t, "created by XML", []any{record["zip"], record["is_company"]}, []any{"0200", true})
	one := fmt.Sprint(partners, "/", first)
	_, record = made(ask(200, "PUT", one+"?vals=%7B'email':'a@example.com'%7D", "", ""))
	same(t, "changed", record["email"], "a@example.com")
	domain := "domain=[('name','like','Gateway+E2E')]"
	same(t, "name_search", json.RawMessage(ask(200, "GET", partners+"/name_search?name=Gateway+E2E", "", "")),
		map[string]any{"res.partner": []any{[]any{first, "Gateway E2E A"}, []any{second, "Gateway E2E B"}}})
	var groups struct {
		Partner []map[string]any `json:"res.partner"`
	}
	if err := json.Unmarshal([]byte(ask(200, "GET", partners+"/read_group?"+domain+"&fields=[]&groupby=['is_company']&orderby=is_company", "", "")), &groups); err != nil {
		t.Fatal(err)
	}
	if len(groups.Partner) != 2 || groups.Partner[0]["is_company"] != false || groups.Partner[0]["is_company_count"] != 1.0 {
		t.Errorf("read_group: %v", groups.Partner)
	}
	same(t, "rights", json.RawMessage(ask(200, "GET", partners+"/check_access_rights?operation=['write']", "", "")), map[string]any{"return": true})
	same(t, "defaults", json.RawMessage(ask(200, "GET", partners+"/default_get?fields_list=['is_company']", "", "")), map[string]any{"res.partner": map[string]any{"is_company": false}})
	ask(200, "POST", one+"/action_archive", "", "")
	same(t, "archived", json.RawMessage(ask(200, "GET", partners+"/search?"+domain, "", "")), map[string]any{"res.partner": []any{second}})
	ask(200, "POST", one+"/action_unarchive", "", "")
	ask(403, "POST", one+"/copy", "", "")
	same(t, "deleted", json.RawMessage(ask(200, "DELETE", fmt.Sprintf("%s?ids=%d,%d", partners, first, second), "", "")), map[string]any{})
	ask(404, "GET", one, "", "")
	ask(404, "DELETE", one, "", "")
	ask(404, "PUT", one+"?vals=%7B'zip':'1'%7D", "", "")
}
