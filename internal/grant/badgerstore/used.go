package badgerstore

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/stored"
)

// Used remembers; background writes.
func (s *store) Used(id string, now time.Time) {
	if !s.db.closed.Load() {
		s.uses.Note(id, stored.Uses{Last: now, Count: 1})
	}
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
	return s.uses.Write(func(used map[string]stored.Uses) error {
		if err := s.writeUses(used); err != nil {
			return err
		}
		for id := range used {
			s.authorizations.Drop(id)
		}
		return nil
	})
}

// writeUses adds to what is stored. Nobody else writes it meanwhile, so that
// reading it before needs no transaction with the writing.
func (s *store) writeUses(used map[string]stored.Uses) error {
	batch := s.db.badger.NewWriteBatch()
	defer batch.Cancel()
	err := s.db.badger.View(func(txn *badger.Txn) error {
		for id, more := range used {
			before, err := s.loadUses(txn, id)
			if err != nil {
				return err
			}
			if err := batch.Set(s.keys.key(kindUsed, id), encodeUses(before.And(more))); err != nil {
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

func (s *store) loadUses(txn *badger.Txn, id string) (u stored.Uses, err error) {
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
	Last  stored.Stamp `json:"l"`
	Count int          `json:"n"`
}

func encodeUses(u stored.Uses) []byte { return encode(usesRecord{stored.StampOf(u.Last), u.Count}) }

// decodeUses reads what an earlier version has written as well: the time alone.
func decodeUses(value []byte) (stored.Uses, error) {
	var r usesRecord
	err := decode(value, &r)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		err = decode(value, &r.Last)
	}
	return stored.Uses{Last: r.Last.Time(), Count: r.Count}, err
}
