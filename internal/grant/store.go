package grant

import (
	"context"
	"errors"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
)

// Errors of a Store. They are compared with errors.Is. Any other error means
// that the store could not do its work: nothing was changed, and the caller
// answers 503.
var (
	// ErrNotFound: no such record.
	ErrNotFound = errors.New("grant: not found")
	// ErrWrongApplication: the code or token belongs to another application.
	// Nothing was changed.
	ErrWrongApplication = errors.New("grant: belongs to another application")
	// ErrExpired: its time is over.
	ErrExpired = errors.New("grant: expired")
	// ErrConsumed: the code was redeemed or burnt before; what it had
	// produced has been ended, where Check passes.
	ErrConsumed = errors.New("grant: code already used")
	// ErrReused: a rotated refresh token came back after the grace; its
	// token set has been ended.
	ErrReused = errors.New("grant: refresh token reused")
	// ErrEnded: the token set or authorization has been revoked.
	ErrEnded = errors.New("grant: revoked")
	// ErrBurnt: the redemption was refused by its own check and the code
	// can not be used any more.
	ErrBurnt = errors.New("grant: code burnt")
	// ErrStale: a compare-and-swap found another value.
	ErrStale = errors.New("grant: changed meanwhile")
	// ErrUnavailable: the store is closed, full or out of reach.
	ErrUnavailable = errors.New("grant: store unavailable")
)

// Store keeps the grants of one gateway. Every method is one transaction,
// durable when it returns without error, and safe for concurrent use. A
// cancelled context gives its own error and changes nothing. Times are kept to
// the microsecond, in UTC; records that are returned are the caller's own.
// What has ended for good may be deleted after a time that the store's settings
// say: it is then as if it had never been, and is refused as before.
// Package conformance holds the suite that every store must pass.
type Store interface {
	// Consent records a person's yes: it creates the live authorization of
	// (Application, Subject, RedirectURI) or updates its scope, digest, names
	// and connection, and returns it. ID and CreatedAt of an existing live one
	// are kept; a revoked one is never revived: a new one takes its place. An
	// empty ID, or one that is taken, becomes a fresh one; a zero CreatedAt
	// is ConsentedAt.
	// The Connection is taken over only where it is Live.
	Consent(ctx context.Context, a Authorization) (Authorization, error)
	// Authorization returns one by id, revoked ones included.
	Authorization(ctx context.Context, id string) (Authorization, error)
	// FindAuthorization returns the live one for (application, subject,
	// redirectURI), redirectURI being "" unless authorized individually.
	FindAuthorization(ctx context.Context, application, subject, redirectURI string) (Authorization, error)
	// AuthorizationsBySession returns the live authorizations whose
	// connection has this Hash. It is cheap enough for every browser request.
	AuthorizationsBySession(ctx context.Context, hash string) ([]Authorization, error)
	// AuthorizationsBySubject returns all live ones of one person.
	AuthorizationsBySubject(ctx context.Context, subject string) ([]Authorization, error)
	// Authorizations lists those that fit a query, ordered by id.
	Authorizations(ctx context.Context, q AuthorizationQuery) ([]Authorization, error)
	// UpdateConnection replaces the connection of an authorization where its
	// Hash still is from, else ErrStale. ErrEnded for a revoked one.
	UpdateConnection(ctx context.Context, id, from string, to Connection) error
	// RevokeAuthorization ends an authorization, all of its token sets and
	// its connection (Sealed is wiped, Hash emptied, EndReason "revoked" where
	// it still lived). Revoking twice is no error and keeps the first time.
	//
	// What Leftover says of the key that Consent, UpdateConnection or
	// RevokeAuthorization takes out of a connection is stored with the change.
	RevokeAuthorization(ctx context.Context, id string, now time.Time) error
	// AddKeyRemoval stores the removal of a key that no connection has held.
	// ErrStale where its id is taken.
	AddKeyRemoval(ctx context.Context, k KeyRemoval) error
	// KeyRemovals lists those that fit a query, ordered by id.
	KeyRemovals(ctx context.Context, q KeyRemovalQuery) ([]KeyRemoval, error)
	// UpdateKeyRemoval replaces what is known of a removal. ErrNotFound where
	// it was dropped.
	UpdateKeyRemoval(ctx context.Context, k KeyRemoval) error
	// DropKeyRemoval forgets a removal: there is nothing left to remove, or
	// nobody to be told. Dropping twice is no error.
	DropKeyRemoval(ctx context.Context, id string) error
	// VerifyAudit looks whether the audit trail is what was written, as far as it
	// has not come to its end.
	VerifyAudit(ctx context.Context, now time.Time) (AuditVerdict, error)
	// Used notes that an authorization was used, once for each call. It only
	// remembers; time and count are written in batches.
	Used(id string, now time.Time)

	// Audit keeps an event of the audit trail, whose Time is set, until the
	// time until by the wall clock. It only remembers; events are written in
	// batches, in the order of the calls. Beyond AuditBacklog they are counted
	// only, into one event of kind audit.EventsDropped.
	Audit(e audit.Event, until time.Time)
	// AuditTrail lists the events that fit a query, the newest first: those
	// that wait to be written, too, and none whose time is over. ErrNotFound
	// where After is nothing that it has given out.
	AuditTrail(ctx context.Context, q AuditQuery) (AuditPage, error)

	// ObjectHistory returns that of one object, ErrNotFound where it was never
	// configured.
	ObjectHistory(ctx context.Context, kind ObjectKind, name string) (ObjectHistory, error)
	// ObjectHistories lists those that fit a query, ordered by id.
	ObjectHistories(ctx context.Context, q ObjectQuery) ([]ObjectHistory, error)
	// PutObjectHistory replaces what is known of an object, with the newest
	// MaxObjectChanges of its changes.
	PutObjectHistory(ctx context.Context, h ObjectHistory) error

	// IssueCode stores a new code. ErrNotFound without its authorization,
	// ErrEnded where that is revoked, ErrStale where the code exists.
	IssueCode(ctx context.Context, c Code) error
	// Codes lists the codes with RetainUntil that fit a query, the newest
	// first, until they are purged. It gives ErrNotFound where the code named
	// by After was purged meanwhile.
	Codes(ctx context.Context, q CodeQuery) ([]Code, error)
	// RedeemCode consumes a code and creates its token set with a first
	// refresh token. See Redemption for the order of checks.
	RedeemCode(ctx context.Context, r Redemption) (TokenSet, Authorization, error)

	// IssueTokenSet stores a token set without refresh tokens. ID, Scope,
	// CreatedAt and ExpiresAt, which must be set, are the caller's; Application
	// is taken from the authorization. ErrNotFound without its authorization,
	// ErrEnded where that is revoked, ErrStale where the id is taken.
	IssueTokenSet(ctx context.Context, t TokenSet) error
	// TokenSets returns those of an authorization, live and ended, the newest
	// first and at most MaxPage. It is empty for an unknown authorization.
	TokenSets(ctx context.Context, authorizationID string) ([]TokenSet, error)
	// TokenSet returns one by id, ended ones included. It reads as ended too
	// where its authorization is revoked.
	TokenSet(ctx context.Context, id string) (TokenSet, error)
	// RefreshToken returns a refresh token by its hash with its token set.
	RefreshToken(ctx context.Context, hash string) (RefreshToken, TokenSet, error)
	// Rotate exchanges a refresh token for its child. See Rotation.
	Rotate(ctx context.Context, r Rotation) (RefreshToken, error)
	// EndTokenSet ends one token set. Ending twice is no error and keeps the
	// first reason.
	EndTokenSet(ctx context.Context, id, reason string, now time.Time) error

	// SigningKeys returns the sealed signing keys, oldest first.
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	// UpdateSigningKeys replaces the signing keys by what edit makes of them,
	// oldest first. Two updates never both see the same keys and change them:
	// edit may run more than once, and must have no side effect that counts
	// twice. Where it returns an error, nothing is changed and that is returned.
	UpdateSigningKeys(ctx context.Context, edit func([]SigningKey) ([]SigningKey, error)) error
}

