package pgstore

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// purgeBatch bounds what one transaction of a purge deletes.
const purgeBatch = 1000

// purgeTime bounds one transaction of a purge, which may look at all there is.
const purgeTime = 5 * time.Minute

// feedKept is how long changes are kept: a node that has not looked for that long
// forgets all it has in memory.
const feedKept = time.Hour

// ended is when a token set t has ended, null where it lives: with its
// authorization a, which may have gone before.
const ended = `coalesce(t.ended_at, a.revoked_at)`

// ofSet joins the token set that a row x names, and its authorization.
const ofSet = ` LEFT JOIN token_sets t ON t.gateway = x.gateway AND t.id = x.token_set_id
	LEFT JOIN authorizations a ON a.gateway = t.gateway AND a.id = t.authorization_id `

// over tells whether a token set was ended before a time, or its last refresh token
// long ago ($1).
func over(before string) string {
	return `(t.id IS NULL OR a.id IS NULL OR ` + ended + ` < ` + before + ` OR ` + ended + ` IS NULL AND t.refresh_until < $1)`
}

// unusedKept is grant.UnusedCodeKept as the server has it.
var unusedKept = "interval '" + strconv.Itoa(int(grant.UnusedCodeKept/time.Second)) + " seconds'"

// purges delete what ended before $1, which is long ago, and what is over at $2: a
// batch at a time. One row after the other is judged by itself: whichever of them
// goes first, the others follow.
var purges = []struct{ table, id, doomed string }{
	{"codes", "hash", `SELECT x.gateway, x.hash FROM codes x` + ofSet + `WHERE
		x.retain_until IS NULL AND (x.expires_at <= $1 AND (x.token_set_id = '' OR ` + over(`$1`) + `) OR x.token_set_id = '' AND x.expires_at < $2 - ` + unusedKept + `) OR
		x.retain_until <= $2 AND x.expires_at <= $2 AND (x.token_set_id = '' OR ` + over(`$2`) + `)`},
	{"refresh_tokens", "hash", `SELECT x.gateway, x.hash FROM refresh_tokens x` + ofSet + `WHERE x.rotated_at < $1 OR ` + over(`$1`)},
	{"token_sets", "id", `SELECT t.gateway, t.id FROM token_sets t LEFT JOIN authorizations a ON a.gateway = t.gateway AND a.id = t.authorization_id
		WHERE CASE WHEN a.id IS NULL THEN true WHEN t.expires_at IS NOT NULL THEN t.expires_at <= $2 ELSE ` + over(`$1`) + ` END`},
	{"authorizations", "id", `SELECT gateway, id FROM authorizations WHERE revoked_at < $1`},
	{"uses", "authorization_id", `SELECT u.gateway, u.authorization_id FROM uses u LEFT JOIN authorizations a ON a.gateway = u.gateway AND a.id = u.authorization_id
		WHERE a.id IS NULL`},
	{"key_removals", "id", `SELECT gateway, id FROM key_removals WHERE key_ends_at < $1`},
}

// Purge deletes what ended long ago, and returns how many records. It runs by
// itself every Options.SweepEvery, on one of the nodes. It works in batches, and
// ends between two of them where the context is cancelled or the store is closed.
func (db *DB) Purge(ctx context.Context, now time.Time) (int, error) {
	before := now.Add(-time.Duration(db.retention.Load()))
	deleted := 0
	for _, p := range purges {
		// Not all of them ask for both times: the server is told what they are.
		sql := `WITH times AS (SELECT $1::timestamptz, $2::timestamptz) DELETE FROM ` + p.table + ` WHERE (gateway, ` + p.id + `) IN (` + p.doomed + ` LIMIT $3) RETURNING gateway, ` + p.id
		for {
			gone, err := db.bury(ctx, sql, before, now)
			if err != nil {
				return deleted, err
			}
			if p.table != "uses" {
				deleted += len(gone)
			}
			for _, g := range gone {
				switch p.table {
				case "token_sets":
					db.heard(g.gateway, change{changedTokenSet, g.id})
				case "authorizations":
					db.heard(g.gateway, change{changedAuthorization, g.id})
				}
			}
			if len(gone) < purgeBatch {
				break
			}
		}
	}
	wall := time.Now()
	return deleted, db.updateIn(ctx, purgeTime, func(ctx context.Context, tx pgx.Tx, _ bool) error {
		// Consumed codes may have to stay longer than they are listed.
		if _, err := tx.Exec(ctx, `UPDATE codes SET listed = false WHERE listed AND retain_until <= $1`, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM audit_events WHERE until <= $1`, wall.Unix()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM changes WHERE at < $1`, wall.Add(-feedKept))
		return err
	})
}

type buried struct{ gateway, id string }

// bury deletes a batch. Other nodes keep what they have of it in memory for as long
// as anything: all of it is refused whether it is there or not.
func (db *DB) bury(ctx context.Context, sql string, before, now time.Time) (gone []buried, err error) {
	err = db.updateIn(ctx, purgeTime, func(ctx context.Context, tx pgx.Tx, _ bool) error {
		rows, err := tx.Query(ctx, sql, before, now, purgeBatch)
		gone, err = all(rows, err, func(r row) (b buried, err error) { return b, r.Scan(&b.gateway, &b.id) })
		return err
	})
	return gone, err
}

// purgeInTurn purges where no other node does.
func (db *DB) purgeInTurn(ctx context.Context) error {
	mine, err := db.TakeTurn(ctx, "purge", db.opts.SweepEvery)
	if err != nil || !mine {
		return err
	}
	_, err = db.Purge(ctx, db.opts.Now())
	return err
}

// TakeTurn tells whether this node is the one to do what one does for all, for so
// long from now: the one that has done it last where that asks again in time, and
// otherwise who asks first. Two clocks that differ by more than the time may both
// be told so: what is done in turns does no harm twice.
func (db *DB) TakeTurn(ctx context.Context, name string, d time.Duration) (mine bool, err error) {
	if !storable(name) {
		return false, grant.ErrNotFound
	}
	err = db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) error {
		done, err := tx.Exec(ctx, `INSERT INTO turns (name, holder, until) VALUES ($1, $2, now() + $3)
			ON CONFLICT (name) DO UPDATE SET holder = $2, until = now() + $3 WHERE turns.holder = $2 OR turns.until < now()`, name, db.node, d)
		mine = err == nil && done.RowsAffected() == 1
		return err
	})
	return mine, err
}
