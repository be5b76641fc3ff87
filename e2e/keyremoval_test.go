package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

const listPath = "/restapi/1.0/authorizations"

// TestSimulatedKeyRemoval takes back what holds an API key, on every simulated
// version, and on 20 also where keys may end themselves.
func TestSimulatedKeyRemoval(t *testing.T) {
	// Each waits for the gateway's next look at what is to be done, while other
	// tests run.
	var ends []func()
	for version := 16; version <= 21; version++ {
		o := odootest.Options{Version: min(version, 20), ProgrammaticKeys: version > 20}
		t.Logf("Odoo %d, keys end themselves: %v", o.Version, o.ProgrammaticKeys)
		sim := odootest.Start(o)
		t.Cleanup(sim.Close)
		at, err := url.Parse(sim.URL)
		if err != nil {
			t.Fatal(err)
		}
		end := keyRemoval(t, odoo{url: at, database: sim.Database(), login: "demo", password: "demo"})
		ends = append(ends, func() {
			t.Logf("Odoo %d, keys end themselves: %v", o.Version, o.ProgrammaticKeys)
			if removed, want := end(), o.Version == 16 || o.ProgrammaticKeys; removed != want {
				t.Errorf("Odoo has removed the key by itself: %v, want %v", removed, want)
			}
			if left := sim.APIKeyNames("demo"); len(left) != 0 {
				t.Errorf("keys in Odoo at the end: %q", left)
			}
		})
	}
	t.Parallel()
	for _, end := range ends {
		end()
	}
}

// keyRemoval revokes twice. The person themselves, soon after they have made
// the key, leaves none behind. An administrator revokes while Odoo is away and
// the person has logged out: the application has lost its access at once, and
// what becomes of the key then is Odoo's to say. end waits for that, and tells
// whether Odoo has removed it; otherwise the person is told, and does.
func keyRemoval(t *testing.T, o odoo) (end func() (removed bool)) {
	caddyfile := strings.NewReplacer(
		"admin off", "admin {OTHERHOST}",
		"application steady {", "application steady {\n\t\t\t\tname \"Steady {OTHERHOST}\"",
		"\n{OTHER} {\n\tbind 127.0.0.1\n\todoo_gateway elsewhere\n\t{PROXY}\n}\n", "",
	).Replace(usualCaddyfile)
	s := startSiteWith(t, o, caddyfile)
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")

	tok, key := p.makeKey(s, steady)
	alive(p, tok.Access)
	form := p.get(listPath).hidden()
	if a := p.post(listPath, form); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("revoking: %s\n%s", a.Status, a.text)
	}
	dead(p, tok.Access)
	if p.hasKey(key) {
		t.Errorf("a key that was confirmed just now stands in Odoo after revoking it")
	}

	tok, key = p.makeKey(s, steady)
	alive(p, tok.Access)
	logOut(p)
	alive(p, tok.Access)
	said := len(s.caddy.said())
	s.valve.shut()
	if out := s.command("authorizations", "revoke", "--gateway", "erp", "--application", "steady"); !strings.Contains(out, "1 revoked") {
		t.Errorf("revoking by the command: %s", out)
	}
	dead(p, tok.Access)
	if a := p.refresh(steady, tok.Refresh); a.StatusCode != http.StatusBadRequest || oauthError(t, a) != "invalid_grant" {
		t.Errorf("refresh after the revoke: %s %s", a.Status, a.text)
	}
	s.valve.reopen()
	return func() bool { return p.keyGoes(s, key, said) }
}

// keyGoes is the end of keyRemoval, for a process that had said so much when the
// key was revoked.
func (p *person) keyGoes(s *site, key int64, said int) (removed bool) {
	p.t.Helper()
	var told struct {
		Msg    string
		Detail map[string]string
	}
	s.caddy.await(said, func(line string) bool {
		return strings.Contains(line, `"api_key_`) && json.Unmarshal([]byte(line), &told) == nil
	})
	if told.Detail["key_id"] != fmt.Sprint(key) {
		p.t.Errorf("the audit trail tells of %+v, the key is %d", told, key)
	}
	p.logIn(s.odoo, "/web/login")
	removed = told.Msg == "api_key_removed"
	const says = "no more use to any application"
	list := p.get(listPath).text
	if stands := p.hasKey(key); stands == removed || strings.Contains(list, says) == removed {
		p.t.Errorf("told %+v; the key stands in Odoo: %v; the page:\n%s", told, stands, list)
	}
	if removed {
		return true
	}
	p.forgetKey(key, s.password)
	if list = p.get(listPath).text; strings.Contains(list, says) {
		p.t.Errorf("the person has deleted the key, and the page goes on:\n%s", list)
	}
	return false
}

// hasKey tells whether a key stands in the person's Odoo profile.
func (p *person) hasKey(id int64) bool {
	p.t.Helper()
	var n int
	p.call("res.users.apikeys", "search_count", []any{[]any{[]any{"id", "=", id}}}, map[string]any{}, &n)
	return n > 0
}

// command runs one of the gateway's commands and returns what it prints.
func (s *site) command(args ...string) string {
	s.caddy.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.caddy.t.Fatal(err)
	}
	cmd := exec.Command(self, append(append([]string{"odoo-gateway"}, args...), "--address", strings.TrimPrefix(s.other, "http://"))...)
	cmd.Env = append(os.Environ(), asCaddy+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.caddy.t.Fatalf("caddy %s: %v\n%s", strings.Join(cmd.Args[1:], " "), err, out)
	}
	return string(out)
}
