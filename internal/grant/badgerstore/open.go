package badgerstore

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
)

const (
	// format is the version of the keys' layout as a whole.
	format = 1
	// marker is a file that stands beside Badger's and says that there are
	// grants. Where they are gone all the same, starting empty would forget
	// every revocation.
	marker = "odoo-gateway-store"

	canaryText = "odoo-gateway grant store"
)

type formatRecord struct {
	Format int    `json:"format"`
	Epoch  string `json:"epoch"`
}

// Open opens the store in o.Dir, or makes one there. It fails, and changes
// nothing, where another process has the directory, where the sealing key is
// not the one the store was made with, where a newer version has written it,
// where records that must be there are missing, and where
// the directory was moved into another store or is not filled yet.
func Open(o Options) (*DB, error) {
	if o.Dir == "" || o.Seal == nil {
		return nil, errors.New("grant store: directory and sealing key are required")
	}
	o.defaults()
	if err := o.servable(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("grant store %s: %w", o.Dir, err)
	}
	if info, err := os.Stat(o.Dir); err == nil && info.Mode().Perm()&0o077 != 0 {
		o.Logger.Warn("other users of this machine can look into the grant store's directory",
			zap.String("dir", o.Dir), zap.String("mode", info.Mode().Perm().String()))
	}
	if err := o.prepared(); err != nil {
		return nil, err
	}
	if err := checkFiles(o.Dir); err != nil {
		return nil, err
	}
	b, err := openBadger(o)
	if err != nil {
		return nil, err
	}
	home, err := os.Stat(o.Dir)
	if err != nil {
		_ = b.Close()
		return nil, fmt.Errorf("grant store %s: %w", o.Dir, err)
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		_ = b.Close()
		return nil, fmt.Errorf("grant store %s: %w", o.Dir, err)
	}
	db := &DB{
		home: home, root: root, opts: o, log: o.Logger, badger: b, stores: make(map[string]*store),
		stop: make(chan struct{}), done: make(chan struct{}), full: make(chan struct{}, 1),
	}
	db.attest.changed, db.attest.done = make(chan struct{}, 1), make(chan struct{})
	db.SetRetention(o.Retention)
	if err := db.admit(); err != nil {
		_ = b.Close()
		_ = root.Close()
		return nil, err
	}
	go db.background()
	go db.attesting()
	return db, nil
}

// Exists tells whether there is a store in a directory.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, marker))
	return err == nil
}

// Begun tells whether there is a store, or what a first start has left of one that
// was killed.
func Begun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, badger.ManifestFilename))
	return err == nil || Exists(dir)
}

// checkFiles refuses a directory whose manifest is lost: Badger would make a
// new one and delete every table that it does not name.
func checkFiles(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, badger.ManifestFilename)); err == nil {
		return nil
	}
	for _, pattern := range []string{marker, attestation, "*.sst", "*.vlog", "*.mem"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) > 0 {
			return fmt.Errorf("grant store %s is damaged: %s is missing beside %s: move the directory away and restore a backup",
				dir, badger.ManifestFilename, pattern)
		}
	}
	return nil
}

// openBadger looks for damage first. It opens a database again where a process
// was killed between making a log and giving it a size: Badger gives it one then,
// and fails all the same.
func openBadger(o Options) (b *badger.DB, err error) {
	if locked(o.Dir) {
		return nil, inUseBy(o)
	}
	if err := undamaged(o); err != nil {
		return nil, fmt.Errorf("grant store %s %w: move the directory away and restore a backup", o.Dir, err)
	}
	for range 10 { // one for each such log, of which one kill leaves one
		if b, err = tryBadger(o); err == nil || !isUnborn(err) {
			break
		}
	}
	return b, err
}

// tryBadger turns a panic, which Badger prefers for some damage, into an error.
func tryBadger(o Options) (b *badger.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			b, err = nil, fmt.Errorf("grant store %s is damaged: %v: move the directory away and restore a backup", o.Dir, p)
		}
	}()
	b, err = badger.Open(badgerOptions(o))
	switch {
	case err == nil:
		return b, nil
	case isLocked(err):
		return nil, inUseBy(o)
	case errors.Is(err, fs.ErrPermission), isUnborn(err):
		return nil, fmt.Errorf("grant store %s: %s", o.Dir, firstLine(err))
	}
	return nil, fmt.Errorf("grant store %s can not be opened: %s: where its disk is well, move the directory away and restore a backup", o.Dir, firstLine(err))
}

