package connection

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// databaseAge is how long Odoo's word on whether it has the database is
// believed. A token of another one, sent again and again, costs one question
// in that time.
const databaseAge = 10 * time.Second

// ErrNoDatabase says that Odoo does not have the configured database.
var ErrNoDatabase = errors.New("it does not have the configured one")

// databaseWord is what Odoo has said last about the configured database.
type databaseWord struct {
	flight singleflight.Group

	mu    sync.Mutex
	has   bool
	heard time.Time
}

// Database asks Odoo whether it has the configured database, unless it has
// said so a moment ago. The error is an *odoo.Error of the kind Unavailable:
// it wraps ErrNoDatabase where Odoo has none of that name, and else Odoo does
// not tell. Only without an error is an
// authorization for another database proven to be nobody's here: otherwise the
// configured name may be the wrong one.
func (m *Manager) Database(ctx context.Context, rt http.RoundTripper, userAgent string) error {
	d := &m.database
	d.mu.Lock()
	has, young := d.has, !d.heard.IsZero() && m.now().Sub(d.heard) < databaseAge
	d.mu.Unlock()
	if !young {
		// One asks for all, so its leaving must not fail the others.
		answer, err, _ := d.flight.Do("", func() (any, error) {
			return m.hearDatabase(context.WithoutCancel(ctx), rt, userAgent)
		})
		if err != nil {
			return &odoo.Error{Kind: odoo.Unavailable, Message: "Odoo does not tell whether it has the configured database", Err: err}
		}
		has, _ = answer.(bool)
	}
	if !has {
		return &odoo.Error{Kind: odoo.Unavailable, Message: "no such database", Err: ErrNoDatabase}
	}
	return nil
}

func (m *Manager) hearDatabase(ctx context.Context, rt http.RoundTripper, userAgent string) (bool, error) {
	has, err := m.client.HasDatabase(ctx, rt, userAgent)
	if err != nil {
		m.log.Warn("odoo does not tell whether it has the configured database", zap.String("database", m.client.Database()), zap.Error(err))
		return false, err
	}
	if !has {
		m.log.Error("odoo does not have the configured database: what was authorized for another one waits until it has, or until database names that one again",
			zap.String("database", m.client.Database()))
	}
	m.database.mu.Lock()
	defer m.database.mu.Unlock()
	m.database.has, m.database.heard = has, m.now()
	return has, nil
}
