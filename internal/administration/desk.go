// Package administration is what administrators may see and do: the
// applications and model schemes that are configured, with their history, what
// people have authorized, codes, and the audit trail. The console, the admin
// API and the commands are three doors to it. It reads and revokes;
// configuration is none of its business, and no secret ever leaves it.
package administration

import (
	"context"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/connect"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// The ways of administrators, for Actor.Via.
const (
	ViaConsole = "console"
	ViaAPI     = "admin_api" // and the commands over it
)

// Actor is who administers, for the audit trail.
type Actor struct {
	// Via is the way that they have come.
	Via string
	// Subject and Login are the person; "" where the way does not tell.
	Subject, Login string
	// RequestID and Address are those of the request, and UserAgent the
	// audit.Fingerprint of its browser.
	RequestID, Address, UserAgent string
}

// Config configures New. All of it is required.
type Config struct {
	// Gateway is the configured name.
	Gateway      string
	Applications *application.Registry
	// Schemes and Configurations are what is configured, in the order of names.
	Schemes        []scheme.Definition
	Configurations []scheme.Configuration
	// Guide tells how to connect an application.
	Guide func(context.Context, *application.Application) (*connect.Guide, error)
	Store grant.Store
	Audit audit.Recorder
	Now   clock.Clock
}

// Desk is where one administrator works, for one request.
type Desk struct {
	Config
	actor Actor
}

// New returns a desk for an administrator who has been let in.
func New(c Config, a Actor) *Desk { return &Desk{Config: c, actor: a} }

// record writes what the administrator has done. The detail follows as pairs.
func (d *Desk) record(ctx context.Context, e audit.Event, detail ...string) {
	e.Time, e.Gateway, e.RequestID, e.Address, e.UserAgent = d.Now(), d.Gateway, d.actor.RequestID, d.actor.Address, d.actor.UserAgent
	e.Detail = map[string]string{}
	detail = append(detail, "actor", "admin", "via", d.actor.Via, "admin", d.actor.Subject, audit.AdminLogin, d.actor.Login)
	for i := 0; i < len(detail); i += 2 {
		if detail[i+1] != "" {
			e.Detail[detail[i]] = detail[i+1]
		}
	}
	d.Audit.Record(ctx, e)
}

// read records that the administrator has looked at something; detail are names
// and values of what they looked for, of which empty ones are left out.
func (d *Desk) read(ctx context.Context, what, application, subject string, detail ...string) {
	d.record(ctx, audit.Event{Kind: audit.AdministrationRead, Application: application, Subject: subject}, append(detail, "what", what)...)
}

// readUnless is read for a look that may show nothing, because of an error.
func (d *Desk) readUnless(ctx context.Context, err *error, what, application, subject string, detail ...string) {
	if *err == nil {
		d.read(ctx, what, application, subject, detail...)
	}
}

// title is what people call an application: its configured name where it is
// not configured any more.
func (d *Desk) title(name string) string {
	if app := d.Config.Applications.ByName(name); app != nil {
		return app.Title
	}
	return name
}

// keyName is what the API keys that people make for an application are called.
func (d *Desk) keyName(name string) string { return connection.KeyName(d.title(name)) }
