package rpc

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"golang.org/x/sync/singleflight"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// majorCache remembers Odoo's major version until there is a reason to doubt it.
type majorCache struct {
	known  atomic.Int64
	flight singleflight.Group
}

// Major is Odoo's major version, such as 19. It is asked on first use, and
// again after a failure that an upgrade of Odoo could explain.
func (c *Client) Major(ctx context.Context, rt http.RoundTripper, userAgent string) (int, error) {
	if known := c.major.known.Load(); known != 0 {
		return int(known), nil
	}
	// One caller asks for all, so its leaving must not fail the others.
	got, err, _ := c.major.flight.Do("", func() (any, error) {
		record, err := c.Version(context.WithoutCancel(ctx), rt, userAgent)
		if err != nil {
			return 0, err
		}
		parsed, err := odoo.ParseJSON(record.Get("server_version_info"), odoo.DefaultLimits)
		if err != nil {
			return 0, &odoo.Error{Kind: odoo.Server, Message: "the version is malformed", Err: err}
		}
		parts, _ := parsed.([]any)
		if len(parts) == 0 {
			return 0, &odoo.Error{Kind: odoo.Server, Message: "the version is malformed"}
		}
		major := majorVersion(parts[0])
		if major == 0 {
			return 0, &odoo.Error{Kind: odoo.Server, Message: "the version is malformed"}
		}
		c.major.known.Store(int64(major))
		return major, nil
	})
	if err != nil {
		return 0, err
	}
	return got.(int), nil
}

// ForgetMajor makes the next use of Major ask again.
func (c *Client) ForgetMajor() { c.major.known.Store(0) }

// distrust forgets the version after an error that the wrong version explains.
func (c *Client) distrust(err error) {
	var e *odoo.Error
	if errors.As(err, &e) && (e.Kind == odoo.Unavailable || e.Kind == odoo.UnknownModel || e.Kind == odoo.UnknownMethod) {
		c.ForgetMajor()
	}
}
