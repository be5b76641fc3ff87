package caddymodule

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/ceiling"
)

// valid is an app in JSON that is right.
const valid = `{
	"store": {"module": "badger", "path": "STORE"},
	"gateways": {"erp": {
		"issuer": "https://erp.example.com",
		"database": "prod",
		"applications": {"wiki": {
			"client_id": "wiki", "client_secret": "top-secret", "model_scheme": "sales",
			"redirect_uris": [{"uri": "https://wiki.example.com/cb"}]
		}},
		"model_schemes": {"sales": {"whitelist": ["customer"]}},
		"model_configurations": {"customer": {
			"model": "res.partner", "fields": {"limit": "whitelist", "names": ["name"]}, "filter": [["active", "=", true]]
		}}
	}}
}`

// provision provisions an app, and gives the same errors as Caddy would.
func provision(t *testing.T, config string) (*App, error) {
	t.Helper()
	dir := t.TempDir()
	config = strings.ReplaceAll(config, "STORE", filepath.Join(dir, "store"))
	var app *App
	ctx, err := caddy.ProvisionContext(&caddy.Config{
		Admin:      &caddy.AdminConfig{Disabled: true},
		StorageRaw: json.RawMessage(`{"module": "file_system", "root": "` + dir + `"}`),
		AppsRaw:    caddy.ModuleMap{"odoo_gateway": json.RawMessage(config)},
		Logging:    &caddy.Logging{Logs: map[string]*caddy.CustomLog{"default": {BaseLog: caddy.BaseLog{WriterRaw: json.RawMessage(`{"output": "discard"}`)}}}},
	})
	if err != nil {
		return nil, err
	}
	v, err := ctx.AppIfConfigured("odoo_gateway")
	if err != nil {
		return nil, err
	}
	app = v.(*App)
	t.Cleanup(func() { _ = app.Cleanup() })
	if _, err := os.Stat(filepath.Join(dir, "store")); err == nil {
		t.Error("provisioning has touched the disk")
	}
	return app, nil
}

