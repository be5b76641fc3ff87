// Package application holds what an administrator configures about OAuth2
// clients: applications, their redirect URIs and their settings. It knows
// neither Caddy nor storage.
package application

import "time"

// Application is a registered OAuth2 client. It is read-only once built.
type Application struct {
	// Name is the configured name: the key of all its grants. Client id and
	// secret may change, the name may not.
	Name string
	// Title is what people read, such as "Team wiki".
	Title string
	// ClientID is the OAuth2 client_id.
	ClientID string
	// Secret authenticates a confidential client. Empty for public clients.
	Secret Secret
	// Public is a client without a secret: PKCE is then required.
	Public bool
	// RedirectURIs are the registered callbacks.
	RedirectURIs []RedirectURI
	// Scheme is the name of the model scheme.
	Scheme string
	// CodeExpiry is how long an authorization code may be redeemed.
	CodeExpiry time.Duration
	// AccessTokenExpiry is the life of an access token.
	AccessTokenExpiry time.Duration
	// RefreshTokenExpiry is the life of a refresh token; 0 means for ever.
	RefreshTokenExpiry time.Duration
	// Compat are the legacy clients whose habits are tolerated.
	Compat Compat
	// Active is false for an archived application: everything of it stops.
	Active bool
}

// Compat tells which legacy habits an application keeps.
type Compat struct {
	Confluence bool // token parameters in the query string
	Restapi    bool // the same, and the quirks of the /restapi answers
}

// RedirectURI is one registered callback.
type RedirectURI struct {
	// URI is compared as an exact string.
	URI string
	// Individually remembers a consent for this URI alone.
	Individually bool
	// Active is false for an archived URI.
	Active bool
}
