package json2_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/dialecttest"
	"github.com/caddy-odoo/gateway/internal/dialect/json2"
)

const jsonBody = "Content-Type: application/json\r\n"

func TestDecodes(t *testing.T) {
	for _, test := range []struct{ name, line, headers, body, want string }{
		{"search_read", "POST /json/2/res.partner/search_read", jsonBody,
			`{"domain":[["is_company","=",true]],"fields":["name"],"limit":2}`,
			`res.partner.search_read [] {"domain":[["is_company","=",true]],"fields":["name"],"limit":2} null`},
		{"ids and context are no arguments", "POST /json/2/res.partner/read", "Content-Type: application/json; charset=utf-8\r\n",
			`{"ids":[1,2],"fields":["name"],"context":{"lang":"de_DE"}}`,
			`res.partner.read [1,2] {"fields":["name"]} {"lang":"de_DE"}`},
		{"one id bare, as Odoo takes it", "POST /json/2/res.partner/read", jsonBody, `{"ids":1}`,
			`res.partner.read [1] {} null`},
		{"an empty body is an empty object", "POST /json/2/res.users/context_get", jsonBody, "",
			`res.users.context_get [] {} null`},
		{"one slash at the end", "POST /json/2/res.partner/search_count/", jsonBody, `{"domain":[]}`,
			`res.partner.search_count [] {"domain":[]} null`},
		{"no context", "POST /json/2/res.partner/search_count", jsonBody, `{"domain":[],"context":null}`,
			`res.partner.search_count [] {"domain":[]} null`},
	} {
		t.Run(test.name, func(t *testing.T) {
			runner := &dialecttest.Runner{Answers: []string{`[{"id":1}]`}}
			got := dialecttest.Serve(t, json2.New(json2.Config{Auth: runner}))(test.line, test.headers, test.body)
			if got.Status != http.StatusOK || got.Body != `[{"id":1}]` || got.Header.Get("Content-Type") != "application/json" ||
				got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("answered %+v", got)
			}
			if len(runner.Calls) != 1 {
				t.Fatalf("%d calls", len(runner.Calls))
			}
			if call := dialecttest.Call(t, runner.Calls[0]); call != test.want {
				t.Errorf("called %s, want %s", call, test.want)
			}
		})
	}
}

