package oauth

import (
	"context"
	"net/http"
	"time"

	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
)

func (c *fakeConnections) AttachKey(key string, _ grant.Authorization, ends time.Time, id int64) grant.Connection {
	return grant.Connection{
		Kind: grant.APIKey, Sealed: []byte("sealed " + key), Hash: grant.HashToken("key " + key), Since: c.now(), ExpiresAt: ends, KeyID: id,
	}
}

func (c *fakeConnections) IdentityPage(context.Context, http.RoundTripper, string, string) (string, error) {
	return "", c.err
}

func (c *fakeConnections) MakeKey(context.Context, http.RoundTripper, string, string, int64, string, string) (connection.NewKey, error) {
	return connection.NewKey{}, connection.ErrNoKeys
}

func (c *fakeConnections) Standing(context.Context, http.RoundTripper, string, string, []int64) (map[int64]bool, error) {
	return nil, c.err
}

func (c *fakeConnections) DropKey(context.Context, http.RoundTripper, string, string, int64) bool {
	return false
}

func (c *fakeConnections) Database(context.Context, http.RoundTripper, string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.database
}
