package rpc

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Version returns what Odoo tells anybody about its version: server_version,
// server_version_info, server_serie and protocol_version, in Odoo's order. It
// asks without a session; the one that Odoo makes for it is not kept.
func (c *Client) Version(ctx context.Context, rt http.RoundTripper, userAgent string) (odoo.Record, error) {
	body, err := odoo.MarshalValue(envelope(map[string]any{}))
	if err != nil {
		return nil, &odoo.Error{Kind: odoo.Server, Message: "no request", Err: err}
	}
	result, _, err := c.exchange(ctx, rt, Session{UserAgent: userAgent}, exchange{
		path: "/web/webclient/version_info", body: body, anonymous: true,
	})
	if err != nil {
		return nil, err
	}
	list := append(append(jsontext.Value{'['}, result.Value...), ']')
	records, err := odoo.Records(list)
	if err != nil {
		return nil, &odoo.Error{Kind: odoo.Server, Message: "the version is malformed", Err: err}
	}
	return records[0], nil
}
