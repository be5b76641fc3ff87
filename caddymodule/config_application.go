package caddymodule

import (
	"errors"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/application"
)

// Application is a registered OAuth2 client.
//
// In a Caddyfile:
//
//	application <name> {
//		name          <title>
//		client_id     <id>
//		client_secret <secret>
//		public        [true|false]
//		redirect_uri  <uri> {
//			individually [true|false]
//			insecure     [true|false]
//			description  <text>
//			active       [true|false]
//		}
//		model_scheme  <name>
//		compat        <confluence|restapi...>
//		authorization_code_expiry <duration>
//		access_token_expiry       <duration>
//		refresh_token_expiry      <duration>|0
//		active        [true|false]
//	}
//
// redirect_uri may stand any number of times, and its block may be left out.
type Application struct {
	// The title that people read on the consent page, such as `Team wiki`.
	// Default: the configured name.
	Name string `json:"name,omitempty"`

	// The OAuth2 `client_id`. Required, and unique in its gateway.
	ClientID string `json:"client_id,omitempty"`

	// The OAuth2 `client_secret`. Required for all but public clients. It
	// may be, or contain, placeholders `{env.NAME}` and `{file./path}`, which
	// are resolved when the configuration is loaded; one that is unset or
	// empty is an error.
	ClientSecret string `json:"client_secret,omitempty"`

	// A public client has no secret, such as an application on a desktop or
	// in a browser. It must use PKCE. Default: `false`.
	Public bool `json:"public,omitempty"`

	// The callbacks that codes may be sent to. At least one is required.
	RedirectURIs []RedirectURI `json:"redirect_uris,omitempty"`

	// The name of the model scheme that says what the application may reach.
	// Required.
	ModelScheme string `json:"model_scheme,omitempty"`

	// The legacy habits that are tolerated: `confluence` (token parameters in
	// the query string) and `restapi` (the same, and the quirks of the
	// original `/restapi` answers). Default: none.
	Compat []string `json:"compat,omitempty"`

	// How long an authorization code may be redeemed, from 1 second to 1
	// hour. Default: `10m`.
	AuthorizationCodeExpiry caddy.Duration `json:"authorization_code_expiry,omitempty"`

	// How long an access token is valid, from 1 second to 1 day. Default: `1h`.
	AccessTokenExpiry caddy.Duration `json:"access_token_expiry,omitempty"`

	// How long a refresh token is valid after it was issued; each refresh
	// issues a new one. At least as long as an access token. Default: 0,
	// which means for ever.
	RefreshTokenExpiry caddy.Duration `json:"refresh_token_expiry,omitempty"`

	// An application that is not active is archived: its tokens stop working
	// and come back with it. Default: `true`.
	Active *bool `json:"active,omitempty"`
}

const (
	defaultCodeExpiry        = 10 * time.Minute
	defaultAccessTokenExpiry = time.Hour
	maxCodeExpiry            = time.Hour
	maxAccessTokenExpiry     = 24 * time.Hour
)

// application checks the configuration and turns it into the internal type.
func (a *Application) application(name string, repl *caddy.Replacer) (application.Application, error) {
	if a == nil {
		return application.Application{}, errors.New("is empty")
	}
	app := application.Application{
		Name:               name,
		Title:              a.Name,
		ClientID:           a.ClientID,
		Public:             a.Public,
		Scheme:             a.ModelScheme,
		CodeExpiry:         defaultCodeExpiry,
		AccessTokenExpiry:  defaultAccessTokenExpiry,
		RefreshTokenExpiry: time.Duration(a.RefreshTokenExpiry),
		Active:             a.Active == nil || *a.Active,
	}
	if app.Title == "" {
		app.Title = name
	}
	if app.ClientID == "" {
		return app, errors.New("client_id: is required")
	}
	if app.Scheme == "" {
		return app, errors.New("model_scheme: is required")
	}
	if err := a.secret(&app, repl); err != nil {
		return app, fmt.Errorf("client_secret: %w", err)
	}
	for _, habit := range a.Compat {
		switch habit {
		case "confluence":
			app.Compat.Confluence = true
		case "restapi":
			app.Compat.Restapi = true
		default:
			return app, fmt.Errorf("compat: %q is neither confluence nor restapi", habit)
		}
	}
	if len(a.RedirectURIs) == 0 {
		return app, errors.New("redirect_uri: at least one is required")
	}
	for _, u := range a.RedirectURIs {
		app.RedirectURIs = append(app.RedirectURIs, u.redirectURI())
	}
	if err := a.expiries(&app); err != nil {
		return app, err
	}
	return app, app.Validate()
}

// secret resolves the client secret. Its errors never carry the value.
func (a *Application) secret(app *application.Application, repl *caddy.Replacer) error {
	if a.Public {
		if a.ClientSecret != "" {
			return errors.New("a public client has none")
		}
		return nil
	}
	if a.ClientSecret == "" {
		return errors.New("is required (or set public)")
	}
	secret, err := resolve(a.ClientSecret, repl)
	if err != nil {
		return err
	}
	app.Secrets = []application.Secret{application.NewSecret(secret)}
	return nil
}

// expiries takes over the durations that are set, within reason.
func (a *Application) expiries(app *application.Application) error {
	for _, e := range []struct {
		field string
		value caddy.Duration
		max   time.Duration
		to    *time.Duration
	}{
		{"authorization_code_expiry", a.AuthorizationCodeExpiry, maxCodeExpiry, &app.CodeExpiry},
		{"access_token_expiry", a.AccessTokenExpiry, maxAccessTokenExpiry, &app.AccessTokenExpiry},
	} {
		if e.value == 0 {
			continue
		}
		if d := time.Duration(e.value); d < time.Second || d > e.max {
			return fmt.Errorf("%s: %v is not between 1s and %v", e.field, d, e.max)
		}
		*e.to = time.Duration(e.value)
	}
	if d := app.RefreshTokenExpiry; d < 0 || d > 0 && d < app.AccessTokenExpiry {
		return fmt.Errorf("refresh_token_expiry: %v is shorter than an access token's %v (0 means for ever)", d, app.AccessTokenExpiry)
	}
	return nil
}
