package pgstore

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/recordcache"
	"github.com/caddy-odoo/gateway/internal/grant/stored"
	"github.com/caddy-odoo/gateway/internal/grant/trail"
)

// store is the part of a DB that belongs to one gateway.
type store struct {
	db      *DB
	gateway string
	chain   trail.Chain

	authorizations *recordcache.Cache[kept[grant.Authorization]]
	tokenSets      *recordcache.Cache[kept[grant.TokenSet]]
	// sessions is the ids by session hash, empty lists included: most browser
	// traffic is of people who have connected nothing.
	sessions *recordcache.Cache[kept[[]string]]
	// signingKeys counts their changes.
	signingKeys atomic.Uint64

	uses stored.LateUses

	waiting waiting
}

var _ grant.Store = (*store)(nil)

func newStore(db *DB, gateway string) *store {
	n := db.opts.CacheEntries
	return &store{
		db: db, gateway: gateway, chain: trail.NewChain(db.opts.Seal, gateway),
		authorizations: recordcache.New[kept[grant.Authorization]](n),
		tokenSets:      recordcache.New[kept[grant.TokenSet]](n),
		sessions:       recordcache.New[kept[[]string]](n),
	}
}

// kept is a value in memory, and when it was read.
type kept[V any] struct {
	value V
	at    time.Time
}

// readAgain is how old an answer from memory may be while the store is in reach:
// the time of the last use, which nobody is told of, lags by no more.
const readAgain = time.Minute

// cached reads through a cache.
func cached[V any](ctx context.Context, s *store, c *recordcache.Cache[kept[V]], key string, load func(context.Context, querier) (V, error)) (V, error) {
	var none V
	if s.db.closed.Load() {
		return none, grant.ErrUnavailable
	}
	if err := ctx.Err(); err != nil {
		return none, err
	}
	now := s.db.opts.Now()
	found, mark, ok := c.Get(key)
	if ok && s.db.reach.age(now) <= time.Duration(s.db.staleness.Load()) && (now.Sub(found.at) < readAgain || !s.db.reach.up()) {
		return found.value, nil
	}
	var v V
	err := s.db.view(ctx, func(ctx context.Context, q querier) (err error) {
		v, err = load(ctx, q)
		return err
	})
	if errors.Is(err, grant.ErrUnavailable) && !s.db.closed.Load() {
		// It was to be read again, and nobody knew yet that it can not be.
		if found, _, ok := c.Get(key); ok && s.db.reach.age(s.db.opts.Now()) <= time.Duration(s.db.staleness.Load()) {
			return found.value, nil
		}
	}
	if err != nil {
		return none, err
	}
	c.Fill(key, mark, kept[V]{v, now})
	return v, nil
}

// outdate has an authorization read again where that can be: its last use has been
// written, and decides nothing.
func (s *store) outdate(id string) {
	s.authorizations.Alter(id, func(k kept[grant.Authorization]) kept[grant.Authorization] {
		k.at = time.Time{}
		return k
	})
}

// forget drops what has changed. Whoever changes something does so before
// returning, and so does a transaction that tells what it has found: its writer
// may have committed that and not returned yet, and a read that follows must not
// see less.
func (s *store) forget(changes ...change) {
	for _, c := range changes {
		switch c.kind {
		case changedAuthorization:
			s.authorizations.Drop(c.key)
		case changedSession:
			s.sessions.Drop(c.key)
		case changedTokenSet:
			s.tokenSets.Drop(c.key)
		case changedSigningKeys:
			s.signingKeys.Add(1)
		}
	}
}

// told drops what a call has changed or found, as forget says. One that did not get
// through to the store has done neither: what is in memory goes on.
func (s *store) told(err error, changes ...change) {
	if !errors.Is(err, grant.ErrUnavailable) {
		s.forget(changes...)
	}
}

func (s *store) forgetAll() {
	s.authorizations.Clear()
	s.sessions.Clear()
	s.tokenSets.Clear()
	s.signingKeys.Add(1)
}

// Cached values are shared: what leaves is a copy.

func copyAuthorization(a grant.Authorization) grant.Authorization {
	a.Scope = slices.Clone(a.Scope)
	a.Connection.Sealed = slices.Clone(a.Connection.Sealed)
	return a
}

func copyTokenSet(t grant.TokenSet) grant.TokenSet {
	t.Scope = slices.Clone(t.Scope)
	t.FamilyKey = slices.Clone(t.FamilyKey)
	return t
}
