package conformance

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func consentCreatesAndRenews(t *testing.T, c *suite) {
	want := person("wiki", "sub-1")
	first := c.consent(want)
	if !reflect.DeepEqual(first, want) {
		t.Errorf("created\n%+v, want\n%+v", first, want)
	}
	if got := c.authorization(first.ID); !reflect.DeepEqual(got, want) {
		t.Errorf("read back\n%+v, want\n%+v", got, want)
	}

	again := person("wiki", "sub-1")
	again.Scope, again.ConsentDigest, again.Login, again.Name = []string{"odoo.read", "odoo.write"}, "grown", "marc", "Marc"
	again.Connection = session("another")
	again.CreatedAt, again.ConsentedAt = start.Add(minute), start.Add(minute)
	renewed := c.consent(again)
	want = again
	want.ID, want.CreatedAt = first.ID, first.CreatedAt
	if !reflect.DeepEqual(renewed, want) {
		t.Errorf("renewed\n%+v, want\n%+v", renewed, want)
	}
	if got := c.authorization(first.ID); !reflect.DeepEqual(got, want) {
		t.Errorf("read back renewed\n%+v, want\n%+v", got, want)
	}

	// Without an id the store makes one, and without CreatedAt it begins now.
	fresh := person("wiki", "sub-2")
	fresh.ID, fresh.CreatedAt = "", time.Time{}
	got := c.consent(fresh)
	if got.ID == "" || got.ID == first.ID {
		t.Errorf("id made by the store is %q", got.ID)
	}
	if !got.CreatedAt.Equal(fresh.ConsentedAt) {
		t.Errorf("created at %v, want %v", got.CreatedAt, fresh.ConsentedAt)
	}
}

func consentKeepsConnection(t *testing.T, c *suite) {
	dead := person("wiki", "sub-1")
	dead.Connection.EndedAt = start
	if got := c.consent(dead).Connection; !reflect.DeepEqual(got, grant.Connection{}) {
		t.Errorf("an ended connection was taken over: %+v", got)
	}
	live := c.consent(person("wiki", "sub-1"))
	if !live.Connection.Live() {
		t.Fatalf("a live connection was not taken over: %+v", live.Connection)
	}
	none := person("wiki", "sub-1")
	none.Connection = grant.Connection{}
	if got := c.consent(none); !reflect.DeepEqual(got.Connection, live.Connection) {
		t.Errorf("connection is %+v, want %+v", got.Connection, live.Connection)
	}
}

func consentNeverRevives(t *testing.T, c *suite) {
	old := c.consent(person("wiki", "sub-1"))
	set, refresh := c.redeem(old)
	code := c.issue(old)
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, old.ID, start.Add(2*minute)))

	again := old // the same id: the record must not be overwritten
	fresh := c.consent(again)
	if fresh.ID == old.ID || !fresh.Live() {
		t.Fatalf("consent after revocation gave %+v", fresh)
	}
	if c.authorization(old.ID).Live() {
		t.Error("the revoked authorization lives again")
	}
	if c.set(set.ID).Live() {
		t.Error("a token set of the revoked authorization lives again")
	}
	_, err := c.s.Rotate(c.ctx, rotation(refresh.Hash, "wiki", start.Add(3*minute)))
	c.fails("refresh of the revoked authorization", err, grant.ErrEnded)
	_, _, err = c.s.RedeemCode(c.ctx, redemption(code, "wiki"))
	c.fails("code of the revoked authorization", err, grant.ErrEnded)
}

func consentInParallel(t *testing.T, c *suite) {
	const people = 16
	ids := make([]string, people)
	parallel(people, func(i int) {
		a, err := c.s.Consent(c.ctx, person("wiki", "sub-1"))
		if err != nil {
			t.Errorf("consent %d: %v", i, err)
		}
		ids[i] = a.ID
	})
	for i, id := range ids {
		if id != ids[0] {
			t.Fatalf("consent %d made authorization %s beside %s", i, id, ids[0])
		}
	}
	all, err := c.s.AuthorizationsBySubject(c.ctx, "sub-1")
	c.ok("by subject", err)
	if len(all) != 1 {
		t.Errorf("%d live authorizations, want 1", len(all))
	}
}

