package connect

import (
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/application"
)

// object is a JSON object.
type object = map[string]any

// document is one of OpenAPI 3.1.
type document struct {
	OpenAPI    string                `json:"openapi"`
	Info       object                `json:"info"`
	Servers    []object              `json:"servers"`
	Tags       []object              `json:"tags,omitempty"`
	Paths      map[string]object     `json:"paths"`
	Components map[string]object     `json:"components"`
	Security   []map[string][]string `json:"security"`
}

// describing makes a document.
type describing struct {
	*Guide
	document
}

// operation is one request that the application may make.
type operation struct {
	method, path string
	// family is the interface, tag the group that it is shown in.
	family, tag string
	id, summary string
	description string
	// scope is what a token needs, "" for any token.
	scope      string
	parameters []any
	// body is the content of the request, nil for none.
	body object
	// status is that of success, "" for 200, and content its content.
	status  string
	content object
}

// openAPI describes exactly what the application may do.
func (g *Guide) openAPI() []byte {
	d := &describing{Guide: g, document: document{
		OpenAPI: "3.1.0",
		Info: object{
			"title": line(g.app.Title), "version": g.Scheme.Digest(),
			"description": "What the application may do with Odoo, by its model scheme and its scopes. Each request is made as the person who has " +
				"connected it: what that person may not do in Odoo is refused, too. The version is that of the model scheme. " +
				"The document names one request for each thing that can be done; `/restapi/1.0` takes some of them in other ways, too.",
		},
		Servers:  []object{{"url": g.Issuer}},
		Paths:    map[string]object{},
		Security: []map[string][]string{{"oauth2": {}}},
	}}
	d.Components = map[string]object{
		"securitySchemes": {"oauth2": d.securityScheme()}, "schemas": commonSchemas(), "parameters": commonParameters(), "headers": d.headers(),
		"responses": d.responses(),
	}
	d.about()
	for _, m := range g.models {
		tag := m.Model.Model
		d.Tags = append(d.Tags, object{"name": tag, "description": m.said()})
		d.fields(m)
		d.json2(m, tag)
		d.restapi(m, tag)
	}
	if g.others != nil {
		d.Tags = append(d.Tags, object{
			"name": otherModels, "description": "Models that no model configuration names, for reading. Which there are Odoo tells, at `" + g.Endpoints.Orest + "application/model`.",
		})
		d.fields(g.others.model)
		d.json2(g.others.model, otherModels)
		d.restapi(g.others.model, otherModels)
	}
	d.orestapi()
	return indented(d.document)
}

// otherModels is the tag of the models without a configuration.
const otherModels = "other models"

// said is what people are told of a model.
func (m model) said() string {
	text := markdown(m.Name) + "."
	if m.Selected {
		text += " Only the records that the administrator has selected exist for the application."
	}
	return text + " " + m.fieldsSaid()
}

// fieldsSaid tells where the fields of a model are known from.
func (m model) fieldsSaid() string {
	switch {
	case m.Known:
		return "The fields are those that Odoo has described to whoever has used the model last; it may hide some of them from others."
	case m.ReadOthers || m.WriteOthers:
		return "Odoo has not described the fields of this model lately: those that are open are not listed, or not all of them. `fields_get` tells them."
	default:
		return "Odoo has not described the fields of this model lately: their names are those of the configuration."
	}
}

// securityScheme is how the application gets its tokens.
func (d *describing) securityScheme() object {
	scopes := object{}
	for _, s := range d.scopes {
		scopes[s] = scopeWords[s]
	}
	token, flows := d.Issuer+d.Endpoints.Token, object{}
	if d.forPeople() {
		flows["authorizationCode"] = object{"authorizationUrl": d.Issuer + d.Endpoints.Authorize, "tokenUrl": token, "refreshUrl": token, "scopes": scopes}
	}
	if d.service() {
		flows["clientCredentials"] = object{"tokenUrl": token, "scopes": scopes}
	}
	return object{
		"type": "oauth2", "flows": flows,
		"description": "PKCE with S256 is " + d.pkce() + ". The token goes in the header `Authorization: Bearer`. The metadata is at " + d.Issuer + d.Endpoints.Metadata + ".",
	}
}

