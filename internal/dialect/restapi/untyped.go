package restapi

import (
	"errors"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/literal"
	"github.com/caddy-odoo/gateway/internal/dialect/typedxml"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// raw is a value as it came: text of the address is read as a literal, and
// what XML leaves without a type stays so.
func (p param) raw(name string) (v any, ok bool, err error) {
	if !p.typed {
		return p.read(name, kindAny)
	}
	if text, isText := p.value.(string); isText {
		return param{text: text}.read(name, kindAny)
	}
	return p.value, p.value != nil, nil
}

// guessed reads text to which XML gave no type: as a literal where it is one,
// as itself elsewhere, and as nothing where it is empty.
func guessed(v any) any {
	switch v := v.(type) {
	case typedxml.Text:
		if strings.TrimSpace(string(v)) == "" {
			return nil
		}
		if value, err := literal.Parse(string(v)); err == nil {
			return value
		}
		return string(v)
	case []any:
		for i := range v {
			v[i] = guessed(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = guessed(v[name])
		}
	}
	return v
}

// settled gives the text that XML left without a type the types of the fields:
// "1000" is a text for a postal code and a number for an amount. Odoo is asked
// only where there is such text.
func (s *session) settled(vals map[string]any) (map[string]any, error) {
	t := &typing{session: s, fields: map[string]odoo.Fields{}}
	return vals, t.record(s.target.model, vals)
}

type typing struct {
	session *session
	fields  map[string]odoo.Fields
}

// untyped tells whether any text in a value has no type.
func untyped(v any) bool {
	switch v := v.(type) {
	case typedxml.Text:
		return true
	case []any:
		return slices.ContainsFunc(v, untyped)
	case map[string]any:
		for _, item := range v {
			if untyped(item) {
				return true
			}
		}
	}
	return false
}

// record settles the values of a record of a model.
func (t *typing) record(model string, vals map[string]any) error {
	if !untyped(vals) {
		return nil
	}
	known, err := t.of(model)
	if err != nil {
		return err
	}
	for name, v := range vals {
		f := known[name]
		if vals[name], err = t.value(f, v); err != nil {
			return err
		}
	}
	return nil
}

func (t *typing) value(f odoo.Field, v any) (any, error) {
	text, isText := v.(typedxml.Text)
	switch f.Type {
	case "integer", "float", "monetary", "boolean", "many2one", "many2one_reference":
		return guessed(v), nil
	case "one2many", "many2many":
		// Commands: the third part of one may be the values of a record.
		commands, _ := v.([]any)
		for _, command := range commands {
			if parts, ok := command.([]any); ok && len(parts) == 3 && f.Relation != "" {
				if vals, ok := parts[2].(map[string]any); ok {
					if err := t.record(f.Relation, vals); err != nil {
						return nil, err
					}
				}
			}
		}
		return guessed(v), nil
	}
	switch {
	case !isText:
		return guessed(v), nil
	case strings.TrimSpace(string(text)) == "":
		return false, nil
	}
	return string(text), nil
}

// of are the fields of a model, as far as the application may know them. What
// it may not know is refused with the values.
func (t *typing) of(model string) (odoo.Fields, error) {
	if known, ok := t.fields[model]; ok {
		return known, nil
	}
	res, err := t.session.runner.Do(t.session.r.Context(), odoo.Call{
		Model: model, Method: "fields_get", Kwargs: map[string]any{"attributes": []any{"type", "relation"}},
	})
	if f, ok := errors.AsType[*dialect.Failure](err); ok && f.Kind == dialect.Forbidden {
		t.fields[model] = odoo.Fields{}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	known, err := odoo.ParseFields(res.Value)
	if err != nil {
		return nil, err
	}
	t.fields[model] = known
	return known, nil
}
