package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// UnmarshalJSON decodes the app strictly, as Caddy does, and says of what is
// wrong in which gateway it stands.
func (a *App) UnmarshalJSON(data []byte) error {
	type plain App
	var gateways struct {
		*plain
		Gateways map[string]json.RawMessage `json:"gateways"`
	}
	gateways.plain = (*plain)(a)
	if err := strict(data, &gateways); err != nil {
		return err
	}
	return partsOf("gateway", gateways.Gateways, &a.Gateways)
}

// UnmarshalJSON decodes a gateway strictly, and says of what is wrong in which
// application, model scheme or model configuration it stands.
func (g *Gateway) UnmarshalJSON(data []byte) error {
	type plain Gateway
	var parts struct {
		*plain
		Applications        map[string]json.RawMessage `json:"applications"`
		ModelSchemes        map[string]json.RawMessage `json:"model_schemes"`
		ModelConfigurations map[string]json.RawMessage `json:"model_configurations"`
	}
	parts.plain = (*plain)(g)
	if err := strict(data, &parts); err != nil {
		return err
	}
	return errors.Join(
		partsOf("application", parts.Applications, &g.Applications),
		partsOf("model_scheme", parts.ModelSchemes, &g.ModelSchemes),
		partsOf("model_configuration", parts.ModelConfigurations, &g.ModelConfigurations),
	)
}

// partsOf decodes named parts, in the order of their names.
func partsOf[T any](what string, parts map[string]json.RawMessage, to *map[string]*T) error {
	if parts == nil {
		return nil
	}
	*to = make(map[string]*T, len(parts))
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if bytes.Equal(parts[name], []byte("null")) {
			(*to)[name] = nil // which says of itself that it is empty
			continue
		}
		v := new(T)
		if err := strict(parts[name], v); err != nil {
			return fmt.Errorf("%s %s: %w", what, name, err)
		}
		(*to)[name] = v
	}
	return nil
}

// strict decodes one value without unknown fields.
func strict(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		// Fields of the value itself are those of what is embedded in it here.
		field := strings.TrimPrefix(wrong.Field, "plain.")
		return fmt.Errorf("%s: is %s, where %s belongs", field, article(wrong.Value), jsonWord(wrong.Type))
	}
	if text, unknown := strings.CutPrefix(fmt.Sprint(err), "json: unknown field "); unknown {
		return fmt.Errorf("unknown field %s", text)
	}
	return err
}

func article(kind string) string {
	first, rest, _ := strings.Cut(kind, " ")
	switch first {
	case "array", "object":
		return "an " + first
	case "bool":
		return "true or false"
	case "number":
		return strings.TrimSpace("the number " + rest)
	}
	return "a " + first
}

// jsonWord is what JSON calls that which such a Go value is written as.
func jsonWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Map, reflect.Struct, reflect.Pointer:
		return "an object"
	case reflect.String:
		return "a string"
	default:
		return "a number"
	}
}
