package caddymodule

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// UnmarshalCaddyfile parses the store. Syntax:
//
//	badger [<path>] {
//		path <path>
//		retention <duration>
//	}
//
// A path in the block is another way to write it.
func (s *BadgerStore) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the module's name
	if d.NextArg() {
		s.Path = d.Val()
		if d.NextArg() {
			return d.ArgErr()
		}
	}
	return parseBlock(d, "badger", map[string]subdirective{
		"path": {parse: func(d *caddyfile.Dispenser) error {
			if s.Path != "" {
				return d.Err("path is given twice")
			}
			return oneArg(d, &s.Path)
		}},
		"retention": duration(&s.Retention, false),
	})
}

// Interface guards
var _ caddyfile.Unmarshaler = (*BadgerStore)(nil)
