package caddymodule

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/connect"
)

// What somebody needs to connect an application is printed, or written to a
// file, in every format and without the secret.
func TestConnect(t *testing.T) {
	s := newSite(t)
	s.secret = "canary-client-secret"
	m := newMachine(t)
	m.start(s.caddyfile(), s.admin)
	run := func(want int, args ...string) string {
		t.Helper()
		out, errOut, status := m.odooGateway(append(append([]string{"connect"}, args...), "--address", s.admin)...)
		if status != want {
			t.Fatalf("%v: status %d: %s%s", args, status, out, errOut)
		}
		if strings.Contains(out+errOut, s.secret) {
			t.Errorf("%v tells the secret", args)
		}
		return out + errOut
	}
	if out := run(0, "--application", "wiki"); !strings.Contains(out, "Authorization URL") || !strings.Contains(out, connect.SecretPlace) {
		t.Errorf("printed %s", out)
	}
	var settings connect.Settings
	if err := json.Unmarshal([]byte(run(0, "--application", "wiki", "--json")), &settings); err != nil || settings.ClientID == "" || settings.Application != "wiki" {
		t.Errorf("%v: %+v", err, settings)
	}
	file := filepath.Join(t.TempDir(), "openapi.json")
	if out := run(0, "--application", "wiki", "--format", "openapi", "--output", file); out != "OpenAPI 3.1 is written to "+file+"\n" {
		t.Errorf("printed %q", out)
	}
	text, err := os.ReadFile(file)
	if err != nil || !json.Valid(text) || !strings.Contains(string(text), `"openapi": "3.1.0"`) || strings.Contains(string(text), s.secret) {
		t.Errorf("%v: wrote %.200s", err, text)
	}
	for _, test := range []struct{ args, says string }{
		{"--format curl", "say which --application"},
		{"--application nobody", "there is no application \"nobody\"; configured: wiki\n"},
		{"--application wiki --format nonsense", "is none of text, json, openapi, postman, n8n, n8n-credentials, forge, confluence, curl"},
		{"--application wiki --json --format curl", "--format says curl"},
		{"--application wiki --gateway none", "none"},
		{"--application wiki --output " + filepath.Dir(file), "is a directory"},
	} {
		if out := run(1, strings.Fields(test.args)...); !strings.Contains(out, test.says) {
			t.Errorf("%s: %s", test.args, out)
		}
	}
	for _, tt := range []struct {
		method, query string
		status        int
		want          string
	}{
		{"POST", "?application=wiki", 405, "use GET"},
		{"GET", "", 404, "there is no application"},
		{"GET", "?application=wiki&format=nonsense", 400, "is none of"},
		{"GET", "?name=wiki", 400, "unknown parameter"},
		{"GET", "?application=wiki&format=postman", 200, `"file":"wiki-postman_collection.json"`},
	} {
		if status, body := s.ask(t, tt.method, connectEndpoint+tt.query, "", nil); status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s %s: %d %.300s", tt.method, tt.query, status, body)
		}
	}
}

// A name that is not there is answered with those that are.
func TestNoApplication(t *testing.T) {
	for want, there := range map[string][]string{
		`there is no application "nope"; configured: nightly, wiki`: {"wiki", "nightly"},
		`there is no application "nope"; none is configured`:        nil,
	} {
		var s served
		for _, name := range there {
			s.settings.applications = append(s.settings.applications, application.Application{Name: name})
		}
		if err := s.noApplication("nope"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
