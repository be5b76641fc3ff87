package caddymodule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/application"
)

// The settings of an application that are one word of several.
var (
	pkceWords       = []string{"optional", "required"}
	rotationWords   = []string{"on", "off"}
	validityWords   = []string{"date", "seconds"}
	consentWords    = []string{"remember", "every_time", "trusted"}
	connectionWords = []string{"ask", "session", "api_key"}
)

// words takes over the settings that are one word of several.
func (a *Application) words(app *application.Application, _ *caddy.Replacer) error {
	for _, w := range []struct {
		field, value string
		words        []string
	}{
		{"pkce", a.PKCE, pkceWords},
		{"refresh_rotation", a.RefreshRotation, rotationWords},
		{"validity_format", a.ValidityFormat, validityWords},
		{"consent", a.Consent, consentWords},
		{"connection", a.Connection, connectionWords},
	} {
		if err := oneOf(w.field, w.value, w.words); err != nil {
			return err
		}
	}
	if a.Public && a.PKCE == "optional" {
		return errors.New("pkce: is required of public clients, always")
	}
	app.RequirePKCE = a.Public || a.PKCE == "required"
	app.StaticRefresh = a.RefreshRotation == "off"
	app.ValiditySeconds = a.ValidityFormat == "seconds"
	for _, habit := range a.Compat {
		switch habit {
		case "confluence":
			app.Compat.Confluence = true
		case "restapi":
			app.Compat.Restapi = true
		default:
			return fmt.Errorf("compat: %q is neither confluence nor restapi", habit)
		}
	}
	var err error
	if app.Allow, err = a.Allow.allow(); err != nil {
		return fmt.Errorf("allow: %w", err)
	}
	return nil
}

// oneOf is an error where a value is set and none of the words.
func oneOf(field, value string, words []string) error {
	if value == "" || slices.Contains(words, value) {
		return nil
	}
	if len(words) == 2 {
		return fmt.Errorf("%s: %q is neither %s nor %s", field, value, words[0], words[1])
	}
	last := len(words) - 1
	return fmt.Errorf("%s: %q is none of %s and %s", field, value, strings.Join(words[:last], ", "), words[last])
}
