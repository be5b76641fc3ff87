package odoo

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// fieldAttributes are asked for by name: without names the answer is several
// times as large, and releases differ in what it holds.
var fieldAttributes = []any{
	"string", "type", "relation", "required", "readonly", "store", "searchable", "sortable", "depends", "related",
	"relation_field", "translate",
}

// FieldsCall is the call whose answer [ParseFields] reads: all fields of a
// model that the person may see.
func FieldsCall(model string) Call {
	return Call{
		Model:  model,
		Method: "fields_get",
		Kwargs: map[string]any{"attributes": fieldAttributes},
	}
}

// ParseFields reads an answer of fields_get. An attribute that is missing is
// false or "": what is not known to be searchable is not. Errors wrap
// [ErrShape] or [ErrJSON].
func ParseFields(v jsontext.Value) (Fields, error) {
	parsed, err := ParseJSON(v, Limits{Depth: 16, Values: 1_000_000})
	if err != nil {
		return nil, err
	}
	object, ok := parsed.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: fields are no object", ErrShape)
	}
	fields := make(Fields, len(object))
	for name, value := range object {
		attributes, ok := value.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%w: field %q is no object", ErrShape, name)
		}
		f := Field{
			Name:       name,
			String:     text(attributes["string"]),
			Type:       text(attributes["type"]),
			Relation:   text(attributes["relation"]),
			Required:   attributes["required"] == true,
			Readonly:   attributes["readonly"] == true,
			Store:      attributes["store"] == true,
			Searchable: attributes["searchable"] == true,
			Sortable:   attributes["sortable"] == true,
			Translated: attributes["translate"] == true,
			Depends:    texts(attributes["depends"]),
			Related:    text(attributes["related"]),
			Inverse:    text(attributes["relation_field"]),
		}
		if f.Type == "" {
			return nil, fmt.Errorf("%w: field %q has no type", ErrShape, name)
		}
		fields[name] = f
	}
	return fields, nil
}

// text returns a string, or "" for Odoo's false.
func text(v any) string {
	s, _ := v.(string)
	return s
}

// texts returns the strings of a list.
func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, e := range list {
		if s := text(e); s != "" {
			out = append(out, s)
		}
	}
	return out
}
