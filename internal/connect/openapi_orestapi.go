package connect

import (
	"slices"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// orestapi adds what the Confluence connector asks for. Everything there names
// its model in a parameter.
func (d *describing) orestapi() {
	if !slices.Contains(d.scopes, application.ScopeRead) || len(d.models) == 0 && d.others == nil {
		return
	}
	const tag = "orestapi"
	d.Tags = append(d.Tags, object{"name": tag, "description": "What the Odoo Connector for Confluence asks for; it only reads."})
	found := []object{{"type": "object", "properties": object{"header": object{"type": "object"}}}, {"type": "object", "properties": object{"data": object{"type": "array"}}}}
	parts := inJSON(object{"type": "array", "prefixItems": found, "minItems": 2, "maxItems": 2})
	d.orest("application/model", "The models that the application may use", inJSON(object{"type": "array", "items": object{
		"type": "object", "properties": object{"model": object{"type": "string"}, "name": object{"type": "string"}}, "required": []string{"model", "name"},
	}}))
	models := d.readableModels(func(model) bool { return true }, true)
	if models == nil {
		return
	}
	text, number := object{"type": "string"}, object{"type": "integer", "minimum": 0}
	d.orest("record/name_search", "Find records by name", parts, needs("model", models), takes("name", text), takes("limit", number), takes("offset", number), takes("order", text))
	d.orest("record/read", "Read records", parts, needs("model", models), needs("ids", text), takes("fields", text))
	d.orest("model/field", "What fields are called, and of what type they are", inJSON(object{"type": "array", "items": object{"type": "object"}}),
		needs("model", models), needs("names", text), takes("data", text))
	if pictured := d.readableModels(func(m model) bool { return len(m.Icon.Data) > 0 }, false); pictured != nil {
		d.orest("model/icon", "The icon of a model", object{"image/*": object{"schema": object{}}}, needs("model", pictured))
	}
}

// readableModels is the schema of their names, nil where there are none.
func (d *describing) readableModels(such func(model) bool, withOthers bool) object {
	var names []string
	for _, m := range d.models {
		if m.may(scheme.Read) && such(m) {
			names = append(names, m.Model.Model)
		}
	}
	switch {
	case d.others == nil || !withOthers:
		if names == nil {
			return nil
		}
		return object{"type": "string", "enum": names}
	case names == nil:
		return d.others.names()
	}
	return object{"anyOf": []object{{"enum": names}, d.others.names()}}
}

func takes(name string, schema object) object {
	return object{"name": name, "in": "query", "schema": schema}
}

func needs(name string, schema object) object {
	return object{"name": name, "in": "query", "schema": schema, "required": true}
}

// orest adds a path, with GET, and with POST of a form.
func (d *describing) orest(path, summary string, content object, parameters ...object) {
	o := operation{
		path: d.Endpoints.Orest + path, family: "orestapi", tag: "orestapi", summary: summary, scope: application.ScopeRead, content: content,
	}
	get, post := o, o
	get.method, get.id = "GET", "orestapi-"+path+"-get"
	fields, required := object{}, []string{}
	for _, p := range parameters {
		get.parameters = append(get.parameters, p)
		fields[p["name"].(string)] = p["schema"]
		if p["required"] == true {
			required = append(required, p["name"].(string))
		}
	}
	d.add(get)
	if len(parameters) == 0 {
		return
	}
	post.method, post.id = "POST", "orestapi-"+path+"-post"
	post.body = object{"application/x-www-form-urlencoded": object{"schema": object{
		"type": "object", "properties": fields, "required": required, "additionalProperties": false,
	}}}
	d.add(post)
}