// Ids make a record method; Odoo 19 runs its own on no records without them.
func TestIDsMakeARecordMethod(t *testing.T) {
	for _, test := range []struct {
		method, body string
		ids          []int64
	}{
		{"read", `{"ids":[]}`, []int64{}}, {"read", `{}`, []int64{}}, {"read", ``, []int64{}}, {"read", `{"ids":[3]}`, []int64{3}},
		{"write", `{"vals":{}}`, []int64{}}, {"unlink", `{}`, []int64{}}, {"has_access", `{"operation":"read"}`, nil},
		{"read", `{"ids":null}`, []int64{}}, {"read", `[]`, []int64{}}, {"read", `null`, []int64{}}, {"read", `{"context":[]}`, []int64{}},
		{"search_read", `{}`, nil}, {"search_read", `{"ids":[]}`, nil}, {"search_read", `{"ids":null}`, nil}, {"action_archive", `{}`, nil},
	} {
		runner := &dialecttest.Runner{Answers: []string{`[]`}}
		dialecttest.Serve(t, json2.New(json2.Config{Auth: runner}))("POST /json/2/res.partner/"+test.method, jsonBody, test.body)
		if len(runner.Calls) != 1 || !reflect.DeepEqual(runner.Calls[0].IDs, test.ids) {
			t.Errorf("%s %s gave %+v", test.method, test.body, runner.Calls)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, test := range []struct {
		name, line, headers, body string
		status                    int
		error                     string
	}{
		{"GET", "GET /json/2/res.partner/read", "", "", 404, "werkzeug.exceptions.NotFound"},
		{"PUT", "PUT /json/2/res.partner/read", jsonBody, "{}", 404, "werkzeug.exceptions.NotFound"},
		{"GET in disguise", "GET /json/2/res.partner/read", "X-HTTP-Method-Override: POST\r\n", "", 404, "werkzeug.exceptions.NotFound"},
		{"no method", "POST /json/2/res.partner", jsonBody, "{}", 404, "werkzeug.exceptions.NotFound"},
		{"a path below the method", "POST /json/2/res.partner/read/1", jsonBody, "{}", 404, "werkzeug.exceptions.NotFound"},
		{"no model", "POST /json/2//read", jsonBody, "{}", 400, "werkzeug.exceptions.BadRequest"},
		{"dots", "POST /json/2/res.partner/../res.users/read", jsonBody, "{}", 400, "werkzeug.exceptions.BadRequest"},
		{"an escape", "POST /json/2/res%2epartner/read", jsonBody, "{}", 400, "werkzeug.exceptions.BadRequest"},
		{"an escaped slash", "POST /json/2/res.partner%2fread", jsonBody, "{}", 400, "werkzeug.exceptions.BadRequest"},
		{"arguments in the address", "POST /json/2/res.partner/read?ids=1", jsonBody, "{}", 400, "werkzeug.exceptions.BadRequest"},
		{"no type", "POST /json/2/res.partner/read", "", "{}", 415, "werkzeug.exceptions.UnsupportedMediaType"},
		{"a form", "POST /json/2/res.partner/read", "Content-Type: application/x-www-form-urlencoded\r\n", "ids=1", 415, "werkzeug.exceptions.UnsupportedMediaType"},
		{"compressed", "POST /json/2/res.partner/read", jsonBody + "Content-Encoding: gzip\r\n", "{}", 415, "werkzeug.exceptions.UnsupportedMediaType"},
		{"no JSON", "POST /json/2/res.partner/read", jsonBody, "{nope", 400, "werkzeug.exceptions.BadRequest"},
		{"an array", "POST /json/2/res.partner/read", jsonBody, "[1]", 400, "werkzeug.exceptions.BadRequest"},
		{"two values", "POST /json/2/res.partner/read", jsonBody, "{} {}", 400, "werkzeug.exceptions.BadRequest"},
		{"a name twice", "POST /json/2/res.partner/read", jsonBody, `{"ids":[1],"ids":[2]}`, 400, "werkzeug.exceptions.BadRequest"},
		{"a name twice, escaped", "POST /json/2/res.partner/read", jsonBody, `{"ids":[1],"\u0069ds":[2]}`, 400, "werkzeug.exceptions.BadRequest"},
		{"too large", "POST /json/2/res.partner/read", jsonBody, `{"fields":["` + strings.Repeat("a", 5000) + `"]}`, 413, "werkzeug.exceptions.RequestEntityTooLarge"},
		{"ids that are none", "POST /json/2/res.partner/read", jsonBody, `{"ids":["1"]}`, 422, "werkzeug.exceptions.UnprocessableEntity"},
		{"ids that are a name", "POST /json/2/res.partner/read", jsonBody, `{"ids":"1"}`, 422, "werkzeug.exceptions.UnprocessableEntity"},
		{"ids that are a truth", "POST /json/2/res.partner/read", jsonBody, `{"ids":false}`, 422, "werkzeug.exceptions.UnprocessableEntity"},
		{"a context that is none", "POST /json/2/res.partner/read", jsonBody, `{"ids":[1],"context":["lang"]}`, 422, "werkzeug.exceptions.UnprocessableEntity"},
	} {
		t.Run(test.name, func(t *testing.T) {
			runner := &dialecttest.Runner{Answers: []string{`[]`}}
			got := dialecttest.Serve(t, json2.New(json2.Config{Auth: runner, MaxBody: 4096}))(test.line, test.headers, test.body)
			var body struct {
				Name    string `json:"name"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
				t.Fatalf("%v: %s", err, got.Body)
			}
			if got.Status != test.status || body.Name != test.error || body.Message == "" || len(runner.Calls) != 0 {
				t.Errorf("answered %d %s after %d calls", got.Status, got.Body, len(runner.Calls))
			}
		})
	}
}

// TestLimitsOfArguments: a body at a bound is a call, and one beyond is none.
func TestLimitsOfArguments(t *testing.T) {
	deep := func(n int) string { return `{"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	many := func(n int) string { return `{"x":[1` + strings.Repeat(",1", n-1) + `]}` }
	text := func(n int) string { return `{"x":"` + strings.Repeat("a", n-len(`{"x":""}`)) + `"}` }
	for name, tt := range map[string]struct {
		at, beyond string
		status     int
	}{
		"depth":  {deep(63), deep(64), 400},
		"number": {many(100_000 - 3), many(100_000 - 2), 400},
		"size":   {text(json2.DefaultMaxBody), text(json2.DefaultMaxBody + 1), 413},
	} {
		for body, want := range map[string]int{tt.at: 200, tt.beyond: tt.status} {
			runner := &dialecttest.Runner{Answers: []string{`[]`}}
			got := dialecttest.Serve(t, json2.New(json2.Config{Auth: runner}))("POST /json/2/res.partner/search_read", jsonBody, body)
			if got.Status != want || len(runner.Calls) != map[int]int{200: 1}[want] {
				t.Errorf("%s: %d %.200s after %d calls, want %d", name, got.Status, got.Body, len(runner.Calls), want)
			}
		}
	}
}

func TestFailures(t *testing.T) {
	for _, test := range []struct {
		failure *dialect.Failure
		status  int
		want    string
	}{
		{&dialect.Failure{Kind: dialect.Unauthorized, Code: "invalid_token", Message: "no"}, 401, "werkzeug.exceptions.Unauthorized"},
		{&dialect.Failure{Kind: dialect.Forbidden, Code: "field_not_allowed", Message: "no"}, 403, "odoo.exceptions.AccessError"},
		{&dialect.Failure{Kind: dialect.NotFound, Code: "record_not_found", Message: "no"}, 404, "odoo.exceptions.MissingError"},
		{&dialect.Failure{Kind: dialect.Invalid, Code: "model_unknown", Message: "no"}, 404, "werkzeug.exceptions.NotFound"},
		{&dialect.Failure{Kind: dialect.Invalid, Code: "validation_error", Message: "no"}, 422, "odoo.exceptions.ValidationError"},
		{&dialect.Failure{Kind: dialect.Invalid, Code: "user_error", Message: "no"}, 422, "odoo.exceptions.UserError"},
		{&dialect.Failure{Kind: dialect.Invalid, Code: "field_unknown", Message: "no"}, 422, "builtins.ValueError"},
		{&dialect.Failure{Kind: dialect.Invalid, Code: "argument_not_allowed", Message: "no"}, 422, "werkzeug.exceptions.UnprocessableEntity"},
		{&dialect.Failure{Kind: dialect.Unavailable, Code: "odoo_unavailable", Message: "no", RetryAfter: 5 * time.Second}, 503, "werkzeug.exceptions.ServiceUnavailable"},
		{&dialect.Failure{Kind: dialect.Unavailable, Code: "record_busy", Message: "no", RetryAfter: time.Second}, 409, "odoo.exceptions.LockError"},
		{&dialect.Failure{Kind: dialect.TooMany, Code: "rate_limited", Message: "no", RetryAfter: time.Second}, 429, "werkzeug.exceptions.TooManyRequests"},
		{&dialect.Failure{Kind: dialect.Malformed, Code: "invalid_request", Message: "no"}, 400, "werkzeug.exceptions.BadRequest"},
		{&dialect.Failure{Kind: dialect.Internal, Code: "odoo_error", Message: "no"}, 500, "werkzeug.exceptions.InternalServerError"},
	} {
		for _, auth := range []bool{true, false} {
			runner := &dialecttest.Runner{Answers: []string{`[]`}}
			if auth {
				runner.AuthErr = test.failure
			} else {
				runner.Err = test.failure
			}
			got := dialecttest.Serve(t, json2.New(json2.Config{Auth: runner}))("POST /json/2/res.partner/read", jsonBody, `{"ids":[1]}`)
			var body struct{ Name, Code string }
			if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
				t.Fatalf("%v: %s", err, got.Body)
			}
			if got.Status != test.status || body.Name != test.want || body.Code != test.failure.Code {
				t.Errorf("%s answered %d %s", test.failure.Code, got.Status, got.Body)
			}
			if test.status == 401 && got.Header.Get("WWW-Authenticate") == "" || test.status == 503 && got.Header.Get("Retry-After") != "5" {
				t.Errorf("%s: header %v", test.failure.Code, got.Header)
			}
		}
	}
}

// TestUnknownErrorsKeepTheirText: what is no failure may hold anything.
func TestUnknownErrorsKeepTheirText(t *testing.T) {
	runner := &dialecttest.Runner{Err: errors.New("secret detail")}
	got := dialecttest.Serve(t, json2.New(json2.Config{Auth: runner}))("POST /json/2/res.partner/read", jsonBody, `{"ids":[1]}`)
	if got.Status != 500 || strings.Contains(got.Body, "secret") {
		t.Errorf("answered %d %s", got.Status, got.Body)
	}
}

// TestErrorsLookLikeOdoos compares the members and statuses of recorded errors
// of an Odoo 19 with ours; debug is left out on purpose, code is ours.
func TestErrorsLookLikeOdoos(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != 6 {
		t.Fatalf("%d recordings: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var recorded struct {
				Request struct {
					Method, Path, Body string
				}
				Response struct {
					Status int
					JSON   map[string]json.RawMessage
				}
			}
			if err := json.Unmarshal(raw, &recorded); err != nil {
				t.Fatal(err)
			}
			runner := &dialecttest.Runner{Answers: []string{`[]`}}
			switch {
			case strings.Contains(file, "bad_key"):
				runner.AuthErr = &dialect.Failure{Kind: dialect.Unauthorized, Message: "no"}
			case strings.Contains(file, "err_access"):
				runner.Err = &dialect.Failure{Kind: dialect.Forbidden, Message: "no"}
			case strings.Contains(file, "validation"):
				runner.Err = &dialect.Failure{Kind: dialect.Invalid, Code: "validation_error", Message: "no"}
			}
			got := dialecttest.Serve(t, json2.New(json2.Config{Auth: runner}))(
				recorded.Request.Method+" "+recorded.Request.Path, jsonBody, recorded.Request.Body)
			var ours map[string]json.RawMessage
			if err := json.Unmarshal([]byte(got.Body), &ours); err != nil {
				t.Fatal(err)
			}
			if got.Status != recorded.Response.Status || string(ours["name"]) != string(recorded.Response.JSON["name"]) {
				t.Errorf("answered %d %s, Odoo %d %s", got.Status, ours["name"], recorded.Response.Status, recorded.Response.JSON["name"])
			}
			delete(ours, "code")
			delete(recorded.Response.JSON, "debug")
			if a, b := keys(ours), keys(recorded.Response.JSON); !slices.Equal(a, b) {
				t.Errorf("members %v, Odoo's %v", a, b)
			}
		})
	}
}

func keys(m map[string]json.RawMessage) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// The rules run name_search as a search: its answer is pairs all the same.
func TestNameSearch(t *testing.T) {
	for answer, want := range map[string]string{
		`[{"id":1,"display_name":"Azure"},{"id":2,"display_name":"Gemini"}]`: `[[1,"Azure"],[2,"Gemini"]]`,
		`[]`: `[]`,
	} {
		runner := &dialecttest.Runner{Answers: []string{answer}}
		got := dialecttest.Serve(t, json2.New(json2.Config{Auth: runner}))("POST /json/2/res.partner/name_search", jsonBody, `{"name":"a"}`)
		if got.Status != http.StatusOK || got.Body != want {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
	runner := &dialecttest.Runner{Answers: []string{`[{"id":1}]`}}
	if got := dialecttest.Serve(t, json2.New(json2.Config{Auth: runner}))("POST /json/2/res.partner/name_search", jsonBody, `{}`); got.Status != http.StatusInternalServerError {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}
