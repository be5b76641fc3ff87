// Package pgstore keeps grants in PostgreSQL: any number of gateways share one
// schema of one database, and each of them serves what another has begun.
//
// # One transaction for each call
//
// Transactions are READ COMMITTED and lock the rows that they judge: first the
// authorization (shared, or alone where it changes), then the code, the token set,
// the record of a change, always in this order. So what is about one authorization
// happens one after the other and nothing else waits. SERIALIZABLE without locks
// would have to be repeated wherever two meet at a code, which is where many meet;
// repeated is only what the server asks for, such as after a deadlock.
// Nothing but rows is locked: advisory locks are missing in other servers that
// speak the protocol.
//
// # Answers from memory
//
// What every request of the API asks for is kept in memory. Whoever changes
// it says so in the table of changes, in the same transaction, under a number that
// is counted in the order of the commits; all nodes read on from the last number
// that they know, when they are notified and twice a second. Where they can not,
// the answers go on for Options.Staleness, and then there is none. Everything
// else asks the store, and fails at once while that is known to be away.
//
// # What stays, and for how long
//
// The same as in package badgerstore: what lives is never deleted, and what has
// ended stays for Options.Retention.
package pgstore

import (
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// Defaults of [Options].
const (
	DefaultSchema = "odoo_gateway"
	// DefaultRetention is 30 days.
	DefaultRetention    = 30 * 24 * time.Hour
	DefaultStaleness    = 30 * time.Second
	DefaultCacheEntries = 8192
	DefaultPollEvery    = 500 * time.Millisecond
	DefaultFlushEvery   = 5 * time.Second
	DefaultSweepEvery   = 6 * time.Hour
	DefaultBeatEvery    = 10 * time.Second
	DefaultMeasureEvery = time.Minute
)

const (
	// defaultConnections is how many connections the pool of a node has at most,
	// where the DSN does not say pool_max_conns.
	defaultConnections = 16
	// callTime bounds one call of the store, and waiting for a connection.
	callTime = 5 * time.Second
	// contactTime bounds connecting, and each look at the changes.
	contactTime = 3 * time.Second
	// beatLost is after what a node counts as gone that has not said that it is there.
	beatLost = 30 * time.Second
	// openTime bounds opening a store, and waiting for another node that makes it.
	openTime = 30 * time.Second
	// abandonedTime is after what the server ends the transaction of a node that
	// it does not hear of any more, and frees what that has locked.
	abandonedTime = "15s"
)

// Options is what [Open] needs. DSN and Seal are required, zero fields of the
// rest take the defaults.
type Options struct {
	// DSN is the connection string, as a URL or as keywords and values. It may
	// hold a password, and is in no error and in no log.
	DSN string
	// Schema is where the tables are, made where it is missing.
	Schema string
	// Seal proves itself on the store's canary: a ring that can not open it
	// fails Open. It must be the same on every node.
	Seal *seal.Ring
	// Moved opens a store all the same that was moved into another one: see
	// [DB.MarkMoved].
	Moved bool
	// Logger may be nil.
	Logger *zap.Logger
	// Now is the clock by which answers get stale and [DB.Purge] runs; nil is the
	// wall clock.
	Now clock.Clock
	// Retention is how long what has ended stays (default 30 days). It may be
	// changed later by [DB.SetRetention].
	Retention time.Duration
	// Staleness is how long answers from memory are given while the store is out
	// of reach (default 30 s). It may be changed later by [DB.SetStaleness].
	Staleness time.Duration
	// CacheEntries bounds how many authorizations, and how many token sets,
	// are kept decoded in memory per gateway (default 8192 each).
	CacheEntries int
	// PollEvery is how often the changes of other nodes are looked for where no
	// notification comes (default 500 ms), FlushEvery how often last-used times
	// and events are written (default 5 s), SweepEvery how often what has ended long
	// ago is deleted, by one of the nodes (default 6 h), BeatEvery how often a node
	// says that it is there (default 10 s): after 30 s without it counts as gone, and
	// MeasureEvery how often what the tables take is counted (default 1 min).
	PollEvery, FlushEvery, SweepEvery, BeatEvery, MeasureEvery time.Duration
}

func (o *Options) defaults() {
	if o.Schema == "" {
		o.Schema = DefaultSchema
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Now == nil {
		o.Now = clock.System
	}
	if o.CacheEntries <= 0 {
		o.CacheEntries = DefaultCacheEntries
	}
	for _, d := range []struct {
		is *time.Duration
		or time.Duration
	}{{&o.PollEvery, DefaultPollEvery}, {&o.FlushEvery, DefaultFlushEvery}, {&o.SweepEvery, DefaultSweepEvery}, {&o.BeatEvery, DefaultBeatEvery}, {&o.MeasureEvery, DefaultMeasureEvery}} {
		if *d.is <= 0 {
			*d.is = d.or
		}
	}
}
