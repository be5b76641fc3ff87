package badgerstore

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// Each event of the audit trail carries a link to the one before it, with a code
// that only a holder of the sealing key can make. Whoever changes an event,
// takes one out or puts one in without that key breaks a link. The end of the
// trail stands in a record of its own, so that nobody takes the newest ones away
// either.

// link stands before an event's text in its record.
type link struct {
	// number counts the events of a gateway, from 1.
	number uint64
	// beforeUntil is when the event before may go, in seconds since 1970, and
	// before its code.
	beforeUntil uint64
	before      [sha256.Size]byte
	code        [sha256.Size]byte
}

const (
	linkVersion = 1 // no JSON begins with it
	linkSize    = 1 + 8 + 8 + 2*sha256.Size
)

func (l link) encode() []byte {
	b := make([]byte, 0, linkSize)
	b = append(b, linkVersion)
	b = binary.BigEndian.AppendUint64(b, l.number)
	b = binary.BigEndian.AppendUint64(b, l.beforeUntil)
	b = append(b, l.before[:]...)
	return append(b, l.code[:]...)
}

// cutLink parts a record into link and text; linked is false for those that
// earlier versions have written.
func cutLink(value []byte) (l link, text []byte, linked bool) {
	if len(value) < linkSize || value[0] != linkVersion {
		return link{}, value, false
	}
	b := value[1:]
	l.number, l.beforeUntil = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	copy(l.before[:], b[16:])
	copy(l.code[:], b[16+sha256.Size:])
	return l, value[linkSize:], true
}

// end is how far the trail of a gateway goes.
type end struct {
	Number uint64 `json:"n"`
	Until  uint64 `json:"u"` // of the newest event, as in link
	Code   []byte `json:"c"`
}

// linked returns the value of the next event, and the end behind it.
func (s *store) linked(e end, w waitingEvent) ([]byte, end) {
	l := link{number: e.Number + 1, beforeUntil: e.Until}
	copy(l.before[:], e.Code)
	until := expiry(w.until)
	l.code = s.linkCode(l, w.key, until, w.value)
	return append(l.encode(), w.value...), end{Number: l.number, Until: until, Code: l.code[:]}
}

// expiry is the time to live of an event as Badger has it.
func expiry(until time.Time) uint64 { return uint64(max(until.Unix(), 1)) } // 0 would be for ever

// linkCode is the code of an event, whatever stands as one in l.
func (s *store) linkCode(l link, key []byte, until uint64, text []byte) (code [sha256.Size]byte) {
	l.code = code
	m := hmac.New(sha256.New, s.db.opts.Seal.Derive("audit trail\x00"+string(s.keys)))
	m.Write(l.encode())
	m.Write(binary.BigEndian.AppendUint64(nil, until))
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(len(key))))
	m.Write(key)
	m.Write(text)
	m.Sum(code[:0])
	return code
}

func (s *store) endKey() []byte { return s.keys.key(kindAuditEnd, "") }

func (s *store) endAssociated() string { return "audit trail end\x00" + string(s.keys) }

// loadEnd reads the end of the trail. That of the newest event counts where it is
// behind the record of it: a crash may have come between the two. Where there are
// events and no record of their end, somebody has taken it away, and maybe the
// newest events with it: the trail then goes on behind a gap. kept says that
// there is an end.
func (s *store) loadEnd(txn *badger.Txn) (e end, kept bool, err error) {
	err = get(txn, s.endKey(), func(v []byte) error {
		plain, err := s.db.opts.Seal.Open(v, s.endAssociated())
		if err != nil {
			return err
		}
		return decode(plain, &e)
	})
	kept = err == nil
	if err != nil && !errors.Is(err, grant.ErrNotFound) {
		return e, false, err
	}
	opts := badger.DefaultIteratorOptions
	opts.Prefix, opts.PrefetchSize = s.keys.key(kindAudit, ""), 1
	it := txn.NewIterator(opts)
	defer it.Close()
	if it.Rewind(); !it.Valid() {
		return e, kept, nil
	}
	item, recorded := it.Item(), kept
	err = item.Value(func(v []byte) error {
		l, text, linked := cutLink(v)
		if linked && l.number > e.Number && s.linkCode(l, item.Key(), item.ExpiresAt(), text) == l.code {
			e = end{Number: l.number, Until: item.ExpiresAt(), Code: l.code[:]}
			if !recorded {
				e.Number, e.Code, kept = e.Number+1, nil, true
			}
		}
		return nil
	})
	return e, kept, err
}

