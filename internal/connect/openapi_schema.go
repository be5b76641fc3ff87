package connect

import (
	"maps"
	"slices"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// commonSchemas are those that belong to no model. Names of models have no
// hyphens, so that theirs are others.
func commonSchemas() object {
	orFalse := func(schema object) object { return object{"anyOf": []object{schema, {"const": false}}} }
	all := object{
		"type-text": orFalse(object{"type": "string"}),
		"type-date": orFalse(object{"type": "string", "format": "date"}),
		"type-datetime": orFalse(object{
			"type": "string", "pattern": `^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`, "description": "In UTC.", "examples": []string{"2026-01-31 12:00:00"},
		}),
		"type-file": orFalse(object{"type": "string", "contentEncoding": "base64"}),
		"type-link": object{"description": "A record of another model: its id and its name.", "anyOf": []object{
			{"type": "array", "prefixItems": []object{{"type": "integer"}, {"type": "string"}}, "minItems": 2, "maxItems": 2},
			{"type": "integer"}, {"const": false},
		}},
		"type-reference": orFalse(object{"type": "integer"}),
		"type-list":      object{"type": "array", "items": object{"type": "integer"}, "description": "The ids of records of another model."},
		"type-commands": object{
			"type": "array", "items": object{"type": "array", "minItems": 1, "maxItems": 3},
			"description": "Commands of Odoo's, such as `[[6, 0, [1, 2]]]` to link these records and no others.",
		},
		"domain": object{
			"type": "array", "description": "Conditions of Odoo's, in prefix notation: `[[\"name\", \"ilike\", \"gem\"]]`. `[]` is all.",
			"items": object{"anyOf": []object{{"enum": []string{"&", "|", "!"}}, {"type": "array", "minItems": 3, "maxItems": 3}}},
		},
		"context": object{"type": "object", "properties": object{"lang": object{"type": "string"}, "tz": object{"type": "string"}}},
		"id":      object{"type": "integer", "minimum": 1},
		"ids":     object{"type": "array", "items": ref("schemas", "id")},
	}
	maps.Copy(all, errorSchemas())
	return all
}

// fields adds what records of a model look like, read and to be written.
func (d *describing) fields(m model) {
	schemas := d.Components["schemas"]
	if len(m.Read) > 0 {
		schemas[m.component("record")] = d.shape(m, m.Read, m.ReadOthers, readType)
	}
	if m.may(scheme.Create) || m.may(scheme.Write) {
		schemas[m.component("values")] = d.shape(m, m.Write, m.WriteOthers, d.writeType)
	}
}

// component is the name of a schema of the model's.
func (m model) component(kind string) string {
	if m.Model.Model == "" {
		return "other-" + kind
	}
	return m.Model.Model + "-" + kind
}

func (m model) record() object { return ref("schemas", m.component("record")) }
func (m model) values() object { return ref("schemas", m.component("values")) }

// shape names no model that is not open, as fields_get does not.
func (g *Guide) shape(m model, names []string, others bool, typeOf func(odoo.Field) object) object {
	properties := object{}
	for _, name := range names {
		f, known := m.Fields[name]
		switch {
		case known:
			schema := typeOf(f)
			if f.String != "" {
				schema["title"] = line(f.String)
			}
			if g.Scheme.Opens(f.Relation) {
				schema["x-odoo-model"] = line(f.Relation)
			}
			properties[name] = schema
		case name == "id":
			properties[name] = ref("schemas", "id")
		default:
			properties[name] = object{}
		}
	}
	return object{"type": "object", "description": m.fieldsSaid(), "properties": properties, "additionalProperties": others}
}

// readType is the schema of a value that is read.
func readType(f odoo.Field) object {
	switch f.Type {
	case "char", "text", "html", "selection", "reference":
		return ref("schemas", "type-text")
	case "date", "datetime":
		return ref("schemas", "type-"+f.Type)
	case "boolean":
		return object{"type": "boolean"}
	case "integer":
		return object{"type": "integer"}
	case "float", "monetary":
		return object{"type": "number"}
	case "binary":
		return ref("schemas", "type-file")
	case "many2one":
		return ref("schemas", "type-link")
	case "many2one_reference":
		return ref("schemas", "type-reference")
	case "one2many", "many2many":
		return ref("schemas", "type-list")
	}
	return object{} // JSON, properties, and what later versions have
}

// writeType is the schema of a value that is written. What has no type here can
// be emptied alone, and so can links to records that the application can not
// see.
func (g *Guide) writeType(f odoo.Field) object {
	switch f.Type {
	case "many2one":
		if g.linked[f.Relation] || g.Scheme.OpensUnnamed(f.Relation) {
			return ref("schemas", "type-reference")
		}
	case "one2many", "many2many":
		if _, configured := g.linked[f.Relation]; configured || g.Scheme.OpensUnnamed(f.Relation) {
			return ref("schemas", "type-commands")
		}
		return object{"type": "array", "maxItems": 0}
	case "boolean", "date", "datetime", "binary", "many2one_reference", "char", "text", "html", "selection":
		return readType(f)
	case "integer":
		return ref("schemas", "type-reference")
	case "float", "monetary":
		return object{"anyOf": []object{{"type": "number"}, {"const": false}}}
	}
	return object{"const": false}
}

// oneOfFields is a list of fields by name.
func (m model) oneOfFields(names []string, others bool) object {
	item := object{"type": "string"}
	switch {
	case others:
	case len(names) == 0:
		return object{"type": "array", "maxItems": 0}
	default:
		item["enum"] = names
	}
	return object{"type": "array", "items": item, "uniqueItems": true}
}

// describable are the fields that fields_get tells.
func (m model) describable() object {
	names := slices.Clone(m.Read)
	for _, name := range m.Write {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return m.oneOfFields(names, m.ReadOthers || m.WriteOthers)
}
