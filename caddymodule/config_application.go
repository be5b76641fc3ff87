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
//		description   <text>
//		logo          <path>
//		client_id     <id>
//		client_secret <secret>
//		public        [true|false]
//		own_id        <id>
//		own_secret    <secret>
//		redirect_uri  <uri> {
//			individually [true|false]
//			insecure     [true|false]
//			description  <text>
//			active       [true|false]
//		}
//		pkce          optional|required
//		model_scheme  <name>
//		scopes        <scopes...>
//		consent       remember|every_time|trusted
//		allow         internal|portal|group <xml_id>
//		connection    ask|session|api_key
//		service_connection {
//			login   <login>
//			api_key <key>
//		}
//		authorization_code_expiry <duration>
//		authorization_code_retain <duration>|0
//		access_token_expiry       <duration>
//		refresh_token_expiry      <duration>|0
//		refresh_token_max_age     <duration>|0
//		refresh_rotation          on|off
//		validity_format           date|seconds
//		cors_origin   <origins...>
//		rate_limit    api|person|token <requests> <duration>
//		compat        <confluence|restapi...>
//		active        [true|false]
//	}
//
// redirect_uri and cors_origin may stand any number of times, client_secret
// twice, and rate_limit once for each of its words. The block of redirect_uri
// may be left out. Durations are written as in 600s, 10m, 12h or 30d.
type Application struct {
	// The title that people read on the consent page, such as `Team wiki`.
	// Default: the configured name.
	Name string `json:"name,omitempty"`

	// What the application is for, in a sentence that people read on the
	// consent page. Default: none.
	Description string `json:"description,omitempty"`

	// The path of an image that people see on the consent page: PNG, JPEG,
	// GIF or WebP, at most 256 KB. It is read when the configuration is
	// loaded. Placeholders are resolved as in `client_secret`. Default: none.
	Logo string `json:"logo,omitempty"`

	// The OAuth2 `client_id`. Required, and unique in its gateway.
	ClientID string `json:"client_id,omitempty"`

	// The OAuth2 `client_secret`. Required for all but public clients. It
	// may be, or contain, placeholders `{env.NAME}` and `{file./path}`, which
	// are resolved when the configuration is loaded; one that is unset or
	// empty is an error.
	//
	// Instead of the secret, its hash may stand here: what
	// `caddy odoo-gateway hash-secret` prints, or `caddy hash-password`
	// (bcrypt, or Argon2id with `--algorithm argon2id`), or `sha256:` and the
	// SHA-256 of a long random secret in hexadecimal, which costs no time at
	// each request.
	ClientSecret string `json:"client_secret,omitempty"`

	// A second secret that is accepted as well, in the same forms, while an
	// application changes from one to the other. Remove the old one when that
	// is done. Default: none.
	SecondClientSecret string `json:"second_client_secret,omitempty"`

	// A public client has no secret, such as an application on a desktop or
	// in a browser. It must use PKCE, people are asked each time, and an
	// `http` redirect URI on loopback may use any port. Default: `false`.
	Public bool `json:"public,omitempty"`

	// How this Odoo names itself to the application, for those that ask for
	// it when they are linked. Default: none.
	OwnID string `json:"own_id,omitempty"`

	// How this Odoo proves itself to the application. Placeholders are
	// resolved as in `client_secret`. Default: none.
	OwnSecret string `json:"own_secret,omitempty"`

	// The callbacks that codes may be sent to. At least one is required,
	// except for an application that has a `service_connection`.
	RedirectURIs []RedirectURI `json:"redirect_uris,omitempty"`

	// Whether the application must use PKCE (RFC 7636): `optional` enforces
	// it wherever a challenge was sent, `required` refuses requests without
	// one. Public clients always must. Default: `optional`, and `required`
	// for public clients.
	PKCE string `json:"pkce,omitempty"`

	// The name of the model scheme that says what the application may reach.
	// Required, unless the gateway has no scheme at all: then it is the
	// built-in one, see there.
	ModelScheme string `json:"model_scheme,omitempty"`

	// The OAuth2 scopes that may be granted at most: `odoo.read`,
	// `odoo.write` (create, write and unlink) and `odoo.call` (methods and
	// reports). Default: all that the model scheme has a use for.
	Scopes []string `json:"scopes,omitempty"`

	// When people are asked whether the application may connect: `remember`
	// asks once, and again where the model scheme has grown since;
	// `every_time` asks at each authorization; `trusted` never asks, for
	// confidential applications of one's own only. Public clients always ask.
	// Tokens that are out have what the scheme opens at once: people read in
	// their list that it has changed, and `refresh_token_max_age` bounds it.
	// Default: `remember`.
	Consent string `json:"consent,omitempty"`

	// Who may connect the application. Who no longer may loses access at the
	// next refresh, and within five minutes of use. Default: internal users.
	Allow *Allow `json:"allow,omitempty"`

	// How the gateway acts as a person after they have left the page:
	// `session` follows their Odoo session and ends with it; `api_key` has
	// them make an API key of Odoo's, and connects nobody without one; `ask`
	// follows the session and offers to stay connected with a key. A change
	// holds at once: connections of a kind that is not taken any more are
	// refused until their person connects again, which replaces them, or the
	// setting is changed back. Default: `ask`.
	Connection string `json:"connection,omitempty"`

	// The Odoo account that the application acts as with the grant type
	// `client_credentials`, for confidential applications. Default: none,
	// which refuses that grant.
	ServiceConnection *ServiceConnection `json:"service_connection,omitempty"`

	// The legacy habits that are tolerated: `confluence` (token parameters in
	// the query string) and `restapi` (the same, and the quirks of the
	// original `/restapi` answers). Default: none.
	Compat []string `json:"compat,omitempty"`

	// How long an authorization code may be redeemed, from 1 second to 1
	// hour. Default: `10m`.
	AuthorizationCodeExpiry caddy.Duration `json:"authorization_code_expiry,omitempty"`

	// How long the record of a code is kept for audit after it was issued, at
	// most 10 years; the code itself is never kept. `caddy odoo-gateway codes
	// list` lists them. Default: 0, which keeps none beyond its use.
	AuthorizationCodeRetain caddy.Duration `json:"authorization_code_retain,omitempty"`

	// How long an access token is valid, from 1 second to 1 day. Default: `1h`.
	AccessTokenExpiry caddy.Duration `json:"access_token_expiry,omitempty"`

	// How long a refresh token is valid after it was issued, such as `90d`;
	// each refresh issues a new one. At least as long as an access token. Set
	// or shortened later, it counts for those that are out as well.
	// Default: 0, which means for ever.
	RefreshTokenExpiry caddy.Duration `json:"refresh_token_expiry,omitempty"`

	// How long an application may go on refreshing after a person has
	// connected it, however often it does, such as `365d`; then they are asked
	// again. At least as long as an access token. Default: 0, which means for
	// ever.
	RefreshTokenMaxAge caddy.Duration `json:"refresh_token_max_age,omitempty"`

	// `on` replaces a refresh token each time it is used, so that a stolen
	// one is found out; `off` keeps one for the life of a connection, for
	// applications that can not store a new one, and not for public ones.
	// Default: `on`.
	RefreshRotation string `json:"refresh_rotation,omitempty"`

	// What `access_token_validity` in token answers is: `date`, as
	// `M/D/YYYY HH:MM:SS` in UTC, or `seconds`. Default: `date`.
	ValidityFormat string `json:"validity_format,omitempty"`

	// The web origins whose scripts may use the endpoints for programs and
	// the API, such as `https://app.example.com`: scheme, host and port as
	// browsers spell them. There are no wildcards. Default: none.
	CORSOrigins []string `json:"cors_origins,omitempty"`

	// How often the application may ask. Default: no limits of its own.
	RateLimits *RateLimits `json:"rate_limits,omitempty"`

	// An application that is not active is archived: its tokens stop working
	// and come back with it. Default: `true`.
	Active *bool `json:"active,omitempty"`
}

