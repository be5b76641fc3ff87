package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/trail"
)

// Export hands out all records of all gateways as they stand at one moment,
// while others go on writing; events that other nodes have not written yet are not
// among them. It ends with the error of each, with that of the context, and where
// the store is closed.
func (db *DB) Export(ctx context.Context, each func(grant.Record) error) error {
	if err := db.flush(ctx); err != nil {
		return db.outcome(ctx, err)
	}
	var over error // nothing is handed out twice
	err := db.long(ctx, func(ctx context.Context, q querier) error {
		if over != nil {
			return over
		}
		over = records(ctx, q, each)
		return over
	})
	return err
}

// records hands out all that q reads.
func records(ctx context.Context, q querier, each func(grant.Record) error) error {
	for _, e := range exports {
		if err := e(ctx, q, each); err != nil {
			return err
		}
	}
	return nil
}

// long runs statements that change nothing, see the same, and may take their time:
// whoever asks for that waits.
func (db *DB) long(ctx context.Context, read func(context.Context, querier) error) error {
	return db.attempt(ctx, 0, func(ctx context.Context, _ bool) error {
		return pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			return read(ctx, tx)
		})
	})
}

// behindGateway is a row with the gateway in front.
type behindGateway struct {
	rows    pgx.Rows
	gateway *string
}

func (b behindGateway) Scan(into ...any) error {
	return b.rows.Scan(append([]any{b.gateway}, into...)...)
}

type exporter func(ctx context.Context, q querier, each func(grant.Record) error) error

// table reads one, by a statement whose rows have the gateway in front.
func table[T any](sql string, scan func(row) (T, error), record func(*grant.Record, T) error) exporter {
	return func(ctx context.Context, q querier, each func(grant.Record) error) error {
		rows, err := q.Query(ctx, sql)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r grant.Record
			v, err := scan(behindGateway{rows, &r.Gateway})
			if err == nil {
				err = record(&r, v)
			}
			if err != nil {
				return err
			}
			if err := each(r); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

// exports are all that a store keeps, but for what it can make again.
var exports = []exporter{
	table(`SELECT a.gateway, `+authorizationColumns+fromAuthorizations, scanAuthorization,
		func(r *grant.Record, a grant.Authorization) error { r.Authorization = &a; return nil }),
	table(`SELECT c.gateway, `+codeColumns+` FROM codes c`, scanCode,
		func(r *grant.Record, c grant.Code) error { r.Code = &c; return nil }),
	table(`SELECT t.gateway, `+tokenSetColumns+` FROM token_sets t`, scanTokenSet,
		func(r *grant.Record, t grant.TokenSet) error { r.TokenSet = &t; return nil }),
	table(`SELECT r.gateway, `+refreshColumns+` FROM refresh_tokens r`, scanRefresh,
		func(r *grant.Record, t grant.RefreshToken) error { r.RefreshToken = &t; return nil }),
	table(`SELECT gateway, `+signingKeyColumns+` FROM signing_keys`, scanSigningKey,
		func(r *grant.Record, k grant.SigningKey) error { r.SigningKey = &k; return nil }),
	table(`SELECT gateway, `+keyRemovalColumns+` FROM key_removals`, scanKeyRemoval,
		func(r *grant.Record, k grant.KeyRemoval) error { r.KeyRemoval = &k; return nil }),
	table(`SELECT gateway, `+objectColumns+` FROM object_histories`, scanObject,
		func(r *grant.Record, h grant.ObjectHistory) error { r.Object = &h; return nil }),
	table(`SELECT gateway, place, until, value FROM audit_events WHERE until > extract(epoch FROM now())`, scanEntry, eventRecord),
}

func eventRecord(r *grant.Record, e entry) (err error) {
	r.Event = &grant.KeptEvent{Until: time.Unix(e.until, 0).UTC()}
	r.Event.ID = e.place
	if l, _, linked := trail.Cut(e.value); linked {
		r.Event.Link = l.Encode()
	}
	r.Event.Event, err = trail.DecodeEvent(e.value)
	return err
}
