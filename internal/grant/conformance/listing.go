package conformance

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func authorizationsInPages(t *testing.T, c *suite) {
	if got := c.list(grant.AuthorizationQuery{}); len(got) != 0 {
		t.Fatalf("a new store lists %v", got)
	}
	const people = grant.DefaultPage + 5
	var want []string
	for i := range people {
		want = append(want, c.consent(person("wiki", fmt.Sprint("sub-", i))).ID)
	}
	slices.Sort(want)
	if got := c.list(grant.AuthorizationQuery{}); !slices.Equal(got, want[:grant.DefaultPage]) {
		t.Errorf("without a limit %d, want the first %d by id", len(got), grant.DefaultPage)
	}
	if got := c.list(grant.AuthorizationQuery{Limit: grant.MaxPage + 1}); !slices.Equal(got, want) {
		t.Errorf("with a large limit %d, want all %d", len(got), people)
	}
	for _, q := range []grant.AuthorizationQuery{
		{Limit: 7}, {Limit: 7, Application: "wiki"}, {Limit: 7, Revoked: true}, {Limit: 7, Application: "wiki", Revoked: true},
	} {
		var got []string
		for {
			page := c.list(q)
			got = append(got, page...)
			if len(page) < q.Limit {
				break
			}
			q.After = page[len(page)-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %+v give %d authorizations, want each of %d once, by id", q, len(got), people)
		}
	}
	// A page goes on behind an authorization that has gone from the listing.
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, want[2], start.Add(minute)))
	if got := c.list(grant.AuthorizationQuery{After: want[2], Limit: 2}); !slices.Equal(got, want[3:5]) {
		t.Errorf("behind a revoked one: %v, want %v", got, want[3:5])
	}
}

func authorizationsOfQuery(t *testing.T, c *suite) {
	wiki1, wiki2 := c.consent(person("wiki", "sub-1")), c.consent(person("wiki", "sub-2"))
	shop1 := c.consent(person("shop", "sub-1"))
	gone := c.consent(person("wiki", "sub-3"))
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, gone.ID, start.Add(minute)))
	again := c.consent(person("wiki", "sub-3"))

	for _, test := range []struct {
		name string
		q    grant.AuthorizationQuery
		want []grant.Authorization
	}{
		{"all", grant.AuthorizationQuery{}, []grant.Authorization{wiki1, wiki2, shop1, again}},
		{"ever", grant.AuthorizationQuery{Revoked: true}, []grant.Authorization{wiki1, wiki2, shop1, again, gone}},
		{"application", grant.AuthorizationQuery{Application: "wiki"}, []grant.Authorization{wiki1, wiki2, again}},
		{"application ever", grant.AuthorizationQuery{Application: "wiki", Revoked: true}, []grant.Authorization{wiki1, wiki2, again, gone}},
		{"person", grant.AuthorizationQuery{Subject: "sub-1"}, []grant.Authorization{wiki1, shop1}},
		{"person ever", grant.AuthorizationQuery{Subject: "sub-3", Revoked: true}, []grant.Authorization{again, gone}},
		{"both", grant.AuthorizationQuery{Subject: "sub-1", Application: "shop"}, []grant.Authorization{shop1}},
		{"both ever", grant.AuthorizationQuery{Subject: "sub-3", Application: "wiki", Revoked: true}, []grant.Authorization{again, gone}},
		{"neither fits", grant.AuthorizationQuery{Subject: "sub-2", Application: "shop", Revoked: true}, nil},
		{"part of a name", grant.AuthorizationQuery{Application: "wik", Revoked: true}, nil},
		{"part of a subject", grant.AuthorizationQuery{Subject: "sub-"}, nil},
	} {
		all, err := c.s.Authorizations(c.ctx, test.q)
		c.ok(test.name, err)
		var want []string
		for _, a := range test.want {
			want = append(want, a.ID)
		}
		slices.Sort(want)
		if got := ids(all); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", test.name, got, want)
		}
	}
	all, err := c.s.Authorizations(c.ctx, grant.AuthorizationQuery{Subject: "sub-2"})
	c.ok("list", err)
	if len(all) != 1 || !reflect.DeepEqual(all[0], wiki2) {
		t.Errorf("listed\n%+v, want\n%+v", all, wiki2)
	}
}

// listingPassesRevoked: what was revoked fills no page of what lives.
func listingPassesRevoked(t *testing.T, c *suite) {
	for range 20 {
		a := c.consent(person("wiki", "sub-1"))
		c.ok("revoke", c.s.RevokeAuthorization(c.ctx, a.ID, start.Add(minute)))
	}
	live := c.consent(person("wiki", "sub-1"))
	for _, q := range []grant.AuthorizationQuery{
		{Limit: 1}, {Limit: 1, Application: "wiki"}, {Limit: 1, Subject: "sub-1"}, {Limit: 1, Application: "wiki", Subject: "sub-1"},
	} {
		if got := c.list(q); !slices.Equal(got, []string{live.ID}) {
			t.Errorf("%+v gives %v, want the live one", q, got)
		}
	}
}

