package gateway

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// send makes one request of any kind; every two words of more are a header.
func (w *world) send(method, path, bearer, kind, body string, more ...string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for pair := range slices.Chunk(more, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, string(answer)
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// TestA56_MethodMatrix: each path knows its methods and no others, and neither
// a header nor a parameter makes one into another.
func TestA56_MethodMatrix(t *testing.T) {
	w := newWorld(t, 19)
	w.console = &Console{}
	w.reload()
	bearer, _ := w.connect("wiki", "demo")
	known := map[string][]string{
		"/json/2/res.partner/search_count":       {"POST"},
		"/restapi/1.0/object/res.partner/1":      {"GET", "HEAD", "PUT", "DELETE"},
		"/restapi/1.0/object/res.partner":        {"GET", "HEAD", "POST", "PUT", "DELETE"},
		"/restapi/1.0/object/res.partner/search": {"GET", "HEAD", "POST"},
		"/orestapi/application/model":            {"GET", "HEAD", "POST"},
	}
	for path, e := range endpoints {
		if known[path] = slices.Clone(e.methods); slices.Contains(e.methods, "GET") {
			known[path] = append(known[path], "HEAD")
		}
	}
	methods := []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get", "Post", "BREW"}
	for _, path := range slices.Sorted(maps.Keys(known)) {
		for _, method := range methods {
			w.odoo.ForgetRequests()
			plain, _ := w.send(method, path, bearer, "", "")
			want := http.StatusMethodNotAllowed
			if strings.HasPrefix(path, "/json/2") {
				want = http.StatusNotFound // as Odoo says it
			}
			// What a GET changes may refuse a HEAD.
			refused := plain.StatusCode == want && plain.Header.Get("Allow") != ""
			if allowed := slices.Contains(known[path], method); refused == allowed && (method != "HEAD" || !refused) {
				t.Errorf("%s %s: status %d, Allow %q", method, path, plain.StatusCode, plain.Header.Get("Allow"))
			} else if !allowed {
				if asked := w.odoo.Requests(); len(asked) > 0 {
					t.Errorf("%s %s: Odoo was asked for %s", method, path, asked[0].Path)
				}
				for _, other := range known[path] {
					for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
						if got, _ := w.send(method, path, bearer, "", "", name, other); got.StatusCode != want {
							t.Errorf("%s %s with %s: %s answers %d", method, path, name, other, got.StatusCode)
						}
					}
					if got, _ := w.send(method, path+"?_method="+other, bearer, formType, "_method="+other); got.StatusCode != want {
						t.Errorf("%s %s with _method=%s answers %d", method, path, other, got.StatusCode)
					}
				}
			}
		}
	}
}

// TestA57_NothingIsSaidTwice: a parameter or a name in JSON that stands there
// twice, be it spelled otherwise, is refused, or is another name; Odoo never
// gets to choose between the two.
func TestA57_NothingIsSaidTwice(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	const records, count = "/restapi/1.0/object/res.partner", "/json/2/res.partner/search_count"
	if resp, body := w.send("POST", count, bearer, jsonType, `{"domain":[]}`); resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	w.odoo.ForgetRequests()
	for _, c := range []struct{ method, path, kind, body string }{
		{"POST", count, jsonType, `{"domain":[],"domain":[["name","=","x"]]}`},
		{"POST", count, jsonType, `{"domain":[],"Domain":[]}`},
		{"POST", count, jsonType, `{"domain":[],"\u0064omain":[]}`},
		{"POST", count, jsonType, `{"domain":[],"domain\u0000":[]}`},
		{"POST", count, jsonType, `{"domain":[],"context":{"lang":"en_US","lang":"fr_FR"}}`},
		{"POST", count, jsonType, `{"domain":[],"context":{},"context":{"active_test":false}}`},
		{"POST", count, jsonType, `{"domain":[]}{"domain":[]}`},
		{"POST", count, jsonType, "{\"domain\":[],\"domain\xff\":[]}"},
		{"POST", count + "?domain=[]", jsonType, `{"domain":[]}`},
		{"POST", "/json/2/res.partner/read", jsonType, `{"ids":[1],"fields":["name"],"FIELDS":["phone"]}`},
		{"POST", "/json/2/res.partner/read", jsonType, `{"ids":[1],"fields":["name"],"fields":["phone"]}`},
		{"GET", records + "?fields=['name']&fields=['phone']", "", ""},
		{"GET", records + "?fields=['name']&Fields=['phone']", "", ""},
		{"GET", records + "?fields=['name']&%66ields=['phone']", "", ""},
		{"GET", records + "?fields=['name'];fields=['phone']", "", ""},
		{"GET", records + "?fields[]=name&fields=['name']", "", ""},
		{"POST", records + "?vals={'name':'a'}", formType, "vals={'name':'b'}"},
		{"POST", records, jsonType, `{"vals":{"name":"a"},"vals":{"name":"b"}}`},
		{"POST", records, jsonType, `{"vals":{"name":"a","name":"b"}}`},
		{"GET", "/orestapi/record/read?model=res.partner&model=res.users&ids=[1]&fields=[\"name\"]", "", ""},
		{"POST", "/orestapi/record/read?model=res.partner&ids=[1]", formType, "model=res.users&fields=[\"name\"]"},
	} {
		resp, body := w.send(c.method, c.path, bearer, c.kind, c.body)
		if resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, resp.StatusCode, body)
		}
		for _, asked := range w.odoo.Requests() {
			if strings.Contains(string(asked.Body), "search") || strings.Contains(string(asked.Body), "create") || strings.Contains(string(asked.Body), `"read"`) {
				t.Errorf("%s %s %s: Odoo was asked %s", c.method, c.path, c.body, asked.Body)
			}
		}
		w.odoo.ForgetRequests()
	}
	const refresh = "grant_type=refresh_token&refresh_token=x&client_id=wiki-id&client_secret=wiki-secret"
	for kind, bodies := range map[string][]string{
		formType: {refresh + "&grant_type=authorization_code", refresh + "&client_id=other-id", refresh + "&refresh_token="},
		jsonType: {
			`{"grant_type":"refresh_token","grant_type":"authorization_code","refresh_token":"x","client_id":"wiki-id","client_secret":"wiki-secret"}`,
			`{"grant_type":"refresh_token","refresh_token":"x","client_id":"wiki-id","client_secret":"wiki-secret","client\u005fid":"other-id"}`,
		},
	} {
		for _, body := range bodies {
			if resp, answer := w.send("POST", oauth.AccessTokenPath, "", kind, body); resp.StatusCode != http.StatusBadRequest || !strings.Contains(answer, "invalid_request") {
				t.Errorf("%s: %d %s", body, resp.StatusCode, answer)
			}
		}
	}
}

