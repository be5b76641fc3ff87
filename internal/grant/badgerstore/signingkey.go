package badgerstore

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func (s *store) SigningKeys(ctx context.Context) ([]grant.SigningKey, error) {
	var all []grant.SigningKey
	err := s.db.view(ctx, func(txn *badger.Txn) error {
		all = nil
		return scan(txn, s.keys.key(kindSigningKey, ""), func(item *badger.Item) error {
			return item.Value(func(v []byte) error {
				k, err := decodeSigningKey(lastPart(item.Key()), v)
				all = append(all, k)
				return err
			})
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b grant.SigningKey) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

func (s *store) AddSigningKey(ctx context.Context, k grant.SigningKey, first bool) error {
	return s.db.update(ctx, func(txn *badger.Txn) error {
		// Every addition reads and writes one key, so that two first ones are
		// in conflict although each looks for keys that are not there.
		anchor := s.keys.key(kindFirstKey, "")
		switch _, err := txn.Get(anchor); {
		case err == nil && first:
			return grant.ErrStale
		case errors.Is(err, badger.ErrKeyNotFound):
			if err := txn.Set(anchor, []byte(k.ID)); err != nil {
				return err
			}
		case err != nil:
			return err
		}
		return s.putNew(txn, s.keys.key(kindSigningKey, k.ID), encodeSigningKey(k))
	})
}
