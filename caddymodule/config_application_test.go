package caddymodule

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
)

// withSettings puts settings into the application of the valid configuration.
func withSettings(t *testing.T, settings string) string {
	t.Helper()
	if settings == "" {
		return valid
	}
	config := strings.Replace(valid, `"client_id"`, settings+`, "client_id"`, 1)
	if config == valid {
		t.Fatal("the valid configuration has no client_id")
	}
	return config
}

// only provisions a configuration and returns its only application.
func only(t *testing.T, config string) application.Application {
	t.Helper()
	app, err := provision(t, config)
	if err != nil {
		t.Fatal(err)
	}
	return app.gateways["erp"].settings.applications[0]
}

func TestApplicationSettings(t *testing.T) {
	t.Setenv("ROBOT_KEY", "robot-key")
	file := filepath.Join(t.TempDir(), "own")
	if err := os.WriteFile(file, []byte("own-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, settings string
		change         func(*application.Application)
	}{
		{"description", `"description": "Shows orders"`, func(a *application.Application) { a.Description = "Shows orders" }},
		{"own id", `"own_id": "erp"`, func(a *application.Application) { a.OwnID = "erp" }},
		{"own secret", `"own_secret": "{file.` + file + `}"`, func(a *application.Application) { a.OwnSecret = application.Hide("own-secret") }},
		{"PKCE", `"pkce": "required"`, func(a *application.Application) { a.RequirePKCE = true }},
		{"optional PKCE", `"pkce": "optional"`, nil},
		{"scopes", `"scopes": ["odoo.write", "odoo.read"]`, func(a *application.Application) { a.Scopes = []string{"odoo.write", "odoo.read"} }},
		{"asked once", `"consent": "remember"`, func(a *application.Application) { a.Consent = application.ConsentRemember }},
		{"asked each time", `"consent": "every_time"`, func(a *application.Application) { a.Consent = application.ConsentEveryTime }},
		{"trusted", `"consent": "trusted"`, func(a *application.Application) { a.Consent = application.ConsentTrusted }},
		{"internal users", `"allow": {"who": "internal"}`, nil},
		{"portal users", `"allow": {"who": "portal"}`, func(a *application.Application) { a.Allow.Portal = true }},
		{"a group", `"allow": {"who": "group", "group": "base.group_system"}`, func(a *application.Application) { a.Allow.Group = "base.group_system" }},
		{"connection", `"connection": "session"`, func(a *application.Application) { a.Connection = application.ConnectionSession }},
		{"connection by key", `"connection": "api_key"`, func(a *application.Application) { a.Connection = application.ConnectionAPIKey }},
		{"service connection", `"service_connection": {"login": "robot", "api_key": "{env.ROBOT_KEY}"}`, func(a *application.Application) {
			a.Service = &application.Service{Login: "robot", APIKey: application.Hide("robot-key")}
		}},
		{"retain", `"authorization_code_retain": "30d"`, func(a *application.Application) { a.CodeRetain = 720 * time.Hour }},
		{"max age", `"refresh_token_max_age": "365d"`, func(a *application.Application) { a.RefreshTokenMaxAge = 365 * 24 * time.Hour }},
		{"rotation on", `"refresh_rotation": "on"`, nil},
		{"rotation off", `"refresh_rotation": "off"`, func(a *application.Application) { a.StaticRefresh = true }},
		{"dates", `"validity_format": "date"`, nil},
		{"seconds", `"validity_format": "seconds"`, func(a *application.Application) { a.ValiditySeconds = true }},
		{"origins", `"cors_origins": ["https://a.example", "http://localhost:3000"]`, func(a *application.Application) {
			a.CORSOrigins = []string{"https://a.example", "http://localhost:3000"}
		}},
		{"limits", `"rate_limits": {"api": {"requests": 600, "per": "1m"}, "person": {"requests": 5, "per": "1s"}, "token": {"requests": 1, "per": "1d"}}`, func(a *application.Application) {
			a.Limits = application.Limits{
				API: application.Rate{Requests: 600, Per: time.Minute}, Person: application.Rate{Requests: 5, Per: time.Second},
				Token: application.Rate{Requests: 1, Per: 24 * time.Hour},
			}
		}},
		{"limit of one kind", `"rate_limits": {"token": {"requests": 5, "per": "1m"}}`, func(a *application.Application) {
			a.Limits.Token = application.Rate{Requests: 5, Per: time.Minute}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := only(t, valid)
			if tt.change != nil {
				tt.change(&want)
			}
			if got := only(t, withSettings(t, tt.settings)); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestApplicationErrors(t *testing.T) {
	t.Setenv("BROKEN_HASH", "sha256:canary")
	for _, tt := range []struct{ name, settings, want string }{
		{"PKCE", `"pkce": "off"`, `gateway erp: application wiki: pkce: "off" is neither optional nor required`},
		{"scope", `"scopes": ["odoo.read", "openid"]`, `gateway erp: application wiki: scopes: "openid" is none of`},
		{"no scope", `"scopes": []`, "scopes: at least one is required"},
		{"consent", `"consent": "never"`, `consent: "never" is none of remember, every_time and trusted`},
		{"allow nobody named", `"allow": {}`, "allow: who is required"},
		{"allow others", `"allow": {"who": "public"}`, `allow: who: "public" is none of`},
		{"allow no group", `"allow": {"who": "group"}`, "allow: the XML id of the group is required"},
		{"allow a group beside", `"allow": {"who": "portal", "group": "base.group_user"}`, "allow: a group is named"},
		{"allow no XML id", `"allow": {"who": "group", "group": "Sales / User"}`, `allow: group "Sales / User" is no XML id`},
		{"connection", `"connection": "password"`, `connection: "password" is none of ask, session and api_key`},
		{"service login", `"service_connection": {"api_key": "canary"}`, "service_connection: login: is required"},
		{"service login in a placeholder", `"service_connection": {"login": "{env.ROBOT}", "api_key": "canary"}`, "service_connection: login: {env.ROBOT} is no login: placeholders are resolved in api_key alone"},
		{"service key", `"service_connection": {"login": "robot"}`, "service_connection: api_key: is required"},
		{"service key unset", `"service_connection": {"login": "robot", "api_key": "canary{env.NOT_SET}"}`, "service_connection: api_key: placeholder {env.NOT_SET} is unset or empty"},
		{"unknown field of the service", `"service_connection": {"password": "x"}`, `unknown field "password"`},
		{"own secret unset", `"own_secret": "canary{env.NOT_SET}"`, "own_secret: placeholder {env.NOT_SET} is unset or empty"},
		{"second secret unset", `"second_client_secret": "canary{env.NOT_SET}"`, "second_client_secret: placeholder {env.NOT_SET} is unset or empty"},
		{"hash of a secret", `"second_client_secret": "sha256:canary"`, "second_client_secret: secret hash: sha256: must be followed by 64"},
		{"hash from a variable", `"second_client_secret": "{env.BROKEN_HASH}"`, "second_client_secret: secret hash: "},
		{"half a bcrypt hash", `"second_client_secret": "$2a$14$canary"`, "second_client_secret: secret hash: it is no complete bcrypt hash"},
		{"another argon2", `"second_client_secret": "$argon2i$canary"`, "second_client_secret: secret hash: only the argon2id variant"},
		{"retain too long", `"authorization_code_retain": "4000d"`, "authorization_code_retain: 4000d is not between 1s and 3650d"},
		{"retain negative", `"authorization_code_retain": "-1d"`, "authorization_code_retain: -1d is not between"},
		{"max age shorter than a token", `"refresh_token_max_age": "10m"`, "refresh_token_max_age: 10m is shorter than an access token's 1h"},
		{"max age negative", `"refresh_token_max_age": "-1h"`, "refresh_token_max_age: -1h is negative"},
		{"rotation", `"refresh_rotation": "false"`, `refresh_rotation: "false" is neither on nor off`},
		{"validity", `"validity_format": "iso"`, `validity_format: "iso" is neither date nor seconds`},
		{"any origin", `"cors_origins": ["*"]`, `cors_origin: "*": wildcards are not accepted`},
		{"origin twice", `"cors_origins": ["https://a", "https://a"]`, `cors_origin: "https://a" is given twice`},
		{"limit of nothing", `"rate_limits": {"api": {}}`, "rate_limit: api: -1 requests are not between"},
		{"limit of none", `"rate_limits": {"person": {"per": "1m"}}`, "rate_limit: person: 0 requests are not between 1 and 1000000"},
		{"limit without a time", `"rate_limits": {"token": {"requests": 5}}`, "rate_limit: token: 0s is not between 1s and 1d"},
		{"logo that is not there", `"logo": "/does/not/exist.png"`, "gateway erp: application wiki: logo: stat /does/not/exist.png: no such file"},
		{"logo unset", `"logo": "{env.NOT_SET}/x.png"`, "logo: placeholder {env.NOT_SET} is unset or empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := provision(t, withSettings(t, tt.settings))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v\nwant %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "top-secret") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestPublicApplication(t *testing.T) {
	public := strings.Replace(valid, `"client_secret": "top-secret"`, `"public": true`, 1)
	with := func(settings string) string {
		return strings.Replace(public, `"client_id"`, settings+`, "client_id"`, 1)
	}
	for _, config := range []string{public, with(`"pkce": "required"`), with(`"consent": "every_time"`), with(`"consent": "remember"`)} {
		if a := only(t, config); !a.Public || !a.RequirePKCE || len(a.Secrets) != 0 {
			t.Errorf("got %+v", a)
		}
	}
	for settings, want := range map[string]string{
		`"pkce": "optional"`:                                            "application wiki: pkce: is required of public clients, always",
		`"consent": "trusted"`:                                          "application wiki: consent: trusted is for confidential applications",
		`"client_secret": "canary"`:                                     "application wiki: client_secret: a public client has none",
		`"second_client_secret": "canary"`:                              "application wiki: client_secret: a public client has none",
		`"service_connection": {"login": "robot", "api_key": "canary"}`: "application wiki: service_connection: is for confidential applications",
	} {
		_, err := provision(t, with(settings))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v\nwant %q", settings, err, want)
		}
	}
}

func TestClientSecrets(t *testing.T) {
	t.Setenv("NEW_SECRET", "$2b$04$ZvDhA56LWq6w6IsPfzDdp.1U2NSzjNrhaGhAJRQkzgV6k2XJC6xqi") // not that of "new secret"
	sum := "sha256:" + "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"  // of "password"
	for _, tt := range []struct {
		first, second string
		good          []string
	}{
		{"old secret", "new secret", []string{"old secret", "new secret"}},
		{"old secret", sum, []string{"old secret", "password"}},
		{sum, "", []string{"password"}},
		{"$2 a month", "", []string{"$2 a month"}},
		{"old secret", "{env.NEW_SECRET}", []string{"old secret"}},
	} {
		second := ""
		if tt.second != "" {
			second = `, "second_client_secret": "` + tt.second + `"`
		}
		a := only(t, strings.Replace(valid, `"client_secret": "top-secret"`, `"client_secret": "`+tt.first+`"`+second, 1))
		for _, secret := range append(tt.good, sum, tt.first, "", "top-secret") {
			got, want := false, false
			for _, s := range a.Secrets {
				got = got || s.Matches(secret)
			}
			for _, g := range tt.good {
				want = want || g == secret
			}
			if got != want {
				t.Errorf("%s, %s: %q matches: %v", tt.first, tt.second, secret, got)
			}
		}
	}
	// A second one alone is a mistake of who moves lines about.
	_, err := provision(t, strings.Replace(valid, `"client_secret"`, `"second_client_secret"`, 1))
	if err == nil || !strings.Contains(err.Error(), "second_client_secret: is for a second one beside client_secret") {
		t.Errorf("got %v", err)
	}
}

// An application that only has a service connection sends nobody anywhere.
func TestServiceNeedsNoRedirectURI(t *testing.T) {
	a := only(t, strings.Replace(valid, `"redirect_uris": [{"uri": "https://wiki.example.com/cb"}]`,
		`"service_connection": {"login": "robot", "api_key": "key"}`, 1))
	if a.Service == nil || len(a.RedirectURIs) != 0 {
		t.Errorf("got %+v", a)
	}
}

func TestLogo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LOGO_DIR", dir)
	picture := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White})
	var pngs, jpegs, gifs bytes.Buffer
	for _, err := range []error{png.Encode(&pngs, picture), jpeg.Encode(&jpegs, picture, nil), gif.Encode(&gifs, picture, nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	large := append(pngs.Bytes(), make([]byte, application.MaxLogo)...)
	for _, tt := range []struct{ name, data, want, err string }{
		{"a.png", pngs.String(), "image/png", ""},
		{"b.png", jpegs.String(), "image/jpeg", ""}, // by content
		{"c", gifs.String(), "image/gif", ""},
		{"d", "RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00", "image/webp", ""},
		{"full", string(large[:application.MaxLogo]), "image/png", ""},
		{"large", string(large[:application.MaxLogo+1]), "", "is larger than 256 KB"},
		{"empty", "", "", "is empty"},
		{"svg", `<svg xmlns="http://www.w3.org/2000/svg"/>`, "", "is no PNG, JPEG, GIF or WebP image"},
		{"x.png", `<?xml version="1.0"?><svg/>`, "", "is no PNG, JPEG, GIF or WebP image"},
		{"text.png", "a logo", "", "is no PNG, JPEG, GIF or WebP image"},
		{"bmp", "BM\x00\x00", "", "is no PNG, JPEG, GIF or WebP image"},
	} {
		if err := os.WriteFile(filepath.Join(dir, tt.name), []byte(tt.data), 0o600); err != nil {
			t.Fatal(err)
		}
		app, err := provision(t, withSettings(t, `"logo": "{env.LOGO_DIR}/`+tt.name+`"`))
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), "application wiki: logo: ") || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: got %v\nwant %q", tt.name, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if logo := app.gateways["erp"].settings.applications[0].Logo; logo.Type != tt.want || string(logo.Data) != tt.data {
			t.Errorf("%s: type %s, %d bytes", tt.name, logo.Type, len(logo.Data))
		}
	}
	for _, path := range []string{dir, os.DevNull} {
		if _, err := provision(t, withSettings(t, `"logo": "`+path+`"`)); err == nil || !strings.Contains(err.Error(), "is no file") {
			t.Errorf("%s: got %v", path, err)
		}
	}
}
