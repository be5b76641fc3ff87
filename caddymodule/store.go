package caddymodule

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/backup"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/gateway"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
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

	mu      sync.Mutex
	options storeOptions // those to open it with, or that it was opened with
	key     []byte       // that it was opened with
	db      database
	failed  error // of the last try to open a store that was out of reach
	tried   time.Time
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
		p.options = o // a start that failed may have left others
	}
	return &storeReference{pooled: p, options: o}, nil
}

// state returns what the configurations that use the store share.
func (r *storeReference) state() *gateway.State { return r.pooled.shared }

// takeOver makes the options of this configuration those of the store where it
// is open. One that has another sealing key is refused: it would not open the
// store at the next start.
func (r *storeReference) takeOver() error {
	p := r.pooled
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.db == nil {
		return nil
	}
	key, err := r.options.key()
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(key, p.key) != 1 {
		return errOtherKey(p.name)
	}
	p.options = r.options
	return p.db.adopt(r.options.module)
}

// key is the sealing key that is configured, or the one beside the store.
func (o storeOptions) key() ([]byte, error) {
	if o.sealKey != nil {
		return o.sealKey, nil
	}
	if o.keyFile() == "" {
		return nil, errNoSharedKey
	}
	key, err := seal.Load(o.keyFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoKey(o)
	}
	return key, err
}

// keyFile is where the key is kept that no configuration names, "" where one has
// to.
func (o storeOptions) keyFile() string { return o.module.keyFile() }

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

// release gives the reference back. It may be called on nil, where nothing
// was acquired, and more than once.
func (r *storeReference) release() error {
	if r == nil || r.released.Swap(true) {
		return nil
	}
	_, err := stores.Delete(r.options.name)
	return err
}

// openAgain is how soon opening a store is tried again that was out of reach: not
// every request waits for that.
const openAgain = time.Second

// open opens the store for the state, which calls it until it succeeds.
func (p *pooledStore) open(ctx context.Context) (gateway.Backend, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return gateway.Backend{}, errors.New("store is closed")
	}
	if p.failed != nil && time.Since(p.tried) < openAgain {
		return gateway.Backend{}, p.failed
	}
	logger := liveLogger(p.options.logger, p)
	ring, err := p.ring(logger)
	if err != nil {
		return gateway.Backend{}, err
	}
	db, err := p.options.module.open(ctx, opening{ring: ring, logger: logger})
	p.failed = nil
	if errors.Is(err, grant.ErrUnavailable) {
		p.failed, p.tried = err, time.Now()
	}
	if err != nil {
		return gateway.Backend{}, err
	}
	if err := p.keepKey(); err != nil {
		return gateway.Backend{}, errors.Join(err, db.Close())
	}
	p.db = db
	return gateway.Backend{Store: db.Store, Seal: ring, Peers: db.peers()}, nil
}

// ring returns the sealing key that is configured, or the one beside the store,
// which a first start makes. It has its name once the store is there: a key
// without a store is then a store that was lost, and an empty one would be one in
// which nobody was ever revoked.
func (p *pooledStore) ring(logger *zap.Logger) (*seal.Ring, error) {
	p.key = p.options.sealKey
	if p.key != nil {
		return seal.NewRing(p.key)
	}
	path := p.options.keyFile()
	if path == "" {
		return nil, errNoSharedKey
	}
	there := p.options.module.exists()
	key, err := seal.Load(path)
	switch {
	case err == nil && !there:
		return nil, fmt.Errorf("grant store %s has %s and no grants: restore a backup, or take that file away for a store that is new and empty", p.name, filepath.Base(path))
	case errors.Is(err, fs.ErrNotExist) && there:
		if key, err = seal.Load(path + unborn); errors.Is(err, fs.ErrNotExist) {
			return nil, errNoKey(p.options)
		}
	case errors.Is(err, fs.ErrNotExist):
		created := false
		if key, created, err = seal.LoadOrCreate(path + unborn); created {
			logger.Warn("made a sealing key in the store's directory: whoever copies the directory copies the key; to keep it elsewhere, set seal_key to what the file holds and take the file away",
				zap.String("file", path))
		}
	}
	if err != nil {
		return nil, err
	}
	p.key = key
	return seal.NewRing(p.key)
}

// unborn is at the end of the key's name until the store is there.
const unborn = ".new"

// keepKey gives the key that was made for a store its name, now that there is one.
func (p *pooledStore) keepKey() error {
	path := p.options.keyFile()
	if path == "" {
		return nil // it is configured
	}
	if err := os.Rename(path+unborn, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sealing key: %w", err)
	}
	return nil
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
// was given back.
func (p *pooledStore) Destruct() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.db == nil {
		return nil
	}
	return p.db.Close()
}

// Interface guards
var _ caddy.Destructor = (*pooledStore)(nil)
