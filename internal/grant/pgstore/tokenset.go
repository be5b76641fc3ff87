package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func (s *store) loadTokenSet(ctx context.Context, q querier, id, lock string) (grant.TokenSet, error) {
	t, err := scanTokenSet(q.QueryRow(ctx, `SELECT `+tokenSetColumns+` FROM token_sets t WHERE t.gateway = $1 AND t.id = $2 `+lock, s.gateway, id))
	return t, missing(err)
}

func (s *store) IssueTokenSet(ctx context.Context, t grant.TokenSet) error {
	if t.ExpiresAt.IsZero() {
		return errors.New("grant: a token set without refresh tokens needs an end")
	}
	if !storable(t.ID, t.Authorization) || !storable(t.Scope...) {
		return errText
	}
	err := s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, again bool) error {
		a, err := s.loadAuthorization(ctx, tx, t.Authorization, asItIs)
		if err != nil {
			return err
		}
		if !a.Live() {
			return grant.ErrEnded
		}
		set := t
		set.Application, set.RedirectURI, set.FamilyKey = a.Application, "", nil
		set.EndedAt, set.EndReason, set.RefreshUntil = time.Time{}, "", time.Time{}
		done, err := tx.Exec(ctx, insertTokenSet, s.tokenSetValues(set)...)
		return inserted(done, err, again)
	})
	s.told(err, change{changedAuthorization, t.Authorization})
	return err
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
	return withAuthorization(copyTokenSet(t), a.RevokedAt), nil
}

// tokenSet is shared with the cache: read it only.
func (s *store) tokenSet(ctx context.Context, id string) (grant.TokenSet, error) {
	return cached(ctx, s, s.tokenSets, id, func(ctx context.Context, q querier) (grant.TokenSet, error) {
		if !storable(id) {
			return grant.TokenSet{}, grant.ErrNotFound
		}
		return s.loadTokenSet(ctx, q, id, "")
	})
}

// withAuthorization is a token set as it stands given its authorization: one
// that is revoked ends all of its token sets.
func withAuthorization(t grant.TokenSet, revoked time.Time) grant.TokenSet {
	if t.Live() && !revoked.IsZero() {
		t.EndedAt, t.EndReason = revoked, "revoked"
	}
	return t
}

// The three read a token set with its authorization, as it stands.

const currentTokenSets = `SELECT ` + tokenSetColumns + `, a.revoked_at
	FROM token_sets t JOIN authorizations a ON a.gateway = t.gateway AND a.id = t.authorization_id `

func scanCurrent(r row) (t grant.TokenSet, err error) {
	var revoked time.Time
	err = r.Scan(append(tokenSetFields(&t), moment{&revoked})...)
	return withAuthorization(t, revoked), err
}

// seeTokenSet locks both: nothing becomes of the one meanwhile, or of the other.
func (s *store) seeTokenSet(ctx context.Context, tx pgx.Tx, id string) (grant.TokenSet, error) {
	t, err := scanCurrent(tx.QueryRow(ctx, currentTokenSets+`WHERE t.gateway = $1 AND t.id = $2 FOR SHARE OF a FOR UPDATE OF t`, s.gateway, id))
	return t, missing(err)
}

func (s *store) RefreshToken(ctx context.Context, hash string) (r grant.RefreshToken, t grant.TokenSet, err error) {
	if !storable(hash) {
		return r, t, grant.ErrNotFound
	}
	err = s.db.view(ctx, func(ctx context.Context, q querier) error {
		var revoked time.Time
		fields := append(append(refreshFields(&r), tokenSetFields(&t)...), moment{&revoked})
		err := q.QueryRow(ctx, `SELECT `+refreshColumns+`, `+tokenSetColumns+`, a.revoked_at FROM refresh_tokens r
			JOIN token_sets t ON t.gateway = r.gateway AND t.id = r.token_set_id
			JOIN authorizations a ON a.gateway = t.gateway AND a.id = t.authorization_id
			WHERE r.gateway = $1 AND r.hash = $2`, s.gateway, hash).Scan(fields...)
		t = withAuthorization(t, revoked)
		return missing(err)
	})
	if err != nil {
		return grant.RefreshToken{}, grant.TokenSet{}, err
	}
	s.forget(change{changedTokenSet, t.ID}, change{changedAuthorization, t.Authorization})
	return r, t, nil
}

func (s *store) loadRefresh(ctx context.Context, q querier, hash string) (grant.RefreshToken, error) {
	r, err := scanRefresh(q.QueryRow(ctx, `SELECT `+refreshColumns+` FROM refresh_tokens r WHERE r.gateway = $1 AND r.hash = $2`, s.gateway, hash))
	return r, missing(err)
}

