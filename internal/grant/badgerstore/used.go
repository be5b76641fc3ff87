package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"
)

// Used remembers; background writes. What a crash takes is at most the uses
// since the last batch.
func (s *store) Used(id string, now time.Time) {
	if s.db.closed.Load() {
		return
	}
	s.usedMu.Lock()
	defer s.usedMu.Unlock()
	if now.After(s.used[id]) {
		s.used[id] = now
	}
}

// background is the store's only goroutine. It lives from Open to Close.
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
			db.reported("writing last-used times", db.flushUsed)
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
		db.log.Error("grant store: "+what+" failed", zap.String("dir", db.opts.Dir), zap.Error(err))
	}
}

// collectValueLog frees value log files. Badger says with an error that there
// was nothing to free, or that it is busy.
func (db *DB) collectValueLog() {
	for db.badger.RunValueLogGC(0.5) == nil {
		select {
		case <-db.stop:
			return
		default:
		}
	}
}

// flushUsed writes the uses noted since the last time. On a full disk they
// wait: they are worth less than the space that a revocation needs.
func (db *DB) flushUsed() error {
	if db.room() != nil {
		return nil
	}
	db.mu.Lock()
	stores := slices.Collect(maps.Values(db.stores))
	db.mu.Unlock()
	var failed error
	for _, s := range stores {
		failed = errors.Join(failed, s.flushUsed())
	}
	return failed
}

func (s *store) flushUsed() error {
	s.usedMu.Lock()
	used := s.used
	s.used = make(map[string]time.Time)
	s.usedMu.Unlock()
	if len(used) == 0 {
		return nil
	}
	batch := s.db.badger.NewWriteBatch()
	defer batch.Cancel()
	for id, at := range used {
		if err := batch.Set(s.keys.key(kindUsed, id), encode(toStamp(at))); err != nil {
			return fmt.Errorf("last use of %d authorizations: %w", len(used), err)
		}
	}
	if err := batch.Flush(); err != nil {
		return fmt.Errorf("last use of %d authorizations: %w", len(used), err)
	}
	for id := range used {
		s.authorizations.drop(id)
	}
	return nil
}
