package caddymodule

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

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
		"json2":               word(&g.JSON2, json2Words),
		"application":         named("application", &g.Applications, (*Application).unmarshalBlock),
		"model_scheme":        named("model_scheme", &g.ModelSchemes, (*ModelScheme).unmarshalBlock),
		"model_configuration": named("model_configuration", &g.ModelConfigurations, (*ModelConfiguration).unmarshalBlock),
	})
}
