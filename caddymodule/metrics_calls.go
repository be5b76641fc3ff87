package caddymodule

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-odoo/gateway/internal/ceiling"
)

// callMetrics tell of the calls of Odoo under the ceilings, whenever somebody
// asks. A ceiling outlives configurations, and so do its numbers; only what is
// configured now has a series.
type callMetrics struct {
	// calls are those of one gateway, by application; "" is the gateway itself.
	calls func(gateway string) map[string]ceiling.Stats
	// applications are the configured ones of each gateway.
	applications map[string]map[string]bool
}

var (
	callLabels = []string{"gateway", "application"}

	callsRunning = prometheus.NewDesc("odoo_gateway_odoo_calls_running", "Calls that run in Odoo.", callLabels, nil)
	callsWaiting = prometheus.NewDesc("odoo_gateway_odoo_calls_waiting", "Calls that wait for their turn in Odoo.", callLabels, nil)
	callsRefused = prometheus.NewDesc("odoo_gateway_odoo_calls_refused_total", "Calls that have not come to their turn in Odoo.", callLabels, nil)
)

// Describe implements prometheus.Collector.
func (callMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{callsRunning, callsWaiting, callsRefused} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m callMetrics) Collect(to chan<- prometheus.Metric) {
	for gateway, applications := range m.applications {
		calls := m.calls(gateway)
		tell := func(application string) {
			s := calls[application]
			to <- prometheus.MustNewConstMetric(callsRunning, prometheus.GaugeValue, float64(s.Running), gateway, application)
			to <- prometheus.MustNewConstMetric(callsWaiting, prometheus.GaugeValue, float64(s.Waiting), gateway, application)
			to <- prometheus.MustNewConstMetric(callsRefused, prometheus.CounterValue, float64(s.Refused), gateway, application)
		}
		tell("")
		for application := range applications {
			tell(application)
		}
	}
}

// Interface guards
var _ prometheus.Collector = callMetrics{}
