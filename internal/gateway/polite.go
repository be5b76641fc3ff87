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

// of is the upstream of an application's calls.
func (p polite) of(application string) Upstream {
	p.queue = application
	return p
}

// RoundTrip implements http.RoundTripper.
func (p polite) RoundTrip(r *http.Request) (*http.Response, error) {
	return p.service.ceiling.Transport(p.Upstream, p.queue, p.service.calls).RoundTrip(r)
}

// Browser implements Upstream.
func (p polite) Browser() http.RoundTripper {
	return p.service.ceiling.Transport(p.Upstream.Browser(), "", p.service.calls)
}
