package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/trail"
)

// waiting is what waits to be written of the audit trail of one gateway. Events of
// all nodes get their places when they are written, under the lock of the trail's
// end: batches of one node stay in their order, and links have one.
type waiting struct {
	mu      sync.Mutex
	events  []waitingEvent
	dropped int
	// writing keeps batches in their order.
	writing sync.Mutex
}

type waitingEvent struct {
	at    time.Time
	text  []byte
	until time.Time
}

// Audit remembers; background writes.
func (s *store) Audit(e audit.Event, until time.Time) {
	if s.db.closed.Load() {
		return
	}
	w := &s.waiting
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.events) >= grant.AuditBacklog {
		w.dropped++
		return
	}
	w.events = append(w.events, waitingEvent{at: e.Time, text: trail.EncodeEvent(e), until: until})
	if len(w.events) == grant.AuditBacklog/2 {
		select {
		case s.db.full <- struct{}{}:
		default:
		}
	}
}

// flushTrail writes the events that wait. What could not be written waits on,
// as far as there is room: the later ones are counted.
func (s *store) flushTrail(ctx context.Context) error {
	w := &s.waiting
	w.writing.Lock()
	defer w.writing.Unlock()
	w.mu.Lock()
	events, dropped := w.events, w.dropped
	w.events, w.dropped = nil, 0
	w.mu.Unlock()
	if len(events) == 0 {
		return nil
	}
	batch := events
	if dropped > 0 {
		last := events[len(events)-1]
		batch = append(slices.Clip(events), waitingEvent{at: last.at, until: last.until, text: trail.EncodeEvent(audit.Event{
			Time: last.at, Kind: audit.EventsDropped, Detail: map[string]string{"count": strconv.Itoa(dropped)},
		})})
	}
	if err := s.writeTrail(ctx, batch); err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		all := append(events, w.events...)
		w.events = all[:min(len(all), grant.AuditBacklog)]
		w.dropped += dropped + len(all) - len(w.events)
		return fmt.Errorf("%d events of the audit trail: %w", len(events), err)
	}
	return nil
}

// writeTrail ties the events to the end of the trail. Whether an uncertain commit
// has come about is seen by the first of them.
func (s *store) writeTrail(ctx context.Context, batch []waitingEvent) error {
	var first string // place of the run before
	return s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, again bool) error {
		if _, err := tx.Exec(ctx, `INSERT INTO audit_ends (gateway) VALUES ($1) ON CONFLICT DO NOTHING`, s.gateway); err != nil {
			return err
		}
		last, newest, _, err := s.loadEnd(ctx, tx, `FOR UPDATE`)
		if err != nil {
			return err
		}
		if again {
			var there bool
			err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM audit_events WHERE gateway = $1 AND place = $2)`, s.gateway, first).Scan(&there)
			if err != nil || there {
				return err
			}
		}
		places, untils, values := make([]string, len(batch)), make([]int64, len(batch)), make([][]byte, len(batch))
		at := trail.PlaceTime(newest)
		for i, e := range batch {
			if next := at.Add(time.Microsecond); e.at.Truncate(time.Microsecond).After(next) || at.IsZero() {
				at = e.at
			} else {
				at = next
			}
			places[i] = trail.Place(at)
			untils[i] = int64(trail.Expiry(e.until))
			values[i], last = s.chain.Next(last, places[i], e.until, e.text)
		}
		first = places[0]
		_, err = tx.Exec(ctx, `INSERT INTO audit_events (gateway, place, until, value)
			SELECT $1, p, u, v FROM unnest($2::text[], $3::bigint[], $4::bytea[]) AS more (p, u, v)`, s.gateway, places, untils, values)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE audit_ends SET sealed = $2 WHERE gateway = $1`, s.gateway, s.chain.SealEnd(last))
		return err
	})
}

