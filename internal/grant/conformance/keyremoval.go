package conformance

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func key(name string, id int64) grant.Connection {
	return grant.Connection{
		Kind: grant.APIKey, Sealed: []byte("sealed " + name), Hash: grant.HashToken("key " + name),
		Since: start, ExpiresAt: start.Add(30 * 24 * time.Hour), KeyID: id,
	}
}

// withKey is a stored authorization whose connection is that key.
func (c *suite) withKey(application, subject string, k grant.Connection) grant.Authorization {
	c.t.Helper()
	a := person(application, subject)
	a.RedirectURI = "https://wiki.example/cb"
	a.Connection = k
	return c.consent(a)
}

func (c *suite) removals(q grant.KeyRemovalQuery) []grant.KeyRemoval {
	c.t.Helper()
	all, err := c.s.KeyRemovals(c.ctx, q)
	c.ok("key removals", err)
	return all
}

// keyLeavesConnection: whatever takes a working key out of a connection leaves
// its removal, in the same transaction; what only updates or ends one that is
// of no more use leaves none.
func keyLeavesConnection(t *testing.T, c *suite) {
	at := start.Add(5 * minute)
	ended := func(reason string) grant.Connection {
		k := key("one", 1)
		k.Sealed, k.Hash, k.EndedAt, k.EndReason = nil, "", at, reason
		return k
	}
	at5 := func(k grant.Connection) grant.Connection { k.Since = at; return k }
	touched := key("one", 1)
	touched.TouchedAt = at
	late := key("late", 2)
	late.Since = start.Add(30 * 24 * time.Hour)
	update := func(to grant.Connection) func(grant.Authorization) error {
		return func(a grant.Authorization) error { return c.s.UpdateConnection(c.ctx, a.ID, a.Connection.Hash, to) }
	}
	for i, test := range []struct {
		name   string
		change func(grant.Authorization) error
		leaves bool
	}{
		{"revoked", func(a grant.Authorization) error { return c.s.RevokeAuthorization(c.ctx, a.ID, at) }, true},
		{"another key", update(at5(key("two", 2))), true},
		{"a session", update(at5(session("next"))), true},
		{"consent with a session", func(a grant.Authorization) error {
			a.Connection = at5(session("consented"))
			_, err := c.s.Consent(c.ctx, a)
			return err
		}, true},
		{"found to be somebody else's", update(ended("somebody_else")), true},
		{"consent without a connection", func(a grant.Authorization) error {
			a.Connection = grant.Connection{}
			_, err := c.s.Consent(c.ctx, a)
			return err
		}, false},
		{"touched", update(touched), false},
		{"refused", update(ended("key_refused")), false},
		{"expired", update(ended("key_expired")), false},
		{"replaced after its end", update(late), false},
	} {
		subject := fmt.Sprint("sub-", i)
		a := c.withKey("wiki", subject, key("one", 1))
		c.ok(test.name, test.change(a))
		var want []grant.KeyRemoval
		got := c.removals(grant.KeyRemovalQuery{Subject: subject})
		if test.leaves && len(got) == 1 {
			want = []grant.KeyRemoval{{
				ID: got[0].ID, Authorization: a.ID, Application: "wiki", RedirectURI: a.RedirectURI, Subject: subject, Database: "prod",
				UID: 7, Login: "demo", KeyID: 1, Sealed: []byte("sealed one"), KeyEndsAt: start.Add(30 * 24 * time.Hour),
				CreatedAt: at, NextTryAt: at,
			}}
			if got[0].ID == "" || got[0].Key() != a.Key() {
				t.Errorf("%s: id %q, key %q", test.name, got[0].ID, got[0].Key())
			}
		}
		if !reflect.DeepEqual(got, want) || test.leaves != (len(got) == 1) {
			t.Errorf("%s leaves\n%+v, want\n%+v", test.name, got, want)
		}
	}
	// Revoking twice leaves one, what ended before nothing, and what was
	// refused changes nothing.
	a := c.withKey("wiki", "twice", key("one", 1))
	c.fails("stale", c.s.UpdateConnection(c.ctx, a.ID, "another", session("x")), grant.ErrStale)
	if got := c.removals(grant.KeyRemovalQuery{Subject: "twice"}); len(got) != 0 {
		t.Errorf("a refused change leaves %+v", got)
	}
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, a.ID, at))
	c.ok("revoke again", c.s.RevokeAuthorization(c.ctx, a.ID, at.Add(minute)))
	if got := c.removals(grant.KeyRemovalQuery{Subject: "twice"}); len(got) != 1 {
		t.Errorf("revoking twice leaves %+v", got)
	}
	b := c.withKey("wiki", "ended", key("one", 1))
	c.ok("end", c.s.UpdateConnection(c.ctx, b.ID, b.Connection.Hash, ended("key_refused")))
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, b.ID, at))
	plain := c.consent(person("wiki", "session"))
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, plain.ID, at))
	for _, subject := range []string{"ended", "session"} {
		if got := c.removals(grant.KeyRemovalQuery{Subject: subject}); len(got) != 0 {
			t.Errorf("%s: left %+v", subject, got)
		}
	}
}

// keyRemovals are added, listed, changed and dropped, and survive a restart.
func keyRemovals(t *testing.T, c *suite) {
	var all []grant.KeyRemoval
	for i := range 5 {
		k := grant.RemovalOf(c.withKey("wiki", fmt.Sprint("sub-", i%2), key("one", 1)), start)
		k.ID = fmt.Sprint("id-", i)
		c.ok("add", c.s.AddKeyRemoval(c.ctx, k))
		all = append(all, k)
	}
	c.fails("add again", c.s.AddKeyRemoval(c.ctx, all[0]), grant.ErrStale)
	expect := func(what string, q grant.KeyRemovalQuery, want ...grant.KeyRemoval) {
		t.Helper()
		if got := c.removals(q); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v, want\n%+v", what, got, want)
		}
	}
	expect("all", grant.KeyRemovalQuery{}, all...)
	expect("a page", grant.KeyRemovalQuery{After: "id-0", Limit: 2}, all[1], all[2])
	expect("of a person", grant.KeyRemovalQuery{Subject: "sub-1"}, all[1], all[3])
	expect("a page of a person", grant.KeyRemovalQuery{Subject: "sub-0", After: "id-0", Limit: 1}, all[2])
	expect("of nobody", grant.KeyRemovalQuery{Subject: "sub"})
	if got, err := c.Other.KeyRemovals(c.ctx, grant.KeyRemovalQuery{}); err != nil || len(got) != 0 {
		t.Errorf("another gateway sees %+v, error %v", got, err)
	}

	left := all[1]
	left.Sealed, left.Tries, left.NextTryAt, left.LeftAt = nil, 3, start.Add(minute), start.Add(minute)
	if !left.Left() || all[2].Left() {
		t.Error("which keys are left to their people is told wrong")
	}
	c.ok("update", c.s.UpdateKeyRemoval(c.ctx, left))
	c.ok("drop", c.s.DropKeyRemoval(c.ctx, all[3].ID))
	c.ok("drop again", c.s.DropKeyRemoval(c.ctx, all[3].ID))
	// What was dropped does not come back through somebody who still works on it.
	c.fails("update what was dropped", c.s.UpdateKeyRemoval(c.ctx, all[3]), grant.ErrNotFound)
	c.s = c.Reopen()
	expect("after a restart", grant.KeyRemovalQuery{}, all[0], left, all[2], all[4])
	expect("of a person after a restart", grant.KeyRemovalQuery{Subject: "sub-1"}, left)
}
