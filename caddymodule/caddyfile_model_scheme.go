package caddymodule

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// unmarshalBlock parses a model scheme, as [ModelScheme] says.
func (m *ModelScheme) unmarshalBlock(d *caddyfile.Dispenser) error {
	return parseBlock(d, "model_scheme", map[string]subdirective{
		"whitelist": some(&m.Whitelist),
	})
}
