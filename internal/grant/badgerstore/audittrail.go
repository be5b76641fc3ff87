package badgerstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/stored"
	"github.com/caddy-odoo/gateway/internal/grant/trail"
)

// waiting is what waits to be written of the audit trail of one gateway.
type waiting struct {
	mu      sync.Mutex
	waiting []waitingEvent
	dropped int
	// last is the time in the key of the newest event: keys never go back, over
	// restarts either, so that the order of the trail is that of the calls.
	last stored.Stamp
	// writing keeps batches in their order, and end how far they go; nil is not
	// read yet.
	writing sync.Mutex
	end     *trail.End
}

type waitingEvent struct {
	place string
	text  []byte
	until time.Time
}

// Audit remembers; background writes.
func (s *store) Audit(e audit.Event, until time.Time) {
	if s.db.closed.Load() {
		return
	}
	t := &s.trail
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) >= grant.AuditBacklog {
		t.dropped++
		return
	}
	t.waiting = append(t.waiting, s.placed(e, until))
	if len(t.waiting) == grant.AuditBacklog/2 {
		select {
		case s.db.full <- struct{}{}:
		default:
		}
	}
}

// placed encodes an event for the next place of the trail.
func (s *store) placed(e audit.Event, until time.Time) waitingEvent {
	at := max(stored.StampOf(e.Time), s.trail.last+1)
	s.trail.last = at
	return waitingEvent{place: trail.Place(at.Time()), text: trail.EncodeEvent(e), until: until}
}

// newestPlace is the time in the key of the newest event that is stored; 0 where
// there is none, and where the store can not be read.
func (s *store) newestPlace() (at stored.Stamp) {
	prefix := s.keys.key(kindAudit, "")
	_ = s.db.view(context.Background(), func(txn *badger.Txn) error {
		opts := badger.DefaultIteratorOptions
		opts.Prefix, opts.PrefetchValues = prefix, false
		it := txn.NewIterator(opts)
		defer it.Close()
		if it.Rewind(); it.Valid() {
			at = stored.StampOf(trail.PlaceTime(string(it.Item().Key()[len(prefix):])))
		}
		return nil
	})
	return at
}

// flushTrail writes the events that wait. What could not be written waits on,
// as far as there is room: the later ones are counted.
func (s *store) flushTrail() error {
	t := &s.trail
	t.writing.Lock()
	defer t.writing.Unlock()
	t.mu.Lock()
	if len(t.waiting) == 0 {
		t.mu.Unlock()
		return nil
	}
	waiting, dropped := t.waiting, t.dropped
	t.waiting, t.dropped = nil, 0
	batch := waiting
	if dropped > 0 {
		batch = append(slices.Clip(waiting), s.placed(audit.Event{
			Time: t.last.Time(), Kind: audit.EventsDropped, Detail: map[string]string{"count": strconv.Itoa(dropped)},
		}, waiting[len(waiting)-1].until))
	}
	t.mu.Unlock()
	if err := s.writeTrail(batch); err != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		all := append(waiting, t.waiting...)
		t.waiting = all[:min(len(all), grant.AuditBacklog)]
		t.dropped += dropped + len(all) - len(t.waiting)
		return fmt.Errorf("%d events of the audit trail: %w", len(waiting), err)
	}
	return nil
}

// writeWaiting is flushTrail for whoever wants to read.
func (s *store) writeWaiting(ctx context.Context) error {
	leave, err := s.db.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if s.db.room() != nil || s.db.ready() != nil {
		return nil // as in flush
	}
	return s.db.outcome(s.flushTrail())
}

// writeTrail is called by whoever holds writing.
func (s *store) writeTrail(waiting []waitingEvent) error {
	t := &s.trail
	if t.end == nil {
		var last trail.End
		err := s.db.badger.View(func(txn *badger.Txn) (err error) {
			last, _, err = s.loadEnd(txn)
			return err
		})
		if err != nil {
			return err
		}
		// The record comes before the first event: where it is missing later,
		// somebody has taken it away.
		if err := s.db.wrote(s.db.badger.Update(func(txn *badger.Txn) error { return s.storeEnd(txn.Set, last) })); err != nil {
			return err
		}
		t.end = &last
	}
	batch := s.db.badger.NewWriteBatch()
	defer batch.Cancel()
	last, chain := *t.end, s.chain()
	for _, w := range waiting {
		var value []byte
		value, last = chain.Next(last, w.place, w.until, w.text)
		entry := badger.NewEntry(s.keys.key(kindAudit, w.place), value)
		entry.ExpiresAt = trail.Expiry(w.until)
		if err := batch.SetEntry(entry); err != nil {
			return err
		}
	}
	if err := s.storeEnd(batch.Set, last); err != nil {
		return err
	}
	if err := s.db.wrote(batch.Flush()); err != nil {
		return err
	}
	t.end = &last
	return nil
}

func (s *store) AuditTrail(ctx context.Context, q grant.AuditQuery) (grant.AuditPage, error) {
	prefix := s.keys.key(kindAudit, "")
	from := prefix
	if q.After != "" {
		if !trail.IsPlace(q.After) {
			return grant.AuditPage{}, grant.ErrNotFound
		}
		from = append(s.keys.key(kindAudit, q.After), 0) // the next possible key
	}
	if err := s.writeWaiting(ctx); err != nil {
		return grant.AuditPage{}, err
	}
	var page grant.AuditPage
	err := s.db.view(ctx, func(txn *badger.Txn) error {
		opts := badger.DefaultIteratorOptions
		opts.Prefix = prefix
		it := txn.NewIterator(opts)
		defer it.Close()
		looked := 0
		for it.Seek(from); it.ValidForPrefix(prefix); it.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if len(page.Entries) == grant.Page(q.Limit) || looked == grant.AuditLooks {
				return nil // there is more: Next stays
			}
			looked++
			page.Next = string(it.Item().Key()[len(prefix):])
			entry := grant.AuditEntry{ID: page.Next}
			err := it.Item().Value(func(v []byte) (err error) {
				entry.Event, err = trail.DecodeEvent(v)
				return err
			})
			if err != nil {
				return fmt.Errorf("record %q: %w", it.Item().Key(), err)
			}
			switch {
			case q.Fits(entry.Event):
				page.Entries = append(page.Entries, entry)
			case q.LeavesOut(entry.Event):
				page.LeftOut++
			}
		}
		page.Next = ""
		return nil
	})
	if err != nil {
		return grant.AuditPage{}, err
	}
	return page, nil
}
