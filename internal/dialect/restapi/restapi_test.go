package restapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/dialecttest"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
)

const (
	one    = `[{"id":12,"name":"Peter","email":false,"country_id":[20,"Belgium"],"active":false,"birthday":false}]`
	object = `{"id":12,"name":"Peter","email":false,"country_id":[20,"Belgium"],"active":false,"birthday":false}`
	two    = `[{"id":12,"name":"Peter"},{"id":17,"name":"Zo\u00eb"}]`
)

func TestAnswers(t *testing.T) {
	const base = "/restapi/1.0/object/res.partner"
	tests := []struct {
		name, target string
		answer       string
		call         string // the one call
		status       int
		body         string
	}{
		{"one by id", base + "/12", one, `res.partner.read [12] {} null`, 200, `{"res.partner":` + object + `}`},
		{"one by id, missing", base + "/12", `[]`, `res.partner.read [12] {} null`, 404, `{"code":404,"message":"Record not found"}`},
		{"fields, Python", base + "/12?fields=['name','email']", one, `res.partner.read [12] {"fields":["name","email"]} null`, 200, `{"res.partner":` + object + `}`},
		{"fields, JSON encoded", base + "/12?fields=%5B%22name%22%5D", one, `res.partner.read [12] {"fields":["name"]} null`, 200, `{"res.partner":` + object + `}`},
		{"fields, tuple without brackets", base + "/12?fields='name','email'", one, `res.partner.read [12] {"fields":["name","email"]} null`, 200, `{"res.partner":` + object + `}`},
		{"fields, commas", base + "/12?fields=name,+email", one, `res.partner.read [12] {"fields":["name","email"]} null`, 200, `{"res.partner":` + object + `}`},
		{"fields None", base + "/12?fields=None", one, `res.partner.read [12] {} null`, 200, `{"res.partner":` + object + `}`},
		{"ids", base + "?ids=12,17", two, `res.partner.read [12,17] {} null`, 200, `{"res.partner":` + two + `}`},
		{"ids in a list", base + "?ids=[12,17]&fields=name", two, `res.partner.read [12,17] {"fields":["name"]} null`, 200, `{"res.partner":` + two + `}`},
		{"one of ids stays a list", base + "?ids=12", one, `res.partner.read [12] {} null`, 200, `{"res.partner":` + one + `}`},
		{"no ids found", base + "?ids=12", `[]`, `res.partner.read [12] {} null`, 404, `{"code":404,"message":"Record not found"}`},
		{"all", base, two, `res.partner.search_read [] {} null`, 200, `{"res.partner":` + two + `}`},
		{"slash at the end", base + "/?domain=[]", two, `res.partner.search_read [] {"domain":[]} null`, 200, `{"res.partner":` + two + `}`},
		{"domain, Python", base + "?domain=[('is_company','=',True),('customer','=',True)]&limit=2&offset=0&order=name", two,
			`res.partner.search_read [] {"domain":[["is_company","=",true],["customer","=",true]],"limit":2,"offset":0,"order":"name"} null`, 200, `{"res.partner":` + two + `}`},
		{"domain, encoded", base + "?domain=%5B%28%27name%27%2C%27ilike%27%2C%27a%26b+c%27%29%5D&order=name+desc", two,
			`res.partner.search_read [] {"domain":[["name","ilike","a&b c"]],"order":"name desc"} null`, 200, `{"res.partner":` + two + `}`},
		{"domain and ids", base + "?domain=['|',('a','=',1),('b','=',2)]&ids=12,17", two,
			`res.partner.search_read [] {"domain":["&","|",["a","=",1],["b","=",2],["id","in",[12,17]]]} null`, 200, `{"res.partner":` + two + `}`},
		{"no match", base + "?domain=[('name','=','x')]", `[]`, `res.partner.search_read [] {"domain":[["name","=","x"]]} null`, 404, `{"code":404,"message":"Record not found"}`},
		{"context", base + "/12?context={'lang':'de_DE'}", one, `res.partner.read [12] {} {"lang":"de_DE"}`, 200, `{"res.partner":` + object + `}`},
		{"tolerated", base + "?count=True&access_token=x&_=1", two, `res.partner.search_read [] {} null`, 200, `{"res.partner":` + two + `}`},
		{"order in quotes", base + "?order='name'", two, `res.partner.search_read [] {"order":"name"} null`, 200, `{"res.partner":` + two + `}`},
		{"limit None", base + "?limit=None", two, `res.partner.search_read [] {} null`, 200, `{"res.partner":` + two + `}`},
		{"search", base + "/search?domain=[('a','=',1)]&limit=3", `[7,18,12]`, `res.partner.search [] {"domain":[["a","=",1]],"limit":3} null`, 200, `{"res.partner":[7,18,12]}`},
		{"search, one", base + "/search", `[7]`, `res.partner.search [] {} null`, 200, `{"res.partner":[7]}`},
		{"search, none", base + "/search", `[]`, `res.partner.search [] {} null`, 404, `{"code":404,"message":"Record not found"}`},
		{"search in ids", base + "/search?ids=7", `[7]`, `res.partner.search [] {"domain":[["id","in",[7]]]} null`, 200, `{"res.partner":[7]}`},
		{"count", base + "/search_count?domain=[]", `19`, `res.partner.search_count [] {"domain":[]} null`, 200, `{"count":19}`},
		{"count nothing", base + "/search_count", `0`, `res.partner.search_count [] {} null`, 200, `{"count":0}`},
		{"fields_get", base + "/fields_get?allfields=['name']&attributes=['type','help','string']", `{"name":{"type":"char"}}`,
			`res.partner.fields_get [] {"allfields":["name"],"attributes":["type","help","string"]} null`, 200, `{"res.partner":{"name":{"type":"char"}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runner := &dialecttest.Runner{Answers: []string{tt.answer}}
			got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))("GET "+tt.target, "", "")
			if got.Status != tt.status || got.Body != tt.body {
				t.Errorf("got  %d %s\nwant %d %s", got.Status, got.Body, tt.status, tt.body)
			}
			if len(runner.Calls) != 1 {
				t.Fatalf("%d calls", len(runner.Calls))
			}
			if c := dialecttest.Call(t, runner.Calls[0]); c != tt.call {
				t.Errorf("called %s\nwant   %s", c, tt.call)
			}
			for name, want := range map[string]string{
				"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			} {
				if v := got.Header.Get(name); v != want {
					t.Errorf("%s is %q", name, v)
				}
			}
		})
	}
}

// What cannot be understood is refused before anything is asked of Odoo.
func TestMalformed(t *testing.T) {
	const base = "/restapi/1.0/object/res.partner"
	tests := []struct {
		name, line string
		status     int
	}{
		{"double slash", "GET /restapi/1.0/object//res.partner", 400},
		{"dot segment", "GET /restapi/1.0/object/./res.partner", 400},
		{"parent segment", "GET /restapi/1.0/object/x/../res.partner", 400},
		{"encoded dots", "GET /restapi/1.0/object/x/%2e%2e/res.partner", 400},
		{"encoded slash", "GET /restapi/1.0/object%2fres.partner", 400},
		{"encoded letter", "GET /restapi/1.0/object/%72es.partner", 400},
		{"encoded NUL", "GET " + base + "%00", 400},
		{"backslash", "GET /restapi/1.0/object/res.partner%5c1", 400},
		{"double encoding", "GET /restapi/1.0/object/res%252epartner", 400},
		{"path parameter", "GET " + base + ";x=1", 400},
		{"path parameter, encoded", "GET " + base + "%3bx", 400},
		{"look-alike", "GET /restapi/1.0/object/res\uff0epartner", 400},
		{"fragment", "GET " + base + "#x", 400},
		{"two slashes at the end", "GET " + base + "//", 400},
		{"parameter twice", "GET " + base + "?domain=[]&domain=[]", 400},
		{"parameter twice, encoded", "GET " + base + "?domain=[]&%64omain=[]", 400},
		{"semicolon in the query", "GET " + base + "?limit=1;domain=[]", 400},
		{"bad escape", "GET " + base + "?domain=%zz", 400},
		{"no UTF-8", "GET " + base + "?domain=%ff", 400},
		{"misspelt parameter", "GET " + base + "?domian=[]", 400},
		{"other case", "GET " + base + "?FIELDS=['vat']", 400},
		{"override", "GET " + base + "?_method=DELETE", 400},
		{"domain with &", "GET " + base + "?domain=[('name','=','a&b')]", 400},
		{"code", "GET " + base + "?domain=__import__('os').system('id')", 400},
		{"domain no list", "GET " + base + "?domain='x'", 400},
		{"domain number", "GET " + base + "?domain=1", 400},
		{"limit text", "GET " + base + "?limit='5'", 400},
		{"limit negative", "GET " + base + "?limit=-1", 400},
		{"limit true", "GET " + base + "?limit=True", 400},
		{"context no dict", "GET " + base + "?context=[1]", 400},
		{"context with key twice", "GET " + base + "?context={'a':1,'a':2}", 400},
		{"ids text", "GET " + base + "?ids=a", 400},
		{"ids zero", "GET " + base + "?ids=0", 400},
		{"ids with bad domain", "GET " + base + "?ids=1&domain=[1]", 400},
		{"fields path", "GET " + base + "?fields=['country_id.code']", 400},
		{"fields number", "GET " + base + "?fields=[1]", 400},
		{"fields dict", "GET " + base + "?fields={'a':1}", 400},
		{"id zero", "GET " + base + "/0", 400},
		{"id with zeros", "GET " + base + "/007", 400},
		{"id too large", "GET " + base + "/99999999999999999999", 400},
		{"domain on one", "GET " + base + "/7?domain=[]", 400},
		{"fields on search", "GET " + base + "/search?fields=name", 400},
		{"limit on count", "GET " + base + "/search_count?limit=1", 400},
		{"no model", "GET /restapi/1.0/object/", 404},
		{"two methods", "GET " + base + "/7/copy/again", 404},
		{"two ids", "GET " + base + "/7/8/9", 404},
		{"create on a record", "POST " + base + "/7?vals={'name':'x'}", 405},
		{"delete by a method", "DELETE " + base + "/search", 405},
		{"change by a method", "PUT " + base + "/7/action_confirm", 405},
		{"ask for the header of a method", "HEAD " + base + "/7/action_confirm", 405},
		{"patch", "PATCH " + base + "/7", 405},
		{"trace", "TRACE " + base + "/7", 405},
		{"other method", "get " + base, 405},
	}
	runner := &dialecttest.Runner{Answers: []string{two}}
	send := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := send(tt.line, "X-HTTP-Method-Override: GET\r\n", "")
			if got.Status != tt.status {
				t.Errorf("status %d, body %s", got.Status, got.Body)
			}
			if len(runner.Calls) != 0 {
				t.Errorf("called %v", runner.Calls)
				runner.Calls = nil
			}
		})
	}
	if got := send("GET "+base, "Content-Type: application/x-www-form-urlencoded\r\n", "domain=[]"); got.Status != 400 || len(runner.Calls) != 0 {
		t.Errorf("a body: status %d", got.Status)
	}
	if got := send("GET "+base, "Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n0\r\n", ""); got.Status != 400 || len(runner.Calls) != 0 {
		t.Errorf("a body of no announced length: status %d", got.Status)
	}
	if got := send("GET "+base, "Transfer-Encoding: chunked\r\n\r\n0\r\n", ""); got.Status != 200 || len(runner.Calls) != 1 {
		t.Errorf("no announced length, and no body: status %d, %s", got.Status, got.Body)
	}
}

func TestMalformedBodies(t *testing.T) {
	send := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: &dialecttest.Runner{}}))
	for line, want := range map[string]string{
		"GET /restapi/1.0/object/":               `{"code":404,"message":"Not found"}`,
		"GET /restapi/1.0/object/a.b?domain=x":   `{"error":{"code":400,"message":"domain: malformed value: names are not values at position 1"}}`,
		"GET /restapi/1.0/object/a.b/7/copy/8":   `{"code":404,"message":"Not found"}`,
		"PATCH /restapi/1.0/object/a.b":          `{"code":405,"message":"Method not allowed"}`,
		"GET /restapi/1.0/object/a.b?<svg>=1":    `{"error":{"code":400,"message":"parameter \"<svg>\" is not known here"}}`,
		"GET /restapi/1.0/object/a.b?x=1&x=2":    `{"error":{"code":400,"message":"parameter \"x\" occurs more than once"}}`,
		"GET /restapi/1.0/object/a.b?limit=true": `{"error":{"code":400,"message":"limit must be a whole number"}}`,
		"GET /restapi/1.0/object/a.b?limit=abc":  `{"error":{"code":400,"message":"limit must be a whole number"}}`,
		"GET /restapi/1.0/object/a.b?domain=1":   `{"error":{"code":400,"message":"domain is not of the right kind"}}`,
		"GET /restapi/1.0/object/a.b?ids=['a']":  `{"error":{"code":400,"message":"ids: not a list of ids, such as [10,11]"}}`,
	} {
		if got := send(line, "", ""); got.Body != want {
			t.Errorf("%s: got %s, want %s", line, got.Body, want)
		}
	}
}

func TestFailures(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		status int
		body   string
		header map[string]string
	}{
		{"no token", &dialect.Failure{Kind: dialect.Unauthorized, Message: "expired", Challenge: `Bearer error="invalid_token"`}, 401,
			`{"code":401,"message":"Authentication required"}`, map[string]string{"WWW-Authenticate": `Bearer error="invalid_token"`}},
		{"no token, no challenge", &dialect.Failure{Kind: dialect.Unauthorized}, 401,
			`{"code":401,"message":"Authentication required"}`, map[string]string{"WWW-Authenticate": "Bearer"}},
		{"refused", &dialect.Failure{Kind: dialect.Forbidden, Code: "model_not_allowed", Message: `model "x" is not allowed`}, 403,
			`{"error":{"code":403,"message":"model \"x\" is not allowed"}}`, nil},
		{"scope", &dialect.Failure{Kind: dialect.Forbidden, Message: "scope", Challenge: `Bearer error="insufficient_scope"`}, 403,
			`{"error":{"code":403,"message":"scope"}}`, map[string]string{"WWW-Authenticate": `Bearer error="insufficient_scope"`}},
		{"invalid", &dialect.Failure{Kind: dialect.Invalid, Message: "no such field"}, 403, `{"error":{"code":403,"message":"no such field"}}`, nil},
		{"not found", &dialect.Failure{Kind: dialect.NotFound}, 404, `{"code":404,"message":"Record not found"}`, nil},
		{"down", &dialect.Failure{Kind: dialect.Unavailable, Message: "Odoo is out of reach", RetryAfter: 1500 * time.Millisecond}, 503,
			`{"code":503,"message":"Odoo is out of reach"}`, map[string]string{"Retry-After": "2"}},
		{"down, no wait", &dialect.Failure{Kind: dialect.Unavailable, Message: "x"}, 503, `{"code":503,"message":"x"}`, map[string]string{"Retry-After": "1"}},
		{"own fault", &dialect.Failure{Message: "internal error"}, 500, `{"error":{"code":500,"message":"internal error"}}`, nil},
		{"anything else", http.ErrBodyNotAllowed, 500, `{"error":{"code":500,"message":"internal error"}}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for where, runner := range map[string]*dialecttest.Runner{"auth": {AuthErr: tt.err}, "call": {Err: tt.err}} {
				got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))("GET /restapi/1.0/object/x.y/7", "", "")
				if got.Status != tt.status || got.Body != tt.body {
					t.Errorf("%s: %d %s", where, got.Status, got.Body)
				}
				for name, want := range tt.header {
					if v := got.Header.Get(name); v != want {
						t.Errorf("%s: %s is %q", where, name, v)
					}
				}
			}
		})
	}
}

