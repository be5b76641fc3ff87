//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/bench/workers"
	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
)

// bytes measures what authorizations take in the database, each with one code and
// one token set, and what a refresh adds to it and to the log that is written
// before. The server is another one, which waits for no disk: that changes no size.
func (b *bench) bytes(ctx context.Context) (err error) {
	server, err := pgtest.New(b.dir, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Remove()) }()
	db, err := pgstore.Open(ctx, pgstore.Options{DSN: server.DSN(), Seal: b.ring})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	fmt.Fprintf(b.out, "\n| authorizations | bytes of each: tables | indexes | in all | a refresh adds: bytes | of the log | of the log, as they come after a checkpoint |\n|---|---|---|---|---|---|---|\n")
	p := people{store: db.Store("erp"), ring: b.ring, node: "sizes"}
	var all []grants
	for _, size := range slices.Sorted(slices.Values(b.sizes)) {
		for len(all) < size {
			more := make([]grants, min(size-len(all), max(1000, len(all))))
			if err := workers.Each(32, len(more), func(i int) (err error) {
				more[i], err = p.connect(ctx, len(all)+i)
				return err
			}); err != nil {
				return err
			}
			all = append(all, more...)
			if err := perform(ctx, server, `ANALYZE`); err != nil {
				return err
			}
		}
		if err := b.size(ctx, server, p, all); err != nil {
			return err
		}
	}
	return nil
}

// size prints what there is now.
func (b *bench) size(ctx context.Context, server *pgtest.Cluster, p people, all []grants) error {
	tables, indexes, err := sizes(ctx, server)
	if err != nil {
		return err
	}
	n := int64(len(all))
	refreshed := min(len(all), 5000)
	// The first ones after a checkpoint write whole pages to the log.
	if err := perform(ctx, server, `CHECKPOINT`); err != nil {
		return err
	}
	var log [2]int64
	for i := range log {
		if log[i], err = logOf(ctx, server, func() error {
			return workers.Each(16, refreshed, func(i int) error { return p.rotate(ctx, &all[i*len(all)/refreshed]) })
		}); err != nil {
			return err
		}
		log[i] /= int64(refreshed)
	}
	moreTables, moreIndexes, err := sizes(ctx, server)
	if err != nil {
		return err
	}
	grown := (moreTables + moreIndexes - tables - indexes) / int64(len(log)*refreshed)
	_, err = fmt.Fprintf(b.out, "| %d | %d | %d | %d | %d | %d | %d |\n", n, tables/n, indexes/n, (tables+indexes)/n, grown, log[1], log[0])
	return err
}

// sizes are those of all tables of the schema, and of their indexes.
func sizes(ctx context.Context, server *pgtest.Cluster) (tables, indexes int64, err error) {
	return tables, indexes, ask(ctx, server, `SELECT sum(pg_table_size(c.oid))::bigint, sum(pg_indexes_size(c.oid))::bigint
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'odoo_gateway' AND c.relkind = 'r'`, &tables, &indexes)
}

// logOf is how many bytes something writes to the log.
func logOf(ctx context.Context, server *pgtest.Cluster, do func() error) (bytes int64, err error) {
	conn, err := pgx.Connect(ctx, server.DSN())
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var before, after string
	if err := conn.QueryRow(ctx, `SELECT pg_current_wal_insert_lsn()::text`).Scan(&before); err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	if err := conn.QueryRow(ctx, `SELECT pg_current_wal_insert_lsn()::text`).Scan(&after); err != nil {
		return 0, err
	}
	return bytes, conn.QueryRow(ctx, `SELECT pg_wal_lsn_diff($1::text::pg_lsn, $2::text::pg_lsn)::bigint`, after, before).Scan(&bytes)
}
