package caddymodule

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// unmarshalBlock parses an application, as [Application] says.
func (a *Application) unmarshalBlock(d *caddyfile.Dispenser) error {
	return parseBlock(d, "application", map[string]subdirective{
		"name":          one(&a.Name),
		"client_id":     one(&a.ClientID),
		"client_secret": one(&a.ClientSecret),
		"public":        boolean(func(v bool) { a.Public = v }),
		"redirect_uri": {repeat: true, parse: func(d *caddyfile.Dispenser) error {
			u, err := parseRedirectURI(d)
			a.RedirectURIs = append(a.RedirectURIs, u)
			return err
		}},
		"model_scheme":              one(&a.ModelScheme),
		"compat":                    some(&a.Compat),
		"authorization_code_expiry": duration(&a.AuthorizationCodeExpiry, false),
		"access_token_expiry":       duration(&a.AccessTokenExpiry, false),
		"refresh_token_expiry":      duration(&a.RefreshTokenExpiry, true),
		"active":                    boolean(func(v bool) { a.Active = &v }),
	})
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
