package badgerstore

import (
	"context"
	"errors"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func (s *store) IssueCode(ctx context.Context, c grant.Code) error {
	return s.db.update(ctx, func(txn *badger.Txn) error {
		if err := s.db.room(); err != nil {
			return err
		}
		a, err := s.seeAuthorization(txn, c.Authorization)
		if err != nil {
			return err
		}
		if !a.Live() {
			return grant.ErrEnded
		}
		switch _, err := s.loadCode(txn, c.Hash); {
		case err == nil:
			return grant.ErrStale
		case !errors.Is(err, grant.ErrNotFound):
			return err
		}
		c.ConsumedAt, c.TokenSet = time.Time{}, ""
		if !c.RetainUntil.IsZero() {
			for _, key := range s.auditCode(c) {
				if err := txn.Set(key, nil); err != nil {
					return err
				}
			}
		}
		return txn.Set(s.keys.key(kindCode, c.Hash), encodeCode(c))
	})
}

func (s *store) RedeemCode(ctx context.Context, r grant.Redemption) (grant.TokenSet, grant.Authorization, error) {
	var (
		set   grant.TokenSet
		a     grant.Authorization
		ended string // id of a token set that this call has ended
		// refusal is an answer that is committed together with its consequence.
		refusal error
	)
	err := s.db.update(ctx, func(txn *badger.Txn) error {
		set, a, ended, refusal = grant.TokenSet{}, grant.Authorization{}, "", nil
		code, err := s.loadCode(txn, r.Hash)
		if err != nil {
			return err
		}
		if code.Application != r.Application {
			return grant.ErrWrongApplication
		}
		if !code.ConsumedAt.IsZero() {
			refusal = grant.ErrConsumed
			if code.TokenSet == "" || !r.Passes(code) {
				return nil
			}
			set, ended, err = s.endTokenSet(txn, code.TokenSet, "code_replay", r.Now)
			if errors.Is(err, grant.ErrNotFound) {
				err = nil // it has ended long ago; the code is kept for audit
			}
			return err
		}
		if !r.Now.Before(code.ExpiresAt) {
			return grant.ErrExpired
		}
		if a, err = s.seeAuthorization(txn, code.Authorization); err != nil {
			return err
		}
		if !a.Live() {
			return grant.ErrEnded
		}
		if r.Check != nil {
			if err := r.Check(code); err != nil {
				refusal = errors.Join(grant.ErrBurnt, err)
				code.ConsumedAt = r.Now
				return txn.Set(s.keys.key(kindCode, r.Hash), encodeCode(code))
			}
		}
		if err := s.db.room(); err != nil {
			return err
		}
		set = r.TokenSet
		set.Authorization, set.Application = code.Authorization, code.Application
		set.RedirectURI, set.Scope = code.RedirectURI, code.Scope
		set.EndedAt, set.EndReason, set.ExpiresAt = time.Time{}, "", time.Time{}
		code.ConsumedAt, code.TokenSet = r.Now, set.ID
		refresh := r.Refresh
		refresh.TokenSet, refresh.RotatedAt, refresh.Child = set.ID, time.Time{}, ""
		set.RefreshUntil = refresh.ExpiresAt
		if err := s.putNewTokenSet(txn, set); err != nil {
			return err
		}
		if err := s.putNew(txn, s.keys.key(kindRefresh, refresh.Hash), encodeRefresh(refresh)); err != nil {
			return err
		}
		return txn.Set(s.keys.key(kindCode, r.Hash), encodeCode(code))
	})
	if err != nil {
		return grant.TokenSet{}, grant.Authorization{}, err
	}
	if ended != "" {
		s.tokenSets.Drop(ended)
	}
	if refusal != nil {
		return set, grant.Authorization{}, refusal
	}
	set, err = decodeTokenSet(set.ID, encodeTokenSet(set)) // times as they are kept
	return set, a, err
}

// putNew writes a record whose key must be free: a random id that is taken
// means a caller's mistake, and overwriting could revive what has ended.
func (s *store) putNew(txn *badger.Txn, key, value []byte) error {
	switch _, err := txn.Get(key); {
	case err == nil:
		return grant.ErrStale
	case !errors.Is(err, badger.ErrKeyNotFound):
		return err
	}
	return txn.Set(key, value)
}
