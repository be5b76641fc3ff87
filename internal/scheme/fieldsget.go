package scheme

import "slices"

// attributes of a field that may be shown. Not among them: groups, domain,
// context, depends and related, which tell about rights and hidden fields.
var attributes = []string{
	"digits", "help", "name", "readonly", "relation", "required", "searchable",
	"selection", "size", "sortable", "store", "string", "translate", "trim", "type",
}

// fieldsGet asks for open fields and open attributes by name. Odoo leaves out
// fields that do not exist; here they are refused as hidden ones are.
func (j *judge) fieldsGet(m *model, out Checked, args map[string]any) (Checked, error) {
	wanted, some, err := names(m.name, "allfields", args["allfields"])
	if err != nil {
		return out, err
	}
	open, err := j.describable(m)
	if err != nil {
		return out, err
	}
	if some {
		for _, name := range wanted {
			if slices.Contains(open, name) {
				continue
			}
			if _, err := j.field("fields", m, name); err != nil {
				return out, err
			}
			// Its name is on the list of fields to read, of records that are not read.
			return out, hidden("fields", m.name, name)
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
	out.Method, out.shape = "fields_get", shapeFields
	out.Kwargs = map[string]any{"allfields": list(open), "attributes": list(shown)}
	return out, nil
}

// describable are the fields that can be read, and those that can be set.
func (j *judge) describable(m *model) ([]string, error) {
	var out []string
	if m.may(Read) {
		var err error
		if out, err = j.readable(m); err != nil {
			return nil, err
		}
	}
	if !m.may(Create) && !m.may(Write) {
		return out, nil
	}
	all, err := j.fields(m.name)
	if err != nil {
		return nil, err
	}
	for _, name := range sortedKeys(all) {
		if slices.Contains(out, name) {
			continue
		}
		_, err := j.writable(m, name)
		if _, denied := err.(*Denied); err != nil && !denied {
			return nil, err
		}
		if err == nil {
			out = append(out, name)
		}
	}
	return out, nil
}
