package caddymodule

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-odoo/gateway/internal/audit"
)

// What the audit trail tells is counted where Caddy's own metrics are.
func TestMetrics(t *testing.T) {
	s, _ := newOdooSite(t)
	m := newMachine(t)
	p := m.start(s.caddyfile(), s.admin)
	base := "http://" + s.addr
	user := newPerson(t, base)
	code, err := user.authorize("xyz")
	if err != nil {
		t.Fatalf("%v\n%s", err, p.out)
	}
	got, err := redeem(user.client, base, code)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		req, err := http.NewRequest(http.MethodGet, base+"/restapi/1.0/object/res.partner/1?fields=['vat']", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+got.Access)
		res, err := user.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Fatalf("status %d", res.StatusCode)
		}
	}
	res, err := http.Get("http://" + s.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`odoo_gateway_events_total{application="wiki",event="consent",gateway="erp"} 1`,
		`odoo_gateway_events_total{application="wiki",event="code_redeemed",gateway="erp"} 1`,
		`odoo_gateway_events_total{application="wiki",event="scheme_denied",gateway="erp"} 2`,
		`odoo_gateway_refusals_total{application="wiki",code="field_not_allowed",gateway="erp"} 2`,
	} {
		if !strings.Contains(string(text), line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

// A registry takes the counters once: a configuration has one of its own.
func TestMetricsAreRegisteredOnce(t *testing.T) {
	registry := prometheus.NewRegistry()
	m, err := newMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	m.Record(t.Context(), audit.Event{Kind: audit.ClientAuthFailed, Gateway: "erp"})
	families, err := registry.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("%d families: %v", len(families), err)
	}
	if _, err := newMetrics(registry); err == nil {
		t.Error("the same counters were registered twice")
	}
}
