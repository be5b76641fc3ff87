package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// suite is what every Odoo must pass, simulated or real.
func suite(t *testing.T, s *site) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *site)
	}{
		{"way to a record", wayToRecord},
		{"published keys", publishedKeys},
		{"pkce", pkce},
		{"reads", reads},
		{"refresh", refreshes},
		{"revoke", revokes},
		{"denied", denied},
		{"unknown client", unknownClient},
		{"wrong redirect uri", wrongRedirectURI},
		{"wrong secret", wrongSecret},
		{"code of another application", foreignCode},
		{"code used twice", reusedCode},
		{"code and token expire", expiry},
		{"foreign token", foreignToken},
		{"outside the scheme", outsideScheme},
		{"odoo down", odooDown},
		{"odoo cuts an answer short", odooCuts},
		{"session dead", sessionDead},
		{"stay connected", stayConnected},
		{"devices", devices},
		{"another database", anotherDatabase},
		{"pass-through", passThrough},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, s) })
	}
}

// wayToRecord is the main job: a person who is not logged in comes from the
// application, logs in on Odoo's own page, consents and is sent back; the
// next time all of that is silent.
func wayToRecord(t *testing.T, s *site) {
	p := newPerson(t, s.base)
	a := p.get(wiki.authorizeURL(s.base, "a state & more=1"))
	if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.location(), "/web/login?redirect=") && !strings.HasPrefix(a.location(), s.base+"/web/login?redirect=") {
		t.Fatalf("without a login: %s to %q", a.Status, a.location())
	}
	a = p.logIn(s.odoo, a.location())
	if !strings.Contains(a.location(), authorizePath) {
		t.Fatalf("after the login: sent to %q", a.location())
	}
	page := p.get(a.location())
	for _, word := range []string{"Team wiki", s.login, "localhost:9", "Customer"} {
		if !strings.Contains(page.text, word) {
			t.Errorf("the consent page lacks %q:\n%s", word, page.text)
		}
	}
	if strings.Contains(page.text, "<script") {
		t.Error("the consent page has a script")
	}
	tok := p.redeem(wiki, p.code(p.allow(page, "allow"), wiki, "a state & more=1"))
	if parts := strings.Split(tok.Access, "."); len(parts) != 3 {
		t.Errorf("access token %q is no JWT", tok.Access)
	}
	// Remembered: no page, straight back.
	p.code(p.get(wiki.authorizeURL(s.base, "again")), wiki, "again")
}

// reads compares what the API gives with what Odoo itself gives the person.
func reads(t *testing.T, s *site) {
	p, tok := connect(t, s, wiki)
	companies := `[("is_company","=",True)]`
	var ids struct {
		Partner []int64 `json:"res.partner"`
	}
	p.read(tok.Access, "/restapi/1.0/object/res.partner/search", url.Values{"domain": {companies}, "order": {"id"}, "limit": {"3"}}, &ids)
	var want []map[string]any
	p.call("res.partner", "search_read", []any{[]any{[]any{"is_company", "=", true}}}, map[string]any{"fields": []string{"name", "email", "country_id"}, "order": "id", "limit": 3}, &want)
	if len(ids.Partner) != 3 || len(want) != 3 {
		t.Fatalf("search: %v, Odoo itself: %v", ids.Partner, want)
	}

	id := ids.Partner[1]
	var one struct {
		Partner map[string]any `json:"res.partner"`
	}
	p.read(tok.Access, fmt.Sprint("/restapi/1.0/object/res.partner/", id), url.Values{"fields": {"['name','email','country_id']"}}, &one)
	same(t, "record", one.Partner, want[1])

	var list struct {
		Partner []map[string]any `json:"res.partner"`
	}
	p.read(tok.Access, "/restapi/1.0/object/res.partner", url.Values{"domain": {companies}, "fields": {`["name","email","country_id"]`}, "order": {"id"}, "limit": {"3"}}, &list)
	same(t, "records by domain", list.Partner, want)

	var count struct{ Count int }
	p.read(tok.Access, "/restapi/1.0/object/res.partner/search_count", url.Values{"domain": {companies}}, &count)
	var wantCount int
	p.call("res.partner", "search_count", []any{[]any{[]any{"is_company", "=", true}}}, map[string]any{}, &wantCount)
	if count.Count != wantCount || wantCount == 0 {
		t.Errorf("search_count: %d, Odoo itself: %d", count.Count, wantCount)
	}

	var fields struct {
		Partner map[string]map[string]any `json:"res.partner"`
	}
	p.read(tok.Access, "/restapi/1.0/object/res.partner/fields_get", url.Values{"attributes": {"['string','type']"}}, &fields)
	if fields.Partner["name"]["type"] != "char" || fields.Partner["country_id"]["type"] != "many2one" {
		t.Errorf("fields_get: %v", fields.Partner)
	}
	if _, ok := fields.Partner["street"]; ok {
		t.Error("fields_get tells of a field outside the scheme")
	}

	var models []map[string]any
	p.read(tok.Access, "/orestapi/application/model", nil, &models)
	same(t, "application/model", models, []map[string]any{{"model": "res.partner", "name": "Customer"}, {"model": "sale.order", "name": "Order"}})

	header, data := p.orest(tok.Access, "/orestapi/record/name_search", url.Values{"model": {"res.partner"}, "name": {want[1]["name"].(string)}, "limit": {"5"}})
	if header["model"] != "res.partner" || header["limit"] != 5.0 || header["count"] != float64(len(data)) || len(data) == 0 {
		t.Errorf("name_search: %v %v", header, data)
	}
	header, data = p.orest(tok.Access, "/orestapi/record/read", url.Values{"model": {"res.partner"}, "ids": {"[" + strconv.FormatInt(id, 10) + "]"}, "fields": {`["name","email","country_id"]`}})
	same(t, "record/read", data, want[1:2])
	for _, key := range []string{"action_id", "menu_id"} {
		if _, ok := header[key]; !ok {
			t.Errorf("record/read: no %s in %v", key, header)
		}
	}

	var orders struct {
		Order []map[string]any `json:"sale.order"`
	}
	p.read(tok.Access, "/restapi/1.0/object/sale.order", url.Values{"domain": {"[('amount_total','>',0)]"}, "fields": {"['name','partner_id','date_order','state','amount_total']"}, "order": {"id desc"}, "limit": {"5"}}, &orders)
	var wantOrders []map[string]any
	p.call("sale.order", "search_read", []any{[]any{[]any{"amount_total", ">", 0}}}, map[string]any{"fields": []string{"name", "partner_id", "date_order", "state", "amount_total"}, "order": "id desc", "limit": 5}, &wantOrders)
	if len(wantOrders) < 2 {
		t.Fatalf("this Odoo has only %d orders: not the demo data", len(wantOrders))
	}
	for _, order := range wantOrders {
		// The name of a contact shows its company, which the scheme does not.
		customer, _ := order["partner_id"].([]any)
		var contact []map[string]any
		p.call("res.partner", "read", []any{[]any{customer[0]}, []any{"name"}}, map[string]any{}, &contact)
		customer[1] = contact[0]["name"]
	}
	same(t, "orders", orders.Order, wantOrders)
}

