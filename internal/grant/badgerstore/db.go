package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// DB is an open store directory. It holds the grants of any number of
// gateways, owns the directory's lock and two background goroutines, and is
// safe for concurrent use.
type DB struct {
	opts   Options
	log    *zap.Logger
	badger *badger.DB
	epoch  string

	// use is held shared by whatever touches Badger and alone by Close:
	// Badger unmaps its files then, and a late reader would end the process.
	use    sync.RWMutex
	closed atomic.Bool
	// retention is Options.Retention, a time.Duration.
	retention atomic.Int64
	failures  atomic.Uint64
	// broken is that Badger has lost the table in memory that it writes to: both
	// reading and writing would end the process.
	broken atomic.Bool
	home   fs.FileInfo // of the directory as it was opened

	mu     sync.Mutex
	stores map[string]*store

	root   *os.Root // the directory, wherever it is moved
	attest struct {
		sync.Mutex
		number  uint64  // the last one
		logs    numbers // what the file says
		changed chan struct{}
		done    chan struct{}
	}

	stop chan struct{}
	done chan struct{}
	full chan struct{} // asks for a batch before its time
}

// Store returns the grants of the gateway with that configured name. The same
// name gives the same Store.
func (db *DB) Store(gateway string) grant.Store {
	db.mu.Lock()
	defer db.mu.Unlock()
	s := db.stores[gateway]
	if s == nil {
		s = newStore(db, gateway)
		db.stores[gateway] = s
	}
	return s
}

// Epoch names this life of the store: random, made with the directory's first
// record and kept across restarts.
func (db *DB) Epoch() string { return db.epoch }

// Close writes what waits in memory and closes the directory. Calls under way
// end first; all later ones return grant.ErrUnavailable. Closing twice is no
// error.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	close(db.stop)
	<-db.done
	<-db.attest.done
	db.use.Lock()
	defer db.use.Unlock()
	defer db.root.Close()
	flushed := errors.Join(db.flush(), db.attestNow())
	if err := db.ready(); err != nil {
		// Badger writes tables as it closes, and without room for them it ends the
		// process. All that was answered is in its logs.
		db.log.Warn("grant store is left to the next start to tidy up", zap.String("dir", db.opts.Dir), zap.Error(err))
		return flushed
	}
	if err := db.badger.Close(); err != nil {
		return fmt.Errorf("closing grant store %s: %w", db.opts.Dir, err)
	}
	return flushed
}

// enter admits one use of Badger; leave ends it.
func (db *DB) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	db.use.RLock()
	switch {
	case db.closed.Load():
		db.use.RUnlock()
		return nil, grant.ErrUnavailable
	case db.broken.Load():
		db.use.RUnlock()
		return nil, errBroken
	}
	return db.use.RUnlock, nil
}

// view runs a read-only transaction.
func (db *DB) view(ctx context.Context, read func(*badger.Txn) error) error {
	leave, err := db.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return db.outcome(db.badger.View(read))
}

// maxConflicts ends a transaction that finds no quiet moment. Of those in
// conflict one always wins, so only a defect gets there.
const maxConflicts = 1000

// update runs a transaction until it commits without a conflict. write may run
// several times; where it returns an outcome of its own to be committed with
// the changes, it keeps that in a variable and returns nil.
func (db *DB) update(ctx context.Context, write func(*badger.Txn) error) error {
	leave, err := db.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if err := db.ready(); err != nil {
		return err
	}
	for range maxConflicts {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := db.wrote(db.badger.Update(write))
		if !errors.Is(err, badger.ErrConflict) {
			return db.outcome(err)
		}
	}
	return db.outcome(badger.ErrConflict)
}

// answers are the errors of a Store that are not a failure.
var answers = []error{
	grant.ErrNotFound, grant.ErrWrongApplication, grant.ErrExpired, grant.ErrConsumed, grant.ErrReused,
	grant.ErrEnded, grant.ErrBurnt, grant.ErrStale, grant.ErrUnavailable,
}

// outcome makes grant.ErrUnavailable of whatever else went wrong.
func (db *DB) outcome(err error) error {
	if err == nil {
		return nil
	}
	for _, answer := range answers {
		if errors.Is(err, answer) {
			return err
		}
	}
	db.failures.Add(1)
	db.log.Error("grant store failed", zap.String("dir", db.opts.Dir), zap.Error(err))
	return fmt.Errorf("%w: %w", grant.ErrUnavailable, err)
}

// get reads one value inside a transaction.
func get(txn *badger.Txn, key []byte, read func(value []byte) error) error {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return grant.ErrNotFound
	}
	if err != nil {
		return err
	}
	if err := item.Value(read); err != nil {
		return fmt.Errorf("record %q: %w", key, err)
	}
	return nil
}

// scan calls each for every key below prefix, in order, without values.
func scan(txn *badger.Txn, prefix []byte, each func(*badger.Item) error) error {
	opts := badger.DefaultIteratorOptions
	opts.PrefetchValues = false
	opts.Prefix = prefix
	it := txn.NewIterator(opts)
	defer it.Close()
	for it.Seek(prefix); it.ValidForPrefix(prefix); it.Next() {
		if err := each(it.Item()); err != nil {
			return err
		}
	}
	return nil
}
