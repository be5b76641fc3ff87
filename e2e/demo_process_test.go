package e2e

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/console"
)

// tree lists what is in a folder, with sizes and times. What goes while it looks
// is not there: a store replaces its files while it is used.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return unlessGone(err)
		}
		info, err := d.Info()
		if err != nil {
			return unlessGone(err)
		}
		fmt.Fprintln(&b, path, info.Mode(), info.Size(), info.ModTime())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// TestDemoLeavesNothingBehind: neither a signal, the shell's Ctrl+C nor a closed terminal leaves
// a file or a process.
func TestDemoLeavesNothingBehind(t *testing.T) {
	ends := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // under nohup the demo ignores it, too
		ends = append(ends, syscall.SIGHUP)
	}
	for _, end := range ends {
		t.Run(end.String(), func(t *testing.T) {
			home := t.TempDir()
			for _, name := range []string{"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"} {
				t.Setenv(name, home)
			}
			d := startDemo(t)
			if tree(t, d.folder) == "" {
				t.Error("the demo keeps nothing in its temporary folder: this test sees nothing")
			}
			if a := newPerson(t, d.WikiURL).get("/pages/customer-visit"); a.StatusCode != http.StatusOK {
				t.Errorf("the wiki: %s", a.Status)
			}
			d.stop(end)
			if left := tree(t, d.folder) + tree(t, home); left != "" {
				t.Errorf("left behind:\n%s", left)
			}
			for _, at := range []string{d.WikiURL, d.GatewayURL, d.OdooURL} {
				if resp, err := http.Get(at); err == nil {
					resp.Body.Close()
					t.Errorf("something still answers at %s", at)
				}
			}
		})
	}
}

// TestDemoBesideCaddy: a running Caddy is not disturbed, and the
// configuration that it has saved stays as it is.
func TestDemoBesideCaddy(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"} {
		t.Setenv(name, home)
	}
	port, admin := freePort(t), freePort(t)
	// Both processes are told the same default admin endpoint.
	t.Setenv("CADDY_ADMIN", "127.0.0.1:"+admin)
	config := filepath.Join(t.TempDir(), "Caddyfile")
	if err := os.WriteFile(config, []byte("http://127.0.0.1:"+port+" {\n\trespond \"the other Caddy\"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	startCaddy(t, nil, serving, "run", "--config", config)
	saved := filepath.Join(home, "caddy", "autosave.json")
	before, written := savedConfig(t, saved)

	d := startDemo(t)
	if a := newPerson(t, d.WikiURL).get("/pages/customer-visit"); a.StatusCode != http.StatusOK {
		t.Errorf("the wiki: %s", a.Status)
	}
	// Two processes may listen on one address, and each gets some of the
	// connections: all of them must be answered by the other Caddy.
	for range 32 {
		if a := freshGet(t, "http://127.0.0.1:"+admin+"/config/"); !strings.Contains(a, "the other Caddy") {
			t.Fatalf("the admin endpoint of the other Caddy says %s", a)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	second := exec.Command(self, "odoo-gateway", "demo", "--listen", "127.0.0.1:"+port)
	second.Env = append(os.Environ(), asCaddy+"=1", "TMPDIR="+t.TempDir())
	if said, err := second.CombinedOutput(); err == nil || !strings.Contains(string(said), "already in use: choose another with --listen") {
		t.Errorf("on the other Caddy's port: %v\n%s", err, said)
	}
	d.stop(syscall.SIGTERM)

	if after, rewritten := savedConfig(t, saved); after != before || !rewritten.Equal(written) {
		t.Errorf("the saved configuration was %s\n%s\nand is %s\n%s", written, before, rewritten, after)
	}
	for _, at := range []string{"http://127.0.0.1:" + port, "http://127.0.0.1:" + admin + "/config/"} {
		if a := newPerson(t, at).get(""); a.StatusCode != http.StatusOK {
			t.Errorf("the other Caddy at %s: %s", at, a.Status)
		}
	}
}

// freshGet reads an address over a connection of its own.
func freshGet(t *testing.T, at string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// savedConfig reads what Caddy has saved, and when.
func savedConfig(t *testing.T, path string) (string, time.Time) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), info.ModTime()
}

// TestDemoMistakes: each ends with a sentence that names the flag.
func TestDemoMistakes(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--odoo-version", "15"}, "16, 17, 18, 19 and 20 can be simulated"},
		{[]string{"--odoo", "http://127.0.0.1:8069"}, "[odoo database]"},
		{[]string{"--database", "prod"}, "[odoo database]"},
		{[]string{"--odoo", "127.0.0.1:8069", "--database", "prod"}, "is not the URL of an Odoo"},
		{[]string{"--odoo", "http://127.0.0.1:8069/web", "--database", "prod"}, "is not the URL of an Odoo without a path"},
		{[]string{"--odoo", "http://127.0.0.1:8069", "--database", "prod", "--odoo-version", "17"}, "[odoo odoo-version]"},
		{[]string{"--listen", "0.0.0.0:8080"}, "it takes a loopback address"},
		{[]string{"--listen", "8080"}, "it takes a loopback address"},
		{[]string{"now"}, "unknown command"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self, append([]string{"odoo-gateway", "demo"}, c.args...)...)
			cmd.Env = append(os.Environ(), asCaddy+"=1", "TMPDIR="+t.TempDir())
			said, err := cmd.CombinedOutput()
			if _, failed := err.(*exec.ExitError); !failed || !strings.Contains(string(said), c.says) {
				t.Errorf("%v:\n%s", err, said)
			}
		})
	}
}

