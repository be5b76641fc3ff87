// Package audit records who did what with which grant: events for the audit
// trail, never values of tokens, codes or secrets.
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Kind is what happened.
type Kind string

// The kinds of events.
const (
	// Consent: a person said yes to an application.
	Consent Kind = "consent"
	// ConsentDenied: a person said no.
	ConsentDenied Kind = "consent_denied"
	// ConsentTrusted: an application was connected without asking the person,
	// as its configuration says.
	ConsentTrusted Kind = "consent_trusted"
	// StayConnected: a person let Odoo make an API key for an application.
	StayConnected Kind = "stay_connected"
	// CodeIssued: an authorization code went out.
	CodeIssued Kind = "code_issued"
	// CodeRedeemed: a code became a token set.
	CodeRedeemed Kind = "code_redeemed"
	// CodeReplay: a used code came back; what it had produced was ended.
	CodeReplay Kind = "code_replay"
	// TokenRefreshed: a refresh token was exchanged.
	TokenRefreshed Kind = "token_refreshed"
	// ServiceTokenIssued: an application got a token for its service account.
	ServiceTokenIssued Kind = "service_token_issued"
	// RefreshReuse: a rotated refresh token came back after the grace; its
	// token set was ended.
	RefreshReuse Kind = "refresh_reuse"
	// TokenSetEnded: a token set was revoked.
	TokenSetEnded Kind = "token_set_ended"
	// AuthorizationRevoked: an authorization with all it owned was revoked.
	AuthorizationRevoked Kind = "authorization_revoked"
	// ClientAuthFailed: a client did not prove who it is.
	ClientAuthFailed Kind = "client_auth_failed"
	// ClientLockedOut: a client that has failed to prove itself too often, from
	// that network, was told to wait.
	ClientLockedOut Kind = "client_locked_out"
	// RequestRefused: a request was refused for another reason, such as a token
	// that is revoked, a code that has expired, or a redirect URI that is not
	// registered.
	RequestRefused Kind = "request_refused"
	// RequestFailed: a request could not be answered, because Odoo is out of
	// reach or has failed.
	RequestFailed Kind = "request_failed"
	// StoreFailed: a request could not be answered, because the store is out of
	// reach or has failed.
	StoreFailed Kind = "store_failed"
	// RateLimited: an application asked more often than it may.
	RateLimited Kind = "rate_limited"
	// SchemeDenied: a model scheme refused a call.
	SchemeDenied Kind = "scheme_denied"
	// ConnectionEnded: Odoo no longer accepts the connection of a person.
	ConnectionEnded Kind = "connection_ended"
	// APIKeyRemoved: Odoo has removed an API key that no connection holds any
	// more.
	APIKeyRemoved Kind = "api_key_removed"
	// APIKeyLeft: Odoo did not remove such a key for the gateway. The copy of it
	// is wiped, and the person is told to remove the key.
	APIKeyLeft Kind = "api_key_left"
	// AdministrationRead: an administrator looked at what the gateway keeps.
	AdministrationRead Kind = "administration_read"
	// ConfigurationChanged: a configuration was loaded in which something is
	// new, gone or another than before.
	ConfigurationChanged Kind = "configuration_changed"
	// EventsDropped: more happened than could be kept, here or in the log. The
	// detail "count" says how much.
	EventsDropped Kind = "events_dropped"
	// KeyCreated: a signing key was made.
	KeyCreated Kind = "key_created"
	// StoreRestored: the store was made from a backup. The detail "mode" says what
	// became of what the backup holds.
	StoreRestored Kind = "store_restored"
	// StoreCopied: the store was made from another one, as that was. The details "from"
	// and "to" name both.
	StoreCopied Kind = "store_copied"
	// StoreReopened: somebody serves this store again although it was moved into the
	// one that the detail "moved_to" names: what was revoked there lives here.
	StoreReopened Kind = "store_reopened"
	// GatewayStarted: a gateway serves from now on, after a start of the process
	// or with a new configuration.
	GatewayStarted Kind = "gateway_started"
	// GatewayStopped: a gateway serves no more, for the same reasons.
	GatewayStopped Kind = "gateway_stopped"
)

// Kinds are all of them.
var Kinds = []Kind{
	Consent, ConsentDenied, ConsentTrusted, StayConnected, CodeIssued, CodeRedeemed, CodeReplay, TokenRefreshed,
	ServiceTokenIssued, RefreshReuse, TokenSetEnded, AuthorizationRevoked, ClientAuthFailed, ClientLockedOut,
	RequestRefused, RequestFailed, StoreFailed, RateLimited, SchemeDenied, ConnectionEnded, APIKeyRemoved, APIKeyLeft,
	AdministrationRead, ConfigurationChanged, EventsDropped, KeyCreated, StoreRestored, StoreCopied, StoreReopened, GatewayStarted, GatewayStopped,
}

// AdminLogin is the detail that names the administrator who has caused an event.
const AdminLogin = "admin_login"

// RefreshTokenStays is the detail of TokenRefreshed that says, with "true", that
// the refresh token was not exchanged for another.
const RefreshTokenStays = "refresh_token_stays"

// Event is one line of the audit trail. Fields that do not apply are empty.
type Event struct {
	// Time is when it happened; a recorder fills in a zero one.
	Time time.Time
	Kind Kind
	// Gateway and Application are configured names.
	Gateway     string
	Application string
	// Subject is the person's sub.
	Subject string
	// Authorization and TokenSet are ids in the grant store.
	Authorization string
	TokenSet      string
	// RequestID is the server's id of the request.
	RequestID string
	// Address is the client's IP address.
	Address string
	// UserAgent is the Fingerprint of what the client calls itself, which may
	// be anything: enough to tell two clients at one address apart.
	UserAgent string
	// Detail says more, in words that are fixed in the code or names from the
	// configuration: model, rule, reason. Tokens stand here as Fingerprint only.
	Detail map[string]string
}

// Recorder takes events. Record must not block on anything slower than a
// local log, does not fail, and is safe for concurrent use.
type Recorder interface {
	Record(ctx context.Context, e Event)
}

// Tee is a Recorder that gives each event to all of them, in their order.
func Tee(recorders ...Recorder) Recorder { return tee(recorders) }

type tee []Recorder

func (t tee) Record(ctx context.Context, e Event) {
	for _, r := range t {
		r.Record(ctx, e)
	}
}

// Discard drops every event.
var Discard Recorder = discard{}

type discard struct{}

func (discard) Record(context.Context, Event) {}

// Fingerprint names a token or code in the audit trail: the first 8 hex
// digits of its SHA-256. Enough to match two lines, too little to be a token.
// They are also the first digits of grant.HashToken. "" stays "".
func Fingerprint(token string) string {
	if token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:4])
}
