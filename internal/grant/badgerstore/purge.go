package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// purgeBatch bounds what one transaction of a purge looks at.
const purgeBatch = 1000

// SetRetention changes how long what has ended stays; see Options.Retention. It
// counts from the next purge on.
func (db *DB) SetRetention(d time.Duration) {
	if d <= 0 {
		d = DefaultRetention
	}
	db.retention.Store(int64(d))
}

// Purge deletes what ended long ago, as the package comment says, and returns
// how many records. It runs by itself every
// Options.SweepEvery. It works in batches, and ends between two of them where
// the context is cancelled or the store is closed.
func (db *DB) Purge(ctx context.Context, now time.Time) (int, error) {
	leave, err := db.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	n, err := db.purge(ctx, now)
	if ctx.Err() != nil {
		return n, ctx.Err()
	}
	return n, db.outcome(err)
}

func (db *DB) purge(ctx context.Context, now time.Time) (int, error) {
	deleted := 0
	for from := []byte(nil); ; {
		if err := db.ready(); err != nil {
			return deleted, err
		}
		found, next, err := db.doomed(from, now)
		if err != nil {
			return deleted, err
		}
		if err := db.bury(found); err != nil {
			return deleted, err
		}
		deleted += found.records
		for _, a := range found.authorizations {
			if err := db.buryAuthorization(a); err != nil {
				return deleted, err
			}
			deleted++
		}
		if next == nil {
			return deleted, nil
		}
		select {
		case <-db.stop:
			return deleted, nil
		case <-ctx.Done():
			return deleted, ctx.Err()
		default:
			from = next
		}
	}
}

// doomed is what one batch of a purge deletes.
type doomed struct {
	keys    [][]byte
	records int            // how many of them are no index
	sets    []doomedRecord // those of them that a cache may hold
	// authorizations are not among the keys: they go one by one.
	authorizations []doomedRecord
}

type doomedRecord struct {
	gateway keyspace
	id      string
}

func (db *DB) bury(d doomed) error {
	batch := db.badger.NewWriteBatch()
	defer batch.Cancel()
	for _, key := range d.keys {
		if err := batch.Delete(key); err != nil {
			return err
		}
	}
	if err := db.wrote(batch.Flush()); err != nil {
		return err
	}
	if len(d.sets) == 0 {
		return nil
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, s := range db.stores {
		for _, set := range d.sets {
			if s.keys == set.gateway {
				s.tokenSets.Drop(set.id)
			}
		}
	}
	return nil
}

// buryAuthorization deletes a revoked authorization, which nothing revives, and
// all that leads to it.
// Somebody may connect again at this very moment: what leads to the new one
// stays.
func (db *DB) buryAuthorization(r doomedRecord) error {
	s := &store{keys: r.gateway, db: db}
	bury := func(txn *badger.Txn) error {
		a, err := s.loadAuthorization(txn, r.id)
		if err != nil {
			return err
		}
		keys := append(s.liveLists(a), s.everLists(a)...)
		keys = append(keys, s.keys.key(kindUsed, a.ID), s.keys.key(kindAuthorization, a.ID))
		latest := ""
		err = get(txn, s.keys.live(a.Key()), func(v []byte) error {
			latest = string(v)
			return nil
		})
		switch {
		case err == nil && latest == a.ID:
			keys = append(keys, s.keys.live(a.Key()))
		case err != nil && !errors.Is(err, grant.ErrNotFound):
			return err
		}
		for _, key := range keys {
			if err := txn.Delete(key); err != nil {
				return err
			}
		}
		return nil
	}
	err := badger.ErrConflict
	for range maxConflicts {
		if err = db.wrote(db.badger.Update(bury)); !errors.Is(err, badger.ErrConflict) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("authorization %s: %w", r.id, err)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, open := range db.stores {
		if open.keys == r.gateway {
			open.authorizations.Drop(r.id)
		}
	}
	return nil
}

// doomed looks at the next purgeBatch keys, and tells where the one after them
// starts.
func (db *DB) doomed(from []byte, now time.Time) (d doomed, next []byte, err error) {
	err = db.badger.View(func(txn *badger.Txn) error {
		opts := badger.DefaultIteratorOptions
		opts.PrefetchValues = false
		it := txn.NewIterator(opts)
		defer it.Close()
		p := purger{txn: txn, now: now, before: now.Add(-time.Duration(db.retention.Load()))}
		seen := 0
		for it.Seek(from); it.Valid(); it.Next() {
			if seen++; seen > purgeBatch {
				next = it.Item().KeyCopy(nil)
				return nil
			}
			if err := p.judge(it.Item(), &d); err != nil {
				return fmt.Errorf("record %q: %w", it.Item().Key(), err)
			}
		}
		return nil
	})
	return d, next, err
}
