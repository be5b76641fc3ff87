// Package httphook lets a handler look at, and change, the header of an
// answer that something else writes, without standing in the way of its body.
package httphook

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// Before is called with the status and the header of an answer, right before
// they are sent. It may change the header.
type Before func(status int, header http.Header)

// Writer is a [http.ResponseWriter] that calls a [Before] once, for the final
// status: informational answers (1xx) pass without it, 101 Switching Protocols
// is final. Body, flushes, hijacking, HTTP/2 pushes and trailers reach the
// wrapped writer untouched; what that one can not do stays impossible, with
// the error that it gives.
type Writer struct {
	http.ResponseWriter
	before Before
	final  bool
}

// New wraps w. The hook is called at most once.
func New(w http.ResponseWriter, before Before) *Writer {
	return &Writer{ResponseWriter: w, before: before}
}

// WriteHeader implements http.ResponseWriter.
func (w *Writer) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		w.fire(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	w.fire(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// ReadFrom implements io.ReaderFrom, so that the kernel may still move the
// body where the wrapped writer lets it.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	w.fire(http.StatusOK)
	if rf, ok := w.ResponseWriter.(io.ReaderFrom); ok {
		return rf.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{w.ResponseWriter}, r)
}

// FlushError is what [http.ResponseController] calls. A flush sends the
// header where it has not been sent yet.
func (w *Writer) FlushError() error {
	w.fire(http.StatusOK)
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Flush implements http.Flusher.
func (w *Writer) Flush() { _ = w.FlushError() }

// Hijack implements http.Hijacker.
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Push implements http.Pusher.
func (w *Writer) Push(target string, opts *http.PushOptions) error {
	if p, ok := w.ResponseWriter.(http.Pusher); ok {
		return p.Push(target, opts)
	}
	return http.ErrNotSupported
}

// Unwrap lets [http.ResponseController] reach the wrapped writer.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// fire calls the hook where it has not been called yet.
func (w *Writer) fire(status int) {
	if w.final {
		return
	}
	w.final = true
	w.before(status, w.ResponseWriter.Header())
}

// Interface guards
var (
	_ http.ResponseWriter = (*Writer)(nil)
	_ http.Flusher        = (*Writer)(nil)
	_ http.Hijacker       = (*Writer)(nil)
	_ http.Pusher         = (*Writer)(nil)
	_ io.ReaderFrom       = (*Writer)(nil)
)
