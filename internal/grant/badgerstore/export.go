package badgerstore

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/trail"
)

// Export hands out all records of all gateways as they stand at one moment,
// while others go on writing. It ends with the error of each, with that of the
// context, and where the store is closed.
//
// A kind of record that is not known is an error: a copy that lacks something
// is none.
func (db *DB) Export(ctx context.Context, each func(grant.Record) error) error {
	leave, err := db.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if err := db.flush(); err != nil {
		return db.outcome(err)
	}
	return db.records(ctx, each)
}

// records hands out all there are in the tables.
func (db *DB) records(ctx context.Context, each func(grant.Record) error) error {
	var refused error // by each, which is no failure of the store
	err := db.badger.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			select {
			case <-db.stop:
				return grant.ErrUnavailable
			default:
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			r, ok, err := db.record(txn, it.Item())
			if err != nil {
				return fmt.Errorf("record %q: %w", it.Item().Key(), err)
			}
			if !ok {
				continue
			}
			if refused = each(r); refused != nil {
				return nil
			}
		}
		return nil
	})
	switch {
	case refused != nil:
		return refused
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return db.outcome(err)
}

// record makes a record of a key and its value; not ok are indexes, what
// belongs to another record, and what is of the store itself.
func (db *DB) record(txn *badger.Txn, item *badger.Item) (r grant.Record, ok bool, err error) {
	key := string(item.Key())
	if key == formatKey || key == canaryKey || strings.HasPrefix(key, attestKey) {
		return r, false, nil
	}
	parts := strings.SplitN(key, "/", 3)
	if len(parts) != 3 {
		return r, false, fmt.Errorf("it is of an unknown kind")
	}
	if r.Gateway, err = url.PathUnescape(parts[0]); err != nil {
		return r, false, err
	}
	s := &store{keys: keyspace(parts[0] + "/")}
	rest := parts[2]
	read := func(decode func([]byte) error) (grant.Record, bool, error) {
		return r, true, item.Value(decode)
	}
	switch parts[1] {
	case kindAuthorization:
		a, err := s.loadAuthorization(txn, rest)
		r.Authorization = &a
		return r, true, err
	case kindCode:
		r.Code = new(grant.Code)
		return read(func(v []byte) (err error) { *r.Code, err = decodeCode(rest, v); return err })
	case kindTokenSet:
		r.TokenSet = new(grant.TokenSet)
		return read(func(v []byte) (err error) { *r.TokenSet, err = decodeTokenSet(rest, v); return err })
	case kindRefresh:
		r.RefreshToken = new(grant.RefreshToken)
		return read(func(v []byte) (err error) { *r.RefreshToken, err = decodeRefresh(rest, v); return err })
	case kindSigningKey:
		r.SigningKey = new(grant.SigningKey)
		return read(func(v []byte) (err error) { *r.SigningKey, err = decodeSigningKey(rest, v); return err })
	case kindKeyRemoval:
		r.KeyRemoval = new(grant.KeyRemoval)
		return read(func(v []byte) (err error) { *r.KeyRemoval, err = decodeKeyRemoval(rest, v); return err })
	case kindObject:
		r.Object = new(grant.ObjectHistory)
		return read(func(v []byte) (err error) { *r.Object, err = decodeObject(rest, v); return err })
	case kindAudit:
		r.Event = &grant.KeptEvent{Until: time.Unix(int64(item.ExpiresAt()), 0).UTC()}
		r.Event.ID = rest
		return read(func(v []byte) (err error) {
			if l, _, linked := trail.Cut(v); linked {
				r.Event.Link = l.Encode()
			}
			r.Event.Event, err = trail.DecodeEvent(v)
			return err
		})
	case kindUsed, kindLive, kindKeysVersion, kindSubject, kindSession, kindListed, kindListedEver, kindAuditCode, kindRemovalsOf, kindSetsOf, kindAuditEnd:
		return r, false, nil
	}
	return r, false, fmt.Errorf("it is of an unknown kind")
}
