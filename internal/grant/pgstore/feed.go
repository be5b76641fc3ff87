package pgstore

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// The kinds of changes that other nodes have to hear of.
const (
	changedAuthorization = "authorization"
	changedSession       = "session" // which authorizations hold it, by its hash
	changedTokenSet      = "token_set"
	changedSigningKeys   = "signing_keys"
	changedNothing       = "told" // what nodes tell one another: see peers.go
)

// change is one of them.
type change struct{ kind, key string }

// note writes changes, as the last thing of a transaction: the row of the head is
// locked until the commit, hence numbers have the order of the commits, without a
// gap, and nobody waits for a lock who holds this one.
func (s *store) note(ctx context.Context, tx pgx.Tx, changes ...change) error {
	return s.db.note(ctx, tx, s.gateway, changes...)
}

func (db *DB) note(ctx context.Context, tx pgx.Tx, gateway string, changes ...change) error {
	if len(changes) == 0 {
		return nil
	}
	kinds, keys := make([]string, len(changes)), make([]string, len(changes))
	for i, c := range changes {
		kinds[i], keys[i] = c.kind, c.key
	}
	var number int64
	err := tx.QueryRow(ctx, `UPDATE changes_head SET number = number + $1 RETURNING number`, len(changes)).Scan(&number)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO changes (number, gateway, kind, key, at)
		SELECT $1::bigint + n, $2, k, v, now() FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS c (k, v, n)`,
		number-int64(len(changes)), gateway, kinds, keys)
	if err != nil || !db.notifies.Load() {
		return err
	}
	_, err = tx.Exec(ctx, `SELECT pg_notify($1, $2)`, db.opts.Schema, strconv.FormatInt(number, 10))
	return err
}

// feed follows what all nodes change.
type feed struct {
	db   *DB
	last int64 // number of the change that was seen last
	// unheard is that behind which other nodes have told what was not looked at, when
	// the connection was made.
	unheard int64
}

// begin connects, and knows from then on what has changed since. What was known
// before counts for nothing: where a standby has taken over that lacks the last
// commits, it gives their numbers again, and what is behind them would not be
// heard of.
func (f *feed) begin(parent context.Context) (conn *pgx.Conn, at time.Time, err error) {
	ctx, cancel := context.WithTimeout(parent, contactTime)
	defer cancel()
	at = f.db.opts.Now()
	if conn, err = pgx.ConnectConfig(ctx, f.db.credentials.Load()); err != nil {
		return nil, at, err
	}
	if err := f.listen(ctx, conn); err != nil {
		return nil, at, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	f.db.pool.Reset() // its connections may be to a server that was replaced: what they read would be remembered
	f.db.forgetAll()
	return conn, at, nil
}

// listen asks for notifications, and takes the number of the last change.
func (f *feed) listen(ctx context.Context, conn *pgx.Conn) error {
	// Where there are no notifications, looking often is what is left.
	var notifies bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_proc WHERE proname = 'pg_notify')`).Scan(&notifies); err != nil {
		return err
	}
	if notifies {
		_, err := conn.Exec(ctx, `LISTEN `+pgx.Identifier{f.db.opts.Schema}.Sanitize())
		if notifies = !unknown(err); notifies && err != nil {
			return err
		}
	}
	f.db.notifies.Store(notifies)
	var head int64
	if err := conn.QueryRow(ctx, `SELECT number FROM changes_head`).Scan(&head); err != nil {
		return err
	}
	f.unheard, f.last = f.last, head
	return nil
}

// unknown tells whether the server does not know a statement: some that speak the
// protocol list the functions of PostgreSQL and have not all of them.
func unknown(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "0A000" || e.Code == "42601") // feature_not_supported, syntax_error
}

// follow looks at the changes until ctx ends. A connection that fails is tried
// once again, as a server that has only restarted takes the next one, and what
// fails then is out of reach.
func (f *feed) follow(ctx context.Context, conn *pgx.Conn) {
	for {
		read, err := f.read(ctx, conn)
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), contactTime)
		_ = conn.Close(closing)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if !read || errors.Is(err, context.DeadlineExceeded) {
			f.lost(err)
			if !sleep(ctx, f.db.opts.PollEvery/2) {
				return
			}
		}
		for conn = nil; conn == nil; {
			next, _, err := f.begin(ctx)
			if ctx.Err() != nil {
				if next != nil {
					_ = next.Close(context.WithoutCancel(ctx))
				}
				return
			}
			if conn = next; err != nil {
				f.lost(err)
				if !sleep(ctx, f.db.opts.PollEvery/2) {
					return
				}
			}
		}
	}
}

