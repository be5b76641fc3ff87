package caddymodule

import (
	"encoding/json"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// filterForm says how a filter is written.
const filterForm = "put it in backticks and its texts in double quotes, as in filter `[[\"customer_rank\", \">\", 0]]`"

// unmarshalBlock parses a model configuration, as [ModelConfiguration] says.
func (m *ModelConfiguration) unmarshalBlock(d *caddyfile.Dispenser) error {
	return parseBlock(d, "model_configuration", map[string]subdirective{
		"model":        one(&m.Model),
		"display_name": one(&m.DisplayName),
		"fields": {parse: func(d *caddyfile.Dispenser) error {
			if !d.NextArg() {
				return d.ArgErr()
			}
			m.Fields = &FieldLimit{Limit: d.Val()}
			switch limit := m.Fields.Limit; limit {
			case "all", "none":
				if d.NextArg() {
					return d.Errf("fields %s takes no names: to open some fields only, write fields whitelist <fields...>", limit)
				}
				return noBlock(d)
			case "whitelist", "blacklist":
				return someArgs(d, &m.Fields.Names)
			default:
				return d.Errf("fields %s: write fields all, fields whitelist <fields...> or fields blacklist <fields...>", limit)
			}
		}},
		"filter": {parse: func(d *caddyfile.Dispenser) error {
			var domain string
			if !d.AllArgs(&domain) {
				return d.Err("filter takes exactly one argument: " + filterForm)
			}
			if !json.Valid([]byte(domain)) {
				return d.Errf("filter is not JSON: %s: %s", domain, filterForm)
			}
			m.Filter = json.RawMessage(domain)
			return noBlock(d)
		}},
	})
}
