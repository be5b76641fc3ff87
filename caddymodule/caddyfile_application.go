package caddymodule

import (
	"slices"
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// unmarshalBlock parses an application, as [Application] says.
func (a *Application) unmarshalBlock(d *caddyfile.Dispenser) error {
	return parseBlock(d, "application", map[string]subdirective{
		"name":          one(&a.Name),
		"description":   one(&a.Description),
		"logo":          one(&a.Logo),
		"client_id":     one(&a.ClientID),
		"client_secret": {repeat: true, parse: a.parseSecret},
		"public":        boolean(func(v bool) { a.Public = v }),
		"own_id":        one(&a.OwnID),
		"own_secret":    one(&a.OwnSecret),
		"redirect_uri": {repeat: true, parse: func(d *caddyfile.Dispenser) error {
			u, err := parseRedirectURI(d)
			a.RedirectURIs = append(a.RedirectURIs, u)
			return err
		}},
		"pkce":         word(&a.PKCE, pkceWords),
		"model_scheme": one(&a.ModelScheme),
		"scopes":       some(&a.Scopes),
		"consent":      word(&a.Consent, consentWords),
		"allow":        {parse: a.parseAllow},
		"connection":   word(&a.Connection, connectionWords),
		"service_connection": {parse: func(d *caddyfile.Dispenser) error {
			if d.NextArg() {
				return d.Err("service_connection takes a block only")
			}
			a.ServiceConnection = new(ServiceConnection)
			return parseBlock(d, "service_connection", map[string]subdirective{
				"login":   one(&a.ServiceConnection.Login),
				"api_key": one(&a.ServiceConnection.APIKey),
			})
		}},
		"compat":                    some(&a.Compat),
		"authorization_code_expiry": duration(&a.AuthorizationCodeExpiry, false),
		"authorization_code_retain": duration(&a.AuthorizationCodeRetain, true),
		"access_token_expiry":       duration(&a.AccessTokenExpiry, false),
		"refresh_token_expiry":      duration(&a.RefreshTokenExpiry, true),
		"refresh_token_max_age":     duration(&a.RefreshTokenMaxAge, true),
		"refresh_rotation":          word(&a.RefreshRotation, rotationWords),
		"validity_format":           word(&a.ValidityFormat, validityWords),
		"cors_origin":               {repeat: true, parse: a.parseOrigins},
		"rate_limit":                {repeat: true, parse: a.parseRateLimit},
		"active":                    boolean(func(v bool) { a.Active = &v }),
	})
}

// parseSecret parses a client secret: the only one, or the second of two.
func (a *Application) parseSecret(d *caddyfile.Dispenser) error {
	switch {
	case a.ClientSecret == "":
		return oneArg(d, &a.ClientSecret)
	case a.SecondClientSecret == "":
		return oneArg(d, &a.SecondClientSecret)
	default:
		return d.Err("client_secret is given more than twice")
	}
}

func parseRedirectURI(d *caddyfile.Dispenser) (RedirectURI, error) {
	var u RedirectURI
	if !d.AllArgs(&u.URI) {
		return u, d.ArgErr()
	}
	return u, parseBlock(d, "redirect_uri", map[string]subdirective{
		"individually": boolean(func(v bool) { u.Individually = v }),
		"insecure":     boolean(func(v bool) { u.Insecure = v }),
		"description":  one(&u.Description),
		"active":       boolean(func(v bool) { u.Active = &v }),
	})
}

func (a *Application) parseAllow(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	switch {
	case len(args) == 1 && (args[0] == "internal" || args[0] == "portal"):
		a.Allow = &Allow{Who: args[0]}
	case len(args) == 2 && args[0] == "group" && args[1] != "":
		a.Allow = &Allow{Who: args[0], Group: args[1]}
	default:
		return d.Err("write allow internal, allow portal or allow group <xml_id>")
	}
	return noBlock(d)
}

// parseOrigins adds up: each origin may have its line, or several share one.
func (a *Application) parseOrigins(d *caddyfile.Dispenser) error {
	var origins []string
	if err := someArgs(d, &origins); err != nil {
		return err
	}
	for _, o := range origins {
		if slices.Contains(a.CORSOrigins, o) {
			return d.Errf("%s is given twice", o)
		}
	}
	a.CORSOrigins = append(a.CORSOrigins, origins...)
	return nil
}

func (a *Application) parseRateLimit(d *caddyfile.Dispenser) error {
	var of, requests, per string
	if !d.AllArgs(&of, &requests, &per) {
		return d.Err("write rate_limit api|person|token <requests> <duration>, as in rate_limit api 600 1m")
	}
	if a.RateLimits == nil {
		a.RateLimits = new(RateLimits)
	}
	to, ok := map[string]**RateLimit{
		"api": &a.RateLimits.API, "person": &a.RateLimits.Person, "token": &a.RateLimits.Token,
	}[of]
	if !ok {
		return d.Errf("rate_limit: %q is none of api, person and token", of)
	}
	if *to != nil {
		return d.Errf("rate_limit %s is given twice", of)
	}
	n, err := strconv.Atoi(requests)
	if err != nil || n < 1 {
		return d.Errf("rate_limit %s: %q is no number of requests", of, requests)
	}
	*to = &RateLimit{Requests: n}
	if (*to).Per, err = parseDuration(d, "rate_limit "+of, per, false); err != nil {
		return err
	}
	return noBlock(d)
}
