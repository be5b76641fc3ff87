package gateway

import (
	"context"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// KeysEndWithin is how long before its end a key is counted as one that ends
// soon: long enough for somebody to look after it who looks once a month.
const KeysEndWithin = 30 * 24 * time.Hour

// keyCount is how far a count of keys has come.
type keyCount struct {
	after string
	found map[string]int
}

// CountEndingKeys counts the API keys of connections that end within
// KeysEndWithin, by the configured name of their application: some
// authorizations at each call, going on where the last one has stopped. One
// call at a time. done says that counts is the whole of it; every configured
// application stands in it.
func (g *Gateway) CountEndingKeys(ctx context.Context) (counts map[string]int, done bool, err error) {
	s, err := g.open(ctx)
	if err != nil {
		return nil, false, err
	}
	c := &s.counting
	if c.found == nil {
		c.found = make(map[string]int)
	}
	now := s.now()
	for looked := 0; looked < sweepLooks; {
		page, err := s.store.Authorizations(ctx, grant.AuthorizationQuery{After: c.after, Limit: grant.MaxPage})
		if err != nil {
			return nil, false, err
		}
		for _, a := range page {
			c.after = a.ID
			if k := a.Connection; k.Kind == grant.APIKey && k.Live() && !k.ExpiresAt.IsZero() && k.ExpiresAt.Sub(now) <= KeysEndWithin {
				c.found[a.Application]++
			}
		}
		looked += len(page)
		if len(page) < grant.MaxPage {
			counts = make(map[string]int)
			for _, app := range s.applications.All() {
				counts[app.Name] = c.found[app.Name]
			}
			*c = keyCount{}
			return counts, true, nil
		}
	}
	return nil, false, nil
}
