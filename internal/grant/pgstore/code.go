package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func (s *store) loadCode(ctx context.Context, q querier, hash, lock string) (grant.Code, error) {
	c, err := scanCode(q.QueryRow(ctx, `SELECT `+codeColumns+` FROM codes c WHERE c.gateway = $1 AND c.hash = $2 `+lock, s.gateway, hash))
	return c, missing(err)
}

func (s *store) IssueCode(ctx context.Context, c grant.Code) error {
	if !storable(c.Hash, c.Authorization, c.Application, c.RedirectURI, c.Challenge, c.ChallengeMethod) || !storable(c.Scope...) {
		return errText
	}
	c.ConsumedAt, c.TokenSet = time.Time{}, ""
	err := s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, again bool) error {
		a, err := s.loadAuthorization(ctx, tx, c.Authorization, asItIs)
		if err != nil {
			return err
		}
		if !a.Live() {
			return grant.ErrEnded
		}
		done, err := tx.Exec(ctx, insertCode, s.codeValues(c)...)
		return inserted(done, err, again)
	})
	s.told(err, change{changedAuthorization, c.Authorization})
	return err
}

func (s *store) RedeemCode(ctx context.Context, r grant.Redemption) (grant.TokenSet, grant.Authorization, error) {
	if !storable(r.Hash) {
		return grant.TokenSet{}, grant.Authorization{}, grant.ErrNotFound
	}
	if !storable(r.TokenSet.ID, r.Refresh.Hash) {
		return grant.TokenSet{}, grant.Authorization{}, errText
	}
	var done redeemed
	err := s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, again bool) (err error) {
		done, err = s.redeem(ctx, tx, r, again)
		return err
	})
	s.told(err, change{changedTokenSet, done.set.ID}, change{changedAuthorization, done.code.Authorization})
	if err != nil {
		return grant.TokenSet{}, grant.Authorization{}, err
	}
	return done.set, done.authorization, done.refusal
}

// redeemed is what becomes of a redemption.
type redeemed struct {
	code          grant.Code
	set           grant.TokenSet
	authorization grant.Authorization
	// refusal is an answer that is committed together with its consequence.
	refusal error
}

func (s *store) redeem(ctx context.Context, tx pgx.Tx, r grant.Redemption, again bool) (d redeemed, err error) {
	// What names the authorization never changes.
	if d.code, err = s.loadCode(ctx, tx, r.Hash, ""); err != nil {
		return d, err
	}
	if d.code.Application != r.Application {
		return d, grant.ErrWrongApplication
	}
	a, gone := s.loadAuthorization(ctx, tx, d.code.Authorization, asItIs)
	if gone != nil && !errors.Is(gone, grant.ErrNotFound) {
		return d, gone
	}
	if d.code, err = s.loadCode(ctx, tx, r.Hash, `FOR UPDATE`); err != nil {
		return d, err
	}
	switch {
	case again && d.code.TokenSet == r.TokenSet.ID: // this very redemption was committed, and its answer lost
		d.authorization = a
		d.set, err = s.loadTokenSet(ctx, tx, r.TokenSet.ID, "")
		return d, errors.Join(err, gone)
	case !d.code.ConsumedAt.IsZero():
		return s.replayed(ctx, tx, d, r)
	case !r.Now.Before(d.code.ExpiresAt):
		return d, grant.ErrExpired
	case gone != nil:
		return d, gone
	case !a.Live():
		return d, grant.ErrEnded
	}
	if r.Check != nil {
		if err := r.Check(d.code); err != nil {
			d.refusal = errors.Join(grant.ErrBurnt, err)
			return d, s.consume(ctx, tx, r.Hash, r.Now, "")
		}
	}
	d.authorization = a
	set, refresh := r.TokenSet, r.Refresh
	set.Authorization, set.Application = d.code.Authorization, d.code.Application
	set.RedirectURI, set.Scope = d.code.RedirectURI, d.code.Scope
	set.EndedAt, set.EndReason, set.ExpiresAt, set.RefreshUntil = time.Time{}, "", time.Time{}, refresh.ExpiresAt
	refresh.TokenSet, refresh.RotatedAt, refresh.Child = set.ID, time.Time{}, ""
	for _, record := range []struct {
		insert string
		values []any
	}{{insertTokenSet, s.tokenSetValues(set)}, {insertRefresh, s.refreshValues(refresh)}} {
		done, err := tx.Exec(ctx, record.insert, record.values...)
		if err := inserted(done, err, false); err != nil {
			return d, err
		}
	}
	if d.set, err = s.loadTokenSet(ctx, tx, set.ID, ""); err != nil { // times as they are kept
		return d, err
	}
	return d, s.consume(ctx, tx, r.Hash, r.Now, set.ID)
}

// replayed ends what the code has produced. What ended long ago may have gone: the
// code is kept for audit.
func (s *store) replayed(ctx context.Context, tx pgx.Tx, d redeemed, r grant.Redemption) (redeemed, error) {
	d.refusal = grant.ErrConsumed
	if d.code.TokenSet == "" || !r.Passes(d.code) {
		return d, nil
	}
	set, err := s.endTokenSet(ctx, tx, d.code.TokenSet, "code_replay", r.Now)
	if errors.Is(err, grant.ErrNotFound) {
		return d, nil
	}
	d.set = set
	return d, err
}

func (s *store) consume(ctx context.Context, tx pgx.Tx, hash string, now time.Time, set string) error {
	_, err := tx.Exec(ctx, `UPDATE codes SET consumed_at = $3, token_set_id = $4 WHERE gateway = $1 AND hash = $2`, s.gateway, hash, at(now), set)
	return err
}
