package gateway

import (
	"context"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/doctor"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// OdooVersion asks Odoo afresh for its version, such as "19.0", through rt. It
// needs no open store: each part of a gateway is to be checked by itself. Its
// error is an *odoo.Error.
func (g *Gateway) OdooVersion(ctx context.Context, rt http.RoundTripper, userAgent string) (string, error) {
	record, err := g.client().Version(ctx, rt, userAgent)
	if err != nil {
		return "", err
	}
	raw := record.Get("server_version")
	if raw.Kind() != '"' {
		return "", &odoo.Error{Kind: odoo.Server, Message: "the answer names no version"}
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return "", &odoo.Error{Kind: odoo.Server, Message: "the version is malformed", Err: err}
	}
	const most = 40 // bytes; it is printed on a terminal
	if len(text) > most || strconv.Quote(string(text)) != `"`+string(text)+`"` {
		return "", &odoo.Error{Kind: odoo.Server, Message: "the version is malformed"}
	}
	return string(text), nil
}

// client asks Odoo for nobody. It needs no open store.
func (g *Gateway) client() *rpc.Client {
	return rpc.New(rpc.Config{Issuer: g.config.Issuer, Database: g.config.Database, Logger: g.config.Logger.Named("odoo")})
}

// Patient is the gateway as the doctor looks at it.
func (g *Gateway) Patient() doctor.Patient {
	return doctor.Patient{
		Issuer: g.config.Issuer, Database: g.config.Database, Applications: g.config.Applications, UserAgent: connection.UserAgent(""),
		Client: g.client(),
	}
}

// Asking is how the doctor asks Odoo over rt.
func (g *Gateway) Asking(rt http.RoundTripper) doctor.Asking {
	return doctor.Asking{
		Transport: rt,
		Version: func(ctx context.Context, rt http.RoundTripper) (string, error) {
			return g.OdooVersion(ctx, rt, connection.UserAgent(""))
		},
		ServiceAccount: func(ctx context.Context, rt http.RoundTripper, app *application.Application) error {
			s, err := g.open(ctx)
			if err == nil {
				_, err = s.connections.ServiceUser(ctx, rt, app, connection.UserAgent(app.Title))
			}
			return err
		},
		Models: func(ctx context.Context, rt http.RoundTripper) (doctor.Models, error) {
			s, err := g.open(ctx)
			if err != nil {
				return doctor.Models{}, err
			}
			return s.doubts(ctx, rt)
		},
	}
}
