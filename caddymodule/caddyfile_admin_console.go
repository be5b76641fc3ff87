package caddymodule

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// parseAdminConsole parses the console, as [AdminConsole] says.
func (g *Gateway) parseAdminConsole(d *caddyfile.Dispenser) error {
	var word string
	if !d.AllArgs(&word) || word != "on" && word != "off" {
		return d.Err("write admin_console on or admin_console off")
	}
	g.AdminConsole = &AdminConsole{Enabled: word == "on"}
	return parseBlock(d, "admin_console", map[string]subdirective{
		"group":    one(&g.AdminConsole.Group),
		"networks": some(&g.AdminConsole.Networks),
	})
}
