package caddymodule

import (
	"os"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

func TestExampleIsFormattedAndValid(t *testing.T) {
	data, err := os.ReadFile("../Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	if formatted := string(caddyfile.Format(data)); formatted != string(data) {
		t.Errorf("caddy fmt would change it to\n%s", formatted)
	}
	m := newMachine(t, "CONFLUENCE_SECRET=secret", "ODOO_GATEWAY_SEAL_KEY="+strings.Repeat("0f", 32))
	out, err := m.caddy("validate", "--config", m.write("Caddyfile", string(data)))
	if err != nil || !strings.Contains(out, "Valid configuration") {
		t.Fatalf("%v\n%s", err, out)
	}

	// Without its secrets it says which one is missing.
	m = newMachine(t, "ODOO_GATEWAY_SEAL_KEY="+strings.Repeat("0f", 32))
	out, err = m.caddy("validate", "--config", m.write("Caddyfile", string(data)))
	if err == nil || !strings.Contains(out, "gateway erp: application confluence: client_secret: placeholder {env.CONFLUENCE_SECRET} is unset or empty") {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestPackageDocIsFormattedAndValid: what the package's documentation shows.
func TestPackageDocIsFormattedAndValid(t *testing.T) {
	source, err := os.ReadFile("app.go")
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	for line := range strings.Lines(string(source)) {
		code, ok := strings.CutPrefix(line, "//\t")
		switch {
		case ok:
			file.WriteString(code)
		case line == "//\n" && file.Len() > 0:
			file.WriteString("\n")
		}
		if strings.HasPrefix(line, "package ") {
			break
		}
	}
	text := strings.TrimSpace(file.String()) + "\n"
	if formatted := string(caddyfile.Format([]byte(text))); formatted != text {
		t.Errorf("caddy fmt would change it to\n%s", formatted)
	}
	m := newMachine(t)
	secret := m.write("wiki.secret", "secret")
	text = strings.Replace(text, "/etc/caddy/wiki.secret", secret, 1)
	if out, err := m.caddy("validate", "--config", m.write("Caddyfile", text)); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
