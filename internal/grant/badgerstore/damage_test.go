package badgerstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// aStore is the directory of one that is closed, and was so several times.
func aStore(t *testing.T) Options {
	t.Helper()
	o := Options{Dir: t.TempDir(), Seal: testRing(t)}
	for i := range 3 {
		db, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Store("erp").Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: fmt.Sprint("sub-", i)})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	o.defaults()
	return o
}

// Whatever bit of the manifest or of a table is another, it is found before
// Badger deletes what it then does not know, or ends the process.
func TestDamagedFilesAreFound(t *testing.T) {
	o := aStore(t)
	if err := undamaged(o); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{badger.ManifestFilename, "*.sst"} {
		files, err := filepath.Glob(filepath.Join(o.Dir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		content, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		for at := range content {
			changed := bytes.Clone(content)
			changed[at] ^= 1 << (at % 8)
			if err := os.WriteFile(files[0], changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := undamaged(o); !errors.Is(err, errDamaged) {
				t.Errorf("bit %d of byte %d of %d of %s: %v", at%8, at, len(content), pattern, err)
			}
		}
		if _, err := Open(o); err == nil || !strings.Contains(err.Error(), filepath.Base(files[0])) || !strings.Contains(err.Error(), "restore a backup") {
			t.Errorf("it says %v", err)
		}
		if err := os.WriteFile(files[0], content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A change of the manifest that a crash has cut short is no damage: Badger takes
// it back.
func TestManifestThatWasCutShortIsNotDamaged(t *testing.T) {
	o := aStore(t)
	path := filepath.Join(o.Dir, badger.ManifestFilename)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 30 {
		if err := os.WriteFile(path, append(bytes.Clone(content), bytes.Repeat([]byte{0, 0, 0, 24, 1, 2, 3, 4, 5}, 4)[:n]...), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := undamaged(o); err != nil {
			t.Errorf("%d bytes more: %v", n, err)
		}
	}
}
