package token

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// KeyBits is the size of the keys made here. Larger ones cost Go five to nine
// times as much to verify and protect tokens that live for an hour no better.
const KeyBits = 2048

// cacheSize bounds the cache of verified tokens: with some 400 bytes a token
// it stays below 2 MB.
const cacheSize = 4096

// KeyStore is the part of a grant.Store that keeps signing keys.
type KeyStore interface {
	SigningKeys(ctx context.Context) ([]grant.SigningKey, error)
	AddSigningKey(ctx context.Context, k grant.SigningKey, first bool) error
}

// Config is what a key set needs. All of Issuer, Audience, Store and Seal are
// required; a nil Now is the wall clock.
type Config struct {
	// Issuer is the iss claim, compared byte for byte.
	Issuer string
	// Audience is the aud claim that a token must contain.
	Audience string
	Store    KeyStore
	Seal     *seal.Ring
	Now      clock.Clock
}

// Keys signs with the newest key of the store and verifies with any of them.
// It is read-only after [Open] and safe for concurrent use.
type Keys struct {
	issuer, audience string
	now              clock.Clock
	current          signer
	byID             map[string]*rsa.PublicKey
	jwks             []byte
	created          string
	verified         *lru.Cache[[sha256.Size]byte, verified]
}

type signer struct {
	id  string
	key *rsa.PrivateKey
}

// Open loads the signing keys, oldest first. A store without any gets its
// first one here; of several starts at once one makes it and the others load
// that one. A key that the sealing key does not open is an error, and never a
// reason to make a new one: that would end every token without a word.
func Open(ctx context.Context, c Config) (*Keys, error) {
	if c.Issuer == "" || c.Audience == "" || c.Store == nil || c.Seal == nil {
		return nil, errors.New("token: issuer, audience, store and seal are required")
	}
	if c.Now == nil {
		c.Now = clock.System
	}
	k := &Keys{issuer: c.Issuer, audience: c.Audience, now: c.Now, byID: make(map[string]*rsa.PublicKey)}
	stored, err := c.Store.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("token: loading signing keys: %w", err)
	}
	if len(stored) == 0 {
		if stored, err = k.createFirst(ctx, c); err != nil {
			return nil, err
		}
	}
	signers := make([]signer, 0, len(stored))
	for _, s := range stored {
		key, err := openKey(c.Seal, s)
		if err != nil {
			return nil, err
		}
		signers = append(signers, signer{id: s.ID, key: key})
		k.byID[s.ID] = &key.PublicKey
	}
	k.current = signers[len(signers)-1]
	if k.jwks, err = marshalJWKS(signers); err != nil {
		return nil, fmt.Errorf("token: key set: %w", err)
	}
	k.verified, err = lru.New[[sha256.Size]byte, verified](cacheSize)
	return k, err
}

// Created is the id of the key that Open has made, "" where it found one.
func (k *Keys) Created() string { return k.created }

// JWKS is the public half of all keys as a JSON Web Key Set (RFC 7517). The
// caller must not change it.
func (k *Keys) JWKS() []byte { return k.jwks }

func (k *Keys) createFirst(ctx context.Context, c Config) ([]grant.SigningKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, KeyBits)
	if err != nil {
		return nil, fmt.Errorf("token: making a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("token: encoding a signing key: %w", err)
	}
	id := thumbprint(&key.PublicKey)
	err = c.Store.AddSigningKey(ctx, grant.SigningKey{
		ID: id, Algorithm: algorithm, Sealed: c.Seal.Seal(der, id), CreatedAt: c.Now(),
	}, true)
	switch {
	case err == nil:
		k.created = id
	case !errors.Is(err, grant.ErrStale): // ErrStale: another start was first
		return nil, fmt.Errorf("token: storing the first signing key: %w", err)
	}
	stored, err := c.Store.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("token: loading signing keys: %w", err)
	}
	if len(stored) == 0 {
		return nil, errors.New("token: the store keeps no signing key")
	}
	return stored, nil
}

// openKey trusts nothing of the record but what the sealing key vouches for.
func openKey(ring *seal.Ring, s grant.SigningKey) (*rsa.PrivateKey, error) {
	if s.Algorithm != algorithm {
		return nil, fmt.Errorf("token: signing key %s is for %q, want %s", s.ID, s.Algorithm, algorithm)
	}
	der, err := ring.Open(s.Sealed, s.ID)
	if err != nil {
		return nil, fmt.Errorf("token: signing key %s does not open with the configured sealing key: %w", s.ID, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("token: signing key %s: %w", s.ID, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() < KeyBits || thumbprint(&key.PublicKey) != s.ID {
		return nil, fmt.Errorf("token: signing key %s is not the RSA key of that id", s.ID)
	}
	return key, nil
}

// jwk is a public RSA key. Its first three fields, in this order, are what
// RFC 7638 hashes.
type jwk struct {
	Exponent  string `json:"e"`
	Type      string `json:"kty"`
	Modulus   string `json:"n"`
	ID        string `json:"kid,omitempty"`
	Use       string `json:"use,omitempty"`
	Algorithm string `json:"alg,omitempty"`
}

func newJWK(key *rsa.PublicKey) jwk {
	return jwk{
		Exponent: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		Type:     "RSA",
		Modulus:  base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
	}
}

// thumbprint is the RFC 7638 SHA-256 thumbprint: it serves as kid.
func thumbprint(key *rsa.PublicKey) string {
	canonical, _ := json.Marshal(newJWK(key)) // strings only: never fails
	sum := sha256.Sum256(canonical)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func marshalJWKS(signers []signer) ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: make([]jwk, 0, len(signers))}
	for _, s := range signers {
		j := newJWK(&s.key.PublicKey)
		j.ID, j.Use, j.Algorithm = s.id, "sig", algorithm
		set.Keys = append(set.Keys, j)
	}
	return json.Marshal(set)
}
