package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"
)

// rivals is how many clients come at once.
const rivals = 64

// granted is what the token endpoint has answered, or that it has not.
type granted struct {
	status int // 0 is no answer
	tokens
	Error string
}

// grant asks for tokens, and takes any answer.
func (p *person) grant(as app, form url.Values) (o granted) {
	r := p.request("POST", tokenPath, form)
	r.SetBasicAuth(url.QueryEscape(as.id), url.QueryEscape(as.secret))
	resp, err := p.http.Do(r)
	if err != nil {
		return o
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return o
	}
	_ = json.Unmarshal(body, &o) // a page of the balancer's is no JSON
	o.status = resp.StatusCode
	return o
}

// contend has all rivals ask for the same, over all nodes at once.
func (c *cluster) contend(t *testing.T, as app, form url.Values) []granted {
	answers := make([]granted, rivals)
	var ready, all sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(rivals)
	for i := range rivals {
		p := newPerson(t, c.base).on(c.nodes[i%len(c.nodes)])
		all.Go(func() {
			ready.Done()
			<-begin
			answers[i] = p.grant(as, form)
		})
	}
	ready.Wait()
	close(begin)
	all.Wait()
	return answers
}

// clusterCodes: of 64 who bring one code to three nodes at once, one gets tokens,
// which end because the others came.
func clusterCodes(t *testing.T, c *cluster) {
	p, as := c.visitor(t), loadedApp(0)
	p.on(c.nodes[0]).logIn(c.odoo, "/web/login")
	began := time.Now()
	for round := range *clusterRounds {
		code := p.on(c.nodes[round%3]).consent(as)
		var won []granted
		for _, o := range c.contend(t, as, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {as.redirect}}) {
			switch {
			case o.status == http.StatusOK:
				won = append(won, o)
			case o.status != http.StatusBadRequest || o.Error != "invalid_grant":
				t.Errorf("round %d: a client gets %d %s", round, o.status, o.Error)
			}
		}
		if len(won) != 1 {
			t.Fatalf("round %d: one code was redeemed %d times", round, len(won))
		}
		c.refusedEverywhere(t, p, won[0].Access)
	}
	t.Logf("%d codes, each brought by %d clients to %d nodes at once, were redeemed once each, in %s", *clusterRounds, rivals, len(c.nodes), time.Since(began).Round(time.Second))
}

// clusterRefreshes: all who bring one refresh token to three nodes at once get the
// same child, and so on from child to child.
func clusterRefreshes(t *testing.T, c *cluster) {
	p, as := c.visitor(t), loadedApp(0)
	p.on(c.nodes[0]).logIn(c.odoo, "/web/login")
	token, began := p.redeem(as, p.consent(as)).Refresh, time.Now()
	for round := range *clusterRounds {
		children := map[string]int{}
		for _, o := range c.contend(t, as, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}) {
			if o.status != http.StatusOK {
				t.Errorf("round %d: a client gets %d %s", round, o.status, o.Error)
			}
			children[o.Refresh]++
		}
		if len(children) != 1 {
			t.Fatalf("round %d: one refresh token has %d children", round, len(children))
		}
		for token = range children {
		}
	}
	t.Logf("%d refresh tokens, each brought by %d clients to %d nodes at once, have one child each, in %s", *clusterRounds, rivals, len(c.nodes), time.Since(began).Round(time.Second))
}
