package caddymodule

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/caddy-odoo/gateway/internal/application"
)

// FuzzCaddyfile parses any lines of a gateway's block, beside an application
// with a secret. An error says where it is, and nothing of the secret. What is
// taken becomes JSON that Caddy's strict decoder takes for the same, to which
// an empty option adds nothing, and of which the settings that the gateway
// takes are within what is documented.
func FuzzCaddyfile(f *testing.F) {
	f.Fuzz(func(t *testing.T, inGateway, inApplication string) {
		const secret = "canary-of-a-secret"
		text := "odoo_gateway {\n\tgateway erp {\n\t\tissuer https://erp.example.com\n\t\tdatabase prod\n" + inGateway +
			"\n\t\tapplication wiki {\n\t\t\tclient_id wiki\n\t\t\tclient_secret " + secret + "\n" + inApplication + "\n\t\t}\n\t}\n}\n"
		quiet := func(err error) string {
			t.Helper()
			if strings.Contains(err.Error(), secret) && !strings.Contains(inGateway+inApplication, "canary") {
				t.Fatalf("error %q of\n%s", err, text)
			}
			return err.Error()
		}
		got, err := parseOption(text, nil)
		if err != nil {
			if m := place.FindStringSubmatch(quiet(err)); m == nil {
				t.Fatalf("error %q of\n%s", err, text)
			} else if line, err := strconv.Atoi(m[1]); err != nil || line < 1 || line > strings.Count(text, "\n")+1 {
				t.Fatalf("line %s of\n%s", m[1], text)
			}
			return
		}
		var app App
		if err := caddy.StrictUnmarshalJSON(got.Value, &app); err != nil {
			t.Fatalf("%s became %s: %v", text, got.Value, err)
		}
		if again := caddyconfig.JSON(app, nil); !bytes.Equal(again, got.Value) {
			t.Fatalf("%s\nis read as\n%s", got.Value, again)
		}
		if more, err := parseOption("odoo_gateway {\n}\n", got); err != nil || !bytes.Equal(more.Value, got.Value) {
			t.Fatalf("%s and an empty option are %s, %v", got.Value, more.Value, err)
		}
		for _, g := range app.Gateways {
			s, err := g.settings(caddy.NewEmptyReplacer())
			if err != nil {
				quiet(err)
				continue
			}
			within(t, s)
		}
	})
}

// place is where an error is.
var place = regexp.MustCompile(`Caddyfile:(\d+)`)

// within fails where settings are not what docs/configuration.md says.
func within(t *testing.T, s gatewaySettings) {
	t.Helper()
	if s.issuer.Scheme != "https" && s.issuer.Scheme != "http" || s.issuer.Host == "" || s.database == "" || s.maxAnswer < 1<<20 || s.maxAnswer > 1<<30 || s.keepalive < 0 {
		t.Fatalf("%+v", s)
	}
	for _, a := range s.applications {
		if a.CodeExpiry < time.Second || a.CodeExpiry > time.Hour || a.AccessTokenExpiry < time.Second || a.AccessTokenExpiry > 24*time.Hour {
			t.Fatalf("%s: %s, %s", a.Name, a.CodeExpiry, a.AccessTokenExpiry)
		}
		if s.schemes[a.Scheme] == nil || a.ClientID == "" || len(a.Secrets) > 2 || a.Public != (len(a.Secrets) == 0) {
			t.Fatalf("%+v", a)
		}
		for _, u := range a.RedirectURIs {
			if err := application.ValidateRedirectURI(u, a.Public); err != nil {
				t.Fatal(err)
			}
			if !u.Insecure && !a.Public && !strings.HasPrefix(u.URI, "https://") && !regexp.MustCompile(`^http://(127\.|\[|localhost)`).MatchString(u.URI) {
				t.Fatalf("%+v", u)
			}
		}
	}
}

// parseOption parses the global option as it stands in a file, without what
// Caddy does before: imports and variables of the environment.
func parseOption(text string, existing any) (httpcaddyfile.App, error) {
	tokens, err := caddyfile.Tokenize([]byte(text), "Caddyfile")
	if err != nil {
		return httpcaddyfile.App{}, fmt.Errorf("Caddyfile:1: %w", err) // Caddy's own, which may know no place
	}
	option, err := parseGlobalOption(caddyfile.NewDispenser(tokens), existing)
	if err != nil {
		return httpcaddyfile.App{}, err
	}
	return option.(httpcaddyfile.App), nil
}