// Redemption is the exchange of a code. Checks run in this order inside one
// transaction:
//
//  1. unknown code: ErrNotFound
//  2. other application: ErrWrongApplication, code untouched
//  3. consumed before: ErrConsumed, and where Check passes, its token set ended
//     with "code_replay" and returned beside the error, for the audit trail (zero
//     for a burnt code). Who could not have redeemed it ends nothing: a code that
//     was seen somewhere would otherwise end what its owner has (OAuth 2.1,
//     section 4.1.3)
//  4. expired: ErrExpired
//  5. authorization revoked: ErrEnded
//  6. Check returns an error: the code is burnt, ErrBurnt joined with it
//  7. success: code consumed, TokenSet and Refresh stored
type Redemption struct {
	Hash        string // of the code
	Application string // the authenticated client's configured name
	Now         time.Time
	// Check compares redirect URI and PKCE verifier with the code. It may run
	// more than once and must have no side effect.
	Check func(Code) error
	// TokenSet is stored with Authorization, Application, RedirectURI and
	// Scope taken from the code, and RefreshUntil from Refresh; ID, FamilyKey
	// and CreatedAt are the caller's.
	TokenSet TokenSet
	// Refresh is stored with TokenSet taken from TokenSet.ID.
	Refresh RefreshToken
}

// Passes tells whether Check has nothing against a code.
func (r Redemption) Passes(c Code) bool { return r.Check == nil || r.Check(c) == nil }

// Rotation is the exchange of a refresh token. Checks, in this order:
//
//  1. unknown: ErrNotFound
//  2. other application: ErrWrongApplication, nothing changed
//  3. token set or authorization ended: ErrEnded
//  4. expired: ErrExpired
//  5. rotated more than Grace ago: token set ended with "refresh_reuse", ErrReused
//  6. rotated inside the grace: the stored child is returned, nothing written
//  7. success: the parent is rotated, the child stored
type Rotation struct {
	Hash        string // of the presented token
	Application string
	Now         time.Time
	Grace       time.Duration
	// Child is the successor; its TokenSet is taken from the parent, whose
	// RefreshUntil becomes the end of the child.
	Child RefreshToken
}

// SigningKey is a private key, sealed, with its RFC 7638 thumbprint.
type SigningKey struct {
	ID        string
	Algorithm string // "RS256" or "EdDSA"
	Sealed    []byte // PKCS #8, sealed with the ID as associated data
	CreatedAt time.Time
	// SignsFrom is when it begins to sign; zero is at once. It is published
	// and verifies before.
	SignsFrom time.Time
	// EndsAt is when it is accepted no more, zero while nothing replaces it.
	EndsAt time.Time
}
