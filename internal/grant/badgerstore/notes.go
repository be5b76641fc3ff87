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
// A mark to the same place stays as it is.
func (db *DB) MarkMoved(m grant.Moved) error {
	was, err := MovedTo(db.opts.Dir)
	if err != nil || was.To == m.To {
		return err
	}
	if err := replace(db.root, noteMoved, []byte(m.At.UTC().Format(time.RFC3339)+" "+m.To+"\n")); err != nil {
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

// writeNote writes a file that is there after a power cut; what is in it may not be.
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

// replace writes a file that is there with all of its text, or as it was before,
// whenever the machine fails.
func replace(dir *os.Root, name string, text []byte) error {
	next := name + ".new"
	f, err := dir.OpenFile(next, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(text); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = dir.Rename(next, name)
	}
	if err != nil {
		return err
	}
	return synced(dir.Open("."))
}

func syncDir(dir string) error { return synced(os.Open(dir)) }

// synced syncs a directory, and closes it.
func synced(dir *os.File, err error) error {
	if err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return dir.Close() // which has no such thing
	}
	return errors.Join(dir.Sync(), dir.Close())
}
