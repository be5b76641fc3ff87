package gateway

import "net/http"

// Upstream is what comes after the gateway in the route of one request: Odoo,
// and whatever stands between. It is valid while that request is served.
type Upstream interface {
	// RoundTripper carries calls for an application: they leave with one
	// fixed client address, whoever asks.
	http.RoundTripper
	// Browser carries calls in the name of the browser that made the request:
	// with its address, and forwarded headers where its peer is trusted.
	Browser() http.RoundTripper
	// Pass hands a request on, body and answer untouched.
	Pass(w http.ResponseWriter, r *http.Request) error
}