// orest reads an /orestapi answer: a list of header and data.
func (p *person) orest(token, path string, query url.Values) (header map[string]any, data []map[string]any) {
	p.t.Helper()
	var parts []struct {
		Header map[string]any
		Data   []map[string]any
	}
	p.read(token, path, query, &parts)
	if len(parts) != 2 || parts[0].Header == nil {
		p.t.Fatalf("%s: no header and data: %v", path, parts)
	}
	return parts[0].Header, parts[1].Data
}

// same compares two values as JSON.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	g, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(g) != string(w) {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

// refreshes: a new pair comes, the new access token works.
func refreshes(t *testing.T, s *site) {
	p, tok := connect(t, s, wiki)
	next := p.good(p.refresh(wiki, tok.Refresh))
	if next.Access == tok.Access || next.Refresh == tok.Refresh {
		t.Error("the refresh gave an old token")
	}
	alive(p, next.Access)
	// Inside the grace the parent gives the same child again: an answer that
	// was lost on the way loses nobody.
	if again := p.good(p.refresh(wiki, tok.Refresh)); again.Refresh != next.Refresh {
		t.Error("the same refresh token gave another child")
	}
	if a := p.refresh(script, next.Refresh); a.StatusCode != http.StatusBadRequest || oauthError(t, a) != "invalid_grant" {
		t.Errorf("refresh token of another application: %s %s", a.Status, a.text)
	}
	alive(p, p.good(p.refresh(wiki, next.Refresh)).Access)
}

// revokes: the token set ends at once, both of its tokens.
func revokes(t *testing.T, s *site) {
	p, tok := connect(t, s, wiki)
	alive(p, tok.Access)
	r := p.request("POST", revokePath, url.Values{"token": {tok.Refresh}})
	r.SetBasicAuth(url.QueryEscape(wiki.id), url.QueryEscape(wiki.secret))
	if a := p.do(r); a.StatusCode != http.StatusOK {
		t.Fatalf("revoke: %s %s", a.Status, a.text)
	}
	dead(p, tok.Access)
	if a := p.refresh(wiki, tok.Refresh); a.StatusCode != http.StatusBadRequest || oauthError(t, a) != "invalid_grant" {
		t.Errorf("refresh after revoke: %s %s", a.Status, a.text)
	}
}

// denied: the application is told, and gets nothing.
func denied(t *testing.T, s *site) {
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	a := p.get(script.authorizeURL(s.base, "no") + "&prompt=consent")
	a = p.allow(a, "deny")
	at, err := url.Parse(a.location())
	if err != nil || !strings.HasPrefix(a.location(), script.redirect) || at.Query().Get("error") != "access_denied" || at.Query().Get("state") != "no" {
		t.Errorf("after Deny: %s to %q", a.Status, a.location())
	}
}

// alive tells that a token reads a record.
func alive(p *person, token string) {
	p.t.Helper()
	var count struct{ Count int }
	p.read(token, "/restapi/1.0/object/res.partner/search_count", url.Values{"domain": {"[]"}}, &count)
	if count.Count == 0 {
		p.t.Error("a good token reads nothing")
	}
}

// dead tells that both interfaces refuse a token, each in its own words.
func dead(p *person, token string) {
	p.t.Helper()
	a := p.api(token, "/restapi/1.0/object/res.partner/search_count", url.Values{"domain": {"[]"}})
	if a.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
		p.t.Errorf("restapi with a dead token: %s %s %s", a.Status, a.Header.Get("WWW-Authenticate"), a.text)
	}
	same(p.t, "restapi with a dead token", json.RawMessage(a.text), map[string]any{"code": 401, "message": "Authentication required"})
	a = p.api(token, "/orestapi/record/name_search", url.Values{"model": {"res.partner"}})
	if a.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") ||
		!strings.Contains(a.text, "OrestapiNameSearch-0010") {
		p.t.Errorf("orestapi with a dead token: %s %s", a.Status, a.text)
	}
}

// oauthError reads the error of an answer of RFC 6749.
func oauthError(t *testing.T, a answer) string {
	t.Helper()
	var e struct{ Error string }
	if err := json.Unmarshal([]byte(a.text), &e); err != nil {
		t.Errorf("%s is no OAuth error: %v", a.text, err)
	}
	return e.Error
}
