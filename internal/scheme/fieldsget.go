package scheme

import (
	"slices"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// attributes of a field that may be shown. Not among them: groups, domain,
// context, depends and related, which tell about rights and hidden fields.
var attributes = []string{
	"digits", "help", "name", "readonly", "relation", "required", "searchable",
	"selection", "size", "sortable", "store", "string", "translate", "trim", "type",
}

// fieldsGet asks for open fields and open attributes by name. Odoo leaves out
// fields that do not exist; here they are refused as hidden ones are.
func (j *judge) fieldsGet(m *model, out odoo.Call, args map[string]any) (odoo.Call, error) {
	wanted, some, err := names(m.name, "allfields", args["allfields"])
	if err != nil {
		return out, err
	}
	open, err := j.open(m)
	if err != nil {
		return out, err
	}
	if some {
		for _, name := range wanted {
			if _, err := j.field("fields", m, name); err != nil {
				return out, err
			}
		}
		open = wanted
	}
	attrs, some, err := names(m.name, "attributes", args["attributes"])
	if err != nil {
		return out, err
	}
	if !some {
		attrs = attributes
	}
	shown := slices.DeleteFunc(slices.Clone(attrs), func(a string) bool { return !slices.Contains(attributes, a) })
	if len(shown) == 0 {
		return out, deny(CodeInvalid, "attributes", m.name, "", "none of these attributes can be shown")
	}
	out.Method = "fields_get"
	out.Kwargs = map[string]any{"allfields": list(open), "attributes": list(shown)}
	return out, nil
}
