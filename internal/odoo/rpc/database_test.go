package rpc

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// The answers are those of Odoo 16 to 19.
func TestHasDatabase(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		want   bool
		kind   odoo.Kind // 0 is no error
	}{
		"there":             {`{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "builtins.TypeError", "message": "'bool' object is not a mapping"}}}`, true, 0},
		"another TypeError": {`{"jsonrpc": "2.0", "id": 1, "error": {"code": 0, "message": "Odoo Server Error", "data": {"name": "builtins.TypeError", "message": "exp_authenticate() takes 3 positional arguments but 4 were given"}}}`, false, odoo.BadRequest},
		"not there":         {`{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "psycopg2.OperationalError", "message": "connection to server failed: FATAL:  database \"nosuchdb\" does not exist\n"}}}`, false, 0},
		"not told":          {`{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "odoo.exceptions.AccessDenied", "message": "no"}}}`, false, odoo.AccessDenied},
		"not an answer":     {``, false, odoo.Unavailable},
	} {
		var asked string
		tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked = r.URL.Path + r.Header.Get("Cookie")
			if test.answer == "" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			answerJSON(w, test.answer)
		})
		got, err := client(t, nil).HasDatabase(t.Context(), tr, "doctor")
		if got != test.want || (err != nil) != (test.kind != 0) || err != nil && kind(t, err) != test.kind || !strings.HasPrefix(asked, "/jsonrpc") {
			t.Errorf("%s: %v, %v; asked %s", name, got, err, asked)
		}
	}
}

// An Odoo that locks out an address for its failed logins refuses no key.
func TestLockoutIsNoRefusal(t *testing.T) {
	for message, want := range map[string]odoo.Kind{
		"Too many login failures, please wait a bit before trying again.": odoo.Unavailable,
		"Access Denied": odoo.AccessDenied,
	} {
		_, err := parseAnswer([]byte(`{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "odoo.exceptions.AccessDenied", "message": "`+message+`"}}}`), "res.users", "context_get")
		if kind(t, err) != want {
			t.Errorf("%s: %v", message, err)
		}
	}
}
