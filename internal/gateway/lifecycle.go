package gateway

import (
	"context"

	"github.com/caddy-odoo/gateway/internal/audit"
)

// Started records that the gateway serves from now on, and Stopped that it does
// no more. The cause is one word: "start" or "stop" of the process, or "reload"
// of its configuration.
func (g *Gateway) Started(ctx context.Context, cause string) {
	g.lifecycle(ctx, audit.GatewayStarted, cause)
}

// Stopped is the counterpart of Started.
func (g *Gateway) Stopped(ctx context.Context, cause string) {
	g.lifecycle(ctx, audit.GatewayStopped, cause)
}

func (g *Gateway) lifecycle(ctx context.Context, kind audit.Kind, cause string) {
	g.recorder().Record(ctx, audit.Event{
		Time: g.config.Now(), Kind: kind, Gateway: g.config.Name, Detail: map[string]string{"cause": cause},
	})
}
