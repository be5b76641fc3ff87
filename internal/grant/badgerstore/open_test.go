package badgerstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/seal"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func person(application, subject string) grant.Authorization {
	return grant.Authorization{
		Application: application, Subject: subject, Database: "prod", UID: 7, Login: "demo", Name: "Marc Demo",
		Scope: []string{"odoo.read"}, ConsentDigest: grant.HashToken("digest"), ConsentedAt: start,
		Connection: grant.Connection{
			Kind: grant.Session, Sealed: make([]byte, 33+84), Hash: grant.HashToken(application + subject), Since: start,
			TouchedAt: start, BrowserAt: start,
		},
	}
}

func consent(t testing.TB, s grant.Store, application, subject string) grant.Authorization {
	t.Helper()
	a, err := s.Consent(t.Context(), person(application, subject))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// redeem makes a token set of a and returns it with the hash of its refresh
// token and of its code.
func redeem(t testing.TB, s grant.Store, a grant.Authorization, now time.Time) (set grant.TokenSet, refresh, code string) {
	t.Helper()
	code, refresh = grant.HashToken(grant.NewToken()), grant.HashToken(grant.NewToken())
	err := s.IssueCode(t.Context(), grant.Code{
		Hash: code, Authorization: a.ID, Application: a.Application, RedirectURI: "https://wiki.example/cb",
		Scope: a.Scope, IssuedAt: now, ExpiresAt: now.Add(time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	set, _, err = s.RedeemCode(t.Context(), grant.Redemption{
		Hash: code, Application: a.Application, Now: now,
		TokenSet: grant.TokenSet{ID: grant.NewID(), FamilyKey: make([]byte, 33+32), CreatedAt: now},
		Refresh:  grant.RefreshToken{Hash: refresh, IssuedAt: now},
	})
	if err != nil {
		t.Fatal(err)
	}
	return set, refresh, code
}

func refused(t *testing.T, o badgerstore.Options, want string) {
	t.Helper()
	db, err := badgerstore.Open(o)
	if err == nil {
		_ = db.Close()
	}
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), o.Dir) {
		t.Fatalf("error %v, want one about %q that names the directory", err, want)
	}
}

func TestOpenMakesAPrivateDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "store")
	open(t, badgerstore.Options{Dir: dir, Seal: ring(t)})
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if info, err := os.Stat(d); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v, error %v", d, info.Mode(), err)
		}
	}
}

func TestOpenWarnsOfAnOpenDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.DebugLevel)
	open(t, badgerstore.Options{Dir: dir, Seal: ring(t), Logger: zap.New(core)})
	if logs.FilterMessageSnippet("other users").FilterLevelExact(zap.WarnLevel).Len() != 1 {
		t.Errorf("no warning among %v", logs.All())
	}
	for _, e := range logs.FilterLoggerName("badger").All() {
		if e.Level != zap.DebugLevel {
			t.Errorf("opening a new store says %s: %s", e.Level, e.Message)
		}
	}
}

func TestOpenNeedsDirAndSeal(t *testing.T) {
	for _, o := range []badgerstore.Options{{Dir: t.TempDir()}, {Seal: ring(t)}} {
		if _, err := badgerstore.Open(o); err == nil {
			t.Errorf("opened with %+v", o)
		}
	}
}

func TestSecondProcessIsToldSo(t *testing.T) {
	o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
	db := open(t, o)
	want := "grant store " + o.Dir + " is in use by another process; if Caddy is already running use `caddy reload`"
	if _, err := badgerstore.Open(o); err == nil || err.Error() != want {
		t.Fatalf("error %v, want %q", err, want)
	}
	consent(t, db.Store("erp"), "wiki", "sub-1") // the first one goes on
}