func keptCodes(t *testing.T, c *suite) {
	a, b := c.consent(person("wiki", "sub-1")), c.consent(person("shop", "sub-1"))
	keep := func(a grant.Authorization, at time.Time) grant.Code {
		code := grant.Code{
			Hash: grant.HashToken(grant.NewToken()), Authorization: a.ID, Application: a.Application,
			RedirectURI: "https://wiki.example/cb", Scope: []string{"odoo.read"}, Challenge: "challenge", ChallengeMethod: "S256",
			IssuedAt: at, ExpiresAt: at.Add(10 * minute), RetainUntil: at.AddDate(0, 0, 30),
		}
		c.ok("issue", c.s.IssueCode(c.ctx, code))
		return code
	}
	first, second, third := keep(a, start), keep(b, start.Add(time.Second)), keep(a, start.Add(2*time.Second))
	_ = c.issue(a) // nobody asked to keep this one
	r := redemption(first.Hash, "wiki")
	set, _, err := c.s.RedeemCode(c.ctx, r)
	c.ok("redeem", err)
	first.ConsumedAt, first.TokenSet = r.Now, set.ID

	for _, test := range []struct {
		name string
		q    grant.CodeQuery
		want []grant.Code
	}{
		{"all", grant.CodeQuery{}, []grant.Code{third, second, first}},
		{"application", grant.CodeQuery{Application: "wiki"}, []grant.Code{third, first}},
		{"authorization", grant.CodeQuery{Authorization: b.ID}, []grant.Code{second}},
		{"both", grant.CodeQuery{Application: "wiki", Authorization: a.ID}, []grant.Code{third, first}},
		{"neither fits", grant.CodeQuery{Application: "wiki", Authorization: b.ID}, nil},
		{"a page", grant.CodeQuery{Limit: 2}, []grant.Code{third, second}},
		{"the next", grant.CodeQuery{Limit: 2, After: second.Hash}, []grant.Code{first}},
		{"the next of an application", grant.CodeQuery{Application: "wiki", After: third.Hash}, []grant.Code{first}},
		{"nothing left", grant.CodeQuery{After: first.Hash}, nil},
	} {
		got, err := c.s.Codes(c.ctx, test.q)
		c.ok(test.name, err)
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n%+v, want\n%+v", test.name, got, test.want)
		}
	}
	_, err = c.s.Codes(c.ctx, grant.CodeQuery{After: grant.HashToken("gone")})
	c.fails("behind an unknown code", err, grant.ErrNotFound)
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, a.ID, start.Add(5*minute)))
	if got, err := c.s.Codes(c.ctx, grant.CodeQuery{Authorization: a.ID}); err != nil || len(got) != 2 {
		t.Errorf("after the revocation %d codes are listed, error %v, want 2", len(got), err)
	}
}

func tokenSetsOf(t *testing.T, c *suite) {
	a, other := c.consent(person("wiki", "sub-1")), c.consent(person("wiki", "sub-2"))
	var sets []grant.TokenSet
	for i := range 3 {
		r := redemption(c.issue(a), "wiki")
		r.TokenSet.CreatedAt = start.Add(time.Duration(i) * time.Second)
		set, _, err := c.s.RedeemCode(c.ctx, r)
		c.ok("redeem", err)
		sets = append(sets, set)
	}
	c.redeem(other)
	plain := grant.TokenSet{
		ID: grant.NewID(), Authorization: a.ID, Application: "wiki", CreatedAt: start.Add(minute), ExpiresAt: start.Add(2 * minute),
	}
	c.ok("issue", c.s.IssueTokenSet(c.ctx, plain))
	c.ok("end", c.s.EndTokenSet(c.ctx, sets[1].ID, "superseded", start.Add(minute)))
	sets[1].EndedAt, sets[1].EndReason = start.Add(minute), "superseded"

	want := []grant.TokenSet{plain, sets[2], sets[1], sets[0]}
	got, err := c.s.TokenSets(c.ctx, a.ID)
	c.ok("list", err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("token sets\n%+v, want, newest first,\n%+v", got, want)
	}
	at := start.Add(5 * minute)
	c.ok("revoke", c.s.RevokeAuthorization(c.ctx, a.ID, at))
	got, err = c.s.TokenSets(c.ctx, a.ID)
	c.ok("list", err)
	for i, set := range got {
		want := want[i]
		if want.Live() {
			want.EndedAt, want.EndReason = at, "revoked"
		}
		if !reflect.DeepEqual(set, want) {
			t.Errorf("after the revocation\n%+v, want\n%+v", set, want)
		}
	}
	got, err = c.s.TokenSets(c.ctx, grant.NewID())
	c.ok("list of nobody", err)
	if len(got) != 0 {
		t.Errorf("an unknown authorization has %d token sets", len(got))
	}
}

func (c *suite) list(q grant.AuthorizationQuery) []string {
	c.t.Helper()
	all, err := c.s.Authorizations(c.ctx, q)
	c.ok("list", err)
	return ids(all)
}

func ids(all []grant.Authorization) []string {
	var list []string
	for _, a := range all {
		list = append(list, a.ID)
	}
	return list
}
