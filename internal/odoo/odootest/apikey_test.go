package odootest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// wizard makes a key as a person does: name and duration, then the password.
func (b *browser) wizard(password string, values map[string]any) (key, failure string) {
	id, e := b.call("res.users.apikeys.description", "create", []any{values}, nil)
	if e != "" {
		return "", e
	}
	action, e := b.call("res.users.apikeys.description", "make_key", []any{[]any{id}}, nil)
	if e == "" && asMap(action)["res_model"] == "res.users.identitycheck" {
		check := []any{asMap(action)["res_id"]}
		b.call("res.users.identitycheck", "write", []any{check, map[string]any{"password": password}}, nil)
		action, e = b.call("res.users.identitycheck", "run_check", []any{check}, map[string]any{"context": map[string]any{"password": password}})
	}
	return asString(asMap(asMap(action)["context"])["default_key"]), e
}

// rpcWithKey is execute_kw over /jsonrpc.
func rpcWithKey(t *testing.T, s *Server, login, key string) string {
	t.Helper()
	_, m := newBrowser(t, s).rpc("/jsonrpc", map[string]any{"service": "object", "method": "execute_kw",
		"args": []any{s.Database(), s.UID(login), key, "res.users", "context_get", []any{}}})
	return errorName(m)
}

// json2 is a call with a bearer key; it returns the status.
func json2(t *testing.T, s *Server, key, path, body string, header ...string) answer {
	t.Helper()
	return newBrowser(t, s).do("POST", "/json/2/"+path, "application/json", body, append(header, "Authorization", "bearer "+key)...)
}

func TestKeyWizard(t *testing.T) {
	versions(t, func(t *testing.T, v int) {
		s, fake := startServer(t, Options{Version: v})
		b := loggedIn(t, s, "demo")
		month := map[string]any{"name": "wiki", "duration": "30"}
		if v < 18 {
			month = map[string]any{"name": "wiki"}
		}
		if key, e := b.wizard("wrong", month); key != "" || e != "odoo.exceptions.UserError" {
			t.Errorf("wrong password: %q %q", key, e)
		}
		key, e := b.wizard("demo", month)
		if len(key) != 40 || e != "" {
			t.Fatalf("key %q, %q", key, e)
		}
		if names := s.APIKeyNames("demo"); !slices.Equal(names, []string{"wiki"}) {
			t.Errorf("keys: %q", names)
		}
		if e := rpcWithKey(t, s, "demo", key); e != "" {
			t.Errorf("/jsonrpc: %s", e)
		}
		if e := rpcWithKey(t, s, "admin", key); e != "odoo.exceptions.AccessDenied" {
			t.Errorf("another's uid: %q", e)
		}
		if v >= 19 {
			if a := json2(t, s, key, "res.users/context_get", "{}"); a.StatusCode != http.StatusOK {
				t.Errorf("/json/2: %d %s", a.StatusCode, a.body)
			}
		}
		// The password opens everything for ten minutes.
		again, e := b.call("res.users.apikeys.description", "make_key", []any{[]any{must(b.call("res.users.apikeys.description", "create", []any{month}, nil))}}, nil)
		if asMap(again)["res_model"] != "res.users.apikeys.show" {
			t.Errorf("second key: %v %q", again, e)
		}
		fake.Advance(identityValidity)
		again, _ = b.call("res.users.apikeys.description", "make_key", []any{[]any{must(b.call("res.users.apikeys.description", "create", []any{month}, nil))}}, nil)
		if asMap(again)["res_model"] != "res.users.identitycheck" {
			t.Errorf("after ten minutes: %v", again)
		}
	})
}

func must(v any, e string) any {
	if e != "" {
		panic(e)
	}
	return v
}

func TestKeyDurations(t *testing.T) {
	for _, c := range []struct {
		version  int
		login    string
		duration string
		want     string
	}{
		{18, "demo", "90", ""}, {18, "demo", "365", "odoo.exceptions.ValidationError"}, {18, "demo", "0", "odoo.exceptions.ValidationError"},
		{19, "admin", "0", ""}, {19, "admin", "365", ""}, {19, "portal", "30", "odoo.exceptions.ValidationError"},
		{19, "portal", "1", "odoo.exceptions.AccessError"}, {20, "demo", "30", ""}, {20, "admin", "0", ""},
		{20, "demo", "90", "builtins.ValueError"}, {17, "portal", "", "odoo.exceptions.AccessError"},
	} {
		s, _ := startServer(t, Options{Version: c.version})
		values := map[string]any{"name": "x"}
		if c.duration != "" {
			values["duration"] = c.duration
		}
		if key, e := loggedIn(t, s, c.login).wizard(c.login, values); e != c.want || (key != "") != (e == "") {
			t.Errorf("%d %s %s days: %q %q, want %q", c.version, c.login, c.duration, key, e, c.want)
		}
	}
}

