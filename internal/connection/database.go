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

// untoldAge is how long Odoo is not asked again where it did not tell: requests
// must not come back to an Odoo in trouble as so many questions.
const untoldAge = 2 * time.Second

// ErrNoDatabase says that Odoo does not have the configured database.
var ErrNoDatabase = errors.New("it does not have the configured one")

// databaseWord is what Odoo has said last about the configured database.
type databaseWord struct {
	flight singleflight.Group

	mu    sync.Mutex
	has   bool
	err   error // why Odoo did not tell
	heard time.Time
}

// last is the last word, where that is young enough to be believed.
func (d *databaseWord) last(now time.Time) (has bool, err error, young bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	age := databaseAge
	if d.err != nil {
		age = untoldAge
	}
	return d.has, d.err, !d.heard.IsZero() && now.Sub(d.heard) < age
}

func (d *databaseWord) hear(has bool, err error, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.has, d.err, d.heard = has, err, now
}

// Database asks Odoo whether it has the configured database, unless it has
// said so a moment ago. The error is an *odoo.Error of the kind Unavailable:
// it wraps ErrNoDatabase where Odoo has none of that name, and else Odoo does
// not tell. Only without an error is an
// authorization for another database proven to be nobody's here: otherwise the
// configured name may be the wrong one.
func (m *Manager) Database(ctx context.Context, rt http.RoundTripper, userAgent string) error {
	d := &m.database
	has, err, young := d.last(m.now())
	if !young {
		// One asks for all, so its leaving must not fail the others.
		var answer any
		answer, err, _ = d.flight.Do("", func() (any, error) {
			return m.hearDatabase(context.WithoutCancel(ctx), rt, userAgent)
		})
		has, _ = answer.(bool)
	}
	if err != nil {
		return &odoo.Error{Kind: odoo.Unavailable, Message: "Odoo does not tell whether it has the configured database", Err: err}
	}
	if !has {
		return &odoo.Error{Kind: odoo.Unavailable, Message: "no such database", Err: ErrNoDatabase}
	}
	return nil
}

func (m *Manager) hearDatabase(ctx context.Context, rt http.RoundTripper, userAgent string) (bool, error) {
	has, err := m.client.HasDatabase(ctx, rt, userAgent)
	m.database.hear(has, err, m.now())
	if err != nil {
		m.log.Warn("odoo does not tell whether it has the configured database", zap.String("database", m.client.Database()), zap.Error(err))
		return false, err
	}
	if !has {
		m.log.Error("odoo does not have the configured database: what was authorized for another one waits until it has, or until database names that one again",
			zap.String("database", m.client.Database()))
	}
	return has, nil
}