// An answer of another shape than asked for is no answer.
func TestUnexpectedAnswer(t *testing.T) {
	for target, answer := range map[string]string{
		"7": `true`, "search": `[{"id":1}]`, "search_count": `[1]`, "": `{"id":1}`,
	} {
		runner := &dialecttest.Runner{Answers: []string{answer}}
		got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))("GET /restapi/1.0/object/x.y/"+target, "", "")
		if got.Status != 500 || got.Body != `{"error":{"code":500,"message":"internal error"}}` {
			t.Errorf("%s: %d %s", target, got.Status, got.Body)
		}
	}
}

func TestHead(t *testing.T) {
	runner := &dialecttest.Runner{Answers: []string{one}}
	got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))("HEAD /restapi/1.0/object/res.partner/12", "", "")
	if got.Status != 200 || got.Body != "" || got.Header.Get("Content-Length") == "0" {
		t.Errorf("%+v", got)
	}
}

// With the quirks of the original a list of one is an object, and false is ""
// where the type says so. Lists keep false.
func TestCompat(t *testing.T) {
	const types = `{"email":{"type":"char"},"active":{"type":"boolean"},"birthday":{"type":"date"}}`
	blanked := `{"res.partner":{"id":12,"name":"Peter","email":"","country_id":[20,"Belgium"],"active":false,"birthday":""}}`
	for _, target := range []string{"/12", "?ids=12", "?domain=[]"} {
		runner := &dialecttest.Runner{Answers: []string{one, types}, Quirks: true}
		got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))("GET /restapi/1.0/object/res.partner"+target, "", "")
		if got.Status != 200 || got.Body != blanked {
			t.Errorf("%s: %d %s", target, got.Status, got.Body)
		}
		if c := dialecttest.Call(t, runner.Calls[1]); c != `res.partner.fields_get [] {"allfields":["email","active","birthday"],"attributes":["type"]} null` {
			t.Errorf("%s: called %s", target, c)
		}
	}
	runner := &dialecttest.Runner{Answers: []string{`[{"id":1,"x":false},{"id":2,"x":false}]`}, Quirks: true}
	got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))("GET /restapi/1.0/object/res.partner", "", "")
	if got.Body != `{"res.partner":[{"id":1,"x":false},{"id":2,"x":false}]}` || len(runner.Calls) != 1 {
		t.Errorf("list: %s", got.Body)
	}
	runner = &dialecttest.Runner{Answers: []string{`[7]`}, Quirks: true}
	got = dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))("GET /restapi/1.0/object/res.partner/search", "", "")
	if got.Body != `{"res.partner":[7]}` {
		t.Errorf("ids: %s", got.Body)
	}
}