func (s *store) Rotate(ctx context.Context, r grant.Rotation) (grant.RefreshToken, error) {
	if !storable(r.Hash) {
		return grant.RefreshToken{}, grant.ErrNotFound
	}
	if !storable(r.Child.Hash) {
		return grant.RefreshToken{}, errText
	}
	var child grant.RefreshToken
	var set grant.TokenSet
	var refusal error
	err := s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) (err error) {
		child, set, refusal, err = s.rotate(ctx, tx, r)
		return err
	})
	s.told(err, change{changedTokenSet, set.ID}, change{changedAuthorization, set.Authorization})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return grant.RefreshToken{}, err
	}
	return child, nil
}

func (s *store) rotate(ctx context.Context, tx pgx.Tx, r grant.Rotation) (child grant.RefreshToken, set grant.TokenSet, refusal, err error) {
	fail := func(err error) (grant.RefreshToken, grant.TokenSet, error, error) { return child, set, nil, err }
	parent, err := s.loadRefresh(ctx, tx, r.Hash)
	if err != nil {
		return fail(err)
	}
	if set, err = s.seeTokenSet(ctx, tx, parent.TokenSet); err != nil {
		return fail(err)
	}
	// Who has the lock of the token set is alone with all of its refresh tokens.
	if parent, err = s.loadRefresh(ctx, tx, r.Hash); err != nil {
		return fail(err)
	}
	switch {
	case set.Application != r.Application:
		return fail(grant.ErrWrongApplication)
	case !set.Live():
		return fail(grant.ErrEnded)
	case !parent.ExpiresAt.IsZero() && !r.Now.Before(parent.ExpiresAt):
		return fail(grant.ErrExpired)
	case parent.RotatedAt.IsZero():
		child, err = s.putChild(ctx, tx, parent, set, r)
		return child, set, nil, err
	case r.Now.Sub(parent.RotatedAt) > r.Grace:
		_, err = s.endTokenSet(ctx, tx, set.ID, "refresh_reuse", r.Now)
		return child, set, grant.ErrReused, err
	}
	child, err = s.loadRefresh(ctx, tx, parent.Child)
	return child, set, nil, err
}

func (s *store) putChild(ctx context.Context, tx pgx.Tx, parent grant.RefreshToken, set grant.TokenSet, r grant.Rotation) (grant.RefreshToken, error) {
	next := r.Child
	next.TokenSet, next.RotatedAt, next.Child = parent.TokenSet, time.Time{}, ""
	done, err := tx.Exec(ctx, insertRefresh, s.refreshValues(next)...)
	if err := inserted(done, err, false); err != nil {
		return next, err
	}
	_, err = tx.Exec(ctx, `UPDATE refresh_tokens SET rotated_at = $3, child = $4 WHERE gateway = $1 AND hash = $2`, s.gateway, parent.Hash, at(r.Now), next.Hash)
	if err != nil {
		return next, err
	}
	if !next.ExpiresAt.Equal(set.RefreshUntil) { // decides nothing: other nodes read it again in time
		if _, err := tx.Exec(ctx, `UPDATE token_sets SET refresh_until = $3 WHERE gateway = $1 AND id = $2`, s.gateway, set.ID, at(next.ExpiresAt)); err != nil {
			return next, err
		}
	}
	return s.loadRefresh(ctx, tx, next.Hash) // times as they are kept
}

func (s *store) EndTokenSet(ctx context.Context, id, reason string, now time.Time) error {
	if !storable(id) {
		return grant.ErrNotFound
	}
	err := s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) error {
		_, err := s.endTokenSet(ctx, tx, id, reason, now)
		return err
	})
	s.told(err, change{changedTokenSet, id})
	return err
}

// endTokenSet ends a live token set and keeps what ended before as it is. It
// returns the set as it stands, and is the last that a transaction does.
func (s *store) endTokenSet(ctx context.Context, tx pgx.Tx, id, reason string, now time.Time) (grant.TokenSet, error) {
	t, err := s.seeTokenSet(ctx, tx, id)
	if err != nil || !t.Live() {
		return t, err
	}
	t.EndedAt, t.EndReason = now, reason
	_, err = tx.Exec(ctx, `UPDATE token_sets SET ended_at = $3, end_reason = $4 WHERE gateway = $1 AND id = $2`, s.gateway, id, at(now), plain(reason))
	if err != nil {
		return t, err
	}
	return t, s.note(ctx, tx, change{changedTokenSet, id})
}
