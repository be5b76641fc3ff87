package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const jwksPath = "/restapi/1.0/common/oauth2/jwks"

// introspect asks a node as an application whether a token is good.
func (p *person) introspect(as app, token string) bool {
	p.t.Helper()
	r := p.request("POST", introspectPath, url.Values{"token": {token}})
	r.SetBasicAuth(url.QueryEscape(as.id), url.QueryEscape(as.secret))
	var said struct{ Active bool }
	readJSON(p.t, p.do(r), &said)
	return said.Active
}

// revoke ends a token as an application.
func (p *person) revoke(as app, token string) {
	p.t.Helper()
	r := p.request("POST", revokePath, url.Values{"token": {token}})
	r.SetBasicAuth(url.QueryEscape(as.id), url.QueryEscape(as.secret))
	if a := p.do(r); a.StatusCode != http.StatusOK {
		p.t.Fatalf("revoke: %s %s", a.Status, a.text)
	}
}

// clusterFlow: each step is taken on another node, with what the one before has
// given, and at once.
func clusterFlow(t *testing.T, c *cluster) {
	one, two, three := c.nodes[0], c.nodes[1], c.nodes[2]
	p := c.visitor(t)
	login := p.on(one).get(wiki.authorizeURL(c.base, "s-1")).location()
	back := p.on(two).logIn(c.odoo, login).location()
	page := p.on(three).get(back)
	code := p.code(p.on(one).allow(page, "allow"), wiki, "s-1")
	tok := p.on(two).redeem(wiki, code)
	for _, n := range []*node{three, one, two} {
		alive(p.on(n), tok.Access)
	}
	next := p.good(p.on(one).refresh(wiki, tok.Refresh))
	alive(p.on(three), next.Access)
	for i, n := range c.nodes {
		if p.on(n); !p.introspect(wiki, next.Access) || !p.introspect(wiki, next.Refresh) {
			t.Errorf("node %d takes tokens of another for no good ones", i)
		}
	}
	p.on(two).revoke(wiki, next.Refresh)
	if p.introspect(wiki, next.Access) {
		t.Error("the node that has revoked a token calls it good")
	}
	c.refusedEverywhere(t, p, next.Access)
	c.refusedEverywhere(t, p, tok.Access)
	for i, n := range c.nodes {
		if a := p.on(n).refresh(wiki, next.Refresh); a.StatusCode != http.StatusBadRequest || oauthError(t, a) != "invalid_grant" {
			t.Errorf("node %d refreshes what was revoked: %s %s", i, a.Status, a.text)
		}
	}
	// A code that comes back ends on every node what it gave.
	code = p.on(one).consent(wiki)
	tok = p.on(two).redeem(wiki, code)
	alive(p.on(three), tok.Access)
	replay := p.on(one).token(wiki, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {wiki.redirect}})
	if replay.StatusCode != http.StatusBadRequest || oauthError(t, replay) != "invalid_grant" {
		t.Errorf("a code was redeemed twice: %s %s", replay.Status, replay.text)
	}
	c.refusedEverywhere(t, p, tok.Access)
}

// clusterList: a person sees on each node what they have allowed on another, and
// takes it back there.
func clusterList(t *testing.T, c *cluster) {
	p := c.visitor(t)
	p.on(c.nodes[0]).logIn(c.odoo, "/web/login")
	tok := p.redeem(wiki, p.consent(wiki))
	for i, n := range c.nodes {
		alive(p.on(n), tok.Access)
		if list := p.get(listPath); !strings.Contains(list.text, "Team wiki") {
			t.Errorf("node %d does not list it: %s\n%s", i, list.Status, list.text)
		}
	}
	form := p.on(c.nodes[1]).get(listPath).hidden()
	if a := p.on(c.nodes[2]).post(listPath, form); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("revoking: %s\n%s", a.Status, a.text)
	}
	c.refusedEverywhere(t, p, tok.Access)
	for i, n := range c.nodes {
		if list := p.on(n).get(listPath); strings.Contains(list.text, "Team wiki") {
			t.Errorf("node %d lists what was revoked", i)
		}
	}
}

