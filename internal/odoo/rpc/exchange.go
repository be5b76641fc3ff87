package rpc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// request builds a fresh request: nothing of any client's request is in it.
func (c *Client) request(ctx context.Context, s Session, x exchange) *http.Request {
	header := x.header
	if header == nil {
		header = make(http.Header, 3)
	}
	header["Content-Type"] = []string{"application/json"}
	header["User-Agent"] = []string{s.UserAgent}
	if !x.anonymous {
		header["Cookie"] = []string{CookieName + "=" + s.ID}
	}
	req := post.WithContext(ctx)
	req.URL, req.Host = &url.URL{Scheme: c.scheme, Host: c.host, Path: x.path}, c.host
	req.Header = header
	body := x.body
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return req
}

// post is what requests begin as: a copy with a context is made of it at once,
// and not of a request that was filled in before.
var post = &http.Request{Method: http.MethodPost, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}

// limit bounds an exchange. Its context is cancelled when the time is over
// and never expires: a proxy on the way counts an expired deadline as a
// failure of Odoo, a cancelled request not.
type limit struct {
	ctx    context.Context
	caller context.Context
	cancel context.CancelFunc
	timer  *time.Timer
	over   atomic.Bool
}

func newLimit(caller context.Context, d time.Duration) *limit {
	l := &limit{caller: caller}
	l.ctx, l.cancel = context.WithCancel(caller)
	l.timer = time.AfterFunc(d, func() {
		l.over.Store(true)
		l.cancel()
	})
	return l
}

func (l *limit) stop() {
	l.timer.Stop()
	l.cancel()
}

// failure classes an exchange that came to no whole answer. What is between us
// and Odoo may be the first to find that it is too large.
func (l *limit) failure(cause error) *odoo.Error {
	if large, ok := errors.AsType[*http.MaxBytesError](cause); ok {
		return tooLarge(large.Limit)
	}
	switch {
	case l.over.Load(), errors.Is(l.caller.Err(), context.DeadlineExceeded):
		return &odoo.Error{Kind: odoo.Unavailable, Message: "no answer in time", Err: cause}
	case l.caller.Err() != nil:
		return &odoo.Error{Kind: odoo.Canceled, Message: "the caller has gone", Err: cause}
	default:
		return &odoo.Error{Kind: odoo.Unavailable, Message: "no answer", Err: cause}
	}
}

// statusClientGone is what a proxy answers for a request that was cancelled.
const statusClientGone = 499

// read returns the body of an answer that is whole, plain JSON and not too
// large. Where bare is set, errors of Odoo's own come with their status.
func (c *Client) read(resp *http.Response, l *limit, bare bool) ([]byte, error) {
	switch status := resp.StatusCode; {
	case status == http.StatusOK, bare && bareStatus[status] && isJSON(resp):
	case status == statusClientGone:
		if l.caller.Err() == nil && !l.over.Load() {
			return nil, &odoo.Error{Kind: odoo.Canceled, Message: "the request was cancelled on the way"}
		}
		return nil, l.failure(fmt.Errorf("status %d", status))
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge:
		return nil, &odoo.Error{Kind: odoo.BadRequest, Message: fmt.Sprintf("status %d", status)}
	default:
		// Odoo answers 200 to every call it has understood. All else is
		// another server's word, or a page of Odoo's for people.
		return nil, &odoo.Error{Kind: odoo.Unavailable, Message: fmt.Sprintf("status %d", status)}
	}
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, &odoo.Error{Kind: odoo.Unavailable, Message: "the answer is encoded, though nobody asked for it"}
	}
	if !isJSON(resp) {
		return nil, &odoo.Error{Kind: odoo.Unavailable, Message: "the answer is no JSON"}
	}
	return c.whole(resp, l, "answer")
}

// whole reads a body that is neither too large nor cut short; what names it in
// errors.
func (c *Client) whole(resp *http.Response, l *limit, what string) ([]byte, error) {
	announced := announcedLength(resp)
	if announced > c.maxAnswer {
		return nil, tooLarge(c.maxAnswer)
	}
	body, err := c.bytesOf(resp, announced)
	switch {
	case int64(len(body)) > c.maxAnswer:
		return nil, tooLarge(c.maxAnswer)
	case err != nil:
		return nil, l.failure(fmt.Errorf("%s cut short: %w", what, err))
	case announced >= 0 && int64(len(body)) != announced:
		return nil, l.failure(fmt.Errorf("%s cut short: %d of %d bytes", what, len(body), announced))
	}
	return body, nil
}

// bytesOf reads a body, but no more of it than shows that it is too large. One
// that is all in memory is taken as it is.
func (c *Client) bytesOf(resp *http.Response, announced int64) ([]byte, error) {
	if b, ok := resp.Body.(interface{ Bytes() []byte }); ok {
		return b.Bytes(), nil
	}
	into := bytes.NewBuffer(make([]byte, 0, max(announced, 0)+bytes.MinRead))
	_, err := into.ReadFrom(io.LimitReader(resp.Body, c.maxAnswer+1))
	return into.Bytes(), err
}

func isJSON(resp *http.Response) bool {
	announced := resp.Header.Get("Content-Type")
	if announced == "application/json" { // as Odoo writes it
		return true
	}
	kind, _, err := mime.ParseMediaType(announced)
	return err == nil && kind == "application/json"
}

// tooLarge is the error of an answer of more than so many bytes. Its cause is
// a *http.MaxBytesError, which tells how many.
func tooLarge(limit int64) *odoo.Error {
	return &odoo.Error{
		Kind: odoo.TooLarge, Message: fmt.Sprintf("the answer is larger than %d bytes", limit), Err: &http.MaxBytesError{Limit: limit},
	}
}

// announcedLength is the length the answer claims to have, or -1. An answer
// that did not come over a socket of ours may tell it in the header alone.
func announcedLength(resp *http.Response) int64 {
	if resp.ContentLength > 0 {
		return resp.ContentLength
	}
	if n, err := strconv.ParseInt(resp.Header.Get("Content-Length"), 10, 64); err == nil {
		return n
	}
	return -1
}

// sessionCookie returns the last session cookie that an answer sets, as a
// browser would keep it, or nil.
func sessionCookie(resp *http.Response) *http.Cookie {
	return SessionCookie(resp.Header)
}

// SessionCookie returns the last session cookie that the header of an answer
// sets, as a browser would keep it, or nil. Odoo may set it twice.
func SessionCookie(h http.Header) *http.Cookie {
	var last *http.Cookie
	for _, line := range h["Set-Cookie"] {
		if c, err := http.ParseSetCookie(line); err == nil && c.Name == CookieName {
			last = c
		}
	}
	return last
}
