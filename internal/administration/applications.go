package administration

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// ErrUnknown: nothing of that name is configured.
var ErrUnknown = errors.New("nothing of that name is configured")

// Application is a configured application as administrators see it. Of its
// secrets it tells how many there are.
type Application struct {
	Name           string        `json:"name"`
	Title          string        `json:"title"`
	Description    string        `json:"description,omitempty"`
	Active         bool          `json:"active"`
	ClientID       string        `json:"client_id"`
	ClientSecrets  int           `json:"client_secrets"`
	Public         bool          `json:"public"`
	OwnID          string        `json:"own_id,omitempty"`
	OwnSecret      bool          `json:"own_secret"`
	RedirectURIs   []RedirectURI `json:"redirect_uris"`
	ModelScheme    string        `json:"model_scheme"`
	Scopes         []string      `json:"scopes,omitempty"` // none: all that the scheme has a use for
	Allow          string        `json:"allow"`
	AllowGroup     string        `json:"allow_group,omitempty"`
	Consent        string        `json:"consent"`
	Connection     string        `json:"connection"`
	ServiceLogin   string        `json:"service_login,omitempty"`
	PKCE           string        `json:"pkce"`
	CodeExpiry     Seconds       `json:"authorization_code_expiry"`
	CodeRetain     Seconds       `json:"authorization_code_retain"`
	AccessExpiry   Seconds       `json:"access_token_expiry"`
	RefreshExpiry  Seconds       `json:"refresh_token_expiry"`
	RefreshMaxAge  Seconds       `json:"refresh_token_max_age"`
	Rotation       bool          `json:"refresh_rotation"`
	ValidityFormat string        `json:"validity_format"`
	Compat         []string      `json:"compat,omitempty"`
	CORSOrigins    []string      `json:"cors_origins,omitempty"`
	RateLimits     []RateLimit   `json:"rate_limits,omitempty"`
	History        *History      `json:"history,omitempty"`
	// Logo is the media type and data; empty without one.
	Logo application.Logo `json:"-"`
}

// RedirectURI is a registered callback.
type RedirectURI struct {
	URI          string `json:"uri"`
	Description  string `json:"description,omitempty"`
	Individually bool   `json:"individually"`
	Insecure     bool   `json:"insecure"`
	Active       bool   `json:"active"`
}

// RateLimit is so many requests of a kind in a time.
type RateLimit struct {
	Of       string  `json:"of"` // "api", "person" or "token"
	Requests int     `json:"requests"`
	Per      Seconds `json:"per"`
}

// Seconds is a duration in whole seconds.
type Seconds int64

// Duration is it as Go has it.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

func seconds(d time.Duration) Seconds { return Seconds(d / time.Second) }

func viewApplication(a *application.Application) Application {
	view := Application{
		Name: a.Name, Title: a.Title, Description: a.Description, Active: a.Active, ClientID: a.ClientID, ClientSecrets: len(a.Secrets),
		Public: a.Public, OwnID: a.OwnID, OwnSecret: a.OwnSecret.Set(), RedirectURIs: []RedirectURI{}, ModelScheme: a.Scheme,
		Scopes: a.Scopes, Allow: "internal", AllowGroup: a.Allow.Group, Consent: orElse(string(a.Consent), string(application.ConsentRemember)),
		Connection: orElse(string(a.Connection), string(application.ConnectionAsk)), PKCE: "optional",
		CodeExpiry: seconds(a.CodeExpiry), CodeRetain: seconds(a.CodeRetain), AccessExpiry: seconds(a.AccessTokenExpiry),
		RefreshExpiry: seconds(a.RefreshTokenExpiry), RefreshMaxAge: seconds(a.RefreshTokenMaxAge),
		Rotation: !a.StaticRefresh, ValidityFormat: "date", CORSOrigins: a.CORSOrigins, Logo: a.Logo,
	}
	for _, u := range a.RedirectURIs {
		view.RedirectURIs = append(view.RedirectURIs, RedirectURI{
			URI: u.URI, Description: u.Description, Individually: u.Individually, Insecure: u.Insecure, Active: u.Active,
		})
	}
	switch {
	case a.Allow.Group != "":
		view.Allow = "group"
	case a.Allow.Portal:
		view.Allow = "portal"
	}
	if a.Service != nil {
		view.ServiceLogin = a.Service.Login
	}
	if a.Public || a.RequirePKCE {
		view.PKCE = "required"
	}
	if a.ValiditySeconds {
		view.ValidityFormat = "seconds"
	}
	if a.Compat.Confluence {
		view.Compat = append(view.Compat, "confluence")
	}
	if a.Compat.Restapi {
		view.Compat = append(view.Compat, "restapi")
	}
	for _, l := range []struct {
		of string
		application.Rate
	}{{"api", a.Limits.API}, {"person", a.Limits.Person}, {"token", a.Limits.Token}} {
		if l.Requests > 0 {
			view.RateLimits = append(view.RateLimits, RateLimit{Of: l.of, Requests: l.Requests, Per: seconds(l.Per)})
		}
	}
	return view
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// ApplicationFilter says which applications; its zero value is the active ones.
type ApplicationFilter struct {
	// Archived asks for the archived ones instead.
	Archived bool
	// All asks for both.
	All bool
	// Text is a part of name, title or client id, in any case.
	Text string
}

// Applications lists the configured applications, by name.
func (d *Desk) Applications(ctx context.Context, f ApplicationFilter) []Application {
	d.read(ctx, "applications", "", "")
	found := []Application{}
	for _, a := range d.Config.Applications.All() {
		if (f.All || a.Active != f.Archived) && (contains(a.Name, f.Text) || contains(a.Title, f.Text) || contains(a.ClientID, f.Text)) {
			found = append(found, viewApplication(a))
		}
	}
	return found
}

// Application returns one by its configured name, with its history.
func (d *Desk) Application(ctx context.Context, name string) (_ Application, err error) {
	defer d.readUnless(ctx, &err, "application", name, "")
	a := d.Config.Applications.ByName(name)
	if a == nil {
		return Application{}, ErrUnknown
	}
	view := viewApplication(a)
	view.History, err = d.history(ctx, grant.ObjectApplication, name)
	return view, err
}

// Titles are all applications by their titles, to choose one from.
func (d *Desk) Titles() []Application {
	var all []Application
	for _, a := range d.Config.Applications.All() {
		all = append(all, Application{Name: a.Name, Title: a.Title})
	}
	slices.SortStableFunc(all, func(a, b Application) int {
		return strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title))
	})
	return all
}
