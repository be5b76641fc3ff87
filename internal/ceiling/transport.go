package ceiling

import (
	"io"
	"net/http"
)

// Transport is next, under a ceiling: an exchange has its turn when it starts,
// and gives it back when its answer has been closed. One whose body has a method
// Bytes has come whole: it gives its turn back at once.
func (c *Ceiling) Transport(next http.RoundTripper, name string, limits Limits) http.RoundTripper {
	return &transport{ceiling: c, next: next, name: name, limits: limits}
}

type transport struct {
	ceiling *Ceiling
	next    http.RoundTripper
	name    string
	limits  Limits
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	leave, err := t.ceiling.Enter(r.Context(), t.name, t.limits)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // as the interface demands
		}
		return nil, err
	}
	left := leave
	defer func() { left() }() // also where next panics
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if _, ok := resp.Body.(interface{ Bytes() []byte }); ok {
		return resp, nil // it is all there: Odoo has done with it
	}
	left = func() {}
	resp.Body = &body{ReadCloser: resp.Body, leave: leave}
	return resp, nil
}

// body ends an exchange.
type body struct {
	io.ReadCloser
	leave func()
}

// Close implements io.Closer.
func (b *body) Close() error {
	defer b.leave()
	return b.ReadCloser.Close()
}
