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
