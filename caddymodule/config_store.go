package caddymodule

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
)

// storeNamespace is where stores are registered as guests of the app.
const storeNamespace = "odoo_gateway.stores"

func init() {
	caddy.RegisterModule(BadgerStore{})
}

// Store is a guest module of the app that says where grants are kept. The gateway
// brings all that there are: what a store has to do beside this is its own.
type Store interface {
	// Name returns what names the store to people: configurations with the same one
	// share an open store.
	Name() (string, error)
	// Kept returns how long what has ended is kept.
	Kept() time.Duration

	storeKind
}

// BadgerStore keeps grants in a directory of this machine, in the embedded
// database Badger. Only one process can have the directory open.
type BadgerStore struct {
	// The directory, made with mode 0700 where it is missing. Placeholders
	// `{env.NAME}` are resolved. Default: `odoo_gateway` in Caddy's data
	// directory.
	Path string `json:"path,omitempty"`

	// How long what has ended is kept: revoked authorizations, token sets that
	// were ended or whose refresh token has expired, with their codes, and
	// refresh tokens that were replaced. A stolen refresh token that comes back
	// is recognized that long. 1 day to 10 years. Default: `30d`.
	Retention caddy.Duration `json:"retention,omitempty"`

	dir string
}

// CaddyModule returns the Caddy module information.
func (BadgerStore) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  storeNamespace + ".badger",
		New: func() caddy.Module { return new(BadgerStore) },
	}
}

// leastRetention is the longest life of an access token: none may outlive what
// says of it that it has ended.
const leastRetention = 24 * time.Hour

func checkRetention(d caddy.Duration) error {
	switch d := time.Duration(d); {
	case d == 0:
	case d < leastRetention:
		return errors.New("retention: is less than a day")
	case d > maxSpan:
		return errors.New("retention: is more than 10 years")
	}
	return nil
}

// Provision resolves the path. It does not look at the disk.
func (s *BadgerStore) Provision(caddy.Context) error {
	if err := checkRetention(s.Retention); err != nil {
		return err
	}
	path, err := resolve(s.Path, caddy.NewReplacer())
	if err != nil {
		return fmt.Errorf("path: %w", err)
	}
	if path == "" {
		return nil
	}
	s.dir, err = filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("path: %w", err)
	}
	if s.dir == filepath.Dir(s.dir) {
		return errors.New("path: the root of the file system is no place for a store")
	}
	return nil
}

// Name implements Store. It is the cleaned absolute path of the directory.
func (s *BadgerStore) Name() (string, error) {
	if s.dir != "" {
		return s.dir, nil
	}
	return filepath.Abs(filepath.Join(caddy.AppDataDir(), "odoo_gateway"))
}

// Kept implements Store.
func (s *BadgerStore) Kept() time.Duration {
	return cmp.Or(time.Duration(s.Retention), badgerstore.DefaultRetention)
}

// Interface guards
var (
	_ Store             = (*BadgerStore)(nil)
	_ caddy.Provisioner = (*BadgerStore)(nil)
)
