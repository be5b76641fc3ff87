package application

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// MaxSecrets is how many secrets an application may have at once: the one
// that is being replaced, and the one that replaces it.
const MaxSecrets = 2

// Validate judges what must hold for every application, whoever configures it.
// The error begins with the setting that is wrong, and holds no secret.
func (a *Application) Validate() error {
	for _, check := range []func(*Application) error{
		checkClient, checkLogo, checkRedirectURIs, checkPeople, checkScopes, checkLives, checkOrigins, checkLimits,
	} {
		if err := check(a); err != nil {
			return err
		}
	}
	return nil
}

// checkClient judges how the client proves who it is, and what follows from
// that: nothing proves that it is a public client that asks.
func checkClient(a *Application) error {
	switch {
	case a.Public && len(a.Secrets) > 0:
		return errors.New("client_secret: a public client has none")
	case len(a.Secrets) > MaxSecrets:
		return fmt.Errorf("client_secret: there may be %d at once", MaxSecrets)
	case a.Public && a.Consent == ConsentTrusted:
		return errors.New("consent: trusted is for confidential applications: anybody can use the client_id of a public one")
	case a.Public && a.StaticRefresh:
		return errors.New("refresh_rotation: off is for confidential applications: nothing would tell of a stolen token of a public one")
	case a.Public && a.Service != nil:
		return errors.New("service_connection: is for confidential applications: anybody can use the client_id of a public one")
	case a.Service != nil && a.Service.Login == "":
		return errors.New("service_connection: login is required")
	case a.Service != nil && !a.Service.APIKey.Set():
		return errors.New("service_connection: api_key is required")
	}
	return nil
}

// checkLogo judges the logo by its content, as [NewLogo] does.
func checkLogo(a *Application) error {
	if len(a.Logo.Data) == 0 {
		return nil
	}
	logo, err := NewLogo(a.Logo.Data)
	if err != nil {
		return fmt.Errorf("logo: %w", err)
	}
	if logo.Type != a.Logo.Type {
		return fmt.Errorf("logo: is %s, not %s", logo.Type, a.Logo.Type)
	}
	return nil
}

// xmlID is an XML id of Odoo, module and name.
var xmlID = regexp.MustCompile(`^[a-zA-Z0-9_]{1,64}\.[a-zA-Z0-9_.-]{1,128}$`)

// checkPeople judges who may connect, and how.
func checkPeople(a *Application) error {
	switch a.Consent {
	case "", ConsentRemember, ConsentEveryTime, ConsentTrusted:
	default:
		return fmt.Errorf("consent: %q is none of every_time, remember and trusted", a.Consent)
	}
	switch a.Connection {
	case "", ConnectionAsk, ConnectionSession, ConnectionAPIKey:
	default:
		return fmt.Errorf("connection: %q is none of ask, session and api_key", a.Connection)
	}
	switch {
	case a.Allow.Group != "" && a.Allow.Portal:
		return errors.New("allow: a group stands alone")
	case a.Allow.Group != "" && !xmlID.MatchString(a.Allow.Group):
		return fmt.Errorf("allow: group %q is no XML id such as sales_team.group_sale_salesman", a.Allow.Group)
	}
	return nil
}

func checkScopes(a *Application) error {
	if a.Scopes != nil && len(a.Scopes) == 0 {
		return errors.New("scopes: at least one is required, or leave the setting out")
	}
	for i, s := range a.Scopes {
		switch {
		case !slices.Contains(Scopes(), s):
			return fmt.Errorf("scopes: %q is none of %s", s, strings.Join(Scopes(), ", "))
		case slices.Contains(a.Scopes[:i], s):
			return fmt.Errorf("scopes: %q is given twice", s)
		}
	}
	return nil
}

// checkLives judges durations: none lasts a negative time, and none ends
// before what it is there to renew.
func checkLives(a *Application) error {
	for _, d := range []struct {
		setting string
		value   time.Duration
	}{
		{"authorization_code_expiry", a.CodeExpiry},
		{"authorization_code_retain", a.CodeRetain},
		{"access_token_expiry", a.AccessTokenExpiry},
		{"refresh_token_expiry", a.RefreshTokenExpiry},
		{"refresh_token_max_age", a.RefreshTokenMaxAge},
	} {
		if d.value < 0 {
			return fmt.Errorf("%s: %s is negative", d.setting, Duration(d.value))
		}
	}
	if d := a.RefreshTokenExpiry; d > 0 && d < a.AccessTokenExpiry {
		return fmt.Errorf("refresh_token_expiry: %s is shorter than an access token's %s (0 means for ever)", Duration(d), Duration(a.AccessTokenExpiry))
	}
	if d := a.RefreshTokenMaxAge; d > 0 && d < a.AccessTokenExpiry {
		return fmt.Errorf("refresh_token_max_age: %s is shorter than an access token's %s (0 means for ever)", Duration(d), Duration(a.AccessTokenExpiry))
	}
	return nil
}

func checkOrigins(a *Application) error {
	for i, o := range a.CORSOrigins {
		if err := ValidateOrigin(o); err != nil {
			return fmt.Errorf("cors_origin: %w", err)
		}
		if slices.Contains(a.CORSOrigins[:i], o) {
			return fmt.Errorf("cors_origin: %q is given twice", o)
		}
	}
	return nil
}

// The most that a rate may say: more is no limit, and no mistake that is
// easily noticed.
const (
	maxRateRequests = 1_000_000
	maxRatePer      = 24 * time.Hour
)

func checkLimits(a *Application) error {
	for _, l := range []struct {
		name string
		rate Rate
	}{{"api", a.Limits.API}, {"person", a.Limits.Person}, {"token", a.Limits.Token}} {
		switch r := l.rate; {
		case r == Rate{}:
		case r.Requests < 1 || r.Requests > maxRateRequests:
			return fmt.Errorf("rate_limit: %s: %d requests are not between 1 and %d", l.name, r.Requests, maxRateRequests)
		case r.Per < time.Second || r.Per > maxRatePer:
			return fmt.Errorf("rate_limit: %s: %s is not between 1s and %s", l.name, Duration(r.Per), Duration(maxRatePer))
		}
	}
	return nil
}
