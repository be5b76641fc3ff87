package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// granted is a token of the same grant with other scopes.
func (w *world) granted(bearer string, scopes ...string) string {
	w.t.Helper()
	claims := w.claims[bearer]
	claims.ID, claims.Scope = "", scopes
	return w.sign(claims)
}

// rest sends one request with a bearer token: the line, header lines, a body.
func (w *world) rest(bearer, line, body string, headers ...string) (int, http.Header, string) {
	w.t.Helper()
	method, path, _ := strings.Cut(line, " ")
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(raw)
}

const partners = "/restapi/1.0/object/res.partner"

// writable opens contacts for everything that the interface has.
func writable(w *world) {
	w.model.Operations = []scheme.Operation{scheme.Read, scheme.Create, scheme.Write, scheme.Unlink}
	w.model.Fields = []string{"name", "email", "zip", "country_id", "is_company"}
	w.model.Methods = []scheme.Method{
		{Name: "action_archive"}, {Name: "action_unarchive"},
		{Name: "no_such_method"},
	}
	w.reload()
}

// TestRestapiEndpoints asks every endpoint for objects, on every version.
func TestRestapiEndpoints(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		writable(w)
		bearer, _ := w.connect("wiki", "admin")
		bearer = w.granted(bearer, scheme.ScopeRead, scheme.ScopeWrite, scheme.ScopeCall)
		ids := map[string]string{}
		number := regexp.MustCompile(`"id":(\d+)`)
		const (
			xmlBody = "Content-Type: application/xml"
			json    = "Content-Type: application/json"
			form    = "Content-Type: application/x-www-form-urlencoded"
		)
		for _, step := range []struct {
			name, line, header, body string
			status                   int
			want                     string // a pattern; $a is the id that the step "a" has made
		}{
			{"a", "POST " + partners + "?vals=%7B'name':'Zed+A','zip':'0100'%7D", "", "", 201, `{"res.partner":{"id":$id,"name":"Zed A","email":false,.*"zip":"0100".*}}`},
			{"b", "POST " + partners, json, `{"name":"Zed B","is_company":true}`, 201, `{"res.partner":{"id":$id,"name":"Zed B",.*}}`},
			{"c", "POST " + partners, xmlBody, `<vals><name>Zed C</name><zip>0300</zip><is_company>True</is_company></vals>`, 201, `{"res.partner":{"id":$id,"name":"Zed C",.*"zip":"0300".*}}`},
			{"d", "POST " + partners, form, `vals=%7B'name':'Zed D'%7D`, 201, `{"res.partner":{"id":$id,"name":"Zed D",.*}}`},
			{"read", "GET " + partners + "/$a?fields=['name']", "", "", 200, `{"res.partner":{"id":$a,"name":"Zed A"}}`},
			{"ids", "GET " + partners + "?ids=$b,$a&fields=name", "", "", 200, `{"res.partner":\[{"id":$b,"name":"Zed B"},{"id":$a,"name":"Zed A"}\]}`},
			{"domain", "GET " + partners + "?domain=[('name','like','Zed'),('is_company','=',True)]&fields=name&order=name", "", "", 200, `{"res.partner":\[{"id":$b,"name":"Zed B"},{"id":$c,"name":"Zed C"}\]}`},
			{"search", "GET " + partners + "/search?domain=[('name','=','Zed+B')]", "", "", 200, `{"res.partner":\[$b\]}`},
			{"search by POST", "POST " + partners + "/search", json, `{"domain":[["name","=","Zed B"]]}`, 200, `{"res.partner":\[$b\]}`},
			{"search, none", "GET " + partners + "/search?domain=[('name','=','Nobody+at+all')]", "", "", 404, `{"code":404,"message":"Record not found"}`},
			{"count", "GET " + partners + "/search_count?domain=[('name','like','Zed')]", "", "", 200, `{"count":4}`},
			{"fields_get", "GET " + partners + "/fields_get?allfields=['zip']&attributes=['type']", "", "", 200, `{"res.partner":{"zip":{"type":"char"}}}`},
			{"name_search", "GET " + partners + "/name_search?name=Zed&args=[('is_company','=',True)]&limit=5", "", "", 200, `{"res.partner":\[\[$b,"Zed B"\],\[$c,"Zed C"\]\]}`},
			{"read_group", "GET " + partners + "/read_group?domain=[('name','like','Zed')]&fields=['id:count']&groupby=['is_company']&orderby=is_company", "", "", 200,
				`{"res.partner":\[{.*"is_company":false.*"is_company_count":2.*},{.*"is_company":true.*"is_company_count":2.*}\]}`},
			{"rights", "GET " + partners + "/check_access_rights?operation=['create']", "", "", 200, `{"return":true}`},
			{"rights, word", "GET " + partners + "/check_access_rights?operation=unlink&raise_exception=False", "", "", 200, `{"return":true}`},
			{"read_group, not lazy", "GET " + partners + "/read_group?domain=[('name','like','Zed')]&fields=[]&groupby=['is_company','country_id']&lazy=False&orderby=is_company+desc", "", "", 200,
				`{"res.partner":\[{.*"is_company":true.*},{.*"is_company":false.*}\]}`},
			{"default_get", "GET " + partners + "/default_get?fields_list=['is_company']", "", "", 200, `{"res.partner":{"is_company":false}}`},
			{"update", "PUT " + partners + "/$a?vals=%7B'email':'a@example.com'%7D", "", "", 200, `{"res.partner":{"id":$a,"name":"Zed A","email":"a@example.com",.*}}`},
			{"update several", "PUT " + partners, json, `{"ids":[$a,$b],"vals":{"zip":"9"}}`, 200, `{"res.partner":\[{"id":$a,.*"zip":"9".*},{"id":$b,.*"zip":"9".*}\]}`},
			{"update of nobody", "PUT " + partners + "/999999?vals=%7B'zip':'9'%7D", "", "", 404, `{"code":404,"message":"Record not found"}`},
			{"update of a closed field", "PUT " + partners + "/$a?vals=%7B'vat':'9'%7D", "", "", 403, `{"error":{"code":403,"message":"field \\"vat\\" of model \\"res.partner\\" is not allowed"}}`},
			{"method", "POST " + partners + "/$a/action_archive", "", "", 200, `{"res.partner":(true|null)}`},
			{"archived", "GET " + partners + "/search?domain=[('name','=','Zed+A')]", "", "", 404, `.*`},
			{"method with ids", "POST " + partners + "/action_unarchive?ids=$a", "", "", 200, `{"res.partner":(true|null)}`},
			{"back", "GET " + partners + "/search?domain=[('name','=','Zed+A')]", "", "", 200, `{"res.partner":\[$a\]}`},
			{"written by method", "POST " + partners + "/$a/write?args=[%7B'zip':'7'%7D]", "", "", 200, `{"res.partner":true}`},
			{"method that nobody opened", "POST " + partners + "/$a/copy", "", "", 403, `{"error":{"code":403,"message":"method \\"copy\\" is not allowed"}}`},
			{"private method", "POST " + partners + "/$a/_write?args=[%7B%7D]", "", "", 403, `{"error":{"code":403,"message":"method \\"_write\\" is not allowed"}}`},
			{"method that Odoo lacks", "POST " + partners + "/$a/no_such_method", "", "", 403, `{"error":{"code":403,"message":"Odoo does not know this method"}}`},
			{"closed model", "POST /restapi/1.0/object/res.users?vals=%7B'login':'x'%7D", "", "", 403, `{"error":{"code":403,"message":"model \\"res.users\\" is not allowed"}}`},
			{"create with a constraint", "POST " + partners + "?vals=%7B'country_id':999999%7D", "", "", 403, `{"error":{"code":403,.*}}`},
			{"delete", "DELETE " + partners + "/$a", "", "", 200, `{}`},
			{"delete several", "DELETE " + partners + "?ids=$b,$c,$d", "", "", 200, `{}`},
			{"delete what is gone", "DELETE " + partners + "/$a", "", "", 404, `{"code":404,"message":"Record not found"}`},
			{"gone", "GET " + partners + "?ids=$a,$b,$c,$d", "", "", 404, `{"code":404,"message":"Record not found"}`},
		} {
			fill := func(s string) string {
				for name, id := range ids {
					s = strings.ReplaceAll(s, "$"+name, id)
				}
				return s
			}
			name, value, _ := strings.Cut(step.header, ": ")
			headers := []string{name, value}
			if name == "" {
				headers = nil
			}
			status, _, got := w.rest(bearer, fill(step.line), fill(step.body), headers...)
			if found := number.FindStringSubmatch(got); step.status == 201 && found != nil {
				ids[step.name], ids["id"] = found[1], found[1]
			}
			if status != step.status || !regexp.MustCompile("^"+fill(step.want)+"$").MatchString(got) {
				t.Errorf("%s: %d %s, want %d %s", step.name, status, got, step.status, fill(step.want))
			}
			delete(ids, "id")
		}
	})
}

