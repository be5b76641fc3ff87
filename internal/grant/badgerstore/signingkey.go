package badgerstore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func (s *store) SigningKeys(ctx context.Context) (all []grant.SigningKey, err error) {
	err = s.db.view(ctx, func(txn *badger.Txn) error {
		all, err = s.loadSigningKeys(txn)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (s *store) loadSigningKeys(txn *badger.Txn) (all []grant.SigningKey, err error) {
	err = scan(txn, s.keys.key(kindSigningKey, ""), func(item *badger.Item) error {
		return item.Value(func(v []byte) error {
			k, err := decodeSigningKey(lastPart(item.Key()), v)
			all = append(all, k)
			return err
		})
	})
	slices.SortFunc(all, func(a, b grant.SigningKey) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

func (s *store) UpdateSigningKeys(ctx context.Context, edit func([]grant.SigningKey) ([]grant.SigningKey, error)) error {
	var refusal error
	err := s.db.update(ctx, func(txn *badger.Txn) error {
		refusal = nil
		// Every change reads and writes this one key: two that would add a key
		// each, and look at none that the other writes, are in conflict by it.
		version := s.keys.key(kindKeysVersion, "")
		if _, err := txn.Get(version); err != nil && !errors.Is(err, badger.ErrKeyNotFound) {
			return err
		}
		before, err := s.loadSigningKeys(txn)
		if err != nil {
			return err
		}
		var after []grant.SigningKey
		if after, refusal = edit(slices.Clone(before)); refusal != nil {
			return nil
		}
		changed, err := s.putSigningKeys(txn, before, after)
		if err != nil || !changed {
			return err
		}
		return txn.Set(version, []byte(grant.NewID()))
	})
	return cmp.Or(err, refusal)
}

// putSigningKeys writes what differs.
func (s *store) putSigningKeys(txn *badger.Txn, before, after []grant.SigningKey) (changed bool, err error) {
	was := make(map[string][]byte, len(before))
	for _, k := range before {
		was[k.ID] = encodeSigningKey(k)
	}
	for _, k := range after {
		value := encodeSigningKey(k)
		if old, ok := was[k.ID]; !ok || !bytes.Equal(old, value) {
			changed = true
			if err := txn.Set(s.keys.key(kindSigningKey, k.ID), value); err != nil {
				return changed, err
			}
		}
		delete(was, k.ID)
	}
	for id := range was {
		changed = true
		if err := txn.Delete(s.keys.key(kindSigningKey, id)); err != nil {
			return changed, err
		}
	}
	return changed, nil
}
