package pgstore

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// migrations lead from each layout of the tables to the next. A node of the
// version before goes on running beside one that has migrated: they add tables, and
// change none that it reads or writes, or that a node waits for that starts.
var migrations = []string{`
CREATE TABLE authorizations (
	gateway text COLLATE "C" NOT NULL,
	id text COLLATE "C" NOT NULL,
	application text COLLATE "C" NOT NULL,
	redirect_uri text COLLATE "C" NOT NULL,
	subject text COLLATE "C" NOT NULL,
	database text NOT NULL,
	uid bigint NOT NULL,
	login text NOT NULL,
	name text NOT NULL,
	scope text[],
	consent_digest text NOT NULL,
	connection_kind text NOT NULL,
	connection_sealed bytea,
	connection_hash text COLLATE "C" NOT NULL,
	connection_since timestamptz,
	connection_touched_at timestamptz,
	connection_browser_at timestamptz,
	connection_ended_at timestamptz,
	connection_end_reason text NOT NULL,
	connection_expires_at timestamptz,
	connection_key_id bigint NOT NULL,
	created_at timestamptz,
	consented_at timestamptz,
	revoked_at timestamptz,
	live_key bytea, -- SHA-256 of application, person and URI; null once it is revoked
	PRIMARY KEY (gateway, id),
	UNIQUE (gateway, live_key)
);
CREATE INDEX authorizations_live ON authorizations (gateway, id) WHERE revoked_at IS NULL;
CREATE INDEX authorizations_application ON authorizations (gateway, application, id);
CREATE INDEX authorizations_subject ON authorizations (gateway, subject, id);
CREATE INDEX authorizations_session ON authorizations (gateway, connection_hash) WHERE connection_hash <> '';
CREATE INDEX authorizations_revoked ON authorizations (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE uses ( -- beside the authorizations: counting must not wait for what matters
	gateway text COLLATE "C" NOT NULL,
	authorization_id text COLLATE "C" NOT NULL,
	last_used_at timestamptz,
	count bigint NOT NULL,
	PRIMARY KEY (gateway, authorization_id)
);

CREATE TABLE codes (
	gateway text COLLATE "C" NOT NULL,
	hash text COLLATE "C" NOT NULL,
	authorization_id text COLLATE "C" NOT NULL,
	application text COLLATE "C" NOT NULL,
	redirect_uri text NOT NULL,
	scope text[],
	challenge text NOT NULL,
	challenge_method text NOT NULL,
	issued_at timestamptz,
	expires_at timestamptz,
	consumed_at timestamptz,
	token_set_id text COLLATE "C" NOT NULL,
	retain_until timestamptz,
	listed boolean NOT NULL,
	PRIMARY KEY (gateway, hash)
);
CREATE INDEX codes_listed ON codes (gateway, issued_at DESC, hash) WHERE listed;
CREATE INDEX codes_authorization ON codes (gateway, authorization_id, issued_at DESC, hash) WHERE listed;
CREATE INDEX codes_token_set ON codes (gateway, token_set_id);

CREATE TABLE token_sets (
	gateway text COLLATE "C" NOT NULL,
	id text COLLATE "C" NOT NULL,
	authorization_id text COLLATE "C" NOT NULL,
	application text COLLATE "C" NOT NULL,
	redirect_uri text NOT NULL,
	scope text[],
	family_key bytea,
	created_at timestamptz,
	ended_at timestamptz,
	end_reason text NOT NULL,
	expires_at timestamptz,
	refresh_until timestamptz,
	PRIMARY KEY (gateway, id)
);
CREATE INDEX token_sets_authorization ON token_sets (gateway, authorization_id, created_at DESC, id);

CREATE TABLE refresh_tokens (
	gateway text COLLATE "C" NOT NULL,
	hash text COLLATE "C" NOT NULL,
	token_set_id text COLLATE "C" NOT NULL,
	issued_at timestamptz,
	expires_at timestamptz,
	rotated_at timestamptz,
	child text COLLATE "C" NOT NULL,
	PRIMARY KEY (gateway, hash)
);
CREATE INDEX refresh_tokens_token_set ON refresh_tokens (gateway, token_set_id);
CREATE INDEX refresh_tokens_rotated ON refresh_tokens (rotated_at) WHERE rotated_at IS NOT NULL;

CREATE TABLE signing_key_sets ( -- a row to lock
	gateway text COLLATE "C" NOT NULL PRIMARY KEY
);
CREATE TABLE signing_keys (
	gateway text COLLATE "C" NOT NULL,
	id text COLLATE "C" NOT NULL,
	algorithm text NOT NULL,
	sealed bytea,
	created_at timestamptz,
	signs_from timestamptz,
	ends_at timestamptz,
	PRIMARY KEY (gateway, id)
);

CREATE TABLE key_removals (
	gateway text COLLATE "C" NOT NULL,
	id text COLLATE "C" NOT NULL,
	authorization_id text COLLATE "C" NOT NULL,
	application text NOT NULL,
	redirect_uri text NOT NULL,
	subject text COLLATE "C" NOT NULL,
	database text NOT NULL,
	uid bigint NOT NULL,
	login text NOT NULL,
	key_id bigint NOT NULL,
	sealed bytea,
	key_ends_at timestamptz,
	created_at timestamptz,
	tries bigint NOT NULL,
	next_try_at timestamptz,
	left_at timestamptz,
	PRIMARY KEY (gateway, id)
);
CREATE INDEX key_removals_subject ON key_removals (gateway, subject, id);

CREATE TABLE object_histories (
	gateway text COLLATE "C" NOT NULL,
	id text COLLATE "C" NOT NULL,
	kind text COLLATE "C" NOT NULL,
	first_seen timestamptz,
	removed_at timestamptz,
	snapshot bytea,
	changes bytea NOT NULL, -- JSON
	PRIMARY KEY (gateway, id)
);

CREATE TABLE audit_ends ( -- how far each trail goes, sealed; a row to lock
	gateway text COLLATE "C" NOT NULL PRIMARY KEY,
	sealed bytea
);
CREATE TABLE audit_events (
	gateway text COLLATE "C" NOT NULL,
	place text COLLATE "C" NOT NULL, -- the newest first
	until bigint NOT NULL, -- in seconds since 1970
	value bytea NOT NULL, -- link, and JSON
	PRIMARY KEY (gateway, place)
);
CREATE INDEX audit_events_until ON audit_events (until);

CREATE TABLE changes_head (
	one boolean NOT NULL PRIMARY KEY,
	number bigint NOT NULL
);
INSERT INTO changes_head VALUES (true, 0);
CREATE TABLE changes (
	number bigint NOT NULL PRIMARY KEY,
	gateway text COLLATE "C" NOT NULL,
	kind text COLLATE "C" NOT NULL,
	key text COLLATE "C" NOT NULL,
	at timestamptz NOT NULL
);

CREATE TABLE turns ( -- what one node does for all
	name text COLLATE "C" NOT NULL PRIMARY KEY,
	holder text NOT NULL,
	until timestamptz NOT NULL
);
`, `
CREATE TABLE moved ( -- where all of this was moved to; no row is nowhere
	one boolean NOT NULL PRIMARY KEY,
	moved_to text NOT NULL,
	moved_at timestamptz
);
CREATE TABLE nodes ( -- that have the store open
	id text COLLATE "C" NOT NULL PRIMARY KEY,
	seen_at timestamptz NOT NULL
);
`}