func TestKeyExpiry(t *testing.T) {
	for _, v := range []int{18, 19, 20} {
		s, fake := startServer(t, Options{Version: v})
		key := s.NewAPIKey("demo", "x", fake.Now().Add(time.Hour))
		fake.Advance(time.Hour - time.Second)
		if v >= 19 {
			if a := json2(t, s, key, "res.users/context_get", "{}"); a.StatusCode != http.StatusOK {
				t.Errorf("%d: in time: %d", v, a.StatusCode)
			}
		}
		fake.Advance(time.Second)
		if e := rpcWithKey(t, s, "demo", key); e != "odoo.exceptions.AccessDenied" {
			t.Errorf("%d: expired: %q", v, e)
		}
		if v >= 19 {
			if a := json2(t, s, key, "res.users/context_get", "{}"); a.StatusCode != http.StatusUnauthorized {
				t.Errorf("%d: expired: %d", v, a.StatusCode)
			}
		}
	}
}

// Before 20 a key that was used once goes on working on /jsonrpc after it was
// removed; JSON-2 refuses it at once, and archiving ends it everywhere.
func TestRevocationGap(t *testing.T) {
	versions(t, func(t *testing.T, v int) {
		s, _ := startServer(t, Options{Version: v})
		b := loggedIn(t, s, "demo")
		key := s.NewAPIKey("demo", "x", start.Add(time.Hour))
		unused := s.NewAPIKey("demo", "y", start.Add(time.Hour))
		rpcWithKey(t, s, "demo", key)
		ids, _ := b.call("res.users.apikeys", "search", []any{[]any{}}, nil)
		action, _ := b.call("res.users.apikeys", "remove", []any{ids}, nil)
		check := []any{asMap(action)["res_id"]}
		b.call("res.users.identitycheck", "write", []any{check, map[string]any{"password": "demo"}}, nil)
		if _, e := b.call("res.users.identitycheck", "run_check", []any{check}, map[string]any{"context": map[string]any{"password": "demo"}}); e != "" {
			t.Fatalf("removing: %s", e)
		}
		if names := s.APIKeyNames("demo"); len(names) != 0 {
			t.Errorf("left: %q", names)
		}
		want := ""
		if v == 20 {
			want = "odoo.exceptions.AccessDenied"
		}
		if e := rpcWithKey(t, s, "demo", key); e != want {
			t.Errorf("removed key: %q, want %q", e, want)
		}
		if e := rpcWithKey(t, s, "demo", unused); e == "" {
			t.Error("a removed key that was never used works")
		}
		if v >= 19 {
			if a := json2(t, s, key, "res.users/context_get", "{}"); a.StatusCode != http.StatusUnauthorized {
				t.Errorf("/json/2: %d", a.StatusCode)
			}
		}
		s.Archive("demo")
		if e := rpcWithKey(t, s, "demo", key); e == "" {
			t.Error("an archived person's key works")
		}
	})
}

func TestKeyOfOthers(t *testing.T) {
	s, _ := startServer(t, Options{Version: 19})
	s.NewAPIKey("admin", "admin's", time.Time{})
	ids, _ := loggedIn(t, s, "admin").call("res.users.apikeys", "search", []any{[]any{}}, nil)
	b := loggedIn(t, s, "demo")
	b.wizard("demo", map[string]any{"name": "own", "duration": "1"})
	if _, e := b.call("res.users.apikeys", "remove", []any{ids}, nil); e != "odoo.exceptions.AccessError" {
		t.Errorf("removing admin's key: %q", e)
	}
	if _, e := b.call("res.users.apikeys", "unlink", []any{ids}, nil); e != "odoo.exceptions.AccessError" {
		t.Errorf("unlink: %q", e)
	}
	rows, _ := loggedIn(t, s, "admin").call("res.users.apikeys", "search_read", []any{[]any{}}, nil)
	for _, row := range asList(rows) {
		for name, value := range asMap(row) {
			if text, ok := value.(string); ok && len(text) == 40 && !strings.Contains(text, " ") {
				t.Errorf("%s shows a key", name)
			}
		}
	}
}

