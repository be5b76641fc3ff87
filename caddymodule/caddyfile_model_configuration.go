package caddymodule

import (
	"encoding/json"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// unmarshalBlock parses a model configuration. Syntax:
//
//	model_configuration <name> {
//		model        <model>
//		display_name <text>
//		fields       none | whitelist <fields...> | blacklist <fields...>
//		filter       <domain>
//	}
//
// The filter is one argument in JSON, best written in backquotes:
//
//	filter `[["customer_rank", ">", 0]]`
func (m *ModelConfiguration) unmarshalBlock(d *caddyfile.Dispenser) error {
	return parseBlock(d, "model_configuration", map[string]subdirective{
		"model":        one(&m.Model),
		"display_name": one(&m.DisplayName),
		"fields": {parse: func(d *caddyfile.Dispenser) error {
			if !d.NextArg() {
				return d.ArgErr()
			}
			m.Fields = &FieldLimit{Limit: d.Val()}
			if m.Fields.Limit == "none" {
				if d.NextArg() {
					return d.ArgErr()
				}
				return noBlock(d)
			}
			return someArgs(d, &m.Fields.Names)
		}},
		"filter": {parse: func(d *caddyfile.Dispenser) error {
			var domain string
			if err := oneArg(d, &domain); err != nil {
				return err
			}
			if !json.Valid([]byte(domain)) {
				return d.Errf("filter is not JSON: %s", domain)
			}
			m.Filter = json.RawMessage(domain)
			return nil
		}},
	})
}
