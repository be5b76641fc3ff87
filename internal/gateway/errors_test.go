package gateway

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

// recordedErrors are the errors that real servers of a version have answered
// to calls, by name.
func recordedErrors(t *testing.T, version int) map[string]string {
	t.Helper()
	f, err := os.Open("../odoo/rpc/testdata/errors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r struct {
			Versions []string
			Name     string
			Answer   json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(r.Versions, fmt.Sprint(min(version, 19))) { // 20 answers as 19, with other modules
			out[r.Name] = string(r.Answer)
		}
	}
	return out
}

// raised is an error of a class that nobody has recorded.
func raised(version int, class, message string) string {
	code := 200
	if version >= 19 {
		code = 0
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"error":{"code":%d,"message":"Odoo Server Error","data":{"name":%q,"message":%q,"debug":"Traceback (most recent call last): SECRET","arguments":["SECRET"],"context":{}}}}`, code, class, message)
}

// TestErrorsOfEveryVersion: what goes wrong in Odoo has the same status, and the
// same shape, before every version; and nothing of Odoo's own words.
func TestErrorsOfEveryVersion(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		bearer, _ := w.connect("wiki", "demo")
		recorded := recordedErrors(t, version)
		ask := func(path, body string) (int, http.Header, string) {
			t.Helper()
			method := http.MethodGet
			if body != "" {
				method = http.MethodPost
			}
			r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+bearer)
			r.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			raw, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, resp.Header, string(raw)
		}
		const page = "<!doctype html><title>500 Internal Server Error</title>SECRET"
		for _, test := range []struct {
			name     string
			status   int
			answer   string // a recording, or else the body
			json2    string
			restapi  int
			orestapi int
			code     string
		}{
			{"no right to the model", 200, "kw_error_access_model", "403 odoo.exceptions.AccessError", 403, 401, "access_error"},
			{"no right by a rule", 200, "kw_error_access_rule", "403 odoo.exceptions.AccessError", 403, 401, "access_error"},
			{"no right to a field", 200, "kw_error_access_field", "403 odoo.exceptions.AccessError", 403, 401, "access_error"},
			{"missing record", 200, "kw_error_missing_write", "404 odoo.exceptions.MissingError", 404, 401, "record_not_found"},
			{"validation", 200, "kw_error_validation", "422 odoo.exceptions.ValidationError", 403, 400, "validation_error"},
			{"required field", 200, "kw_error_required", "422 odoo.exceptions.ValidationError", 403, 400, "validation_error"},
			{"for people", 200, raised(version, "odoo.exceptions.UserError", "SECRET"), "422 odoo.exceptions.UserError", 403, 400, "user_error"},
			{"another page to go to", 200, raised(version, "odoo.exceptions.RedirectWarning", "SECRET"), "422 odoo.exceptions.UserError", 403, 400, "user_error"},
			{"unknown model", 200, "kw_error_unknown_model", "404 werkzeug.exceptions.NotFound", 403, 401, "model_unknown"},
			{"unknown method", 200, "kw_error_unknown_method", "404 werkzeug.exceptions.NotFound", 403, 400, "method_unknown"},
			{"unknown field", 200, "kw_error_bad_field_read", "422 werkzeug.exceptions.UnprocessableEntity", 403, 400, "invalid_arguments"},
			{"unknown field in a domain", 200, "kw_error_bad_domain", "422 werkzeug.exceptions.UnprocessableEntity", 403, 400, "invalid_arguments"},
			{"wrong arguments", 200, "kw_error_bad_args", "422 werkzeug.exceptions.UnprocessableEntity", 403, 400, "invalid_arguments"},
			{"locked", 200, raised(version, "odoo.exceptions.LockError", "SECRET"), "409 odoo.exceptions.LockError", 503, 503, "record_busy"},
			{"locked in the database", 200, raised(version, "psycopg2.errors.LockNotAvailable", "SECRET"), "409 odoo.exceptions.LockError", 503, 503, "record_busy"},
			{"serialization", 200, raised(version, "psycopg2.errors.SerializationFailure", "SECRET"), "409 odoo.exceptions.LockError", 503, 503, "record_busy"},
			{"database away", 200, raised(version, "psycopg2.OperationalError", "SECRET"), "503 werkzeug.exceptions.ServiceUnavailable", 503, 503, "odoo_unavailable"},
			{"Odoo's own fault", 200, raised(version, "builtins.ZeroDivisionError", "SECRET"), "500 werkzeug.exceptions.InternalServerError", 500, 500, "odoo_error"},
			{"a page", 500, page, "503 werkzeug.exceptions.ServiceUnavailable", 503, 503, "odoo_unavailable"},
			{"a page that says all is well", 200, page, "503 werkzeug.exceptions.ServiceUnavailable", 503, 503, "odoo_unavailable"},
			{"a proxy's page", 502, page, "503 werkzeug.exceptions.ServiceUnavailable", 503, 503, "odoo_unavailable"},
			{"half an answer", 200, `{"jsonrpc":"2.0","id":1,"resu`, "503 werkzeug.exceptions.ServiceUnavailable", 503, 503, "odoo_unavailable"},
			{"session expired", 200, "kw_error_expired", "401 werkzeug.exceptions.Unauthorized", 401, 401, "connection_ended"}, // last: it ends the connection
		} {
			body, kind := test.answer, "application/json"
			if strings.HasPrefix(body, "kw_") {
				body = strings.NewReplacer("no.such", "res.partner", "no_such", "search_read").Replace(recorded[test.answer])
				if version == 20 {
					body = strings.Replace(body, "odoo.http.SessionExpired", "odoo.http.session.SessionExpired", 1)
				}
			}
			if body == "" {
				t.Fatalf("no recording of %s", test.answer)
			}
			if body == page {
				kind = "text/html; charset=utf-8"
			}
			w.between = func(r *http.Request, resp *http.Response) *http.Response {
				if !strings.HasSuffix(r.URL.Path, "/res.partner/search_read") {
					return resp
				}
				resp.Body.Close()
				return &http.Response{
					StatusCode: test.status, Header: http.Header{"Content-Type": {kind}}, ContentLength: int64(len(body)),
					Body: io.NopCloser(strings.NewReader(body)), Request: r,
				}
			}
			status, header, answer := ask("/json/2/res.partner/read", `{"ids":[1],"fields":["name"]}`)
			var e struct{ Name, Code string }
			if err := json.Unmarshal([]byte(answer), &e); err != nil || fmt.Sprint(status, " ", e.Name) != test.json2 || e.Code != test.code {
				t.Errorf("%s: json2 answers %d %s", test.name, status, answer)
			}
			if again := status == 409 || status == 503; again != (header.Get("Retry-After") != "") {
				t.Errorf("%s: json2 answers %v", test.name, header)
			}
			for path, want := range map[string]int{
				"/restapi/1.0/object/res.partner/1":                                           test.restapi,
				"/orestapi/record/read?model=res.partner&ids=%5B1%5D&fields=%5B%22name%22%5D": test.orestapi,
			} {
				got, _, text := ask(path, "")
				if got != want || !json.Valid([]byte(text)) {
					t.Errorf("%s: %s answers %d %s, want %d", test.name, path, got, text, want)
				}
				answer += text
			}
			for _, secret := range []string{"SECRET", "Traceback", "top-secret", "hierarchies", "debug", "psycopg"} {
				if strings.Contains(answer, secret) {
					t.Errorf("%s: %q got out: %s", test.name, secret, answer)
				}
			}
		}
	})
}
