package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// Retention is how long codes stay after their end, and codes and refresh
// tokens after the end of their token set.
const Retention = 30 * 24 * time.Hour

// purgeBatch bounds what one transaction of a purge looks at.
const purgeBatch = 1000

// Purge deletes codes and refresh tokens that nothing can come back through,
// as the package comment says, and returns how many. It runs by itself every
// Options.SweepEvery.
func (db *DB) Purge(ctx context.Context, now time.Time) (int, error) {
	leave, err := db.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	n, err := db.purge(now)
	return n, db.outcome(err)
}

func (db *DB) purge(now time.Time) (int, error) {
	before := now.Add(-Retention)
	deleted := 0
	for from := []byte(nil); ; {
		doomed, next, err := db.doomed(from, before)
		if err != nil {
			return deleted, err
		}
		batch := db.badger.NewWriteBatch()
		for _, key := range doomed {
			if err := batch.Delete(key); err != nil {
				batch.Cancel()
				return deleted, err
			}
		}
		if err := batch.Flush(); err != nil {
			return deleted, err
		}
		deleted += len(doomed)
		if next == nil {
			return deleted, nil
		}
		select {
		case <-db.stop:
			return deleted, nil
		default:
			from = next
		}
	}
}

// doomed lists the keys to delete among the next purgeBatch ones, and where
// the one after them starts.
func (db *DB) doomed(from []byte, before time.Time) (keys [][]byte, next []byte, err error) {
	err = db.badger.View(func(txn *badger.Txn) error {
		opts := badger.DefaultIteratorOptions
		opts.PrefetchValues = false
		it := txn.NewIterator(opts)
		defer it.Close()
		seen := 0
		for it.Seek(from); it.Valid(); it.Next() {
			if seen++; seen > purgeBatch {
				next = it.Item().KeyCopy(nil)
				return nil
			}
			gone, err := purgeable(txn, it.Item(), before)
			if err != nil {
				return fmt.Errorf("record %q: %w", it.Item().Key(), err)
			}
			if gone {
				keys = append(keys, it.Item().KeyCopy(nil))
			}
		}
		return nil
	})
	return keys, next, err
}

func purgeable(txn *badger.Txn, item *badger.Item, before time.Time) (gone bool, err error) {
	parts := strings.SplitN(string(item.Key()), "/", 3)
	if len(parts) != 3 {
		return false, nil
	}
	s := &store{keys: keyspace(parts[0] + "/")}
	switch parts[1] {
	case kindCode:
		err = item.Value(func(v []byte) error {
			c, err := decodeCode(parts[2], v)
			if err != nil || c.ExpiresAt.After(before) {
				return err
			}
			if c.TokenSet == "" {
				gone = true
				return nil
			}
			gone, err = s.endedBefore(txn, c.TokenSet, before)
			return err
		})
	case kindRefresh:
		err = item.Value(func(v []byte) error {
			r, err := decodeRefresh(parts[2], v)
			if err != nil {
				return err
			}
			gone, err = s.endedBefore(txn, r.TokenSet, before)
			return err
		})
	}
	return gone, err
}

// endedBefore tells whether a token set ended before that time. One that is
// missing was never deleted here: what belongs to it stays.
func (s *store) endedBefore(txn *badger.Txn, id string, before time.Time) (bool, error) {
	t, err := s.currentTokenSet(txn, id)
	if errors.Is(err, grant.ErrNotFound) {
		return false, nil
	}
	return err == nil && !t.Live() && t.EndedAt.Before(before), err
}
