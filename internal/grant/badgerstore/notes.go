package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// Notes are files in the directory that forbid to open the store in it, whatever
// else is there.
const (
	// noteUnfinished is there while the directory is filled with the records of another
	// store.
	noteUnfinished = "odoo-gateway-unfinished"
	// noteMoved tells into which store this one was moved: what was revoked there would
	// live here.
	noteMoved = "odoo-gateway-moved"
)

// servable refuses a directory with a note.
func (o Options) servable() error {
	if hasNote(o.Dir, noteUnfinished) {
		return fmt.Errorf("grant store %s is not complete: filling it was broken off: run that command again, or move the directory away", o.Dir)
	}
	if o.Moved {
		return nil
	}
	m, err := MovedTo(o.Dir)
	if err != nil {
		return err
	}
	return m.Refusal(o.Dir)
}

// Whole tells whether there is a store in a directory, and not what filling it has
// left that was broken off.
func Whole(dir string) bool { return Exists(dir) && !hasNote(dir, noteUnfinished) }

// MovedTo tells into which store that in the directory was moved; the zero value
// is none.
func MovedTo(dir string) (m grant.Moved, err error) {
	text, err := os.ReadFile(filepath.Join(dir, noteMoved))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("grant store %s: %w", dir, err)
	}
	at, to, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	if m.At, err = time.Parse(time.RFC3339, at); err != nil || to == "" {
		return grant.Moved{To: "another store"}, nil // somebody has written into it
	}
	m.To = to
	return m, nil
}

// MovedTo is that of the store's directory.
func (db *DB) MovedTo(context.Context) (grant.Moved, error) { return MovedTo(db.opts.Dir) }

// MarkMoved has the store not open any more: it was moved into the one of that name.
func (db *DB) MarkMoved(m grant.Moved) error {
	if err := writeNote(db.opts.Dir, noteMoved, m.At.UTC().Format(time.RFC3339)+" "+m.To+"\n"); err != nil {
		return fmt.Errorf("grant store %s: %w", db.opts.Dir, err)
	}
	return nil
}

// UnmarkMoved takes MarkMoved back. Without a mark it is no error.
func (db *DB) UnmarkMoved() error {
	if !hasNote(db.opts.Dir, noteMoved) {
		return nil
	}
	if err := removeNote(db.opts.Dir, noteMoved); err != nil {
		return fmt.Errorf("grant store %s: %w", db.opts.Dir, err)
	}
	return nil
}

func hasNote(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// writeNote writes a file that is there after a power cut.
func writeNote(dir, name, text string) error {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close(), syncDir(dir))
}

func removeNote(dir, name string) error {
	return errors.Join(os.Remove(filepath.Join(dir, name)), syncDir(dir))
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // which has no such thing
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
