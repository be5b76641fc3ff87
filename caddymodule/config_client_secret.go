package caddymodule

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/application"
)

// hashed matches the beginning of a secret's hash. What begins like one and is
// none is an error, and never taken for a plain secret.
var hashed = regexp.MustCompile(`^(?:sha256:|\$2[a-z]?\$|\$argon2)`)

// secrets resolves what the client and this Odoo prove themselves with. Its
// errors never carry a value.
func (a *Application) secrets(app *application.Application, repl *caddy.Replacer) error {
	switch {
	case a.Public && (a.ClientSecret != "" || a.SecondClientSecret != ""):
		return errors.New("client_secret: a public client has none")
	case !a.Public && a.ClientSecret == "" && a.SecondClientSecret != "":
		return errors.New("second_client_secret: is for a second one beside client_secret")
	case !a.Public && a.ClientSecret == "":
		return errors.New("client_secret: is required (or set public)")
	}
	for _, s := range []struct{ field, value string }{
		{"client_secret", a.ClientSecret}, {"second_client_secret", a.SecondClientSecret},
	} {
		if s.value == "" {
			continue
		}
		secret, err := clientSecret(s.value, repl)
		if err != nil {
			return fmt.Errorf("%s: %w", s.field, err)
		}
		app.Secrets = append(app.Secrets, secret)
	}
	own, err := resolve(a.OwnSecret, repl)
	if err != nil {
		return fmt.Errorf("own_secret: %w", err)
	}
	app.OwnSecret = application.Hide(own)
	return nil
}

// clientSecret resolves a client secret, plain or hashed.
func clientSecret(value string, repl *caddy.Replacer) (application.Secret, error) {
	text, err := resolve(value, repl)
	if err != nil {
		return application.Secret{}, err
	}
	if hashed.MatchString(text) {
		return application.NewHashedSecret(text)
	}
	return application.NewSecret(text), nil
}
