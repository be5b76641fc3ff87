package json2_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/dialecttest"
	"github.com/caddy-odoo/gateway/internal/dialect/json2"
)

// Arguments that Odoo insists on are not left out.
func TestRequiredArguments(t *testing.T) {
	for method, name := range map[string]string{
		"search": "domain", "search_count": "domain", "formatted_read_group": "domain", "read_group": "domain",
		"create": "vals_list", "write": "vals", "has_access": "operation", "default_get": "fields",
	} {
		for _, body := range []string{"", `{"context":{}}`} {
			runner := &dialecttest.Runner{Answers: []string{`[]`}}
			got := dialecttest.Serve(t, json2.New(json2.Config{Auth: runner}))("POST /json/2/res.partner/"+method, jsonBody, body)
			if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "missing a required argument: '"+name+"'") || len(runner.Calls) > 0 {
				t.Errorf("%s: %d %s", method, got.Status, got.Body)
			}
		}
	}
}

func TestCreateAnswersAList(t *testing.T) {
	for answer, want := range map[string]string{`7`: `[7]`, `[7,8]`: `[7,8]`} {
		runner := &dialecttest.Runner{Answers: []string{answer}}
		got := dialecttest.Serve(t, json2.New(json2.Config{Auth: runner}))("POST /json/2/res.partner/create", jsonBody, `{"vals_list":{"name":"x"}}`)
		if got.Status != http.StatusOK || got.Body != want {
			t.Errorf("%d %s, want %s", got.Status, got.Body, want)
		}
	}
	runner := &dialecttest.Runner{Answers: []string{`7`}}
	if got := dialecttest.Serve(t, json2.New(json2.Config{Auth: runner}))("POST /json/2/res.partner/search_count", jsonBody, `{"domain":[]}`); got.Body != `7` {
		t.Errorf("%s", got.Body)
	}
}

// A request for another database is for nobody here; who has no token does not
// learn which one is right.
func TestDatabase(t *testing.T) {
	for header, status := range map[string]int{
		"": 200, "X-Odoo-Database: prod\r\n": 200, "X-Odoo-Database: other\r\n": 404, "X-Odoo-Database: PROD\r\n": 404, "x-odoo-database:\r\n": 404,
		"X-Odoo-Database: prod\r\nX-Odoo-Database: other\r\n": 404,
	} {
		for _, auth := range []error{nil, &dialect.Failure{Kind: dialect.Unauthorized}} {
			want := status
			if auth != nil {
				want = 401
			}
			runner := &dialecttest.Runner{Answers: []string{`[]`}, AuthErr: auth}
			got := dialecttest.Serve(t, json2.New(json2.Config{Auth: runner, Database: "prod"}))("POST /json/2/res.partner/read", jsonBody+header, `{}`)
			if got.Status != want || (len(runner.Calls) > 0) != (want == 200) || want == 404 && !strings.Contains(got.Body, `"name":"werkzeug.exceptions.NotFound"`) {
				t.Errorf("%q: %d %s", header, got.Status, got.Body)
			}
		}
	}
}
