package caddymodule

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-odoo/gateway/internal/audit"
)

// metrics counts what the audit trail tells, and keys that end soon, for Caddy's
// metrics endpoint.
// Its labels are configured names and words of the code: nothing that somebody
// sends makes a new series.
type metrics struct {
	events   *prometheus.CounterVec
	refusals *prometheus.CounterVec
	ending   *prometheus.GaugeVec
}

// newMetrics registers the counters of one configuration, which has a registry
// of its own.
func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "odoo_gateway", Name: "events_total",
			Help: "Events of the audit trail, by kind.",
		}, []string{"gateway", "application", "event"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "odoo_gateway", Name: "refusals_total",
			Help: "Calls that a model scheme has refused, by the code of the refusal.",
		}, []string{"gateway", "application", "code"}),
		ending: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "odoo_gateway", Name: "ending_keys",
			Help: "API keys of connections that end within 30 days, as last counted.",
		}, []string{"gateway", "application"}),
	}
	for _, c := range []prometheus.Collector{m.events, m.refusals, m.ending} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Record implements audit.Recorder.
func (m *metrics) Record(_ context.Context, e audit.Event) {
	m.events.WithLabelValues(e.Gateway, e.Application, string(e.Kind)).Inc()
	if e.Kind == audit.SchemeDenied {
		m.refusals.WithLabelValues(e.Gateway, e.Application, e.Detail["code"]).Inc()
	}
}

// endingKeys is told how many keys of a gateway end soon, by application.
func (m *metrics) endingKeys(gateway string, counts map[string]int) {
	for application, n := range counts {
		m.ending.WithLabelValues(gateway, application).Set(float64(n))
	}
}

// Interface guards
var _ audit.Recorder = (*metrics)(nil)
