package rpc

import "github.com/caddy-odoo/gateway/internal/odoo"

// jsonrpc is the request for a call with a key on /jsonrpc.
func (c *Client) jsonrpc(k Key, call odoo.Call) (exchange, error) {
	args, kwargs := arguments(call)
	x, err := c.service("object", "execute_kw", []any{c.database, k.UID, k.Secret, call.Model, call.Method, args, kwargs})
	x.model, x.method = call.Model, call.Method
	return x, err
}

// service is the request for a function of a service on /jsonrpc. It carries
// no session: one that came along would be of no use.
func (c *Client) service(name, method string, args []any) (exchange, error) {
	body, err := marshal(envelope(map[string]any{"service": name, "method": method, "args": args}))
	return exchange{path: "/jsonrpc", body: body, anonymous: true}, err
}