// clusterSession: all nodes call Odoo with one session at the same moment, while
// Odoo gives it another id, and go on with that when the one before is gone.
func clusterSession(t *testing.T, c *cluster) {
	p := c.visitor(t)
	p.on(c.nodes[0]).logIn(c.odoo, "/web/login")
	tok := p.redeem(wiki, p.consent(wiki))
	for _, n := range c.nodes {
		alive(p.on(n), tok.Access)
	}
	for round := range 4 {
		if round > 0 {
			c.sim.AgeSessions(4 * time.Hour)
		}
		gate := c.sim.Hold(func(r *http.Request) bool {
			return strings.HasPrefix(r.URL.Path, "/web/dataset/call_kw/res.partner/")
		})
		var all sync.WaitGroup
		status := make([]int, len(c.nodes))
		for i, n := range c.nodes {
			q := newPerson(t, c.base).on(n)
			r := q.request("GET", "/restapi/1.0/object/res.partner/search_count?domain=[]", nil)
			r.Header.Set("Authorization", "Bearer "+tok.Access)
			all.Go(func() {
				if resp, err := q.http.Do(r); err == nil {
					status[i] = resp.StatusCode
					resp.Body.Close()
				}
			})
		}
		for range c.nodes {
			<-gate.Arrived()
		}
		gate.Release()
		all.Wait()
		if got := fmt.Sprint(status); got != "[200 200 200]" {
			t.Errorf("round %d: the nodes answer %s", round, got)
		}
		c.sim.AgeSessions(10 * time.Minute) // the id of before is gone
		for _, n := range c.nodes {
			alive(p.on(n), tok.Access)
		}
	}
}

// clusterKeys: all nodes sign with one key, of those that started at once; one that
// is made on one is published by the others, and they take what it signs.
func clusterKeys(t *testing.T, c *cluster) {
	published := func(n *node) (kids []string) {
		var set struct{ Keys []struct{ Kid string } }
		readJSON(t, c.visitor(t).on(n).get(jwksPath), &set)
		for _, k := range set.Keys {
			kids = append(kids, k.Kid)
		}
		return kids
	}
	first := published(c.nodes[0])
	for i, n := range c.nodes {
		if kids := published(n); len(kids) != 1 || kids[0] != first[0] {
			t.Fatalf("node %d publishes %v, node 0 %v", i, kids, first)
		}
	}
	p := c.visitor(t)
	p.on(c.nodes[0]).logIn(c.odoo, "/web/login")
	tok := p.redeem(wiki, p.consent(wiki))
	kid := func(token string) string {
		var header struct{ Kid string }
		decodePart(t, strings.Split(token, ".")[0], &header)
		return header.Kid
	}
	var made struct{ Made string }
	for _, atOnce := range []bool{false, true} {
		c.nodes[1].administer(t, "POST", "/keys/rotate", map[string]any{"at_once": atOnce}, &made)
		want := map[bool]int{false: 2, true: 1}[atOnce]
		for i, n := range c.nodes {
			eventually(t, fmt.Sprintf("node %d publishes the new key", i), func() bool {
				kids := published(n)
				return len(kids) == want && kids[want-1] == made.Made
			})
		}
		if !atOnce {
			for _, n := range c.nodes {
				alive(p.on(n), tok.Access) // with an overlap nothing ends
			}
		}
	}
	c.refusedEverywhere(t, p, tok.Access) // of a key that was replaced at once
	for i, n := range c.nodes {
		tok = p.good(p.on(n).refresh(wiki, tok.Refresh))
		if kid(tok.Access) != made.Made {
			t.Errorf("node %d signs with %s, want %s", i, kid(tok.Access), made.Made)
		}
		for _, other := range c.nodes {
			alive(p.on(other), tok.Access)
		}
	}
}

// clusterAdministration: an administrator revokes on any node, and all show one
// audit trail, in which nothing is broken.
func clusterAdministration(t *testing.T, c *cluster) {
	p := c.visitor(t)
	p.on(c.nodes[0]).logIn(c.odoo, "/web/login")
	for i, n := range c.nodes {
		tok := p.on(n).redeem(wiki, p.consent(wiki))
		var done struct{ Count int }
		c.nodes[(i+1)%3].administer(t, "POST", "/authorizations/revoke", map[string]any{"application": "wiki"}, &done)
		if done.Count == 0 {
			t.Errorf("node %d revokes nothing", (i+1)%3)
		}
		c.refusedEverywhere(t, p, tok.Access)
	}
	trail := func(n *node) string {
		var page struct{ Events []json.RawMessage }
		n.administer(t, "GET", "/audit?kind=authorization_revoked&application=wiki&limit=3", nil, &page)
		text, err := json.Marshal(page.Events)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for i := range c.nodes {
		eventually(t, "all nodes show one trail", func() bool {
			text := trail(c.nodes[i])
			return strings.Count(text, "authorization_revoked") == 3 && text == trail(c.nodes[0])
		})
		var verdict struct{ Verified, Broken int }
		c.nodes[i].administer(t, "GET", "/audit/verify", nil, &verdict)
		if verdict.Verified == 0 || verdict.Broken != 0 {
			t.Errorf("node %d says of the trail: %+v", i, verdict)
		}
	}
}
