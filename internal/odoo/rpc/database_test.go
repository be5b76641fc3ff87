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
		"there":              {`{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "builtins.TypeError", "message": "'bool' object is not a mapping"}}}`, true, 0},
		"another TypeError":  {`{"jsonrpc": "2.0", "id": 1, "error": {"code": 0, "message": "Odoo Server Error", "data": {"name": "builtins.TypeError", "message": "exp_authenticate() takes 3 positional arguments but 4 were given"}}}`, false, odoo.BadRequest},
		"not there":          {`{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "psycopg2.OperationalError", "message": "connection to server failed: FATAL:  database \"demo19\" does not exist\n"}}}`, false, 0},
		"PostgreSQL is down": {`{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "psycopg2.OperationalError", "message": "connection to server on socket \"/tmp/.s.PGSQL.5432\" failed: No such file or directory\n\tIs the server running locally and accepting connections on that socket?\n"}}}`, false, odoo.Unavailable},
		"not told":           {`{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "odoo.exceptions.AccessDenied", "message": "no"}}}`, false, odoo.AccessDenied},
		"not an answer":      {``, false, odoo.Unavailable},
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

// What PostgreSQL 15 says through psycopg2, and what it says in other languages.
func TestDatabaseIsLacking(t *testing.T) {
	const socket = `connection to server on socket "/tmp/prod/.s.PGSQL.5432" failed: `
	for message, want := range map[string]bool{
		socket + "FATAL:  database \"prod\" does not exist\n":                                   true,
		socket + "FATAL:  Datenbank »prod« existiert nicht\n":                                   true,
		socket + "FATAL:  la base de données « prod » n'existe pas\n":                           true,
		socket + "FATAL:  database \"prod2\" does not exist\n":                                  false,
		socket + "FATAL:  the database system is starting up\n":                                 false,
		socket + "FATAL:  the database system is shutting down\n":                               false,
		socket + "FATAL:  sorry, too many clients already\n":                                    false,
		socket + "FATAL:  too many connections for database \"prod\"\n":                         false,
		socket + "FATAL:  database \"prod\" is not currently accepting connections\n":           false,
		socket + "FATAL:  permission denied for database \"prod\"\n":                            false,
		socket + "No such file or directory\n\tIs the server running locally?\n":                false,
		"connection to server at \"db\" (10.0.0.5), port 5432 failed: Connection refused\n":     false,
		"could not translate host name \"prod.internal\" to address: Name or service not known": false,
		"server closed the connection unexpectedly\n":                                           false,
	} {
		if got := lacks(message, "prod"); got != want {
			t.Errorf("%q: %t", message, got)
		}
	}
}