// TestA58_ModelNames: what is not exactly a model's name is none, on every
// interface, and nobody asks Odoo what it makes of it.
func TestA58_ModelNames(t *testing.T) {
	w := newWorld(t, 19)
	w.limit = "none" // every model but the sensitive ones: no list says no
	w.reload()
	bearer, _ := w.connect("wiki", "admin")
	if resp, body := w.send("POST", "/json/2/res.country/search_count", bearer, jsonType, `{"domain":[]}`); resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	w.odoo.ForgetRequests()
	for _, name := range []string{
		"RES.PARTNER", "Res.partner", "res.partneR", "res．partner", "res.pаrtner", "rés.partner", "ｒｅｓ.partner", "res.partner.", ".res.partner",
		"res..partner", "res.partner\x00", "res.partner ", " res.partner", "res.partner\n", "res.partner\t", "res/partner", "res_partner/", "res-partner",
		"res.partner;", "res.partner,res.users", "res.partner%00", "res.partner\u200b", "res.partner'", "res.partner--", "__class__", "_name", "1res",
		strings.Repeat("a", 65), "res.partner\u0000x", "self", "res.partner()", "*", "", ".", "..", "res.partner#", "res.partner?x",
	} {
		in := url.PathEscape(name)
		for _, c := range []struct{ method, path, kind, body string }{
			{"POST", "/json/2/" + in + "/search_count", jsonType, `{"domain":[]}`},
			{"GET", "/restapi/1.0/object/" + in + "/search_count?domain=[]", "", ""},
			{"GET", "/orestapi/record/read?ids=[1]&fields=[\"name\"]&model=" + url.QueryEscape(name), "", ""},
			{"GET", "/orestapi/record/name_search?name=a&model=" + url.QueryEscape(name), "", ""},
			{"GET", "/orestapi/model/field?model=" + url.QueryEscape(name), "", ""},
		} {
			if name == "self" && strings.Contains(c.path, "self") {
				continue // has the form of one; there is none
			}
			resp, body := w.send(c.method, c.path, bearer, c.kind, c.body)
			if resp.StatusCode < 400 || resp.StatusCode >= 500 {
				t.Errorf("%q at %s: %d %s", name, c.path, resp.StatusCode, body)
			}
		}
	}
	if asked := w.odoo.Requests(); len(asked) > 0 {
		t.Errorf("Odoo was asked for %s %s", asked[0].Path, asked[0].Body)
	}
}

