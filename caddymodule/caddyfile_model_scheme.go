package caddymodule

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// unmarshalBlock parses a model scheme. Syntax:
//
//	model_scheme <name> {
//		whitelist <model_configurations...>
//	}
func (m *ModelScheme) unmarshalBlock(d *caddyfile.Dispenser) error {
	return parseBlock(d, "model_scheme", map[string]subdirective{
		"whitelist": some(&m.Whitelist),
	})
}
