package pgstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/stored"
)

// Used remembers; background writes.
func (s *store) Used(id string, now time.Time) {
	if !s.db.closed.Load() && storable(id) {
		s.uses.Note(id, stored.Uses{Last: now, Count: 1})
	}
}

// background writes batches and purges, until the store is closed.
func (db *DB) background(ctx context.Context) {
	flush := time.NewTicker(db.opts.FlushEvery)
	defer flush.Stop()
	sweep := time.NewTicker(db.opts.SweepEvery)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			db.reported(ctx, "writing last-used times and events", db.flush)
		case <-db.full:
			db.reported(ctx, "writing events", db.flush)
		case <-sweep.C:
			db.reported(ctx, "purging grants", db.purgeInTurn)
		}
	}
}

func (db *DB) reported(ctx context.Context, what string, work func(context.Context) error) {
	err := work(ctx)
	if err == nil || ctx.Err() != nil || errors.Is(err, grant.ErrUnavailable) { // counted, and said, already
		return
	}
	db.failures.Add(1)
	db.log.Error("grant store: "+what+" failed", zap.String("store", db.place), zap.Error(err))
}

// flush writes what was noted since the last time, uses and events of the audit
// trail.
func (db *DB) flush(ctx context.Context) error {
	db.mu.Lock()
	stores := slices.Collect(maps.Values(db.stores))
	db.mu.Unlock()
	var failed error
	for _, s := range stores {
		failed = errors.Join(failed, s.flushUsed(ctx), s.flushTrail(ctx))
	}
	return failed
}

// showUses writes what waits, for whoever looks at how often something was used.
// What can not be written now is shown later.
func (s *store) showUses(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.db.reported(ctx, "writing last-used times", s.flushUsed)
	return nil
}

func (s *store) flushUsed(ctx context.Context) error {
	return s.uses.Write(func(used map[string]stored.Uses) error {
		if err := s.writeUses(ctx, used); err != nil {
			return err
		}
		for id := range used {
			s.outdate(id)
		}
		return nil
	})
}

// writeUses adds to what is stored, in the order of the ids: other nodes do the
// same, and wait for one another. Where a commit is uncertain some may count
// twice.
func (s *store) writeUses(ctx context.Context, used map[string]stored.Uses) error {
	ids := slices.Sorted(maps.Keys(used))
	times, counts := make([]*time.Time, len(ids)), make([]int64, len(ids))
	for i, id := range ids {
		if last := used[id].Last.UTC(); !last.IsZero() {
			times[i] = &last
		}
		counts[i] = int64(used[id].Count)
	}
	return s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) error {
		_, err := tx.Exec(ctx, `INSERT INTO uses (gateway, authorization_id, last_used_at, count)
			SELECT $1, i, l, c FROM unnest($2::text[], $3::timestamptz[], $4::bigint[]) AS more (i, l, c)
			ON CONFLICT (gateway, authorization_id) DO UPDATE SET
				last_used_at = greatest(uses.last_used_at, excluded.last_used_at), count = uses.count + excluded.count`,
			s.gateway, ids, times, counts)
		return err
	})
}
