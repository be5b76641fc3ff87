package restapi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/dialecttest"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
)

const (
	formType = "Content-Type: application/x-www-form-urlencoded\r\n"
	jsonType = "Content-Type: application/json\r\n"
	xmlType  = "Content-Type: application/xml\r\n"
)

// exchange is one request with what is called for it, and what is answered.
type exchange struct {
	name, line, headers, body string
	answers                   []string
	calls                     []string
	status                    int
	want                      string
	compat                    bool
}

func run(t *testing.T, tests []exchange) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runner := &dialecttest.Runner{Answers: tt.answers, Quirks: tt.compat}
			got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))(tt.line, tt.headers, tt.body)
			if got.Status != tt.status || got.Body != tt.want {
				t.Errorf("got  %d %s\nwant %d %s", got.Status, got.Body, tt.status, tt.want)
			}
			var calls []string
			for _, c := range runner.Calls {
				line := dialecttest.Call(t, c)
				if c.Args != nil {
					line += " " + dialecttest.Value(t, c.Args)
				}
				calls = append(calls, line)
			}
			if strings.Join(calls, "\n") != strings.Join(tt.calls, "\n") {
				t.Errorf("called %s\nwant   %s", strings.Join(calls, "\n"), strings.Join(tt.calls, "\n"))
			}
		})
	}
}

