package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// orestApplication asks what /orestapi tells applications, and has a code and
// tokens from it as Confluence does.
func orestApplication(t *testing.T, s *site, p *person) {
	proof := func(method, path string, query url.Values) answer {
		t.Helper()
		r := p.request(method, path+"?"+query.Encode(), nil)
		r.SetBasicAuth(wiki.id, wiki.secret)
		r.Header.Set("Accept", "*/*")
		return newPerson(t, s.base).do(r)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		var version map[string]any
		readJSON(t, newPerson(t, s.base).do(p.request(method, "/orestapi/version", nil)), &version)
		if series, _ := version["server_serie"].(string); series == "" || version["orestapi_version"] != series+".1.6.4" || version["protocol_version"] != 1.0 {
			t.Errorf("version: %v", version)
		}
		var status []map[string]any
		readJSON(t, proof(method, "/orestapi/application/status", nil), &status)
		if len(status) != 1 || status[0]["id"].(float64) <= 0 || status[0]["active"] != true || status[0]["display_name"] != "Team wiki" || len(status[0]) != 4 {
			t.Errorf("application/status: %v", status)
		}
		// A browser comes back with a code, an application redeems and refreshes it.
		to := p.do(p.request(method, "/orestapi/oauth2/authorization?"+url.Values{"client_id": {wiki.id}, "redirect_uri": {wiki.redirect}, "state": {"x y"}}.Encode(), nil))
		code := p.code(to, wiki, "x y")
		tok := p.good(newPerson(t, s.base).do(p.request(method, "/orestapi/oauth2/access_token?"+url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "client_id": {wiki.id}, "client_secret": {wiki.secret}, "redirect_uri": {wiki.redirect},
		}.Encode(), nil)))
		again := p.good(proof(method, "/orestapi/oauth2/access_token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tok.Refresh}}))
		if again.Refresh == tok.Refresh || again.Access == tok.Access {
			t.Error("nothing was rotated")
		}
		alive(p, again.Access)

		client := url.Values{"client_id": {wiki.id}, "client_secret": {wiki.secret}, "redirect_uri": {wiki.redirect}}
		ask := func(path string) (a struct {
			UserID     string `json:"user_id"`
			UserSecret string `json:"user_secret"`
			OdooID     string `json:"odoo_id"`
			OdooSecret string `json:"odoo_secret"`
		}) {
			t.Helper()
			r := p.request(method, path+"?"+client.Encode(), nil)
			r.Header.Set("Accept", "*/*")
			readJSON(t, p.do(r), &a)
			return a
		}
		if user := ask("/orestapi/application/user"); user.UserID == "" || len(user.UserSecret) < 32 {
			t.Errorf("application/user: %+v", user)
		}
		if link := ask("/orestapi/application/confluence/link"); link.OdooID != "this-odoo" || link.OdooSecret != "what-this-odoo-says" {
			t.Errorf("application/confluence/link: %+v", link)
		}
	}
	for path, code := range map[string]string{
		"/orestapi/application/status":   "OrestapiApplicationData-0010",
		"/orestapi/application/user":     "OrestapiApplicationUserClient-0001",
		"/orestapi/oauth2/authorization": "OrestapiOauth2Authorization-0001",
		"/orestapi/oauth2/access_token":  "OrestapiOauth2AccessToken-0001",
		"/orestapi/application/model":    "OrestapiApplicationGetModel-0010",
		"/orestapi/record/name_search":   "OrestapiNameSearch-0010",
		"/orestapi/record/read":          "OrestapiContentRecordRead-0010",
		"/orestapi/model/field":          "OrestapiModelFields-0010",
		"/orestapi/model/icon":           "OrestapiModelIcon-0010",
	} {
		r := p.request("POST", path, nil)
		r.Header.Set("Accept", "*/*")
		if a := newPerson(t, s.base).do(r); a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.text, `"orestapi_code":"`+code+`"`) || a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s by nobody: %s %s", path, a.Status, a.text)
		}
	}
}