// TestRestapiScopes: what the token was not granted for is refused before Odoo
// is asked, and the challenge names the scope (RFC 6750 section 3.1).
func TestRestapiScopes(t *testing.T) {
	w := newWorld(t, 19)
	writable(w)
	bearer, _ := w.connect("wiki", "admin")
	all := []string{scheme.ScopeRead, scheme.ScopeWrite, scheme.ScopeCall}
	for line, scope := range map[string]string{
		"POST " + partners + "?vals=%7B'name':'x'%7D":              scheme.ScopeWrite,
		"PUT " + partners + "/1?vals=%7B'zip':'x'%7D":              scheme.ScopeWrite,
		"DELETE " + partners + "/1":                                scheme.ScopeWrite,
		"POST " + partners + "/1/write?args=[%7B'zip':'x'%7D]":     scheme.ScopeWrite,
		"POST " + partners + "/1/action_archive":                   scheme.ScopeCall,
		"GET " + partners + "/1":                                   scheme.ScopeRead,
		"GET " + partners + "/check_access_rights?operation=write": scheme.ScopeRead,
	} {
		var others []string
		for _, s := range all {
			if s != scope {
				others = append(others, s)
			}
		}
		before := len(w.odoo.Requests())
		status, header, body := w.rest(w.granted(bearer, others...), line, "")
		challenge := header.Get("WWW-Authenticate")
		if status != 403 || !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, `scope="`+scope+`"`) || !strings.Contains(body, `{"error":{"code":403,`) {
			t.Errorf("%s: %d %s %s", line, status, challenge, body)
		}
		if len(w.odoo.Requests()) != before {
			t.Errorf("%s: Odoo was asked", line)
		}
		if status, _, body := w.rest(w.granted(bearer, scope), line, ""); status == 403 && strings.Contains(body, "token") {
			t.Errorf("%s with %s: %d %s", line, scope, status, body)
		}
	}
}