func TestProvisionErrors(t *testing.T) {
	t.Setenv("EMPTY_SECRET", "")
	tests := []struct{ name, old, new, want string }{
		{"unknown field of the app", `"store"`, `"stroe"`, `unknown field "stroe"`},
		{"unknown field of a gateway", `"issuer"`, `"isuer"`, `gateway erp: unknown field "isuer"`},
		{"unknown field of an application", `"client_id"`, `"clientid"`, `gateway erp: application wiki: unknown field "clientid"`},
		{"unknown field of a redirect URI", `{"uri":`, `{"secure": true, "uri":`, `gateway erp: application wiki: unknown field "secure"`},
		{"unknown field of a scheme", `{"whitelist"`, `{"greylist": [], "whitelist"`, `gateway erp: model_scheme sales: unknown field "greylist"`},
		{"unknown field of a configuration", `"model":`, `"operation": "read", "model":`, `gateway erp: model_configuration customer: unknown field "operation"`},
		{"a word for yes", `"client_id"`, `"public": "yes", "client_id"`, "gateway erp: application wiki: public: is a string, where true or false belongs"},
		{"a word for a list", `"client_id"`, `"scopes": "odoo.read", "client_id"`, "gateway erp: application wiki: scopes: is a string, where an array belongs"},
		{"a list for a word", `"database"`, `"json2": ["shared"], "database"`, "gateway erp: json2: is an array, where a string belongs"},
		{"unknown store", `"module": "badger"`, `"module": "redis"`, `unknown module: odoo_gateway.stores.redis`},
		{"gateway name", `"erp":`, `"e/p":`, `gateway "e/p": a name has at most 64 letters`},
		{"application name", `"wiki": {`, `"wi ki": {`, `gateway erp: application "wi ki": a name has`},
		{"no issuer", `"https://erp.example.com"`, `""`, "gateway erp: issuer: is required"},
		{"issuer with a path", `erp.example.com"`, `erp.example.com/odoo"`, "gateway erp: issuer: \"https://erp.example.com/odoo\": must end after the host"},
		{"issuer with a slash", `erp.example.com"`, `erp.example.com/"`, "must end after the host"},
		{"issuer with a query", `erp.example.com"`, `erp.example.com?db=x"`, "must have no user, query or fragment"},
		{"issuer with a user", `https://erp`, `https://admin@erp`, "must have no user, query or fragment"},
		{"issuer in capitals", `https://erp`, `https://ERP`, "must be written in lower case"},
		{"issuer without TLS", `https://erp`, `http://erp`, "plain http is accepted on loopback only"},
		{"issuer of another kind", `https://erp`, `ftp://erp`, "the scheme must be https"},
		{"issuer that is none", `https://erp.example.com`, `erp.example.com`, "is not an origin"},
		{"more calls at once than there are", `"database"`, `"odoo_calls": {"at_once": 10001}, "database"`, "gateway erp: odoo_calls: at_once: is none of 1 to 10000"},
		{"fewer calls than none", `"database"`, `"odoo_calls": {"at_once": -1}, "database"`, "gateway erp: odoo_calls: at_once: is none of 1 to 10000"},
		{"a wait for a turn without end", `"database"`, `"odoo_calls": {"wait": "301s"}, "database"`, "gateway erp: odoo_calls: wait: is none of 0 to 5 minutes"},
		{"a wait of less than nothing", `"database"`, `"odoo_calls": {"wait": -1}, "database"`, "gateway erp: odoo_calls: wait: is none of 0 to 5 minutes"},
		{"a bound that is off", `"database"`, `"odoo_calls": {"off": true, "at_once": 3}, "database"`, "gateway erp: odoo_calls: what is off has no bounds"},
		{"a keepalive of less than nothing", `"database"`, `"session_keepalive": -1, "database"`, "gateway erp: session_keepalive: is less than nothing"},
		{"answers of next to nothing", `"database"`, `"max_answer": 1048575, "database"`, "gateway erp: max_answer: is less than 1 MiB"},
		{"answers without end", `"database"`, `"max_answer": 1073741825, "database"`, "gateway erp: max_answer: is more than 1 GiB"},
		{"a keepalive for ever", `"database"`, `"session_keepalive": "3651d", "database"`, "gateway erp: session_keepalive: is more than 10 years"},
		{"an audit trail of less than nothing", `"database"`, `"audit_retention": -1, "database"`, "gateway erp: audit_retention: is less than nothing"},
		{"an audit trail for ever", `"database"`, `"audit_retention": "3651d", "database"`, "gateway erp: audit_retention: is more than 10 years"},
		{"a group of the console", `"database"`, `"admin_console": {"group": "managers"}, "database"`, `gateway erp: admin_console: group: "managers" is not an XML id`},
		{"a network of the console", `"database"`, `"admin_console": {"networks": ["10.0.0.0/33"]}, "database"`, `gateway erp: admin_console: networks: "10.0.0.0/33" is not a network`},
		{"a mapped network of the console", `"database"`, `"admin_console": {"networks": ["::ffff:10.0.0.0/104"]}, "database"`, `is not a network`},
		{"no network of the console", `"database"`, `"admin_console": {"networks": []}, "database"`, "gateway erp: admin_console: networks: at least one is required"},
		{"a word for json2", `"database"`, `"json2": "ours", "database"`, "gateway erp: json2: \"ours\" is neither shared nor only_ours"},
		{"no database", `"prod"`, `""`, "gateway erp: database: is required"},
		{"algorithm", `"database"`, `"signing_algorithm": "HS256", "database"`, `gateway erp: signing_algorithm: "HS256" is neither RS256 nor EdDSA`},
		{"no client id", `"client_id": "wiki"`, `"client_id": ""`, "gateway erp: application wiki: client_id: is required"},
		{"no secret", `"top-secret"`, `""`, "gateway erp: application wiki: client_secret: is required (or set public)"},
		{"secret of a public client", `"client_id"`, `"public": true, "client_id"`, "client_secret: a public client has none"},
		{"unset variable", `"top-secret"`, `"a{env.NOT_SET}b"`, "gateway erp: application wiki: client_secret: placeholder {env.NOT_SET} is unset or empty: the environment variable NOT_SET is not set here (caddy validate and caddy run have those of the shell"},
		{"empty variable", `"top-secret"`, `"{env.EMPTY_SECRET}"`, "placeholder {env.EMPTY_SECRET} is unset or empty"},
		{"empty file", `"top-secret"`, `"{file./dev/null}"`, "placeholder {file./dev/null} names a file that is empty"},
		{"unreadable file", `"top-secret"`, `"{file./}"`, "placeholder {file./} names a file that can not be read: is a directory"},
		{"missing file", `"top-secret"`, `"{file./does/not/exist}"`, "placeholder {file./does/not/exist} names a file that does not exist"},
		{"no scheme", `"model_scheme": "sales"`, `"model_scheme": ""`, "gateway erp: application wiki: model_scheme: is required"},
		{"missing scheme", `"model_scheme": "sales"`, `"model_scheme": "hr"`, `gateway erp: application wiki: model_scheme: there is no model scheme "hr"`},
		{"missing configuration", `["customer"]`, `["customer", "order"]`, `gateway erp: model_scheme sales: whitelist: there is no model configuration "order"`},
		{"empty scheme", `["customer"]`, `[]`, "gateway erp: model_scheme sales: whitelist: at least one"},
		{"configuration twice", `["customer"]`, `["customer", "customer"]`, `gateway erp: model_scheme sales: model configuration "customer": model "res.partner" is configured twice`},
		{"no model", `"res.partner"`, `""`, "gateway erp: model_configuration customer: model: is required"},
		{"odd model", `"res.partner"`, `"res partner"`, "gateway erp: model_configuration customer:"},
		{"sensitive model", `"res.partner"`, `"ir.config_parameter"`, "is sensitive and cannot be opened"},
		{"no fields", `"fields": {"limit": "whitelist", "names": ["name"]}, `, ``, "fields: is required: all, whitelist or blacklist"},
		{"odd limit", `"limit": "whitelist"`, `"limit": "most"`, `fields: "most" is none of`},
		{"none with fields", `"limit": "whitelist"`, `"limit": "none"`, "model_configuration customer: fields are named"},
		{"all with fields", `"limit": "whitelist"`, `"limit": "all"`, "fields are named"},
		{"odd filter", `[["active", "=", true]]`, `[["active", "is", true]]`, "gateway erp: model_configuration customer:"},
		{"no redirect URI", `[{"uri": "https://wiki.example.com/cb"}]`, `[]`, "gateway erp: application wiki: redirect_uri: at least one is required"},
		{"redirect URI twice", `[{"uri": "https://wiki.example.com/cb"}]`, `[{"uri": "https://w/"}, {"uri": "https://w/"}]`, `gateway erp: application wiki: redirect_uri "https://w/" is listed twice`},
		{"redirect URI without TLS", `"uri": "https:`, `"uri": "http:`, `gateway erp: application wiki: redirect_uri "http://wiki.example.com/cb": must use https`},
		{"redirect URI of a program", `"uri": "https://wiki.example.com/cb"`, `"uri": "com.example.wiki:/cb"`, `redirect_uri "com.example.wiki:/cb": must begin with https://`},
		{"unknown habit", `"client_id"`, `"compat": ["jira"], "client_id"`, `compat: "jira" is neither`},
		{"code lives too long", `"client_id"`, `"authorization_code_expiry": "2h", "client_id"`, "authorization_code_expiry: 2h is not between 1s and 1h"},
		{"token lives too long", `"client_id"`, `"access_token_expiry": "30d", "client_id"`, "access_token_expiry: 30d is not between 1s and 1d"},
		{"negative life", `"client_id"`, `"access_token_expiry": "-1h", "client_id"`, "access_token_expiry: -1h is not between"},
		{"refresh shorter than access", `"client_id"`, `"refresh_token_expiry": "10m", "client_id"`, "refresh_token_expiry: 10m is shorter than an access token's 1h"},
		{"negative refresh", `"client_id"`, `"refresh_token_expiry": "-1s", "client_id"`, "refresh_token_expiry: -1s is negative"},
		{"client id twice", `"applications": {`, `"applications": {"other": {"client_id": "wiki", "public": true, "model_scheme": "sales", "redirect_uris": [{"uri": "https://o/"}]}, `, "client_id is already used"},
		{"seal key", `"store"`, `"seal_key": "abcd", "store"`, "seal_key: "},
		{"seal key variable", `"store"`, `"seal_key": "{env.NOT_SET}", "store"`, "seal_key: placeholder {env.NOT_SET} is unset or empty"},
		{"store at the root", `"STORE"`, `"/"`, "the root of the file system is no place for a store"},
		{"store path variable", `"STORE"`, `"{env.NOT_SET}/x"`, "path: placeholder {env.NOT_SET} is unset or empty"},
		{"issuer twice", `"gateways": {`, `"gateways": {"also": {"issuer": "https://erp.example.com", "database": "d"}, `, "gateway erp: issuer: is that of gateway also, too"},
		{"empty gateway", `"gateways": {`, `"gateways": {"none": null, `, "gateway none: is empty"},
		{"empty application", `"applications": {`, `"applications": {"none": null, `, "application none: is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := strings.Replace(valid, tt.old, tt.new, 1)
			if config == valid {
				t.Fatalf("%s is not in the configuration", tt.old)
			}
			_, err := provision(t, config)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v\nwant %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "top-secret") {
				t.Errorf("the error shows a secret: %v", err)
			}
			ofTheStore := strings.Contains(err.Error(), `unknown field "stroe"`) ||
				strings.Contains(err.Error(), "provision odoo_gateway: store: ") || strings.Contains(err.Error(), "provision odoo_gateway: seal_key: ")
			if !ofTheStore && !strings.Contains(err.Error(), "odoo_gateway: gateway ") {
				t.Errorf("the error names no gateway: %v", err)
			}
			if strings.Contains(tt.old, "client_id") && !strings.Contains(err.Error(), "gateway erp: application wiki: ") {
				t.Errorf("the error names no application: %v", err)
			}
		})
	}
}