// 20: the identity is confirmed by one call, and a key can make its successor.
func TestKeysOf20(t *testing.T) {
	for _, enabled := range []bool{false, true} {
		s, _ := startServer(t, Options{Version: 20, ProgrammaticKeys: enabled})
		b := loggedIn(t, s, "demo")
		b.rpc("/web/session/identity/check", map[string]any{"type": "password", "password": "demo"})
		id := must(b.call("res.users.apikeys.description", "create", []any{map[string]any{"name": "x"}}, nil))
		action, e := b.call("res.users.apikeys.description", "make_key", []any{[]any{id}}, nil)
		context := asMap(asMap(action)["context"])
		key := asString(context["default_key"])
		if key == "" || context["default_scope"] != "rpc" {
			t.Fatalf("make_key: %v %s", action, e)
		}
		body := `{"key": "` + key + `", "scope": "rpc", "name": "next", "expiration_date": "2026-12-01 00:00:00"}`
		a := json2(t, s, key, "res.users.apikeys/generate", body)
		if !enabled {
			if a.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("not enabled: %d %s", a.StatusCode, a.body)
			}
			continue
		}
		next := strings.Trim(string(a.body), `"`)
		if a.StatusCode != http.StatusOK || json2(t, s, next, "res.users/context_get", "{}").StatusCode != http.StatusOK {
			t.Errorf("generate: %d %s", a.StatusCode, a.body)
		}
		if a := json2(t, s, next, "res.users.apikeys/revoke", `{"key": "`+key+`"}`); a.StatusCode != http.StatusOK {
			t.Errorf("revoke: %d %s", a.StatusCode, a.body)
		}
		if a := json2(t, s, key, "res.users/context_get", "{}"); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("the old key: %d", a.StatusCode)
		}
	}
}

// A key for another purpose opens nothing here; up to 19 one without a scope
// opens everything, on 20 it no longer does.
func TestKeyScope(t *testing.T) {
	for _, c := range []struct {
		version int
		scope   string
		want    int
	}{
		{19, "", http.StatusOK}, {19, "rpc", http.StatusOK}, {19, "calendar", http.StatusUnauthorized},
		{20, "", http.StatusUnauthorized}, {20, "rpc", http.StatusOK}, {20, "calendar", http.StatusUnauthorized},
	} {
		s, _ := startServer(t, Options{Version: c.version})
		s.mu.Lock()
		_, u := s.mustFind(s.main.name, "demo")
		key := s.main.addKey(u, "x", c.scope, false)
		s.mu.Unlock()
		if a := json2(t, s, key, "res.users/context_get", "{}"); a.StatusCode != c.want {
			t.Errorf("%d scope %q: %d, want %d", c.version, c.scope, a.StatusCode, c.want)
		}
	}
}

// The question for a password can be answered by the one who was asked alone.
func TestWizardOfOthers(t *testing.T) {
	s, _ := startServer(t, Options{Version: 19})
	admin, demo := loggedIn(t, s, "admin"), loggedIn(t, s, "demo")
	id := must(admin.call("res.users.apikeys.description", "create", []any{map[string]any{"name": "x"}}, nil))
	action := asMap(must(admin.call("res.users.apikeys.description", "make_key", []any{[]any{id}}, nil)))
	if _, e := demo.call("res.users.identitycheck", "run_check", []any{[]any{action["res_id"]}}, map[string]any{"context": map[string]any{"password": "demo"}}); e != "builtins.ValueError" {
		t.Errorf("demo answers admin's question: %q", e)
	}
	if names := s.APIKeyNames("demo"); len(names) != 0 {
		t.Errorf("demo has %q", names)
	}
}

// A key without a session cannot make keys.
func TestKeyOverJSONRPC(t *testing.T) {
	s, _ := startServer(t, Options{Version: 19})
	_, m := loggedIn(t, s, "demo").rpc("/jsonrpc", map[string]any{"service": "object", "method": "execute_kw",
		"args": []any{s.Database(), s.UID("demo"), "demo", "res.users.apikeys.description", "make_key", []any{[]any{1}}}})
	if errorName(m) != "odoo.exceptions.UserError" {
		t.Errorf("%v", m)
	}
}
