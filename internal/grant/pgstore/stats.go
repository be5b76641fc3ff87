package pgstore

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// Stats is how a store is doing.
type Stats struct {
	// Bytes is what its tables and their indexes take, as last counted, see
	// Options.MeasureEvery; 0 before that has succeeded once.
	Bytes int64
	// Reached says that the store is in reach.
	Reached bool
	// Age is how long ago what other nodes have changed was last looked at.
	Age time.Duration
	// Failures is how often reading or writing has failed since the store was
	// opened.
	Failures uint64
	// Connections are those that are open, of MaxConnections; that for changes is
	// not among them.
	Connections, MaxConnections int32
}

// Stats returns how the store is doing; ok is false once it is closed. It asks
// nobody, and waits for nothing.
func (db *DB) Stats() (s Stats, ok bool) {
	if db.closed.Load() {
		return Stats{}, false
	}
	pool := db.pool.Stat()
	return Stats{
		Bytes: db.bytes.Load(), Reached: db.reach.up(), Age: db.reach.age(db.opts.Now()), Failures: db.failures.Load(),
		Connections: pool.TotalConns(), MaxConnections: pool.MaxConns(),
	}, true
}

// measuring counts what the store takes, until ctx ends. It has a goroutine of its
// own: whoever locks a table, to compress it say, keeps it waiting, and nothing else.
func (db *DB) measuring(ctx context.Context) {
	next := time.NewTicker(db.opts.MeasureEvery)
	defer next.Stop()
	for {
		if err := db.measure(ctx); err != nil && ctx.Err() == nil {
			// Not one of the failures: no grant is worse off, and a server that speaks the
			// protocol may not know how to.
			db.log.Debug("what the grant store takes could not be counted", zap.String("store", db.place), zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
	}
}

// measure counts once. Where that fails what was counted last stays.
func (db *DB) measure(parent context.Context) error {
	ctx, leave, err := db.reach.enter(parent, contactTime)
	if err != nil {
		return err
	}
	defer leave()
	var bytes int64
	err = db.pool.QueryRow(ctx, `SELECT coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::bigint FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`, db.opts.Schema).Scan(&bytes)
	if err == nil {
		db.bytes.Store(bytes)
	}
	return err
}

// Place names the store for people: schema, database and hosts.
func (db *DB) Place() string { return db.place }
