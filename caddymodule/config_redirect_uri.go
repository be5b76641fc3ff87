package caddymodule

import "github.com/caddy-odoo/gateway/internal/application"

// RedirectURI is one registered callback of an application.
type RedirectURI struct {
	// The URI, compared as an exact string: `https` anywhere, `http` on
	// loopback, and for public clients a scheme of their own that contains a
	// dot, such as `com.example.app:/callback`. For public clients any port
	// matches an `http` URI on `127.0.0.1`, `[::1]` or `localhost`. Required.
	URI string `json:"uri,omitempty"`

	// Remember a person's consent for this URI alone: another URI of the same
	// application asks again, and has tokens of its own. Default: `false`.
	Individually bool `json:"individually,omitempty"`

	// Accept plain `http` on another host than loopback: everybody on the way
	// can read the codes that are sent there. Default: `false`.
	Insecure bool `json:"insecure,omitempty"`

	// What the URI is for; for administrators. Default: none.
	Description string `json:"description,omitempty"`

	// A URI that is not active is refused, and the tokens it produced stop
	// working. Default: `true`.
	Active *bool `json:"active,omitempty"`
}

// redirectURI turns the configuration into the internal type, which is judged
// with its application.
func (u RedirectURI) redirectURI() application.RedirectURI {
	return application.RedirectURI{
		URI:          u.URI,
		Individually: u.Individually,
		Insecure:     u.Insecure,
		Description:  u.Description,
		Active:       u.Active == nil || *u.Active,
	}
}
