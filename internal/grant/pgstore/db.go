package pgstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// DB is an open store. It holds the grants of any number of gateways, owns a
// pool of connections and five background goroutines, and is safe for concurrent
// use.
type DB struct {
	opts  Options
	log   *zap.Logger
	pool  *pgxpool.Pool
	place string // for messages: no user and no password
	epoch string
	node  string // names this process among those that share the store

	credentials atomic.Pointer[pgx.ConnConfig] // of new connections

	reach reach
	// notifies says that the server knows LISTEN and NOTIFY.
	notifies atomic.Bool
	closed   atomic.Bool
	// retention and staleness are those of Options, each a time.Duration.
	retention, staleness atomic.Int64
	failures             atomic.Uint64
	bytes                atomic.Int64 // see Stats

	mu     sync.Mutex
	stores map[string]*store

	stop context.CancelFunc
	done sync.WaitGroup
	full chan struct{} // asks for a batch before its time

	peers peers
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

// Epoch names this life of the store: random, and kept while the schema is.
func (db *DB) Epoch() string { return db.epoch }

// Close writes what waits in memory and closes all connections. Calls under way
// end first; all later ones return grant.ErrUnavailable. Closing twice is no
// error.
func (db *DB) Close() error {
	if db.closed.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	flushed := db.flush(ctx)
	if db.closed.Swap(true) {
		return nil
	}
	db.stop()
	db.done.Wait()
	db.pool.Close()
	db.delist()
	return flushed
}

// querier runs statements, in a transaction or not.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// maxTries bounds how often something is tried again that the server, or a
// connection that was lost, has ended.
const maxTries = 20

// view runs statements that change nothing, each of which sees what is committed
// when it begins.
func (db *DB) view(ctx context.Context, read func(context.Context, querier) error) error {
	return db.attempt(ctx, callTime, func(ctx context.Context, _ bool) error { return read(ctx, db.pool) })
}

// update runs a transaction. write may run several times; where it returns an
// outcome of its own to be committed with the changes, it keeps that in a variable
// and returns nil. again says that an earlier run may have been committed: the
// connection was lost while it was.
func (db *DB) update(ctx context.Context, write func(ctx context.Context, tx pgx.Tx, again bool) error) error {
	return db.updateIn(ctx, callTime, write)
}

// updateIn is update with another bound of time.
func (db *DB) updateIn(ctx context.Context, limit time.Duration, write func(ctx context.Context, tx pgx.Tx, again bool) error) error {
	return db.attempt(ctx, limit, func(ctx context.Context, again bool) error {
		tx, err := db.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(ctx) }() // of no effect after the commit
		if db.opts.Moved {
			if _, err := tx.Exec(ctx, imMover); err != nil {
				return err
			}
		}
		if err := write(ctx, tx, again); err != nil {
			return err
		}
		if err := tx.Commit(ctx); err != nil {
			return &uncertain{err}
		}
		return nil
	})
}

// uncertain is the failure of a commit, which may have come about all the same.
type uncertain struct{ error }

func (u *uncertain) Unwrap() error { return u.error }

// attempt does something until the server lets it, and gives the caller's own
// error where that gives up. A limit of 0 is none.
func (db *DB) attempt(parent context.Context, limit time.Duration, do func(ctx context.Context, again bool) error) error {
	if err := parent.Err(); err != nil {
		return err
	}
	if db.closed.Load() {
		return grant.ErrUnavailable
	}
	ctx, leave, err := db.reach.enter(parent, limit)
	if err != nil {
		return err
	}
	defer leave()
	var again bool
	for try := 1; ; try++ {
		err := do(ctx, again)
		if _, ok := errors.AsType[*uncertain](err); ok && !repeatable(err) {
			again = true
		}
		if err == nil || try == maxTries || ctx.Err() != nil || !repeatable(err) && !broken(err) {
			return db.outcome(parent, err)
		}
	}
}