func (f *feed) lost(err error) {
	if f.db.reach.lost(err) {
		f.db.log.Error("grant store is out of reach: access tokens go on for a while, and nothing else does",
			zap.String("store", f.db.place), zap.Duration("while", time.Duration(f.db.staleness.Load())), zap.Error(err))
	}
}

// read looks at the changes over one connection until that fails, and tells
// whether it has ever succeeded.
func (f *feed) read(ctx context.Context, conn *pgx.Conn) (read bool, err error) {
	after, last := f.unheard, f.last
	f.db.done.Go(func() { f.db.hearRecent(ctx, after, last) })
	for {
		at := f.db.opts.Now()
		if err := f.catchUp(ctx, conn); err != nil {
			return read, err
		}
		read = true
		if f.db.reach.met(at) {
			f.db.log.Info("grant store is in reach again", zap.String("store", f.db.place))
		}
		if err := f.wait(ctx, conn); err != nil {
			return read, err
		}
	}
}

// wait waits for a notification of what is not known yet, or until it is time to
// look all the same.
func (f *feed) wait(parent context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(parent, f.db.opts.PollEvery)
	defer cancel()
	if !f.db.notifies.Load() {
		sleep(ctx, f.db.opts.PollEvery)
		return parent.Err()
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return parent.Err()
		case err != nil:
			return err
		}
		if number, err := strconv.ParseInt(n.Payload, 10, 64); err != nil || number > f.last {
			return nil
		}
	}
}

// changesAtOnce is how many changes are read at once: so few that the texts of as
// many batches, see peers.go, come over a slow way, too.
const changesAtOnce = 200

// catchUp drops from memory what has changed. Where changes that are not known
// are not there any more, or the store is an earlier one than it was, all is dropped.
func (f *feed) catchUp(parent context.Context, conn *pgx.Conn) error {
	for {
		ctx, cancel := context.WithTimeout(parent, contactTime)
		more, err := f.look(ctx, conn)
		if ctx.Err() != nil && err != nil {
			err = ctx.Err()
		}
		cancel()
		if err != nil || !more {
			return err
		}
	}
}

func (f *feed) look(ctx context.Context, conn *pgx.Conn) (more bool, err error) {
	rows, err := conn.Query(ctx, `SELECT h.number, EXISTS (SELECT FROM moved), coalesce(c.number, 0), coalesce(c.gateway, ''), coalesce(c.kind, ''), coalesce(c.key, '')
		FROM changes_head h LEFT JOIN changes c ON c.number > $1 ORDER BY c.number LIMIT $2`, f.last, changesAtOnce)
	if err != nil {
		return false, err
	}
	var head, number int64
	var gateway string
	var c change
	var moved bool
	seen, last, gap := 0, f.last, false
	_, err = pgx.ForEachRow(rows, []any{&head, &moved, &number, &gateway, &c.kind, &c.key}, func() error {
		if number == 0 {
			return nil
		}
		gap = gap || number != last+1
		last, seen = number, seen+1
		f.db.heard(gateway, c)
		return nil
	})
	if err != nil {
		return false, err
	}
	if moved && !f.db.opts.Moved { // while this node was cut off
		return false, grant.ErrMoved
	}
	if gap || seen == 0 && head != last {
		f.db.forgetAll()
		last = max(last, head)
		if seen == 0 {
			last = head
		}
	}
	f.last = last
	return seen == changesAtOnce, nil
}

// heard drops what has changed.
func (db *DB) heard(gateway string, c change) {
	if c.kind == changedNothing {
		db.peers.hearBatch(db.node, c.key)
		return
	}
	db.mu.Lock()
	s := db.stores[gateway]
	db.mu.Unlock()
	if s != nil {
		s.forget(c)
	}
}

// forgetAll drops everything.
func (db *DB) forgetAll() {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, s := range db.stores {
		s.forgetAll()
	}
}

// sleep waits, and tells whether it was not cut short.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
