package connect

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// n8n evaluates values that begin with an equals sign, in workflows and in
// credentials. None of those here begins with what somebody has written, but
// the client id, which exact looks at.

// n8nWorkflow has a request for each model. It is imported in the editor; the
// credential that its requests name is the one of n8nCredentials, or one of
// your own.
func (g *Guide) n8nWorkflow() []byte {
	const trigger = "When clicking Execute workflow"
	nodes := []object{
		{
			"id": g.nodeID("trigger"), "name": trigger, "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": []int{0, 0},
			"parameters": object{},
		},
		{
			"id": g.nodeID("note"), "name": "How to connect", "type": "n8n-nodes-base.stickyNote", "typeVersion": 1, "position": []int{-420, -120},
			"parameters": object{"content": g.n8nNote(), "width": 380, "height": 420},
		},
	}
	var targets []object
	request := func(name, url string, arguments object) {
		nodes = append(nodes, object{
			"id": g.nodeID(name), "name": name, "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2,
			"position": []int{280, 180 * len(targets)},
			"parameters": object{
				"method": "POST", "url": url, "authentication": "genericCredentialType", "genericAuthType": "oAuth2Api",
				"sendBody": true, "specifyBody": "json", "jsonBody": string(marshal(arguments)), "options": object{},
			},
			"credentials": object{"oAuth2Api": g.n8nCredential(g.n8nGrants()[0])},
		})
		targets = append(targets, object{"node": name, "type": "main", "index": 0})
	}
	for _, m := range g.models {
		if calls := m.calls(); len(calls) > 0 {
			c := calls[0]
			request(m.Model.Model+" "+c.method, g.Issuer+g.Endpoints.JSON2+m.Model.Model+"/"+c.method, c.arguments)
		}
	}
	if name := g.unnamed(); name != "" {
		c := g.others.calls()[0]
		request(name+" "+c.method, g.Issuer+g.Endpoints.JSON2+name+"/"+c.method, c.arguments)
	}
	connections := object{}
	if len(targets) > 0 {
		connections[trigger] = object{"main": [][]object{targets}}
	}
	return indented(struct {
		Name        string   `json:"name"`
		Nodes       []object `json:"nodes"`
		Connections object   `json:"connections"`
		Settings    object   `json:"settings"`
		Active      bool     `json:"active"`
	}{"Odoo: " + apart(g.app.Title), nodes, connections, object{"executionOrder": "v1"}, false})
}

func (g *Guide) n8nNote() string {
	note := "Make a credential **OAuth2 API** with these values, or import the file of credentials, and put the client secret in. Choose it in each request.\n\n" +
		"Authorization URL: " + g.Issuer + g.Endpoints.Authorize + "\n\nAccess Token URL: " + g.Issuer + g.Endpoints.Token + "\n\n" +
		"Scope: " + strings.Join(g.scopes, " ")
	if g.forPeople() && !g.app.StaticRefresh {
		note += "\n\nn8n refreshes in several executions beside each other: the application wants `refresh_rotation off`."
	}
	return note
}

// n8nCredentials are for `n8n import:credentials --input`: one for people, and
// one for the application itself, as far as it may have them.
func (g *Guide) n8nCredentials() []byte {
	all := []object{}
	for _, grant := range g.n8nGrants() {
		proof := "header"
		if !g.confidential() {
			proof = "body"
		}
		data := object{
			"grantType": grant, "accessTokenUrl": g.Issuer + g.Endpoints.Token, "clientId": exact(g.app.ClientID, "CLIENT-ID"),
			"scope": strings.Join(g.scopes, " "), "authentication": proof, "clientSecret": "",
		}
		if g.confidential() {
			data["clientSecret"] = SecretPlace
		}
		if grant != "clientCredentials" {
			data["authUrl"], data["authQueryParameters"] = g.Issuer+g.Endpoints.Authorize, ""
		}
		credential := g.n8nCredential(grant)
		credential["type"], credential["data"] = "oAuth2Api", data
		all = append(all, credential)
	}
	return indented(all)
}

// n8nGrants are the grants in n8n's words. There is at least one.
func (g *Guide) n8nGrants() []string {
	var all []string
	switch {
	case g.forPeople() && g.pkce() == "required":
		all = append(all, "pkce")
	case g.forPeople(), !g.service():
		all = append(all, "authorizationCode")
	}
	if g.service() {
		all = append(all, "clientCredentials")
	}
	return all
}

func (g *Guide) n8nCredential(grant string) object {
	name := "Odoo: " + apart(g.app.Title)
	if grant == "clientCredentials" {
		name += " (service)"
	}
	return object{"id": g.nodeID(grant)[:16], "name": name}
}

// nodeID is an id in the form of a UUID, the same each time.
func (g *Guide) nodeID(of string) string {
	sum := sha256.Sum256([]byte(g.Issuer + "\x00" + g.app.Name + "\x00" + of))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
