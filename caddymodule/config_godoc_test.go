package caddymodule

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// documentation of a type of the configuration, and of its fields.
type documentation struct {
	text   string
	fields map[string]string
}

// godoc is the documentation of the types of this package.
func godoc(t *testing.T) map[string]documentation {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]documentation{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			group, ok := d.(*ast.GenDecl)
			if !ok || group.Tok != token.TYPE {
				continue
			}
			for _, spec := range group.Specs {
				typ := spec.(*ast.TypeSpec)
				about := documentation{text: group.Doc.Text(), fields: map[string]string{}}
				if s, ok := typ.Type.(*ast.StructType); ok {
					for _, f := range s.Fields.List {
						for _, n := range f.Names {
							about.fields[n.Name] = f.Doc.Text()
						}
					}
				}
				types[typ.Name.Name] = about
			}
		}
	}
	return types
}

// TestConfigurationHasGodoc: the documentation of each setting says what it
// means, whether it is required or what stands for it where it is left out,
// and the unit of durations and sizes. People read it at caddyserver.com.
func TestConfigurationHasGodoc(t *testing.T) {
	types := godoc(t)
	seen := map[reflect.Type]bool{}
	var check func(reflect.Type)
	check = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice:
			check(typ.Elem())
			return
		case reflect.Struct:
		default:
			return
		}
		if seen[typ] {
			return
		}
		seen[typ] = true
		about := types[typ.Name()]
		if !strings.HasPrefix(about.text, typ.Name()+" ") {
			t.Errorf("%s has no documentation", typ.Name())
		}
		for f := range typ.Fields() {
			if !f.IsExported() {
				continue
			}
			for _, lack := range lacks(f.Type, about.fields[f.Name]) {
				t.Errorf("%s.%s: %s", typ.Name(), f.Name, lack)
			}
			if strings.Contains(f.Tag.Get("caddy"), "namespace=") {
				for _, guest := range guests(t, f) {
					check(guest)
				}
				continue
			}
			check(f.Type)
		}
	}
	check(reflect.TypeFor[App]())
	check(reflect.TypeFor[Handler]())
}

var (
	saysDefault = regexp.MustCompile(`Default(, and most)?: |Required|required|may be left out`)
	saysUnit    = regexp.MustCompile("`[0-9]+[smhd]`|[0-9]+ (second|minute|hour|day|year)s?|MiB")
)

// lacks says what is missing in the documentation of a setting.
func lacks(typ reflect.Type, text string) (all []string) {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) < len("What it is for. Default: none.") {
		return []string{"has no documentation"}
	}
	if !strings.HasSuffix(text, ".") {
		all = append(all, "its documentation does not end with a full stop")
	}
	if !saysDefault.MatchString(text) {
		all = append(all, "its documentation says neither that it is required nor its default")
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if (typ == reflect.TypeFor[caddy.Duration]() || typ.Kind() == reflect.Int64) && !saysUnit.MatchString(text) {
		all = append(all, "its documentation says no unit")
	}
	return all
}

// TestLacks: what is missing is found.
func TestLacks(t *testing.T) {
	for text, want := range map[string]string{
		"How long a code may be redeemed. Default: `10m`.": "",
		"":                                "has no documentation",
		"How long":                        "has no documentation",
		"How long a code may be redeemed": "its documentation does not end with a full stop; its documentation says neither that it is required nor its default; its documentation says no unit",
		"How long a code may be redeemed. Default: 600.": "its documentation says no unit",
	} {
		if got := strings.Join(lacks(reflect.TypeFor[caddy.Duration](), text), "; "); got != want {
			t.Errorf("%q lacks %q", text, got)
		}
	}
}

// TestSyntaxIsDocumented: the syntax in the documentation of a type has each
// line that its block may have.
func TestSyntaxIsDocumented(t *testing.T) {
	types := godoc(t)
	for block, names := range parsedSettings(t) {
		of, ok := map[string]string{
			"odoo_gateway": "", "badger": "", "postgres": "", "gateway": "Gateway", "admin_console": "AdminConsole", "application": "Application", "redirect_uri": "Application",
			"service_connection": "ServiceConnection", "model_scheme": "ModelScheme", "model_configuration": "ModelConfiguration", "method": "ModelConfiguration",
		}[block]
		if !ok {
			t.Errorf("where is the syntax of %s?", block)
		}
		if of == "" { // at their UnmarshalCaddyfile
			continue
		}
		for _, name := range names {
			if !regexp.MustCompile(`(?m)^\t+(none \| )?` + name + `( |$)`).MatchString(types[of].text) {
				t.Errorf("the documentation of %s lacks %s of %s", of, name, block)
			}
		}
	}
}
