package caddymodule

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// unmarshalBlock parses a model scheme, as [ModelScheme] says.
func (m *ModelScheme) unmarshalBlock(d *caddyfile.Dispenser) error {
	return parseBlock(d, "model_scheme", map[string]subdirective{
		"name":        one(&m.Name),
		"description": one(&m.Description),
		"whitelist":   some(&m.Whitelist),
		"blacklist":   some(&m.Blacklist),
		"none": {parse: func(d *caddyfile.Dispenser) error {
			if d.NextArg() {
				return d.Err("none takes no arguments: it limits nothing")
			}
			m.None = true
			return noBlock(d)
		}},
		"configurations": some(&m.Configurations),
		"active":         boolean(func(v bool) { m.Active = &v }),
	})
}
