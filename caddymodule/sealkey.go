package caddymodule

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/seal"
)

// What is said of a sealing key that does not fit, at a start, at a reload and
// by the doctor. Whoever reads it looks for these words in
// docs/troubleshooting.md.
const (
	otherKey = "is sealed with another key"
	noKey    = "is sealed with a key that is missing"
)

func errOtherKey(store string) error {
	return fmt.Errorf("seal_key: the store %s %s, and can not change it: put that back", store, otherKey)
}

// errNoSharedKey: a store that several nodes share keeps no key.
var errNoSharedKey = errors.New("seal_key: is required with this store, and must be the same on every node: caddy odoo-gateway generate-secret --seal-key makes one")

func errNoKey(o storeOptions) error {
	return fmt.Errorf("seal_key: the store %s %s: seal_key is not set, and there is no %s: put back what was there", o.name, noKey, o.keyFile())
}

// sealKey resolves the sealing key of a configuration, nil where it names none.
func (a *App) sealKey(repl *caddy.Replacer) ([]byte, error) {
	if a.SealKey == "" {
		return nil, nil
	}
	text, err := resolve(a.SealKey, repl)
	if err == nil {
		var key []byte
		if key, err = seal.ParseKey(text); err == nil {
			return key, nil
		}
	}
	return nil, fmt.Errorf("seal_key: %w", err)
}

// fits tells whether the store is open with a key.
func (p *pooledStore) fits(key []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return subtle.ConstantTimeCompare(key, p.key) == 1
}

// fitsMark is fits for the mark of a key.
func (p *pooledStore) fitsMark(mark string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return subtle.ConstantTimeCompare([]byte(mark), []byte(markOf(p.key))) == 1
}

// markOf tells sealing keys apart for a program that has one: from it nobody
// learns the key, which is random.
func markOf(key []byte) string {
	sum := sha256.Sum256(append([]byte("odoo_gateway doctor\x00"), key...))
	return hex.EncodeToString(sum[:])
}
