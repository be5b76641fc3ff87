package scheme

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// access answers whether an operation is allowed: by the scheme, and then by
// Odoo for the person.
func (j *judge) access(m *model, out Checked, call odoo.Call, args map[string]any) (Checked, error) {
	name, _ := args["operation"].(string)
	op := Operation(name)
	switch op {
	case Read, Create, Write, Unlink:
	default:
		return out, deny(CodeInvalid, "operation", m.name, "", "operation is read, create, write or unlink")
	}
	out.shape = shapeTruth
	if call.Method == "check_access_rights" {
		raise := true
		if v, given := args["raise_exception"]; given {
			raise = truthy(v)
		}
		if !m.may(op) {
			if raise {
				return out, deny(CodeOperation, "operation", m.name, "", "operation %q on model %q is not allowed", op, m.name)
			}
			out.Answer = jsontext.Value("false")
			return out, nil
		}
		out.Method, out.Kwargs = call.Method, map[string]any{"operation": name, "raise_exception": raise}
		return out, nil
	}
	ids, err := recordIDs(m.name, call.IDs)
	if err != nil {
		return out, err
	}
	if !m.may(op) {
		out.Answer = jsontext.Value("false")
		return out, nil
	}
	out.guard(m, ids)
	out.Method, out.Call.IDs, out.Kwargs = call.Method, ids, map[string]any{"operation": name}
	return out, nil
}

// defaultGet asks what new records start with, for fields that the application
// may both set and read.
func (j *judge) defaultGet(m *model, out Checked, args map[string]any) (Checked, error) {
	wanted, _, err := names(m.name, "fields", args["fields"])
	if err != nil {
		return out, err
	}
	for _, name := range wanted {
		if !m.may(Read) {
			return out, hidden("fields", m.name, name)
		}
		if _, err := j.field("fields", m, name); err != nil {
			return out, err
		}
		if _, err := j.writable(m, name); err != nil {
			return out, err
		}
	}
	out.Method, out.Args, out.shape = "default_get", []any{list(wanted)}, shapeDefaults
	return out, nil
}

// defaults are the plain values of an answer of default_get, and those of the
// configuration. Lists of records come as commands, with values of the other
// model in them: they are left out.
func (j *judge) defaults(m *model, checked Checked, res odoo.Result) (odoo.Result, error) {
	given, err := members(res.Value)
	if err != nil {
		return odoo.Result{}, unexpected(err)
	}
	known, err := j.fields(m.name)
	if err != nil {
		return odoo.Result{}, err
	}
	wanted, _ := checked.Args[0].([]any)
	kept := odoo.Record{}
	for _, item := range wanted {
		name, _ := item.(string)
		value := given.Get(name)
		for _, own := range []map[string]any{m.preset, m.forced} {
			if v, ok := own[name]; ok {
				if value, err = odoo.MarshalValue(v); err != nil {
					return odoo.Result{}, unexpected(err)
				}
			}
		}
		if value == nil || value.Kind() == '[' || value.Kind() == '{' || many(known[name]) {
			continue
		}
		kept = append(kept, odoo.Member{Name: name, Value: value})
	}
	return odoo.Result{Value: odoo.AppendRecord(nil, kept)}, nil
}
