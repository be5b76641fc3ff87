package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

func init() {
	httpcaddyfile.RegisterDirective("odoo_gateway", parseDirective)
	// Before invoke, handle and route, so that these are part of what comes
	// next: sub-requests go the way that the site's own requests go.
	httpcaddyfile.RegisterDirectiveOrder("odoo_gateway", httpcaddyfile.Before, "invoke")
}

// parseDirective makes a route of the directive. It is not registered as a
// handler directive because those accept a matcher.
func parseDirective(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	var handler Handler
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return h.NewRoute(nil, &handler), nil
}

// UnmarshalCaddyfile parses the handler. Syntax:
//
//	odoo_gateway [<name>]
//
// The name of the gateway may be left out where there is only one. There is
// no matcher: the gateway must see all requests of its site.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	args := d.RemainingArgs()
	for _, a := range args {
		if a == "*" || strings.HasPrefix(a, "/") || strings.HasPrefix(a, "@") {
			return d.Errf("odoo_gateway takes no matcher (%s): it must see all requests of its site", a)
		}
	}
	switch len(args) {
	case 0:
	case 1:
		h.Gateway = args[0]
	default:
		return d.ArgErr()
	}
	return noBlock(d)
}

// Interface guards
var _ caddyfile.Unmarshaler = (*Handler)(nil)
