package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/trail"
)

func (s *store) endKey() []byte { return s.keys.key(kindAuditEnd, "") }

// loadEnd reads the end of the trail. That of the newest event counts where it is
// behind the record of it: see trail.Chain.Later. kept says that there is an end.
func (s *store) loadEnd(txn *badger.Txn) (e trail.End, kept bool, err error) {
	err = get(txn, s.endKey(), func(v []byte) (err error) {
		e, err = s.chain().OpenEnd(v)
		return err
	})
	kept = err == nil
	if err != nil && !errors.Is(err, grant.ErrNotFound) {
		return e, false, err
	}
	opts := badger.DefaultIteratorOptions
	opts.Prefix, opts.PrefetchSize = s.keys.key(kindAudit, ""), 1
	it := txn.NewIterator(opts)
	defer it.Close()
	if it.Rewind(); !it.Valid() {
		return e, kept, nil
	}
	item := it.Item()
	err = item.Value(func(v []byte) error {
		e, kept = s.chain().Later(e, kept, string(item.Key()[len(opts.Prefix):]), item.ExpiresAt(), v)
		return nil
	})
	return e, kept, err
}

// storeEnd writes the record of the end.
func (s *store) storeEnd(set func(key, value []byte) error, e trail.End) error {
	return set(s.endKey(), s.chain().SealEnd(e))
}

// chain is that of the gateway's audit trail.
func (s *store) chain() trail.Chain { return trail.NewChain(s.db.opts.Seal, s.gateway) }

// VerifyAudit implements grant.Store.
func (s *store) VerifyAudit(ctx context.Context, now time.Time) (grant.AuditVerdict, error) {
	var v grant.AuditVerdict
	if err := s.writeWaiting(ctx); err != nil {
		return v, err
	}
	leave, err := s.db.enter(ctx)
	if err != nil {
		return v, err
	}
	defer leave()
	// Nothing is written meanwhile, of which one part could be seen alone.
	s.trail.writing.Lock()
	defer s.trail.writing.Unlock()
	err = s.db.badger.View(func(txn *badger.Txn) error {
		last, kept, err := s.loadEnd(txn)
		if err != nil {
			return fmt.Errorf("end of the audit trail: %w", err)
		}
		w := s.chain().Verifier(last, kept, uint64(now.Unix()), &v)
		prefix := s.keys.key(kindAudit, "")
		opts := badger.DefaultIteratorOptions
		opts.Prefix = prefix
		it := txn.NewIterator(opts)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			item := it.Item()
			err := item.Value(func(value []byte) error {
				w.Look(string(item.Key()[len(prefix):]), item.ExpiresAt(), value)
				return nil
			})
			if err != nil {
				return err
			}
		}
		w.Done()
		return nil
	})
	if ctx.Err() != nil {
		return v, ctx.Err()
	}
	return v, s.db.outcome(err)
}
