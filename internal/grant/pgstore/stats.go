package pgstore

import (
	"context"
	"time"
)

// Stats is how a store is doing.
type Stats struct {
	// Bytes is what its tables and their indexes take.
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

// Stats returns how the store is doing; ok is false once it is closed. Bytes are 0
// where the store does not answer.
func (db *DB) Stats() (s Stats, ok bool) {
	if db.closed.Load() {
		return Stats{}, false
	}
	pool := db.pool.Stat()
	s = Stats{
		Reached: db.reach.up(), Age: db.reach.age(db.opts.Now()), Failures: db.failures.Load(),
		Connections: pool.TotalConns(), MaxConnections: pool.MaxConns(),
	}
	_ = db.view(context.Background(), func(ctx context.Context, q querier) error {
		return q.QueryRow(ctx, `SELECT coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::bigint FROM pg_catalog.pg_class c
			JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`, db.opts.Schema).Scan(&s.Bytes)
	})
	return s, true
}

// Place names the store for people: schema, database and hosts.
func (db *DB) Place() string { return db.place }
