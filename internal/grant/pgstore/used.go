package pgstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// uses is what is known of the use of an authorization.
type uses struct {
	last  time.Time
	count int
}

// and adds later uses, which may come out of order.
func (u uses) and(more uses) uses {
	if more.last.After(u.last) {
		u.last = more.last
	}
	u.count += more.count
	return u
}

// Used remembers; background writes. What a crash takes is at most the uses
// since the last batch.
func (s *store) Used(id string, now time.Time) { s.noteUses(id, uses{last: now, count: 1}) }

func (s *store) noteUses(id string, more uses) {
	if s.db.closed.Load() || !storable(id) {
		return
	}
	s.usedMu.Lock()
	defer s.usedMu.Unlock()
	s.used[id] = s.used[id].and(more)
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
	s.flushingUsed.Lock()
	defer s.flushingUsed.Unlock()
	s.usedMu.Lock()
	used := s.used
	s.used = make(map[string]uses)
	s.usedMu.Unlock()
	if len(used) == 0 {
		return nil
	}
	if err := s.writeUses(ctx, used); err != nil {
		for id, u := range used {
			s.noteUses(id, u) // for the next batch
		}
		return fmt.Errorf("last use of %d authorizations: %w", len(used), err)
	}
	for id := range used {
		s.forget(change{changedAuthorization, id})
	}
	return nil
}

// writeUses adds to what is stored, in the order of the ids: other nodes do the
// same, and wait for one another. Where a commit is uncertain some may count
// twice.
func (s *store) writeUses(ctx context.Context, used map[string]uses) error {
	ids := slices.Sorted(maps.Keys(used))
	times, counts := make([]*time.Time, len(ids)), make([]int64, len(ids))
	for i, id := range ids {
		if last := used[id].last.UTC(); !last.IsZero() {
			times[i] = &last
		}
		counts[i] = int64(used[id].count)
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
