package caddymodule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// statusClientClosedRequest is what reverse_proxy writes for a request whose
// context was cancelled.
const statusClientClosedRequest = 499

// errCancelled is a sub-request that was given up on the way, though the
// caller had not.
var errCancelled = fmt.Errorf("call was cancelled: %w", context.Canceled)

// recorder is the http.ResponseWriter of a sub-request. What comes next may
// flush from another goroutine, hence the lock.
type recorder struct {
	max    int64
	cancel context.CancelFunc // gives the call up

	mu     sync.Mutex
	header http.Header
	status int
	sent   http.Header // as it was when the final status was written
	body   bytes.Buffer
	err    error
}

func newRecorder(maxBytes int64, cancel context.CancelFunc) *recorder {
	return &recorder{max: maxBytes, cancel: cancel, header: make(http.Header)}
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter. A 1xx is no answer; one that
// switches protocols can not be recorded at all.
func (r *recorder) WriteHeader(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writeHeader(status)
}

func (r *recorder) writeHeader(status int) {
	if status == http.StatusSwitchingProtocols {
		r.fail(errors.New("answer switches protocols"))
		return
	}
	if r.status != 0 || status < 200 {
		return
	}
	r.status = status
	r.sent = r.header.Clone()
	if enc := r.sent.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		r.fail(errors.New("answer has a content encoding that was not asked for"))
	}
}

// Write implements io.Writer. It refuses what exceeds the limit.
func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writeHeader(http.StatusOK)
	if r.err == nil && int64(r.body.Len())+int64(len(p)) > r.max {
		r.fail(fmt.Errorf("answer is larger than %d bytes: %w", r.max, &http.MaxBytesError{Limit: r.max}))
	}
	if r.err != nil {
		return 0, r.err
	}
	return r.body.Write(p)
}

// FlushError is called through http.ResponseController; there is nothing to
// flush, and nothing wrong with asking.
func (r *recorder) FlushError() error { return nil }

// fail keeps the first error and gives the call up.
func (r *recorder) fail(err error) {
	if r.err == nil {
		r.err = err
		r.cancel()
	}
}

// failed returns why the answer can not be used.
func (r *recorder) failed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil && r.status == statusClientClosedRequest {
		return errCancelled
	}
	return r.err
}

// interrupted is the error of an exchange that failed, with the header of the
// answer where that had come.
func (r *recorder) interrupted(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sent == nil || r.status == statusClientClosedRequest {
		return err
	}
	return &rpc.Interrupted{Header: r.sent, Err: err}
}

// response returns what was recorded.
func (r *recorder) response(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status == 0 {
		return nil, errors.New("no answer was written")
	}
	h, body := r.sent, r.body.Bytes()
	for _, name := range ofConnection {
		delete(h, name)
	}
	return &http.Response{
		Status:        strconv.Itoa(r.status) + " " + http.StatusText(r.status),
		StatusCode:    r.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        h,
		Body:          newRecorded(body),
		ContentLength: int64(len(body)),
		Request:       req,
	}, nil
}

// ofConnection are headers of an answer that are about the connection it came
// over.
var ofConnection = [...]string{"Connection", "Keep-Alive", "Transfer-Encoding", "Trailer", "Upgrade", "Content-Length"}

// recorded is the body of an answer. It is all there, and whoever knows takes it
// as it is.
type recorded struct {
	bytes.Reader
	body []byte
}

func newRecorded(body []byte) *recorded {
	b := &recorded{body: body[:len(body):len(body)]}
	b.Reset(b.body)
	return b
}

// Bytes is the whole body.
func (b *recorded) Bytes() []byte { return b.body }

// Close implements io.Closer.
func (b *recorded) Close() error { return nil }
