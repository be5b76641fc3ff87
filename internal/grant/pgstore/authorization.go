package pgstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// liveKey stands for what an authorization is for: that may be long.
func liveKey(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

// loadAuthorization reads one; lock is how its row is locked, "" is not.
func (s *store) loadAuthorization(ctx context.Context, q querier, id, lock string) (grant.Authorization, error) {
	a, err := scanAuthorization(q.QueryRow(ctx, `SELECT `+authorizationColumns+fromAuthorizations+`WHERE a.gateway = $1 AND a.id = $2 `+lock, s.gateway, id))
	return a, missing(err)
}

// How an authorization is locked: by whoever needs that it lives, and by whoever
// changes it.
const (
	asItIs   = `FOR SHARE OF a`
	toChange = `FOR UPDATE OF a`
)

// loadLive is the live authorization with that Key.
func (s *store) loadLive(ctx context.Context, q querier, key, lock string) (grant.Authorization, error) {
	a, err := scanAuthorization(q.QueryRow(ctx, `SELECT `+authorizationColumns+fromAuthorizations+`WHERE a.gateway = $1 AND a.live_key = $2 `+lock, s.gateway, liveKey(key)))
	if err == nil && a.Key() != key {
		return a, grant.ErrNotFound
	}
	return a, missing(err)
}

func (s *store) Consent(ctx context.Context, in grant.Authorization) (grant.Authorization, error) {
	in.Login, in.Name = plain(in.Login), plain(in.Name)
	if !storable(in.ID, in.Application, in.RedirectURI, in.Subject, in.Database, in.ConsentDigest, in.Connection.Hash) || !storable(in.Scope...) {
		return grant.Authorization{}, errText
	}
	var after grant.Authorization
	var changes []change
	err := s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) error {
		before, err := s.putConsent(ctx, tx, in, &after)
		if err != nil {
			return err
		}
		if err := s.leave(ctx, tx, before, after.Connection, after.Connection.Since); err != nil {
			return err
		}
		changes = changesOf(before, after)
		return s.note(ctx, tx, changes...)
	})
	if err != nil {
		return grant.Authorization{}, err
	}
	s.forget(changes...)
	return after, nil
}

