// Package token signs and verifies the gateway's access tokens: JWTs of RFC
// 9068, with keys of the gateway's own store only, each of which is for one
// algorithm.
//
// # The life of a key
//
// A key is published in the JWKS from the moment that it is made. It begins to
// sign when its turn comes: the first one, and one of a newly configured
// algorithm, at once; one made by [Keys.Rotate] after [PrePublish]. Then its
// predecessors sign no more, verify for as long as a token of theirs may live,
// and leave the JWKS and the store. All of this is written down when the new
// key is made, as times: afterwards the clock decides, and neither a restart
// nor a second process needs to be told.
package token

import (
	"errors"
	"time"
)

// MaxSize is the longest token that is looked at, in bytes. A longer one is
// refused before anything of it is parsed.
const MaxSize = 8 << 10

// Leeway is how far iat and nbf may lie in the future. exp has none: issuer
// and verifier are the same gateway, and an expired token is expired.
const Leeway = 30 * time.Second

// ErrInvalid is what every refusal by [Keys.Verify] is (errors.Is). The text
// behind it names the rule that was broken and never quotes the token.
var ErrInvalid = errors.New("token: invalid")

// Claims is what an access token says.
type Claims struct {
	// Subject is the sub claim: the person.
	Subject string
	// ClientID is the client_id claim: the application's OAuth2 client id.
	ClientID string
	// ID is the jti claim. Sign makes one up where it is empty.
	ID string
	// TokenSet and Authorization are ids in the grant store (claims "ts" and
	// "az"). A verified token counts only while both are live there.
	TokenSet      string
	Authorization string
	// Scope is the scope claim; nil means that there is none, which stands for
	// all that the application may have.
	Scope []string
	// IssuedAt and ExpiresAt are kept to the second.
	IssuedAt  time.Time
	ExpiresAt time.Time
}
