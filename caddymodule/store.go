package caddymodule

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/gateway"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// stores are the open stores, by directory. A store outlives the
// configurations that use it, together with all that is remembered beside it.
var stores = caddy.NewUsagePool()

// storeOptions are what a configuration says about its store.
type storeOptions struct {
	module  Store
	dir     string
	sealKey []byte // nil: the key file in the directory
	kept    time.Duration
	logger  *zap.Logger
}

// pooledStore is a value of the pool.
type pooledStore struct {
	dir    string
	shared *gateway.State

	mu      sync.Mutex
	options storeOptions // those to open it with, or that it was opened with
	db      *badgerstore.DB
	closed  bool
}

// storeReference is one configuration's share in a pooled store.
type storeReference struct {
	pooled   *pooledStore
	options  storeOptions
	released atomic.Bool
}

// acquireStore takes a reference to the store in a directory. Nothing is
// opened, and the disk is not touched.
func acquireStore(o storeOptions) (*storeReference, error) {
	v, _, err := stores.LoadOrNew(o.dir, func() (caddy.Destructor, error) {
		p := &pooledStore{dir: o.dir, options: o}
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
// is open, and tells of those that an open store can not take over.
func (r *storeReference) takeOver() {
	p := r.pooled
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.db == nil {
		return
	}
	p.db.SetRetention(r.options.kept)
	if sha256.Sum256(p.options.sealKey) != sha256.Sum256(r.options.sealKey) {
		r.options.logger.Warn("seal_key has changed: the store stays open with the key that it was opened with, and another key does not open it after a restart",
			zap.String("dir", p.dir))
	}
}

// release gives the reference back. It may be called on nil, where nothing
// was acquired, and more than once.
func (r *storeReference) release() error {
	if r == nil || r.released.Swap(true) {
		return nil
	}
	_, err := stores.Delete(r.options.dir)
	return err
}

// open opens the store for the state, which calls it until it succeeds.
func (p *pooledStore) open(context.Context) (gateway.Backend, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return gateway.Backend{}, errors.New("store is closed")
	}
	logger := liveLogger(p.options.logger, p)
	ring, err := p.ring(logger)
	if err != nil {
		return gateway.Backend{}, err
	}
	db, err := badgerstore.Open(badgerstore.Options{Dir: p.dir, Seal: ring, Logger: logger, Retention: p.options.kept})
	if err != nil {
		return gateway.Backend{}, err
	}
	p.db = db
	return gateway.Backend{Store: db.Store, Seal: ring}, nil
}

// ring returns the sealing key that is configured, or the one beside the
// store, which is made where it is missing.
func (p *pooledStore) ring(logger *zap.Logger) (*seal.Ring, error) {
	if p.options.sealKey != nil {
		return seal.NewRing(p.options.sealKey)
	}
	path := filepath.Join(p.dir, "seal.key")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && badgerstore.Exists(p.dir) {
		return nil, fmt.Errorf("grant store %s was made with a key that is not beside it: set seal_key again", p.dir)
	}
	key, created, err := seal.LoadOrCreate(path)
	if err != nil {
		return nil, err
	}
	if created {
		logger.Warn("made a sealing key in the store's directory: whoever copies the directory copies the key; to keep it elsewhere, set seal_key to what the file holds and take the file away",
			zap.String("file", path))
	}
	return seal.NewRing(key)
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
