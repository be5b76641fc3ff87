package caddymodule

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// UnmarshalCaddyfile parses the store. Syntax:
//
//	postgres [<dsn>] {
//		dsn <dsn>
//		schema <name>
//		staleness <duration>
//		retention <duration>
//	}
//
// A DSN in the block is another way to write it.
func (s *PostgresStore) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the module's name
	if d.NextArg() {
		s.DSN = d.Val()
		if d.NextArg() {
			return d.ArgErr()
		}
	}
	return parseBlock(d, "postgres", map[string]subdirective{
		"dsn": {parse: func(d *caddyfile.Dispenser) error {
			if s.DSN != "" {
				return d.Err("dsn is given twice")
			}
			return oneArg(d, &s.DSN)
		}},
		"schema":    {parse: func(d *caddyfile.Dispenser) error { return oneArg(d, &s.Schema) }},
		"staleness": duration(&s.Staleness, false),
		"retention": duration(&s.Retention, false),
	})
}

// Interface guards
var _ caddyfile.Unmarshaler = (*PostgresStore)(nil)
