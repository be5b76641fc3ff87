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
	// Description tells people what the application is for; "" is none.
	Description string
	// Logo is shown to people; the zero value is none.
	Logo Logo
	// ClientID is the OAuth2 client_id.
	ClientID string
	// Secrets authenticate a confidential client: each of them does, so that a
	// secret can be replaced without a moment of neither. Empty for public clients.
	Secrets []Secret
	// OwnID and OwnSecret name and prove this Odoo to the application, which
	// asks for them when it is linked; "" is none.
	OwnID     string
	OwnSecret Hidden
	// Public is a client without a secret: PKCE is then required, a person is
	// asked every time, and a loopback redirect URI may use any port.
	Public bool
	// RequirePKCE refuses a confidential client's request without a challenge.
	RequirePKCE bool
	// RedirectURIs are the registered callbacks.
	RedirectURIs []RedirectURI
	// Scheme is the name of the model scheme.
	Scheme string
	// Scopes are what may be granted at most; nil means all that the scheme has
	// a use for.
	Scopes []string
	// Consent says when people are asked; "" is ConsentRemember.
	Consent Consent
	// Allow says who may connect; the zero value is internal users.
	Allow Allow
	// Connection says how the gateway acts as people later; "" is ConnectionAsk.
	Connection Connection
	// Service is the Odoo account of client_credentials; nil refuses that grant.
	Service *Service
	// CodeExpiry is how long an authorization code may be redeemed.
	CodeExpiry time.Duration
	// CodeRetain is how long a code's record is kept for audit after it was
	// issued; 0 is not at all beyond its use.
	CodeRetain time.Duration
	// AccessTokenExpiry is the life of an access token.
	AccessTokenExpiry time.Duration
	// RefreshTokenExpiry is the life of a refresh token; 0 means for ever.
	RefreshTokenExpiry time.Duration
	// RefreshTokenMaxAge is how long refreshing goes on after a code was
	// redeemed, however often it is done; 0 means for ever.
	RefreshTokenMaxAge time.Duration
	// StaticRefresh keeps one refresh token for the whole life of a token set:
	// "refresh_rotation off".
	StaticRefresh bool
	// ValiditySeconds makes access_token_validity a number of seconds instead
	// of the documented date.
	ValiditySeconds bool
	// CORSOrigins are the web origins whose scripts may use the endpoints for
	// programs and the API.
	CORSOrigins []string
	// Limits bound how often the application may ask; zero values do not.
	Limits Limits
	// Compat are the legacy clients whose habits are tolerated.
	Compat Compat
	// Active is false for an archived application: everything of it stops.
	Active bool
}

// Logo is an image in a form that browsers show.
type Logo struct {
	// Type is the media type, such as "image/png".
	Type string
	// Data is the file's content; empty is no logo.
	Data []byte
}

// Consent says when people are asked whether an application may connect.
type Consent string

// The values of Consent.
const (
	// ConsentRemember asks once, and again where the scheme has grown since.
	ConsentRemember Consent = "remember"
	// ConsentEveryTime asks at every authorization request.
	ConsentEveryTime Consent = "every_time"
	// ConsentTrusted never asks, as the originals did; for confidential
	// applications only.
	ConsentTrusted Consent = "trusted"
)

// Allow says who may connect an application. The zero value is internal users.
type Allow struct {
	// Portal allows portal users too.
	Portal bool
	// Group is the XML id of the Odoo group that one must belong to, such as
	// "sales_team.group_sale_salesman"; "" is none. It stands alone.
	Group string
}

// Connection says how the gateway acts as people later.
type Connection string

// The values of Connection.
const (
	// ConnectionAsk follows the session, and offers to stay connected with an
	// API key.
	ConnectionAsk Connection = "ask"
	// ConnectionSession follows the session and offers nothing. Keys from
	// before are not used.
	ConnectionSession Connection = "session"
	// ConnectionAPIKey needs an API key: without one nothing is connected, and
	// sessions from before are not used.
	ConnectionAPIKey Connection = "api_key"
)

// Service is the Odoo account that a client_credentials grant acts as.
type Service struct {
	// Login is the account's login name.
	Login string
	// APIKey is one of its API keys.
	APIKey Hidden
}

// Limits bound how often an application may ask.
type Limits struct {
	// API counts requests of the API by the application in all.
	API Rate
	// Person counts requests of the API by the application for one person.
	Person Rate
	// Token counts requests for tokens by the application.
	Token Rate
}

// Rate is so many requests in a time; the zero value is no limit.
type Rate struct {
	Requests int
	Per      time.Duration
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
	// Insecure allows plain http on another host than loopback.
	Insecure bool
	// Description is for administrators.
	Description string
	// Active is false for an archived URI.
	Active bool
}