// orestRecords finds and reads records over /orestapi.
func orestRecords(a *asker, icon []byte) {
	names := []string{"alpha", "beta", "gamma"}
	for i, name := range names {
		a.run([]step{{name, "POST " + contacts, asJSON, fmt.Sprintf(`{"name":"$mark %c","zip":"0100"}`, 'A'+i), 201, `.*`}})
	}
	const search, read, field = "/orestapi/record/name_search?model=res.partner", "/orestapi/record/read?model=res.partner", "/orestapi/model/field?model=res.partner"
	page := func(count, offset, limit int, data string) string {
		return fmt.Sprintf(`\[{"header":{"action_id":(false|\d+),"count":%d,"limit":%d,"menu_id":(false|\d+),"model":"res.partner","offset":%d}},{"data":\[%s\]}\]`, count, limit, offset, data)
	}
	found := func(i int) string { return fmt.Sprintf(`{"display_name":"$mark %c","id":$%s}`, 'A'+i, names[i]) }
	records := func(data string) string {
		return `\[{"header":{"action_id":(false|\d+),"menu_id":(false|\d+),"model":"res.partner"}},{"data":\[` + data + `\]}\]`
	}
	failure := func(code string) string { return `{"orestapi_code":"` + code + `","orestapi_message":".+"}` }
	a.run([]step{
		{"", "GET /orestapi/application/model", "", "", 200, `\[{"model":"res.partner","name":"Customer"},{"model":"sale.order","name":"Order"},{"model":"ir.attachment","name":"File"}\]`},
		{"", "GET " + search + "&name=$mark", "", "", 200, page(3, 0, 20, found(0)+","+found(1)+","+found(2))},
		{"", "GET " + search + "&name=$mark&limit=2", "", "", 200, page(2, 0, 2, found(0)+","+found(1))},
		{"", "GET " + search + "&name=$mark&limit=2&offset=2&order=display_name", "", "", 200, page(1, 2, 2, found(2))},
		{"", "GET " + search + "&name=$mark&offset=3", "", "", 200, page(0, 3, 20, "")},
		{"", "POST /orestapi/record/name_search", asForm, "model=res.partner&name=$mark&order=name desc&limit=1&offset=0", 200, page(1, 0, 1, found(2))},
		{"", "GET " + search + "&limit=1", "", "", 200, page(1, 0, 1, `{"display_name":".+","id":\d+}`)},
		{"", "GET " + read + `&ids=[$gamma,$alpha]&fields=["name","zip","country_id"]`, "", "", 200,
			records(`{"country_id":false,"id":$gamma,"name":"$mark C","zip":"0100"},{"country_id":false,"id":$alpha,"name":"$mark A","zip":"0100"}`)},
		{"", "POST " + "/orestapi/record/read", asForm, "model=res.partner&ids=[$beta,2000000000]", 200, records(`{.*"id":$beta,.*"name":"$mark B",.*}`)},
		{"", "GET " + field + `&names=["zip","name","vat"]&data=["name","ttype"]`, "", "", 200, `\[{"id":\d+,"name":"name","ttype":"char"},{"id":\d+,"name":"zip","ttype":"char"}\]`},
		{"", "POST /orestapi/model/field", asForm, "model=res.partner&names=['country_id']&data=['field_description','relation']", 200, `\[{"field_description":"Country","id":\d+,"relation":.+}\]`},

		{"", "GET /orestapi/record/name_search", "", "", 401, failure("OrestapiNameSearch-0020")},
		{"", "GET /orestapi/record/name_search?model=res.users", "", "", 401, failure("OrestapiNameSearch-0022")},
		{"", "GET " + search + "&offset=x", "", "", 401, failure("OrestapiApplicationGetModel-0050")},
		{"", "GET " + search + "&limit=x", "", "", 401, failure("OrestapiApplicationGetModel-0060")},
		{"", "GET " + search + "&order=vat", "", "", 401, failure("OrestapiNameSearch-0030")},
		{"", "GET /orestapi/record/read?ids=[1]", "", "", 401, failure("OrestapiContentRecordRead-0020")},
		{"", "GET /orestapi/record/read?model=res.users&ids=[1]", "", "", 401, failure("OrestapiContentRecordRead-0030")},
		{"", "GET " + read, "", "", 401, failure("OrestapiContentRecordRead-0040")},
		{"", "GET " + read + "&ids=[2000000000]", "", "", 401, failure("OrestapiContentRecordRead 0050")},
		{"", "GET " + read + "&ids=[1]&fields=['vat']", "", "", 401, failure("OrestapiContentRecordRead-0060")},
		{"", "GET /orestapi/model/field?names=['name']", "", "", 401, failure("OrestapiModelField-0020")},
		{"", "GET /orestapi/model/field?model=res.users&names=['name']", "", "", 401, failure("OrestapiModelField-0022")},
		{"", "GET " + field, "", "", 401, failure("OrestapiModelField-0030")},
		{"", "GET " + field + "&names=name", "", "", 401, failure("OrestapiModelField-0031")},
		{"", "GET " + field + "&names='name'", "", "", 401, failure("OrestapiModelField-0032")},
		{"", "GET " + field + "&names=['vat']", "", "", 401, failure("OrestapiModelField-0040")},
		{"", "GET " + field + "&names=['name']&data='ttype'", "", "", 401, failure("OrestapiModelField-0041")},
		{"", "GET /orestapi/model/icon", "", "", 401, failure("OrestapiModelIcon-0020")},
		{"", "GET /orestapi/model/icon?model=res.users", "", "", 401, failure("OrestapiModelIcon-0022")},
		{"", "GET /orestapi/model/icon?model=sale.order", "", "", 404, failure("OrestapiModelIcon-0030")},
		{"", "GET /orestapi/model/menu", "", "", 404, failure("OrestapiGateway-0404")},
		{"", "PUT " + read, "", "", 405, failure("OrestapiGateway-0405")},
		{"", "POST " + read + "&ids=[1]", asJSON, "{}", 400, failure("OrestapiGateway-0400")},
	})
	status, header, text := a.send("GET /orestapi/model/icon?model=res.partner", "", "")
	if status != 200 || header.Get("Content-Type") != "image/png" || text != string(icon) {
		a.t.Errorf("icon: %d %v %q", status, header, text)
	}
	orestWindow(a)
}

// orestWindow looks up in Odoo what the header of an answer says.
func orestWindow(a *asker) {
	var parts []struct {
		Header struct {
			Action json.RawMessage `json:"action_id"`
			Menu   json.RawMessage `json:"menu_id"`
		}
	}
	a.person.read(a.token, "/orestapi/record/name_search", url.Values{"model": {"res.partner"}, "limit": {"1"}}, &parts)
	h := parts[0].Header
	if string(h.Action) == "false" && string(h.Menu) == "false" {
		return // Odoo does not tell this person
	}
	var menus []struct{ Action string }
	a.person.call("ir.ui.menu", "search_read", []any{[]any{[]any{"id", "=", h.Menu}}}, map[string]any{"fields": []string{"action"}}, &menus)
	if len(menus) != 1 || menus[0].Action != "ir.actions.act_window,"+string(h.Action) {
		a.t.Errorf("action %s, menu %s: in Odoo %v", h.Action, h.Menu, menus)
	}
}
