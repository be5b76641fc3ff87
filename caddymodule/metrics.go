package caddymodule

import (
	"context"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/gateway"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// metrics counts what comes of requests and what the audit trail tells, for
// Caddy's metrics endpoint. A configuration has a registry of its own, which
// goes with it: counters begin anew at a reload, as Prometheus expects.
//
// Labels are configured names and words of the code: nothing that somebody
// sends makes a new series. What is known beforehand is there from the start, at
// 0, so that the first of something is an increase.
type metrics struct {
	requests    *prometheus.CounterVec
	seconds     *prometheus.HistogramVec
	odoo        *prometheus.CounterVec
	joined      *prometheus.CounterVec
	grants      *prometheus.CounterVec
	events      *prometheus.CounterVec
	refusals    *prometheus.CounterVec
	ended       *prometheus.CounterVec
	connections *prometheus.GaugeVec
	ending      *prometheus.GaugeVec

	configured map[string]map[string]bool // applications, by gateway

	mu     sync.RWMutex
	series map[outcomeLabels]*outcomeSeries // that requests have had so far
}

// outcomeLabels are what tells the series of one request from those of others:
// all of them are configured or words of the code.
type outcomeLabels struct {
	gateway, application, dialect, operation string
	decision                                 gateway.Decision
}

// outcomeSeries are the series of such requests. To find them by their labels
// takes longer than to count.
type outcomeSeries struct {
	requests         prometheus.Counter
	gateway, odoo    prometheus.Observer
	answered, failed prometheus.Counter
}

// latencies are the upper bounds of the buckets: the gateway itself takes less
// than a millisecond as a rule, and Odoo up to many seconds.
var latencies = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// The parts of the time that a request takes.
const (
	partGateway = "gateway"
	partOdoo    = "odoo"
)

// newMetrics registers the metrics of one configuration.
func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "odoo_gateway", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "odoo_gateway", Name: name, Help: help}, labels)
	}
	m := &metrics{
		requests: counter("requests_total", "Requests that the gateway has answered itself, by what it has made of them.",
			"gateway", "application", "dialect", "operation", "decision"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "odoo_gateway", Name: "request_duration_seconds", Buckets: latencies,
			Help: "Time that such requests have taken: the gateway's own part, and that of waiting for Odoo.",
		}, []string{"gateway", "dialect", "part"}),
		odoo: counter("odoo_requests_total", "Requests to Odoo that such requests have made, by whether Odoo has answered.",
			"gateway", "outcome"),
		joined: counter("odoo_calls_joined_total", "Calls of Odoo that were answered by the call of another request for the same.",
			"gateway", "application"),
		grants: counter("token_grants_total", "Requests for tokens by clients that have proven themselves.",
			"gateway", "application", "grant_type", "decision"),
		events: counter("events_total", "Events of the audit trail, by kind.",
			"gateway", "application", "event"),
		refusals: counter("refusals_total", "Calls that a model scheme has refused, by the code of the refusal.",
			"gateway", "application", "code"),
		ended: counter("connections_ended_total", "Sessions and API keys that Odoo has stopped to accept.",
			"gateway", "application", "reason"),
		connections: gauge("authorizations", "Authorizations that live, by the kind of their connection to Odoo, as last counted.",
			"gateway", "application", "connection"),
		ending: gauge("ending_keys", "API keys of connections that end within 30 days, as last counted.",
			"gateway", "application"),
		configured: make(map[string]map[string]bool), series: make(map[outcomeLabels]*outcomeSeries),
	}
	for _, c := range []prometheus.Collector{
		m.requests, m.seconds, m.odoo, m.joined, m.grants, m.events, m.refusals, m.ended, m.connections, m.ending,
	} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// expect makes what is known of a gateway beforehand.
func (m *metrics) expect(gatewayName string, applications []application.Application) {
	m.configured[gatewayName] = make(map[string]bool, len(applications))
	for _, dialect := range gateway.Dialects {
		m.seconds.WithLabelValues(gatewayName, dialect, partGateway)
		m.seconds.WithLabelValues(gatewayName, dialect, partOdoo)
	}
	for _, outcome := range []string{"answered", "failed"} {
		m.odoo.WithLabelValues(gatewayName, outcome)
	}
	for _, kind := range audit.Kinds {
		m.events.WithLabelValues(gatewayName, "", string(kind))
	}
	for _, app := range applications {
		m.configured[gatewayName][app.Name] = true
		for _, kind := range audit.Kinds {
			m.events.WithLabelValues(gatewayName, app.Name, string(kind))
		}
		for _, decision := range gateway.Decisions {
			for _, dialect := range []string{gateway.DialectRestapi, gateway.DialectOrestapi, gateway.DialectJSON2} {
				m.requests.WithLabelValues(gatewayName, app.Name, dialect, "read", string(decision))
			}
			for _, kind := range oauth.GrantTypes {
				m.grants.WithLabelValues(gatewayName, app.Name, kind, string(decision))
			}
		}
		for _, code := range scheme.Codes {
			m.refusals.WithLabelValues(gatewayName, app.Name, code)
		}
		for _, reason := range connection.Reasons {
			m.ended.WithLabelValues(gatewayName, app.Name, reason)
		}
		for _, kind := range gateway.ConnectionKinds {
			m.connections.WithLabelValues(gatewayName, app.Name, kind)
		}
		m.ending.WithLabelValues(gatewayName, app.Name)
		m.joined.WithLabelValues(gatewayName, app.Name)
	}
}

