package gateway

import (
	"context"

	"github.com/caddy-odoo/gateway/internal/audit"
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
func (g *Gateway) RotateKeys(ctx context.Context, atOnce bool) (kid string, err error) {
	ctx = context.WithoutCancel(ctx)
	s, err := g.open(ctx)
	if err != nil {
		return "", err
	}
	rotate, how := s.keys.Rotate, "rotated"
	if atOnce {
		rotate, how = s.keys.Replace, "replaced"
	}
	if kid, err = rotate(ctx); err != nil {
		return kid, err
	}
	s.audit.Record(ctx, audit.Event{
		Kind: audit.KeyCreated, Gateway: s.name,
		Detail: map[string]string{"kid": kid, "actor": "admin", "reason": how},
	})
	return kid, nil
}
