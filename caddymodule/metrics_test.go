package caddymodule

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/ceiling"
	"github.com/caddy-odoo/gateway/internal/gateway"
)

// scrape reads the metrics of a running Caddy.
func scrape(t *testing.T, admin string) string {
	t.Helper()
	res, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %v: %s", res.StatusCode, err, text)
	}
	return string(text)
}

func expectLines(t *testing.T, when, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("%s: no line %s", when, line)
		}
	}
}

// What comes of requests, and what the audit trail tells, is counted where
// Caddy's own metrics are: from 0 on, and anew with each configuration.
func TestMetrics(t *testing.T) {
	s, _ := newOdooSite(t)
	m := newMachine(t)
	p := m.start(s.caddyfile(), s.admin)
	base := "http://" + s.addr
	expectLines(t, "at first", scrape(t, s.admin),
		`odoo_gateway_ending_keys{application="wiki",gateway="erp"} 0`,
		`odoo_gateway_refusals_total{application="wiki",code="field_not_allowed",gateway="erp"} 0`,
		`odoo_gateway_events_total{application="wiki",event="refresh_reuse",gateway="erp"} 0`,
		`odoo_gateway_authorizations{application="wiki",connection="session",gateway="erp"} 0`,
		`odoo_gateway_connections_ended_total{application="wiki",gateway="erp",reason="key_refused"} 0`,
		`odoo_gateway_requests_total{application="wiki",decision="refused",dialect="json2",gateway="erp",operation="read"} 0`,
		`odoo_gateway_token_grants_total{application="wiki",decision="failed",gateway="erp",grant_type="refresh_token"} 0`,
		`odoo_gateway_odoo_requests_total{gateway="erp",outcome="failed"} 0`,
		`odoo_gateway_odoo_calls_running{application="wiki",gateway="erp"} 0`,
		`odoo_gateway_odoo_calls_waiting{application="",gateway="erp"} 0`,
		`odoo_gateway_odoo_calls_refused_total{application="wiki",gateway="erp"} 0`,
		`odoo_gateway_odoo_calls_joined_total{application="wiki",gateway="erp"} 0`,
		`odoo_gateway_store_open 1`, `odoo_gateway_store_writable 1`, `odoo_gateway_store_failures_total 0`,
	)
	user, got := connected(t, base)
	get := func(path string, want int) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+got.Access)
		res, err := user.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Fatalf("%s: status %d", path, res.StatusCode)
		}
	}
	get("/restapi/1.0/object/res.partner/1?fields=['name']", http.StatusOK)
	for range 2 {
		get("/restapi/1.0/object/res.partner/1?fields=['vat']", http.StatusForbidden)
	}
	text := scrape(t, s.admin)
	expectLines(t, "then", text,
		`odoo_gateway_events_total{application="wiki",event="consent",gateway="erp"} 1`,
		`odoo_gateway_events_total{application="wiki",event="code_redeemed",gateway="erp"} 1`,
		`odoo_gateway_events_total{application="wiki",event="scheme_denied",gateway="erp"} 2`,
		`odoo_gateway_refusals_total{application="wiki",code="field_not_allowed",gateway="erp"} 2`,
		`odoo_gateway_requests_total{application="wiki",decision="allowed",dialect="restapi",gateway="erp",operation="read"} 1`,
		`odoo_gateway_requests_total{application="wiki",decision="refused",dialect="restapi",gateway="erp",operation="read"} 2`,
		`odoo_gateway_token_grants_total{application="wiki",decision="allowed",gateway="erp",grant_type="authorization_code"} 1`,
		`odoo_gateway_request_duration_seconds_count{dialect="restapi",gateway="erp",part="gateway"} 3`,
	)
	if strings.Contains(text, `odoo_gateway_odoo_requests_total{gateway="erp",outcome="answered"} 0`) {
		t.Error("no request to Odoo was counted")
	}

	// Strangers make no series, whatever they name.
	series := func(text string) int { return strings.Count(text, "\nodoo_gateway_") }
	attack := func() {
		for i := range 20 {
			made := fmt.Sprintf("x%d", i)
			_, _, _ = user.do(http.MethodGet, oauthBase+"authorize?"+url.Values{"client_id": {made}, "redirect_uri": {callback}, "response_type": {"code"}}.Encode(), nil)
			_, _, _ = user.do(http.MethodPost, oauthBase+"access_token", url.Values{"client_id": {made}, "client_secret": {made}, "grant_type": {made}})
			_, _, _ = user.do(http.MethodPost, oauthBase+"access_token", url.Values{"client_id": {"wiki"}, "client_secret": {"top-secret"}, "grant_type": {made}})
			get("/restapi/1.0/object/"+made+".model/1", http.StatusForbidden)
			get("/json/2/res.partner/"+made, http.StatusNotFound)
			_, _, _ = user.do(http.MethodGet, "/restapi/1.0/"+made, nil)
			_, _, _ = user.do(http.MethodGet, "/orestapi/"+made, nil)
		}
	}
	attack()
	before := series(scrape(t, s.admin))
	attack()
	if after := series(scrape(t, s.admin)); after != before || before > 1000 {
		t.Errorf("strangers have made %d series of %d", after, before)
	}

	// A reload takes the series of the old configuration along.
	s.inApplication = "consent trusted"
	if err := p.load(strings.ReplaceAll(s.caddyfile(), "application wiki {", "application pedia {")); err != nil {
		t.Fatal(err)
	}
	text = scrape(t, s.admin)
	expectLines(t, "after a reload", text,
		`odoo_gateway_events_total{application="pedia",event="consent",gateway="erp"} 0`, `odoo_gateway_store_open 1`)
	if strings.Contains(text, `application="wiki"`) || strings.Contains(p.out.String(), "duplicate metrics") {
		t.Error("series of a configuration that is gone are still there")
	}
}

