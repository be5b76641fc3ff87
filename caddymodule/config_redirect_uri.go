package caddymodule

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/caddy-odoo/gateway/internal/application"
)

// RedirectURI is one registered callback of an application.
type RedirectURI struct {
	// The URI, compared as an exact string: `https` anywhere, `http` on
	// loopback, and for public clients a scheme of their own that contains a
	// dot, such as `com.example.app:/callback`. Required.
	URI string `json:"uri,omitempty"`

	// Remember a person's consent for this URI alone: another URI of the same
	// application asks again, and has tokens of its own. Default: `false`.
	Individually bool `json:"individually,omitempty"`

	// A URI that is not active is refused, and the tokens it produced stop
	// working. Default: `true`.
	Active *bool `json:"active,omitempty"`
}

// redirectURI checks the URI and turns it into the internal type.
func (u RedirectURI) redirectURI(public bool) (application.RedirectURI, error) {
	r := application.RedirectURI{
		URI:          u.URI,
		Individually: u.Individually,
		Active:       u.Active == nil || *u.Active,
	}
	parsed, err := url.Parse(u.URI)
	switch {
	case err != nil || !parsed.IsAbs() || strings.ContainsFunc(u.URI, func(c rune) bool { return c <= ' ' || c == '\\' || c >= 0x7f }):
		return r, fmt.Errorf("%q is not an absolute URI", u.URI)
	case strings.Contains(u.URI, "#"):
		return r, fmt.Errorf("%q: must have no fragment", u.URI)
	case parsed.User != nil:
		return r, fmt.Errorf("%q: must have no user", u.URI)
	}
	switch scheme := parsed.Scheme; {
	case scheme == "https" && parsed.Hostname() != "":
	case scheme == "http" && loopback(parsed.Hostname()):
	case scheme == "http":
		return r, fmt.Errorf("%q: plain http is accepted on loopback only", u.URI)
	case public && strings.Contains(scheme, "."):
	default:
		return r, fmt.Errorf("%q: the scheme must be https, or for a public client one of its own that contains a dot", u.URI)
	}
	return r, nil
}
