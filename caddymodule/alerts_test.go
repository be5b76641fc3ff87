package caddymodule

import (
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"
)

// fakeStats is a store that is doing as told.
type fakeStats struct {
	database
	tells storeStats
}

func (f fakeStats) stats() (storeStats, bool) { return f.tells, true }

// fires tells whether a rule gives anything for metrics that have no labels: metrics
// that are there, or are there with a value, joined by and and unless from the left.
func fires(t *testing.T, expression string, have map[string]float64) (is bool) {
	t.Helper()
	joined := "and"
	is = true
	words := strings.Fields(expression)
	for i := 0; i < len(words); i++ {
		value, there := have[words[i]]
		if i+2 < len(words) && words[i+1] == "==" {
			want, err := strconv.ParseFloat(words[i+2], 64)
			if err != nil {
				t.Fatalf("%s: %v", expression, err)
			}
			there = there && value == want
			i += 2
		}
		is = is && there == (joined == "and")
		if i++; i < len(words) {
			if joined = words[i]; joined != "and" && joined != "unless" {
				t.Fatalf("%s: can not tell what %s is", expression, joined)
			}
		}
	}
	return is
}

// TestAlertsTellTheStoresApart: of what is wrong with a store one alert tells, the one
// that says what it is.
func TestAlertsTellTheStoresApart(t *testing.T) {
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal([]byte(readPage(t, "../docs/alerts.yml")), &rules); err != nil {
		t.Fatal(err)
	}
	text := readPage(t, "../docs/operations.md")
	for name, c := range map[string]struct {
		db   database // nil is not open
		free bool     // its free bytes are told
		want string
	}{
		"not open":                        {nil, false, "OdooGatewayStoreClosed"},
		"a directory":                     {fakeStats{tells: storeStats{writable: true, free: 1 << 30}}, true, ""},
		"a directory on a full disk":      {fakeStats{tells: storeStats{free: 1}}, true, "OdooGatewayDiskFull"},
		"on one that has not a byte":      {fakeStats{tells: storeStats{}}, true, "OdooGatewayDiskFull"},
		"a database":                      {fakeStats{tells: storeStats{remote: true, writable: true}}, false, ""},
		"a database that is out of reach": {fakeStats{tells: storeStats{remote: true}}, false, "OdooGatewayStoreOutOfReach"},
	} {
		registry := prometheus.NewRegistry()
		registry.MustRegister(storeMetrics{&pooledStore{db: c.db}})
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		have := make(map[string]float64)
		for _, f := range families {
			m := f.Metric[0]
			have[f.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
		if _, free := have["odoo_gateway_store_free_bytes"]; free != c.free {
			t.Errorf("%s: free bytes are told: %v, want %v", name, free, c.free)
		}
		var got []string
		for _, rule := range rules.Groups[0].Rules {
			if strings.Contains(rule.Expr, "odoo_gateway_store_") && !strings.Contains(rule.Expr, "failures") && fires(t, rule.Expr, have) {
				got = append(got, rule.Alert)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %q", name, got, c.want)
		}
		if c.want != "" && !strings.Contains(text, "`"+c.want+"`") {
			t.Errorf("docs/operations.md does not name %s", c.want)
		}
	}
}