// putConsent renews the live authorization, or makes one. Where somebody else makes
// it at the same moment, theirs is renewed.
func (s *store) putConsent(ctx context.Context, tx pgx.Tx, in grant.Authorization, after *grant.Authorization) (before grant.Authorization, err error) {
	id := in.ID
	for range maxTries {
		before, err = s.loadLive(ctx, tx, in.Key(), toChange)
		switch {
		case err == nil:
			*after = renewed(before, in)
			_, err = tx.Exec(ctx, updateAuthorization, s.authorizationValues(*after)...)
			if err == nil {
				*after, err = s.loadAuthorization(ctx, tx, after.ID, "") // times as they are kept
			}
			return before, err
		case !errors.Is(err, grant.ErrNotFound):
			return before, err
		}
		// An id that was used before is replaced: overwriting its record could
		// revive what was revoked.
		var taken bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM authorizations WHERE gateway = $1 AND id = $2)`, s.gateway, id).Scan(&taken); err != nil {
			return before, err
		}
		if taken || id == "" {
			id = grant.NewID()
		}
		made, err := tx.Exec(ctx, insertAuthorization, s.authorizationValues(created(in, id))...)
		if err != nil {
			return before, err
		}
		if made.RowsAffected() == 1 {
			*after, err = s.loadAuthorization(ctx, tx, id, "")
			return grant.Authorization{}, err
		}
	}
	return before, fmt.Errorf("no place for an authorization in %d tries", maxTries)
}

// created is a fresh authorization made of in.
func created(in grant.Authorization, id string) grant.Authorization {
	a := in
	a.ID, a.LastUsedAt, a.Uses, a.RevokedAt = id, time.Time{}, 0, time.Time{}
	if a.CreatedAt.IsZero() {
		a.CreatedAt = a.ConsentedAt
	}
	if !a.Connection.Live() {
		a.Connection = grant.Connection{}
	}
	return a
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

// changesOf is what others have to hear of.
func changesOf(before, after grant.Authorization) []change {
	all := []change{{changedAuthorization, after.ID}}
	if was, is := before.Connection.Hash, after.Connection.Hash; was != is {
		for _, hash := range []string{was, is} {
			if hash != "" {
				all = append(all, change{changedSession, hash})
			}
		}
	}
	return all
}

func (s *store) Authorization(ctx context.Context, id string) (grant.Authorization, error) {
	a, err := s.authorization(ctx, id)
	return copyAuthorization(a), err
}

// authorization is shared with the cache: read it only.
func (s *store) authorization(ctx context.Context, id string) (grant.Authorization, error) {
	return cached(ctx, s, s.authorizations, id, func(ctx context.Context, q querier) (grant.Authorization, error) {
		if !storable(id) {
			return grant.Authorization{}, grant.ErrNotFound
		}
		return s.loadAuthorization(ctx, q, id, "")
	})
}

func (s *store) FindAuthorization(ctx context.Context, application, subject, redirectURI string) (a grant.Authorization, err error) {
	key := grant.Authorization{Application: application, Subject: subject, RedirectURI: redirectURI}.Key()
	err = s.db.view(ctx, func(ctx context.Context, q querier) (err error) {
		a, err = s.loadLive(ctx, q, key, "")
		return err
	})
	if err != nil {
		return grant.Authorization{}, err
	}
	s.forget(change{changedAuthorization, a.ID})
	return a, nil
}

func (s *store) AuthorizationsBySession(ctx context.Context, hash string) ([]grant.Authorization, error) {
	if hash == "" || !storable(hash) {
		return nil, ctx.Err()
	}
	ids, err := cached(ctx, s, s.sessions, hash, func(ctx context.Context, q querier) ([]string, error) {
		rows, err := q.Query(ctx, `SELECT id FROM authorizations WHERE gateway = $1 AND connection_hash = $2 AND connection_hash <> '' ORDER BY id`, s.gateway, hash)
		return all(rows, err, func(r row) (id string, err error) { return id, r.Scan(&id) })
	})
	if err != nil {
		return nil, err
	}
	var live []grant.Authorization
	for _, id := range ids {
		a, err := s.authorization(ctx, id)
		if errors.Is(err, grant.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if a.Live() && a.Connection.Hash == hash {
			live = append(live, copyAuthorization(a))
		}
	}
	return live, nil
}

func (s *store) UpdateConnection(ctx context.Context, id, from string, to grant.Connection) error {
	if !storable(to.Hash) {
		return errText
	}
	now := to.Since
	if !to.EndedAt.IsZero() {
		now = to.EndedAt
	}
	return s.change(ctx, id, now, func(a *grant.Authorization, again bool) error {
		if !a.Live() {
			return grant.ErrEnded
		}
		if again && to.Hash != from && a.Connection.Hash == to.Hash {
			return errUnchanged // by the run before
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
	return s.change(ctx, id, now, func(a *grant.Authorization, _ bool) error {
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
func (s *store) change(ctx context.Context, id string, now time.Time, edit func(_ *grant.Authorization, again bool) error) error {
	if !storable(id) {
		return grant.ErrNotFound
	}
	changes := []change{{changedAuthorization, id}}
	err := s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, again bool) error {
		before, err := s.loadAuthorization(ctx, tx, id, toChange)
		if err != nil {
			return err
		}
		after := before
		switch err := edit(&after, again); {
		case errors.Is(err, errUnchanged):
			return nil
		case err != nil:
			return err
		}
		if _, err := tx.Exec(ctx, updateAuthorization, s.authorizationValues(after)...); err != nil {
			return err
		}
		if err := s.leave(ctx, tx, before, after.Connection, now); err != nil {
			return err
		}
		changes = changesOf(before, after)
		return s.note(ctx, tx, changes...)
	})
	s.told(err, changes...) // also where the answer tells what somebody else has done
	return err
}
