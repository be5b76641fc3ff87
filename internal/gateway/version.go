package gateway

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

const (
	versionPath = "/restapi/1.0/common/version"
	// versionAge is how long Odoo's version is believed: strangers may ask
	// for it as often as they like.
	versionAge = time.Minute
)

// versionCache remembers what Odoo tells about its version. Errors are not
// remembered.
type versionCache struct {
	now    clock.Clock
	flight singleflight.Group

	mu     sync.Mutex
	record odoo.Record
	read   time.Time
}

// get returns the version, read by ask where it is not young. One caller asks
// for all, so its leaving must not fail the others.
func (c *versionCache) get(ctx context.Context, ask func(context.Context) (odoo.Record, error)) (odoo.Record, error) {
	if record := c.young(); record != nil {
		return record, nil
	}
	_, err, _ := c.flight.Do("", func() (any, error) {
		if c.young() != nil { // read since this caller looked
			return nil, nil
		}
		record, err := ask(context.WithoutCancel(ctx))
		if err == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.record, c.read = record, c.now()
		}
		return nil, err
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.record, err
}

func (c *versionCache) young() odoo.Record {
	c.mu.Lock()
	record, read := c.record, c.read
	c.mu.Unlock()
	if c.now().Sub(read) < versionAge {
		return record
	}
	return nil
}

// version returns Odoo's own description of its version. Its error is a
// *dialect.Failure.
func (s *service) version(ctx context.Context) (odoo.Record, error) {
	up, ok := upstreamOf(ctx)
	if !ok {
		return nil, failure(errors.New("gateway: request without upstream"))
	}
	record, err := s.versions.get(ctx, func(ctx context.Context) (odoo.Record, error) {
		return s.client.Version(ctx, up, connection.UserAgent(""))
	})
	if err != nil {
		f := failure(err)
		if f.Kind != dialect.Unavailable { // nobody is asked who they are here
			other := failures[odoo.Server]
			f = &other
		}
		return nil, f
	}
	return record, nil
}

// serveVersion answers anybody.
func (s *service) serveVersion(w http.ResponseWriter, r *http.Request) {
	record, err := s.version(r.Context())
	if err != nil {
		writeFailure(w, err)
		return
	}
	dialect.Write(w, http.StatusOK, odoo.AppendRecord(nil, record))
}