func TestCreate(t *testing.T) {
	const base = "POST /restapi/1.0/object/res.partner"
	record := `[{"id":7,"name":"Peter","email":false}]`
	written := func(vals string) []string {
		return []string{`res.partner.create [] {"vals_list":` + vals + `} null`, `res.partner.read [7] {} null`}
	}
	made := `{"res.partner":{"id":7,"name":"Peter","email":false}}`
	peter := written(`{"country_id":482,"name":"Peter"}`)
	run(t, []exchange{
		{name: "query, Python", line: base + "?vals={'name':'Peter','country_id':482}", answers: []string{"7", record}, calls: peter, status: 201, want: made},
		{name: "query, JSON encoded", line: base + `?vals=%7B%22name%22%3A%22Peter%22%2C%22country_id%22%3A482%7D`, answers: []string{"7", record}, calls: peter, status: 201, want: made},
		{name: "args", line: base + "?args=[{'name':'Peter','country_id':482}]", answers: []string{"7", record}, calls: peter, status: 201, want: made},
		{name: "form", line: base, headers: formType, body: `vals=%7B'name':'Peter','country_id':482%7D`, answers: []string{"7", record}, calls: peter, status: 201, want: made},
		{name: "multipart", line: base, headers: "Content-Type: multipart/form-data; boundary=b\r\n", answers: []string{"7", record}, calls: peter, status: 201, want: made,
			body: "--b\r\nContent-Disposition: form-data; name=\"vals\"\r\n\r\n{'name':'Peter','country_id':482}\r\n--b--\r\n"},
		{name: "JSON, vals", line: base, headers: jsonType, body: `{"vals":{"name":"Peter","country_id":482}}`, answers: []string{"7", record}, calls: peter, status: 201, want: made},
		{name: "JSON, vals as text", line: base, headers: jsonType, body: `{"vals":"{'name':'Peter','country_id':482}"}`, answers: []string{"7", record}, calls: peter, status: 201, want: made},
		{name: "JSON, whole", line: base, headers: jsonType, body: `{"name":"Peter","country_id":482}`, answers: []string{"7", record}, calls: peter, status: 201, want: made},
		{name: "JSON, list of one", line: base, headers: jsonType, body: `[{"name":"Peter","country_id":482}]`, answers: []string{"7", record}, calls: peter, status: 201, want: made},
		{name: "JSON as text", line: base, headers: "Content-Type: text/plain\r\n", body: `{"name":"Peter","country_id":482}`, answers: []string{"7", record}, calls: peter, status: 201, want: made},
		{name: "JSON of no type", line: base, body: `{"name":"Peter","country_id":482}`, answers: []string{"7", record}, calls: peter, status: 201, want: made},
		{name: "Python called a form", line: base, headers: formType, body: `{'name':'Peter','country_id':482}`, answers: []string{"7", record}, calls: peter, status: 201, want: made},
		{name: "XML with types", line: base, headers: xmlType, body: `<?xml version="1.0"?><vals type="dict"><name type="str">Peter</name><country_id type="int">482</country_id></vals>`,
			answers: []string{"7", record}, calls: peter, status: 201, want: made},
		{name: "XML without types", line: base, headers: xmlType, body: "<vals>\n<name>Peter</name>\n<country_id>482</country_id>\n<zip>0100</zip><ref/>\n</vals>\n",
			answers: []string{`{"name":{"type":"char"},"country_id":{"type":"many2one","relation":"res.country"},"zip":{"type":"char"},"ref":{"type":"char"}}`, "7", record},
			calls: append([]string{`res.partner.fields_get [] {"attributes":["type","relation"]} null`},
				written(`{"country_id":482,"name":"Peter","ref":false,"zip":"0100"}`)...), status: 201, want: made},
		{name: "XML with commands", line: base, headers: xmlType,
			body:    `<vals><child_ids><items><item>0</item><item>0</item><item><zip>0100</zip></item></items></child_ids><category_id><items><item>6</item><item>0</item><ids><item>1</item><item>2</item></ids></items></category_id></vals>`,
			answers: []string{`{"child_ids":{"type":"one2many","relation":"res.partner"},"category_id":{"type":"many2many","relation":"res.partner.category"},"zip":{"type":"char"}}`, "7", record},
			calls: append([]string{`res.partner.fields_get [] {"attributes":["type","relation"]} null`},
				written(`{"category_id":[[6,0,[1,2]]],"child_ids":[[0,0,{"zip":"0100"}]]}`)...), status: 201, want: made},
		{name: "context", line: base + "?context={'lang':'de_DE'}&vals={}", answers: []string{"7", record}, status: 201, want: made,
			calls: []string{`res.partner.create [] {"vals_list":{}} {"lang":"de_DE"}`, `res.partner.read [7] {} {"lang":"de_DE"}`}},
		{name: "compat", line: base + "?vals={}", compat: true, answers: []string{"7", record, `{"email":{"type":"char"}}`}, status: 201,
			calls: append(written("{}"), `res.partner.fields_get [] {"allfields":["email"],"attributes":["type"]} null`), want: `{"res.partner":{"id":7,"name":"Peter","email":""}}`},
		{name: "record out of sight", line: base + "?vals={}", answers: []string{"7", "[]"}, calls: written("{}"), status: 201, want: `{"res.partner":{"id":7}}`},
		{name: "strange answer", line: base + "?vals={}", answers: []string{"true"}, calls: written("{}")[:1], status: 500, want: `{"error":{"code":500,"message":"internal error"}}`},
		{name: "several", line: base + "?vals=[{},{}]", status: 400, want: `{"error":{"code":400,"message":"vals must be the values of one record"}}`},
		{name: "no values", line: base, status: 400, want: `{"error":{"code":400,"message":"vals are missing"}}`},
		{name: "no object", line: base + "?vals=1", status: 400, want: `{"error":{"code":400,"message":"vals must be an object of fields and values"}}`},
		{name: "twice", line: base + "?vals={}&args={}", status: 400, want: `{"error":{"code":400,"message":"vals and args are the same"}}`},
		{name: "in address and body", line: base + "?vals={}", headers: jsonType, body: `{"vals":{}}`, status: 400, want: `{"error":{"code":400,"message":"parameter \"vals\" occurs more than once"}}`},
		{name: "ids", line: base + "?vals={}&ids=1", status: 400, want: `{"error":{"code":400,"message":"parameter \"ids\" is not known here"}}`},
		{name: "code", line: base + "?vals=__import__('os')", status: 400, want: `{"error":{"code":400,"message":"vals: malformed value: no value starts like that at position 1"}}`},
		{name: "another root", line: base, headers: xmlType, body: `<values><name>Peter</name></values>`, status: 400, want: `{"error":{"code":400,"message":"Bad Request"}}`},
		{name: "document type", line: base, headers: xmlType, body: `<!DOCTYPE vals [<!ENTITY x SYSTEM "file:///etc/passwd">]><vals><name>&x;</name></vals>`, status: 400,
			want: `{"error":{"code":400,"message":"the body is malformed: malformed XML: a document type"}}`},
		{name: "UTF-16 declared", line: base, headers: "Content-Type: text/xml; charset=utf-16\r\n", body: `<vals/>`, status: 415, want: `{"code":415,"message":"XML must be UTF-8"}`},
		{name: "compressed", line: base, headers: jsonType + "Content-Encoding: gzip\r\n", body: `{}`, status: 415, want: `{"code":415,"message":"the body must not be compressed"}`},
		{name: "another type", line: base, headers: "Content-Type: application/octet-stream\r\n", body: `{}`, status: 415, want: `{"code":415,"message":"the Content-Type is not supported"}`},
		{name: "malformed type", line: base, headers: "Content-Type: a/b/c\r\n", body: `{}`, status: 415, want: `{"code":415,"message":"the Content-Type is malformed"}`},
		{name: "no JSON", line: base, headers: jsonType, body: `{'vals':{}}`, status: 400, want: `{"error":{"code":400,"message":"the body is no JSON: malformed JSON: jsontext: invalid character '\\'' at start of value after offset 1"}}`},
	})
}

