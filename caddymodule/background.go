package caddymodule

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// backgroundPath is what a synthetic request asks for. It is one of the
// gateway's own paths, because those lead to the handler in every site that
// works; others, such as "/", may be redirected before it.
const backgroundPath = "/restapi/1.0/common/version"

// maxBackgroundAnswer is the most, in bytes, that handlers before ours may
// write to a synthetic request; nobody reads it.
const maxBackgroundAnswer = 1 << 20

// errNoServer and errNotServed say why a call with no request behind it can
// not be made.
var (
	errNoServer  = errors.New("no HTTP server of this configuration is running")
	errNotServed = errors.New("is served by no site: put odoo_gateway into the site of its issuer")
)

// errNotReached says that no site hands requests for an issuer to the gateway.
type errNotReached struct{ issuer string }

func (e errNotReached) Error() string {
	return "no request for " + e.issuer + " gets to odoo_gateway: put it into the site of its issuer"
}

// background is the mark of a synthetic request: it asks the handler of a
// gateway for the rest of its route. It is a value of the request's context
// under a type of this package alone, so no client can send it.
type background struct {
	served  *served
	use     func(http.RoundTripper) error
	reached bool
	err     error
}

type backgroundKey struct{}

func backgroundOf(ctx context.Context) *background {
	b, _ := ctx.Value(backgroundKey{}).(*background)
	return b
}

// serve runs the call over next. A request for one gateway that meets the
// handler of another ends there: it is no request of a client's.
func (b *background) serve(h *Handler, r *http.Request, next caddyhttp.Handler) error {
	caddyhttp.SetVar(r.Context(), caddyhttp.LogSkipVar, true)
	if b.served != h.served || b.reached {
		return nil
	}
	b.reached = true
	b.err = b.use(newUpstream(r, next, h.to, h.served.settings.maxAnswer, h.logger))
	return nil
}

// register makes a handler known to its gateway, with the server that it is
// provisioned for.
func (s *served) register(ctx context.Context, h *Handler) {
	server, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers = append(s.handlers, registered{h, server})
}

// deregister may be called for a handler that was never registered.
func (s *served) deregister(h *Handler) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers = slices.DeleteFunc(s.handlers, func(r registered) bool { return r.handler == h })
}

// registered is a handler in the route of a server.
type registered struct {
	handler *Handler
	server  *caddyhttp.Server // nil outside of the http app
}

// handlerList are the handlers that serve a gateway.
type handlerList struct {
	mu       sync.Mutex
	handlers []registered
}

func (l *handlerList) used() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.handlers) > 0
}

// servers returns the servers in whose routes a handler stands, each once and
// always in the same order.
func (l *handlerList) servers() []*caddyhttp.Server {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []*caddyhttp.Server
	for _, r := range l.handlers {
		if r.server != nil && !slices.Contains(all, r.server) {
			all = append(all, r.server)
		}
	}
	slices.SortFunc(all, func(a, b *caddyhttp.Server) int {
		switch {
		case a.Name() < b.Name():
			return -1
		case a.Name() > b.Name():
			return 1
		}
		return 0
	})
	return all
}

// withUpstream makes calls that no request stands behind: use gets the way to
// Odoo through the site of the gateway's issuer, valid until it returns. The
// error is that of use, or tells in one sentence why there is no such way.
func (a *App) withUpstream(ctx context.Context, s *served, use func(http.RoundTripper) error) error {
	if !s.used() {
		return errNotServed
	}
	if !a.active() {
		return errNoServer
	}
	running := false
	for _, server := range s.servers() {
		if len(server.Listeners()) == 0 {
			continue
		}
		running = true
		if err := ctx.Err(); err != nil {
			return err
		}
		b := &background{served: s, use: use}
		err := enter(ctx, server, s.settings.issuer, b, a.logger)
		if b.reached || err != nil {
			return err
		}
	}
	if !running {
		return errNoServer
	}
	return errNotReached{s.settings.issuer.String()}
}

// active tells whether the configuration is the one that Caddy runs. It is
// so from when all apps have started, and the servers with them.
func (a *App) active() bool {
	app, err := caddy.ActiveContext().AppIfConfigured("odoo_gateway")
	return err == nil && app == any(a)
}

// enter sends a marked request through all routes of a server, as if it had
// come from the fixed address for the issuer's host. A panic on the way
// becomes an error, because nothing else would catch it.
func enter(parent context.Context, server *caddyhttp.Server, issuer *url.URL, b *background, logger *zap.Logger) (err error) {
	values := serverValues{localAddr: server.Listeners()[0].Addr()}
	ctx, cancel := values.detach(parent)
	defer cancel()
	r := (&http.Request{
		Method:     http.MethodGet,
		URL:        &url.URL{Path: backgroundPath},
		RequestURI: backgroundPath,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     make(http.Header),
		Body:       http.NoBody,
		Host:       issuer.Host,
		RemoteAddr: applicationAddr,
	}).WithContext(context.WithValue(ctx, backgroundKey{}, b))
	if issuer.Scheme == "https" {
		r.TLS = &tls.ConnectionState{HandshakeComplete: true, ServerName: issuer.Hostname()}
	}
	defer func() {
		if p := recover(); p != nil {
			logger.Error("panic in a call without a request", zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	server.ServeHTTP(newRecorder(maxBackgroundAnswer, cancel), r)
	if err := parent.Err(); err != nil {
		return err
	}
	return b.err
}