// TestA59_NothingGoesAroundTheToken: no header of a health check, a proxy, a
// browser's speculation or a bot, and no ending of a path, does without a token.
func TestA59_NothingGoesAroundTheToken(t *testing.T) {
	w := newWorld(t, 19)
	admin := w.odoo.NewSession("admin")
	w.odoo.ForgetRequests()
	for _, path := range []string{
		recordPath, recordPath + "/", recordPath + "?health=1", recordPath + ".css", "/restapi/1.0/object/res.partner/static/1", "/restapi/1.0/object/health",
		oauth.MePath, oauth.UserinfoPath, "/orestapi/application/model", "/json/2/res.partner/search_count",
	} {
		method := http.MethodGet
		if strings.HasPrefix(path, "/json/") {
			method = http.MethodPost
			w.onlyOurs = true
			w.reload()
		}
		for name, value := range map[string]string{
			"User-Agent": "kube-probe/1.33", "user-agent": "GoogleHC/1.0", "X-Health-Check": "1", "X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1",
			"Purpose": "prefetch", "Sec-Purpose": "prefetch", "X-Requested-With": "XMLHttpRequest", "X-Original-URL": "/web/health", "X-Rewrite-URL": "/web/health",
			"X-Accel-Redirect": "/web/health", "X-Authenticated-User": "admin", "X-Remote-User": "admin", "Remote-User": "admin", "X-Webauth-User": "admin",
			"X-Forwarded-User": "admin", "X-Auth-Request-User": "admin", "X-Odoo-User": "2", "X-Openerp-Session-Id": admin, "Cookie": "session_id=" + admin,
			"Host": "localhost", "Referer": w.url + "/web/health", "X-Api-Key": "admin", "Odoo-Gateway": "passed",
		} {
			resp, body := w.send(method, path, "", jsonType, "{}", name, value)
			if resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusNotFound {
				t.Errorf("%s with %s: %s answers %d %s", path, name, value, resp.StatusCode, body)
			}
		}
	}
	if asked := w.odoo.Requests(); len(asked) > 0 {
		t.Errorf("Odoo was asked for %s", asked[0].Path)
	}
}