// repeatable tells whether the server has undone all, and it may be tried again.
func repeatable(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// broken tells whether the connection has gone, as all do where the server
// restarts: another one may work.
func broken(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return slices.Contains([]string{"57P01", "57P02", "57P03", "25P03"}, e.Code) || strings.HasPrefix(e.Code, "08")
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return false // nobody answers
	}
	_, network := errors.AsType[net.Error](err)
	return network || pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// answers are the errors of a Store that are not a failure.
var answers = []error{
	grant.ErrNotFound, grant.ErrWrongApplication, grant.ErrExpired, grant.ErrConsumed, grant.ErrReused,
	grant.ErrEnded, grant.ErrBurnt, grant.ErrStale, grant.ErrUnavailable,
}

func answer(err error) bool {
	for _, a := range answers {
		if errors.Is(err, a) {
			return true
		}
	}
	return false
}

// outcome makes grant.ErrUnavailable of whatever else went wrong.
func (db *DB) outcome(parent context.Context, err error) error {
	if err == nil || answer(err) {
		return err
	}
	if parent.Err() != nil {
		return parent.Err()
	}
	db.failures.Add(1)
	if !db.closed.Load() && db.reach.up() {
		db.log.Error("grant store failed", zap.String("store", db.place), zap.Error(err))
	}
	return fmt.Errorf("%w: %v", grant.ErrUnavailable, err) // a context that ended here is no caller's
}

// storable tells whether texts can stand in the store: what can not is in none of
// its records.
func storable(texts ...string) bool {
	for _, t := range texts {
		if !utf8.ValidString(t) || strings.ContainsRune(t, 0) {
			return false
		}
	}
	return true
}

// plain is a text for people to read, as it can be stored.
func plain(text string) string {
	if storable(text) {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// inserted is the outcome of a statement that makes a record whose key must be
// free: a random id that is taken means a caller's mistake, and overwriting could
// revive what has ended. Where an earlier run may have been committed it is
// that one's.
func inserted(done pgconn.CommandTag, err error, again bool) error {
	if err == nil && done.RowsAffected() == 0 && !again {
		return grant.ErrStale
	}
	return err
}

// errText refuses a record with such a text.
var errText = errors.New("grant: a text is not UTF-8, or has a NUL in it")

// reach is whether the store can be reached, as far as is known.
type reach struct {
	mu sync.Mutex
	// era ends when the store gets out of reach; nil while it is.
	era     context.Context
	end     context.CancelFunc
	contact time.Time // when a look at the changes began that has succeeded
	reason  error
}

// enter admits a call, whose context ends with the limit and when the store gets
// out of reach.
func (r *reach) enter(parent context.Context, limit time.Duration) (ctx context.Context, leave func(), err error) {
	r.mu.Lock()
	era, reason := r.era, r.reason
	r.mu.Unlock()
	if era == nil {
		return nil, nil, fmt.Errorf("%w: out of reach: %v", grant.ErrUnavailable, reason)
	}
	ctx, cancel := context.WithCancel(parent)
	if limit > 0 {
		ctx, cancel = context.WithTimeout(parent, limit)
	}
	forget := context.AfterFunc(era, cancel)
	return ctx, func() { forget(); cancel() }, nil
}

func (r *reach) up() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.era != nil
}

// met notes that a look at the changes, begun at that time, has succeeded. It
// tells whether the store was out of reach.
func (r *reach) met(at time.Time) (wasAway bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.contact = at
	if wasAway = r.era == nil; wasAway {
		r.era, r.end = context.WithCancel(context.Background())
	}
	return wasAway
}

// lost ends all calls under way, and refuses others. It tells whether the store
// was in reach.
func (r *reach) lost(reason error) (wasThere bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if wasThere = r.era != nil; wasThere {
		r.end()
		r.era, r.end = nil, nil
	}
	r.reason = reason
	return wasThere
}

// age is how long ago the changes were looked at.
func (r *reach) age(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Sub(r.contact)
}
