package connect

import (
	"slices"
	"strings"
)

// forgeCallback is where Atlassian receives codes, for all apps.
const forgeCallback = "https://id.atlassian.com/outboundAuth/finish"

// forge is the part of a manifest.yml that connects a Forge app. The secret goes
// in by a command of Forge's.
func (g *Guide) forge() []byte {
	var b strings.Builder
	say := func(lines ...string) {
		for _, text := range lines {
			b.WriteString(text + "\n")
		}
	}
	say("# To be added to the manifest.yml of a Forge app. The client secret goes in by: forge providers configure")
	switch {
	case !slices.Contains(g.redirectURIs(), forgeCallback):
		say("# Before it works: register " + forgeCallback + " as a redirect_uri of the application.")
	case !g.confidential():
		say("# Before it works: give the application a client_secret; Forge does not prove itself by PKCE.")
	case g.app.RequirePKCE:
		say("# Before it works: make PKCE optional for the application; Forge does not use it.")
	}
	if !strings.HasPrefix(g.Issuer, "https://") {
		say("# Before it works: Forge calls https only.")
	}
	scopes := make([]string, len(g.scopes))
	for i, s := range g.scopes {
		scopes[i] = yaml(s)
	}
	action := func(name, path string) string {
		return "        " + name + ": {remote: odoo, path: " + yaml(path) + "}"
	}
	say(
		"providers:",
		"  auth:",
		"    - key: odoo",
		"      name: Odoo",
		"      type: oauth2",
		"      clientId: "+yaml(exact(g.app.ClientID, "CLIENT-ID")),
		"      scopes: ["+strings.Join(scopes, ", ")+"]",
		"      remotes: [odoo]",
		"      bearerMethod: authorization-header",
		"      actions:",
		action("authorization", g.Endpoints.Authorize),
		action("exchange", g.Endpoints.Token),
		action("refreshToken", g.Endpoints.Token),
		action("revokeToken", g.Endpoints.Revoke),
		"        retrieveProfile:",
		"          remote: odoo",
		"          path: "+yaml(g.Endpoints.Me),
		"          resolvers: {id: sub, displayName: login}",
		"remotes:",
		"  - key: odoo",
		"    baseUrl: "+yaml(g.Issuer),
		"permissions:",
		"  external:",
		"    fetch:",
		"      backend: ["+yaml(g.Issuer)+"]",
	)
	return []byte(b.String())
}