// TestA62_BodiesAreBounded: in bytes, in depth, in values and in parameters,
// before anything is asked of Odoo; and none may be compressed.
func TestA62_BodiesAreBounded(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, strings.Repeat(" ", 1<<20)+"{}")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	nested := func(n int, kind string) string {
		return map[string]string{
			"lists":   strings.Repeat("[", n) + strings.Repeat("]", n),
			"objects": strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n),
			"open":    strings.Repeat("[", n),
		}[kind]
	}
	var keys strings.Builder
	for range 1_000_000 {
		keys.WriteString("a&")
	}
	const count, records, read = "/json/2/res.partner/search_count", "/restapi/1.0/object/res.partner", "/orestapi/record/read"
	w.odoo.ForgetRequests()
	for _, c := range []struct{ name, method, path, kind, body, encoding string }{
		{"deep lists", "POST", count, jsonType, `{"domain":` + nested(100, "lists") + `}`, ""},
		{"a million lists", "POST", count, jsonType, `{"domain":` + nested(1_000_000, "lists") + `}`, ""},
		{"a million open lists", "POST", count, jsonType, nested(1_000_000, "open"), ""},
		{"deep objects", "POST", count, jsonType, `{"context":` + nested(100_000, "objects") + `}`, ""},
		{"too many values", "POST", count, jsonType, `{"domain":[` + strings.Repeat("1,", 200_000) + `1]}`, ""},
		{"a long number", "POST", count, jsonType, `{"limit":` + strings.Repeat("9", 100_000) + `}`, ""},
		{"a large exponent", "POST", count, jsonType, `{"limit":1e999999999}`, ""},
		{"11 MB", "POST", count, jsonType, `{"domain":[["name","=","` + strings.Repeat("x", 11<<20) + `"]]}`, ""},
		{"compressed", "POST", count, jsonType, zipped.String(), "gzip"},
		{"said to be compressed twice", "POST", count, jsonType, `{"domain":[]}`, "identity, gzip"},
		{"deep in what is ignored", "POST", count, jsonType, `{"domain":[],"context":{"a":` + nested(70, "lists") + `}}`, ""},
		{"many values in what is ignored", "POST", count, jsonType, `{"domain":[],"context":{"a":[` + strings.Repeat("1,", 200_000) + `1]}}`, ""},
		{"a million keys", "POST", records, formType, keys.String(), ""},
		{"deep literals", "GET", records + "?domain=" + nested(1000, "lists"), "", "", ""},
		{"compressed records", "POST", records, jsonType, zipped.String(), "gzip"},
		{"11 MB of records", "POST", records, jsonType, `{"vals":{"name":"` + strings.Repeat("x", 11<<20) + `"}}`, ""},
		{"a million keys of a form", "POST", read, formType, keys.String(), ""},
		{"2 MB of a form", "POST", read, formType, "model=" + strings.Repeat("x", 2<<20), ""},
		{"a compressed form", "POST", read, formType, zipped.String(), "gzip"},
		{"a form that is said to be compressed", "POST", read, formType, "model=res.partner&ids=[1]&fields=[\"name\"]", "br"},
		{"token, a million keys", "POST", oauth.AccessTokenPath, formType, keys.String(), ""},
		{"token, 33 KB", "POST", oauth.AccessTokenPath, formType, "grant_type=" + strings.Repeat("x", 33<<10), ""},
		{"token, compressed", "POST", oauth.AccessTokenPath, formType, zipped.String(), "gzip"},
		{"token, deep JSON", "POST", oauth.AccessTokenPath, jsonType, nested(10_000, "objects"), ""},
		{"revoke, 33 KB", "POST", oauth.RevokePath, formType, "token=" + strings.Repeat("x", 33<<10), ""},
		{"introspect, 33 KB", "POST", oauth.IntrospectPath, formType, "token=" + strings.Repeat("x", 33<<10), ""},
		{"a query of 9 KB", "GET", oauth.AuthorizePath + "?client_id=wiki-id&state=" + strings.Repeat("x", 9<<10), "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			more := []string{"Content-Encoding", c.encoding}
			if c.encoding == "" {
				more = nil
			}
			token := bearer
			if strings.Contains(c.path, "oauth2") {
				token = ""
			}
			resp, body := w.send(c.method, c.path, token, c.kind, c.body, more...)
			if resp.StatusCode < 400 || resp.StatusCode >= 500 || len(body) > 10<<10 {
				t.Errorf("status %d, %.300s", resp.StatusCode, body)
			}
			if asked := w.odoo.Requests(); len(asked) > 0 {
				t.Errorf("Odoo was asked for %s", asked[0].Path)
				w.odoo.ForgetRequests()
			}
		})
	}
}

// TestA64_NoAnswerIsShared: two tokens on one path get each their own answer,
// and no cache on the way may keep or share it.
func TestA64_NoAnswerIsShared(t *testing.T) {
	w := newWorld(t, 19)
	mine, _ := w.connect("wiki", "demo")
	w.apps[1].Scheme = "sales"
	theirs, _ := w.connect("other", "admin")
	for _, path := range []string{recordPath, "/restapi/1.0/object/res.partner", oauth.MePath, oauth.UserinfoPath, "/orestapi/application/model"} {
		answers := map[string]string{}
		for range 3 {
			for _, bearer := range []string{mine, theirs, ""} {
				resp, body := w.send("GET", path, bearer, "", "")
				if resp.Header.Get("Cache-Control") != "no-store" || !slices.Contains(resp.Header.Values("Vary"), "Authorization") {
					t.Errorf("%s: header %v", path, resp.Header)
				}
				if resp.Header.Get("ETag")+resp.Header.Get("Last-Modified")+resp.Header.Get("Expires") != "" {
					t.Errorf("%s invites caches: %v", path, resp.Header)
				}
				if before, asked := answers[bearer]; asked && before != body {
					t.Errorf("%s: the same token got %s, then %s", path, before, body)
				}
				answers[bearer] = body
				if status := map[bool]int{true: http.StatusUnauthorized, false: http.StatusOK}[bearer == ""]; resp.StatusCode != status {
					t.Errorf("%s: %d %s", path, resp.StatusCode, body)
				}
			}
		}
		if path == oauth.UserinfoPath && answers[mine] == answers[theirs] {
			t.Errorf("%s says the same of two people: %s", path, answers[mine])
		}
	}
}
