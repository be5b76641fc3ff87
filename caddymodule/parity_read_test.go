package caddymodule

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/gateway"
)

// converted is all that a configuration has become in internal types.
type converted struct {
	gateways map[string]gateway.Config
	dir      string
	store    any
	sealKey  []byte
	kept     any
	// dsn and staleness are those of PostgreSQL.
	dsn       string
	staleness caddy.Duration
}

// convert provisions an app, and returns what it has become, or its error.
func convert(t *testing.T, text []byte) (converted, error) {
	t.Helper()
	var checked App
	if err := caddy.StrictUnmarshalJSON(text, &checked); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	ctx, err := caddy.ProvisionContext(&caddy.Config{
		Admin:      &caddy.AdminConfig{Disabled: true},
		StorageRaw: json.RawMessage(`{"module": "file_system", "root": "` + t.TempDir() + `"}`),
		AppsRaw:    caddy.ModuleMap{"odoo_gateway": text},
		Logging:    &caddy.Logging{Logs: map[string]*caddy.CustomLog{"default": {BaseLog: caddy.BaseLog{WriterRaw: json.RawMessage(`{"output": "discard"}`)}}}},
	})
	if err != nil {
		return converted{}, err
	}
	loaded, err := ctx.AppIfConfigured("odoo_gateway")
	if err != nil {
		t.Fatal(err)
	}
	app := loaded.(*App)
	defer func() { _ = app.Cleanup() }()
	options := app.store.options
	out := converted{gateways: map[string]gateway.Config{}, dir: options.name, store: reflect.TypeOf(options.module), sealKey: options.sealKey, kept: options.kept}
	if p, ok := options.module.(*PostgresStore); ok {
		out.dsn, out.staleness = p.dsn, p.Staleness
	}
	for name, served := range app.gateways {
		config := served.settings.config(name, nil, nil, nil)
		config.ClientAddr, config.RequestID = nil, nil // functions differ from themselves
		config.Described = app.described(name, served.settings, caddy.NewReplacer())
		config.Described.Objects = nil // the configuration itself
		out.gateways[name] = config
	}
	return out, nil
}

// TestParityRead changes each setting of each Caddyfile in testdata: what the
// configuration becomes in internal types changes with it, or it is an error.
func TestParityRead(t *testing.T) {
	dir := t.TempDir()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"wiki.png": picture.String(), "customer.png": picture.String(), "odoo-gateway.key": strings.Repeat("0f", 32), "erp.secret": "erp", "wiki.key": "key",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CONFLUENCE_SECRET", "a secret of the wiki")
	t.Setenv("ICONS", dir)
	t.Setenv("GRANTS_DSN", "host=db.example.com dbname=grants")
	t.Setenv("GRANTS", filepath.Join(dir, "grants"))
	inDir := strings.NewReplacer("/etc/caddy/", dir+"/", "/var/lib/", dir+"/",
		"$2a$14$x8x4Tjb7g9sGeF5Yc5rYwuJ9lLTAHPlPLW3SOdYeqTSgpgXYkvcbK", "sha256:"+strings.Repeat("0f", 32)) // a slow hash has a random key
	read := map[string]bool{}
	for name, adapted := range goldens(t) {
		var config struct {
			Apps struct {
				App json.RawMessage `json:"odoo_gateway"`
			} `json:"apps"`
		}
		decode(t, []byte(inDir.Replace(string(adapted))), &config)
		if config.Apps.App == nil {
			continue
		}
		var app any
		decode(t, config.Apps.App, &app)
		text := encode(t, app) // as it is written after a change, too
		want, err := convert(t, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again, err := convert(t, text); err != nil || !reflect.DeepEqual(again, want) {
			t.Fatalf("%s becomes two things: %v", name, err)
		}
		for _, l := range leaves(reflect.TypeFor[App](), app, "app", nil) {
			read[l.way] = true
			if got, err := convert(t, changed(t, text, l.place)); err == nil && reflect.DeepEqual(got, want) {
				t.Errorf("%s: nothing reads %s, at %v", name, l.way, l.place)
			}
		}
	}
	for way := range settings(t) {
		if strings.HasPrefix(way, "app.") && !read[way] {
			t.Errorf("no Caddyfile in testdata has %s, so nobody knows whether it is read", way)
		}
	}
}

// changed is a configuration with another value at a place.
func changed(t *testing.T, text []byte, place []any) []byte {
	t.Helper()
	var config any
	decode(t, text, &config)
	return encode(t, changeAt(config, place))
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// changeAt returns a part of a configuration with another value at a place.
func changeAt(part any, place []any) any {
	if len(place) > 0 {
		switch part := part.(type) {
		case map[string]any:
			part[place[0].(string)] = changeAt(part[place[0].(string)], place[1:])
		case []any:
			part[place[0].(int)] = changeAt(part[place[0].(int)], place[1:])
		}
		return part
	}
	switch value := part.(type) {
	case string:
		return value + "x"
	case bool:
		return !value
	case float64:
		return value + 1e6 // of a duration, a millisecond
	case []any:
		if len(value) > 1 {
			return slices.Clone(value[:len(value)-1])
		}
		return append(value, value...)
	case map[string]any:
		return map[string]any{}
	}
	return nil
}

// TestParityHandler: the handler serves the gateway that its setting names.
func TestParityHandler(t *testing.T) {
	var adapted struct {
		Apps caddy.ModuleMap `json:"apps"`
	}
	two := strings.Replace(siteOf("erp"), "database prod\n\t\t}", "database prod\n\t\t}\n\t\tgateway other {\n\t\t\tissuer https://other.example.com\n\t\t\tdatabase other\n\t\t}", 1)
	for name, want := range map[string]string{"erp": "https://erp.example.com", "other": "https://other.example.com"} {
		decode(t, []byte(mustAdapt(t, strings.Replace(two, "odoo_gateway erp\n\trev", "odoo_gateway "+name+"\n\trev", 1))), &adapted)
		dir := t.TempDir()
		ctx, err := caddy.ProvisionContext(&caddy.Config{
			Admin: &caddy.AdminConfig{Disabled: true}, AppsRaw: adapted.Apps,
			StorageRaw: json.RawMessage(`{"module": "file_system", "root": "` + dir + `"}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := ctx.AppIfConfigured("odoo_gateway")
		if err != nil {
			t.Fatal(err)
		}
		app := loaded.(*App)
		defer func() { _ = app.Cleanup() }()
		for _, g := range app.gateways {
			if got := g.settings.issuer.String(); g.used() != (got == want) {
				t.Errorf("a handler of %s: %s is served: %v", name, got, g.used())
			}
		}
	}
}

// siteOf is a Caddyfile with one gateway.
func siteOf(name string) string {
	return "{\n\todoo_gateway {\n\t\tgateway erp {\n\t\t\tissuer https://erp.example.com\n\t\t\tdatabase prod\n\t\t}\n\t}\n}\nhttp:// {\n\todoo_gateway " + name + "\n\treverse_proxy 127.0.0.1:8069\n}\n"
}
