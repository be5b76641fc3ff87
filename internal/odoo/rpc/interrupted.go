package rpc

import (
	"errors"
	"net/http"
)

// Interrupted is the error of a RoundTripper for an answer whose header came and
// whose body did not come whole. Odoo has done then what it was asked; and where
// it has moved the session to another id, it tells nobody a second time.
type Interrupted struct {
	// Header is that of the answer.
	Header http.Header
	// Err is what went wrong.
	Err error
}

// Error implements error.
func (e *Interrupted) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *Interrupted) Unwrap() error { return e.Err }

// interruptedCookie is the session cookie of an answer that was interrupted, nil
// where there is none.
func interruptedCookie(err error) *http.Cookie {
	if e, ok := errors.AsType[*Interrupted](err); ok {
		return SessionCookie(e.Header)
	}
	return nil
}
