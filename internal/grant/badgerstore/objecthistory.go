package badgerstore

import (
	"context"
	"errors"
	"strings"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
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
	First    stamp          `json:"f"`
	Removed  stamp          `json:"rm,omitempty"`
	Snapshot []byte         `json:"x,omitempty"`
	Changes  []changeRecord `json:"c,omitempty"`
}

type changeRecord struct {
	At      stamp    `json:"t"`
	Kind    string   `json:"k"`
	By      string   `json:"by,omitempty"`
	Process bool     `json:"p,omitempty"`
	Fields  []string `json:"f,omitempty"`
}

func encodeObject(h grant.ObjectHistory) []byte {
	r := objectRecord{First: toStamp(h.FirstSeen), Removed: toStamp(h.RemovedAt), Snapshot: h.Snapshot}
	for _, c := range h.Changes[:min(len(h.Changes), grant.MaxObjectChanges)] {
		r.Changes = append(r.Changes, changeRecord{At: toStamp(c.At), Kind: string(c.Kind), By: c.By, Process: c.ByProcess, Fields: c.Fields})
	}
	return encode(r)
}

func decodeObject(id string, value []byte) (grant.ObjectHistory, error) {
	var r objectRecord
	if err := decode(value, &r); err != nil {
		return grant.ObjectHistory{}, err
	}
	kind, name, _ := strings.Cut(id, ":")
	h := grant.ObjectHistory{
		Kind: grant.ObjectKind(kind), Name: name, FirstSeen: r.First.time(), RemovedAt: r.Removed.time(), Snapshot: r.Snapshot,
	}
	for _, c := range r.Changes {
		h.Changes = append(h.Changes, grant.ObjectChange{
			At: c.At.time(), Kind: grant.ChangeKind(c.Kind), By: c.By, ByProcess: c.Process, Fields: c.Fields,
		})
	}
	return h, nil
}
