// Package conformance is the suite that every grant.Store must pass.
package conformance

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// Subject is one empty store under test.
type Subject struct {
	Store grant.Store
	// Other is the store of another gateway that lies beside it.
	Other grant.Store
	// Reopen ends the store as a restart does and returns it opened anew on
	// the same data.
	Reopen func() grant.Store
	// Close ends the store for good.
	Close func()
}

// test is one of the suite.
type test struct {
	name string
	run  func(*testing.T, *suite)
}

// kept are those that look at what a restart leaves.
var kept = []test{
	{"revoking ends everything once", revoke},
	{"key removals", keyRemovals},
	{"last use is kept", used},
	{"the audit trail is kept in order", auditTrail},
	{"histories of objects", objectHistories},
	{"a token set without refresh tokens", issueTokenSet},
	{"signing keys", signingKeys},
	{"a scope of nothing is none of everything", emptyScope},
	{"everything survives a restart", persistence},
}

var rest = []test{
	{"consent creates and renews", consentCreatesAndRenews},
	{"consent keeps a connection unless given a live one", consentKeepsConnection},
	{"consent never revives", consentNeverRevives},
	{"consent in parallel makes one authorization", consentInParallel},
	{"authorizations are found", authorizationsAreFound},
	{"returned records are copies", recordsAreCopies},
	{"update connection compares and swaps", updateConnection},
	{"update connection in parallel lets one win", updateConnectionInParallel},
	{"revoking meets redeeming", revokeMeetsRedeem},
	{"connections of all kinds are kept and ended", connectionKinds},
	{"a key that leaves a connection has to be removed", keyLeavesConnection},
	{"authorizations are listed in pages", authorizationsInPages},
	{"live authorizations are listed, revoked ones where asked", authorizationsOfQuery},
	{"many revoked authorizations hide no live one", listingPassesRevoked},
	{"the audit trail is bounded in time and number", auditTrailBounds},
	{"the audit trail is looked through in steps", auditTrailLooks},
	{"codes are checked at issue", issueCode},
	{"redemption checks in order", redemptionOrder},
	{"redemption stores what it says", redemptionStores},
	{"one code redeemed by many gives one token set", redeemInParallel},
	{"a replayed code ends its token set", codeReplay},
	{"kept codes are listed", keptCodes},
	{"a token set is issued while its authorization lives", issueTokenSetOrder},
	{"token sets of an authorization are listed", tokenSetsOf},
	{"rotation checks in order", rotationOrder},
	{"rotation gives one child in the grace", rotationGrace},
	{"one parent refreshed by many gives one child", rotateInParallel},
	{"reuse after the grace ends the token set alone", refreshReuse},
	{"ending a token set keeps the first reason", endTokenSet},
	{"random histories are linearizable", linearizable},
	{"signing keys updated in parallel", updateSigningKeysInParallel},
	{"another gateway's records are invisible", otherGateway},
	{"a cancelled context changes nothing", cancelled},
	{"a closed store is unavailable", closed},
}

// Run runs the suite. open returns a new Subject for each test and cleans up
// through t.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	run(t, rest, open)
	RunKept(t, open)
}

// RunKept runs the part of the suite that looks at what a restart leaves: for
// stores whose Reopen does more than that.
func RunKept(t *testing.T, open func(t *testing.T) Subject) { run(t, kept, open) }

func run(t *testing.T, tests []test, open func(t *testing.T) Subject) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			subject := open(t)
			test.run(t, &suite{t: t, ctx: t.Context(), Subject: subject, s: subject.Store})
		})
	}
}

// start is when every test begins.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	minute = time.Minute
	grace  = time.Minute
)

// suite holds what the tests share.
type suite struct {
	Subject
	t   *testing.T
	ctx context.Context
	s   grant.Store
}

// person is a consent of application and subject, with a live connection.
func person(application, subject string) grant.Authorization {
	return grant.Authorization{
		ID: grant.NewID(), Application: application, Subject: subject, Database: "prod", UID: 7,
		Login: "demo", Name: "Marc Demo", Scope: []string{"odoo.read"}, ConsentDigest: "digest",
		Connection: session("session of " + subject + " at " + application),
		CreatedAt:  start, ConsentedAt: start,
	}
}

func session(id string) grant.Connection {
	return grant.Connection{
		Kind: grant.Session, Sealed: []byte("sealed " + id), Hash: grant.HashToken(id),
		Since: start, TouchedAt: start, BrowserAt: start,
	}
}

func (c *suite) consent(a grant.Authorization) grant.Authorization {
	c.t.Helper()
	a, err := c.s.Consent(c.ctx, a)
	c.ok("consent", err)
	return a
}

// issue stores a fresh code of a and returns its hash.
func (c *suite) issue(a grant.Authorization) string {
	c.t.Helper()
	hash := grant.HashToken(grant.NewToken())
	c.ok("issue code", c.s.IssueCode(c.ctx, grant.Code{
		Hash: hash, Authorization: a.ID, Application: a.Application, RedirectURI: "https://wiki.example/cb",
		Scope: []string{"odoo.read"}, Challenge: "challenge", ChallengeMethod: "S256",
		IssuedAt: start, ExpiresAt: start.Add(10 * minute),
	}))
	return hash
}

func redemption(hash, application string) grant.Redemption {
	return grant.Redemption{
		Hash: hash, Application: application, Now: start.Add(minute),
		TokenSet: grant.TokenSet{ID: grant.NewID(), FamilyKey: []byte("family"), CreatedAt: start.Add(minute)},
		Refresh:  grant.RefreshToken{Hash: grant.HashToken(grant.NewToken()), IssuedAt: start.Add(minute)},
	}
}

// redeem makes a token set of a and returns it with its first refresh token.
func (c *suite) redeem(a grant.Authorization) (grant.TokenSet, grant.RefreshToken) {
	c.t.Helper()
	r := redemption(c.issue(a), a.Application)
	set, _, err := c.s.RedeemCode(c.ctx, r)
	c.ok("redeem code", err)
	return set, r.Refresh
}

func rotation(parent, application string, now time.Time) grant.Rotation {
	return grant.Rotation{
		Hash: parent, Application: application, Now: now, Grace: grace,
		Child: grant.RefreshToken{Hash: grant.HashToken(grant.NewToken()), IssuedAt: now},
	}
}

func (c *suite) ok(what string, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("%s: %v", what, err)
	}
}

func (c *suite) fails(what string, err, want error) {
	c.t.Helper()
	if !errors.Is(err, want) {
		c.t.Fatalf("%s: error %v, want %v", what, err, want)
	}
}

// set returns a token set as it stands.
func (c *suite) set(id string) grant.TokenSet {
	c.t.Helper()
	set, err := c.s.TokenSet(c.ctx, id)
	c.ok("token set", err)
	return set
}

func (c *suite) authorization(id string) grant.Authorization {
	c.t.Helper()
	a, err := c.s.Authorization(c.ctx, id)
	c.ok("authorization", err)
	return a
}
