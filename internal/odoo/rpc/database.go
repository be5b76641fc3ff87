package rpc

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// HasDatabase tells whether Odoo has the client's database. It asks for nobody:
// a login with no name and no password fails in a database that is there, and
// in another one Odoo finds none to ask.
func (c *Client) HasDatabase(ctx context.Context, rt http.RoundTripper, userAgent string) (bool, error) {
	x, err := c.service("common", "authenticate", []any{c.database, "", "", map[string]any{}})
	if err != nil {
		return false, err
	}
	_, _, err = c.exchange(ctx, rt, Session{UserAgent: userAgent}, x)
	var failed *odoo.Error
	if errors.As(err, &failed) && strings.HasSuffix(failed.Name, ".OperationalError") {
		return false, nil
	}
	return err == nil, err
}
