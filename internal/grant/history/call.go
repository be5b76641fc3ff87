package history

import (
	"context"
	"errors"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// The methods of a Call. Those that begin with read change nothing.
const (
	Consent           = "consent"
	Issue             = "issue"
	Redeem            = "redeem"
	Rotate            = "rotate"
	End               = "end"
	Revoke            = "revoke"
	ReadAuthorization = "read authorization"
	ReadTokenSet      = "read token set"
	ReadRefresh       = "read refresh token"
)

// Call is one call of a history. What it makes has names that the caller gives.
type Call struct {
	Method string `json:"method"`
	// Name is what it is about: an authorization for Consent (the new one),
	// Revoke and ReadAuthorization; a code for Issue and Redeem; a refresh token
	// for Rotate and ReadRefresh; a token set for End and ReadTokenSet.
	Name string `json:"name"`
	// Authorization is that of the code for Issue.
	Authorization string `json:"authorization,omitempty"`
	// Set and Refresh are what Redeem would make, Refresh is what Rotate would.
	Set     string `json:"set,omitempty"`
	Refresh string `json:"refresh,omitempty"`
	// Late makes Rotate one after the grace.
	Late bool `json:"late,omitempty"`
}

func (c Call) reads() bool {
	return c.Method == ReadAuthorization || c.Method == ReadTokenSet || c.Method == ReadRefresh
}

// Start is when every history is.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const application = "wiki"

// answers are the errors that a call may give.
var answers = map[string]error{
	"consumed": grant.ErrConsumed, "ended": grant.ErrEnded, "reused": grant.ErrReused, "not found": grant.ErrNotFound,
}

// Perform makes a call about the person with that subject. The error is one
// that no call may give.
func (c Call) Perform(ctx context.Context, s grant.Store, subject string) (out Outcome, err error) {
	at := Start.Add(5 * time.Minute)
	switch c.Method {
	case Consent:
		var a grant.Authorization
		a, err = s.Consent(ctx, grant.Authorization{
			ID: c.Name, Application: application, Subject: subject, Database: "prod", UID: 7, Login: "demo", Name: "Marc Demo",
			Scope: []string{"odoo.read"}, ConsentDigest: "digest", CreatedAt: Start, ConsentedAt: Start,
			Connection: grant.Connection{Kind: grant.Session, Sealed: []byte("sealed"), Hash: grant.HashToken(subject), Since: Start},
		})
		out.Name = a.ID
	case Issue:
		err = s.IssueCode(ctx, grant.Code{
			Hash: c.Name, Authorization: c.Authorization, Application: application, RedirectURI: "https://wiki.example/cb",
			Scope: []string{"odoo.read"}, IssuedAt: Start, ExpiresAt: Start.Add(10 * time.Minute),
		})
	case Redeem:
		_, _, err = s.RedeemCode(ctx, grant.Redemption{
			Hash: c.Name, Application: application, Now: Start.Add(time.Minute),
			TokenSet: grant.TokenSet{ID: c.Set, FamilyKey: []byte("family"), CreatedAt: Start.Add(time.Minute)},
			Refresh:  grant.RefreshToken{Hash: c.Refresh, IssuedAt: Start.Add(time.Minute)},
		})
	case Rotate:
		r := grant.Rotation{
			Hash: c.Name, Application: application, Now: at, Grace: time.Minute,
			Child: grant.RefreshToken{Hash: c.Refresh, IssuedAt: at},
		}
		if c.Late {
			r.Grace = -1 // whenever it was rotated, the grace is over
		}
		var child grant.RefreshToken
		child, err = s.Rotate(ctx, r)
		out.Name = child.Hash
	case End:
		err = s.EndTokenSet(ctx, c.Name, "superseded", at)
	case Revoke:
		err = s.RevokeAuthorization(ctx, c.Name, at)
	case ReadAuthorization:
		var a grant.Authorization
		if a, err = s.Authorization(ctx, c.Name); err == nil {
			out.Name = stands(!a.Live())
		}
	case ReadTokenSet:
		var set grant.TokenSet
		set, err = s.TokenSet(ctx, c.Name)
		out.Name = set.EndReason
	case ReadRefresh:
		var token grant.RefreshToken
		var set grant.TokenSet
		if token, set, err = s.RefreshToken(ctx, c.Name); err == nil {
			out.Name = leads(token.Child, set.EndReason)
		}
	default:
		err = errors.New("there is no such call")
	}
	for word, answer := range answers {
		if errors.Is(err, answer) {
			return Outcome{Err: word}, nil
		}
	}
	return out, err
}
