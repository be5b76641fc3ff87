package gateway

import (
	"net/http"
	"slices"
)

// tooEarly tells whether a request has come before its TLS handshake was complete,
// as HTTP/3 allows. Whoever has seen such a request on its way can send it once more,
// and its address may be made up; Odoo knows nothing of that, so that nobody else
// would look (RFC 8470, sections 3 and 6.1). One that a proxy before us has received
// early is from that proxy's address: where it changes nothing it may come twice.
func tooEarly(r *http.Request) bool {
	if r.TLS != nil && !r.TLS.HandshakeComplete {
		return true
	}
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	return !safe && slices.Contains(r.Header["Early-Data"], "1")
}

// sendAgain refuses a request that is too early: its client sends it again by itself
// when the handshake is complete. Nothing is counted or written for an address that
// may be made up.
func sendAgain(w http.ResponseWriter) {
	writeError(w, http.StatusTooEarly, "the TLS handshake is not complete: send the request again when it is")
}
