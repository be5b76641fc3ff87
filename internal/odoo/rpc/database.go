package rpc

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// notMapping ends Python's complaint of what should have been a mapping.
const notMapping = " object is not a mapping"

// HasDatabase tells whether Odoo has the client's database. It asks for nobody
// and tries no login: enough failed ones, and Odoo refuses everybody from the
// gateway's address for a minute, whatever their key. What describes the caller
// is not what it has to be, which every version finds after it has opened the
// database and before it looks at any name or password.
func (c *Client) HasDatabase(ctx context.Context, rt http.RoundTripper, userAgent string) (bool, error) {
	x, err := c.service("common", "authenticate", []any{c.database, "", "", true})
	if err != nil {
		return false, err
	}
	_, _, err = c.exchange(ctx, rt, Session{UserAgent: userAgent}, x)
	var failed *odoo.Error
	if errors.As(err, &failed) {
		switch {
		case strings.HasSuffix(failed.Name, ".OperationalError"):
			return false, nil
		case strings.HasSuffix(failed.Name, ".TypeError") && strings.HasSuffix(failed.Message, notMapping):
			return true, nil
		}
	}
	return err == nil, err
}
