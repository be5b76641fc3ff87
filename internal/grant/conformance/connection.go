package conformance

import (
	"reflect"
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// connectionKinds: each kind is taken over by a consent, replaced, and ended
// by a revocation that leaves no credential.
func connectionKinds(t *testing.T, c *suite) {
	for _, live := range []grant.Connection{
		session("kinds"),
		{Kind: grant.APIKey, Sealed: []byte("sealed key"), Since: start, ExpiresAt: start.AddDate(1, 0, 0), KeyID: 1 << 40},
		{Kind: grant.Service, Since: start},
	} {
		if !live.Live() {
			t.Fatalf("%s: a whole connection is not live", live.Kind)
		}
		subject := "sub-" + string(live.Kind)
		in := person("wiki", subject)
		in.Connection = grant.Connection{Kind: live.Kind, EndedAt: start}
		a := c.consent(in)
		if !reflect.DeepEqual(a.Connection, grant.Connection{}) {
			t.Errorf("%s: an ended connection was taken over: %+v", live.Kind, a.Connection)
		}
		in.Connection = live
		if a = c.consent(in); !reflect.DeepEqual(a.Connection, live) {
			t.Errorf("%s: consent gave %+v, want %+v", live.Kind, a.Connection, live)
		}
		next := live
		next.TouchedAt = start.Add(minute)
		c.ok("update", c.s.UpdateConnection(c.ctx, a.ID, live.Hash, next))
		if got := c.authorization(a.ID).Connection; !reflect.DeepEqual(got, next) {
			t.Errorf("%s: updated to %+v, want %+v", live.Kind, got, next)
		}
		if live.Hash == "" {
			c.bySession("")
		}
		at := start.Add(5 * minute)
		c.ok("revoke", c.s.RevokeAuthorization(c.ctx, a.ID, at))
		want := next
		want.Sealed, want.Hash, want.EndedAt, want.EndReason = nil, "", at, "revoked"
		got := c.authorization(a.ID).Connection
		if !reflect.DeepEqual(got, want) || got.Live() {
			t.Errorf("%s: revoked to %+v, want %+v", live.Kind, got, want)
		}
	}
	none := grant.Connection{Kind: grant.APIKey, Since: start}
	if none.Live() {
		t.Error("an API key that is not there is live")
	}
}
