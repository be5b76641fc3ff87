package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// Nodes say every few seconds that they have the store open. A lock that lives as
// long as a connection would say so at once, but other servers that speak the
// protocol have none. A node that was killed counts for a while longer.

// enlist lists a node, behind raise, which has locked the row of the store: either
// it finds that the store was moved, or MarkMoved finds the node.
func enlist(ctx context.Context, tx pgx.Tx, node string, evenMoved bool, place string) error {
	m, err := readMoved(ctx, tx)
	if err == nil && !evenMoved {
		err = m.Refusal(place)
	}
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM nodes WHERE seen_at < now() - interval '1 hour'`); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, sayThere, node)
	return err
}

const sayThere = `INSERT INTO nodes (id, seen_at) VALUES ($1, now()) ON CONFLICT (id) DO UPDATE SET seen_at = now()`

// beat says that this node is there.
func (db *DB) beat(ctx context.Context) error {
	return db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) error {
		_, err := tx.Exec(ctx, sayThere, db.node)
		return err
	})
}

// delist says that this node has gone. Where nobody hears that, it is found out.
func (db *DB) delist(ctx context.Context) {
	_ = db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) error {
		_, err := tx.Exec(ctx, `DELETE FROM nodes WHERE id = $1`, db.node)
		return err
	})
}

func readMoved(ctx context.Context, q querier) (m grant.Moved, err error) {
	err = missing(q.QueryRow(ctx, `SELECT moved_to, moved_at FROM moved`).Scan(&m.To, moment{&m.At}))
	if errors.Is(err, grant.ErrNotFound) {
		return m, nil
	}
	return m, err
}

// MovedTo tells into which store this one was moved; the zero value is none.
func (db *DB) MovedTo(ctx context.Context) (m grant.Moved, err error) {
	err = db.view(ctx, func(ctx context.Context, q querier) (err error) {
		m, err = readMoved(ctx, q)
		return err
	})
	return m, err
}

// MarkMoved has the store not open any more: it was moved into the one of that name.
// It fails while other nodes have it open.
func (db *DB) MarkMoved(m grant.Moved) error {
	return db.setMoved(`INSERT INTO moved (one, moved_to, moved_at) VALUES (true, $1, $2) ON CONFLICT (one) DO UPDATE SET moved_to = $1, moved_at = $2`, m.To, at(m.At))
}

// UnmarkMoved takes MarkMoved back. Without a mark it is no error.
func (db *DB) UnmarkMoved() error { return db.setMoved(`DELETE FROM moved`) }

func (db *DB) setMoved(sql string, args ...any) error {
	var used error
	err := db.update(context.Background(), func(ctx context.Context, tx pgx.Tx, _ bool) error {
		if _, err := tx.Exec(ctx, `SELECT FROM store FOR UPDATE`); err != nil {
			return err
		}
		var err error
		if used, err = usedBy(ctx, tx, db.node, db.place); used != nil || err != nil {
			return err
		}
		_, err = tx.Exec(ctx, sql, args...)
		return err
	})
	if err != nil {
		return err
	}
	return used
}

// usedBy is an error that tells of the nodes, but for one, that have a store open.
func usedBy(ctx context.Context, q querier, except, place string) (used, err error) {
	var n int
	var seconds *float64
	err = q.QueryRow(ctx, `SELECT count(*), extract(epoch FROM now() - max(seen_at))::float8 FROM nodes WHERE id <> $1 AND seen_at > now() - make_interval(secs => $2)`,
		except, beatLost.Seconds()).Scan(&n, &seconds)
	if err != nil || n == 0 {
		return nil, err
	}
	return refusal(fmt.Sprintf("grant store %s is in use by %s, heard of %s ago: stop Caddy on every node; one that was killed counts for %s",
		place, nodes(n), time.Duration(*seconds*float64(time.Second)).Round(time.Second), beatLost)), nil
}

func nodes(n int) string {
	if n == 1 {
		return "one node"
	}
	return fmt.Sprintf("%d nodes", n)
}
