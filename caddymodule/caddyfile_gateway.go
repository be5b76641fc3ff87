package caddymodule

import (
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// unmarshalBlock parses a gateway, as [Gateway] says.
func (g *Gateway) unmarshalBlock(d *caddyfile.Dispenser) error {
	return parseBlock(d, "gateway", map[string]subdirective{
		"issuer":              one(&g.Issuer),
		"database":            one(&g.Database),
		"signing_algorithm":   word(&g.SigningAlgorithm, algorithmWords),
		"session_keepalive":   optionalDuration(&g.SessionKeepalive),
		"admin_console":       {parse: g.parseAdminConsole},
		"audit_retention":     optionalDuration(&g.AuditRetention),
		"max_answer":          size(&g.MaxAnswer),
		"odoo_calls":          {parse: g.parseOdooCalls},
		"json2":               word(&g.JSON2, json2Words),
		"application":         named("application", &g.Applications, (*Application).unmarshalBlock),
		"model_scheme":        named("model_scheme", &g.ModelSchemes, (*ModelScheme).unmarshalBlock),
		"model_configuration": named("model_configuration", &g.ModelConfigurations, (*ModelConfiguration).unmarshalBlock),
	})
}

func (g *Gateway) parseOdooCalls(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 1 || len(args) > 2 || args[0] == "off" && len(args) > 1 {
		return d.Err("write odoo_calls <at_once> [<wait>] or odoo_calls off, as in odoo_calls 8 10s")
	}
	calls := &OdooCalls{Off: args[0] == "off"}
	if !calls.Off {
		n, err := strconv.Atoi(args[0])
		if err != nil || n < 1 {
			return d.Errf("odoo_calls: %q is no number of calls", args[0])
		}
		calls.AtOnce = n
	}
	if len(args) == 2 {
		wait, err := parseDuration(d, "odoo_calls", args[1], true)
		if err != nil {
			return err
		}
		calls.Wait = new(caddy.Duration)
		*calls.Wait = wait
	}
	g.OdooCalls = calls
	return noBlock(d)
}
