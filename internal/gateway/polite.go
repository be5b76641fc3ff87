package gateway

import "net/http"

// polite is an upstream whose calls keep to the ceiling.
type polite struct {
	Upstream
	service *service
	// queue is the application that calls; "" is the gateway itself, in the
	// name of a browser or before it knows who asks.
	queue string
}

// under is a transport under the ceiling, in the queue of an application; "" is
// the gateway's own.
func (s *service) under(rt http.RoundTripper, queue string) http.RoundTripper {
	return s.ceiling.Transport(rt, queue, s.calls)
}

// of is the upstream of an application's calls.
func (p polite) of(application string) Upstream {
	p.queue = application
	return p
}

// RoundTrip implements http.RoundTripper.
func (p polite) RoundTrip(r *http.Request) (*http.Response, error) {
	queue := p.queue
	if app := traceOf(r.Context()).application(); queue == "" && app != nil {
		queue = app.Name // such as one that has proven itself, for new tokens
	}
	return p.service.under(p.Upstream, queue).RoundTrip(r)
}

// Browser implements Upstream.
func (p polite) Browser() http.RoundTripper {
	return p.service.under(p.Upstream.Browser(), "")
}
