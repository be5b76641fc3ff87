package caddymodule

import (
	"maps"
	"slices"

	"github.com/caddyserver/caddy/v2"
)

// The causes of a start or a stop in the audit trail.
const (
	causeStart  = "start"
	causeStop   = "stop"
	causeReload = "reload"
)

// recordStart tells the audit trail of each gateway that it serves from now on.
// Until Caddy has started all of a configuration, the one before is active.
func (a *App) recordStart() {
	a.started = true
	for _, name := range slices.Sorted(maps.Keys(a.gateways)) {
		cause := causeStart
		if otherServes(a, name) {
			cause = causeReload
		}
		a.gateways[name].Started(a.ctx, cause)
	}
}

// recordStop is the counterpart of recordStart: where another configuration has
// taken over, or the one before stays because this one has failed, that is
// active by now.
func (a *App) recordStop() {
	if !a.started {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(a.gateways)) {
		cause := causeStop
		if !caddy.Exiting() && otherServes(a, name) {
			cause = causeReload
		}
		a.gateways[name].Stopped(a.ctx, cause)
	}
}

// otherServes tells whether the active configuration is another one than that of
// the app, and has a gateway of that name.
func otherServes(a *App, name string) bool {
	found, err := caddy.ActiveContext().AppIfConfigured("odoo_gateway")
	other, ok := found.(*App)
	return err == nil && ok && other != a && other.gateways[name] != nil
}
