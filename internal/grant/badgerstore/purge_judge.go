package badgerstore

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

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
	case kindAuthorization:
		gone, err := p.authorization(s, id)
		if gone {
			d.authorizations = append(d.authorizations, doomedRecord{s.keys, id})
		}
		return err
	case kindCode:
		gone, err = p.code(s, id)
	case kindRefresh:
		gone, err = p.refresh(s, id)
	case kindTokenSet:
		gone, err = p.tokenSet(s, id)
		if gone {
			d.sets = append(d.sets, doomedRecord{s.keys, id})
		}
	case kindAuditCode:
		gone, err = p.listedCode(s, id)
	case kindSetsOf:
		gone, err = p.tokenSet(s, id)
	case kindKeyRemoval, kindRemovalsOf:
		gone, err = p.keyRemoval(s, id)
	}
	if err != nil || !gone {
		return err
	}
	d.keys = append(d.keys, bytes.Clone(item.Key()))
	switch parts[1] {
	case kindAuditCode, kindSetsOf, kindRemovalsOf: // indexes
	default:
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
		if c.TokenSet == "" && c.ExpiresAt.Add(grant.UnusedCodeKept).Before(p.now) {
			return true, nil // it has produced nothing that a replay could end
		}
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

// authorization tells whether an authorization was revoked long ago.
func (p purger) authorization(s *store, id string) (bool, error) {
	a, err := s.loadAuthorization(p.txn, id)
	return err == nil && !a.Live() && a.RevokedAt.Before(p.before), err
}

// keyRemoval tells whether a key that was to be removed has ended long ago, and
// the gateway, which is not configured any more, has not noticed.
func (p purger) keyRemoval(s *store, id string) (bool, error) {
	k, err := s.loadKeyRemoval(p.txn, id)
	if errors.Is(err, grant.ErrNotFound) {
		return true, nil
	}
	return err == nil && !k.KeyEndsAt.IsZero() && k.KeyEndsAt.Before(p.before), err
}

// tokenSet tells whether a token set, and its place in the listing, goes.
func (p purger) tokenSet(s *store, id string) (bool, error) {
	t, err := s.currentTokenSet(p.txn, id)
	switch {
	case errors.Is(err, grant.ErrNotFound): // it, or its authorization
		return true, nil
	case err != nil:
		return false, err
	case !t.ExpiresAt.IsZero():
		return !p.now.Before(t.ExpiresAt), nil
	}
	return p.over(t, p.before), nil
}

// over tells whether a token set with refresh tokens was ended before that time,
// or the last of them long ago.
func (p purger) over(t grant.TokenSet, before time.Time) bool {
	if !t.Live() {
		return t.EndedAt.Before(before)
	}
	return !t.RefreshUntil.IsZero() && t.RefreshUntil.Before(p.before)
}

// ended is over of the token set with that id: "" is of a code that produced
// none, and one that is missing has gone before.
func (p purger) ended(s *store, id string, before time.Time) (bool, error) {
	if id == "" {
		return true, nil
	}
	t, err := s.currentTokenSet(p.txn, id)
	if errors.Is(err, grant.ErrNotFound) {
		return true, nil
	}
	return err == nil && p.over(t, before), err
}