// loadEnd reads the end of the trail, and the place of the newest event. kept says
// that there is an end: see trail.Chain.Later.
func (s *store) loadEnd(ctx context.Context, q querier, lock string) (e trail.End, newest string, kept bool, err error) {
	var sealed []byte
	err = q.QueryRow(ctx, `SELECT sealed FROM audit_ends WHERE gateway = $1 `+lock, s.gateway).Scan(&sealed)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return e, "", false, err
	}
	if kept = len(sealed) > 0; kept {
		if e, err = s.chain.OpenEnd(sealed); err != nil {
			return e, "", false, fmt.Errorf("end of the audit trail: %w", err)
		}
	}
	var until int64
	var value []byte
	err = q.QueryRow(ctx, `SELECT place, until, value FROM audit_events WHERE gateway = $1 ORDER BY place LIMIT 1`, s.gateway).Scan(&newest, &until, &value)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return e, "", kept, nil
	case err != nil:
		return e, "", false, err
	}
	e, kept = s.chain.Later(e, kept, newest, uint64(until), value)
	return e, newest, kept, nil
}

// entry is an event as it is kept.
type entry struct {
	place string
	until int64
	value []byte
}

func scanEntry(r row) (e entry, err error) { return e, r.Scan(&e.place, &e.until, &e.value) }

// entriesAtOnce is how many events are read at once.
const entriesAtOnce = 1000

// walk calls each for the events behind a place whose time is not over by the wall
// clock, the newest first, until it says stop.
func (s *store) walk(ctx context.Context, q querier, after string, each func(entry) (stop bool, err error)) error {
	for {
		rows, err := q.Query(ctx, `SELECT place, until, value FROM audit_events WHERE gateway = $1 AND place > $2 AND until > $3 ORDER BY place LIMIT $4`,
			s.gateway, after, time.Now().Unix(), entriesAtOnce)
		list, err := all(rows, err, scanEntry)
		if err != nil {
			return err
		}
		for _, e := range list {
			if stop, err := each(e); stop || err != nil {
				return err
			}
			after = e.place
		}
		if len(list) < entriesAtOnce {
			return nil
		}
	}
}

func (s *store) AuditTrail(ctx context.Context, q grant.AuditQuery) (grant.AuditPage, error) {
	if q.After != "" && (!trail.IsPlace(q.After) || !storable(q.After)) {
		return grant.AuditPage{}, grant.ErrNotFound
	}
	if err := s.flushTrail(ctx); err != nil {
		return grant.AuditPage{}, s.db.outcome(ctx, err)
	}
	var page grant.AuditPage
	err := s.db.view(ctx, func(ctx context.Context, db querier) error {
		page = grant.AuditPage{}
		looked, more := 0, false
		err := s.walk(ctx, db, q.After, func(e entry) (stop bool, err error) {
			if len(page.Entries) == grant.Page(q.Limit) || looked == grant.AuditLooks {
				more = true // Next stays
				return true, nil
			}
			looked++
			page.Next = e.place
			event, err := trail.DecodeEvent(e.value)
			switch {
			case err != nil:
			case q.Fits(event):
				page.Entries = append(page.Entries, grant.AuditEntry{ID: e.place, Event: event})
			case q.LeavesOut(event):
				page.LeftOut++
			}
			return false, err
		})
		if !more {
			page.Next = ""
		}
		return err
	})
	if err != nil {
		return grant.AuditPage{}, err
	}
	return page, nil
}

// VerifyAudit implements grant.Store.
func (s *store) VerifyAudit(ctx context.Context, now time.Time) (v grant.AuditVerdict, err error) {
	if err := s.flushTrail(ctx); err != nil {
		return v, s.db.outcome(ctx, err)
	}
	// Of what is written meanwhile no part is seen alone.
	err = s.db.long(ctx, func(ctx context.Context, q querier) error {
		v = grant.AuditVerdict{}
		last, _, kept, err := s.loadEnd(ctx, q, "")
		if err != nil {
			return err
		}
		w := s.chain.Verifier(last, kept, uint64(now.Unix()), &v)
		err = s.walk(ctx, q, "", func(e entry) (bool, error) {
			w.Look(e.place, uint64(e.until), e.value)
			return false, nil
		})
		if err == nil {
			w.Done()
		}
		return err
	})
	return v, err
}
