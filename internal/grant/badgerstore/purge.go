package badgerstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// Retention is how long codes stay after their end, codes and refresh tokens
// after the end of their token set, and refresh tokens after their rotation.
const Retention = 30 * 24 * time.Hour

// purgeBatch bounds what one transaction of a purge looks at.
const purgeBatch = 1000

// Purge deletes the codes, refresh tokens and token sets whose time is over,
// as the package comment says, and returns how many. It runs by itself every
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
		found, next, err := db.doomed(from, now)
		if err != nil {
			return deleted, err
		}
		if err := db.bury(found); err != nil {
			return deleted, err
		}
		deleted += found.records
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
	records int         // how many of them are no index
	sets    []doomedSet // those of them that a cache may hold
}

type doomedSet struct {
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
	if err := batch.Flush(); err != nil {
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
				s.tokenSets.drop(set.id)
			}
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
		p := purger{txn: txn, now: now, before: now.Add(-Retention)}
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

// purger judges single keys, each by itself: whichever of a record and its
// index goes first, the other follows.
type purger struct {
	txn    *badger.Txn
	now    time.Time
	before time.Time // what ended before that has ended long ago
}

func (p purger) judge(item *badger.Item, d *doomed) error {
	parts := strings.SplitN(string(item.Key()), "/", 3)
	if len(parts) != 3 {
		return nil
	}
	s := &store{keys: keyspace(parts[0] + "/")}
	id := lastPart(item.Key())
	var gone bool
	var err error
	switch parts[1] {
	case kindCode:
		gone, err = p.code(s, id)
	case kindRefresh:
		gone, err = p.refresh(s, id)
	case kindTokenSet:
		gone, err = p.tokenSet(s, id)
		if gone {
			d.sets = append(d.sets, doomedSet{s.keys, id})
		}
	case kindAuditCode:
		gone, err = p.listedCode(s, id)
	case kindSetsOf:
		gone, err = p.tokenSet(s, id)
	}
	if err != nil || !gone {
		return err
	}
	d.keys = append(d.keys, bytes.Clone(item.Key()))
	if parts[1] != kindAuditCode && parts[1] != kindSetsOf {
		d.records++
	}
	return nil
}

func (p purger) code(s *store, hash string) (bool, error) {
	c, err := s.loadCode(p.txn, hash)
	if err != nil {
		return false, err
	}
	if c.RetainUntil.IsZero() {
		if c.ExpiresAt.After(p.before) {
			return false, nil
		}
		return p.ended(s, c.TokenSet, p.before)
	}
	if p.now.Before(c.RetainUntil) || p.now.Before(c.ExpiresAt) {
		return false, nil
	}
	return p.ended(s, c.TokenSet, p.now)
}

// listedCode tells whether a code leaves the listing for audit: the record of
// a consumed one may have to stay longer.
func (p purger) listedCode(s *store, hash string) (bool, error) {
	c, err := s.loadCode(p.txn, hash)
	if errors.Is(err, grant.ErrNotFound) {
		return true, nil
	}
	return err == nil && !p.now.Before(c.RetainUntil), err
}

func (p purger) refresh(s *store, hash string) (bool, error) {
	r, err := s.loadRefresh(p.txn, hash)
	if err != nil {
		return false, err
	}
	if !r.RotatedAt.IsZero() && r.RotatedAt.Before(p.before) {
		return true, nil
	}
	return p.ended(s, r.TokenSet, p.before)
}

// tokenSet tells whether a token set, and its place in the listing, goes.
func (p purger) tokenSet(s *store, id string) (bool, error) {
	t, err := s.loadTokenSet(p.txn, id)
	if errors.Is(err, grant.ErrNotFound) {
		return true, nil
	}
	return err == nil && !t.ExpiresAt.IsZero() && !p.now.Before(t.ExpiresAt), err
}

// ended tells whether a token set ended before that time; "" is of a code that
// produced none. What belongs to one that is missing stays: those with codes
// and refresh tokens are never deleted here.
func (p purger) ended(s *store, id string, before time.Time) (bool, error) {
	if id == "" {
		return true, nil
	}
	t, err := s.currentTokenSet(p.txn, id)
	if errors.Is(err, grant.ErrNotFound) {
		return false, nil
	}
	return err == nil && !t.Live() && t.EndedAt.Before(before), err
}
