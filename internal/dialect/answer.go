package dialect

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Write sends a JSON answer that no cache keeps, or shares between tokens where
// it keeps it after all, and no browser takes for anything else.
func Write(w http.ResponseWriter, status int, body []byte) {
	h, lines := w.Header(), [...]string{"application/json", "no-store", "nosniff", strconv.Itoa(len(body))}
	for i, name := range [...]string{"Content-Type", "Cache-Control", "X-Content-Type-Options", "Content-Length"} {
		h[name] = lines[i : i+1 : i+1]
	}
	h.Add("Vary", "Authorization")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone: nobody is left to tell
}

// size words a number of bytes.
func size(n int64) string {
	if n >= 1<<20 && n%(1<<20) == 0 {
		return strconv.FormatInt(n>>20, 10) + " MiB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// TooLarge is the failure of an answer of more than so many bytes.
func TooLarge(limit int64) *Failure {
	return &Failure{
		Kind: Invalid, Code: "answer_too_large",
		Message: "The answer is larger than " + size(limit) + "; ask for fewer records or fields",
	}
}

// FailureOf returns the *Failure in err; any other error is Internal and
// keeps its text to itself.
func FailureOf(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{Kind: Internal, Code: "internal_error", Message: "internal error"}
}

// CodeHeader is the header that names the kind of a failure, in words that stay
// the same in every dialect and version: the bodies of the older interfaces have
// no room for it.
const CodeHeader = "Odoo-Gateway-Code"

// Code names a failure of the request itself, where nothing has named it yet.
func Code(h http.Header, status int) {
	if status < 400 || h.Get(CodeHeader) != "" {
		return
	}
	code := "invalid_request"
	switch status {
	case http.StatusNotFound:
		code = "not_found"
	case http.StatusMethodNotAllowed:
		code = "method_not_allowed"
	case http.StatusRequestEntityTooLarge:
		code = "request_too_large"
	case http.StatusUnsupportedMediaType:
		code = "unsupported_media_type"
	}
	h.Set(CodeHeader, code)
}

// Announce sets the headers that belong to a failure: [CodeHeader];
// WWW-Authenticate, always for Unauthorized; and Retry-After for Unavailable
// and TooMany.
func (f *Failure) Announce(h http.Header) {
	if f.Code != "" {
		h.Set(CodeHeader, f.Code)
	}
	switch {
	case f.Challenge != "":
		h.Set("WWW-Authenticate", f.Challenge)
	case f.Kind == Unauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	}
	if f.Kind == Unavailable || f.Kind == TooMany {
		wait := math.Ceil(max(f.RetryAfter, time.Second).Seconds())
		h.Set("Retry-After", strconv.Itoa(int(wait)))
	}
}
