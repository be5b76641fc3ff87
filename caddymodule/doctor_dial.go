package caddymodule

import (
	"context"
	"net/http"
	"time"

	"github.com/caddy-odoo/gateway/internal/doctor"
)

// addressTime is how long the issuer's address may take to answer.
const addressTime = 5 * time.Second

// examineAddress is the one place where the gateway itself opens a connection to
// anything but its store: to the configured issuer, when whoever administers
// Caddy asks for it. It follows no redirection.
func examineAddress(parent context.Context, p doctor.Patient) doctor.Finding {
	ctx, cancel := context.WithTimeout(parent, addressTime)
	defer cancel()
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, ForceAttemptHTTP2: true}
	return p.Address(ctx, transport)
}
