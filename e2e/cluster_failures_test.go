package e2e

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// unavailable tells whether an answer says that it is worth trying again.
func unavailable(a answer) bool {
	return a.StatusCode == http.StatusServiceUnavailable && a.Header.Get("Retry-After") != ""
}

const countPath = "/restapi/1.0/object/res.partner/search_count"

// clusterCut: a node that can not reach the database serves the tokens that it
// knows until they are stale, and then answers 503; what needs the database gets 503
// as soon as that is known, and nothing of it is used up. What another node has
// revoked meanwhile is refused once the way is there again.
func clusterCut(t *testing.T, c *cluster) {
	// One node that serves on for an hour, and one for a second: neither is timed.
	patient, strict, well := c.nodes[0], c.nodes[1], c.nodes[2]
	patient.staleness = "1h"
	patient.reload()
	defer func() {
		for _, n := range []*node{patient, strict} {
			n.way.Mend()
		}
		patient.staleness = "1s"
		patient.reload()
	}()
	p := c.visitor(t)
	p.on(well).logIn(c.odoo, "/web/login")
	tok := p.redeem(wiki, p.consent(wiki))
	as := loadedApp(1)
	other := p.redeem(as, p.consent(as))
	code := p.consent(as)
	for _, n := range c.nodes {
		for _, token := range []string{tok.Access, other.Access} {
			alive(p.on(n), token)
		}
	}
	for _, n := range []*node{patient, strict} {
		n.way.Cut()
	}
	count := func(n *node, token string) answer { return p.on(n).api(token, countPath, url.Values{"domain": {"[]"}}) }
	eventually(t, "tokens are stale", func() bool {
		a := count(strict, tok.Access)
		if a.StatusCode != http.StatusOK && !unavailable(a) {
			t.Fatalf("a node that is cut off: %s %v %s", a.Status, a.Header, a.text)
		}
		return a.StatusCode != http.StatusOK
	})
	if a := count(strict, other.Access); !unavailable(a) {
		t.Errorf("a stale token: %s %s", a.Status, a.text)
	}
	for i, n := range []*node{patient, strict} {
		for what, a := range map[string]answer{
			"refresh":   p.on(n).refresh(wiki, tok.Refresh),
			"redeem":    p.token(as, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {as.redirect}}),
			"authorize": p.get(as.authorizeURL(c.base, "s")),
		} {
			// A browser is sent back to the application with the reason.
			to, _ := url.Parse(a.location())
			if !unavailable(a) && to.Query().Get("error") != "temporarily_unavailable" {
				t.Errorf("%s at node %d that is cut off: %s to %q\n%s", what, i, a.Status, a.location(), a.text)
			}
		}
		if a := p.get("/web/health"); a.StatusCode != http.StatusOK {
			t.Errorf("Odoo itself behind node %d that is cut off: %s", i, a.Status)
		}
	}
	alive(p.on(patient), tok.Access)
	p.on(well).revoke(wiki, tok.Refresh)
	if got := p.status(well, tok.Access); got != http.StatusUnauthorized {
		t.Errorf("the node that has revoked a token answers %d", got)
	}
	if got := p.status(patient, tok.Access); got != http.StatusOK {
		t.Errorf("a node that can not know of a revocation answers %d", got)
	}
	for i, n := range []*node{patient, strict} {
		n.way.Drop()
		n.way.Mend()
		// What needs the store works again no sooner than all is known.
		eventually(t, "a node is back", func() bool { return !unavailable(p.on(n).refresh(wiki, tok.Refresh)) })
		if got := p.status(n, tok.Access); got != http.StatusUnauthorized {
			t.Errorf("node %d, which is back, answers %d to what was revoked meanwhile", i, got)
		}
	}
	tok = p.on(strict).redeem(as, code)
	other = p.good(p.on(patient).refresh(as, other.Refresh))
	for _, n := range c.nodes {
		alive(p.on(n), tok.Access)
		alive(p.on(n), other.Access)
	}
}

// clusterRestart: while the database is away clients are told to come later; they
// go on once it is there, and have lost nothing.
func clusterRestart(t *testing.T, c *cluster) {
	l := startLoad(t, c)
	l.served(100)
	for range 2 {
		if err := c.postgres.Stop(); err != nil {
			t.Fatal(err)
		}
		for i, n := range c.nodes {
			eventually(t, "the database is missed", func() bool {
				return unavailable(c.visitor(t).on(n).token(loadedApp(i), url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"nonsense"}}))
			})
		}
		if err := c.postgres.Start(); err != nil {
			t.Fatal(err)
		}
		for i, n := range c.nodes {
			eventually(t, "the database is back", func() bool {
				a := c.visitor(t).on(n).token(loadedApp(i), url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"nonsense"}})
				return a.StatusCode == http.StatusBadRequest
			})
		}
		failed := l.failed.Load()
		l.served(100)
		if more := l.failed.Load() - failed; more > clients {
			t.Errorf("%d requests fail although the database is there", more)
		}
	}
	lived, ended := l.judge()
	t.Logf("%d requests answered, %d while the database was away refused; %d token sets live, %d ended", l.answered.Load(), l.failed.Load(), lived, ended)
}

// clusterKilled: every second a node is killed, and started again. What clients were
// given stands.
func clusterKilled(t *testing.T, c *cluster) {
	l := startLoad(t, c)
	l.served(50)
	kills := 0
	turn := time.NewTicker(time.Second)
	defer turn.Stop()
	for end := time.Now().Add(*clusterKills); time.Now().Before(end); kills++ {
		n := c.nodes[kills%len(c.nodes)]
		<-turn.C
		n.caddy.kill()
		n.launch()
	}
	for _, n := range c.nodes {
		n.caddy.await(0, serving)
	}
	l.served(50)
	lived, ended := l.judge()
	t.Logf("%d kills; %d requests answered, %d not; %d token sets live, %d ended", kills, l.answered.Load(), l.failed.Load(), lived, ended)
}
