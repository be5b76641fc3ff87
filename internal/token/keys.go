package token

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// cacheSize bounds the cache of verified tokens: with some 400 bytes a token
// it stays below 2 MB.
const cacheSize = 4096

// KeyStore is the part of a grant.Store that keeps signing keys.
type KeyStore interface {
	SigningKeys(ctx context.Context) ([]grant.SigningKey, error)
	UpdateSigningKeys(ctx context.Context, edit func([]grant.SigningKey) ([]grant.SigningKey, error)) error
}

// Config is what a key set needs. All of Issuer, Audience, Store and Seal are
// required; a nil Now is the wall clock.
type Config struct {
	// Issuer is the iss claim, compared byte for byte.
	Issuer string
	// Audience is the aud claim that a token must contain.
	Audience string
	// Algorithm is what new tokens are signed with, RS256 or EdDSA; "" is
	// RS256. Tokens of the other one verify until their keys end.
	Algorithm string
	Store     KeyStore
	Seal      *seal.Ring
	Now       clock.Clock
	// Created is told of each key that was made without being asked for: the
	// first one, and one of another algorithm. It may be nil.
	Created func(Key)
}

// Keys signs with the key whose turn it is and verifies with every key that
// has not ended. The store holds the truth: what it says is looked at again
// every RefreshEvery, so that any number of key sets over one store agree.
// Keys has no goroutine and is safe for concurrent use.
type Keys struct {
	issuer, audience string
	algorithm        string
	store            KeyStore
	seal             *seal.Ring
	now              clock.Clock
	created          func(Key)

	known    atomic.Pointer[known]
	loading  sync.Mutex // held by the one who reads the store
	verified *lru.Cache[[sha256.Size]byte, verified]
}

// Open loads the signing keys. Where none of the algorithm is there it is made
// here; of several starts at once one makes it and the others load that one. A
// key that the sealing key does not open is an error, and never a reason to
// make a new one: that would end every token without a word.
func Open(ctx context.Context, c Config) (*Keys, error) {
	if c.Issuer == "" || c.Audience == "" || c.Store == nil || c.Seal == nil {
		return nil, errors.New("token: issuer, audience, store and seal are required")
	}
	if c.Algorithm == "" {
		c.Algorithm = RS256
	}
	if methods[c.Algorithm] == nil {
		return nil, fmt.Errorf("token: the algorithm must be %s or %s, not %q", RS256, EdDSA, c.Algorithm)
	}
	if c.Now == nil {
		c.Now = clock.System
	}
	if c.Created == nil {
		c.Created = func(Key) {}
	}
	k := &Keys{
		issuer: c.Issuer, audience: c.Audience, algorithm: c.Algorithm,
		store: c.Store, seal: c.Seal, now: c.Now, created: c.Created,
	}
	k.known.Store(&known{})
	k.loading.Lock()
	defer k.loading.Unlock()
	if err := k.load(ctx); err != nil {
		return nil, err
	}
	if k.known.Load().signer(k.algorithm, k.now()) == nil {
		if err := k.create(ctx); err != nil {
			return nil, err
		}
	}
	var err error
	k.verified, err = lru.New[[sha256.Size]byte, verified](cacheSize)
	return k, err
}

// JWKS is the public half of all keys as a JSON Web Key Set (RFC 7517): of
// those that sign, of those that will, and of those that still verify.
func (k *Keys) JWKS() []byte {
	now := k.now()
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, key := range k.current().keys {
		if !key.ended(now) {
			set.Keys = append(set.Keys, key.jwk)
		}
	}
	b, _ := json.Marshal(set) // of valid JSON: never fails
	return b
}

// Key is a signing key as administrators see it.
type Key struct {
	// ID is the kid: the RFC 7638 thumbprint.
	ID string
	// Algorithm is RS256 or EdDSA.
	Algorithm string
	CreatedAt time.Time
	// SignsFrom is when it begins to sign.
	SignsFrom time.Time
	// EndsAt is when it is accepted no more; zero where nothing replaces it.
	EndsAt time.Time
	// Signs is true for the one that signs now.
	Signs bool
}

// List returns the keys as the store has them, oldest first.
func (k *Keys) List(ctx context.Context) ([]Key, error) {
	k.loading.Lock()
	defer k.loading.Unlock()
	if err := k.load(ctx); err != nil {
		return nil, err
	}
	now := k.now()
	found := k.known.Load()
	signer := found.signer(k.algorithm, now)
	all := make([]Key, 0, len(found.keys))
	for _, key := range found.keys {
		if !key.ended(now) {
			all = append(all, Key{
				ID: key.id, Algorithm: key.algorithm, CreatedAt: key.createdAt,
				SignsFrom: key.signsFrom, EndsAt: key.endsAt, Signs: key == signer,
			})
		}
	}
	return all, nil
}
