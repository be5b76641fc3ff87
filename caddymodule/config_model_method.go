package caddymodule

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// ModelMethod is a public method of a model that applications may call.
type ModelMethod struct {
	// The technical name, such as `action_confirm`. Required.
	Name string `json:"name,omitempty"`

	// The names of the arguments that may be given, in the order of Odoo's
	// signature. Applications may give them by name or by position; any other
	// is refused. Default: none.
	Arguments []string `json:"arguments,omitempty"`

	// Whether the method runs on `records`, whose ids the application names,
	// or on the `model`. Default: `records`.
	On string `json:"on,omitempty"`

	// What applications learn of the answer: `plain` passes truth values and
	// numbers, and says `true` in place of all else; `any` passes it as it is,
	// with whatever fields of whatever records are in it. Default: `plain`.
	Answer string `json:"answer,omitempty"`
}

var (
	methodOnWords     = []string{"records", "model"}
	methodAnswerWords = []string{"plain", "any"}
)

// methods turns methods into the internal type.
func methods(list []ModelMethod) ([]scheme.Method, error) {
	var out []scheme.Method
	for _, m := range list {
		for _, w := range []struct {
			field, value string
			words        []string
		}{{"on", m.On, methodOnWords}, {"answer", m.Answer, methodAnswerWords}} {
			if err := oneOf(w.field, w.value, w.words); err != nil {
				return nil, fmt.Errorf("method %s: %w", m.Name, err)
			}
		}
		out = append(out, scheme.Method{
			Name: m.Name, Arguments: m.Arguments, OnModel: m.On == "model", AnyAnswer: m.Answer == "any",
		})
	}
	return out, nil
}

// fieldValues parses the values of fields.
func fieldValues(what string, values map[string]json.RawMessage) (map[string]any, error) {
	var out map[string]any
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v, err := odoo.ParseJSON(values[name], odoo.DefaultLimits)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", what, name, err)
		}
		if out == nil {
			out = make(map[string]any, len(values))
		}
		out[name] = v
	}
	return out, nil
}