func inUseBy(o Options) error {
	if o.Moved {
		return fmt.Errorf("grant store %s is in use by another process: stop Caddy", o.Dir)
	}
	return fmt.Errorf("grant store %s is in use by another process; if Caddy is already running use `caddy reload`", o.Dir)
}

// firstLine leaves out the stack that Badger's errors may have.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// isUnborn tells whether a log had no size. Badger has an error value for this,
// and loses it on the way.
func isUnborn(err error) bool { return strings.Contains(err.Error(), "Create a new file") }

// isLocked tells whether another process has the directory. Badger has no error
// value for this.
func isLocked(err error) bool { return strings.Contains(err.Error(), "Cannot acquire directory lock") }

// admit checks format and sealing key, and writes both into a new store.
func (db *DB) admit() error {
	var f formatRecord
	var canary []byte
	err := db.badger.View(func(txn *badger.Txn) error {
		if err := get(txn, []byte(formatKey), func(v []byte) error { return decode(v, &f) }); err != nil {
			return err
		}
		return get(txn, []byte(canaryKey), func(v []byte) error {
			canary = append(canary, v...)
			return nil
		})
	})
	switch {
	case errors.Is(err, grant.ErrNotFound):
		return db.initialize()
	case err != nil:
		return fmt.Errorf("grant store %s: %w", db.opts.Dir, err)
	case f.Format != format:
		return fmt.Errorf("grant store %s has format %d, this version of the gateway reads format %d", db.opts.Dir, f.Format, format)
	}
	plain, err := db.opts.Seal.Open(canary, f.Epoch)
	if err != nil || subtle.ConstantTimeCompare(plain, []byte(canaryText)) != 1 {
		return fmt.Errorf("grant store %s is sealed with another key, and can not change it: put that back; nothing was changed", db.opts.Dir)
	}
	db.epoch = f.Epoch
	switch err := db.attested(); {
	case errors.Is(err, errDamaged):
		return fmt.Errorf("grant store %s %w: put back what is missing, or move the directory away and restore a backup", db.opts.Dir, err)
	case err != nil:
		return fmt.Errorf("grant store %s: %w", db.opts.Dir, err)
	}
	return db.mark()
}

func (db *DB) initialize() error {
	if _, err := os.Stat(filepath.Join(db.opts.Dir, marker)); err == nil {
		return fmt.Errorf("grant store %s is damaged: it has lost its records: move the directory away and restore a backup", db.opts.Dir)
	}
	db.log.Warn("made a new grant store, without any grants: where there was one before, stop Caddy and restore a backup",
		zap.String("dir", db.opts.Dir))
	db.epoch = grant.NewID()
	err := db.badger.Update(func(txn *badger.Txn) error {
		if err := scan(txn, nil, func(*badger.Item) error { return errors.New("it holds records of something else") }); err != nil {
			return err
		}
		return db.found(txn)
	})
	if err != nil {
		return fmt.Errorf("grant store %s: %w", db.opts.Dir, err)
	}
	if err := db.mark(); err != nil {
		return err
	}
	return db.attested()
}

// found writes what makes a store of a database.
func (db *DB) found(txn *badger.Txn) error {
	if err := txn.Set([]byte(formatKey), encode(formatRecord{Format: format, Epoch: db.epoch})); err != nil {
		return err
	}
	return txn.Set([]byte(canaryKey), db.opts.Seal.Seal([]byte(canaryText), db.epoch))
}

// mark writes the marker file where it is missing, after the records that it
// vouches for.
func (db *DB) mark() error {
	path := filepath.Join(db.opts.Dir, marker)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.WriteFile(path, []byte("grant store of odoo-gateway\n"), 0o600); err != nil {
		return fmt.Errorf("grant store %s: %w", db.opts.Dir, err)
	}
	return nil
}