const canaryText = "odoo-gateway grant store"

// found makes the schema where it is missing, brings it up to date, and lists the node. Of many
// nodes that start at once one does it, under a lock of a row of its own. Where
// it fails it has changed nothing.
func found(ctx context.Context, conn *pgx.Conn, o Options, place, node string) (epoch string, err error) {
	for range maxTries {
		err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return makeRoom(ctx, tx, o.Schema, place) })
		if !raced(err) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var layout int
		epoch, layout, err = raise(ctx, tx, o.Seal, place)
		if err == nil && layout < len(migrations) {
			o.Logger.Info("grant store has a new layout", zap.String("store", place), zap.Int("from", layout), zap.Int("to", len(migrations)))
		}
		if err != nil {
			return err
		}
		return enlist(ctx, tx, node, o.Moved, place)
	})
	return epoch, err
}

// makeRoom makes the schema and its first table. Both may be there, made by
// somebody who may do more than the gateway.
func makeRoom(ctx context.Context, tx pgx.Tx, schema, place string) error {
	var there, ours bool
	var tables int
	err := tx.QueryRow(ctx, `SELECT
		EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1),
		EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'store'),
		(SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = $1)`, schema).Scan(&there, &ours, &tables)
	switch {
	case err != nil || ours:
		return err
	case tables > 0:
		return refusal(fmt.Sprintf("grant store %s: the schema holds tables of something else: name another one", place))
	case !there:
		if _, err := tx.Exec(ctx, `CREATE SCHEMA `+pgx.Identifier{schema}.Sanitize()); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `CREATE TABLE store (one boolean NOT NULL PRIMARY KEY, layout bigint NOT NULL, epoch text NOT NULL, canary bytea)`)
	return err
}

