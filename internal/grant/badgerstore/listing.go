package badgerstore

import (
	"bytes"
	"context"
	"errors"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// list enters an authorization into the indexes of its listings. Revoked ones
// have indexes of their own: however many there are, a page of live ones costs
// what it shows.
func (s *store) list(txn *badger.Txn, a grant.Authorization) error {
	for _, key := range append(s.liveLists(a), s.everLists(a)...) {
		if err := txn.Set(key, nil); err != nil {
			return err
		}
	}
	return nil
}

// unlist takes a revoked authorization out of the listings of live ones.
func (s *store) unlist(txn *badger.Txn, a grant.Authorization) error {
	for _, key := range s.liveLists(a) {
		if err := txn.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) liveLists(a grant.Authorization) [][]byte {
	return [][]byte{
		s.keys.index(kindSubject, a.Subject, a.ID),
		s.keys.index(kindListed, listAll, a.ID),
		s.keys.index(kindListed, listApplication(a.Application), a.ID),
	}
}

func (s *store) everLists(a grant.Authorization) [][]byte {
	return [][]byte{
		s.keys.index(kindListedEver, listAll, a.ID),
		s.keys.index(kindListedEver, listApplication(a.Application), a.ID),
		s.keys.index(kindListedEver, listSubject(a.Subject), a.ID),
	}
}

func (s *store) Authorizations(ctx context.Context, q grant.AuthorizationQuery) ([]grant.Authorization, error) {
	kind, value := kindListed, listAll
	if q.Revoked {
		kind = kindListedEver
	}
	switch {
	case q.Subject != "" && q.Revoked:
		value = listSubject(q.Subject)
	case q.Subject != "":
		kind, value = kindSubject, q.Subject
	case q.Application != "":
		value = listApplication(q.Application)
	}
	if err := s.showUses(ctx); err != nil {
		return nil, err
	}
	var page []grant.Authorization
	err := s.db.view(ctx, func(txn *badger.Txn) error {
		after := s.keys.index(kind, value, q.After)
		return s.page(ctx, txn, s.keys.index(kind, value, ""), after, func(id string) (full bool, err error) {
			a, err := s.loadAuthorization(txn, id)
			if errors.Is(err, grant.ErrNotFound) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			if (a.Live() || q.Revoked) &&
				(q.Subject == "" || a.Subject == q.Subject) && (q.Application == "" || a.Application == q.Application) {
				page = append(page, a)
			}
			return len(page) == grant.Page(q.Limit), nil
		})
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

func (s *store) TokenSets(ctx context.Context, authorizationID string) ([]grant.TokenSet, error) {
	var page []grant.TokenSet
	err := s.db.view(ctx, func(txn *badger.Txn) error {
		prefix := s.keys.index(kindSetsOf, authorizationID, "")
		return s.page(ctx, txn, prefix, prefix, func(id string) (full bool, err error) {
			t, err := s.currentTokenSet(txn, id)
			if errors.Is(err, grant.ErrNotFound) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			if t.Authorization == authorizationID {
				page = append(page, t)
			}
			return len(page) == grant.MaxPage, nil
		})
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// setsOf is the key by which a token set is found from its authorization.
func (s *store) setsOf(t grant.TokenSet) []byte {
	return s.keys.index(kindSetsOf, t.Authorization, newestFirst(t.CreatedAt, t.ID))
}

func (s *store) Codes(ctx context.Context, q grant.CodeQuery) ([]grant.Code, error) {
	value := listAll
	switch {
	case q.Authorization != "":
		value = listAuthorization(q.Authorization)
	case q.Application != "":
		value = listApplication(q.Application)
	}
	var page []grant.Code
	err := s.db.view(ctx, func(txn *badger.Txn) error {
		prefix := s.keys.index(kindAuditCode, value, "")
		after := prefix
		if q.After != "" {
			last, err := s.loadCode(txn, q.After)
			if err != nil {
				return err
			}
			after = s.keys.index(kindAuditCode, value, newestFirst(last.IssuedAt, last.Hash))
		}
		return s.page(ctx, txn, prefix, after, func(hash string) (full bool, err error) {
			c, err := s.loadCode(txn, hash)
			if errors.Is(err, grant.ErrNotFound) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			if (q.Authorization == "" || c.Authorization == q.Authorization) && (q.Application == "" || c.Application == q.Application) {
				page = append(page, c)
			}
			return len(page) == grant.Page(q.Limit), nil
		})
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// auditCode is the keys by which a kept code is listed.
func (s *store) auditCode(c grant.Code) [][]byte {
	var keys [][]byte
	for _, value := range []string{listAll, listApplication(c.Application), listAuthorization(c.Authorization)} {
		keys = append(keys, s.keys.index(kindAuditCode, value, newestFirst(c.IssuedAt, c.Hash)))
	}
	return keys
}

// page calls each for the records that an index leads to, in order and behind
// the key after, until it is told that the page is full.
func (s *store) page(ctx context.Context, txn *badger.Txn, prefix, after []byte, each func(id string) (full bool, err error)) error {
	opts := badger.DefaultIteratorOptions
	opts.PrefetchValues = false
	opts.Prefix = prefix
	it := txn.NewIterator(opts)
	defer it.Close()
	for it.Seek(after); it.ValidForPrefix(prefix); it.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if bytes.Equal(it.Item().Key(), after) {
			continue
		}
		if full, err := each(lastPart(it.Item().Key())); full || err != nil {
			return err
		}
	}
	return nil
}