func authorizationsAreFound(t *testing.T, c *suite) {
	browser := session("one browser")
	wiki, shop, other := person("wiki", "sub-1"), person("shop", "sub-1"), person("wiki", "sub-2")
	wiki.Connection, shop.Connection = browser, browser
	individual := person("wiki", "sub-1")
	individual.RedirectURI = "https://wiki.example/own"
	wiki, shop, other, individual = c.consent(wiki), c.consent(shop), c.consent(other), c.consent(individual)

	for _, test := range []struct {
		application, subject, uri, want string
	}{
		{"wiki", "sub-1", "", wiki.ID},
		{"shop", "sub-1", "", shop.ID},
		{"wiki", "sub-2", "", other.ID},
		{"wiki", "sub-1", "https://wiki.example/own", individual.ID},
	} {
		a, err := c.s.FindAuthorization(c.ctx, test.application, test.subject, test.uri)
		c.ok("find", err)
		if a.ID != test.want {
			t.Errorf("find %s %s %q gave %s, want %s", test.application, test.subject, test.uri, a.ID, test.want)
		}
	}
	for _, missing := range [][3]string{
		{"shop", "sub-2", ""}, {"wiki", "sub-1", "https://wiki.example/other"}, {"Wiki", "sub-1", ""}, {"wik", "isub-1", ""},
	} {
		_, err := c.s.FindAuthorization(c.ctx, missing[0], missing[1], missing[2])
		c.fails("find "+missing[0], err, grant.ErrNotFound)
	}
	_, err := c.s.Authorization(c.ctx, grant.NewID())
	c.fails("unknown id", err, grant.ErrNotFound)

	c.bySession(browser.Hash, wiki.ID, shop.ID)
	c.bySession(grant.HashToken("nobody"))
	c.bySession("")
	c.bySubject("sub-1", wiki.ID, shop.ID, individual.ID)
	c.bySubject("sub-2", other.ID)
	c.bySubject("sub-")

	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, wiki.ID, start.Add(minute)))
	c.bySession(browser.Hash, shop.ID)
	c.bySubject("sub-1", shop.ID, individual.ID)
	_, err = c.s.FindAuthorization(c.ctx, "wiki", "sub-1", "")
	c.fails("find a revoked one", err, grant.ErrNotFound)
}

func recordsAreCopies(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	set, _ := c.redeem(a)
	for range 2 { // the second reading may come from a cache
		a = c.authorization(a.ID)
		a.Scope[0], a.Connection.Sealed[0] = "spoilt", 'X'
		set = c.set(set.ID)
		set.Scope[0], set.FamilyKey[0] = "spoilt", 'X'
	}
	a, set = c.authorization(a.ID), c.set(set.ID)
	if a.Scope[0] == "spoilt" || bytes.HasPrefix(a.Connection.Sealed, []byte("X")) {
		t.Error("a caller has changed the stored authorization")
	}
	if set.Scope[0] == "spoilt" || bytes.HasPrefix(set.FamilyKey, []byte("X")) {
		t.Error("a caller has changed the stored token set")
	}
}

func updateConnection(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	was, next := a.Connection, session("next")
	c.bySession(next.Hash) // a cache may now hold the empty answer
	c.fails("wrong hash", c.s.UpdateConnection(c.ctx, a.ID, next.Hash, next), grant.ErrStale)
	c.fails("unknown id", c.s.UpdateConnection(c.ctx, grant.NewID(), was.Hash, next), grant.ErrNotFound)
	if got := c.authorization(a.ID).Connection; !reflect.DeepEqual(got, was) {
		t.Errorf("a refused update changed the connection to %+v", got)
	}
	c.ok("update", c.s.UpdateConnection(c.ctx, a.ID, was.Hash, next))
	if got := c.authorization(a.ID).Connection; !reflect.DeepEqual(got, next) {
		t.Errorf("connection is %+v, want %+v", got, next)
	}
	c.bySession(was.Hash)
	c.bySession(next.Hash, a.ID)
	c.fails("the same again", c.s.UpdateConnection(c.ctx, a.ID, was.Hash, next), grant.ErrStale)

	ended := grant.Connection{Kind: grant.Session, EndedAt: start.Add(minute), EndReason: "session_expired"}
	c.ok("end", c.s.UpdateConnection(c.ctx, a.ID, next.Hash, ended))
	if got := c.authorization(a.ID).Connection; !reflect.DeepEqual(got, ended) {
		t.Errorf("ended connection is %+v, want %+v", got, ended)
	}
	c.bySession(next.Hash)
	c.ok("attach again", c.s.UpdateConnection(c.ctx, a.ID, "", next))
	c.bySession(next.Hash, a.ID)

	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, a.ID, start.Add(minute)))
	c.fails("revoked", c.s.UpdateConnection(c.ctx, a.ID, "", was), grant.ErrEnded)
}

