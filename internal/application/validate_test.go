package application_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
)

// Whoever builds a registry, by configuration or otherwise, can not have an
// application that the flows do not foresee.
func TestRegistryValidatesSettings(t *testing.T) {
	secret := application.NewSecret("correct horse")
	service := &application.Service{Login: "robot", APIKey: application.Hide("battery staple")}
	png := []byte("\x89PNG\x0D\x0A\x1A\x0A")
	for _, test := range []struct {
		name string
		app  application.Application
		want string // "" is good
	}{
		{"defaults", application.Application{}, ""},
		{"everything", application.Application{
			Secrets: []application.Secret{secret, secret}, Logo: application.Logo{Type: "image/png", Data: png}, Scopes: application.Scopes(),
			Consent: application.ConsentTrusted, Allow: application.Allow{Group: "sales_team.group_sale_salesman"}, Connection: application.ConnectionAPIKey,
			Service: service, CodeExpiry: time.Minute, CodeRetain: time.Hour, AccessTokenExpiry: time.Hour, RefreshTokenExpiry: time.Hour,
			RefreshTokenMaxAge: time.Hour, CORSOrigins: []string{"https://a.example"}, Limits: application.Limits{API: application.Rate{Requests: 1, Per: time.Second}},
		}, ""},
		{"without rotation", application.Application{Secrets: []application.Secret{secret}, StaticRefresh: true}, ""},
		{"public", application.Application{Public: true, Consent: application.ConsentEveryTime, Connection: application.ConnectionAsk, Allow: application.Allow{Portal: true}}, ""},

		{"refreshing for ever", application.Application{AccessTokenExpiry: time.Hour}, ""},
		{"the most of everything", application.Application{
			Logo:   application.Logo{Type: "image/png", Data: append(slices.Clone(png), make([]byte, application.MaxLogo-len(png))...)},
			Limits: application.Limits{API: application.Rate{Requests: 1_000_000, Per: 24 * time.Hour}},
		}, ""},
		{"public, on two addresses", application.Application{Public: true, RedirectURIs: []application.RedirectURI{
			{URI: "http://127.0.0.1/cb"}, {URI: "http://localhost/cb"}, {URI: "https://app.example/cb"}, {URI: "https://app.example/other"}}}, ""},
		{"confidential, on two ports", application.Application{RedirectURIs: []application.RedirectURI{
			{URI: "http://127.0.0.1:1/cb"}, {URI: "http://127.0.0.1:2/cb"}, {URI: "http://127.0.0.1/cb"}}}, ""},

		{"too large a logo", application.Application{Logo: application.Logo{
			Type: "image/png", Data: append(slices.Clone(png), make([]byte, application.MaxLogo)...)}}, "logo: is larger than 256 KB"},
		{"public with a secret", application.Application{Public: true, Secrets: []application.Secret{secret}}, "client_secret: a public client has none"},
		{"three secrets", application.Application{Secrets: []application.Secret{secret, secret, secret}}, "client_secret: there may be 2 at once"},
		{"public and trusted", application.Application{Public: true, Consent: application.ConsentTrusted}, "consent: trusted is for confidential"},
		{"public without rotation", application.Application{Public: true, StaticRefresh: true}, "refresh_rotation: off is for confidential"},
		{"public with a service", application.Application{Public: true, Service: service}, "service_connection: is for confidential"},
		{"service without login", application.Application{Service: &application.Service{APIKey: service.APIKey}}, "service_connection: login is required"},
		{"service without key", application.Application{Service: &application.Service{Login: "robot"}}, "service_connection: api_key is required"},
		{"logo of another type", application.Application{Logo: application.Logo{Type: "image/svg+xml", Data: png}}, "logo: is image/png, not image/svg+xml"},
		{"logo that is none", application.Application{Logo: application.Logo{Type: "image/png", Data: []byte("<svg/>")}}, "logo: is no PNG"},
		{"consent", application.Application{Consent: "never"}, `consent: "never"`},
		{"connection", application.Application{Connection: "password"}, `connection: "password"`},
		{"group and portal", application.Application{Allow: application.Allow{Group: "base.group_user", Portal: true}}, "allow: a group stands alone"},
		{"group without module", application.Application{Allow: application.Allow{Group: "group_user"}}, `allow: group "`},
		{"group with a space", application.Application{Allow: application.Allow{Group: "base.group user"}}, `allow: group "`},
		{"no scope", application.Application{Scopes: []string{}}, "scopes: at least one"},
		{"unknown scope", application.Application{Scopes: []string{"odoo.admin"}}, `scopes: "odoo.admin" is none of`},
		{"scope twice", application.Application{Scopes: []string{"odoo.read", "odoo.read"}}, `scopes: "odoo.read" is given twice`},
		{"negative code life", application.Application{CodeExpiry: -1}, "authorization_code_expiry: -1ns is negative"},
		{"negative retain", application.Application{CodeRetain: -1}, "authorization_code_retain: -1ns is negative"},
		{"negative token life", application.Application{AccessTokenExpiry: -1}, "access_token_expiry: -1ns is negative"},
		{"negative refresh life", application.Application{RefreshTokenExpiry: -1}, "refresh_token_expiry: -1ns is negative"},
		{"negative max age", application.Application{RefreshTokenMaxAge: -1}, "refresh_token_max_age: -1ns is negative"},
		{"refresh ends first", application.Application{AccessTokenExpiry: 2, RefreshTokenExpiry: 1}, "refresh_token_expiry: 1ns is shorter"},
		{"max age ends first", application.Application{AccessTokenExpiry: 2, RefreshTokenMaxAge: 1}, "refresh_token_max_age: 1ns is shorter"},
		{"origin", application.Application{CORSOrigins: []string{"null"}}, `cors_origin: "null": is the origin of any sandboxed page`},
		{"origin twice", application.Application{CORSOrigins: []string{"https://a", "https://a"}}, `cors_origin: "https://a" is given twice`},
		{"limit without requests", application.Application{Limits: application.Limits{API: application.Rate{Per: time.Second}}}, "rate_limit: api: 0 requests"},
		{"limit without a time", application.Application{Limits: application.Limits{Person: application.Rate{Requests: 1}}}, "rate_limit: person: 0s"},
		{"limit of a moment", application.Application{Limits: application.Limits{Token: application.Rate{Requests: 1, Per: time.Second - 1}}}, "rate_limit: token: 999.999999ms"},
		{"limit of weeks", application.Application{Limits: application.Limits{Token: application.Rate{Requests: 1, Per: 24*time.Hour + 1}}}, "rate_limit: token: 24h"},
		{"limit of no use", application.Application{Limits: application.Limits{API: application.Rate{Requests: 1_000_001, Per: time.Second}}}, "rate_limit: api: 1000001 requests"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.app.Name, test.app.ClientID = "wiki", "x"
			_, err := application.NewRegistry([]application.Application{test.app})
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), `application "wiki": `+test.want) {
				t.Fatalf("error %v, want one with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "horse") || strings.Contains(err.Error(), "staple") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestValidateOrigin(t *testing.T) {
	for _, origin := range []string{
		"https://app.example.com", "https://app.example.com:8443", "http://localhost:3000", "http://intranet", "https://192.0.2.1",
		"https://" + strings.Repeat("a", 292),
		"https://[2001:db8::1]:8443", "https://xn--bcher-kva.example", "https://app.example.com:80", "http://app.example.com:443",
	} {
		if err := application.ValidateOrigin(origin); err != nil {
			t.Errorf("good origin: %v", err)
		}
	}
	for origin, rule := range map[string]string{
		"":                                    "is not an origin",
		"*":                                   "wildcard",
		"https://*.example.com":               "wildcard",
		"https://*":                           "wildcard",
		"null":                                "sandboxed",
		"NULL":                                "is not an origin",
		"app.example.com":                     "is not an origin",
		"//app.example.com":                   "is not an origin",
		"https://":                            "is not an origin",
		"https:app.example.com":               "is not an origin",
		"file://":                             "is not an origin",
		"ftp://app.example.com":               "is not an origin",
		"chrome-extension://abcdef":           "is not an origin",
		"javascript://app.example.com":        "is not an origin",
		"https://app.example.com/":            "end after host and port",
		"https://app.example.com/cb":          "end after host and port",
		"https://app.example.com?":            "end after host and port",
		"https://app.example.com?a":           "end after host and port",
		"https://app.example.com#":            "end after host and port",
		"https://user@app.example.com":        "end after host and port",
		"HTTPS://app.example.com":             "lower case",
		"https://App.example.com":             "lower case",
		"https://app.example.com ":            "is not an origin",
		" https://app.example.com":            "is not an origin",
		"https://app.example.com\n":           "is not an origin",
		"https://a.example,https://b":         "end after host and port",
		"https://a.example https://b":         "is not an origin",
		"https://bücher.example":              "host name",
		"https://app.example.com:443":         "the port that the scheme has",
		"http://app.example.com:80":           "the port that the scheme has",
		"https://app.example.com:":            "port",
		"https://app.example.com:0":           "port",
		"https://app.example.com:08443":       "port",
		"https://app.example.com:65536":       "port",
		"https://[2001:DB8::1]":               "lower case",
		"https://[2001:db8:0::1]":             "2001:db8::1",
		"https://[::ffff:192.0.2.1]":          "IPv4",
		"https://192.0.513":                   "complete IP",
		"https://" + strings.Repeat("a", 300): "too long",
	} {
		if err := application.ValidateOrigin(origin); err == nil || !strings.Contains(err.Error(), rule) {
			t.Errorf("%.60q: error %v, want one about %q", origin, err, rule)
		}
	}
}
