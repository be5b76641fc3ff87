// Package rpc is the gateway's client for Odoo: identity, and model calls
// over a session (call_kw). It sends its requests through the RoundTripper it
// is given with each call, so that it never dials anything itself.
package rpc
