package caddymodule

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/gateway"
)

// applicationAddr is where calls for an application come from, whoever asks:
// Odoo keeps a device row per address and browser.
const applicationAddr = "127.0.0.1:0"

// upstream is the rest of the route of one request, as gateway.Upstream.
type upstream struct {
	next   caddyhttp.Handler
	server *caddyhttp.Server
	values serverValues
	peer   peer
	to     *destination
	max    int64 // bytes of an answer's body
	logger *zap.Logger
}

// newUpstream takes from the request what sub-requests need later: the
// gateway may change its header meanwhile.
func newUpstream(r *http.Request, next caddyhttp.Handler, to *destination, maxAnswer int64, logger *zap.Logger) *upstream {
	server, _ := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	return &upstream{
		next:   next,
		server: server,
		values: serverValuesOf(r.Context()),
		peer:   peerOf(r),
		to:     to,
		max:    maxAnswer,
		logger: logger,
	}
}

// RoundTrip sends a call for an application: from one fixed address, and
// without anything that tells of the request that caused it.
func (u *upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	return u.roundTrip(r, nil)
}

// Browser sends calls in the name of the browser that made the request.
func (u *upstream) Browser() http.RoundTripper { return browser{u} }

// Pass hands a request on.
func (u *upstream) Pass(w http.ResponseWriter, r *http.Request) error {
	return u.next.ServeHTTP(w, r)
}

// browser is the RoundTripper of calls for the browser.
type browser struct{ *upstream }

func (b browser) RoundTrip(r *http.Request) (*http.Response, error) {
	return b.roundTrip(r, &b.peer)
}

// roundTrip sends r through next and records the answer. Every panic of what
// comes next becomes an error here, because a panic in a goroutine would end
// the process.
func (u *upstream) roundTrip(r *http.Request, p *peer) (res *http.Response, err error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	ctx, cancel := u.values.detach(r.Context())
	defer cancel()
	rec := newRecorder(u.max, cancel)
	sub := u.subRequest(ctx, r, rec, p)

	err = u.serve(rec, sub)

	// The caller's own end comes first: whatever went wrong after it did so
	// because of it. detach has hidden from next whether it was a limit.
	if err := cmp.Or(r.Context().Err(), rec.failed(), err); err != nil {
		return nil, rec.interrupted(err)
	}
	if unhandled, _ := caddyhttp.GetVar(sub.Context(), "unhandled").(bool); unhandled {
		return nil, errors.New("nothing after odoo_gateway answers: is there a reverse_proxy?")
	}
	return rec.response(r)
}

// serve calls next and turns a panic into an error.
func (u *upstream) serve(w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		switch p := recover(); {
		case p == nil:
		case p == http.ErrAbortHandler:
			err = fmt.Errorf("answer was cut short: %w", io.ErrUnexpectedEOF)
		default:
			u.logger.Error("panic in a sub-request",
				zap.Any("panic", p), zap.String("path", r.URL.Path), zap.ByteString("stack", debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	err = u.next.ServeHTTP(w, r)
	var he caddyhttp.HandlerError
	if errors.As(err, &he) {
		if he.StatusCode == statusClientClosedRequest {
			return errCancelled
		}
		// The error of a handler may carry a whole chain of internals: status
		// and cause are enough.
		cause := he.Err
		if cause == nil {
			cause = errors.New(strings.ToLower(http.StatusText(he.StatusCode)))
		}
		return fmt.Errorf("status %d: %w", he.StatusCode, cause)
	}
	return err
}

// Interface guards
var (
	_ gateway.Upstream  = (*upstream)(nil)
	_ http.RoundTripper = browser{}
)
