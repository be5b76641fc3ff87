// Command caddy is Caddy with the Odoo gateway compiled in.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-odoo/gateway"
)

func main() { caddycmd.Main() }
