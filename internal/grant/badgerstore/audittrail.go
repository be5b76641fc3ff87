package badgerstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// trail is what waits to be written of the audit trail of one gateway.
type trail struct {
	mu      sync.Mutex
	waiting []waitingEvent
	dropped int
	// last is the time in the key of the newest event: keys never go back, over
	// restarts either, so that the order of the trail is that of the calls.
	last stamp
	// writing keeps batches in their order, and end how far they go; nil is not
	// read yet.
	writing sync.Mutex
	end     *end
}

type waitingEvent struct {
	key   []byte
	value []byte
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
	t.waiting = append(t.waiting, s.waiting(e, until))
	if len(t.waiting) == grant.AuditBacklog/2 {
		select {
		case s.db.full <- struct{}{}:
		default:
		}
	}
}

// waiting encodes an event under the next key of the trail.
func (s *store) waiting(e audit.Event, until time.Time) waitingEvent {
	at := max(toStamp(e.Time), s.trail.last+1)
	s.trail.last = at
	place := strings.Replace(newestFirst(at.time(), grant.NewID()), "/", auditSeparator, 1)
	return waitingEvent{key: s.keys.key(kindAudit, place), value: encodeEvent(e), until: until}
}

// newestPlace is the time in the key of the newest event that is stored; 0 where
// there is none, and where the store can not be read.
func (s *store) newestPlace() (at stamp) {
	prefix := s.keys.key(kindAudit, "")
	_ = s.db.view(context.Background(), func(txn *badger.Txn) error {
		opts := badger.DefaultIteratorOptions
		opts.Prefix, opts.PrefetchValues = prefix, false
		it := txn.NewIterator(opts)
		defer it.Close()
		if it.Rewind(); it.Valid() {
			at = toStamp(placeTime(string(it.Item().Key()[len(prefix):])))
		}
		return nil
	})
	return at
}

// placeTime is the time in the id of an entry, the zero time where it has none.
func placeTime(id string) time.Time {
	text, _, _ := strings.Cut(id, auditSeparator)
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil || n > math.MaxInt64 {
		return time.Time{}
	}
	return stamp(math.MaxInt64 - n).time()
}

// auditSeparator parts the time from the random end in the id of an entry.
const auditSeparator = "."

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
		batch = append(slices.Clip(waiting), s.waiting(audit.Event{
			Time: t.last.time(), Kind: audit.EventsDropped, Detail: map[string]string{"count": strconv.Itoa(dropped)},
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
	if s.db.room() != nil {
		return nil // as in flush
	}
	return s.db.outcome(s.flushTrail())
}

// writeTrail is called by whoever holds writing.
func (s *store) writeTrail(waiting []waitingEvent) error {
	t := &s.trail
	if t.end == nil {
		var last end
		err := s.db.badger.View(func(txn *badger.Txn) (err error) {
			last, _, err = s.loadEnd(txn)
			return err
		})
		if err != nil {
			return err
		}
		// The record comes before the first event: where it is missing later,
		// somebody has taken it away.
		if err := s.db.badger.Update(func(txn *badger.Txn) error { return s.storeEnd(txn.Set, last) }); err != nil {
			return err
		}
		t.end = &last
	}
	batch := s.db.badger.NewWriteBatch()
	defer batch.Cancel()
	last := *t.end
	for _, w := range waiting {
		var value []byte
		value, last = s.linked(last, w)
		entry := badger.NewEntry(w.key, value)
		entry.ExpiresAt = expiry(w.until)
		if err := batch.SetEntry(entry); err != nil {
			return err
		}
	}
	if err := s.storeEnd(batch.Set, last); err != nil {
		return err
	}
	if err := batch.Flush(); err != nil {
		return err
	}
	t.end = &last
	return nil
}

func (s *store) AuditTrail(ctx context.Context, q grant.AuditQuery) (grant.AuditPage, error) {
	prefix := s.keys.key(kindAudit, "")
	from := prefix
	if q.After != "" {
		if !isPlace(q.After) {
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
				entry.Event, err = decodeEvent(v)
				return err
			})
			if err != nil {
				return fmt.Errorf("record %q: %w", it.Item().Key(), err)
			}
			if q.Fits(entry.Event) {
				page.Entries = append(page.Entries, entry)
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

// isPlace tells whether a text may be the id of an entry.
func isPlace(id string) bool {
	at, end, ok := strings.Cut(id, auditSeparator)
	_, err := strconv.ParseUint(at, 16, 64)
	return ok && err == nil && len(at) == 16 && end != "" && len(end) < 64 && !strings.ContainsAny(end, "/\x00")
}

type eventRecord struct {
	Time          int64             `json:"t"` // nanoseconds since 1970
	Kind          string            `json:"k"`
	Gateway       string            `json:"gw,omitempty"`
	Application   string            `json:"app,omitempty"`
	Subject       string            `json:"sub,omitempty"`
	Authorization string            `json:"az,omitempty"`
	TokenSet      string            `json:"ts,omitempty"`
	RequestID     string            `json:"rq,omitempty"`
	Address       string            `json:"ip,omitempty"`
	UserAgent     string            `json:"ua,omitempty"`
	Detail        map[string]string `json:"d,omitempty"`
}

func encodeEvent(e audit.Event) []byte {
	return encode(eventRecord{
		Time: e.Time.UnixNano(), Kind: string(e.Kind), Gateway: e.Gateway, Application: e.Application, Subject: e.Subject,
		Authorization: e.Authorization, TokenSet: e.TokenSet, RequestID: e.RequestID, Address: e.Address, UserAgent: e.UserAgent, Detail: e.Detail,
	})
}

func decodeEvent(value []byte) (audit.Event, error) {
	var r eventRecord
	_, value, _ = cutLink(value)
	if err := decode(value, &r); err != nil {
		return audit.Event{}, err
	}
	return audit.Event{
		Time: time.Unix(0, r.Time).UTC(), Kind: audit.Kind(r.Kind), Gateway: r.Gateway, Application: r.Application, Subject: r.Subject,
		Authorization: r.Authorization, TokenSet: r.TokenSet, RequestID: r.RequestID, Address: r.Address, UserAgent: r.UserAgent, Detail: r.Detail,
	}, nil
}