var scopeWords = map[string]string{
	application.ScopeRead: "Read records", application.ScopeWrite: "Create, change and delete records", application.ScopeCall: "Call methods and print reports",
}

// headers are those that answers have.
func (d *describing) headers() object {
	return object{
		d.Endpoints.Code:   object{"description": "The kind of the error, in words that stay the same in all interfaces, such as `field_not_allowed`.", "schema": object{"type": "string"}},
		"Retry-After":      object{"description": "Seconds to wait before the next try.", "schema": object{"type": "integer", "minimum": 1}},
		"WWW-Authenticate": object{"description": "Why the token is not accepted (RFC 6750).", "schema": object{"type": "string"}},
	}
}

// add puts an operation into the document.
func (d *describing) add(o operation) {
	if o.status == "" {
		o.status = "200"
	}
	answers := object{}
	for status := range failures[o.family].statuses {
		answers[status] = ref("responses", o.family+"-"+status)
	}
	answers[o.status] = object{"description": "Success", "content": o.content}
	scopes := []string{}
	if o.scope != "" {
		scopes = append(scopes, o.scope)
	}
	entry := object{
		"operationId": o.id, "summary": o.summary, "tags": []string{o.tag}, "responses": answers, "security": []map[string][]string{{"oauth2": scopes}},
	}
	if o.description != "" {
		entry["description"] = o.description
	}
	if o.body != nil {
		entry["requestBody"] = object{"required": true, "content": o.body}
	}
	if o.tag == otherModels {
		o.parameters = append([]any{object{"name": "model", "in": "path", "required": true, "schema": d.others.names()}}, o.parameters...)
	}
	if len(o.parameters) > 0 {
		entry["parameters"] = o.parameters
	}
	if d.Paths[o.path] == nil {
		d.Paths[o.path] = object{}
	}
	d.Paths[o.path][strings.ToLower(o.method)] = entry
}

// names is the schema of the name of a model that has no configuration.
func (o *others) names() object {
	closed := make([]object, len(o.closed))
	for i, pattern := range o.closed {
		closed[i] = object{"pattern": pattern}
	}
	return object{"type": "string", "pattern": `^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`, "maxLength": 64, "not": object{"anyOf": closed}}
}

// about adds what every token opens.
func (d *describing) about() {
	if len(d.scopes) == 0 {
		return
	}
	d.Tags = append(d.Tags, object{"name": "connection", "description": "The person, the application and the token."})
	d.add(operation{
		method: "GET", path: d.Endpoints.Me, family: "restapi", tag: "connection", id: "me", summary: "Tell the person, the application and the token",
		content: inJSON(object{"type": "object", "properties": object{
			"id": object{}, "sub": object{"type": "string"}, "login": object{"type": "string"}, "name": object{"type": "string"},
		}, "required": []string{"sub"}}),
	})
}

// in is the part of a path that names the model.
func (m model) in(tag string) string {
	if tag == otherModels {
		return "{model}"
	}
	return m.Model.Model
}

// sample are a few of the fields that can be read, to show how they are asked for.
func (m model) sample() []string {
	names := slices.DeleteFunc(slices.Clone(m.Read), func(name string) bool { return name == "id" })
	if !slices.Contains(names, "name") && slices.Contains(names, "display_name") {
		return []string{"display_name"}
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return names[:min(len(names), 3)]
}

func rank(name string) int {
	if name == "name" {
		return 0
	}
	return 1
}

func ref(kind, name string) object {
	return object{"$ref": "#/components/" + kind + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)}
}

func inJSON(schema object) object { return object{"application/json": object{"schema": schema}} }
