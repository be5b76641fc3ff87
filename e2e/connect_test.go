package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// startConnectSite is startClientsSite with an admin API.
func startConnectSite(t *testing.T) *site {
	t.Helper()
	sim := odootest.Start(odootest.Options{Version: 19})
	t.Cleanup(sim.Close)
	at, err := url.Parse(sim.URL)
	if err != nil {
		t.Fatal(err)
	}
	return startSiteWith(t, odoo{url: at, database: sim.Database(), login: "demo", password: "demo"}, strings.Replace(clientsCaddyfile, "admin off", "admin {OTHERHOST}", 1),
		"E2E_BATCH_KEY="+sim.NewAPIKey("demo", "batch", time.Now().AddDate(0, 0, 30)))
}

// connecting is what the command tells of an application.
func (s *site) connecting(t *testing.T, args ...string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, append([]string{"odoo-gateway", "connect", "--address", strings.TrimPrefix(s.other, "http://")}, args...)...)
	cmd.Env = append(os.Environ(), asCaddy+"=1", "XDG_DATA_HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return string(out)
}

// TestConnectCurl runs the lines that the gateway gives for curl, for an
// application with a secret, for one without, and for one that acts for itself.
func TestConnectCurl(t *testing.T) {
	t.Parallel()
	s := startConnectSite(t)
	for name, a := range map[string]app{"library": library, "native": native, "batch": batch} {
		script := filepath.Join(s.dir, name+".sh")
		if said := s.connecting(t, "--application", name, "--format", "curl", "--output", script); !strings.Contains(said, script) {
			t.Errorf("%s: %q", name, said)
		}
		cmd := exec.CommandContext(t.Context(), "/bin/sh", script)
		cmd.Env = append(os.Environ(), "CLIENT_SECRET="+a.secret)
		var complaint strings.Builder
		cmd.Stderr = &complaint
		input, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		output, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(output)
		if a.redirect != "" {
			at, err := lines.ReadString('\n')
			if err != nil {
				t.Fatalf("%s: %v: %s", name, err, complaint.String())
			}
			back, err := newPerson(t, s.base).visit(s.odoo, strings.TrimSpace(at))
			if err != nil {
				t.Fatal(err)
			}
			to, err := url.Parse(back)
			if err != nil || to.Query().Get("state") == "" || !strings.HasPrefix(back, a.redirect+"?") {
				t.Fatalf("%s: sent back to %s, %v", name, back, err)
			}
			entered := back // whole, as the browser shows it
			if name == "native" {
				entered = to.Query().Get("code")
			}
			if _, err := io.WriteString(input, entered+"\n"); err != nil {
				t.Fatal(err)
			}
		}
		input.Close()
		rest, err := io.ReadAll(lines)
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%s: %v: %s%s", name, err, rest, complaint.String())
		}
		answers := strings.Split(strings.TrimSpace(string(rest)), "\n")
		if len(answers) != 3 {
			t.Fatalf("%s: %d answers: %s", name, len(answers), rest)
		}
		var me struct{ Login string }
		var called []struct{ Name string }
		var found map[string][]struct{ Name string }
		for i, to := range []any{&me, &called, &found} {
			if err := json.Unmarshal([]byte(answers[i]), to); err != nil {
				t.Errorf("%s: %v: %s", name, err, answers[i])
			}
		}
		if me.Login != "demo" || len(called) == 0 || called[0].Name == "" || len(found["res.partner"]) == 0 {
			t.Errorf("%s answers %s", name, rest)
		}
	}
	for entered, want := range map[string]string{
		"http://127.0.0.1:1/back?code=x&state=y": "another question", "used": "invalid_grant",
	} {
		cmd := exec.CommandContext(t.Context(), "/bin/sh", filepath.Join(s.dir, "native.sh"))
		cmd.Stdin = strings.NewReader(entered + "\n")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v %s", entered, err, out)
		}
	}
}