func TestBodyTooLarge(t *testing.T) {
	runner := &dialecttest.Runner{}
	send := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner, MaxBody: 20}))
	got := send("POST /restapi/1.0/object/res.partner", jsonType, `{"name":"`+strings.Repeat("x", 20)+`"}`)
	if got.Status != 413 || len(runner.Calls) != 0 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func TestUpdate(t *testing.T) {
	const base = "PUT /restapi/1.0/object/res.partner"
	two := `[{"id":17,"name":"Z"},{"id":20,"name":"Z"}]`
	one := []string{`res.partner.write [17] {"vals":{"name":"Z"}} null`, `res.partner.read [17] {} null`}
	both := []string{`res.partner.write [17,20] {"vals":{"name":"Z"}} null`, `res.partner.read [17,20] {} null`}
	run(t, []exchange{
		{name: "by id", line: base + "/17?vals={'name':'Z'}", answers: []string{"true", `[{"id":17}]`}, calls: one, status: 200, want: `{"res.partner":{"id":17}}`},
		{name: "by id, body", line: base + "/17", headers: jsonType, body: `{"name":"Z"}`, answers: []string{"true", `[{"id":17}]`}, calls: one, status: 200, want: `{"res.partner":{"id":17}}`},
		{name: "by ids", line: base + "?ids=17,20&vals={'name':'Z'}", answers: []string{"true", two}, calls: both, status: 200, want: `{"res.partner":` + two + `}`},
		{name: "by ids, body", line: base, headers: jsonType, body: `{"ids":[17,20],"vals":{"name":"Z"}}`, answers: []string{"true", two}, calls: both, status: 200, want: `{"res.partner":` + two + `}`},
		{name: "by ids, form", line: base, headers: formType, body: `ids=17,20&vals={'name':'Z'}`, answers: []string{"true", two}, calls: both, status: 200, want: `{"res.partner":` + two + `}`},
		{name: "override of the method", line: base + "/17", headers: "X-HTTP-Method-Override: DELETE\r\n" + jsonType, body: `{"name":"Z"}`, answers: []string{"true", `[{"id":17}]`}, calls: one, status: 200, want: `{"res.partner":{"id":17}}`},
		{name: "one of ids", line: base + "?ids=17&vals={'name':'Z'}", answers: []string{"true", `[{"id":17}]`}, calls: one, status: 200, want: `{"res.partner":[{"id":17}]}`},
		{name: "one of ids, compat", line: base + "?ids=17&vals={'name':'Z'}", compat: true, answers: []string{"true", `[{"id":17}]`}, calls: one, status: 200, want: `{"res.partner":{"id":17}}`},
		{name: "out of sight", line: base + "?ids=17,20&vals={'name':'Z'}", answers: []string{"true", "[]"}, calls: both, status: 200, want: `{"res.partner":[{"id":17},{"id":20}]}`},
		{name: "no ids", line: base + "?vals={}", status: 400, want: `{"error":{"code":400,"message":"ids are missing"}}`},
		{name: "ids twice", line: base + "/17?vals={}&ids=1", status: 400, want: `{"error":{"code":400,"message":"ids are given in the path and as a parameter"}}`},
		{name: "domain", line: base + "?domain=[]&vals={}", status: 400, want: `{"error":{"code":400,"message":"parameter \"domain\" is not known here"}}`},
	})
}

func TestDelete(t *testing.T) {
	const base = "DELETE /restapi/1.0/object/res.partner"
	run(t, []exchange{
		{name: "by id", line: base + "/17", answers: []string{"true"}, calls: []string{`res.partner.unlink [17] {} null`}, status: 200, want: `{}`},
		{name: "by ids", line: base + "?ids=17,20", answers: []string{"true"}, calls: []string{`res.partner.unlink [17,20] {} null`}, status: 200, want: `{}`},
		{name: "by ids, body", line: base, headers: jsonType, body: `{"ids":[17,20]}`, answers: []string{"true"}, calls: []string{`res.partner.unlink [17,20] {} null`}, status: 200, want: `{}`},
		{name: "compat, id", line: base + "/17", compat: true, answers: []string{"true"}, calls: []string{`res.partner.unlink [17] {} null`}, status: 200, want: `{"id":17}`},
		{name: "compat, ids", line: base + "?ids=17,20", compat: true, answers: []string{"true"}, calls: []string{`res.partner.unlink [17,20] {} null`}, status: 200, want: `{"ids":"17,20"}`},
		{name: "no ids", line: base, status: 400, want: `{"error":{"code":400,"message":"ids are missing"}}`},
		{name: "domain", line: base + "?domain=[]", status: 400, want: `{"error":{"code":400,"message":"parameter \"domain\" is not known here"}}`},
		{name: "empty ids", line: base + "?ids=", status: 400, want: `{"error":{"code":400,"message":"ids are missing"}}`},
	})
}

// What has been written stays so, whatever becomes of reading it back.
func TestReadBackFails(t *testing.T) {
	for _, err := range []error{
		&dialect.Failure{Kind: dialect.Forbidden, Message: "no"}, &dialect.Failure{Kind: dialect.Unavailable}, errors.New("x"),
	} {
		runner := &dialecttest.Runner{Answers: []string{"7"}, Err: err, ErrAfter: 1}
		got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))("POST /restapi/1.0/object/a.b?vals={}", "", "")
		if got.Status != 201 || got.Body != `{"a.b":{"id":7}}` || len(runner.Calls) != 2 {
			t.Errorf("%v: %d %s", err, got.Status, got.Body)
		}
	}
}
