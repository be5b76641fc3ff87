// Package seal encrypts what must rest secret in a store: Odoo credentials,
// signing keys and refresh family keys.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KeySize is the length of a sealing key in bytes (AES-256).
const KeySize = 32

// ErrWrongKey is returned where no key of the ring opens a value, or the
// value was sealed for another record or has been changed.
var ErrWrongKey = errors.New("seal: no key opens this value")

const (
	version   = 1
	keyIDSize = 4
	nonceSize = 12
	header    = 1 + keyIDSize + nonceSize
)

// Ring seals with its first key and opens with any of them. It is safe for
// concurrent use.
type Ring struct {
	current keyID
	keys    map[keyID]cipher.AEAD
	derive  [sha256.Size]byte // from the current key
}

type keyID [keyIDSize]byte

// NewRing returns a ring of keys of [KeySize] bytes each: the current one,
// and older ones that stay readable.
func NewRing(current []byte, older ...[]byte) (*Ring, error) {
	r := &Ring{keys: make(map[keyID]cipher.AEAD, 1+len(older))}
	for i, key := range append([][]byte{current}, older...) {
		if len(key) != KeySize {
			return nil, fmt.Errorf("seal: key %d has %d bytes, want %d", i+1, len(key), KeySize)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("seal: key %d: %w", i+1, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("seal: key %d: %w", i+1, err)
		}
		id := idOf(key)
		if r.keys[id] != nil {
			continue // listed twice; an older key never displaces a newer one
		}
		r.keys[id] = aead
		if i == 0 {
			r.current = id
			r.derive = mac(key, "odoo-gateway derived keys")
		}
	}
	return r, nil
}

// NewKey returns a fresh random key.
func NewKey() []byte {
	key := make([]byte, KeySize)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return key
}

// Seal encrypts plaintext with the current key. The associated data, such as
// a record's id, is not stored: the value opens only with the same one.
func (r *Ring) Seal(plaintext []byte, associated string) []byte {
	out := make([]byte, header, header+len(plaintext)+16)
	out[0] = version
	copy(out[1:], r.current[:])
	nonce := out[1+keyIDSize : header]
	_, _ = rand.Read(nonce)
	return r.keys[r.current].Seal(out, nonce, plaintext, []byte(associated))
}

// Open decrypts a sealed value. The error is ErrWrongKey, whatever the cause.
func (r *Ring) Open(sealed []byte, associated string) ([]byte, error) {
	if len(sealed) < header || sealed[0] != version {
		return nil, ErrWrongKey
	}
	aead, ok := r.keys[keyID(sealed[1:1+keyIDSize])]
	if !ok {
		return nil, ErrWrongKey
	}
	plain, err := aead.Open(nil, sealed[1+keyIDSize:header], sealed[header:], []byte(associated))
	if err != nil {
		return nil, ErrWrongKey
	}
	return plain, nil
}

// Derive returns a key of [KeySize] bytes for one use: it is always the same
// while the current key is, and tells nothing about it or about other uses.
func (r *Ring) Derive(use string) []byte {
	key := mac(r.derive[:], use)
	return key[:]
}

func mac(key []byte, text string) (sum [sha256.Size]byte) {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	m.Sum(sum[:0])
	return sum
}

// idOf names a key without telling anything about it.
func idOf(key []byte) keyID {
	sum := sha256.Sum256(append([]byte("odoo-gateway seal key id\x00"), key...))
	return keyID(sum[:keyIDSize])
}