// TestRestapiWriteWithoutRead: an application that may create and not read
// learns the number of what it made, and nothing else.
func TestRestapiWriteWithoutRead(t *testing.T) {
	w := newWorld(t, 19)
	writable(w)
	w.model.Operations = []scheme.Operation{scheme.Create, scheme.Write}
	w.reload()
	bearer, _ := w.connect("wiki", "admin")
	bearer = w.granted(bearer, scheme.ScopeWrite)
	status, _, body := w.rest(bearer, "POST "+partners, `{"name":"Zed"}`, "Content-Type", "application/json")
	var made struct {
		Partner map[string]int64 `json:"res.partner"`
	}
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != 201 || len(made.Partner) != 1 || made.Partner["id"] == 0 {
		t.Fatalf("create: %d %s", status, body)
	}
	id := made.Partner["id"]
	if status, _, body := w.rest(bearer, fmt.Sprint("PUT ", partners, "/", id), `{"zip":"1"}`, "Content-Type", "application/json"); status != 200 || body != fmt.Sprintf(`{"res.partner":{"id":%d}}`, id) {
		t.Errorf("update: %d %s", status, body)
	}
}

// TestRestapiFilter: outside of the filter nothing can be written, deleted or
// called, and what is there looks as if it were not.
func TestRestapiFilter(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		writable(w)
		admin, _ := w.connect("wiki", "admin")
		admin = w.granted(admin, scheme.ScopeRead, scheme.ScopeWrite, scheme.ScopeCall)
		status, _, body := w.rest(admin, "POST "+partners, `{"name":"Out","is_company":false}`, "Content-Type", "application/json")
		id := regexp.MustCompile(`"id":(\d+)`).FindStringSubmatch(body)
		if status != 201 || id == nil {
			t.Fatalf("create: %d %s", status, body)
		}
		w.model.Filter = `[["is_company","=",true]]`
		w.reload()
		for _, line := range []string{"GET $", "PUT $?vals=%7B'zip':'1'%7D", "DELETE $", "POST $/action_archive", "POST $/write?args=[%7B'zip':'1'%7D]"} {
			status, _, body := w.rest(admin, strings.ReplaceAll(line, "$", partners+"/"+id[1]), "")
			if status != 404 || body != `{"code":404,"message":"Record not found"}` {
				t.Errorf("%s: %d %s", line, status, body)
			}
		}
		if status, _, body := w.rest(admin, "POST "+partners, `{"name":"Out again","is_company":false}`, "Content-Type", "application/json"); status != 403 {
			t.Errorf("create outside: %d %s", status, body)
		}
		w.model.Filter = ""
		w.reload()
		if status, _, body := w.rest(admin, "GET "+partners+"/"+id[1]+"?fields=zip", ""); status != 200 || !strings.Contains(body, `"zip":false`) {
			t.Errorf("afterwards: %d %s", status, body)
		}
	})
}
