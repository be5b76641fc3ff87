package caddymodule

import (
	"math"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// subdirective parses one line of a block, with what may follow it. The
// dispenser stands on its name.
type subdirective struct {
	repeat bool // may stand more than once
	parse  func(d *caddyfile.Dispenser) error
}

// ofGateway are the blocks in which another one ends up whose end is missing.
var ofGateway = map[string]bool{"application": true, "model_scheme": true, "model_configuration": true}

// ofOthers are lines that those blocks begin with: in the gateway, a block was not
// opened.
var ofOthers = map[string]bool{
	"name": true, "description": true, "client_id": true, "client_secret": true, "public": true, "redirect_uri": true,
	"whitelist": true, "blacklist": true, "limit": true, "model": true, "display_name": true, "fields": true, "filter": true, "operations": true,
}

// parseBlock parses the block after the current token, if there is one.
// Unknown lines, and repeated ones, are errors.
func parseBlock(d *caddyfile.Dispenser, of string, lines map[string]subdirective) error {
	seen := make(map[string]bool, len(lines))
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		line, ok := lines[name]
		if !ok && ofGateway[name] && of != "odoo_gateway" {
			return d.Errf("unrecognized subdirective of %s: %s, which stands in a gateway: is a } missing above?", of, name)
		}
		if !ok && of == "gateway" && ofOthers[name] {
			return d.Errf("unrecognized subdirective of gateway: %s; or is a { missing above?", name)
		}
		if !ok {
			return d.Errf("unrecognized subdirective of %s: %s", of, name)
		}
		if seen[name] && ofGateway[name] && !line.repeat {
			return d.Errf("%s is given twice in %s; or is the } of it missing above?", name, of)
		}
		if seen[name] && !line.repeat {
			return d.Errf("%s is given twice", name)
		}
		seen[name] = true
		if err := line.parse(d); err != nil {
			return err
		}
	}
	return nil
}

// noBlock refuses a block where none belongs.
func noBlock(d *caddyfile.Dispenser) error {
	if d.NextBlock(d.Nesting()) {
		return d.Err("no block belongs here")
	}
	return nil
}

// one parses exactly one argument.
func one(to *string) subdirective {
	return subdirective{parse: func(d *caddyfile.Dispenser) error { return oneArg(d, to) }}
}

func oneArg(d *caddyfile.Dispenser, to *string) error {
	// Caddy's own error would show the argument, which may be a secret.
	name := d.Val()
	const unset = "(where it is an environment variable as in {$NAME}: that is not set in this shell)"
	if !d.AllArgs(to) {
		if d.CountRemainingArgs() == 0 {
			return d.Errf("%s takes exactly one argument, and has none %s", name, unset)
		}
		return d.Errf("%s takes exactly one argument", name)
	}
	if *to == "" {
		return d.Errf("%s: an empty value means nothing: leave the line out %s", name, unset)
	}
	err := noBlock(d)
	if err != nil && ofGateway[name] {
		return d.Errf("no block belongs to %s here, as it has in a gateway: is a } missing above?", name)
	}
	return err
}

// some parses one or more arguments, each once.
func some(to *[]string) subdirective {
	return subdirective{parse: func(d *caddyfile.Dispenser) error { return someArgs(d, to) }}
}

func someArgs(d *caddyfile.Dispenser, to *[]string) error {
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.ArgErr()
	}
	seen := make(map[string]bool, len(args))
	for _, a := range args {
		if seen[a] {
			return d.Errf("%s is given twice", a)
		}
		seen[a] = true
	}
	*to = args
	return noBlock(d)
}

// word parses exactly one argument that is one of the words.
func word(to *string, words []string) subdirective {
	return subdirective{parse: func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if err := oneArg(d, to); err != nil {
			return err
		}
		if err := oneOf(name, *to, words); err != nil {
			return d.Err(err.Error())
		}
		return nil
	}}
}

// boolean parses an optional true or false; without one it is true.
func boolean(set func(bool)) subdirective {
	return subdirective{parse: func(d *caddyfile.Dispenser) error {
		name := d.Val()
		switch args := d.RemainingArgs(); {
		case len(args) == 0 || len(args) == 1 && args[0] == "true":
			set(true)
		case len(args) == 1 && args[0] == "false":
			set(false)
		case len(args) == 1:
			return d.Errf("%s: %q is neither true nor false", name, args[0])
		default:
			return d.ArgErr()
		}
		return noBlock(d)
	}}
}

// duration parses a duration with a unit, as in 600s or 30d. A bare 0 is
// accepted where zero has a meaning.
func duration(to *caddy.Duration, zero bool) subdirective {
	return subdirective{parse: func(d *caddyfile.Dispenser) error {
		var s string
		name := d.Val()
		if err := oneArg(d, &s); err != nil {
			return err
		}
		v, err := parseDuration(d, name, s, zero)
		*to = v
		return err
	}}
}

// size parses a number of bytes with a unit, as in 25MB.
func size(to *int64) subdirective {
	return subdirective{parse: func(d *caddyfile.Dispenser) error {
		var s string
		name := d.Val()
		if err := oneArg(d, &s); err != nil {
			return err
		}
		n, err := humanize.ParseBytes(s)
		if err != nil || n > math.MaxInt64 || strings.Trim(s, "0123456789") == "" {
			return d.Errf("%s: %q is not a size, as in 25MB", name, s)
		}
		if n == 0 {
			return d.Errf("%s: %s must be more than zero", name, s)
		}
		*to = int64(n)
		return nil
	}}
}

// optionalDuration is duration where 0 is another thing than none.
func optionalDuration(to **caddy.Duration) subdirective {
	return subdirective{parse: func(d *caddyfile.Dispenser) error {
		*to = new(caddy.Duration)
		return duration(*to, true).parse(d)
	}}
}

func parseDuration(d *caddyfile.Dispenser, name, s string, zero bool) (caddy.Duration, error) {
	v, err := caddy.ParseDuration(s)
	switch {
	case err != nil && strings.Trim(s, "0123456789") == "":
		return 0, d.Errf("%s: %s lacks a unit, as in %ss", name, s, s)
	case err != nil:
		return 0, d.Errf("%s: %q is not a duration, as in 600s, 10m or 30d", name, s)
	case v < 0 || v == 0 && !zero:
		return 0, d.Errf("%s: %s must be more than zero", name, s)
	case v > 0 && v < time.Second:
		return 0, d.Errf("%s: %s is shorter than a second", name, s)
	}
	return caddy.Duration(v), nil
}

// named parses a name and adds to a map what its block holds.
func named[T any](what string, to *map[string]*T, parse func(*T, *caddyfile.Dispenser) error) subdirective {
	return subdirective{repeat: true, parse: func(d *caddyfile.Dispenser) error {
		var name string
		if !d.AllArgs(&name) {
			return d.ArgErr()
		}
		if !validName(name) {
			return d.Errf("%s %q: %v", what, name, errName)
		}
		if _, ok := (*to)[name]; ok {
			return d.Errf("%s %s is defined twice", what, name)
		}
		if *to == nil {
			*to = make(map[string]*T)
		}
		v := new(T)
		(*to)[name] = v
		return parse(v, d)
	}}
}
