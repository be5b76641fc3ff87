package badgerstore

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// killed is a copy of an open store, as a kill at this moment leaves it.
func killed(t *testing.T, db *DB) Options {
	t.Helper()
	o := Options{Dir: t.TempDir(), Seal: db.opts.Seal}
	if err := os.CopyFS(o.Dir, os.DirFS(db.opts.Dir)); err != nil {
		t.Fatal(err)
	}
	return o
}

// revokedStore is a store in which somebody was revoked, which was attested to.
// All else is in tables, and nothing is written any more.
func revokedStore(t *testing.T) (db *DB, id string) {
	t.Helper()
	db, s := openStore(t, Options{})
	a, err := s.Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: "sub-1"})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	db, s = openStore(t, db.opts)
	if err := errors.Join(db.attestNow(), s.RevokeAuthorization(t.Context(), a.ID, chainStart), db.attestNow()); err != nil {
		t.Fatal(err)
	}
	db.attest.Lock()
	t.Cleanup(db.attest.Unlock)
	return db, a.ID
}

func stillRevoked(t *testing.T, o Options, id string) {
	t.Helper()
	db, s := openStore(t, o)
	if a, err := s.Authorization(t.Context(), id); err != nil || a.Live() {
		t.Errorf("who was revoked is %+v, error %v", a, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// To Badger a log that is gone or shorter is none, or ends there: the revocation
// in it would be forgotten.
func TestLogThatWasTakenAwayIsMissed(t *testing.T) {
	db, id := revokedStore(t)
	stillRevoked(t, killed(t, db), id)
	logs, err := db.logs()
	if err != nil || len(logs) != 1 {
		t.Fatal(logs, err)
	}
	log := logs[0]
	for name, harm := range map[string]func(log string) error{
		"taken away":      os.Remove,
		"cut to 0":        func(log string) error { return os.Truncate(log, 0) },
		"cut to its head": func(log string) error { return os.Truncate(log, logHead) },
		"cut before its last entry": func(log string) error {
			content, err := os.ReadFile(log)
			if err != nil {
				return err
			}
			last, end := 0, logHead
			for n(content[end:]) > 0 {
				last, end = end, end+n(content[end:])
			}
			return os.Truncate(log, int64(last))
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := killed(t, db)
			path := filepath.Join(o.Dir, log)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := harm(path); err != nil {
				t.Fatal(err)
			}
			for range 2 { // a start that was refused mends nothing
				again, err := Open(o)
				if err == nil {
					_ = again.Close()
					t.Fatal("it opens")
				}
				if said := err.Error(); !strings.Contains(said, o.Dir) || !strings.Contains(said, log) ||
					!strings.Contains(said, "restore a backup") || strings.Contains(said, "\n") {
					t.Errorf("it says %s", said)
				}
			}
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			stillRevoked(t, o, id) // when it is put back
		})
	}
}

// The file itself can not go, change or be of another state of the store.
func TestAttestationIsMissed(t *testing.T) {
	db, id := revokedStore(t)
	for name, change := range map[string]func(path string) error{
		"it is missing":       os.Remove,
		"it can not be read":  func(path string) error { return os.Truncate(path, 0) },
		"00009.mem":           func(path string) error { return os.WriteFile(path, numbers{"00009.mem": 1}.encode(), 0o600) },
		"after something had": func(path string) error { return os.WriteFile(path, numbers{"00001.mem": 9}.encode(), 0o600) },
	} {
		o := killed(t, db)
		if err := change(filepath.Join(o.Dir, attestation)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(o); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "restore a backup") {
			t.Errorf("%s: it says %v", name, err)
		}
	}
	// Where it is the disk that does not let it be read, nothing is lost: no backup
	// is to be restored.
	o := killed(t, db)
	path := filepath.Join(o.Dir, attestation)
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "is a directory") || strings.Contains(err.Error(), "backup") {
		t.Errorf("a file that can not be read: it says %v", err)
	}
	// What a kill leaves behind the logs: the file is older, or half of the next.
	o = killed(t, db)
	if err := os.WriteFile(filepath.Join(o.Dir, attestation), numbers{"00001.mem": 1}.encode(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, attestation+".new"), []byte("000"), 0o600); err != nil {
		t.Fatal(err)
	}
	stillRevoked(t, o, id)
}

// Logs of which tables were made are not missed, and are forgotten in the end.
func TestLogThatBecameATableIsNotMissed(t *testing.T) {
	db, s := openStore(t, Options{})
	a, err := s.Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: "sub-1"})
	if err == nil {
		err = s.RevokeAuthorization(t.Context(), a.ID, chainStart)
	}
	if err := errors.Join(err, db.attestNow()); err != nil {
		t.Fatal(err)
	}
	db.attest.Lock()
	first := maps.Clone(db.attest.logs)
	for n := 0; ; n++ {
		if n > 10000 {
			t.Fatal("the first log stays")
		}
		logs, err := db.logs()
		if err != nil {
			t.Fatal(err)
		}
		if _, there := first[logs[0]]; !there {
			break
		}
		s.Audit(audit.Event{Time: chainStart.Add(time.Duration(n)), Kind: audit.Consent, Detail: map[string]string{"text": strings.Repeat("long ", 10000)}}, chainUntil)
		if err := s.flushTrail(); err != nil {
			t.Fatal(err)
		}
	}
	before := killed(t, db)
	db.attest.Unlock()
	stillRevoked(t, before, a.ID)
	for range 2 {
		if err := db.attestNow(); err != nil {
			t.Fatal(err)
		}
	}
	content, err := db.readAttestation()
	if err != nil {
		t.Fatal(err)
	}
	for log := range first {
		if strings.Contains(string(content), log) {
			t.Errorf("of %s there is still\n%s", log, content)
		}
	}
	for _, log := range slices.Sorted(maps.Keys(first)) {
		if err := db.badger.View(getNothing(attestKey + log)); err != nil {
			t.Error(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	stillRevoked(t, db.opts, a.ID)
}

func getNothing(key string) func(*badger.Txn) error {
	return func(txn *badger.Txn) error {
		if err := get(txn, []byte(key), func([]byte) error { return nil }); !errors.Is(err, grant.ErrNotFound) {
			return fmt.Errorf("%q is still there: %v", key, err)
		}
		return nil
	}
}

// Nobody has to ask for it.
func TestWritesAreAttestedByThemselves(t *testing.T) {
	db, s := openStore(t, Options{})
	number := func() uint64 {
		db.attest.Lock()
		defer db.attest.Unlock()
		return db.attest.number
	}
	if n := number(); n != 0 {
		t.Fatalf("nothing was written, and the number is %d", n)
	}
	if _, err := s.Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: "sub-1"}); err != nil {
		t.Fatal(err)
	}
	for number() == 0 { // the test's time limit ends it
		runtime.Gosched()
	}
}

func TestNumbersAreReadAsTheyAreWritten(t *testing.T) {
	for i := range uint64(1000) { // of their sums, some look like a number
		n := numbers{"00001.mem": i, "100000.mem": math.MaxUint64 - i}
		if got, ok := decodeNumbers(n.encode()); !ok || !maps.Equal(got, n) {
			t.Fatalf("%s is read as %v, %t", n.encode(), got, ok)
		}
	}
	content := numbers{"00001.mem": 12}.encode()
	for at := range content {
		for bit := range 8 {
			changed := bytes.Clone(content)
			changed[at] ^= 1 << bit
			if got, ok := decodeNumbers(changed); ok {
				t.Errorf("%q is read as %v", changed, got)
			}
		}
		if got, ok := decodeNumbers(content[:at]); ok {
			t.Errorf("%q is read as %v", content[:at], got)
		}
	}
}