// storeEnd writes the record of the end.
func (s *store) storeEnd(set func(key, value []byte) error, e end) error {
	return set(s.endKey(), s.db.opts.Seal.Seal(encode(e), s.endAssociated()))
}

// maxFindings is how many findings are told.
const maxFindings = 100

// VerifyAudit implements grant.Store.
func (s *store) VerifyAudit(ctx context.Context, now time.Time) (grant.AuditVerdict, error) {
	var v grant.AuditVerdict
	if err := s.writeWaiting(ctx); err != nil {
		return v, err
	}
	leave, err := s.db.enter(ctx)
	if err != nil {
		return v, err
	}
	defer leave()
	// Nothing is written meanwhile, of which one part could be seen alone.
	s.trail.writing.Lock()
	defer s.trail.writing.Unlock()
	err = s.db.badger.View(func(txn *badger.Txn) error {
		last, kept, err := s.loadEnd(txn)
		if err != nil {
			return fmt.Errorf("end of the audit trail: %w", err)
		}
		w := verifier{store: s, now: uint64(now.Unix()), verdict: &v}
		if kept {
			w.next = &link{number: last.Number + 1, beforeUntil: last.Until}
			copy(w.next.before[:], last.Code)
		}
		prefix := s.keys.key(kindAudit, "")
		opts := badger.DefaultIteratorOptions
		opts.Prefix = prefix
		it := txn.NewIterator(opts)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			item := it.Item()
			err := item.Value(func(value []byte) error {
				w.look(item.Key(), string(item.Key()[len(prefix):]), item.ExpiresAt(), value)
				return nil
			})
			if err != nil {
				return err
			}
		}
		w.gap("")
		return nil
	})
	if ctx.Err() != nil {
		return v, ctx.Err()
	}
	return v, s.db.outcome(err)
}

// verifier walks through a trail, the newest first.
type verifier struct {
	store   *store
	now     uint64
	next    *link // of the event behind the one that is looked at; nil is none
	verdict *grant.AuditVerdict
}

func (w *verifier) look(key []byte, id string, until uint64, value []byte) {
	l, text, linked := cutLink(value)
	switch {
	case !linked && w.next != nil && w.next.number > 1 && w.next.beforeUntil > w.now:
		w.find(id, grant.AuditForeign)
		return
	case !linked:
		w.verdict.Unlinked++
		return
	}
	if w.store.linkCode(l, key, until, text) != l.code {
		w.find(id, grant.AuditChanged)
		w.next = nil // one finding is enough
		return
	}
	if w.next != nil && (w.next.number != l.number+1 || !bytes.Equal(w.next.before[:], l.code[:])) {
		w.gap(id)
	}
	w.verdict.Verified++
	w.next = &l
}

// gap looks whether the events before the next one have come to their end: that
// is known of the one right before it, and the others are older.
func (w *verifier) gap(id string) {
	if w.next != nil && w.next.number > 1 && w.next.beforeUntil > w.now {
		w.find(id, grant.AuditMissing)
	}
}

func (w *verifier) find(id, what string) {
	w.verdict.Broken++
	if len(w.verdict.Findings) < maxFindings {
		w.verdict.Findings = append(w.verdict.Findings, grant.AuditFinding{ID: id, Time: placeTime(id), What: what})
	}
}
