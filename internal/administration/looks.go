package administration

import (
	"context"

	"github.com/caddy-odoo/gateway/internal/audit"
)

// What an administrator looks at or does that is not made here leaves an event
// like all else.

// ListedKeys records that the administrator has seen which signing keys there
// are.
func (d *Desk) ListedKeys(ctx context.Context) { d.read(ctx, "keys", "", "") }

// MadeKey records that the administrator has had a signing key made, and how.
func (d *Desk) MadeKey(ctx context.Context, kid, how string) {
	d.record(ctx, audit.Event{Kind: audit.KeyCreated}, "kid", kid, "reason", how)
}

// Explained records that the administrator was told what an application may do.
func (d *Desk) Explained(ctx context.Context, application string) {
	d.read(ctx, "explain", application, "")
}

// Examined records that the administrator had the doctor look.
func (d *Desk) Examined(ctx context.Context) { d.read(ctx, "doctor", "", "") }
