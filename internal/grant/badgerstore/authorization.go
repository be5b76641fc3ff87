package badgerstore

import (
	"context"
	"errors"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func (s *store) Consent(ctx context.Context, in grant.Authorization) (grant.Authorization, error) {
	var before, after grant.Authorization
	err := s.db.update(ctx, func(txn *badger.Txn) error {
		if err := s.db.room(); err != nil {
			return err
		}
		var err error
		before, err = s.loadLive(txn, in.Key())
		switch {
		case err == nil:
			after = renewed(before, in)
		case errors.Is(err, grant.ErrNotFound):
			before = grant.Authorization{}
			if after, err = s.created(txn, in); err != nil {
				return err
			}
		default:
			return err
		}
		if err := txn.Set(s.keys.live(after.Key()), []byte(after.ID)); err != nil {
			return err
		}
		if err := s.list(txn, after); err != nil {
			return err
		}
		if err := s.leave(txn, before, after.Connection, after.Connection.Since); err != nil {
			return err
		}
		return s.putAuthorization(txn, before, after)
	})
	if err != nil {
		return grant.Authorization{}, err
	}
	s.dropAuthorization(before, after)
	// Times come back as they are kept.
	return decodeAuthorizationUsed(after)
}

func decodeAuthorizationUsed(a grant.Authorization) (grant.Authorization, error) {
	kept, err := decodeAuthorization(encodeAuthorization(a))
	kept.LastUsedAt, kept.Uses = a.LastUsedAt, a.Uses
	return kept, err
}

// created is a fresh authorization made of in. An id that was used before is
// replaced: overwriting its record could revive what was revoked.
func (s *store) created(txn *badger.Txn, in grant.Authorization) (grant.Authorization, error) {
	a := in
	if a.ID == "" {
		a.ID = grant.NewID()
	}
	switch _, err := txn.Get(s.keys.key(kindAuthorization, a.ID)); {
	case err == nil:
		a.ID = grant.NewID()
	case !errors.Is(err, badger.ErrKeyNotFound):
		return a, err
	}
	if a.CreatedAt.IsZero() {
		a.CreatedAt = a.ConsentedAt
	}
	a.LastUsedAt, a.Uses, a.RevokedAt = time.Time{}, 0, time.Time{}
	if !a.Connection.Live() {
		a.Connection = grant.Connection{}
	}
	return a, nil
}

// renewed is old with what the person said anew.
func renewed(old, in grant.Authorization) grant.Authorization {
	old.Scope, old.ConsentDigest, old.ConsentedAt = in.Scope, in.ConsentDigest, in.ConsentedAt
	old.Login, old.Name = in.Login, in.Name
	if in.Connection.Live() {
		old.Connection = in.Connection
	}
	return old
}

func (s *store) Authorization(ctx context.Context, id string) (grant.Authorization, error) {
	a, err := s.authorization(ctx, id)
	return copyAuthorization(a), err
}

// authorization is shared with the cache: read it only.
func (s *store) authorization(ctx context.Context, id string) (grant.Authorization, error) {
	return cached(ctx, s, s.authorizations, id, func(txn *badger.Txn) (grant.Authorization, error) {
		return s.loadAuthorization(txn, id)
	})
}

func (s *store) FindAuthorization(ctx context.Context, application, subject, redirectURI string) (a grant.Authorization, err error) {
	key := grant.Authorization{Application: application, Subject: subject, RedirectURI: redirectURI}.Key()
	err = s.db.view(ctx, func(txn *badger.Txn) (err error) {
		a, err = s.loadLive(txn, key)
		return err
	})
	if err != nil {
		return grant.Authorization{}, err
	}
	return a, nil
}

// loadLive is the live authorization with that Key. The pointer to it may lead
// to a revoked one: that is none.
func (s *store) loadLive(txn *badger.Txn, key string) (grant.Authorization, error) {
	var id string
	err := get(txn, s.keys.live(key), func(v []byte) error {
		id = string(v)
		return nil
	})
	if err != nil {
		return grant.Authorization{}, err
	}
	a, err := s.seeAuthorization(txn, id)
	if err == nil && (!a.Live() || a.Key() != key) {
		err = grant.ErrNotFound
	}
	return a, err
}

func (s *store) AuthorizationsBySession(ctx context.Context, hash string) ([]grant.Authorization, error) {
	if hash == "" {
		return nil, ctx.Err()
	}
	ids, err := cached(ctx, s, s.sessions, hash, func(txn *badger.Txn) ([]string, error) {
		return s.indexed(txn, kindSession, hash)
	})
	if err != nil {
		return nil, err
	}
	return s.collect(ctx, ids, func(a grant.Authorization) bool { return a.Connection.Hash == hash })
}

func (s *store) AuthorizationsBySubject(ctx context.Context, subject string) ([]grant.Authorization, error) {
	if err := s.showUses(ctx); err != nil {
		return nil, err
	}
	var ids []string
	err := s.db.view(ctx, func(txn *badger.Txn) (err error) {
		ids, err = s.indexed(txn, kindSubject, subject)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.collect(ctx, ids, func(a grant.Authorization) bool { return a.Subject == subject })
}

func (s *store) indexed(txn *badger.Txn, kind, value string) (ids []string, err error) {
	err = scan(txn, s.keys.index(kind, value, ""), func(item *badger.Item) error {
		ids = append(ids, lastPart(item.Key()))
		return nil
	})
	return ids, err
}

// collect returns the live authorizations among ids that an index rightly
// leads to.
func (s *store) collect(ctx context.Context, ids []string, fits func(grant.Authorization) bool) ([]grant.Authorization, error) {
	var all []grant.Authorization
	for _, id := range ids {
		a, err := s.authorization(ctx, id)
		if errors.Is(err, grant.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if a.Live() && fits(a) {
			all = append(all, copyAuthorization(a))
		}
	}
	return all, nil
}

func (s *store) UpdateConnection(ctx context.Context, id, from string, to grant.Connection) error {
	now := to.Since
	if !to.EndedAt.IsZero() {
		now = to.EndedAt
	}
	return s.change(ctx, id, now, func(a *grant.Authorization) error {
		if !a.Live() {
			return grant.ErrEnded
		}
		if a.Connection.Hash != from {
			return grant.ErrStale
		}
		a.Connection = to
		return nil
	})
}

// RevokeAuthorization writes no token set: its token sets end with
// it because every reading of a token set asks its authorization.
func (s *store) RevokeAuthorization(ctx context.Context, id string, now time.Time) error {
	return s.change(ctx, id, now, func(a *grant.Authorization) error {
		if !a.Live() {
			return errUnchanged
		}
		*a = a.Revoked(now)
		return nil
	})
}

// errUnchanged ends a change that has nothing to do.
var errUnchanged = errors.New("nothing to change")

// change rewrites one authorization at that time.
func (s *store) change(ctx context.Context, id string, now time.Time, edit func(*grant.Authorization) error) error {
	var before, after grant.Authorization
	err := s.db.update(ctx, func(txn *badger.Txn) error {
		var err error
		if before, err = s.seeAuthorization(txn, id); err != nil {
			return err
		}
		after = before
		if err := edit(&after); err != nil {
			after = before
			if errors.Is(err, errUnchanged) {
				return nil
			}
			return err
		}
		if !after.Live() {
			if err := s.unlist(txn, after); err != nil {
				return err
			}
		}
		if err := s.leave(txn, before, after.Connection, now); err != nil {
			return err
		}
		return s.putAuthorization(txn, before, after)
	})
	if err == nil {
		s.dropAuthorization(before, after)
	}
	return err
}

// putAuthorization writes a record and moves its session index.
func (s *store) putAuthorization(txn *badger.Txn, before, after grant.Authorization) error {
	if was, is := before.Connection.Hash, after.Connection.Hash; was != is {
		if was != "" {
			if err := txn.Delete(s.keys.index(kindSession, was, after.ID)); err != nil {
				return err
			}
		}
		if is != "" {
			if err := txn.Set(s.keys.index(kindSession, is, after.ID), nil); err != nil {
				return err
			}
		}
	}
	return txn.Set(s.keys.key(kindAuthorization, after.ID), encodeAuthorization(after))
}

// dropAuthorization forgets what a committed change made stale.
func (s *store) dropAuthorization(before, after grant.Authorization) {
	s.authorizations.Drop(after.ID)
	for _, hash := range []string{before.Connection.Hash, after.Connection.Hash} {
		if hash != "" {
			s.sessions.Drop(hash)
		}
	}
}
