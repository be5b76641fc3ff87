package caddymodule

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// site is a Caddyfile with a gateway before an upstream.
type site struct {
	admin, addr, upstream string
	options               string // of the app
	global                string // more global options
	failAt                string // where another app fails
	config                string // a response header X-Config
	inApplication         string // more of the application
	inGateway             string // more of the gateway
	fields                string // of the model configuration, in place of the name
	body                  string // of the site, in place of all else
	echo                  string // an upstream for /load and /websocket
	inSite                string // more of the site
	secret                string
	plain                 bool // without the gateway
}

func (s site) caddyfile() string {
	if s.secret == "" {
		s.secret = "top-secret"
	}
	if s.fields == "" {
		s.fields = "name"
	}
	app, handler := "", ""
	if !s.plain {
		app = fmt.Sprintf(`odoo_gateway {
		%s
		gateway erp {
			issuer http://%s
			database demo19
			application wiki {
				client_id wiki
				client_secret %s
				redirect_uri https://wiki.example.com/callback
				model_scheme sales
				%s
			}
			model_scheme sales {
				whitelist customer
			}
			model_configuration customer {
				model res.partner
				fields whitelist %s
			}
			%s
		}
	}`, s.options, s.addr, s.secret, s.inApplication, s.fields, s.inGateway)
		handler = "odoo_gateway erp"
	}
	if s.config != "" {
		s.config = "header X-Config " + s.config
	}
	if s.echo != "" {
		s.inSite += "\n\t@echo path /load /websocket\n\thandle @echo {\n\t\treverse_proxy " + s.echo + "\n\t}"
	}
	if s.failAt != "" {
		s.global += "\n\tfailing_app " + s.failAt
	}
	if s.body == "" {
		s.body = handler + "\n\treverse_proxy " + s.upstream
	}
	return fmt.Sprintf(`{
	admin %s
	auto_https off
	default_bind 127.0.0.1
	persist_config off
	%s
	%s
}
http://%s {
	%s
	%s
	%s
}
`, s.admin, s.global, app, s.addr, s.config, s.inSite, s.body)
}

// newSite returns a site on free addresses before an echoing upstream.
func newSite(t *testing.T) site {
	a := freeAddrs(t, 2)
	return site{admin: a[0], addr: a[1], upstream: echo(t)}
}

// serves checks that requests reach the upstream.
func serves(t *testing.T, s site) {
	t.Helper()
	res, err := http.Get("http://" + s.addr + "/web")
	for range 3 { // a reload may drop what is just being accepted
		if !lostConnection(err) {
			break
		}
		res, err = http.Get("http://" + s.addr + "/web")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), `"URI":"/web"`) {
		t.Fatalf("got %d %s, %v", res.StatusCode, body, err)
	}
}

func TestValidateTouchesNothing(t *testing.T) {
	m := newMachine(t)
	s := newSite(t)
	file := m.write("Caddyfile", s.caddyfile())
	before := files(t, m.home)
	out, err := m.caddy("validate", "--config", file, "--adapter", "caddyfile")
	if err != nil || !strings.Contains(out, "Valid configuration") {
		t.Fatalf("%v\n%s", err, out)
	}
	// Caddy itself looks for its own folders; no grant store may appear.
	for path := range files(t, m.home) {
		if !before[path] && strings.Contains(path, "odoo_gateway") {
			t.Errorf("validate has made %s", path)
		}
	}
}

