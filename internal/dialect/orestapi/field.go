package orestapi

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/literal"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// fields answers model/field: what the fields of a model are called, and of
// what type they are, in the words of ir.model.fields. People may not read
// that model, so the answer is made of what fields_get tells them. Fields that
// are not open, or do not exist, are left out; where none is left, that is an
// error.
func (s *session) fields() error {
	model := s.params["model"]
	if model == "" {
		return denied(fieldWithoutModel, "Model not provided")
	}
	names, err := s.list("names", namesMalformed, "Could not read load names parameter, maybe not a list?", namesNoList, "Names parameter must be a list!")
	if err != nil {
		return err
	}
	if names == nil {
		return denied(namesMissing, "Names parameter is mandatory!")
	}
	data, err := s.list("data", dataMalformed, "Could not read load data parameter, maybe not a list?", dataNoList, "Data parameter must be a list!")
	if err != nil {
		return err
	}
	columns, err := columnsOf(data)
	if err != nil {
		return err
	}
	if _, err := s.runner.Model(s.r.Context(), model); err != nil {
		return err
	}
	result, err := s.runner.Do(s.r.Context(), odoo.Call{
		Model: model, Method: "fields_get", Kwargs: map[string]any{"attributes": columnAttributes()},
	})
	if err != nil {
		return err
	}
	described, err := members(result.Value)
	if err != nil {
		return err
	}
	// In the order of ir.model.fields: by name.
	wanted := texts(names)
	slices.Sort(wanted)
	records := []odoo.Record{}
	for _, name := range slices.Compact(wanted) {
		raw := described.Get(name)
		if raw == nil {
			continue
		}
		attributes, err := members(raw)
		if err != nil {
			return err
		}
		records = append(records, row(fieldOf{model, name, attributes}, columns))
	}
	if len(records) == 0 {
		return denied(fieldNotFound, "Field not found")
	}
	dialect.Write(s.w, http.StatusOK, odoo.AppendRecords(nil, records))
	return nil
}

// list reads a parameter that is a list, in JSON or Python; nil where it is
// missing.
func (s *session) list(name, malformed, unreadable, noList, mustBe string) ([]any, error) {
	text := strings.TrimSpace(s.params[name])
	if text == "" {
		return nil, nil
	}
	v, err := literal.Parse(text)
	if err != nil {
		return nil, denied(malformed, unreadable)
	}
	list, ok := v.([]any)
	if !ok {
		return nil, denied(noList, mustBe)
	}
	return list, nil
}

// texts are the strings of a list: nothing else names a field.
func texts(list []any) []string {
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// fieldOf is one field as fields_get describes it.
type fieldOf struct {
	model, name string
	attributes  odoo.Record
}

func (f fieldOf) attribute(name, fallback string) jsontext.Value {
	if v := f.attributes.Get(name); v != nil && v.Kind() != 'n' {
		return v
	}
	return jsontext.Value(fallback)
}

// column is a column of ir.model.fields that can be told, in the order in
// which all of them are.
type column struct {
	name string
	// attribute is that of fields_get that the column shows, and absent its
	// value where a field has none.
	attribute, absent string
	value             func(fieldOf) jsontext.Value // where attribute is ""
}

var columns = []column{
	{name: "id", value: fieldID},
	{name: "name", value: func(f fieldOf) jsontext.Value { return quoted(f.name) }},
	{name: "model", value: func(f fieldOf) jsontext.Value { return quoted(f.model) }},
	{name: "display_name", value: fieldTitle},
	{name: "field_description", attribute: "string", absent: `""`},
	{name: "help", attribute: "help", absent: "false"},
	{name: "ttype", attribute: "type", absent: "false"},
	{name: "relation", attribute: "relation", absent: "false"},
	{name: "required", attribute: "required", absent: "false"},
	{name: "readonly", attribute: "readonly", absent: "false"},
	{name: "store", attribute: "store", absent: "false"},
	{name: "selectable", attribute: "searchable", absent: "false"},
	{name: "translate", attribute: "translate", absent: "false"},
	{name: "size", attribute: "size", absent: "0"},
	{name: "selection", attribute: "selection", absent: "false"},
	{name: "state", value: fieldState},
}

// untold are columns of ir.model.fields that read as false: they tell about
// rights, code and tables, or Odoo does not tell them to people.
var untold = []string{
	"__last_update", "column1", "column2", "company_dependent", "complete_name", "compute", "copied", "create_date", "create_uid",
	"currency_field", "depends", "domain", "group_expand", "groups", "index", "model_id", "modules", "on_delete", "related",
	"related_field_id", "relation_field", "relation_field_id", "relation_table", "selection_ids", "serialization_field_id",
	"tracking", "track_visibility", "write_date", "write_uid",
}

// columnsOf finds the columns asked for, the id first as in every record. An
// empty list is all that can be told, as it is in Odoo.
func columnsOf(data []any) ([]column, error) {
	if len(data) == 0 {
		return columns, nil
	}
	out := columns[:1:1]
	for _, v := range data {
		name, _ := v.(string)
		if slices.ContainsFunc(out, func(c column) bool { return c.name == name }) {
			continue
		}
		i := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
		switch {
		case i >= 0:
			out = append(out, columns[i])
		case slices.Contains(untold, name):
			out = append(out, column{name: name, value: func(fieldOf) jsontext.Value { return jsontext.Value("false") }})
		default:
			return nil, denied(fieldNotFound, "Field not found")
		}
	}
	return out, nil
}

func columnAttributes() []any {
	var out []any
	for _, c := range columns {
		if c.attribute != "" {
			out = append(out, c.attribute)
		}
	}
	return out
}

func row(f fieldOf, columns []column) odoo.Record {
	out := make(odoo.Record, len(columns))
	for i, c := range columns {
		out[i].Name = c.name
		if c.value != nil {
			out[i].Value = c.value(f)
		} else {
			out[i].Value = f.attribute(c.attribute, c.absent)
		}
	}
	return out
}

// fieldID is a number for a field, the same each time: Odoo's own cannot be
// read.
func fieldID(f fieldOf) jsontext.Value {
	sum := sha256.Sum256([]byte(f.model + "." + f.name))
	return integer(int64(binary.BigEndian.Uint32(sum[:])>>1) + 1)
}

// fieldTitle is what Odoo calls a field among those of all models.
func fieldTitle(f fieldOf) jsontext.Value {
	label, err := jsontext.AppendUnquote(nil, f.attribute("string", `""`))
	if err != nil {
		label = nil
	}
	return quoted(string(label) + " (" + f.model + ")")
}

// fieldState tells fields that somebody has added to a database from those of
// Odoo's modules, by their names, as Odoo insists on them.
func fieldState(f fieldOf) jsontext.Value {
	if strings.HasPrefix(f.name, "x_") {
		return jsontext.Value(`"manual"`)
	}
	return jsontext.Value(`"base"`)
}

func quoted(s string) jsontext.Value {
	text, _ := jsontext.AppendQuote(nil, s) // invalid UTF-8 is replaced
	return text
}

// members reads one JSON object.
func members(v jsontext.Value) (odoo.Record, error) {
	list := append(append([]byte{'['}, v...), ']')
	records, err := odoo.Records(list)
	if err != nil || len(records) != 1 {
		return nil, odoo.ErrShape
	}
	return records[0], nil
}
