package badgerstore

import (
	"fmt"
	"os"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// Badger writes to mapped files: where there is no room for a page of one, the
// system ends the process. Where it can not make the next of its logs, it ends
// the process itself. So what would make it write is refused before.

// reserve is what Badger needs for what it does by itself: to write the tables
// of its memory, and to merge those of a store of our size.
func (o Options) reserve() uint64 { return o.FreeSpaceFloor / 2 }

// errBroken is what remains to be said where Badger can not go on.
var errBroken = fmt.Errorf("%w: it could not make a file, and has to be opened anew: restart Caddy", grant.ErrUnavailable)

// Space tells how many bytes are free on the store's disk, and below how many
// there are no new grants.
func (db *DB) Space() (free, floor uint64, err error) {
	free, err = db.opts.FreeSpace(db.opts.Dir)
	return free, db.opts.FreeSpaceFloor, err
}

// room tells whether the disk has space for new grants.
func (db *DB) room() error {
	free, err := db.opts.FreeSpace(db.opts.Dir)
	if err != nil {
		return fmt.Errorf("%w: free space of %s: %w", grant.ErrUnavailable, db.opts.Dir, err)
	}
	return db.enough(free, db.opts.FreeSpaceFloor)
}

// ready tells whether anything may be written: what ends something, too.
func (db *DB) ready() error {
	if now, err := os.Stat(db.opts.Dir); err != nil {
		return fmt.Errorf("%w: %w", grant.ErrUnavailable, err)
	} else if !os.SameFile(now, db.home) {
		return fmt.Errorf("%w: %s is not the directory that was opened: restart Caddy", grant.ErrUnavailable, db.opts.Dir)
	}
	if err := writable(db.opts.Dir); err != nil {
		return fmt.Errorf("%w: %s can not be written to: %w", grant.ErrUnavailable, db.opts.Dir, err)
	}
	free, err := db.opts.FreeSpace(db.opts.Dir)
	if err != nil {
		return nil // as in prepared
	}
	return db.enough(free, db.opts.reserve())
}

func (db *DB) enough(free, least uint64) error {
	if free < least {
		return fmt.Errorf("%w: only %d bytes are free for %s", grant.ErrUnavailable, free, db.opts.Dir)
	}
	return nil
}

// wrote looks at what has become of a write.
func (db *DB) wrote(err error) error {
	if err == nil {
		db.changed()
	}
	if err != nil && strings.Contains(err.Error(), "cannot create new mem table") && !db.broken.Swap(true) {
		db.log.Error("grant store could not make a file, and has to be opened anew: restart Caddy",
			zap.String("dir", db.opts.Dir), zap.Error(err))
	}
	return err
}

// prepared tells whether a store may be opened in a directory that is there: it
// can be written to, and Badger has room to begin.
func (o Options) prepared() error {
	if err := writable(o.Dir); err != nil {
		return fmt.Errorf("grant store %s can not be written to: %w: let the user that runs Caddy write there", o.Dir, err)
	}
	// Where that can not be told there are no new grants, and all else goes on.
	if free, err := o.FreeSpace(o.Dir); err == nil && free < o.reserve() {
		return fmt.Errorf("grant store %s: only %d MiB are free on its disk, and %d are needed: make room, nothing is lost", o.Dir, free>>20, o.reserve()>>20)
	}
	return nil
}