// A registry takes the metrics once: a configuration has one of its own.
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
		t.Error("the same metrics were registered twice")
	}
}

// Names that are not configured have no series of their own, wherever they come
// from: administrators look for whatever they type.
func TestMetricsKnowConfiguredNamesOnly(t *testing.T) {
	registry := prometheus.NewRegistry()
	m, err := newMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	m.expect("erp", []application.Application{{Name: "wiki"}})
	count := func() (n int) {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			n += len(f.Metric)
		}
		return n
	}
	tell := func(application string) {
		m.Record(t.Context(), audit.Event{Kind: audit.AdministrationRead, Gateway: "erp", Application: application})
		m.Record(t.Context(), audit.Event{Kind: audit.ConnectionEnded, Gateway: "erp", Application: application, Detail: map[string]string{"reason": "key_refused"}})
		m.served(gateway.Outcome{Gateway: "erp", Application: application, Dialect: gateway.DialectJSON2, Operation: "read", Decision: gateway.Refused, GrantType: "refresh_token"})
	}
	tell("made-0")
	before := count()
	for i := range 100 {
		tell(fmt.Sprint("made-", i))
	}
	tell("wiki")
	if after := count(); after != before {
		t.Errorf("%d series, before %d", after, before)
	}
}

// What a ceiling tells has a series for each application that is configured, and
// for the gateway itself, and for nobody else.
func TestCallsAreTold(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(callMetrics{
		calls: func(gateway string) map[string]ceiling.Stats {
			return map[string]ceiling.Stats{"wiki": {Running: 2, Waiting: 3, Refused: 4}, "": {Running: 1}, "gone": {Running: 9}}
		},
		applications: map[string]map[string]bool{"erp": {"wiki": true, "other": true}},
	})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := strings.TrimPrefix(f.GetName(), "odoo_gateway_odoo_calls_")
			got[name] += fmt.Sprint(" ", m.Label[0].GetValue(), "=", m.GetGauge().GetValue()+m.GetCounter().GetValue())
		}
	}
	want := map[string]string{"running": " =1 other=0 wiki=2", "waiting": " =0 other=0 wiki=3", "refused_total": " =0 other=0 wiki=4"}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Who is answered by the call of another request has waited for Odoo, too.
func TestWaitForAnotherRequestsCallIsCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	m, err := newMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	m.served(gateway.Outcome{Gateway: "erp", Dialect: gateway.DialectJSON2, Decision: gateway.Allowed, Odoo: time.Second, Duration: time.Second})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	waited := map[string]float64{}
	for _, f := range families {
		for _, metric := range f.Metric {
			for _, label := range metric.Label {
				if label.GetName() == "part" {
					waited[label.GetValue()] += metric.GetHistogram().GetSampleSum()
				}
			}
		}
	}
	if waited[partOdoo] != 1 || waited[partGateway] != 0 {
		t.Errorf("%v", waited)
	}
}
