package odootest

import (
	"net/http"
	"strings"
	"testing"
)

// The second database has the same uids and other people.
func TestStaging(t *testing.T) {
	versions(t, func(t *testing.T, v int) {
		s, _ := startServer(t, Options{Version: v})
		b := newBrowser(t, s)
		_, m := b.rpc("/web/session/authenticate", map[string]any{"db": StagingDatabase, "login": "admin", "password": StagingPassword})
		info := asMap(m["result"])
		if info["db"] != StagingDatabase || info["uid"] != s.UID("admin") || info["name"] != "Stella Staging" {
			t.Errorf("staging: %v %v %v", info["db"], info["uid"], info["name"])
		}
		// The cookie alone leads to the other database.
		_, m = b.rpc("/web/session/get_session_info", map[string]any{})
		if db := asMap(m["result"])["db"]; db != StagingDatabase {
			t.Errorf("the session is one of %v", db)
		}
		if _, m := b.rpc("/web/session/authenticate", map[string]any{"db": "nodb", "login": "admin", "password": "admin"}); errorName(m) != "odoo.exceptions.AccessError" {
			t.Errorf("no such database: %v", m)
		}
		page := newBrowser(t, s)
		if a := page.get("/web/login?db=" + StagingDatabase); !strings.Contains(string(a.body), "Database staging") {
			t.Error("the login page of staging is one of another database")
		}
		page.login("admin", StagingPassword, "")
		_, m = page.rpc("/web/session/get_session_info", map[string]any{})
		if db := asMap(m["result"])["db"]; db != StagingDatabase {
			t.Errorf("a login there leads to %v", db)
		}
		id := s.NewSessionIn(StagingDatabase, "demo")
		other := newBrowser(t, s)
		other.cookies["session_id"] = id
		_, m = other.rpc("/web/session/get_session_info", map[string]any{})
		if asMap(m["result"])["name"] != "Theo Staging" {
			t.Errorf("%v", m["result"])
		}
		s.ChangePassword("demo", "x") // in the first database only
		if !s.SessionAlive(id) {
			t.Error("staging's session ended with the other database's password")
		}
	})
}

func TestDatabaseHeader(t *testing.T) {
	s, _ := startServer(t, Options{Version: 19})
	key := s.NewAPIKey("demo", "x", start.AddDate(0, 0, 1))
	for db, want := range map[string]int{s.Database(): http.StatusOK, StagingDatabase: http.StatusUnauthorized, "nope": http.StatusNotFound} {
		if a := json2(t, s, key, "res.users/context_get", "{}", "X-Odoo-Database", db); a.StatusCode != want {
			t.Errorf("%s: %d, want %d", db, a.StatusCode, want)
		}
	}
	if a := newBrowser(t, s).get("/odoo", "X-Odoo-Database", "nope"); a.StatusCode != http.StatusFound || a.Header.Get("Location") != "/odoo" {
		t.Errorf("a page of no database: %d", a.StatusCode)
	}
	if a := newBrowser(t, s).do("POST", "/web/session/check", "application/json", "{}", "X-Odoo-Database", "nope"); a.StatusCode != http.StatusNotFound {
		t.Errorf("a call to no database: %d", a.StatusCode)
	}
	b := loggedIn(t, s, "demo")
	if a := b.get("/odoo", "X-Odoo-Database", StagingDatabase); a.StatusCode != http.StatusForbidden {
		t.Errorf("a session of another database: %d", a.StatusCode)
	}
	old, _ := startServer(t, Options{Version: 18})
	if a := loggedIn(t, old, "demo").get("/odoo", "X-Odoo-Database", "nope"); a.StatusCode != http.StatusOK {
		t.Errorf("18 knows no such header: %d", a.StatusCode)
	}
}

// An admin login writes web.base.url, from X-Forwarded-* where proxy mode
// trusts them.
func TestBaseURL(t *testing.T) {
	forwarded := []string{"X-Forwarded-Host", "erp.example.com", "X-Forwarded-Proto", "https", "X-Forwarded-For", "203.0.113.9"}
	for _, c := range []struct {
		login  string
		direct bool
		freeze string
		header []string
		want   string
	}{
		{login: "admin", header: forwarded, want: "https://erp.example.com"},
		{login: "demo", header: forwarded},
		{login: "admin", header: forwarded, direct: true},
		{login: "admin", header: forwarded, freeze: "True"},
		{login: "admin", header: forwarded[2:]}, // without a host nothing is trusted
	} {
		s, _ := startServer(t, Options{Version: 19, Direct: c.direct})
		if c.freeze != "" {
			s.SetParam("web.base.url.freeze", c.freeze)
		}
		newBrowser(t, s).rpc("/web/session/authenticate", map[string]any{"db": s.Database(), "login": c.login, "password": c.login}, c.header...)
		want := c.want
		if want == "" {
			want = s.URL
		}
		if got := s.Param("web.base.url"); got != want {
			t.Errorf("%s %v direct %t: %s, want %s", c.login, c.header, c.direct, got, want)
		}
	}
}

func TestJSONRPCServices(t *testing.T) {
	for v, want := range map[int]string{19: "odoo.exceptions.AccessDenied", 20: "builtins.ValueError"} {
		s, _ := startServer(t, Options{Version: v})
		_, m := newBrowser(t, s).rpc("/jsonrpc", map[string]any{"service": "db", "method": "list", "args": []any{}})
		if errorName(m) != want {
			t.Errorf("%d: %v", v, m)
		}
	}
	s, _ := startServer(t, Options{Version: 16})
	_, m := newBrowser(t, s).rpc("/jsonrpc", map[string]any{"service": "object", "method": "execute_kw",
		"args": []any{s.Database(), s.UID(TOTPLogin), TOTPPassword, "res.users", "context_get", []any{}}})
	if errorName(m) != "odoo.exceptions.AccessDenied" {
		t.Errorf("a password with a second factor: %v", m)
	}
}

func TestExpiredOf20(t *testing.T) {
	s, _ := startServer(t, Options{Version: 20})
	a, m := newBrowser(t, s).rpc("/web/session/check", map[string]any{})
	data := asMap(asMap(m["error"])["data"])
	if data["name"] != "odoo.http.session.SessionExpiredException" || data["timestamp"] != start.Unix() || m["id"] != nil {
		t.Errorf("%s", a.body)
	}
	if date := a.Header.Get("Date"); date != start.Format(http.TimeFormat) {
		t.Errorf("Date %q", date)
	}
}
