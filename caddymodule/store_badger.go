package caddymodule

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/caddy-odoo/gateway/internal/doctor"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// keptFiles are the files that may stand in a directory that a store is restored
// into: the key, and what some file systems have at their root.
var keptFiles = []string{"seal.key", "lost+found"}

// directory is where the store is. Only the default can fail to be told, and then
// Name has said so.
func (s *BadgerStore) directory() string {
	dir, _ := s.Name()
	return dir
}

func (s *BadgerStore) keyFile() string { return filepath.Join(s.directory(), "seal.key") }

func (s *BadgerStore) exists() bool { return badgerstore.Begun(s.directory()) }

func (s *BadgerStore) remote() bool { return false }

func (s *BadgerStore) there(context.Context) (bool, error) { return s.exists(), nil }

func (s *BadgerStore) whole(context.Context) (bool, error) {
	return badgerstore.Whole(s.directory()), nil
}

func (s *BadgerStore) open(_ context.Context, o opening) (database, error) {
	db, err := badgerstore.Open(badgerstore.Options{Dir: s.directory(), Seal: o.ring, Logger: o.logger, Retention: s.Kept(), Moved: o.moved})
	if err != nil {
		return nil, err
	}
	return badgerDatabase{db}, nil
}

func (s *BadgerStore) fill(_ context.Context, ring *seal.Ring, with grant.Filling) error {
	return badgerstore.Import(badgerstore.Options{Dir: s.directory(), Seal: ring}, keptFiles, with)
}

type badgerDatabase struct{ *badgerstore.DB }

func (db badgerDatabase) adopt(s Store) error {
	db.SetRetention(s.Kept())
	return nil
}

func (db badgerDatabase) stats() (storeStats, bool) {
	s, open := db.Stats()
	return storeStats{bytes: s.Bytes, free: s.FreeBytes, writable: s.Writable, failures: s.Failures}, open
}

// lowSpace is how much room on the disk is little, as a multiple of that below
// which there are no new grants.
const lowSpace = 16

func (db badgerDatabase) examine(_ context.Context, name string) doctor.Finding {
	f := doctor.Finding{Part: "disk", Status: doctor.OK}
	free, floor, err := db.Space()
	if err != nil {
		f.Status, f.Text = doctor.Unknown, "its free space can not be told: "+err.Error()
		return f
	}
	f.Text = fmt.Sprintf("%d MiB are free for %s", free>>20, name)
	f.Advice = "make room: below " + fmt.Sprintf("%d MiB", floor>>20) + " nobody can connect an application or refresh a token"
	switch {
	case free < floor:
		f.Status = doctor.Problem
	case free < lowSpace*floor:
		f.Status = doctor.Warning
	default:
		f.Advice = ""
	}
	return f
}

// turn is always this process's: no other can open the directory.
func (badgerDatabase) turn(context.Context, string, time.Duration) bool { return true }

func (badgerDatabase) peers() oauth.Peers { return nil }

// Interface guards
var _ database = badgerDatabase{}
