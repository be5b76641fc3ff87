package token

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

const (
	// MaxLife is the longest life of an access token. Sign refuses a longer
	// one: a key must not end before a token of it.
	MaxLife = 24 * time.Hour
	// PrePublish is how long a rotated key is published before it signs. Our
	// JWKS may be cached for minutes, but many resource servers fetch it once
	// a day whatever they are told, and refuse tokens of a key that they have
	// not seen. A rotation is in no hurry; what is, is Replace.
	PrePublish = 24 * time.Hour
	// overlap is how long a key is accepted after its successor's turn: as
	// long as a token of it may live, and an hour for key sets that hear late.
	overlap = MaxLife + time.Hour
)

// ErrRotating: a rotation is under way, its key does not sign yet.
var ErrRotating = errors.New("token: a rotation is under way")

// Rotate makes a new key and returns its id. It is published at once, signs
// after PrePublish, and all older keys end when no token of theirs can live.
// While a key waits for its turn no other is made: its id is returned with
// ErrRotating. So two rotations at once make one key.
func (k *Keys) Rotate(ctx context.Context) (kid string, err error) {
	now := k.now()
	turn := now.Add(PrePublish)
	made, err := generate(k.seal, k.algorithm, now, turn)
	if err != nil {
		return "", err
	}
	kid = made.ID
	return kid, k.change(ctx, func(all []grant.SigningKey) ([]grant.SigningKey, error) {
		for _, s := range all {
			if s.Algorithm == k.algorithm && s.EndsAt.IsZero() && s.SignsFrom.After(now) {
				kid = s.ID
				return nil, ErrRotating
			}
		}
		kid = made.ID
		end(all, turn.Add(overlap), func(grant.SigningKey) bool { return true })
		return append(all, made), nil
	})
}

// Replace makes a new key that signs at once and forgets all others, for when
// one of them is in wrong hands: every access token becomes invalid, and what
// its holders do then is refresh. It returns the new key's id. Where others
// have replaced the keys since this call began, theirs stands.
func (k *Keys) Replace(ctx context.Context) (kid string, err error) {
	seen, err := k.store.SigningKeys(ctx)
	if err != nil {
		return "", fmt.Errorf("token: loading signing keys: %w", err)
	}
	now := k.now()
	made, err := generate(k.seal, k.algorithm, now, now)
	if err != nil {
		return "", err
	}
	return kid, k.change(ctx, func(all []grant.SigningKey) ([]grant.SigningKey, error) {
		kid = made.ID
		if len(all) == 1 && !slices.ContainsFunc(seen, func(s grant.SigningKey) bool { return s.ID == all[0].ID }) {
			kid = all[0].ID
			return all, nil
		}
		return []grant.SigningKey{made}, nil
	})
}

// change edits the stored keys, drops those that have ended, and looks at the
// outcome.
func (k *Keys) change(ctx context.Context, edit func([]grant.SigningKey) ([]grant.SigningKey, error)) error {
	now := k.now()
	err := k.store.UpdateSigningKeys(ctx, func(all []grant.SigningKey) ([]grant.SigningKey, error) {
		all = slices.DeleteFunc(all, func(s grant.SigningKey) bool { return ended(s, now) })
		return edit(all)
	})
	if err != nil && !errors.Is(err, ErrRotating) {
		return fmt.Errorf("token: storing signing keys: %w", err)
	}
	k.loading.Lock()
	defer k.loading.Unlock()
	failed := k.load(ctx)
	return cmp.Or(err, failed)
}

// create makes a key of the configured algorithm that signs at once, where no
// other can. The caller holds loading.
func (k *Keys) create(ctx context.Context) error {
	now := k.now()
	made, err := generate(k.seal, k.algorithm, now, now)
	if err != nil {
		return err
	}
	var added bool
	err = k.store.UpdateSigningKeys(ctx, func(all []grant.SigningKey) ([]grant.SigningKey, error) {
		added = !slices.ContainsFunc(all, func(s grant.SigningKey) bool {
			return s.Algorithm == k.algorithm && (s.EndsAt.IsZero() || s.EndsAt.Sub(now) >= MaxLife)
		})
		if !added { // another start was first
			return all, nil
		}
		return append(all, made), nil
	})
	if err != nil {
		return fmt.Errorf("token: storing a signing key: %w", err)
	}
	if added {
		k.created(Key{ID: made.ID, Algorithm: made.Algorithm, CreatedAt: now, SignsFrom: now, Signs: true})
	}
	if err := k.load(ctx); err != nil {
		return err
	}
	if k.known.Load().signer(k.algorithm, now) == nil {
		return errors.New("token: the store keeps no signing key")
	}
	return nil
}

// settle does what time has made due. Open leaves that to a later look: a
// configuration that is tried and refused ends no key. It fails silently: what
// is due now is due then too. The caller holds loading.
func (k *Keys) settle(ctx context.Context) {
	now := k.now()
	stored, err := k.store.SigningKeys(ctx)
	if err != nil || same(stored, due(slices.Clone(stored), k.algorithm, now)) {
		return
	}
	err = k.store.UpdateSigningKeys(ctx, func(all []grant.SigningKey) ([]grant.SigningKey, error) { return due(all, k.algorithm, now), nil })
	if err == nil {
		_ = k.load(ctx)
	}
}

// due deletes the keys that have ended, and gives those of the algorithm that
// was configured before their end.
func due(all []grant.SigningKey, algorithm string, now time.Time) []grant.SigningKey {
	all = slices.DeleteFunc(all, func(s grant.SigningKey) bool { return ended(s, now) })
	var own time.Time // when the newest of ours was made
	for _, s := range all {
		if s.Algorithm == algorithm && s.EndsAt.IsZero() && s.CreatedAt.After(own) {
			own = s.CreatedAt
		}
	}
	// Of two configurations over one store the one with the newer key is
	// the newer one: the other must not end what that one signs with.
	end(all, now.Add(overlap), func(s grant.SigningKey) bool {
		return s.Algorithm != algorithm && s.CreatedAt.Before(own)
	})
	return all
}

func ended(s grant.SigningKey, now time.Time) bool {
	return !s.EndsAt.IsZero() && !now.Before(s.EndsAt)
}

// end gives those keys an end that have none.
func end(all []grant.SigningKey, at time.Time, which func(grant.SigningKey) bool) {
	for i := range all {
		if all[i].EndsAt.IsZero() && which(all[i]) {
			all[i].EndsAt = at
		}
	}
}

// same tells whether due has changed no end and deleted no key.
func same(before, after []grant.SigningKey) bool {
	return slices.EqualFunc(before, after, func(a, b grant.SigningKey) bool { return a.EndsAt.Equal(b.EndsAt) })
}
