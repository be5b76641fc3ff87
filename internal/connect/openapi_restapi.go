package connect

import (
	"maps"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// restapi adds the requests for records of a model as resources, its methods,
// reports and files.
func (d *describing) restapi(m model, tag string) {
	r := resources{d, m, tag, d.Endpoints.Objects + m.in(tag)}
	r.records()
	r.changes()
	r.methods()
	r.reports()
	r.files()
}

// resources are those of one model.
type resources struct {
	*describing
	model
	tag, path string
}

func (r resources) do(o operation) {
	o.family, o.tag, o.id = "restapi", r.tag, "restapi-"+r.component(o.id)
	r.add(o)
}

// key is the name under which an answer has its records.
func (r resources) key(value object) object {
	if r.tag == otherModels {
		return inJSON(object{"type": "object", "additionalProperties": value, "minProperties": 1, "maxProperties": 1})
	}
	name := r.Model.Model
	return inJSON(object{"type": "object", "properties": object{name: value}, "required": []string{name}})
}

// many is a list of records. For those who know it so from the original, a list
// of one is an object.
func (r resources) many(record object) object {
	list := object{"type": "array", "items": record, "minItems": 1}
	if r.app.Compat.Restapi {
		return object{"anyOf": []object{list, record}}
	}
	return list
}

var inPath = ref("parameters", "id")

func (r resources) records() {
	if !r.may(scheme.Read) {
		return
	}
	r.do(operation{
		method: "GET", path: r.path, id: "records-get", summary: "Find records", scope: application.ScopeRead,
		parameters: r.query("ids", "domain", "fields", "offset", "limit", "order", "context"), content: r.key(r.many(r.record())),
	})
	r.do(operation{
		method: "GET", path: r.path + "/{id}", id: "record-get", summary: "Read a record", scope: application.ScopeRead,
		parameters: append([]any{inPath}, r.query("fields", "context")...), content: r.key(r.record()),
	})
}

// changes are creating, changing and deleting. What was written is answered as
// it can be read, or by its id.
func (r resources) changes() {
	written := object{"type": "object", "properties": object{"id": ref("schemas", "id")}}
	if r.may(scheme.Read) {
		written = object{"anyOf": []object{r.record(), written}}
	}
	values := func(names ...string) object { return r.body(append(names, "vals", "context"), "vals") }
	if r.may(scheme.Create) {
		r.do(operation{
			method: "POST", path: r.path, id: "records-post", summary: "Create a record", scope: application.ScopeWrite,
			body: values(), status: "201", content: r.key(written),
		})
	}
	if r.may(scheme.Write) {
		r.do(operation{
			method: "PUT", path: r.path, id: "records-put", summary: "Change records", scope: application.ScopeWrite,
			body: r.body([]string{"ids", "vals", "context"}, "ids", "vals"), content: r.key(r.many(written)),
		})
		r.do(operation{
			method: "PUT", path: r.path + "/{id}", id: "record-put", summary: "Change a record", scope: application.ScopeWrite,
			parameters: []any{inPath}, body: values(), content: r.key(written),
		})
	}
	if r.may(scheme.Unlink) {
		r.do(operation{
			method: "DELETE", path: r.path, id: "records-delete", summary: "Delete records", scope: application.ScopeWrite,
			parameters: r.query("ids!", "context"), content: inJSON(object{"type": "object"}),
		})
		r.do(operation{
			method: "DELETE", path: r.path + "/{id}", id: "record-delete", summary: "Delete a record", scope: application.ScopeWrite,
			parameters: append([]any{inPath}, r.query("context")...), content: inJSON(object{"type": "object"}),
		})
	}
}

// named are the methods whose arguments are parameters, those that must be
// given with an exclamation mark.
var named = map[string][]string{
	"search":              {"ids", "domain", "offset", "limit", "order", "context"},
	"search_count":        {"ids", "domain", "context"},
	"search_read":         {"ids", "domain", "fields", "offset", "limit", "order", "context"},
	"read":                {"ids!", "fields", "context"},
	"fields_get":          {"allfields", "attributes", "context"},
	"name_search":         {"name", "domain", "operator", "limit", "ids", "context"},
	"read_group":          {"ids", "domain", "fields", "groupby", "offset", "limit", "orderby", "lazy", "context"},
	"check_access_rights": {"operation!", "raise_exception", "context"},
	"default_get":         {"fields_list", "context"},
}

// methods are those of Odoo's that read, with GET and POST, and all others,
// with POST. Creating, changing and deleting have requests of their own.
func (r resources) methods() {
	for _, method := range r.Methods {
		if slices.Contains([]string{"create", "write", "unlink"}, method.Name) {
			continue
		}
		o := operation{path: r.path + "/" + method.Name, summary: method.Name, scope: method.Scope, content: r.answer(method)}
		takes, known := named[method.Name]
		if known {
			get, post := o, o
			get.method, get.id, get.parameters = "GET", method.Name+"-get", r.query(wanted(method.Name, takes)...)
			post.method, post.id, post.body = "POST", method.Name+"-post", r.bodyOf(method.Name, takes)
			r.do(get)
			r.do(post)
			continue
		}
		o.method, o.id, o.body = "POST", method.Name+"-post", r.free(method, method.Records)
		r.do(o)
		if method.Records || method.Name == "has_access" {
			o.path, o.id, o.parameters, o.body = r.path+"/{id}/"+method.Name, method.Name+"-record-post", []any{inPath}, r.free(method, false)
			delete(o.body["application/json"].(object)["schema"].(object)["properties"].(object), "ids")
			r.do(o)
		}
	}
}

// wanted marks the parameters that the method itself gives a meaning of its own.
func wanted(method string, takes []string) []string {
	if method != "read_group" {
		return takes
	}
	return slices.DeleteFunc(append(slices.Clone(takes), "fields:"), func(name string) bool { return name == "fields" })
}

// free is the body of a method whose arguments come together.
func (r resources) free(method scheme.OutlineMethod, ids bool) object {
	kwargs := object{}
	for _, name := range method.Arguments {
		if method.Own {
			kwargs[name] = object{}
		} else if !slices.Contains(older, name) {
			kwargs[name] = r.argument(method.Name, name)
		}
	}
	schema := object{
		"type": "object", "properties": object{
			"ids": ref("schemas", "ids"), "context": ref("schemas", "context"),
			"args":   object{"type": "array", "description": "Arguments by position, after the records."},
			"kwargs": object{"type": "object", "properties": kwargs, "additionalProperties": false},
		},
		"additionalProperties": false,
	}
	properties := schema["properties"].(object)
	if !method.Own { // by name alone: nobody need know the order
		delete(properties, "args")
		schema["required"], properties["kwargs"].(object)["required"] = []string{"kwargs"}, needed[method.Name]
	}
	if ids {
		schema["required"] = []string{"ids"}
	} else if !method.Records && method.Name != "has_access" {
		delete(properties, "ids")
	}
	return inJSON(schema)
}

// answer is what a method answers.
func (r resources) answer(method scheme.OutlineMethod) object {
	switch method.Name {
	case "search_count":
		return inJSON(object{"type": "object", "properties": object{"count": object{"type": "integer"}}, "required": []string{"count"}})
	case "check_access_rights":
		return inJSON(object{"type": "object", "properties": object{"return": object{"type": "boolean"}}, "required": []string{"return"}})
	case "read", "search_read":
		return r.key(r.many(r.record()))
	}
	return r.key(r.result(method))
}

func (r resources) reports() {
	for _, name := range r.Reports {
		content := inJSON(object{"type": "object", "properties": object{"report": object{"anyOf": []object{
			ref("schemas", "report"), {"type": "array", "items": ref("schemas", "report")},
		}}}, "required": []string{"report"}})
		content["application/pdf"] = object{"schema": object{}}
		r.Components["schemas"]["report"] = object{
			"type": "object", "properties": object{
				"id": object{"anyOf": []object{ref("schemas", "id"), ref("schemas", "ids")}}, "state": object{"const": true}, "format": object{"const": "pdf"},
				"result": object{"type": "string", "contentEncoding": "base64", "contentMediaType": "application/pdf"}, "exception": object{"type": "null"},
			},
		}
		path := r.Endpoints.Reports + name
		r.do(operation{
			method: "GET", path: path, id: "report." + name + "-get", summary: "Print " + name, scope: application.ScopeCall,
			parameters: append(r.query("ids!"), object{
				"name": "group", "in": "query", "schema": object{"enum": []int{0, 1}}, "description": "1 is one document for all records.",
			}), content: content,
		})
		r.do(operation{
			method: "GET", path: path + "/{id}", id: "report." + name + "-record-get", summary: "Print " + name + " of a record", scope: application.ScopeCall,
			parameters: []any{inPath}, content: content,
		})
	}
}

// files are fields that hold one. Where the types of the fields are not known,
// any may.
func (r resources) files() {
	if !r.may(scheme.Read) {
		return
	}
	field := object{"type": "string"}
	if !r.ReadOthers {
		var names []string
		for _, name := range r.Read {
			if r.Known && r.Fields[name].Type == "binary" || !r.Known && name != "id" && name != "display_name" {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			return
		}
		field["enum"] = names
	}
	r.do(operation{
		method: "GET", path: r.Endpoints.Files + r.in(r.tag) + "/{id}/{field}", id: "file-get", summary: "Fetch the file that a field holds",
		scope: application.ScopeRead, parameters: []any{inPath, object{"name": "field", "in": "path", "required": true, "schema": field}},
		content: object{"application/octet-stream": object{"schema": object{}}, "image/*": object{"schema": object{}}, "application/pdf": object{"schema": object{}}},
	})
}

// query are parameters of the address.
func (m model) query(names ...string) []any {
	all := make([]any, 0, len(names))
	for _, name := range names {
		name, required := strings.CutSuffix(name, "!")
		switch {
		case name == "limit", name == "operation":
			all = append(all, object{"name": name, "in": "query", "schema": m.argument("", name), "required": required})
		case name == "fields", name == "fields_list", name == "allfields":
			all = append(all, object{
				"name": name, "in": "query", "schema": object{"type": "string"}, "description": "Names of fields, as a list in JSON, or in Python's spelling.",
				"examples": object{"some": object{"value": list(m.sample())}},
			})
		case required:
			all = append(all, ref("parameters", name+"-required"))
		default:
			all = append(all, ref("parameters", strings.TrimSuffix(name, ":")))
		}
	}
	return all
}

// list writes names as a list.
func list(names []string) string {
	if len(names) == 0 {
		return "[]"
	}
	return string(marshal(names))
}

// bodyOf is the body of a named method.
func (m model) bodyOf(method string, takes []string) object {
	var required []string
	properties := object{}
	for _, name := range takes {
		name, must := strings.CutSuffix(name, "!")
		if must {
			required = append(required, name)
		}
		properties[name] = m.parameter(method, name)
	}
	return bodies(properties, required)
}

// body is the body of a request for records, and what of it is required.
func (m model) body(names []string, required ...string) object {
	properties := object{}
	for _, name := range names {
		properties[name] = m.parameter("", name)
	}
	return bodies(properties, required)
}

func (m model) parameter(method, name string) object {
	switch name {
	case "ids", "context":
		return ref("schemas", name)
	}
	return m.argument(method, name)
}

// bodies are JSON, and a form whose values are written as in the address.
func bodies(properties object, required []string) object {
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	form, fields := object{"type": "object", "additionalProperties": false}, object{}
	for name, property := range properties {
		fields[name] = object{"type": "string"}
		if words, few := property.(object)["enum"]; few {
			fields[name] = object{"enum": words}
		}
	}
	form["properties"] = fields
	if len(required) > 0 {
		schema["required"], form["required"] = required, required
	}
	return object{"application/json": object{"schema": schema}, "application/x-www-form-urlencoded": object{"schema": form}}
}

// commonParameters are those of addresses that belong to no model.
func commonParameters() object {
	all := object{"id": object{"name": "id", "in": "path", "required": true, "schema": ref("schemas", "id")}}
	for name, words := range map[string]string{
		"ids": "The ids of records, as `12,17`.", "domain": "Conditions, as `[('name','ilike','gem')]`, in Python's spelling or JSON's.",
		"order": "Fields to sort by, as `name desc`.", "context": "Odoo's context, as `{'lang': 'de_DE'}`.", "name": "A part of the name.",
		"operator": "How the name is compared.", "groupby": "Fields to group by, as `['country_id']`.", "orderby": "How groups are sorted.",
		"lazy": "Whether to group by the first field alone.", "attributes": "What to tell of fields, as `['type','string']`.",
		"raise_exception": "Whether a refusal is an error.",
		"fields":          "Fields, and how they are summed up, as `['amount_total:sum']`.",
	} {
		all[name] = object{"name": name, "in": "query", "description": words, "schema": object{"type": "string"}}
	}
	all["offset"] = object{"name": "offset", "in": "query", "schema": object{"type": "integer", "minimum": 0}}
	required := maps.Clone(all["ids"].(object))
	required["required"] = true
	all["ids-required"] = required
	return all
}
