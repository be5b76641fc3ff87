package ceiling

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// closer notes that it was closed.
type closer struct {
	io.Reader
	closed *bool
}

func (c closer) Close() error { *c.closed = true; return nil }

func TestExchangeEndsWithItsAnswer(t *testing.T) {
	c := New()
	closed := false
	answers := c.Transport(tripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: closer{strings.NewReader("x"), &closed}}, nil
	}), "a", Limits{Calls: 1})
	r, err := http.NewRequest("GET", "http://odoo/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := answers.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	sent := false
	r.Body = closer{strings.NewReader("x"), &sent}
	if _, err := answers.RoundTrip(r); err != ErrFull || !sent {
		t.Errorf("a second at once: %v; its body closed: %v", err, sent)
	}
	if b, err := io.ReadAll(resp.Body); string(b) != "x" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	for range 2 {
		if err := resp.Body.Close(); err != nil || !closed {
			t.Errorf("the answer is closed: %v, %v", closed, err)
		}
	}
	wantIdle(t, c)
}

func TestExchangeFails(t *testing.T) {
	c, broken := New(), errors.New("broken")
	r, err := http.NewRequest("GET", "http://odoo/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Transport(tripper(func(*http.Request) (*http.Response, error) { return nil, broken }), "a", Limits{Calls: 1}).RoundTrip(r); err != broken {
		t.Error(err)
	}
	wantIdle(t, c)
	func() {
		defer func() { _ = recover() }()
		_, _ = c.Transport(tripper(func(*http.Request) (*http.Response, error) { panic("x") }), "a", Limits{Calls: 1}).RoundTrip(r)
	}()
	wantIdle(t, c)
}
