package badgerstore

import (
	"context"
	"errors"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/stored"
)

func (s *store) ObjectHistory(ctx context.Context, kind grant.ObjectKind, name string) (h grant.ObjectHistory, err error) {
	err = s.db.view(ctx, func(txn *badger.Txn) (err error) {
		h, err = s.loadObject(txn, grant.ObjectID(kind, name))
		return err
	})
	return h, err
}

func (s *store) ObjectHistories(ctx context.Context, q grant.ObjectQuery) ([]grant.ObjectHistory, error) {
	prefix := s.keys.key(kindObject, "")
	if q.Kind != "" {
		prefix = s.keys.key(kindObject, grant.ObjectID(q.Kind, ""))
	}
	after := prefix
	if q.After != "" {
		after = s.keys.key(kindObject, q.After)
	}
	var page []grant.ObjectHistory
	err := s.db.view(ctx, func(txn *badger.Txn) error {
		return s.page(ctx, txn, prefix, after, func(id string) (full bool, err error) {
			h, err := s.loadObject(txn, id)
			if errors.Is(err, grant.ErrNotFound) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			page = append(page, h)
			return len(page) == grant.Page(q.Limit), nil
		})
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

func (s *store) PutObjectHistory(ctx context.Context, h grant.ObjectHistory) error {
	return s.db.update(ctx, func(txn *badger.Txn) error {
		return txn.Set(s.keys.key(kindObject, h.ID()), encodeObject(h))
	})
}

func (s *store) loadObject(txn *badger.Txn, id string) (h grant.ObjectHistory, err error) {
	err = get(txn, s.keys.key(kindObject, id), func(v []byte) (err error) {
		h, err = decodeObject(id, v)
		return err
	})
	return h, err
}

type objectRecord struct {
	First    stored.Stamp          `json:"f"`
	Removed  stored.Stamp          `json:"rm,omitempty"`
	Snapshot []byte                `json:"x,omitempty"`
	Changes  []stored.ObjectChange `json:"c,omitempty"`
}

func encodeObject(h grant.ObjectHistory) []byte {
	return encode(objectRecord{
		First: stored.StampOf(h.FirstSeen), Removed: stored.StampOf(h.RemovedAt), Snapshot: h.Snapshot, Changes: stored.ObjectChanges(h),
	})
}

func decodeObject(id string, value []byte) (grant.ObjectHistory, error) {
	var r objectRecord
	if err := decode(value, &r); err != nil {
		return grant.ObjectHistory{}, err
	}
	h := stored.ObjectHistory(id, r.Changes)
	h.FirstSeen, h.RemovedAt, h.Snapshot = r.First.Time(), r.Removed.Time(), r.Snapshot
	return h, nil
}