func files(t *testing.T, dir string) map[string]bool {
	t.Helper()
	all := make(map[string]bool)
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		all[path] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestValidateBesideARunningGateway(t *testing.T) {
	m := newMachine(t)
	s := newSite(t)
	p := m.start(s.caddyfile(), s.admin)
	store := filepath.Join(m.home, "data", "caddy", "odoo_gateway")
	info, err := os.Stat(filepath.Join(store, "seal.key"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("seal.key has mode %v", info.Mode())
	}
	if dir, err := os.Stat(store); err != nil || dir.Mode().Perm() != 0o700 {
		t.Errorf("store has mode %v, %v", dir.Mode(), err)
	}
	if !strings.Contains(p.out.String(), "made a sealing key in the store's directory") {
		t.Errorf("no warning about the sealing key in\n%s", p.out)
	}
	out, err := m.caddy("validate", "--config", filepath.Join(m.home, "Caddyfile"), "--adapter", "caddyfile")
	if err != nil || !strings.Contains(out, "Valid configuration") {
		t.Fatalf("%v\n%s", err, out)
	}
	serves(t, s)

	// A second server must be refused, in one sentence.
	other := newSite(t)
	out, err = m.caddy("run", "--config", m.write("Other", other.caddyfile()), "--adapter", "caddyfile")
	if err == nil || !strings.Contains(out, "is in use by another process; if Caddy is already running use `caddy reload`") {
		t.Fatalf("a second server: %v\n%s", err, out)
	}
	serves(t, s)
}

func TestFailedReloadKeepsTheOldConfiguration(t *testing.T) {
	blocker := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t)
	s := newSite(t)
	p := m.start(s.caddyfile(), s.admin)
	with := func(change func(*site)) string {
		c := s
		change(&c)
		return c.caddyfile()
	}
	tests := []struct{ name, file, want string }{
		{"provision of the gateway", with(func(s *site) { s.secret = "{env.NOT_SET_ANYWHERE}" }),
			"gateway erp: application wiki: client_secret: placeholder {env.NOT_SET_ANYWHERE} is unset or empty"},
		{"start of the gateway", with(func(s *site) { s.options = "store badger " + blocker + "/store" }), "not a directory"},
		{"start with another key", with(func(s *site) {
			s.options = "seal_key " + strings.Repeat("ab", 32) + "\n\t\tstore badger " + filepath.Join(m.home, "data/caddy/odoo_gateway/../other")
		}), ""},
		{"unknown gateway", strings.Replace(s.caddyfile(), "odoo_gateway erp", "odoo_gateway wrong", 1), "odoo_gateway: there is no gateway"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := p.load(tt.file)
			if tt.want == "" {
				if err != nil {
					t.Fatalf("a configuration that is right: %v", err)
				}
			} else if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			serves(t, s)
			if err := p.load(s.caddyfile()); err != nil {
				t.Fatalf("back to the first configuration: %v", err)
			}
			serves(t, s)
		})
	}
}

// A reload with another key than the store's is refused: the next start would
// fail. The same key may be given in another way.
func TestSealKeyMustStayAtReload(t *testing.T) {
	m := newMachine(t)
	s := newSite(t)
	p := m.start(s.caddyfile(), s.admin)
	file := filepath.Join(m.home, "data", "caddy", "odoo_gateway", "seal.key")
	key, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	with := func(options string) string {
		c := s
		c.options = options
		return c.caddyfile()
	}
	reload := func(want string, options string) {
		t.Helper()
		err := p.load(with(options))
		if want == "" && err != nil {
			t.Errorf("the store's own key is refused: %v", err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	other := strings.Repeat("ab", 32)
	reload(otherKey, "seal_key "+other)
	reload("", "seal_key "+strings.TrimSpace(string(key)))
	reload(otherKey, "seal_key "+other)
	reload("", "")
	reload("", "seal_key {file."+file+"}")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	reload(noKey, "")
	reload("", "seal_key "+strings.TrimSpace(string(key)))
	serves(t, s)
	if out := p.out.String(); strings.Contains(out, other[:16]) || strings.Contains(out, string(key[:16])) {
		t.Error("the key is in the log")
	}
	p.stop()

	// A start with the wrong key says so, and the first key still works.
	out, err := m.caddy("run", "--config", m.write("Caddyfile", with("seal_key "+other)), "--adapter", "caddyfile")
	if err == nil || !strings.Contains(out, otherKey) {
		t.Fatalf("%v\n%s", err, out)
	}
	m.start(with("seal_key "+strings.TrimSpace(string(key))), s.admin)
	serves(t, s)
}

func TestTerminationClosesOnce(t *testing.T) {
	m := newMachine(t)
	s := newSite(t)
	p := m.start(s.caddyfile(), s.admin)
	for i := range 3 {
		s.config = fmt.Sprint(i) // Caddy takes the same one for nothing to do
		if err := p.load(s.caddyfile()); err != nil {
			t.Fatal(err)
		}
	}
	serves(t, s)
	if code := p.stop(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, p.out)
	}
	// One start and one stop of the process are told from those of reloads.
	for kind, causes := range map[string]map[string]int{
		"gateway_started": {"start": 1, "reload": 3},
		"gateway_stopped": {"stop": 1, "reload": 3},
	} {
		got := map[string]int{}
		for line := range strings.Lines(p.out.String()) {
			if strings.Contains(line, kind) {
				_, cause, _ := strings.Cut(line, `"cause":"`)
				cause, _, _ = strings.Cut(cause, `"`)
				got[cause]++
			}
		}
		if !maps.Equal(got, causes) {
			t.Errorf("%s: %v, want %v in\n%s", kind, got, causes, p.out)
		}
	}
	for _, bad := range []string{"panic", "[ERROR]", "deleted more than stored", "DATA RACE"} {
		if strings.Contains(p.out.String(), bad) {
			t.Errorf("log has %q:\n%s", bad, p.out)
		}
	}
	// What was closed properly can be opened again.
	m.start(s.caddyfile(), s.admin)
	serves(t, s)
}
