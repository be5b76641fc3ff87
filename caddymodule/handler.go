package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler serves a gateway of the app `odoo_gateway`: its OAuth2 endpoints and
// its programming interfaces. Everything else passes on to the handlers after
// it, untouched. The gateway reaches Odoo through those same handlers, hence
// there must be a `reverse_proxy` to Odoo among them.
//
// All requests of a site must pass through the handler, because it keeps track
// of sessions that Odoo renews; it takes no matcher in a Caddyfile.
type Handler struct {
	// The name of the gateway. It may be left out where there is only one.
	Gateway string `json:"gateway,omitempty"`

	served *served
	to     *destination
	logger *zap.Logger
	access *accessLog
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.odoo_gateway",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision finds the gateway.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.logger = ctx.Logger()
	h.access = newAccessLog(ctx)
	app, err := ctx.AppIfConfigured("odoo_gateway")
	if errors.Is(err, caddy.ErrNotConfigured) {
		return errors.New("the app odoo_gateway is not configured: define a gateway in the global options")
	}
	if err != nil {
		return err
	}
	if h.served, err = app.(*App).gateway(h.Gateway); err != nil {
		return fmt.Errorf("odoo_gateway: %w", err)
	}
	h.to = newDestination(h.served.settings.issuer)
	noEarlyData(ctx)
	h.served.register(ctx, h)
	return nil
}

// Cleanup takes the handler from its gateway.
func (h *Handler) Cleanup() error {
	h.served.deregister(h)
	return nil
}

// passedVar marks a request that has been through a handler, so that a second
// one in the same route, or one that a sub-request meets, lets it pass.
const passedVar = "odoo_gateway.passed"

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if passed, _ := caddyhttp.GetVar(r.Context(), passedVar).(bool); passed {
		return next.ServeHTTP(w, r)
	}
	caddyhttp.SetVar(r.Context(), passedVar, true)
	if b := backgroundOf(r.Context()); b != nil {
		return b.serve(h, r, next)
	}
	up := newUpstream(r, next, h.to, h.served.settings.maxAnswer, h.logger)
	return h.access.serve(h.served.Gateway, w, r, func(w http.ResponseWriter) error {
		return h.served.ServeHTTP(w, r, up)
	})
}

// clientAddr returns the client's address as Caddy sees it, trusted proxies
// taken into account; it is what throttles count.
func clientAddr(r *http.Request) netip.Addr {
	ip, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	addr, _ := netip.ParseAddr(ip)
	return addr.Unmap()
}

// requestID returns Caddy's identifier of a request, the one that its logs and
// headers may carry as {http.request.uuid}.
func requestID(r *http.Request) string {
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return ""
	}
	id, _ := repl.GetString("http.request.uuid")
	return id
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
