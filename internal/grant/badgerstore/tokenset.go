package badgerstore

import (
	"context"
	"errors"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func (s *store) IssueTokenSet(ctx context.Context, t grant.TokenSet) error {
	if t.ExpiresAt.IsZero() {
		return errors.New("grant: a token set without refresh tokens needs an end")
	}
	return s.db.update(ctx, func(txn *badger.Txn) error {
		if err := s.db.room(); err != nil {
			return err
		}
		a, err := s.seeAuthorization(txn, t.Authorization)
		if err != nil {
			return err
		}
		if !a.Live() {
			return grant.ErrEnded
		}
		set := t
		set.Application, set.RedirectURI, set.FamilyKey = a.Application, "", nil
		set.EndedAt, set.EndReason, set.RefreshUntil = time.Time{}, "", time.Time{}
		return s.putNewTokenSet(txn, set)
	})
}

func (s *store) putNewTokenSet(txn *badger.Txn, t grant.TokenSet) error {
	if err := txn.Set(s.setsOf(t), nil); err != nil {
		return err
	}
	return s.putNew(txn, s.keys.key(kindTokenSet, t.ID), encodeTokenSet(t))
}

func (s *store) TokenSet(ctx context.Context, id string) (grant.TokenSet, error) {
	t, err := s.tokenSet(ctx, id)
	if err != nil {
		return grant.TokenSet{}, err
	}
	a, err := s.authorization(ctx, t.Authorization)
	if err == nil && t.Live() && !a.Live() {
		// It may have ended between the two readings, and then the authorization
		// been revoked: the first reason counts. Now it can change no more.
		t, err = s.tokenSet(ctx, id)
	}
	if err != nil {
		return grant.TokenSet{}, err
	}
	return withAuthorization(copyTokenSet(t), a), nil
}

// tokenSet is shared with the cache: read it only.
func (s *store) tokenSet(ctx context.Context, id string) (grant.TokenSet, error) {
	return cached(ctx, s, s.tokenSets, id, func(txn *badger.Txn) (grant.TokenSet, error) {
		return s.loadTokenSet(txn, id)
	})
}

// withAuthorization is a token set as it stands given its authorization: one
// that is revoked ends all of its token sets.
func withAuthorization(t grant.TokenSet, a grant.Authorization) grant.TokenSet {
	if t.Live() && !a.Live() {
		t.EndedAt, t.EndReason = a.RevokedAt, "revoked"
	}
	return t
}

func (s *store) RefreshToken(ctx context.Context, hash string) (grant.RefreshToken, grant.TokenSet, error) {
	var r grant.RefreshToken
	var t grant.TokenSet
	err := s.db.view(ctx, func(txn *badger.Txn) (err error) {
		if r, err = s.loadRefresh(txn, hash); err != nil {
			return err
		}
		t, err = s.seeTokenSet(txn, r.TokenSet)
		return err
	})
	if err != nil {
		return grant.RefreshToken{}, grant.TokenSet{}, err
	}
	return r, t, nil
}

func (s *store) currentTokenSet(txn *badger.Txn, id string) (grant.TokenSet, error) {
	t, err := s.loadTokenSet(txn, id)
	if err != nil {
		return t, err
	}
	a, err := s.loadAuthorization(txn, t.Authorization)
	return withAuthorization(t, a), err
}

func (s *store) Rotate(ctx context.Context, r grant.Rotation) (grant.RefreshToken, error) {
	var (
		child   grant.RefreshToken
		changed string // the token set, where its record is another now
		refusal error
	)
	err := s.db.update(ctx, func(txn *badger.Txn) error {
		child, changed, refusal = grant.RefreshToken{}, "", nil
		parent, err := s.loadRefresh(txn, r.Hash)
		if err != nil {
			return err
		}
		set, err := s.seeTokenSet(txn, parent.TokenSet)
		if err != nil {
			return err
		}
		switch {
		case set.Application != r.Application:
			return grant.ErrWrongApplication
		case !set.Live():
			return grant.ErrEnded
		case !parent.ExpiresAt.IsZero() && !r.Now.Before(parent.ExpiresAt):
			return grant.ErrExpired
		case parent.RotatedAt.IsZero():
			if err := s.rotate(txn, parent, r, &child); err != nil || child.ExpiresAt.Equal(set.RefreshUntil) {
				return err
			}
			set.RefreshUntil, changed = child.ExpiresAt, set.ID
			return txn.Set(s.keys.key(kindTokenSet, set.ID), encodeTokenSet(set))
		case r.Now.Sub(parent.RotatedAt) > r.Grace:
			refusal = grant.ErrReused
			_, changed, err = s.endTokenSet(txn, set.ID, "refresh_reuse", r.Now)
			return err
		}
		child, err = s.loadRefresh(txn, parent.Child)
		return err
	})
	if err == nil {
		err = refusal
	}
	if changed != "" {
		s.tokenSets.Drop(changed)
	}
	if err != nil {
		return grant.RefreshToken{}, err
	}
	return child, nil
}

func (s *store) rotate(txn *badger.Txn, parent grant.RefreshToken, r grant.Rotation, child *grant.RefreshToken) error {
	if err := s.db.room(); err != nil {
		return err
	}
	next := r.Child
	next.TokenSet, next.RotatedAt, next.Child = parent.TokenSet, time.Time{}, ""
	parent.RotatedAt, parent.Child = r.Now, next.Hash
	value := encodeRefresh(next)
	if err := s.putNew(txn, s.keys.key(kindRefresh, next.Hash), value); err != nil {
		return err
	}
	var err error
	if *child, err = decodeRefresh(next.Hash, value); err != nil { // times as they are kept
		return err
	}
	return txn.Set(s.keys.key(kindRefresh, parent.Hash), encodeRefresh(parent))
}

func (s *store) EndTokenSet(ctx context.Context, id, reason string, now time.Time) error {
	var ended string
	err := s.db.update(ctx, func(txn *badger.Txn) (err error) {
		_, ended, err = s.endTokenSet(txn, id, reason, now)
		return err
	})
	if err == nil && ended != "" {
		s.tokenSets.Drop(ended)
	}
	return err
}

// endTokenSet ends a live token set and keeps what ended before as it is. It
// returns the set as it stands, and its id where this call has changed it.
func (s *store) endTokenSet(txn *badger.Txn, id, reason string, now time.Time) (t grant.TokenSet, changed string, err error) {
	if t, err = s.seeTokenSet(txn, id); err != nil || !t.Live() {
		return t, "", err
	}
	t.EndedAt, t.EndReason = now, reason
	return t, id, txn.Set(s.keys.key(kindTokenSet, id), encodeTokenSet(t))
}
