package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
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

// beating says so until ctx ends: nothing else has to end first.
func (db *DB) beating(ctx context.Context) {
	next := time.NewTicker(db.opts.BeatEvery)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			db.reported(ctx, "saying that this node is there", db.beat)
		}
	}
}

// delist says that this node has gone, after its last call. Where nobody hears that,
// it is found out.
func (db *DB) delist() {
	if !db.reach.up() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), contactTime)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, db.credentials.Load())
	if err != nil {
		return
	}
	defer conn.Close(ctx)
	_, _ = conn.Exec(ctx, `DELETE FROM nodes WHERE id = $1`, db.node)
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
