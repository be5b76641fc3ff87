package caddymodule

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func references(dir string) int {
	n, _ := stores.References(dir)
	return n
}

func mustAcquire(t *testing.T, dir string) *storeReference {
	t.Helper()
	r, err := acquireStore(storeOptions{name: dir, module: &BadgerStore{dir: dir}, logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A key whose store is gone is no new store: nobody would be revoked in it. One
// that a first start has left, which was killed, is.
func TestStoreIsNotMadeAnewBesideItsKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	key := filepath.Join(dir, "seal.key")
	try := func() error {
		r := mustAcquire(t, dir)
		_, err := r.state().Open(t.Context())
		return errors.Join(err, r.release())
	}
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(key+".new", []byte(strings.Repeat("ab", 32)), 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first start is killed before the key has its name, and the second goes on
		if err := try(); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(key); err != nil || string(text) != strings.Repeat("ab", 32) {
			t.Fatalf("the key is %q, error %v", text, err)
		}
		if err := os.Rename(key, key+".new"); err != nil {
			t.Fatal(err)
		}
	}
	if err := try(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "seal.key" {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := try(); err == nil || !strings.Contains(err.Error(), "has seal.key and no grants: restore a backup") {
		t.Errorf("with its key alone: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left are %v, error %v", left, err)
	}
}

// Where the directory cannot be used the store is named, not a file in it that
// nobody knows.
func TestStoreDirectoryCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "store")} {
		r := mustAcquire(t, dir)
		if _, err := r.state().Open(t.Context()); err == nil || !strings.Contains(err.Error(), "grant store "+dir+": a directory belongs there") {
			t.Errorf("%s: %v", dir, err)
		}
		if err := r.release(); err != nil {
			t.Error(err)
		}
	}
	denied := &fs.PathError{Op: "mkdir", Path: "/srv/grants", Err: syscall.EACCES}
	if err := (storeOptions{name: "/srv/grants"}).unusable(denied); !errors.Is(err, denied) || !strings.HasPrefix(err.Error(), "grant store /srv/grants: user ") {
		t.Error(err)
	}
}

// A sealing key with another bit is no key, or another one, or the same in
// capitals: nothing is opened with it, and nothing is made.
func TestStoreIsNotOpenedWithADamagedKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	try := func() error {
		r := mustAcquire(t, dir)
		_, err := r.state().Open(t.Context())
		return errors.Join(err, r.release())
	}
	if err := try(); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "seal.key")
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 8 {
		damaged := bytes.Clone(text)
		damaged[bit*7] ^= 1 << bit
		if err := os.WriteFile(key, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		err := try()
		same := strings.EqualFold(string(damaged), string(text))
		if (err == nil) != same || err != nil && (!strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%q for %q: %v", damaged, text, err)
		}
	}
	if err := os.WriteFile(key, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := try(); err != nil {
		t.Error(err)
	}
}

func TestStoreIsClosedWithItsLastReference(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	first := mustAcquire(t, dir)
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a reference alone has touched the disk: %v", err)
	}
	backend, err := first.state().Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// A reload: the new configuration comes before the old one goes.
	second := mustAcquire(t, dir)
	if second.state() != first.state() {
		t.Error("two configurations of one directory have different states")
	}
	for range 2 { // giving back twice counts once
		if err := first.release(); err != nil {
			t.Fatal(err)
		}
	}
	if n := references(dir); n != 1 {
		t.Fatalf("%d references, want 1", n)
	}
	if _, err := backend.Store("erp").SigningKeys(t.Context()); err != nil {
		t.Fatalf("the store is closed while it is used: %v", err)
	}
	if err := second.release(); err != nil {
		t.Fatal(err)
	}
	if n := references(dir); n != 0 {
		t.Errorf("%d references, want none", n)
	}
	// Requests may outlive their configuration: they find the store closed.
	if _, err := backend.Store("erp").SigningKeys(t.Context()); !errors.Is(err, grant.ErrUnavailable) {
		t.Errorf("a closed store says %v", err)
	}
	var none *storeReference
	if err := none.release(); err != nil {
		t.Errorf("giving back nothing: %v", err)
	}

	// The lock is gone: the directory can be opened again, with the same key.
	third := mustAcquire(t, dir)
	defer func() { _ = third.release() }()
	if _, err := third.state().Open(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestStoreNeverOpenedIsNotOpenedByALateRequest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	r := mustAcquire(t, dir)
	state := r.state()
	if err := r.release(); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Open(t.Context()); err == nil {
		t.Error("a store that nobody refers to was opened")
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its directory was made: %v", err)
	}
}

func TestStoreOpensOnceForManyAtOnce(t *testing.T) {
	r := mustAcquire(t, filepath.Join(t.TempDir(), "store"))
	defer func() { _ = r.release() }()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := r.state().Open(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestStoresAreKeyedByDirectory: two configurations that write one directory
// differently share it, because it can be opened once only.
func TestStoresAreKeyedByDirectory(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GRANTS", dir)
	for _, path := range []string{dir + "/store", dir + "//a/../store/", "{env.GRANTS}/store"} {
		s := &BadgerStore{Path: path}
		if err := s.Provision(caddy.Context{}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Name()
		if err != nil || got != filepath.Join(dir, "store") {
			t.Errorf("%s: got %s, %v", path, got, err)
		}
	}
	got, err := new(BadgerStore).Name()
	if err != nil || got != filepath.Join(caddy.AppDataDir(), "odoo_gateway") {
		t.Errorf("by default: %s, %v", got, err)
	}
}

func TestSealKeyOptionIsUsedAndLeavesNoFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	key := strings.Repeat("0f", 32)
	config := strings.Replace(valid, `"store"`, `"seal_key": "`+key+`", "store"`, 1)
	app, err := provision(t, strings.ReplaceAll(config, "STORE", dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "seal.key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key file stands beside the store: %v", err)
	}
	if err := app.Cleanup(); err != nil {
		t.Fatal(err)
	}

	// Without it the start fails, and leaves no key that never was the store's.
	if app, err = provision(t, strings.ReplaceAll(valid, "STORE", dir)); err != nil {
		t.Fatal(err)
	}
	if err = app.Start(); err == nil || !strings.Contains(err.Error(), noKey) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "seal.key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key file stands beside the store: %v", err)
	}
	if err := app.Cleanup(); err != nil {
		t.Fatal(err)
	}

	// With another key the start fails, in words that do not tell it.
	config = strings.Replace(valid, `"store"`, `"seal_key": "`+strings.Repeat("ab", 32)+`", "store"`, 1)
	if app, err = provision(t, strings.ReplaceAll(config, "STORE", dir)); err != nil {
		t.Fatal(err)
	}
	err = app.Start()
	if err == nil || !strings.Contains(err.Error(), otherKey) || strings.Contains(err.Error(), "abab") {
		t.Errorf("got %v", err)
	}
}

// TestCleanupOfAHalfBuiltApp: Caddy cleans up what has failed to provision.
func TestCleanupOfAHalfBuiltApp(t *testing.T) {
	if err := new(App).Cleanup(); err != nil {
		t.Error(err)
	}
	dir := filepath.Join(t.TempDir(), "store")
	running := mustAcquire(t, dir)
	defer func() { _ = running.release() }()
	for _, broken := range []string{`"https://erp.example.com"`, `"res.partner"`, `"sales"`} {
		config := strings.Replace(strings.ReplaceAll(valid, "STORE", dir), broken, `"?"`, 1)
		if _, err := provision(t, config); err == nil {
			t.Fatalf("%s: no error", broken)
		}
		if n := references(dir); n != 1 {
			t.Fatalf("%s: %d references after a failed reload, want 1", broken, n)
		}
	}
	app, err := provision(t, strings.ReplaceAll(valid, "STORE", dir))
	if err != nil {
		t.Fatal(err)
	}
	if n := references(dir); n != 2 {
		t.Fatalf("%d references, want 2", n)
	}
	if err := app.Cleanup(); err != nil {
		t.Fatal(err)
	}
	if n := references(dir); n != 1 {
		t.Fatalf("%d references, want 1", n)
	}
}
