//go:build realodoo

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// doctorCaddyfile has a gateway that is right, and one that names a database
// which is not there and before which somebody takes away what Odoo knows
// people's address by.
const doctorCaddyfile = `{
	admin {OTHERHOST}
	persist_config off
	auto_https off
	odoo_gateway {
		store badger {DIR}/grants
		gateway right {
			issuer https://right.example.com
			database {DATABASE}
		}
		gateway wrong {
			issuer https://wrong.example.com
			database no_such_database
		}
	}
}
`

// TestRealDoctor: what the doctor reads out of Odoo's pages, a real one writes.
func TestRealDoctor(t *testing.T) {
	o := realOdoo(t)
	port := freePort(t)
	sites := `
http://right.example.com:` + port + ` {
	bind 127.0.0.1
	odoo_gateway right
	reverse_proxy ` + o.url.Host + `
}

http://wrong.example.com:` + port + ` {
	bind 127.0.0.1
	odoo_gateway wrong
	reverse_proxy ` + o.url.Host + ` {
		header_up -X-Forwarded-Host
	}
}
`
	s := startSiteWith(t, o, doctorCaddyfile+sites)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	look := func(gateway string) map[string]string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), self, "odoo-gateway", "doctor", "--json", "--gateway", gateway, "--address", strings.TrimPrefix(s.other, "http://"))
		cmd.Env = append(os.Environ(), asCaddy+"=1")
		out, _ := cmd.Output() // fails where there is a problem
		var d struct {
			Gateways []struct {
				Findings []struct{ Part, Status, Text string }
			}
		}
		if err := json.Unmarshal(out, &d); err != nil || len(d.Gateways) != 1 {
			t.Fatalf("%v: %s", err, out)
		}
		found := make(map[string]string)
		for _, f := range d.Gateways[0].Findings {
			found[f.Part] = f.Status + " " + f.Text
		}
		return found
	}
	for gateway, want := range map[string]map[string]string{
		"right": {
			"odoo": "ok answers, version ", "clock": "ok ", "database": "ok " + o.database + " is there",
			"proxy mode": "ok Odoo knows that it is https://right.example.com",
		},
		"wrong": {
			"odoo": "ok ", "database": "problem Odoo has no database no_such_database",
			"proxy mode": "problem Odoo takes itself for http://wrong.example.com: it does not see that people come by https",
		},
	} {
		found := look(gateway)
		for part, text := range want {
			if !strings.HasPrefix(found[part], text) {
				t.Errorf("%s: %s: %q, want %q", gateway, part, found[part], text)
			}
		}
	}
}
