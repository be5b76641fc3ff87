// Package gateway is the whole gateway without Caddy: it routes a request to
// the authorization server, to a dialect or on to Odoo, and joins bearer
// check, rules and connection for the dialects.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/clock"
)

// Config configures New.
type Config struct {
	// Name is the configured name: the prefix of its keys in the store.
	Name string
	// Issuer is the public origin, such as https://erp.example.com, without
	// path. All URLs are built from it, never from a request.
	Issuer *url.URL
	// Database is the only Odoo database whose people are known here.
	Database string
	// Applications are the registered clients.
	Applications []application.Application
	// State is shared by all configurations of one store.
	State *State
	// ClientAddr tells the address that throttles count; it defaults to the
	// request's peer.
	ClientAddr func(*http.Request) netip.Addr
	// Logger may be nil.
	Logger *zap.Logger
	// Now defaults to the system clock.
	Now clock.Clock
}

// Gateway serves one issuer. It belongs to one configuration.
type Gateway struct {
	config Config
}

// New checks the configuration. It opens nothing.
func New(c Config) (*Gateway, error) {
	if c.Issuer == nil || c.Issuer.Host == "" {
		return nil, errors.New("issuer is required")
	}
	if c.State == nil {
		return nil, fmt.Errorf("gateway %s: no state", c.Name)
	}
	return &Gateway{config: c}, nil
}

// Open opens the store and loads the keys. It may be called any number of
// times; requests call it too, so that the order of starts does not matter.
func (g *Gateway) Open(ctx context.Context) error {
	_, err := g.config.State.Open(ctx)
	return err
}

// ServeHTTP serves a request, or hands it on to Odoo. Its error is that of
// Upstream.Pass; the gateway's own answers are always written.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request, up Upstream) error {
	return up.Pass(w, r)
}
