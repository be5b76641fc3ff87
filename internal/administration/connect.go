package administration

import (
	"context"

	"github.com/caddy-odoo/gateway/internal/connect"
)

// Connect tells how to connect an application, by its configured name.
func (d *Desk) Connect(ctx context.Context, name string) (*connect.Guide, error) {
	d.read(ctx, "connect", name, "")
	a := d.Config.Applications.ByName(name)
	if a == nil {
		return nil, ErrUnknown
	}
	return d.Guide(ctx, a)
}
