package gateway

import (
	"context"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// OdooVersion asks Odoo afresh for its version, such as "19.0", through rt. It
// needs no open store: each part of a gateway is to be checked by itself. Its
// error is an *odoo.Error.
func (g *Gateway) OdooVersion(ctx context.Context, rt http.RoundTripper, userAgent string) (string, error) {
	client := rpc.New(rpc.Config{Issuer: g.config.Issuer, Database: g.config.Database, Logger: g.config.Logger.Named("odoo")})
	record, err := client.Version(ctx, rt, userAgent)
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