// TestDemoSays: what people read, and the address they choose.
func TestDemoSays(t *testing.T) {
	port := freePort(t)
	var up strings.Builder
	startCaddy(t, []string{"TMPDIR=" + t.TempDir()}, func(line string) bool {
		up.WriteString(line)
		return strings.Contains(line, "Ctrl+C")
	}, "odoo-gateway", "demo", "--odoo-version", "17", "--listen", "127.0.0.1:"+port)
	for _, want := range []string{"http://localhost:" + port, "http://127.0.0.1:" + port, "demo, password demo", "Odoo 17",
		"http://127.0.0.1:" + port + console.Path, "admin, password admin", "database demo17", "reverse_proxy 127.0.0.1:", "login demo, api_key "} {
		if !strings.Contains(up.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, up.String())
		}
	}
	if a := newPerson(t, "http://127.0.0.1:"+port).get("/web/health"); a.StatusCode != http.StatusOK {
		t.Errorf("Odoo behind the gateway: %s", a.Status)
	}
}

// TestDemoElsewhere: with another loopback address the wiki still is at
// localhost.
func TestDemoElsewhere(t *testing.T) {
	for _, listen := range []string{"127.0.0.2:0", "127.0.0.3:" + freePort(t)} {
		d := startDemo(t, "--listen", listen)
		if !strings.HasPrefix(d.GatewayURL, "http://"+strings.TrimSuffix(listen, ":0")) {
			t.Errorf("the gateway is at %s", d.GatewayURL)
		}
		for _, at := range []string{d.WikiURL + "/pages/customer-visit", d.GatewayURL + "/web/login"} {
			if a := newPerson(t, "").get(at); a.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", at, a.Status)
			}
		}
	}
}

// TestDemoWay goes from the wiki's page to the shown record without a
// browser, before every simulated version.
func TestDemoWay(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			d := startDemo(t, "--odoo-version", fmt.Sprint(version))
			if d.RedirectURI != d.WikiURL+"/plugins/odoo-connector/callback.action" || d.ClientID == "" || d.ClientSecret == "" || d.OdooURL == "" {
				t.Errorf("it says %s", d.said())
			}
			p := newPerson(t, d.WikiURL)
			page := p.get("/pages/customer-visit")
			form := page.hidden()
			a := p.post("/servers/erp/authenticate", form)

			odooSide := *p
			odooSide.base = d.GatewayURL
			if !strings.HasPrefix(a.location(), d.GatewayURL+authorizePath) {
				t.Fatalf("Authenticate leads to %q", a.location())
			}
			login := odooSide.get(a.location()).location()
			a = odooSide.logIn(odoo{login: d.Login, password: d.Password}, login)
			a = odooSide.allow(odooSide.get(a.location()), "allow")
			back, err := url.Parse(a.location())
			if err != nil || !strings.HasPrefix(a.location(), d.RedirectURI+"?") {
				t.Fatalf("Allow leads to %q", a.location())
			}
			a = p.get("/plugins/odoo-connector/callback.action?" + back.RawQuery)
			if a.location() != "/pages/customer-visit" {
				t.Fatalf("the callback leads to %q", a.location())
			}
			page = p.get(a.location())
			for _, want := range []string{"Connected to", "Gemini Furniture", "Customer", "Sales order", d.GatewayURL + "/web#id="} {
				if !strings.Contains(page.text, want) {
					t.Errorf("the page lacks %q:\n%s", want, page.text)
				}
			}
		})
	}
}
