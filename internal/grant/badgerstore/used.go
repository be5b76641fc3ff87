package badgerstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
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
	if s.db.closed.Load() {
		return
	}
	s.usedMu.Lock()
	defer s.usedMu.Unlock()
	s.used[id] = s.used[id].and(more)
}

// background lives from Open to Close.
func (db *DB) background() {
	defer close(db.done)
	flush := time.NewTicker(db.opts.FlushEvery)
	defer flush.Stop()
	sweep := time.NewTicker(db.opts.SweepEvery)
	defer sweep.Stop()
	for {
		select {
		case <-db.stop:
			return
		case <-flush.C:
			db.reported("writing last-used times and events", db.flush)
		case <-db.full:
			db.reported("writing events", db.flush)
		case <-sweep.C:
			db.reported("purging grants", func() error {
				_, err := db.purge(context.Background(), db.opts.Now())
				return err
			})
			db.collectValueLog()
		}
	}
}

func (db *DB) reported(what string, work func() error) {
	if err := work(); err != nil {
		db.failures.Add(1)
		db.log.Error("grant store: "+what+" failed", zap.String("dir", db.opts.Dir), zap.Error(err))
	}
}

// collectValueLog frees value log files. Badger says with an error that there
// was nothing to free, or that it is busy.
func (db *DB) collectValueLog() {
	for db.ready() == nil && db.badger.RunValueLogGC(0.5) == nil {
		select {
		case <-db.stop:
			return
		default:
		}
	}
}

// flush writes what was noted since the last time, uses and events of the audit
// trail. On a full disk they wait: they are worth less than the space that a
// revocation needs.
func (db *DB) flush() error {
	if db.room() != nil || db.ready() != nil {
		return nil
	}
	db.mu.Lock()
	stores := slices.Collect(maps.Values(db.stores))
	db.mu.Unlock()
	var failed error
	for _, s := range stores {
		failed = errors.Join(failed, s.flushUsed(), s.flushTrail())
	}
	return failed
}

// showUses writes what waits, for whoever looks at how often something was used.
// What can not be written now is shown later.
func (s *store) showUses(ctx context.Context) error {
	leave, err := s.db.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if s.db.room() == nil && s.db.ready() == nil {
		s.db.reported("writing last-used times", s.flushUsed)
	}
	return nil
}

func (s *store) flushUsed() error {
	s.flushingUsed.Lock()
	defer s.flushingUsed.Unlock()
	s.usedMu.Lock()
	used := s.used
	s.used = make(map[string]uses)
	s.usedMu.Unlock()
	if len(used) == 0 {
		return nil
	}
	if err := s.writeUses(used); err != nil {
		for id, u := range used {
			s.noteUses(id, u) // for the next batch
		}
		return fmt.Errorf("last use of %d authorizations: %w", len(used), err)
	}
	for id := range used {
		s.authorizations.Drop(id)
	}
	return nil
}

// writeUses adds to what is stored. Nobody else writes it meanwhile, so that
// reading it before needs no transaction with the writing.
func (s *store) writeUses(used map[string]uses) error {
	batch := s.db.badger.NewWriteBatch()
	defer batch.Cancel()
	err := s.db.badger.View(func(txn *badger.Txn) error {
		for id, more := range used {
			stored, err := s.loadUses(txn, id)
			if err != nil {
				return err
			}
			if err := batch.Set(s.keys.key(kindUsed, id), encodeUses(stored.and(more))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.db.wrote(batch.Flush())
}

func (s *store) loadUses(txn *badger.Txn, id string) (u uses, err error) {
	err = get(txn, s.keys.key(kindUsed, id), func(v []byte) (err error) {
		u, err = decodeUses(v)
		return err
	})
	if errors.Is(err, grant.ErrNotFound) {
		err = nil
	}
	return u, err
}

type usesRecord struct {
	Last  stamp `json:"l"`
	Count int   `json:"n"`
}

func encodeUses(u uses) []byte { return encode(usesRecord{toStamp(u.last), u.count}) }

// decodeUses reads what an earlier version has written as well: the time alone.
func decodeUses(value []byte) (uses, error) {
	var r usesRecord
	err := decode(value, &r)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		err = decode(value, &r.Last)
	}
	return uses{last: r.Last.time(), count: r.Count}, err
}
