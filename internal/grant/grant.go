// Package grant holds what people have granted: authorizations, authorization
// codes, token sets and refresh tokens, and the Store that keeps them.
//
// Consumed, rotated and revoked are values of a record, never a missing one:
// what has once ended can not come back through a lost or expired key.
package grant

import "time"

// Authorization is one person's consent for one application, and for one
// redirect URI where that is authorized individually. It owns the connection
// and any number of token sets.
type Authorization struct {
	// ID is random and never reused.
	ID string
	// Application is the configured name of the application.
	Application string
	// RedirectURI is set where the URI is authorized individually, else "".
	RedirectURI string
	// Subject is the token's sub, derived from issuer, database and UID.
	Subject string
	// Database and UID are the person in Odoo.
	Database string
	UID      int64
	// Login and Name are the person as last seen, for pages and the audit trail.
	Login string
	Name  string
	// Scope is what the person consented to, in the order asked; nil means
	// all that the application may have.
	Scope []string
	// ConsentDigest is a digest of what the consent page showed.
	ConsentDigest string
	// Connection is how the gateway acts as the person.
	Connection Connection
	CreatedAt  time.Time
	// ConsentedAt is when the person last said yes.
	ConsentedAt time.Time
	// LastUsedAt is written lazily: it may lag by a minute, but for listings, or
	// be lost in a crash.
	LastUsedAt time.Time
	// Uses is how often it was used: each call of the API and each exchange of
	// a code or refresh token. It is written like LastUsedAt, and counts from the
	// first use that this version has seen.
	Uses int
	// RevokedAt is zero while the authorization lives.
	RevokedAt time.Time
}

// Key names what an authorization is for: application, person and, where it is
// authorized individually, redirect URI. At most one live authorization has it.
func (a Authorization) Key() string {
	return a.Application + "\x00" + a.Subject + "\x00" + a.RedirectURI
}

// Live tells whether the authorization has not been revoked.
func (a Authorization) Live() bool { return a.RevokedAt.IsZero() }

// ConnectionKind is how the gateway acts as a person.
type ConnectionKind string

// The kinds of connections.
const (
	// Session is an Odoo web session that the gateway follows.
	Session ConnectionKind = "session"
	// APIKey is a key of the person's own that Odoo made for the gateway.
	APIKey ConnectionKind = "api_key"
	// Service is the account that the application's configuration names: the
	// credential stands there, and nothing of it here.
	Service ConnectionKind = "service"
)

// Connection is the credential with which the gateway acts as a person.
type Connection struct {
	Kind ConnectionKind
	// Sealed is the credential, encrypted by package seal with the
	// authorization's Key as associated data. Nil where it was wiped, and for
	// Service.
	Sealed []byte
	// Hash is the SHA-256 of the whole session id, in hex: the key by which
	// a browser's id is found again. "" where the connection has ended.
	Hash string
	// Since is when this credential was attached.
	Since time.Time
	// TouchedAt is when Odoo last extended the session's life on our behalf.
	TouchedAt time.Time
	// BrowserAt is when the person last presented the session in a browser.
	BrowserAt time.Time
	// EndedAt is zero while the connection works as far as known. An ended
	// connection is re-attached by the next authorize.
	EndedAt time.Time
	// EndReason is one word for pages and logs: "session_expired",
	// "somebody_else", "key_refused", "key_expired" or "revoked".
	EndReason string
	// ExpiresAt is when the API key ends in Odoo; zero: never, or unknown.
	ExpiresAt time.Time
	// KeyID is the id of the API key's record in Odoo; 0 where it is unknown.
	// It outlives the key, so that people can be told which one to remove.
	KeyID int64
}

// Live tells whether the connection may be used.
func (c Connection) Live() bool {
	return c.EndedAt.IsZero() && (len(c.Sealed) > 0 || c.Kind == Service)
}

// UnusedCodeKept is how long a code is kept after its end that was never
// redeemed, where its application retains none: a person makes as many as they
// like.
const UnusedCodeKept = 24 * time.Hour

// Code is an authorization code. The code itself is not stored.
type Code struct {
	// Hash is HashToken of the code.
	Hash          string
	Authorization string // id
	Application   string // configured name
	RedirectURI   string // as sent to authorize
	Scope         []string
	// Challenge and ChallengeMethod are the PKCE challenge, "" if none was sent.
	Challenge       string
	ChallengeMethod string
	IssuedAt        time.Time
	ExpiresAt       time.Time
	// ConsumedAt is when it was redeemed or burnt; zero before.
	ConsumedAt time.Time
	// TokenSet is the id of what a redemption produced, "" if it was burnt.
	TokenSet string
	// RetainUntil is how long the code is listed for audit, whatever becomes
	// of it; zero is not at all.
	RetainUntil time.Time
}

// TokenSet is what one code redemption produced: a refresh family and its
// access tokens. One of a client_credentials grant has no refresh family.
type TokenSet struct {
	ID            string
	Authorization string // id
	Application   string // configured name
	RedirectURI   string // of the code: an archived URI ends its tokens
	Scope         []string
	// FamilyKey is the sealed key from which children of refresh tokens are
	// derived; associated data is the token set's id.
	FamilyKey []byte
	CreatedAt time.Time
	// EndedAt is zero while it lives; EndReason is "revoked", "code_replay",
	// "refresh_reuse" or "superseded".
	EndedAt   time.Time
	EndReason string
	// ExpiresAt is when the last access token of a set without refresh tokens
	// ends; the set is forgotten after that. Zero where there are refresh
	// tokens: they decide.
	ExpiresAt time.Time
	// RefreshUntil is when the newest refresh token ends; zero is never, or
	// that there is none. It is for people to read and decides nothing.
	RefreshUntil time.Time
}

// Live tells whether the token set has not been ended.
func (t TokenSet) Live() bool { return t.EndedAt.IsZero() }

// RefreshToken is one member of a refresh family. The token is not stored.
type RefreshToken struct {
	// Hash is HashToken of the token.
	Hash     string
	TokenSet string // id
	IssuedAt time.Time
	// ExpiresAt is zero for a token that never expires.
	ExpiresAt time.Time
	// RotatedAt is when it was first exchanged; zero before.
	RotatedAt time.Time
	// Child is the hash of its successor, "" before rotation.
	Child string
}
