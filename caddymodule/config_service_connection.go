package caddymodule

import (
	"errors"
	"fmt"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/application"
)

// ServiceConnection is the Odoo account that an application acts as with the
// grant type `client_credentials`: best one of its own, with no more rights
// than it needs.
//
// In a Caddyfile:
//
//	service_connection {
//		login   <login>
//		api_key <key>
//	}
type ServiceConnection struct {
	// The login name of the account. Required.
	Login string `json:"login,omitempty"`

	// An API key of the account, made in its Odoo profile. Placeholders
	// `{env.NAME}` and `{file./path}` are resolved when the configuration is
	// loaded. Required.
	APIKey string `json:"api_key,omitempty"`
}

// service resolves the service connection. Its errors never carry the key.
func (a *Application) service(app *application.Application, repl *caddy.Replacer) error {
	s := a.ServiceConnection
	if s == nil {
		return nil
	}
	switch {
	case s.Login == "":
		return errors.New("service_connection: login: is required")
	case strings.HasPrefix(s.Login, "{") && strings.HasSuffix(s.Login, "}"):
		return fmt.Errorf("service_connection: login: %s is no login: placeholders are resolved in api_key alone", s.Login)
	case s.APIKey == "":
		return errors.New("service_connection: api_key: is required")
	}
	key, err := resolve(s.APIKey, repl)
	if err != nil {
		return fmt.Errorf("service_connection: api_key: %w", err)
	}
	app.Service = &application.Service{Login: s.Login, APIKey: application.Hide(key)}
	return nil
}
