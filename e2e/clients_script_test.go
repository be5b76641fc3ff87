//go:build clients

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// converse runs a client in another language and is its browser: the client
// writes one JSON text per line, {"visit": address} or {"passed": step}, and
// reads {"at": address}. It must pass exactly these steps.
func converse(t *testing.T, s *site, cmd *exec.Cmd, steps ...string) {
	t.Helper()
	settings, err := json.Marshal(map[string]any{
		"issuer": s.base, "login": s.login, "authorize": s.base + authorizePath, "token": s.base + tokenPath, "revoke": s.base + revokePath,
		"library": library.settings(), "native": native.settings(), "hasty": hasty.settings(), "batch": batch.settings(),
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "SETTINGS="+string(settings))
	var complaint bytes.Buffer
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
	var passed []string
	for lines := bufio.NewScanner(output); lines.Scan(); {
		var line struct{ Visit, Passed string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Errorf("the client says %q", lines.Text())
			continue
		}
		if line.Passed != "" {
			passed = append(passed, line.Passed)
			continue
		}
		at, err := newPerson(t, s.base).visit(s.odoo, line.Visit)
		if err != nil {
			t.Errorf("sent to %s: %v", line.Visit, err)
		}
		answer, err := json.Marshal(map[string]string{"at": at})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(input, "%s\n", answer)
	}
	input.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, complaint.String())
	}
	if !slices.Equal(passed, steps) {
		t.Errorf("passed %q, want %q", passed, steps)
	}
}

func (a app) settings() map[string]string {
	return map[string]string{"client_id": a.id, "secret": a.secret, "redirect_uri": a.redirect}
}

// TestClientNode drives the gateway with npm's oauth4webapi, installed as the
// lock file says, in a copy of its folder.
func TestClientNode(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("clients", "node"))); err != nil {
		t.Fatal(err)
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	node := exec.CommandContext(t.Context(), "node", "flow.mjs")
	node.Dir = dir
	converse(t, startClientsSite(t), node,
		"discovery", "resource metadata", "client_secret_basic", "client_secret_post", "none", "client_credentials", "replay", "errors")
}

// TestClientPython drives the gateway with requests-oauthlib, which Debian
// packages for its own Python.
func TestClientPython(t *testing.T) {
	python := exec.CommandContext(t.Context(), "/usr/bin/python3", filepath.Join("clients", "python", "flow.py"))
	converse(t, startClientsSite(t), python, "web_application", "automatic_refresh", "client_credentials", "abandoned_grants", "oauth1")
}
