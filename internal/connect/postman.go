package connect

import (
	"strings"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// postmanSchema names the form of the collection.
const postmanSchema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

// postmanHost is where Postman receives codes.
const postmanHost = "https://oauth.pstmn.io/"

// collection is one of Postman's. Its placeholders are {{name}}; what somebody
// has written must not be one.
type collection struct {
	Info     object   `json:"info"`
	Auth     object   `json:"auth"`
	Variable []object `json:"variable"`
	Item     []object `json:"item"`
}

func (g *Guide) postman() []byte {
	c := collection{
		Info: object{
			"name": "Odoo: " + apart(g.app.Title), "schema": postmanSchema,
			"description": "What the application may do with Odoo. Under Authorization, get a token; the client secret goes there, too, where the application has one.",
		},
		Auth:     object{"type": "oauth2", "oauth2": g.postmanAuth()},
		Variable: []object{{"key": "base", "value": g.Issuer, "type": "string"}},
		Item: []object{{"name": "Who is connected", "request": object{
			"method": "GET", "header": []any{}, "url": address("{{base}}", g.Endpoints.Me),
		}}},
	}
	for _, m := range g.models {
		c.Item = append(c.Item, object{"name": apart(m.Name), "item": g.postmanRequests(m, m.Model.Model)})
	}
	if g.others != nil {
		c.Item = append(c.Item, object{"name": "Other models", "item": g.postmanRequests(g.others.model, ":model")})
	}
	return indented(c)
}

// postmanAuth is how a token is got.
func (g *Guide) postmanAuth() []object {
	callback := ""
	for _, uri := range g.redirectURIs() {
		if callback == "" || strings.HasPrefix(uri, postmanHost) && !strings.HasPrefix(callback, postmanHost) {
			callback = uri
		}
	}
	grant, proof := "authorization_code", "header"
	switch {
	case !g.forPeople() && g.service():
		grant = "client_credentials"
	case g.pkce() == "required":
		grant = "authorization_code_with_pkce"
	}
	values := [][2]string{
		{"tokenName", "Odoo"}, {"grant_type", grant}, {"accessTokenUrl", g.Issuer + g.Endpoints.Token},
		{"clientId", exact(g.app.ClientID, "CLIENT-ID")}, {"scope", strings.Join(g.scopes, " ")}, {"addTokenTo", "header"},
	}
	if g.confidential() {
		values = append(values, [2]string{"clientSecret", SecretPlace})
	} else {
		proof = "body"
	}
	values = append(values, [2]string{"client_authentication", proof})
	if grant != "client_credentials" {
		values = append(values, [2]string{"authUrl", g.Issuer + g.Endpoints.Authorize}, [2]string{"redirect_uri", exact(callback, "REDIRECT-URI")})
	}
	if grant == "authorization_code_with_pkce" {
		values = append(values, [2]string{"challengeAlgorithm", "S256"})
	}
	list := make([]object, len(values))
	for i, v := range values {
		list[i] = object{"key": v[0], "value": v[1], "type": "string"}
	}
	return list
}

func (g *Guide) postmanRequests(m model, at string) []object {
	all := []object{}
	for _, c := range m.calls() {
		url := address("{{base}}", g.Endpoints.JSON2+at+"/"+c.method)
		g.example(at, url)
		all = append(all, object{"name": "/json/2 " + c.method, "request": object{
			"method": "POST", "header": []object{{"key": "Content-Type", "value": "application/json"}}, "url": url,
			"body": object{"mode": "raw", "raw": strings.TrimSuffix(string(indented(c.arguments)), "\n"), "options": object{"raw": object{"language": "json"}}},
		}})
	}
	if m.may(scheme.Read) {
		url := address("{{base}}", g.Endpoints.Objects+at, "fields", list(m.sample()), "limit", "5")
		g.example(at, url)
		all = append(all, object{"name": "/restapi/1.0 find records", "request": object{"method": "GET", "header": []any{}, "url": url}})
	}
	for _, report := range m.Reports {
		all = append(all, object{"name": "/restapi/1.0 print " + report, "request": object{
			"method": "GET", "header": []object{{"key": "Accept", "value": "application/pdf"}}, "url": address("{{base}}", g.Endpoints.Reports+report+"/1"),
		}})
	}
	return all
}

// example gives the variable of a path a value.
func (g *Guide) example(at string, url object) {
	if at == ":model" {
		url["variable"] = []object{{"key": "model", "value": g.unnamed()}}
	}
}

// address is an address in Postman's form, with parameters in pairs.
func address(base, path string, pairs ...string) object {
	raw, query := base+path, []object{}
	for i := 0; i < len(pairs); i += 2 {
		sign := "&"
		if i == 0 {
			sign = "?"
		}
		raw += sign + pairs[i] + "=" + pairs[i+1]
		query = append(query, object{"key": pairs[i], "value": pairs[i+1]})
	}
	url := object{"raw": raw, "host": []string{base}, "path": strings.Split(strings.Trim(path, "/"), "/")}
	if len(query) > 0 {
		url["query"] = query
	}
	return url
}
