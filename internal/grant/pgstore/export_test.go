package pgstore

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Setting is a setting of the connections of a store.
func Setting(t *testing.T, db *DB, name string) (value string) {
	t.Helper()
	err := db.view(t.Context(), func(ctx context.Context, q querier) error {
		return q.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value)
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Mute has a node send and wait for no notifications, as with a server that knows
// none.
func Mute(db *DB) { db.notifies.Store(false) }

// Retried runs a transaction that the server ends with these errors, one at each
// run, and returns how often it ran.
func Retried(ctx context.Context, db *DB, errs ...error) (runs int, err error) {
	err = db.update(ctx, func(context.Context, pgx.Tx, bool) error {
		runs++
		if runs <= len(errs) {
			return errs[runs-1]
		}
		return nil
	})
	return runs, err
}

// Age is how old answers from memory may be at the most.
func Age(db *DB, now time.Time) time.Duration { return db.reach.age(now) }

// Beat has a node say that it is there.
func Beat(ctx context.Context, db *DB) error { return db.beat(ctx) }