// known is an application as a label: what is not configured, such as one that
// was renamed and whose authorizations somebody looks through, has none of its own.
func (m *metrics) known(gatewayName, application string) string {
	if m.configured[gatewayName][application] {
		return application
	}
	return ""
}

// served counts a request.
func (m *metrics) served(o gateway.Outcome) {
	application := m.known(o.Gateway, o.Application)
	s := m.seriesOf(outcomeLabels{o.Gateway, application, o.Dialect, o.Operation, o.Decision})
	s.requests.Inc()
	s.gateway.Observe(o.GatewayTime().Seconds())
	if o.OdooCalls > 0 || o.Odoo > 0 { // an answer may have come with another request's call
		s.odoo.Observe(o.Odoo.Seconds())
		s.answered.Add(float64(o.OdooCalls - o.OdooFailed))
		s.failed.Add(float64(o.OdooFailed))
	}
	if o.OdooJoined > 0 {
		m.joined.WithLabelValues(o.Gateway, application).Add(float64(o.OdooJoined))
	}
	if o.GrantType != "" {
		m.grants.WithLabelValues(o.Gateway, application, o.GrantType, string(o.Decision)).Inc()
	}
}

// seriesOf finds series, and remembers them.
func (m *metrics) seriesOf(l outcomeLabels) *outcomeSeries {
	m.mu.RLock()
	s := m.series[l]
	m.mu.RUnlock()
	if s != nil {
		return s
	}
	s = &outcomeSeries{
		requests: m.requests.WithLabelValues(l.gateway, l.application, l.dialect, l.operation, string(l.decision)),
		gateway:  m.seconds.WithLabelValues(l.gateway, l.dialect, partGateway),
		odoo:     m.seconds.WithLabelValues(l.gateway, l.dialect, partOdoo),
		answered: m.odoo.WithLabelValues(l.gateway, "answered"),
		failed:   m.odoo.WithLabelValues(l.gateway, "failed"),
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.series[l] = s
	return s
}

// Record implements audit.Recorder.
func (m *metrics) Record(_ context.Context, e audit.Event) {
	application := m.known(e.Gateway, e.Application)
	m.events.WithLabelValues(e.Gateway, application, string(e.Kind)).Inc()
	switch e.Kind {
	case audit.SchemeDenied:
		m.refusals.WithLabelValues(e.Gateway, application, e.Detail["code"]).Inc()
	case audit.ConnectionEnded:
		m.ended.WithLabelValues(e.Gateway, application, e.Detail["reason"]).Inc()
	}
}

// counted is told what the store holds for each application of a gateway.
func (m *metrics) counted(gatewayName string, census map[string]gateway.Census) {
	for application, c := range census {
		m.ending.WithLabelValues(gatewayName, application).Set(float64(c.EndingKeys))
		for kind, n := range c.Connections {
			m.connections.WithLabelValues(gatewayName, application, kind).Set(float64(n))
		}
	}
}

// storeMetrics tells how the store is doing, whenever somebody asks. The store
// outlives configurations, and so do its numbers.
type storeMetrics struct {
	store *pooledStore
}

var (
	storeOpen     = prometheus.NewDesc("odoo_gateway_store_open", "1 while the store is open.", nil, nil)
	storeWritable = prometheus.NewDesc("odoo_gateway_store_writable", "1 while the disk has room for new grants, or the server of the store is in reach.", nil, nil)
	storeBytes    = prometheus.NewDesc("odoo_gateway_store_bytes", "Bytes that the store takes.", nil, nil)
	storeFree     = prometheus.NewDesc("odoo_gateway_store_free_bytes", "Bytes that are free on the disk of the store.", nil, nil)
	storeFailures = prometheus.NewDesc("odoo_gateway_store_failures_total", "Failures to read or write since the store was opened.", nil, nil)
)

// Describe implements prometheus.Collector.
func (storeMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{storeOpen, storeWritable, storeBytes, storeFree, storeFailures} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m storeMetrics) Collect(to chan<- prometheus.Metric) {
	s, open := m.store.stats()
	is := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	to <- prometheus.MustNewConstMetric(storeOpen, prometheus.GaugeValue, is(open))
	to <- prometheus.MustNewConstMetric(storeWritable, prometheus.GaugeValue, is(open && s.writable))
	to <- prometheus.MustNewConstMetric(storeBytes, prometheus.GaugeValue, float64(s.bytes))
	if open && !s.remote { // by which the rules of alerts know what is not writable
		to <- prometheus.MustNewConstMetric(storeFree, prometheus.GaugeValue, float64(s.free))
	}
	to <- prometheus.MustNewConstMetric(storeFailures, prometheus.CounterValue, float64(s.failures))
}

// Interface guards
var (
	_ audit.Recorder       = (*metrics)(nil)
	_ prometheus.Collector = storeMetrics{}
)
