package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// Who copies a store may not have heard of a node that writes: one whose machine was
// paused, or one of a version that says nothing. What it confirmed would be in no
// copy. So the server itself refuses what is written to a store with the mark: the
// triggers wait for transactions that have written, and are there for all others.

// guarded are the tables that a moved store keeps as they are.
var guarded = []string{
	"authorizations", "uses", "codes", "token_sets", "refresh_tokens", "signing_key_sets", "signing_keys", "key_removals",
	"object_histories", "audit_ends", "audit_events", "changes_head", "changes",
}

const (
	// guard refuses all but a transaction that has said imMover.
	guard = `CREATE FUNCTION moved_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('odoo_gateway.mover', true) IS DISTINCT FROM 'on' THEN
		RAISE EXCEPTION 'the grant store was moved: stop this node' USING ERRCODE = '55000';
	END IF;
	IF TG_OP = 'DELETE' THEN
		RETURN OLD;
	END IF;
	RETURN NEW;
END $$`
	noGuard = `DROP FUNCTION IF EXISTS moved_guard() CASCADE` // and its triggers
	imMover = `SELECT set_config('odoo_gateway.mover', 'on', true)`
)

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
// It fails while other nodes have it open, or write to it, and from then on nobody
// writes to it but who has opened it with Options.Moved. A mark to the same place
// stays as it is.
func (db *DB) MarkMoved(m grant.Moved) error {
	return db.setMoved(func(ctx context.Context, tx pgx.Tx) error {
		was, err := readMoved(ctx, tx)
		var stands bool
		if err == nil && was.To == m.To {
			err = tx.QueryRow(ctx, `SELECT to_regprocedure('moved_guard()') IS NOT NULL`).Scan(&stands)
		}
		if err != nil || stands {
			return err
		}
		if _, err := tx.Exec(ctx, noGuard); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO moved (one, moved_to, moved_at) VALUES (true, $1, $2) ON CONFLICT (one) DO UPDATE SET moved_to = $1, moved_at = $2`, m.To, at(m.At))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, guard); err != nil {
			return err
		}
		for _, table := range guarded {
			_, err := tx.Exec(ctx, `CREATE TRIGGER moved_guard BEFORE INSERT OR UPDATE OR DELETE ON `+table+` FOR EACH ROW EXECUTE PROCEDURE moved_guard()`)
			if err != nil {
				return err
			}
		}
		if !db.notifies.Load() {
			return nil
		}
		_, err = tx.Exec(ctx, `SELECT pg_notify($1, 'moved')`, db.opts.Schema) // look now
		return err
	})
}

// UnmarkMoved takes MarkMoved back. Without a mark it is no error.
func (db *DB) UnmarkMoved() error {
	return db.setMoved(func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, noGuard); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM moved`)
		return err
	})
}

// setMoved changes the mark, where no other node has the store open.
func (db *DB) setMoved(change func(context.Context, pgx.Tx) error) error {
	var used error
	err := db.update(context.Background(), func(ctx context.Context, tx pgx.Tx, _ bool) error {
		if _, err := tx.Exec(ctx, `SELECT FROM store FOR UPDATE`); err != nil {
			return err
		}
		var err error
		if used, err = usedBy(ctx, tx, db.node, db.place); used != nil || err != nil {
			return err
		}
		return change(ctx, tx)
	})
	if err != nil {
		return err
	}
	return used
}
