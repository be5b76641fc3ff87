package caddymodule

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// settings are the settings that a JSON configuration may have: everything
// below the app and the handler, by its way, such as
// app.gateways.*.applications.*.client_id. Stores stand where the app's is.
func settings(t *testing.T) map[string]reflect.Type {
	t.Helper()
	found := map[string]reflect.Type{}
	collect(t, found, "app", reflect.TypeFor[App]())
	collect(t, found, "handler", reflect.TypeFor[Handler]())
	return found
}

// collect adds the settings of a type.
func collect(t *testing.T, found map[string]reflect.Type, way string, typ reflect.Type) {
	t.Helper()
	switch {
	case typ.Kind() == reflect.Pointer:
		collect(t, found, way, typ.Elem())
	case typ.Kind() == reflect.Map && typ.Elem() != rawType:
		collect(t, found, way+".*", typ.Elem())
	case typ.Kind() == reflect.Slice && typ != rawType && typ.Elem().Kind() == reflect.Struct:
		collect(t, found, way+"[]", typ.Elem())
	case typ.Kind() == reflect.Struct:
		for f := range typ.Fields() {
			if !f.IsExported() {
				continue
			}
			name := jsonName(f)
			switch {
			case name == "":
				t.Errorf("%s: %s.%s has no name in JSON", way, typ.Name(), f.Name)
			case strings.Contains(f.Tag.Get("caddy"), "namespace="):
				found[way+"."+name+".module"] = reflect.TypeFor[string]()
				for _, module := range guests(t, f) {
					collect(t, found, way+"."+name, module)
				}
			default:
				collect(t, found, way+"."+name, f.Type)
			}
		}
	default:
		found[way] = typ
	}
}

var rawType = reflect.TypeFor[json.RawMessage]()

// jsonName is the name of a field in JSON, "" for none.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}

// guests are the types of the modules that may stand in a field.
func guests(t *testing.T, f reflect.StructField) (types []reflect.Type) {
	t.Helper()
	namespace, _, _ := strings.Cut(strings.TrimPrefix(f.Tag.Get("caddy"), "namespace="), " ")
	for _, module := range caddy.GetModules(namespace) {
		types = append(types, reflect.TypeOf(module.New()).Elem())
	}
	if len(types) == 0 {
		t.Errorf("there is no module %s.*", namespace)
	}
	return types
}

// leaf is a setting in a configuration: its way among the settings, and where
// it stands.
type leaf struct {
	way   string
	place []any // keys of objects and indexes of lists, from the top
}

// leaves are the settings that a part of a configuration has.
func leaves(typ reflect.Type, part any, way string, place []any) (all []leaf) {
	at := func(key any) []any { return append(slices.Clone(place), key) }
	switch {
	case typ.Kind() == reflect.Pointer:
		return leaves(typ.Elem(), part, way, place)
	case typ.Kind() == reflect.Map && typ.Elem() != rawType:
		for key, value := range part.(map[string]any) {
			all = append(all, leaves(typ.Elem(), value, way+".*", at(key))...)
		}
	case typ.Kind() == reflect.Slice && typ != rawType && typ.Elem().Kind() == reflect.Struct:
		for i, value := range part.([]any) {
			all = append(all, leaves(typ.Elem(), value, way+"[]", at(i))...)
		}
	case typ.Kind() == reflect.Struct:
		for f := range typ.Fields() {
			value, ok := part.(map[string]any)[jsonName(f)]
			if !ok {
				continue
			}
			inner := f.Type
			if strings.Contains(f.Tag.Get("caddy"), "namespace=") {
				of, err := caddy.GetModule("odoo_gateway.stores." + value.(map[string]any)["module"].(string))
				if err != nil {
					panic(err) // of a Caddyfile that was adapted
				}
				inner = reflect.TypeOf(of.New())
				all = append(all, leaf{way + "." + jsonName(f) + ".module", append(at(jsonName(f)), "module")})
			}
			all = append(all, leaves(inner, value, way+"."+jsonName(f), at(jsonName(f)))...)
		}
	default:
		all = append(all, leaf{way, place})
	}
	return all
}

// TestParityCaddyfile: there is a Caddyfile in testdata for each setting of
// the JSON configuration.
func TestParityCaddyfile(t *testing.T) {
	said := map[string]bool{}
	for _, adapted := range goldens(t) {
		var config struct {
			Apps struct {
				App json.RawMessage `json:"odoo_gateway"`
			} `json:"apps"`
		}
		decode(t, adapted, &config)
		if config.Apps.App != nil {
			var app any
			decode(t, config.Apps.App, &app)
			for _, l := range leaves(reflect.TypeFor[App](), app, "app", nil) {
				said[l.way] = true
			}
		}
		for _, handler := range handlersOf(t, adapted) {
			for _, l := range leaves(reflect.TypeFor[Handler](), handler, "handler", nil) {
				said[l.way] = true
			}
		}
	}
	for _, way := range slices.Sorted(maps.Keys(settings(t))) {
		if !said[way] {
			t.Errorf("no Caddyfile in testdata says %s", way)
		}
	}
}

// goldens are what the Caddyfiles in testdata become.
func goldens(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.caddyfiletest")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, adapted, _ := strings.Cut(string(text), "\n----------\n"); strings.HasPrefix(adapted, "{") {
			all[filepath.Base(name)] = []byte(adapted)
		}
	}
	if len(all) == 0 {
		t.Fatal("there are none")
	}
	return all
}

// handlersOf are the gateway's handlers in a configuration.
func handlersOf(t *testing.T, config []byte) (found []map[string]any) {
	t.Helper()
	var all any
	decode(t, config, &all)
	var look func(any)
	look = func(part any) {
		switch part := part.(type) {
		case map[string]any:
			if part["handler"] == "odoo_gateway" {
				found = append(found, part)
			}
			for _, inner := range part {
				look(inner)
			}
		case []any:
			for _, inner := range part {
				look(inner)
			}
		}
	}
	look(all)
	return found
}

func decode(t *testing.T, text []byte, to any) {
	t.Helper()
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatal(err)
	}
}