func updateConnectionInParallel(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	const writers = 16
	won := make([]bool, writers)
	parallel(writers, func(i int) {
		err := c.s.UpdateConnection(c.ctx, a.ID, a.Connection.Hash, session(string(rune('a'+i))))
		won[i] = err == nil
		if err != nil {
			c.failsInParallel("update", err, grant.ErrStale)
		}
	})
	winner := -1
	for i, ok := range won {
		if ok && winner >= 0 {
			t.Fatalf("writers %d and %d both swapped the same value", winner, i)
		}
		if ok {
			winner = i
		}
	}
	if winner < 0 {
		t.Fatal("no writer won")
	}
	want := session(string(rune('a' + winner)))
	if got := c.authorization(a.ID).Connection.Hash; got != want.Hash {
		t.Error("the connection is not the winner's")
	}
	c.bySession(want.Hash, a.ID)
}

func used(t *testing.T, c *suite) {
	a := c.consent(person("wiki", "sub-1"))
	fresh := person("wiki", "sub-2")
	fresh.LastUsedAt, fresh.Uses = start, 9 // is the store's to say
	b := c.consent(fresh)
	expect := func(what string, got grant.Authorization, last time.Time, uses int) {
		t.Helper()
		if !got.LastUsedAt.Equal(last) || got.Uses != uses {
			t.Errorf("%s: used %d times, last at %v, want %d and %v", what, got.Uses, got.LastUsedAt, uses, last)
		}
	}
	c.s.Used(a.ID, start.Add(2*minute))
	c.s.Used(a.ID, start.Add(minute)) // late, must not turn the time back
	c.s = c.Reopen()
	expect("after a restart", c.authorization(a.ID), start.Add(2*minute), 2)
	expect("another", c.authorization(b.ID), time.Time{}, 0)
	expect("consent", c.consent(person("wiki", "sub-1")), start.Add(2*minute), 2)
	c.s.Used(a.ID, start.Add(3*minute))
	c.s.Used(b.ID, start.Add(minute))
	c.s = c.Reopen()
	expect("counted on", c.authorization(a.ID), start.Add(3*minute), 3)
	expect("the first time", c.authorization(b.ID), start.Add(minute), 1)
	all, err := c.s.AuthorizationsBySubject(c.ctx, "sub-1")
	c.ok("of a person", err)
	expect("of a person", all[0], start.Add(3*minute), 3)
	c.s.Used(a.ID, start.Add(4*minute)) // whoever lists sees it at once
	all, err = c.s.AuthorizationsBySubject(c.ctx, "sub-1")
	c.ok("of a person", err)
	expect("of a person, at once", all[0], start.Add(4*minute), 4)
	c.s.Used(a.ID, start.Add(5*minute))
	all, err = c.s.Authorizations(c.ctx, grant.AuthorizationQuery{Subject: "sub-1"})
	c.ok("listed", err)
	expect("listed, at once", all[0], start.Add(5*minute), 5)
}

// bySession checks which live authorizations a session hash leads to.
func (c *suite) bySession(hash string, want ...string) {
	c.t.Helper()
	all, err := c.s.AuthorizationsBySession(c.ctx, hash)
	c.ok("by session", err)
	c.sameIDs("by session", all, want)
}

func (c *suite) bySubject(subject string, want ...string) {
	c.t.Helper()
	all, err := c.s.AuthorizationsBySubject(c.ctx, subject)
	c.ok("by subject", err)
	c.sameIDs("by subject", all, want)
}

func (c *suite) sameIDs(what string, all []grant.Authorization, want []string) {
	c.t.Helper()
	got := make(map[string]bool, len(all))
	for _, a := range all {
		got[a.ID] = true
	}
	if len(all) != len(want) {
		c.t.Fatalf("%s: %d authorizations, want %d", what, len(all), len(want))
	}
	for _, id := range want {
		if !got[id] {
			c.t.Fatalf("%s: authorization %s is missing", what, id)
		}
	}
}
