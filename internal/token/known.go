package token

import (
	"context"
	"fmt"
	"time"
)

const (
	// RefreshEvery is how often the store is asked for the keys again.
	RefreshEvery = time.Minute
	// unknownEvery bounds how often a token of an unknown key makes the store
	// be asked: whoever sends random ones must not get a read for each.
	unknownEvery = time.Second
	// loadTimeout bounds a reading of the store that no request pays for.
	loadTimeout = 10 * time.Second
)

// known is what was last found in the store. It never changes.
type known struct {
	keys []*key // oldest first
	byID map[string]*key
	// at is when the store was last asked, whether it answered or not, and failed
	// says that it did not.
	at     time.Time
	failed bool
	// changes is how often the keys had changed before, as far as the store tells.
	changes uint64
}

// teller is a store that hears of changes which others make, and counts them.
type teller interface{ SigningKeysChanges() uint64 }

// changes is the count of a store that tells, 0 of any other.
func (k *Keys) changes() uint64 {
	if t, ok := k.store.(teller); ok {
		return t.SigningKeysChanges()
	}
	return 0
}

// signer is the key that signs now, nil if there is none: of those of the
// algorithm that no token can outlive, the one whose turn came last. Where the
// clock was set back behind all of them, it is the one whose turn comes first.
func (n *known) signer(algorithm string, now time.Time) *key {
	var best *key
	for _, k := range n.keys {
		if k.algorithm != algorithm || !k.endsAt.IsZero() && k.endsAt.Sub(now) < MaxLife {
			continue
		}
		switch {
		case best == nil:
			best = k
		case k.signsFrom.After(now):
			if best.signsFrom.After(now) && k.signsFrom.Before(best.signsFrom) {
				best = k
			}
		case best.signsFrom.After(now) || !k.signsFrom.Before(best.signsFrom):
			best = k
		}
	}
	return best
}

// current is what is known, at most RefreshEvery old, and no older than a change
// that the store has heard of: one of the callers who find it older looks, and the
// others go on with what there is. A store that
// fails leaves what is known as it is.
func (k *Keys) current() *known {
	if !k.stale(RefreshEvery) || !k.loading.TryLock() {
		return k.known.Load()
	}
	defer k.loading.Unlock()
	if k.stale(RefreshEvery) {
		ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
		defer cancel()
		if k.load(ctx) == nil {
			k.settle(ctx)
		}
	}
	return k.known.Load()
}

// find returns the key of that id that verifies now, nil if there is none. An
// unknown id may be of a key that somebody has made since: the store is asked,
// though not for each such token.
func (k *Keys) find(id string, now time.Time) *key {
	found := k.current().byID[id]
	if found == nil && len(id) == thumbprintSize && k.stale(unknownEvery) {
		k.loading.Lock()
		defer k.loading.Unlock()
		if k.stale(unknownEvery) {
			ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
			defer cancel()
			_ = k.load(ctx) // the token is refused then, as before
		}
		found = k.known.Load().byID[id]
	}
	if found == nil || found.ended(now) {
		return nil
	}
	return found
}

// thumbprintSize is the length of every kid of ours.
const thumbprintSize = 43

// stale tells whether the store was last asked that long ago, or in what is
// now the future, or has heard of a change since. One that fails then is not asked
// by everybody.
func (k *Keys) stale(after time.Duration) bool {
	last := k.known.Load()
	if k.changes() != last.changes {
		after = 0
		if last.failed {
			after = unknownEvery
		}
	}
	age := k.now().Sub(last.at)
	return age >= after || age < 0
}

// load reads the store. The caller holds loading. A key that was opened before
// is not opened again.
func (k *Keys) load(ctx context.Context) error {
	old := k.known.Load()
	next := &known{byID: make(map[string]*key), at: k.now(), changes: k.changes()}
	failed := func(err error) error {
		k.known.Store(&known{keys: old.keys, byID: old.byID, at: next.at, failed: true, changes: old.changes})
		return err
	}
	stored, err := k.store.SigningKeys(ctx)
	if err != nil {
		return failed(fmt.Errorf("token: loading signing keys: %w", err))
	}
	for _, s := range stored {
		opened := old.byID[s.ID]
		if opened == nil {
			if opened, err = openKey(k.seal, s); err != nil {
				return failed(err)
			}
		}
		opened = opened.at(s)
		next.keys = append(next.keys, opened)
		next.byID[s.ID] = opened
	}
	k.known.Store(next)
	return nil
}
