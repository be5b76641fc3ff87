package gateway

import (
	"context"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/token"
)

// SigningKeys lists the signing keys, oldest first.
func (g *Gateway) SigningKeys(ctx context.Context) ([]token.Key, error) {
	keys, err := g.Keys(ctx)
	if err != nil {
		return nil, err
	}
	return keys.List(ctx)
}

// RotateKeys makes a new signing key in the name of an administrator, and
// returns its id: with an overlap, as token.Keys.Rotate, or at once, as
// token.Keys.Replace, which ends every access token.
func (g *Gateway) RotateKeys(ctx context.Context, by administration.Actor, atOnce bool) (kid string, err error) {
	ctx = context.WithoutCancel(ctx)
	desk, err := g.Administration(ctx, by)
	if err != nil {
		return "", err
	}
	keys, err := g.Keys(ctx)
	if err != nil {
		return "", err
	}
	rotate, how := keys.Rotate, "rotated"
	if atOnce {
		rotate, how = keys.Replace, "replaced"
	}
	if kid, err = rotate(ctx); err == nil {
		desk.MadeKey(ctx, kid, how)
	}
	return kid, err
}
