package connect

import (
	"slices"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// json2 adds one request for each method of a model.
func (d *describing) json2(m model, tag string) {
	for _, method := range m.Methods {
		d.add(operation{
			method: "POST", path: d.Endpoints.JSON2 + m.in(tag) + "/" + method.Name, family: "json2", tag: tag,
			id: "json2-" + m.component(method.Name), summary: method.Name, scope: method.Scope,
			body: inJSON(m.arguments(method)), content: inJSON(m.result(method)),
		})
	}
}

// needed are arguments without which /json/2 does not call a method.
var needed = map[string][]string{
	"search": {"domain"}, "search_count": {"domain"}, "formatted_read_group": {"domain"}, "read_group": {"domain"},
	"create": {"vals_list"}, "write": {"vals"}, "has_access": {"operation"}, "default_get": {"fields"}, "check_access_rights": {"operation"},
}

// older are arguments of earlier versions of Odoo that have other names now.
var older = []string{"args", "fields_list"}

// arguments is the schema of the body of a call.
func (m model) arguments(method scheme.OutlineMethod) object {
	properties := object{"context": ref("schemas", "context")}
	required := slices.Clone(needed[method.Name])
	if method.Records || method.Name == "has_access" {
		properties["ids"] = object{"anyOf": []object{ref("schemas", "ids"), ref("schemas", "id")}}
	}
	if method.Records && method.Own {
		required = append(required, "ids")
	}
	for _, name := range method.Arguments {
		switch {
		case method.Own:
			properties[name] = object{}
		case !slices.Contains(older, name):
			properties[name] = m.argument(method.Name, name)
		}
	}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

// argument is the schema of an argument of one of Odoo's own methods.
func (m model) argument(method, name string) object {
	switch name {
	case "domain", "args":
		return ref("schemas", "domain")
	case "fields", "fields_list":
		if method == "read_group" {
			return texts()
		}
		if method == "default_get" {
			return m.oneOfFields(slices.DeleteFunc(slices.Clone(m.Write), func(f string) bool { return !slices.Contains(m.Read, f) }), m.ReadOthers || m.WriteOthers)
		}
		return m.oneOfFields(m.Read, m.ReadOthers)
	case "allfields":
		return m.describable()
	case "vals":
		return m.values()
	case "vals_list":
		return object{"anyOf": []object{m.values(), {"type": "array", "items": m.values()}}}
	case "offset":
		return object{"type": "integer", "minimum": 0}
	case "limit":
		return object{"type": "integer", "minimum": 0, "maximum": m.Rows}
	case "lazy", "raise_exception":
		return object{"type": "boolean"}
	case "operation":
		return object{"enum": m.open}
	case "groupby":
		return object{"anyOf": []object{{"type": "string"}, texts()}}
	case "attributes", "aggregates":
		return texts()
	case "having":
		return object{"type": "array"}
	}
	return object{"type": "string"} // order, orderby, name, operator, load
}

func texts() object { return object{"type": "array", "items": object{"type": "string"}} }

// result is the schema of what a method answers.
func (m model) result(method scheme.OutlineMethod) object {
	if method.Own {
		if method.AnyAnswer {
			return object{}
		}
		return object{"type": []string{"boolean", "number"}}
	}
	switch method.Name {
	case "read", "search_read":
		return object{"type": "array", "items": m.record()}
	case "search", "create":
		return ref("schemas", "ids")
	case "search_count":
		return object{"type": "integer", "minimum": 0}
	case "name_search":
		return object{"type": "array", "items": pair()}
	case "read_group", "formatted_read_group":
		return object{"type": "array", "items": object{"type": "object"}}
	case "fields_get", "default_get":
		return object{"type": "object"}
	}
	return object{"type": "boolean"} // write, unlink, has_access, check_access_rights
}

// pair is the id of a record and its name.
func pair() object {
	return object{"type": "array", "prefixItems": []object{ref("schemas", "id"), {"type": "string"}}, "minItems": 2, "maxItems": 2}
}
