package caddymodule

import (
	"encoding/json"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

func init() {
	httpcaddyfile.RegisterGlobalOption("odoo_gateway", parseGlobalOption)
}

// parseGlobalOption parses the global option odoo_gateway. It may stand more
// than once, as in imported files: gateways add up.
func parseGlobalOption(d *caddyfile.Dispenser, existing any) (any, error) {
	app := new(App)
	if prior, ok := existing.(httpcaddyfile.App); ok {
		if err := json.Unmarshal(prior.Value, app); err != nil {
			return nil, d.Errf("reading the odoo_gateway option before this one: %v", err)
		}
	}
	if err := refuseOpenQuotes(d); err != nil {
		return nil, err
	}
	if err := app.UnmarshalCaddyfile(d); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "odoo_gateway", Value: caddyconfig.JSON(app, nil)}, nil
}

// UnmarshalCaddyfile parses the app. Syntax:
//
//	odoo_gateway {
//		store    <module> [<args...>]
//		seal_key <key>
//		changed_by <text>
//		gateway  <name> {
//			...
//		}
//	}
//
// All lines but gateway are optional.
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the option's name
	if d.NextArg() {
		return d.ArgErr()
	}
	return parseBlock(d, "odoo_gateway", map[string]subdirective{
		"store": {parse: func(d *caddyfile.Dispenser) error {
			if a.StoreRaw != nil {
				return d.Err("store is given twice")
			}
			if !d.NextArg() {
				return d.ArgErr()
			}
			name := d.Val()
			m, err := caddyfile.UnmarshalModule(d, storeNamespace+"."+name)
			if err != nil {
				return err
			}
			a.StoreRaw = caddyconfig.JSONModuleObject(m, "module", name, nil)
			return nil
		}},
		"seal_key": {parse: func(d *caddyfile.Dispenser) error {
			if a.SealKey != "" {
				return d.Err("seal_key is given twice")
			}
			return oneArg(d, &a.SealKey)
		}},
		"changed_by": {parse: func(d *caddyfile.Dispenser) error {
			if a.ChangedBy != "" {
				return d.Err("changed_by is given twice")
			}
			return oneArg(d, &a.ChangedBy)
		}},
		"gateway": named("gateway", &a.Gateways, (*Gateway).unmarshalBlock),
	})
}

// Interface guards
var _ caddyfile.Unmarshaler = (*App)(nil)
