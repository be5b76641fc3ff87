package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/stored"
	"github.com/caddy-odoo/gateway/internal/grant/trail"
)

// Import makes a store in o.Dir. The directory may be missing, and may hold the
// files that keep names, such as that of a key, and what an Import has left that
// was killed; anything else in it is an error. Where it fails nothing is left
// behind; where the machine does, what is left does not open.
//
// Beyond Dir, Seal and Logger it needs no option. It asks the records for
// nothing but what they are: who feeds it has to know where they come from.
func Import(o Options, keep []string, with grant.Filling) (err error) {
	if o.Dir == "" || o.Seal == nil {
		return errors.New("grant store: directory and sealing key are required")
	}
	o.defaults()
	_, statErr := os.Stat(o.Dir)
	if err := vacate(o.Dir, keep); err != nil {
		return err
	}
	if err := vacant(o, keep); err != nil {
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return fmt.Errorf("grant store %s: %w", o.Dir, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, clear(o.Dir, keep, errors.Is(statErr, os.ErrNotExist)))
		}
	}()
	if err := o.prepared(); err != nil {
		return err
	}
	if err := writeNote(o.Dir, noteUnfinished, "this directory is being filled, or that was broken off\n"); err != nil {
		return fmt.Errorf("grant store %s: %w", o.Dir, err)
	}
	// Before the records, unlike in a new store: one that has the marker and lacks
	// its records does not open.
	db := &DB{opts: o, log: o.Logger}
	if err := db.mark(); err != nil {
		return err
	}
	b, err := openBadger(o)
	if err != nil {
		return err
	}
	db.badger = b
	if err := db.fill(with); err != nil {
		_ = b.Close()
		return err
	}
	if err := b.Close(); err != nil {
		return fmt.Errorf("closing grant store %s: %w", o.Dir, err)
	}
	if err := removeNote(o.Dir, noteUnfinished); err != nil {
		return fmt.Errorf("grant store %s: %w", o.Dir, err)
	}
	return nil
}

// vacate takes away what an Import has left that was killed.
func vacate(dir string, keep []string) error {
	if !hasNote(dir, noteUnfinished) {
		return nil
	}
	if locked(dir) {
		return fmt.Errorf("grant store %s is being filled by another process", dir)
	}
	if err := clear(dir, keep, false); err != nil {
		return fmt.Errorf("grant store %s: %w", dir, err)
	}
	return nil
}

// vacant tells whether there is nothing in the directory but what is kept.
func vacant(o Options, keep []string) error {
	entries, err := os.ReadDir(o.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("grant store %s: %w", o.Dir, err)
	}
	for _, e := range entries {
		if slices.Contains(keep, e.Name()) {
			continue
		}
		if Exists(o.Dir) && inUse(o) {
			return fmt.Errorf("grant store %s is in use by another process: stop Caddy, and move the directory away", o.Dir)
		}
		return fmt.Errorf("grant store %s is not empty: move the directory away", o.Dir)
	}
	return nil
}

// inUse tells whether another process has the store open. It changes nothing.
func inUse(o Options) bool {
	b, err := badger.Open(badgerOptions(o).WithReadOnly(true))
	if err != nil {
		return isLocked(err)
	}
	_ = b.Close()
	return false
}

