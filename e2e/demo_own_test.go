package e2e

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/console"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// TestDemoConsole: who logs in as the demo says finds the console, and only as
// the administrator.
func TestDemoConsole(t *testing.T) {
	d := startDemo(t)
	if d.ConsoleURL != d.GatewayURL+console.Path {
		t.Errorf("the console is at %s", d.ConsoleURL)
	}
	for who, want := range map[odoo]int{
		{login: d.AdminLogin, password: d.AdminPassword}: http.StatusOK,
		{login: d.Login, password: d.Password}:           http.StatusForbidden,
	} {
		p := newPerson(t, d.GatewayURL)
		p.logIn(who, "/web/login")
		if a := p.get(console.Path); a.StatusCode != want || strings.Contains(a.text, "Team wiki") != (want == http.StatusOK) {
			t.Errorf("%s: %s\n%s", who.login, a.Status, a.text)
		}
	}
}

// ownNightly is a service account beside the README's application.
const ownNightly = `application nightly {
	client_id nightly
	client_secret the-export-has-a-secret
	model_scheme wiki
	service_connection {
		login demo
		api_key {env.OWN_API_KEY}
	}
}
`

// ownSite is the README's Caddyfile before the demo's Odoo, changed as the
// README says.
func ownSite(t *testing.T, d *demo) (*site, app) {
	t.Helper()
	at, err := url.Parse(d.OdooURL)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{odoo: odoo{url: at, database: d.Database, login: d.Login, password: d.Password}, base: "http://127.0.0.1:" + freePort(t), dir: t.TempDir()}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, b := range blocksOf(readme) {
		if b.kind == "caddyfile" {
			files = append(files, b.body)
		}
	}
	site := strings.NewReplacer("https://erp.example.com", s.base, "\nerp.example.com", "\n"+s.base, "prod", d.Database, "127.0.0.1:8069", at.Host).Replace(files[0])
	if err := os.Mkdir(filepath.Join(s.dir, "applications"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"Caddyfile": site, "applications/wiki": files[1], "applications/nightly": ownNightly} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	to := app{id: "team-wiki", secret: "the-wiki-has-a-secret", redirect: "https://wiki.example.com/plugins/odoo-connector/callback.action"}
	s.caddy = startCaddy(t, []string{
		"XDG_DATA_HOME=" + s.dir, "XDG_CONFIG_HOME=" + s.dir, "CADDY_ADMIN=127.0.0.1:" + freePort(t),
		"WIKI_SECRET=" + to.secret, "OWN_API_KEY=" + d.APIKey,
	}, serving, "run", "--config", filepath.Join(s.dir, "Caddyfile"))
	return s, to
}

// TestDemoBehindOwnCaddyfile: the README's Caddyfile serves the demo's Odoo with
// what the demo prints.
func TestDemoBehindOwnCaddyfile(t *testing.T) {
	s, wiki := ownSite(t, startDemo(t))
	p, tok := connect(t, s, wiki)
	var me struct{ Login string }
	p.read(tok.Access, "/restapi/1.0/me", nil, &me)
	if me.Login != "demo" {
		t.Errorf("the token is of %q", me.Login)
	}
	a := p.token(app{id: "nightly", secret: "the-export-has-a-secret"}, url.Values{"grant_type": {"client_credentials"}})
	if a.StatusCode != http.StatusOK {
		t.Errorf("a service account with the printed key: %s %s", a.Status, a.text)
	}
}

// TestDemoBeforeRealOdoo: of an Odoo that it has not started, the demo invents
// no login.
func TestDemoBeforeRealOdoo(t *testing.T) {
	sim := odootest.Start(odootest.Options{Version: 18})
	t.Cleanup(sim.Close)
	d := startDemo(t, "--odoo", sim.URL, "--database", sim.Database())
	if said := d.Login + d.Password + d.AdminLogin + d.AdminPassword + d.APIKey; said != "" {
		t.Errorf("it makes up %q", said)
	}
	if d.Database != sim.Database() || d.ConsoleURL != d.GatewayURL+console.Path {
		t.Errorf("database %q, console %q", d.Database, d.ConsoleURL)
	}
	var up strings.Builder
	startCaddy(t, []string{"TMPDIR=" + t.TempDir()}, func(line string) bool {
		up.WriteString(line)
		return strings.Contains(line, "Ctrl+C")
	}, "odoo-gateway", "demo", "--odoo", sim.URL, "--database", sim.Database())
	for text, want := range map[string]bool{"an administrator of that Odoo": true, "password": false, "api_key": false, "Caddyfile": false} {
		if strings.Contains(up.String(), text) != want {
			t.Errorf("%q is there: %v:\n%s", text, !want, up.String())
		}
	}
}
