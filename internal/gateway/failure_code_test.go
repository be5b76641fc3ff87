package gateway

import (
	"testing"

	"github.com/caddy-odoo/gateway/internal/dialect"
)

// TestFailuresAreNamed: whatever the body of a dialect has room for, a header
// names the kind of a failure, and no answer that is none has it.
func TestFailuresAreNamed(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	for _, c := range []struct{ bearer, method, path, body, want string }{
		{bearer, "GET", "/restapi/1.0/object/res.partner/1?fields=['vat']", "", "field_not_allowed"},
		{bearer, "GET", "/restapi/1.0/object/res.users/1", "", "model_not_allowed"},
		{bearer, "GET", "/restapi/1.0/object/res.partner/987654", "", "record_not_found"},
		{bearer, "GET", "/restapi/1.0/object/res.partner/1?fields=['name']", "", ""},
		{bearer, "GET", "/restapi/1.0/object/res.partner?domian=[]", "", "invalid_request"},
		{bearer, "POST", "/json/2/res.partner/read", `{"ids":[1],"fields":["vat"]}`, "field_not_allowed"},
		{bearer, "POST", "/json/2/res.partner/read", `{"ids":[1],"fields":["name"]}`, ""},
		{bearer, "GET", "/orestapi/record/name_search?model=res.users&name=a", "", "model_not_allowed"},
		{bearer, "GET", "/orestapi/record/name_search?model=res.partner&name=a", "", ""},
		{bearer, "POST", "/json/2/res.partner/read", `{"ids":`, "invalid_request"},
		{bearer, "GET", "/json/2/res.partner/read", "", "not_found"},
		{bearer, "GET", "/restapi/1.0/object/", "", "not_found"},
		{bearer, "PATCH", "/restapi/1.0/object/res.partner/1", "", "method_not_allowed"},
		{bearer, "GET", "/orestapi/record/read?model=res.partner&ids=[", "", "invalid_request"},
		{"nonsense", "GET", "/restapi/1.0/object/res.partner/1", "", "invalid_token"},
		{"nonsense", "GET", "/orestapi/record/name_search?model=res.partner", "", "invalid_token"},
	} {
		resp, body := w.send(c.method, c.path, c.bearer, "application/json", c.body)
		if got := resp.Header.Get(dialect.CodeHeader); got != c.want || (got == "") != (resp.StatusCode == 200) {
			t.Errorf("%s: %s %q, want %q\n%s", c.path, resp.Status, got, c.want, body)
		}
	}
}

// TestEndedConnectionStaysEnded: the first request that finds a connection
// ended is told so, and so is each after it: a refresh would not help.
func TestEndedConnectionStaysEnded(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	w.odoo.ExpireSessions()
	for range 2 {
		for _, c := range []struct{ method, path, body string }{
			{"GET", "/restapi/1.0/object/res.partner/1?fields=['name']", ""},
			{"POST", "/json/2/res.partner/read", `{"ids":[1],"fields":["name"]}`},
			{"GET", "/orestapi/record/name_search?model=res.partner&name=a", ""},
		} {
			resp, body := w.send(c.method, c.path, bearer, "application/json", c.body)
			if got := resp.Header.Get(dialect.CodeHeader); got != "connection_ended" || resp.StatusCode != 401 {
				t.Errorf("%s: %s %q\n%s", c.path, resp.Status, got, body)
			}
		}
	}
}
