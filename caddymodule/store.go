package caddymodule

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/backup"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/gateway"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// stores are the open stores, by name. A store outlives the
// configurations that use it, together with all that is remembered beside it.
var stores = caddy.NewUsagePool()

// storeOptions are what a configuration says about its store.
type storeOptions struct {
	module  Store
	name    string // of the store, as of Store.Name
	sealKey []byte // nil: the key file beside the store
	kept    time.Duration
	logger  *zap.Logger
}

// pooledStore is a value of the pool.
type pooledStore struct {
	name   string
	shared *gateway.State

	// trying is held for as long as a try to open the store takes, and mu is not: no
	// reload is read, and no metrics, any later for a server that is out of reach. Who
	// needs both takes trying first.
	trying sync.Mutex
	failed error // of the last try to open a store that was out of reach
	tried  time.Time

	mu      sync.Mutex
	options storeOptions // those to open it with, or that it was opened with
	key     []byte       // that it was opened with
	db      database
	giveUp  context.CancelFunc // ends the try that is under way
	closed  bool
}

// storeReference is one configuration's share in a pooled store.
type storeReference struct {
	pooled   *pooledStore
	options  storeOptions
	released atomic.Bool
}

// acquireStore takes a reference to the store of that name. Nothing is
// opened, and neither disk nor network is touched.
func acquireStore(o storeOptions) (*storeReference, error) {
	v, _, err := stores.LoadOrNew(o.name, func() (caddy.Destructor, error) {
		p := &pooledStore{name: o.name, options: o}
		p.shared = gateway.NewState(gateway.StateConfig{Open: p.open, Logger: liveLogger(o.logger, p)})
		return p, nil
	})
	if err != nil {
		return nil, err
	}
	p := v.(*pooledStore)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.db == nil {
		p.options = o // what is not open is opened by whoever came last
	}
	return &storeReference{pooled: p, options: o}, nil
}

// state returns what the configurations that use the store share.
func (r *storeReference) state() *gateway.State { return r.pooled.shared }

// follow gives the store the options of the configuration that is in force, where
// that uses it. One that is refused leaves none of its own: a retention that came
// and went with it would have deleted for good.
func (p *pooledStore) follow() error {
	app, err := activeApp()
	if err != nil || app.store == nil || app.store.pooled != p {
		return nil // no configuration that runs uses it
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.options = app.store.options
	if p.db == nil {
		return nil
	}
	return p.db.adopt(p.options.module)
}

// backup writes the records of all gateways, as they stand at one moment.
func (r *storeReference) backup(ctx context.Context, to io.Writer) (backup.Summary, error) {
	open, err := r.state().Open(ctx)
	if err != nil {
		return backup.Summary{}, err
	}
	return backup.Write(to, open.Seal, clock.System(), func(each func(grant.Record) error) error { return r.database().Export(ctx, each) })
}

// database is what the state has opened.
func (r *storeReference) database() database {
	r.pooled.mu.Lock()
	defer r.pooled.mu.Unlock()
	return r.pooled.db
}

// release gives the reference back, and leaves the store to the configuration
// that is in force. It may be called on nil, where nothing was acquired, and more
// than once.
func (r *storeReference) release() error {
	if r == nil || r.released.Swap(true) {
		return nil
	}
	_, err := stores.Delete(r.options.name)
	return errors.Join(err, r.pooled.follow())
}

// openAgain is how soon opening a store is tried again that was out of reach: not
// every request waits for that.
const openAgain = time.Second

// errClosed is of a store that nobody refers to any more.
var errClosed = errors.New("store is closed")

// open opens the store for the state, which calls it until it succeeds.
func (p *pooledStore) open(ctx context.Context) (gateway.Backend, error) {
	p.trying.Lock()
	defer p.trying.Unlock()
	// Others wait for it when whoever came first has gone.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	p.mu.Lock()
	o, closed := p.options, p.closed
	p.giveUp = cancel
	p.mu.Unlock()
	if closed {
		return gateway.Backend{}, errClosed
	}
	if p.failed != nil && time.Since(p.tried) < openAgain {
		return gateway.Backend{}, p.failed
	}
	logger := liveLogger(o.logger, p).Named("store")
	key, ring, err := o.ring(logger)
	p.mu.Lock()
	p.key = key
	p.mu.Unlock()
	if err != nil {
		return gateway.Backend{}, err
	}
	db, err := o.module.open(ctx, opening{ring: ring, logger: logger})
	p.failed = nil
	if errors.Is(err, grant.ErrUnavailable) {
		p.failed, p.tried = err, time.Now()
	}
	if err != nil {
		return gateway.Backend{}, err
	}
	if err := o.keepKey(); err != nil {
		return gateway.Backend{}, errors.Join(err, db.Close())
	}
	if !p.opened(db, o) {
		return gateway.Backend{}, errors.Join(errClosed, db.Close())
	}
	if err := p.follow(); err != nil { // those may be of a configuration that is refused
		logger.Error("the store goes on with the options that it was opened with", zap.Error(err))
	}
	return gateway.Backend{Store: db.Store, Seal: ring, Peers: db.peers()}, nil
}

// opened keeps what was opened with those options, unless nobody refers to it any
// more.
func (p *pooledStore) opened(db database, o storeOptions) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.db, p.options = db, o
	return true
}

// stats tells how the store is doing; open is false before it is opened.
func (p *pooledStore) stats() (s storeStats, open bool) {
	p.mu.Lock()
	db := p.db
	p.mu.Unlock()
	if db == nil {
		return storeStats{}, false
	}
	return db.stats()
}

// Destruct closes the store. The pool calls it once, after the last reference
// was given back. It ends a try to open the store that is under way, and waits for
// that: the next one may be about the same directory.
func (p *pooledStore) Destruct() error {
	p.mu.Lock()
	p.closed = true
	if p.giveUp != nil {
		p.giveUp()
	}
	p.mu.Unlock()
	p.trying.Lock()
	defer p.trying.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.db == nil {
		return nil
	}
	return p.db.Close()
}

// Interface guards
var _ caddy.Destructor = (*pooledStore)(nil)