const (
	defaultCodeExpiry        = 10 * time.Minute
	defaultAccessTokenExpiry = time.Hour
	maxCodeExpiry            = time.Hour
	maxCodeRetain            = 10 * 365 * 24 * time.Hour
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
		Description:        a.Description,
		ClientID:           a.ClientID,
		OwnID:              a.OwnID,
		Public:             a.Public,
		Scheme:             a.ModelScheme,
		Scopes:             a.Scopes,
		Consent:            application.Consent(a.Consent),
		Connection:         application.Connection(a.Connection),
		CodeExpiry:         defaultCodeExpiry,
		CodeRetain:         time.Duration(a.AuthorizationCodeRetain),
		AccessTokenExpiry:  defaultAccessTokenExpiry,
		RefreshTokenExpiry: time.Duration(a.RefreshTokenExpiry),
		RefreshTokenMaxAge: time.Duration(a.RefreshTokenMaxAge),
		CORSOrigins:        a.CORSOrigins,
		Limits:             a.RateLimits.limits(),
		Active:             a.Active == nil || *a.Active,
	}
	if app.Title == "" {
		app.Title = name
	}
	if app.ClientID == "" {
		return app, errors.New("client_id: is required")
	}
	if len(a.RedirectURIs) == 0 && a.ServiceConnection == nil {
		return app, errors.New("redirect_uri: at least one is required")
	}
	for _, u := range a.RedirectURIs {
		app.RedirectURIs = append(app.RedirectURIs, u.redirectURI())
	}
	for _, part := range []func(*application.Application, *caddy.Replacer) error{
		a.words, a.expiries, a.secrets, a.service, a.logo,
	} {
		if err := part(&app, repl); err != nil {
			return app, err
		}
	}
	return app, app.Validate()
}

// expiries takes over the durations that are set, within reason.
func (a *Application) expiries(app *application.Application, _ *caddy.Replacer) error {
	for _, e := range []struct {
		field string
		value caddy.Duration
		max   time.Duration
		to    *time.Duration
	}{
		{"authorization_code_expiry", a.AuthorizationCodeExpiry, maxCodeExpiry, &app.CodeExpiry},
		{"authorization_code_retain", a.AuthorizationCodeRetain, maxCodeRetain, &app.CodeRetain},
		{"access_token_expiry", a.AccessTokenExpiry, maxAccessTokenExpiry, &app.AccessTokenExpiry},
	} {
		if e.value == 0 {
			continue
		}
		if d := time.Duration(e.value); d < time.Second || d > e.max {
			return fmt.Errorf("%s: %s is not between 1s and %s", e.field, application.Duration(d), application.Duration(e.max))
		}
		*e.to = time.Duration(e.value)
	}
	return nil
}