// clear removes what a failed import has left.
func clear(dir string, keep []string, whole bool) error {
	if whole {
		return os.RemoveAll(dir)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != noteUnfinished && !slices.Contains(keep, e.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if err != nil || !hasNote(dir, noteUnfinished) {
		return err
	}
	return removeNote(dir, noteUnfinished) // behind all else: what is left does not open
}

// fill writes the records, and behind them what makes a store of them.
func (db *DB) fill(with grant.Filling) error {
	batch := db.badger.NewWriteBatch()
	defer batch.Cancel()
	gateways := make(map[string]bool)
	ends := make(map[string]trail.End) // of the audit trails, by gateway
	put := func(r grant.Record) error {
		if err := r.Validate(); err != nil {
			return err
		}
		gateways[r.Gateway] = true
		entries, err := entriesOf(r)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := batch.SetEntry(e); err != nil {
				return fmt.Errorf("grant store %s: %w", db.opts.Dir, err)
			}
		}
		if r.Event != nil {
			// Records come in any order: the end is that of the latest.
			e := entries[0]
			l, text, linked := trail.Cut(e.Value)
			if linked && l.Number > ends[r.Gateway].Number && db.trailOf(r.Gateway).chain().Code(l, r.Event.ID, e.ExpiresAt, text) == l.Code {
				ends[r.Gateway] = trail.End{Number: l.Number, Until: e.ExpiresAt, Code: l.Code[:]}
			}
		}
		return nil
	}
	if err := with.Feed(put); err != nil {
		return err
	}
	for gateway, e := range ends {
		if err := db.trailOf(gateway).storeEnd(batch.Set, e); err != nil {
			return fmt.Errorf("grant store %s: %w", db.opts.Dir, err)
		}
	}
	if err := batch.Flush(); err != nil {
		return fmt.Errorf("grant store %s: %w", db.opts.Dir, err)
	}
	if with.Check != nil {
		err := with.Check(func(each func(grant.Record) error) error { return db.records(context.Background(), each) })
		if err != nil {
			return err
		}
	}
	for gateway := range gateways {
		if with.Last == nil {
			break
		}
		s, e := db.trailOf(gateway), with.Last(gateway)
		s.trail.last = s.newestPlace()
		if err := s.writeTrail([]waitingEvent{s.placed(e.Event, e.Until)}); err != nil {
			return fmt.Errorf("grant store %s: %w", db.opts.Dir, err)
		}
	}
	db.epoch = grant.NewID()
	if err := db.badger.Update(db.found); err != nil {
		return fmt.Errorf("grant store %s: %w", db.opts.Dir, err)
	}
	return nil
}

// trailOf is a store for the audit trail of a gateway alone.
func (db *DB) trailOf(gateway string) *store {
	return &store{db: db, gateway: gateway, keys: newKeyspace(gateway)}
}

// entriesOf is a record with all that leads to it.
func entriesOf(r grant.Record) ([]*badger.Entry, error) {
	s := &store{keys: newKeyspace(r.Gateway)}
	var all []*badger.Entry
	set := func(key, value []byte) { all = append(all, badger.NewEntry(key, value)) }
	index := func(keys ...[]byte) {
		for _, key := range keys {
			set(key, nil)
		}
	}
	switch {
	case r.Authorization != nil:
		a := *r.Authorization
		set(s.keys.key(kindAuthorization, a.ID), encodeAuthorization(a))
		index(s.everLists(a)...)
		if a.Live() {
			index(s.liveLists(a)...)
			set(s.keys.live(a.Key()), []byte(a.ID))
		}
		if a.Connection.Hash != "" {
			index(s.keys.index(kindSession, a.Connection.Hash, a.ID))
		}
		if u := (stored.Uses{Last: a.LastUsedAt, Count: a.Uses}); u != (stored.Uses{}) {
			set(s.keys.key(kindUsed, a.ID), encodeUses(u))
		}
	case r.Code != nil:
		set(s.keys.key(kindCode, r.Code.Hash), encodeCode(*r.Code))
		if !r.Code.RetainUntil.IsZero() {
			index(s.auditCode(*r.Code)...)
		}
	case r.TokenSet != nil:
		set(s.keys.key(kindTokenSet, r.TokenSet.ID), encodeTokenSet(*r.TokenSet))
		index(s.setsOf(*r.TokenSet))
	case r.RefreshToken != nil:
		set(s.keys.key(kindRefresh, r.RefreshToken.Hash), encodeRefresh(*r.RefreshToken))
	case r.SigningKey != nil:
		set(s.keys.key(kindSigningKey, r.SigningKey.ID), encodeSigningKey(*r.SigningKey))
	case r.KeyRemoval != nil:
		set(s.keys.key(kindKeyRemoval, r.KeyRemoval.ID), encodeKeyRemoval(*r.KeyRemoval))
		index(s.keys.index(kindRemovalsOf, r.KeyRemoval.Subject, r.KeyRemoval.ID))
	case r.Object != nil:
		set(s.keys.key(kindObject, r.Object.ID()), encodeObject(*r.Object))
	case r.Event != nil:
		if !trail.IsPlace(r.Event.ID) {
			return nil, errors.New("an event of the audit trail has no place in it")
		}
		if len(r.Event.Link) != 0 && len(r.Event.Link) != trail.LinkSize {
			return nil, errors.New("an event of the audit trail has a malformed link")
		}
		set(s.keys.key(kindAudit, r.Event.ID), append(slices.Clip(r.Event.Link), trail.EncodeEvent(r.Event.Event)...))
		all[0].ExpiresAt = trail.Expiry(r.Event.Until)
	}
	return all, nil
}
