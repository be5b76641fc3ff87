package connect

import (
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// confluencePath is where the connector receives codes, at Confluence's address.
const confluencePath = "/plugins/odoo-connector/callback.action"

// confluence is what the Odoo Connector for Confluence Data Center is given for
// a server, and what its macro will offer.
func (g *Guide) confluence() []byte {
	// The server is Odoo; the application's title is that of the wiki itself.
	_, host, _ := strings.Cut(g.Issuer, "://")
	rows := [][2]string{
		{"Name", "Odoo (" + host + "), or what your people call it"},
		{"Server address", g.Issuer},
		{"Client ID", g.app.ClientID},
	}
	if g.confidential() {
		rows = append(rows, [2]string{"Client secret", SecretPlace})
	} else {
		rows = append(rows, [2]string{"Client secret", "missing: give the application a client_secret in the gateway's configuration"})
	}
	callbacks := slices.DeleteFunc(g.redirectURIs(), func(uri string) bool { return !strings.HasSuffix(uri, confluencePath) })
	if len(callbacks) == 0 {
		callbacks = []string{"missing: add redirect_uri https://YOUR-CONFLUENCE" + confluencePath + " to the application"}
	}
	for _, uri := range callbacks {
		rows = append(rows, [2]string{"Callback URL", uri})
	}
	rows = append(rows, [2]string{"Authorization URL", g.Issuer + g.Endpoints.OrestAuthorize}, [2]string{"Token URL", g.Issuer + g.Endpoints.OrestToken})
	habit := "compat confluence is set"
	if !g.app.Compat.Confluence {
		habit = "missing: add compat confluence to the application; the connector sends parameters in the address"
	}
	rows = append(rows, [2]string{"In the gateway", habit})
	offered := 0
	for _, m := range g.models {
		if !m.may(scheme.Read) {
			continue
		}
		fields := strings.Join(m.Read, " ")
		if m.ReadOthers {
			fields = strings.Join(append(slices.Clone(m.Read), "…"), " ")
		}
		rows = append(rows, [2]string{"Macro: " + m.Name, m.Model.Model + ": " + fields})
		offered++
	}
	switch {
	case g.others != nil:
		rows = append(rows, [2]string{"Macro: others", "every model that the person may read, but those that the model scheme closes"})
	case offered == 0:
		rows = append(rows, [2]string{"Macro", "nothing: the model scheme opens no model for reading"})
	}
	return aligned(rows)
}
