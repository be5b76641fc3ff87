package gateway

import (
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	// bodyPatience is how long the body of a request to the gateway itself may
	// take, whatever its size, and bodyRate how many bytes earn a second more: who
	// sends one byte now and then holds no connection for long.
	bodyPatience = 30 * time.Second
	bodyRate     = 4 << 10
)

// paced lets a client take only so long for the body of its request.
func (g *Gateway) paced(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.ContentLength == 0 {
		return
	}
	r.Body = &pacedBody{ReadCloser: r.Body, until: http.NewResponseController(w).SetReadDeadline, begun: time.Now(), patience: g.patience}
}

// pacedBody gives each read the time that is left. A connection that can not be
// told is left alone.
type pacedBody struct {
	io.ReadCloser
	until    func(time.Time) error
	begun    time.Time
	patience time.Duration
	read     int64
	over     bool
}

// Read implements io.Reader.
func (b *pacedBody) Read(p []byte) (int, error) {
	if !b.over {
		earned := time.Duration(b.read) * time.Second / bodyRate
		_ = b.until(b.begun.Add(b.patience + earned))
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if errors.Is(err, io.EOF) && !b.over {
		// What is left of the time is none of the answer's.
		b.over = true
		_ = b.until(time.Time{})
	}
	return n, err
}
