// Package caddymodule holds all that knows Caddy: the app odoo_gateway and the
// handler http.handlers.odoo_gateway.
package caddymodule
