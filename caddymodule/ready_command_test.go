package caddymodule

import (
	"net/http"
	"strings"
	"testing"
)

// TestReady: a health check needs no name of a gateway, leaves nothing in the audit
// trail, and fails where the store is not there.
func TestReady(t *testing.T) {
	s := newSite(t)
	s.options = "gateway staging {\nissuer http://127.0.0.1:1\ndatabase staging\n}"
	m := newMachine(t)
	p := m.start(s.caddyfile(), s.admin)
	serves(t, s)
	for range 3 {
		if out, errOut, status := m.odooGateway("ready", "--address", s.admin); status != 0 || out != "ready\n" || errOut != "" {
			t.Errorf("status %d: %s%s", status, out, errOut)
		}
	}
	for _, gateway := range []string{"erp", "staging"} {
		out, errOut, status := m.odooGateway("audit", "list", "--all", "--gateway", gateway, "--json", "--address", s.admin)
		if status != 0 || strings.Contains(out, "administration_read") || !strings.Contains(out, "gateway_started") {
			t.Errorf("status %d: the audit trail has %s%s", status, out, errOut)
		}
	}
	res, err := http.Get("http://" + s.admin + readyEndpoint + "?gateway=erp")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("a parameter: status %d", res.StatusCode)
	}
	p.stop()
	if out, errOut, status := m.odooGateway("ready", "--address", s.admin); status != 1 || out != "" || !strings.Contains(errOut, "no Caddy answers") {
		t.Errorf("stopped: status %d: %s%s", status, out, errOut)
	}

	// A store that is out of reach, which Caddy starts with all the same.
	s.options = "store postgres \"host=127.0.0.1 port=1 dbname=grants user=gateway\"\nseal_key " + strings.Repeat("ab", 32)
	m.start(s.caddyfile(), s.admin)
	serves(t, s)
	if out, errOut, status := m.odooGateway("ready", "--address", s.admin); status != 1 || out != "" || !strings.Contains(errOut, "gateway erp is not ready") {
		t.Errorf("without its store: status %d: %s%s", status, out, errOut)
	}
}