func TestWrongSealingKeyChangesNothing(t *testing.T) {
	key := seal.NewKey()
	right, err := seal.NewRing(key)
	if err != nil {
		t.Fatal(err)
	}
	o := badgerstore.Options{Dir: t.TempDir(), Seal: right}
	db := open(t, o)
	a := consent(t, db.Store("erp"), "wiki", "sub-1")
	epoch := db.Epoch()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, badgerstore.Options{Dir: o.Dir, Seal: ring(t)}, "is sealed with another key")

	rotated, err := seal.NewRing(seal.NewKey(), key) // an older key of the ring will do
	if err != nil {
		t.Fatal(err)
	}
	for _, seal := range []*seal.Ring{right, rotated} {
		db := open(t, badgerstore.Options{Dir: o.Dir, Seal: seal})
		if _, err := db.Store("erp").Authorization(t.Context(), a.ID); err != nil {
			t.Errorf("after a refused start: %v", err)
		}
		if db.Epoch() != epoch || epoch == "" {
			t.Errorf("epoch %q has become %q", epoch, db.Epoch())
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLostFilesAreNoEmptyStore: an empty store would be one in which nobody
// was ever revoked.
func TestLostFilesAreNoEmptyStore(t *testing.T) {
	for _, test := range []struct{ name, lost, want string }{
		{"manifest", "MANIFEST", "MANIFEST is missing"},
		{"tables", "*.sst", ""},
		{"all of Badger", "[^o]*", "MANIFEST is missing"},
		{"manifest and marker", "[Mo]*", "MANIFEST is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
			db := open(t, o)
			consent(t, db.Store("erp"), "wiki", "sub-1")
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			files, err := filepath.Glob(filepath.Join(o.Dir, test.lost))
			if err != nil || len(files) == 0 {
				t.Fatalf("%s names %d files, error %v", test.lost, len(files), err)
			}
			for _, f := range files {
				if err := os.Remove(f); err != nil {
					t.Fatal(err)
				}
			}
			refused(t, o, test.want)
		})
	}
}

// TestLostRecordsAreNoEmptyStore: the marker tells a new directory from one
// whose log was lost before it reached a table.
func TestLostRecordsAreNoEmptyStore(t *testing.T) {
	o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
	b, err := badger.Open(badger.DefaultOptions(o.Dir).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	// An empty Badger alone is what a start leaves that was cut short.
	db := open(t, o)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	other := badgerstore.Options{Dir: t.TempDir(), Seal: o.Seal}
	if b, err = badger.Open(badger.DefaultOptions(other.Dir).WithLogger(nil)); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other.Dir, "odoo-gateway-store"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, other, "lost its records")
}

// TestEmptyLogsAreNoReasonToFail: a process was killed between making a log and
// giving it a size.
func TestEmptyLogsAreNoReasonToFail(t *testing.T) {
	o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
	db := open(t, o)
	a := consent(t, db.Store("erp"), "wiki", "sub-1")
	for _, names := range [][]string{{"00007.mem"}, {"00008.mem", "00009.mem", "000002.vlog"}} {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(o.Dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		db = open(t, o)
		if _, err := db.Store("erp").Authorization(t.Context(), a.ID); err != nil {
			t.Error(err)
		}
	}
}

func TestForeignDatabaseIsRefused(t *testing.T) {
	o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
	b, err := badger.Open(badger.DefaultOptions(o.Dir).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Update(func(txn *badger.Txn) error { return txn.Set([]byte("theirs"), []byte("x")) }); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, o, "something else")
}

func TestGatewaysAreApart(t *testing.T) {
	o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
	db := open(t, o)
	names := []string{"erp", "erp2", "er", "", "erp/a", "erp/s/", "erp%2Fa", "a", "\x00", "\x00format", "ÜRP", "../erp"}
	ids := make(map[string]string)
	for _, name := range names {
		ids[name] = consent(t, db.Store(name), "wiki", "sub-1").ID
	}
	if db.Store("erp") != db.Store("erp") {
		t.Error("one gateway has two stores, with two caches")
	}
	for _, name := range names {
		all, err := db.Store(name).AuthorizationsBySubject(t.Context(), "sub-1")
		if err != nil || len(all) != 1 || all[0].ID != ids[name] {
			t.Errorf("gateway %q sees %d authorizations, error %v", name, len(all), err)
		}
		for other, id := range ids {
			if _, err := db.Store(name).Authorization(t.Context(), id); (err == nil) != (name == other) {
				t.Errorf("gateway %q reads one of %q: error %v", name, other, err)
			}
		}
	}
	// An id can not lead out of its gateway either.
	for name, id := range map[string]string{"erp": "a/" + ids["erp/a"], "": "a/" + ids["a"]} {
		if got, err := db.Store(name).Authorization(t.Context(), id); !errors.Is(err, grant.ErrNotFound) {
			t.Errorf("gateway %q reads %+v by the id %s, error %v", name, got, id, err)
		}
	}
	if err := db.Store("erp").RevokeAuthorization(t.Context(), ids["erp2"], start); !errors.Is(err, grant.ErrNotFound) {
		t.Errorf("revoking another gateway's: %v", err)
	}
}

func TestCloseTwice(t *testing.T) {
	db := open(t, badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)})
	for range 2 {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Store("opened later").SigningKeys(t.Context()); !errors.Is(err, grant.ErrUnavailable) {
		t.Errorf("a store taken after the end: %v", err)
	}
	if _, err := db.Purge(t.Context(), start); !errors.Is(err, grant.ErrUnavailable) {
		t.Errorf("purge after the end: %v", err)
	}
}
