package caddymodule

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// withModels is valid with other schemes and configurations.
func withModels(t *testing.T, schemes, configurations string) string {
	t.Helper()
	config := strings.Replace(valid, `{"sales": {"whitelist": ["customer"]}}`, schemes, 1)
	start := strings.Index(config, `"model_configurations": `)
	return config[:start] + `"model_configurations": ` + configurations + `}}}`
}

func TestModelErrors(t *testing.T) {
	with := func(settings string) string {
		return `{"customer": {"model": "res.partner", "fields": {"limit": "whitelist", "names": ["name"]}, ` + settings + `}}`
	}
	const sales = `{"sales": {"whitelist": ["customer"]}}`
	customer := with(`"active": true`)
	for _, tt := range []struct{ name, schemes, configurations, want string }{
		{"empty scheme", `{"sales": {}}`, customer, "gateway erp: model_scheme sales: whitelist: at least one model configuration is required"},
		{"scheme null", `{"sales": null}`, customer, "model_scheme sales: whitelist: at least one"},
		{"two limits", `{"sales": {"whitelist": ["customer"], "none": true}}`, customer, "model_scheme sales: only one of whitelist, blacklist and none"},
		{"two other limits", `{"sales": {"blacklist": ["hr"], "none": true}}`, customer, "model_scheme sales: only one of"},
		{"two lists", `{"sales": {"whitelist": ["customer"], "configurations": ["customer"]}}`, customer, "model_scheme sales: configurations: belong into the whitelist"},
		{"unknown configuration", `{"sales": {"none": true, "configurations": ["custom"]}}`, customer, `model_scheme sales: configurations: there is no model configuration "custom"`},
		{"blacklist of no model", `{"sales": {"blacklist": ["HR"]}}`, customer, `model_scheme sales: blacklist: "HR" is not a model name`},
		{"write fields", sales, with(`"operations": ["write"], "write_fields": {"limit": "some"}`), `model_configuration customer: write_fields: "some" is none of all, whitelist and blacklist`},
		{"write fields of nothing", sales, with(`"operations": ["write"], "write_fields": {}`), `write_fields: "" is none of`},
		{"write fields of a reader", sales, with(`"write_fields": {"limit": "all"}`), "model_configuration customer: write fields are of no use"},
		{"operation", sales, with(`"operations": ["copy"]`), `model_configuration customer: operation "copy" is none of`},
		{"force", sales, with(`"operations": ["create"], "force": {"name": {"a": 1, "a": 2}}`), "model_configuration customer: force name: "},
		{"preset", sales, with(`"preset": {"name": 1}`), "model_configuration customer: values for new records are of no use"},
		{"method on", sales, with(`"methods": [{"name": "a", "on": "record"}]`), `model_configuration customer: method a: on: "record" is neither records nor model`},
		{"method answer", sales, with(`"methods": [{"name": "a", "answer": "all"}]`), `method a: answer: "all" is neither plain nor any`},
		{"method copy", sales, with(`"methods": [{"name": "copy"}]`), `model_configuration customer: method "copy" leads around the rules`},
		{"unknown field of a method", sales, with(`"methods": [{"names": "copy"}]`), `unknown field "names"`},
		{"related names", sales, with(`"related_names": "none"`), `related_names: "none" is neither show nor hide`},
		{"rows", sales, with(`"row_limit": 5000`), "model_configuration customer: row limit 5000 is not between 1 and 1000"},
		{"sensitive", sales, `{"customer": {"model": "res.users", "fields": {"limit": "all"}}}`, `model_configuration customer: model "res.users" is sensitive`},
		{"icon", sales, with(`"icon": "/does/not/exist.png"`), "model_configuration customer: icon: stat /does/not/exist.png"},
		{"icon unset", sales, with(`"icon": "{env.NOT_SET}"`), "model_configuration customer: icon: placeholder {env.NOT_SET} is unset or empty"},
	} {
		if _, err := provision(t, withModels(t, tt.schemes, tt.configurations)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v\nwant %q", tt.name, err, tt.want)
		}
	}
}

// What is configured reaches the rules.
func TestModelSettings(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ICONS", dir)
	var icon bytes.Buffer
	if err := png.Encode(&icon, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.png"), icon.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	app, err := provision(t, withModels(t, `{"sales": {"name": "Sales", "whitelist": ["customer", "users", "old"]}, "open": {"none": true}, "off": {"none": true, "active": false}}`, `{
		"customer": {"model": "res.partner", "display_name": "Customer", "display_names": {"de_DE": "Kunde"}, "icon": "{env.ICONS}/a.png",
			"fields": {"limit": "whitelist", "names": ["name"]}, "operations": ["read", "create"], "force": {"customer_rank": 1}, "preset": {"lang": "de_DE"},
			"write_fields": {"limit": "whitelist", "names": ["name"]}, "methods": [{"name": "a", "arguments": ["b"], "on": "model", "answer": "any"}],
			"reports": ["base.label"], "search_fields": ["name"], "row_limit": 5, "related_names": "hide"},
		"users": {"model": "res.users", "sensitive": true, "fields": {"limit": "whitelist", "names": ["name"]}},
		"old": {"model": "res.country", "active": false, "fields": {"limit": "all"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	schemes := app.gateways["erp"].settings.schemes
	sales := schemes["sales"]
	var words []string
	for _, s := range sales.Words(context.Background(), nil, nil) {
		words = append(words, fmt.Sprintf("%s %s: %s", s.Act, s.Model, strings.Join(s.Names, ", ")))
	}
	if want := []string{"read Customer: name", "create Customer: name", "run Customer: a", "print Customer: base.label", "read res.users: name"}; !slices.Equal(words, want) {
		t.Errorf("words %q", words)
	}
	if models := sales.Models(scheme.WithLanguages(context.Background(), "de")); len(models) != 2 || models[0].Name != "Kunde" || models[0].Icon.Type != "image/png" || !bytes.Equal(models[0].Icon.Data, icon.Bytes()) {
		t.Errorf("models %+v", models)
	}
	if sales.Title() != "Sales" || !schemes["open"].Opens("sale.order") || schemes["off"].Opens("sale.order") || sales.Opens("res.country") {
		t.Error("what is open is not what is configured")
	}
}

// A gateway without schemes has one.
func TestDefaultScheme(t *testing.T) {
	config := withModels(t, `{}`, `{}`)
	for _, name := range []string{`"default"`, `""`} {
		app, err := provision(t, strings.Replace(config, `"sales"`, name, 1))
		if err != nil {
			t.Fatal(err)
		}
		settings := app.gateways["erp"].settings
		if s := settings.schemes[settings.applications[0].Scheme]; s == nil || s.Title() != "Default model scheme" || !s.Opens("res.partner") || s.Opens("sale.order") {
			t.Errorf("model_scheme %s: %+v", name, s)
		}
	}
	if _, err := provision(t, config); err == nil || !strings.Contains(err.Error(), `there is no model scheme "sales"`) {
		t.Errorf("another name: %v", err)
	}
	if _, err := provision(t, strings.Replace(valid, `"model_scheme": "sales"`, `"model_scheme": "default"`, 1)); err == nil {
		t.Error("the built-in scheme is there although there are others")
	}
}