// raise brings the tables from the layout that they have to the newest one, and
// says which that was. It looks at the sealing key before anything else.
func raise(ctx context.Context, tx pgx.Tx, ring *seal.Ring, place string) (epoch string, layout int, err error) {
	fail := func(err error) (string, int, error) { return "", 0, err }
	epoch, layout, canary, err := life(ctx, tx)
	if err != nil {
		return fail(err)
	}
	if layout > len(migrations) {
		return fail(refusal(fmt.Sprintf("grant store %s has layout %d, which a newer version of the gateway has made; this one reads layouts up to %d", place, layout, len(migrations))))
	}
	if layout == 0 {
		canary = ring.Seal([]byte(canaryText), epoch)
	}
	plain, err := ring.Open(canary, epoch)
	if err != nil || subtle.ConstantTimeCompare(plain, []byte(canaryText)) != 1 {
		return fail(refusal(fmt.Sprintf("grant store %s was made with another sealing key: seal_key must be the same on every node; nothing was changed", place)))
	}
	if layout == len(migrations) {
		return epoch, layout, nil
	}
	for _, m := range migrations[layout:] {
		if _, err := tx.Exec(ctx, m); err != nil {
			return fail(err)
		}
	}
	_, err = tx.Exec(ctx, `UPDATE store SET layout = $1, canary = $2`, len(migrations), canary)
	return epoch, layout, err
}

// life locks the row of the store, and begins a new life where there is none. An
// epoch that another transaction is about to begin is waited for.
func life(ctx context.Context, tx pgx.Tx) (epoch string, layout int, canary []byte, err error) {
	if _, err := tx.Exec(ctx, `INSERT INTO store (one, layout, epoch) VALUES (true, 0, $1) ON CONFLICT DO NOTHING`, grant.NewID()); err != nil {
		return "", 0, nil, err
	}
	err = tx.QueryRow(ctx, `SELECT layout, epoch, canary FROM store FOR UPDATE`).Scan(&layout, &epoch, &canary)
	return epoch, layout, canary, err
}

// Exists tells whether there is a store, and makes none. Of the options it needs DSN
// and Schema.
func Exists(ctx context.Context, o Options) (there bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	o.defaults()
	config, err := parse(o.DSN, o.Schema)
	if err != nil {
		return false, err
	}
	failed := func(err error) error {
		return fmt.Errorf("grant store %s: %w", place(config.ConnConfig, o.Schema), err)
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return false, failed(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'store')`, o.Schema).Scan(&there); err != nil {
		return false, failed(err)
	}
	return there, nil
}

// raced tells whether another node was making the same thing.
func raced(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "23505", "42P06", "42P07", "42710", "XX000", "40001", "40P01": // unique, duplicate schema, table or object; concurrent DDL
		return true
	}
	return false
}

// refusal is an error that a look at the store has led to: it does not go away by
// trying again, and says what to do.
type refusal string

func (r refusal) Error() string { return string(r) }
