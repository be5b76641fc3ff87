package badgerstore

import (
	"context"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/recordcache"
	"github.com/caddy-odoo/gateway/internal/grant/stored"
)

// store is the part of a DB that belongs to one gateway.
type store struct {
	db      *DB
	gateway string
	keys    keyspace

	authorizations *recordcache.Cache[grant.Authorization]
	tokenSets      *recordcache.Cache[grant.TokenSet]
	// sessions is the ids by session hash, empty lists included: most browser
	// traffic is of people who have connected nothing.
	sessions *recordcache.Cache[[]string]

	uses stored.LateUses

	trail waiting
}

var _ grant.Store = (*store)(nil)

func newStore(db *DB, gateway string) *store {
	s := &store{
		db: db, gateway: gateway, keys: newKeyspace(gateway),
		authorizations: recordcache.New[grant.Authorization](db.opts.CacheEntries),
		tokenSets:      recordcache.New[grant.TokenSet](db.opts.CacheEntries),
		sessions:       recordcache.New[[]string](db.opts.CacheEntries),
	}
	s.trail.last = s.newestPlace()
	return s
}

// cached reads through a cache.
func cached[V any](ctx context.Context, s *store, c *recordcache.Cache[V], key string, load func(*badger.Txn) (V, error)) (V, error) {
	var none V
	if s.db.closed.Load() {
		return none, grant.ErrUnavailable
	}
	if err := ctx.Err(); err != nil {
		return none, err
	}
	v, mark, ok := c.Get(key)
	if ok {
		return v, nil
	}
	err := s.db.view(ctx, func(txn *badger.Txn) (err error) {
		v, err = load(txn)
		return err
	})
	if err != nil {
		return none, err
	}
	c.Fill(key, mark, v)
	return v, nil
}

// The load functions read one record inside a transaction, whose reads then
// count for its conflicts.

func (s *store) loadAuthorization(txn *badger.Txn, id string) (a grant.Authorization, err error) {
	err = get(txn, s.keys.key(kindAuthorization, id), func(v []byte) (err error) {
		a, err = decodeAuthorization(v)
		return err
	})
	if err != nil {
		return a, err
	}
	// What is known of its use lies beside the record: writing that must not
	// conflict with what matters.
	used, err := s.loadUses(txn, id)
	a.LastUsedAt, a.Uses = used.Last, used.Count
	return a, err
}

func (s *store) loadCode(txn *badger.Txn, hash string) (c grant.Code, err error) {
	err = get(txn, s.keys.key(kindCode, hash), func(v []byte) (err error) {
		c, err = decodeCode(hash, v)
		return err
	})
	return c, err
}

func (s *store) loadTokenSet(txn *badger.Txn, id string) (t grant.TokenSet, err error) {
	err = get(txn, s.keys.key(kindTokenSet, id), func(v []byte) (err error) {
		t, err = decodeTokenSet(id, v)
		return err
	})
	return t, err
}

func (s *store) loadRefresh(txn *badger.Txn, hash string) (t grant.RefreshToken, err error) {
	err = get(txn, s.keys.key(kindRefresh, hash), func(v []byte) (err error) {
		t, err = decodeRefresh(hash, v)
		return err
	})
	return t, err
}

// The see functions load for transactions whose answer tells what they have
// found. Its writer may have committed that and not returned yet, with what was
// before still in the cache: a read that follows the answer must not see less.

func (s *store) seeAuthorization(txn *badger.Txn, id string) (grant.Authorization, error) {
	defer s.authorizations.Drop(id)
	return s.loadAuthorization(txn, id)
}

func (s *store) seeTokenSet(txn *badger.Txn, id string) (grant.TokenSet, error) {
	t, err := s.currentTokenSet(txn, id)
	s.tokenSets.Drop(id)
	s.authorizations.Drop(t.Authorization)
	return t, err
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
