package caddymodule

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

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
	return fmt.Errorf("seal_key: the store %s %s: seal_key is not set, and there is no %s: put one of them back", o.name, noKey, o.keyFile())
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

// key is the sealing key that is configured, or the one beside the store.
func (o storeOptions) key() ([]byte, error) {
	if o.sealKey != nil {
		return o.sealKey, nil
	}
	if o.keyFile() == "" {
		return nil, errNoSharedKey
	}
	key, err := seal.Load(o.keyFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoKey(o)
	}
	return key, err
}

// keyFile is where the key is kept that no configuration names, "" where one has
// to.
func (o storeOptions) keyFile() string { return o.module.keyFile() }

// ring returns the sealing key that is configured, or the one beside the store,
// which a first start makes. It has its name once the store is there: a key
// without a store is then a store that was lost, and an empty one would be one in
// which nobody was ever revoked.
func (o storeOptions) ring(logger *zap.Logger) ([]byte, *seal.Ring, error) {
	if o.sealKey != nil {
		ring, err := seal.NewRing(o.sealKey)
		return o.sealKey, ring, err
	}
	path := o.keyFile()
	if path == "" {
		return nil, nil, errNoSharedKey
	}
	there := o.module.exists()
	key, err := seal.Load(path)
	switch {
	case err == nil && !there:
		return nil, nil, fmt.Errorf("grant store %s has %s and no grants: restore a backup, or take that file away for a store that is new and empty", o.name, filepath.Base(path))
	case errors.Is(err, fs.ErrNotExist) && there:
		if key, err = seal.Load(path + unborn); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, errNoKey(o)
		}
	case errors.Is(err, fs.ErrNotExist):
		created := false
		if key, created, err = seal.LoadOrCreate(path + unborn); created {
			logger.Warn("made a sealing key in the store's directory: whoever copies the directory copies the key; to keep it elsewhere, set seal_key to what the file holds and take the file away",
				zap.String("file", path))
		}
	}
	if err != nil {
		return nil, nil, o.unusable(err)
	}
	ring, err := seal.NewRing(key)
	return key, ring, err
}

// unusable names the store where it is its directory that cannot be used: the
// key is the first thing that is looked for there.
func (o storeOptions) unusable(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("grant store %s: user %d, whom this process runs as, may not write there: %w", o.name, os.Geteuid(), err)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("grant store %s: a directory belongs there, and it is a file or below one: %w", o.name, err)
	}
	return err
}

// unborn is at the end of the key's name until the store is there.
const unborn = ".new"

// keepKey gives the key that was made for a store its name, now that there is one.
func (o storeOptions) keepKey() error {
	path := o.keyFile()
	if path == "" {
		return nil // it is configured
	}
	if err := os.Rename(path+unborn, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sealing key: %w", err)
	}
	return nil
}

// checkKey refuses a configuration whose sealing key is not that of the open
// store: it would not open the store at the next start.
func (r *storeReference) checkKey() error {
	p := r.pooled
	p.trying.Lock() // what is being opened may have another key
	defer p.trying.Unlock()
	if r.database() == nil {
		return nil
	}
	key, err := r.options.key()
	if err != nil {
		return err
	}
	if !p.fits(key) {
		return errOtherKey(p.name)
	}
	return nil
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
