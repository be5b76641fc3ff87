// Package gateway registers the Odoo OAuth2 gateway with Caddy, so that
//
//	xcaddy build --with github.com/caddy-odoo/gateway
//
// yields a Caddy that has the app odoo_gateway and the handler
// http.handlers.odoo_gateway. The modules themselves, and their
// configuration, are documented in package caddymodule.
package gateway

import _ "github.com/caddy-odoo/gateway/caddymodule" // registers the modules
