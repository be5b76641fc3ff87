package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// noEarlyData has the server that ctx is of take no early data over HTTP/3, unless
// its configuration says that it shall. What comes early is refused, and a browser may
// show its person the refusal in place of asking again.
func noEarlyData(ctx caddy.Context) {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if ok && server.Allow0RTT == nil {
		server.Allow0RTT = new(bool)
	}
}
