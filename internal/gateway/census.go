package gateway

import (
	"context"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// KeysEndWithin is how long before its end a key is counted as one that ends
// soon: long enough for somebody to look after it who looks once a month.
const KeysEndWithin = 30 * 24 * time.Hour

// Census is what the store holds for one application.
type Census struct {
	// Connections are the authorizations that live, by the kind of the connection
	// that is theirs; "ended" for those whose connection has ended. All of
	// ConnectionKinds are in it.
	Connections map[string]int
	// EndingKeys are the API keys of connections that end within KeysEndWithin.
	EndingKeys int
}

// connectionEnded stands for a connection of any kind that has ended.
const connectionEnded = "ended"

// ConnectionKinds are the keys of Census.Connections.
var ConnectionKinds = []string{string(grant.Session), string(grant.APIKey), string(grant.Service), connectionEnded}

func newCensus() Census {
	c := Census{Connections: make(map[string]int, len(ConnectionKinds))}
	for _, kind := range ConnectionKinds {
		c.Connections[kind] = 0
	}
	return c
}

// tally is how far a census has come.
type tally struct {
	after string
	found map[string]*Census
}

// TakeCensus counts authorizations by the configured name of their application:
// some at each call, going on where the last one has stopped. done says that it is the whole of it; every configured application
// stands in it, and no other.
func (g *Gateway) TakeCensus(ctx context.Context) (census map[string]Census, done bool, err error) {
	s, err := g.open(ctx)
	if err != nil {
		return nil, false, err
	}
	s.countingOnce.Lock()
	defer s.countingOnce.Unlock()
	c := &s.counting
	if c.found == nil {
		c.found = make(map[string]*Census)
		for _, app := range s.applications.All() {
			fresh := newCensus()
			c.found[app.Name] = &fresh
		}
	}
	now := s.now()
	for looked := 0; looked < sweepLooks; {
		page, err := s.store.Authorizations(ctx, grant.AuthorizationQuery{After: c.after, Limit: grant.MaxPage})
		if err != nil {
			return nil, false, err
		}
		for _, a := range page {
			c.after = a.ID
			if of := c.found[a.Application]; of != nil {
				of.add(a.Connection, now)
			}
		}
		looked += len(page)
		if len(page) < grant.MaxPage {
			census = make(map[string]Census)
			for name, of := range c.found {
				census[name] = *of
			}
			*c = tally{}
			return census, true, nil
		}
	}
	return nil, false, nil
}

func (c *Census) add(k grant.Connection, now time.Time) {
	kind := string(k.Kind)
	if !k.Live() {
		kind = connectionEnded
	}
	c.Connections[kind]++
	if k.Kind == grant.APIKey && k.Live() && !k.ExpiresAt.IsZero() && k.ExpiresAt.Sub(now) <= KeysEndWithin {
		c.EndingKeys++
	}
}