func TestSecretsAreResolved(t *testing.T) {
	t.Setenv("WIKI_SECRET", "from the environment {env.HOME}")
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"{env.WIKI_SECRET}":     "from the environment {env.HOME}", // not expanded twice
		"{file." + file + "}":   "from a file",
		"x-{env.WIKI_SECRET}-y": "x-from the environment {env.HOME}-y",
		"{system.hostname}":     "{system.hostname}",
		"br{ace}s":              "br{ace}s",
	} {
		app, err := provision(t, strings.Replace(valid, `"top-secret"`, `"`+in+`"`, 1))
		if err != nil {
			t.Fatal(err)
		}
		if a := app.gateways["erp"].settings.applications[0]; len(a.Secrets) != 1 || !a.Secrets[0].Matches(want) {
			t.Errorf("%s: the secret is not %q", in, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	app, err := provision(t, valid)
	if err != nil {
		t.Fatal(err)
	}
	if app.gateways["erp"].settings.onlyOurs {
		t.Error("/json/2 is not shared")
	}
	a := app.gateways["erp"].settings.applications[0]
	if a.Name != "wiki" || a.Title != "wiki" || !a.Active || a.Public || !a.RedirectURIs[0].Active || a.RedirectURIs[0].Individually {
		t.Errorf("got %+v", a)
	}
	if a.CodeExpiry != 10*time.Minute || a.AccessTokenExpiry != time.Hour || a.RefreshTokenExpiry != 0 {
		t.Errorf("got %v, %v, %v", a.CodeExpiry, a.AccessTokenExpiry, a.RefreshTokenExpiry)
	}
	app, err = provision(t, strings.Replace(valid, `"client_id"`,
		`"name": "Team wiki", "active": false, "compat": ["restapi"], "authorization_code_expiry": "30s", "access_token_expiry": "5m", "refresh_token_expiry": "30d", "client_id"`, 1))
	if err != nil {
		t.Fatal(err)
	}
	a = app.gateways["erp"].settings.applications[0]
	if a.Title != "Team wiki" || a.Active || !a.Compat.Restapi || a.Compat.Confluence ||
		a.CodeExpiry != 30*time.Second || a.AccessTokenExpiry != 5*time.Minute || a.RefreshTokenExpiry != 720*time.Hour {
		t.Errorf("got %+v", a)
	}
}

// What is right and wrong with URIs is tested with package application.
func TestRedirectURIs(t *testing.T) {
	app, err := provision(t, strings.Replace(valid, `[{"uri": "https://wiki.example.com/cb"}]`, `[
		{"uri": "https://wiki.example.com/cb", "individually": true},
		{"uri": "http://wiki.example.com/cb", "insecure": true, "description": "inside", "active": false}
	]`, 1))
	if err != nil {
		t.Fatal(err)
	}
	want := []application.RedirectURI{
		{URI: "https://wiki.example.com/cb", Individually: true, Active: true},
		{URI: "http://wiki.example.com/cb", Insecure: true, Description: "inside"},
	}
	if got := app.gateways["erp"].settings.applications[0].RedirectURIs; !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if _, err = provision(t, strings.Replace(strings.Replace(valid, `"client_secret": "top-secret"`, `"public": true`, 1),
		"https://wiki.example.com/cb", "com.example.wiki:/cb", 1)); err != nil {
		t.Error(err)
	}
}

func TestJSON2OnlyOurs(t *testing.T) {
	for word, want := range map[string]bool{"only_ours": true, "shared": false} {
		app, err := provision(t, strings.Replace(valid, `"database"`, `"json2": "`+word+`", "database"`, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := app.gateways["erp"].settings.config("erp", nil, nil, nil).JSON2OnlyOurs; got != want {
			t.Errorf("%s gives %v", word, got)
		}
	}
}

func TestMaxAnswer(t *testing.T) {
	for text, want := range map[string]int64{"": 10 << 20, `"max_answer": 1048576,`: 1 << 20, `"max_answer": 1073741824,`: 1 << 30} {
		app, err := provision(t, strings.Replace(valid, `"database"`, text+`"database"`, 1))
		if err != nil {
			t.Fatal(err)
		}
		settings := app.gateways["erp"].settings
		if got := settings.config("erp", nil, nil, nil).MaxAnswer; got != want || settings.maxAnswer != want {
			t.Errorf("%s: %d", text, got)
		}
	}
}

func TestOdooCalls(t *testing.T) {
	for text, want := range map[string]ceiling.Limits{
		"": {Calls: 8, Wait: 10 * time.Second}, `"odoo_calls": {},`: {Calls: 8, Wait: 10 * time.Second}, `"odoo_calls": {"off": true},`: {},
		`"odoo_calls": {"at_once": 3},`: {Calls: 3, Wait: 10 * time.Second}, `"odoo_calls": {"at_once": 10000, "wait": 0},`: {Calls: 10000},
		`"odoo_calls": {"wait": "5m"},`: {Calls: 8, Wait: 5 * time.Minute},
	} {
		app, err := provision(t, strings.Replace(valid, `"database"`, text+`"database"`, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := app.gateways["erp"].settings.config("erp", nil, nil, nil).Calls; got != want {
			t.Errorf("%s gives %v", text, got)
		}
	}
}

func TestAdminConsole(t *testing.T) {
	for text, want := range map[string]string{
		"": "none", `"admin_console": {},`: "none", `"admin_console": {"enabled": false, "networks": ["10.0.0.0/8"]},`: "none",
		`"admin_console": {"enabled": true},`: "group  networks []",
		`"admin_console": {"enabled": true, "group": "base.group_erp_manager", "networks": ["10.0.0.0/8", "::ffff:192.0.2.1", "2001:db8::1"]},`: "group base.group_erp_manager networks [10.0.0.0/8 192.0.2.1/32 2001:db8::1/128]",
		`"admin_console": {"enabled": true, "networks": ["private_ranges", "192.0.2.0/24"]},`:                                                   "group  networks [192.168.0.0/16 172.16.0.0/12 10.0.0.0/8 127.0.0.0/8 fd00::/8 ::1/128 192.0.2.0/24]",
	} {
		app, err := provision(t, strings.Replace(valid, `"database"`, text+`"database"`, 1))
		if err != nil {
			t.Fatal(err)
		}
		got := "none"
		if c := app.gateways["erp"].settings.config("erp", nil, nil, nil).Console; c != nil {
			got = fmt.Sprintf("group %s networks %v", c.Group, c.Networks)
		}
		if got != want {
			t.Errorf("%s gives %s, want %s", text, got, want)
		}
	}
}

func TestAuditRetention(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 90 * 24 * time.Hour, `"audit_retention": 0,`: 0, `"audit_retention": "12h",`: 12 * time.Hour} {
		app, err := provision(t, strings.Replace(valid, `"database"`, text+`"database"`, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := app.gateways["erp"].settings.config("erp", nil, nil, nil).AuditRetention; got != want {
			t.Errorf("%s gives %v", text, got)
		}
	}
}

func TestSessionKeepalive(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 30 * 24 * time.Hour, `"session_keepalive": 0,`: 0, `"session_keepalive": "12h",`: 12 * time.Hour} {
		app, err := provision(t, strings.Replace(valid, `"database"`, text+`"database"`, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := app.gateways["erp"].settings.config("erp", nil, nil, nil).SessionKeepalive; got != want {
			t.Errorf("%s gives %v", text, got)
		}
	}
}
