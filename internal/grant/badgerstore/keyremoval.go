package badgerstore

import (
	"context"
	"errors"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/stored"
)

// leave stores the removal of the key that a change takes out of a connection:
// a crash between the two would leave a key in Odoo that nobody knows of.
func (s *store) leave(txn *badger.Txn, before grant.Authorization, to grant.Connection, now time.Time) error {
	k, ok := grant.Leftover(before, to, now)
	if !ok {
		return nil
	}
	return s.putRemoval(txn, k)
}

// putRemoval writes a new record and its place in the person's list.
func (s *store) putRemoval(txn *badger.Txn, k grant.KeyRemoval) error {
	if err := txn.Set(s.keys.index(kindRemovalsOf, k.Subject, k.ID), nil); err != nil {
		return err
	}
	return s.putNew(txn, s.keys.key(kindKeyRemoval, k.ID), encodeKeyRemoval(k))
}

func (s *store) AddKeyRemoval(ctx context.Context, k grant.KeyRemoval) error {
	return s.db.update(ctx, func(txn *badger.Txn) error { return s.putRemoval(txn, k) })
}

func (s *store) KeyRemovals(ctx context.Context, q grant.KeyRemovalQuery) ([]grant.KeyRemoval, error) {
	prefix, after := s.keys.key(kindKeyRemoval, ""), s.keys.key(kindKeyRemoval, q.After)
	if q.Subject != "" {
		prefix, after = s.keys.index(kindRemovalsOf, q.Subject, ""), s.keys.index(kindRemovalsOf, q.Subject, q.After)
	}
	var page []grant.KeyRemoval
	err := s.db.view(ctx, func(txn *badger.Txn) error {
		return s.page(ctx, txn, prefix, after, func(id string) (full bool, err error) {
			k, err := s.loadKeyRemoval(txn, id)
			if errors.Is(err, grant.ErrNotFound) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			if q.Subject == "" || k.Subject == q.Subject {
				page = append(page, k)
			}
			return len(page) == grant.Page(q.Limit), nil
		})
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

func (s *store) UpdateKeyRemoval(ctx context.Context, k grant.KeyRemoval) error {
	return s.db.update(ctx, func(txn *badger.Txn) error {
		if _, err := s.loadKeyRemoval(txn, k.ID); err != nil {
			return err
		}
		return txn.Set(s.keys.key(kindKeyRemoval, k.ID), encodeKeyRemoval(k))
	})
}

func (s *store) DropKeyRemoval(ctx context.Context, id string) error {
	return s.db.update(ctx, func(txn *badger.Txn) error {
		k, err := s.loadKeyRemoval(txn, id)
		if errors.Is(err, grant.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := txn.Delete(s.keys.index(kindRemovalsOf, k.Subject, id)); err != nil {
			return err
		}
		return txn.Delete(s.keys.key(kindKeyRemoval, id))
	})
}

func (s *store) loadKeyRemoval(txn *badger.Txn, id string) (k grant.KeyRemoval, err error) {
	err = get(txn, s.keys.key(kindKeyRemoval, id), func(v []byte) (err error) {
		k, err = decodeKeyRemoval(id, v)
		return err
	})
	return k, err
}

type keyRemovalRecord struct {
	Authorization string       `json:"az"`
	Application   string       `json:"app"`
	RedirectURI   string       `json:"uri,omitempty"`
	Subject       string       `json:"sub"`
	Database      string       `json:"db"`
	UID           int64        `json:"uid"`
	Login         string       `json:"lg,omitempty"`
	KeyID         int64        `json:"id,omitempty"`
	Sealed        []byte       `json:"x,omitempty"`
	KeyEnds       stored.Stamp `json:"ex,omitempty"`
	Created       stored.Stamp `json:"ct,omitempty"`
	Tries         int          `json:"n,omitempty"`
	NextTry       stored.Stamp `json:"nt,omitempty"`
	Left          stored.Stamp `json:"lf,omitempty"`
}

func encodeKeyRemoval(k grant.KeyRemoval) []byte {
	return encode(keyRemovalRecord{
		Authorization: k.Authorization, Application: k.Application, RedirectURI: k.RedirectURI, Subject: k.Subject,
		Database: k.Database, UID: k.UID, Login: k.Login, KeyID: k.KeyID, Sealed: k.Sealed, KeyEnds: stored.StampOf(k.KeyEndsAt),
		Created: stored.StampOf(k.CreatedAt), Tries: k.Tries, NextTry: stored.StampOf(k.NextTryAt), Left: stored.StampOf(k.LeftAt),
	})
}

func decodeKeyRemoval(id string, value []byte) (grant.KeyRemoval, error) {
	var r keyRemovalRecord
	if err := decode(value, &r); err != nil {
		return grant.KeyRemoval{}, err
	}
	return grant.KeyRemoval{
		ID: id, Authorization: r.Authorization, Application: r.Application, RedirectURI: r.RedirectURI, Subject: r.Subject,
		Database: r.Database, UID: r.UID, Login: r.Login, KeyID: r.KeyID, Sealed: r.Sealed, KeyEndsAt: r.KeyEnds.Time(),
		CreatedAt: r.Created.Time(), Tries: r.Tries, NextTryAt: r.NextTry.Time(), LeftAt: r.Left.Time(),
	}, nil
}
