package badgerstore_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/grant/conformance"
)

// exported returns all records of a store.
func exported(t testing.TB, db *badgerstore.DB) []grant.Record {
	t.Helper()
	var all []grant.Record
	err := db.Export(t.Context(), func(r grant.Record) error {
		all = append(all, r)
		return r.Validate()
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func imported(t testing.TB, o badgerstore.Options, records []grant.Record) {
	t.Helper()
	if err := badgerstore.Import(o, nil, grant.Filling{Feed: feed(records)}); err != nil {
		t.Fatal(err)
	}
}

func feed(records []grant.Record) func(func(grant.Record) error) error {
	return func(put func(grant.Record) error) error {
		for _, r := range records {
			if err := put(r); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestCopiesConform runs what looks at restarts on stores that are copied,
// record by record, in place of a restart.
func TestCopiesConform(t *testing.T) {
	conformance.RunKept(t, func(t *testing.T) conformance.Subject {
		o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
		db := open(t, o)
		return conformance.Subject{
			Store: db.Store("erp"), Other: db.Store("er"),
			Reopen: func() grant.Store {
				all := exported(t, db)
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				slices.Reverse(all)
				o.Dir = t.TempDir()
				imported(t, o, all)
				db = open(t, o)
				return db.Store("erp")
			},
		}
	})
}

// raw is all that Badger holds in a directory, and until when.
func raw(t *testing.T, dir string) map[string]string {
	t.Helper()
	b, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	all := make(map[string]string)
	err = b.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			value, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			all[string(it.Item().Key())] = fmt.Sprintf("%d %s", it.Item().ExpiresAt(), value)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// furnish fills a store with every kind of record.
func furnish(t *testing.T, s grant.Store) {
	t.Helper()
	now := time.Now().UTC()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a, b := consent(t, s, "wiki", "marc"), consent(t, s, "wiki/a b", "mitchell")
	set, refresh, _ := redeem(t, s, a, now)
	_, err := s.Rotate(t.Context(), grant.Rotation{
		Hash: refresh, Application: "wiki", Now: now, Grace: time.Minute,
		Child: grant.RefreshToken{Hash: grant.HashToken(grant.NewToken()), IssuedAt: now, ExpiresAt: now.Add(time.Hour)},
	})
	do(err)
	do(s.EndTokenSet(t.Context(), set.ID, "revoked", now))
	do(s.IssueTokenSet(t.Context(), grant.TokenSet{ID: grant.NewID(), Authorization: a.ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}))
	do(s.IssueCode(t.Context(), grant.Code{
		Hash: grant.HashToken(grant.NewToken()), Authorization: a.ID, Application: "wiki", IssuedAt: now, ExpiresAt: now.Add(time.Minute),
		RetainUntil: now.Add(24 * time.Hour), Challenge: "c", ChallengeMethod: "S256",
	}))
	key := b.Connection
	key.Kind, key.KeyID, key.ExpiresAt = grant.APIKey, 12, now.AddDate(0, 1, 0)
	do(s.UpdateConnection(t.Context(), b.ID, b.Connection.Hash, key))
	do(s.RevokeAuthorization(t.Context(), b.ID, now)) // leaves a key to remove
	do(s.UpdateSigningKeys(t.Context(), func([]grant.SigningKey) ([]grant.SigningKey, error) {
		return []grant.SigningKey{{ID: "thumbprint", Algorithm: "RS256", Sealed: []byte{1, 2}, CreatedAt: now, EndsAt: now.Add(time.Hour)}}, nil
	}))
	do(s.PutObjectHistory(t.Context(), grant.ObjectHistory{
		Kind: grant.ObjectApplication, Name: "wiki", FirstSeen: now, Snapshot: []byte{3},
		Changes: []grant.ObjectChange{{At: now, Kind: grant.ObjectAdded, By: "me", ByProcess: true, Fields: []string{"name"}}},
	}))
	s.Used(a.ID, now)
	for i := range 3 {
		s.Audit(audit.Event{Time: now, Kind: audit.Consent, Gateway: "erp", Detail: map[string]string{"n": fmt.Sprint(i)}}, now.Add(time.Hour))
	}
}

// TestImportMakesTheSameStore: a copy is, key by key, what the store was.
func TestImportMakesTheSameStore(t *testing.T) {
	from := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
	db := open(t, from)
	furnish(t, db.Store("erp"))
	furnish(t, db.Store("a/b ü"))
	records := exported(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	to := badgerstore.Options{Dir: filepath.Join(t.TempDir(), "new"), Seal: from.Seal}
	imported(t, to, records)

	was, is := raw(t, from.Dir), raw(t, to.Dir)
	kinds := make(map[string]bool)
	for _, key := range slices.Sorted(maps.Keys(was)) {
		kind := strings.SplitN(key+"//", "/", 3)[1]
		kinds[kind] = true
		leftOut := kind == "f" || // the version of the signing keys: any change changes it
			kind == "k" && is[key] == "" || // leads to a revoked authorization
			kind == "w" || // how far the trail of events goes, which it tells itself
			strings.HasPrefix(key, "\x00") // made anew
		if is[key] != was[key] && !leftOut {
			t.Errorf("%q is %q, was %q", key, is[key], was[key])
		}
	}
	for key := range is {
		if _, ok := was[key]; !ok {
			t.Errorf("%q is new", key)
		}
	}
	for _, kind := range strings.Split("actrjlkfusiedopvhg", "") {
		if !kinds[kind] {
			t.Errorf("the store that was copied has nothing of kind %s", kind)
		}
	}
	if is["\x00format"] == was["\x00format"] || is["\x00canary"] == "" {
		t.Error("the copy has the epoch of the store, or no canary")
	}
	open(t, to)
	refused(t, badgerstore.Options{Dir: from.Dir, Seal: ring(t)}, "is sealed with another key")
}

func TestImportRefuses(t *testing.T) {
	used := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
	db := open(t, used)
	furnish(t, db.Store("erp"))
	records := exported(t, db)
	try := func(o badgerstore.Options, want string, keep []string, records []grant.Record) {
		t.Helper()
		err := badgerstore.Import(o, keep, grant.Filling{Feed: feed(records)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	before := files(t, used.Dir)
	try(used, "is in use by another process: stop Caddy", nil, records)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	try(used, "is not empty", nil, records)
	after := files(t, used.Dir)
	for name := range before {
		// What an open store alone has.
		if ext := filepath.Ext(name); !after[name] && name != "LOCK" && ext != ".mem" && ext != ".new" {
			t.Errorf("the store that was there has lost %s", name)
		}
	}

	parent := t.TempDir()
	o := badgerstore.Options{Dir: filepath.Join(parent, "deep", "store"), Seal: used.Seal}
	other := filepath.Join(parent, "other")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"seal.key": "key", "lost+found": ""} {
		if err := os.WriteFile(filepath.Join(other, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	withFiles := badgerstore.Options{Dir: other, Seal: used.Seal}
	try(withFiles, "is not empty", []string{"seal.key"}, records)
	keep := []string{"seal.key", "lost+found"}
	broken := append(slices.Clone(records), grant.Record{Gateway: "erp"})
	for want, records := range map[string][]grant.Record{
		"not exactly one thing": broken,
		"names no gateway":      {{Code: &grant.Code{Hash: "x"}}},
		"has no id":             {{Gateway: "erp", Code: &grant.Code{}}},
		"not exactly":           {{Gateway: "erp", Code: &grant.Code{Hash: "x"}, Object: &grant.ObjectHistory{Name: "x"}}},
		"no place":              {{Gateway: "erp", Event: &grant.KeptEvent{AuditEntry: grant.AuditEntry{ID: "x"}}}},
	} {
		try(o, want, nil, records)
		if _, err := os.Stat(o.Dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the directory is left: %v", want, err)
		}
		try(withFiles, want, keep, records)
		if left := files(t, other); len(left) != 2 {
			t.Errorf("%s: left are %v", want, left)
		}
	}
	if err := badgerstore.Import(withFiles, keep, grant.Filling{Feed: feed(records)}); err != nil {
		t.Fatal(err)
	}
	open(t, withFiles)
}

func files(t *testing.T, dir string) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]bool)
	for _, e := range entries {
		all[e.Name()] = true
	}
	return all
}

// TestHalfAnImportIsNoStore: where the machine fails in mid-import, what is left
// does not start as a store that knows of no revocation, be it that some records
// were written or that none was.
func TestHalfAnImportIsNoStore(t *testing.T) {
	for _, n := range []int{50, 5000} {
		half := badgerstore.Options{Dir: filepath.Join(t.TempDir(), "half"), Seal: ring(t)}
		o := badgerstore.Options{Dir: filepath.Join(t.TempDir(), "store"), Seal: half.Seal}
		stopped := errors.New("power cut")
		err := badgerstore.Import(o, nil, grant.Filling{Feed: func(put func(grant.Record) error) error {
			for range n {
				a := person("wiki", grant.NewID())
				a.ID = grant.NewID()
				if err := put(grant.Record{Gateway: "erp", Authorization: &a}); err != nil {
					return err
				}
			}
			return errors.Join(os.CopyFS(half.Dir, os.DirFS(o.Dir)), stopped)
		}})
		if !errors.Is(err, stopped) {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(half.Dir, "LOCK")); err != nil {
			t.Fatal(err)
		}
		refused(t, half, "filling it was broken off")
		again := badgerstore.Options{Dir: filepath.Join(t.TempDir(), "again"), Seal: half.Seal}
		if err := os.CopyFS(again.Dir, os.DirFS(half.Dir)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(again.Dir, "seal.key"), []byte("key"), 0o600); err != nil {
			t.Fatal(err)
		}
		a := person("wiki", "sub-1")
		a.ID = grant.NewID()
		if err := badgerstore.Import(again, []string{"seal.key"}, grant.Filling{Feed: feed([]grant.Record{{Gateway: "erp", Authorization: &a}})}); err != nil {
			t.Fatalf("again: %v", err)
		}
		if left := exported(t, open(t, again)); len(left) != 1 || !files(t, again.Dir)["seal.key"] {
			t.Errorf("again: %+v", left)
		}
		if err := os.Remove(filepath.Join(half.Dir, "odoo-gateway-unfinished")); err != nil {
			t.Fatal(err)
		}
		refused(t, half, "it has lost its records") // somebody has helped
	}
}

// TestImportIsCheckedBeforeItIsAStore: by what reads back, and nothing is left where
// that does not fit.
func TestImportIsCheckedBeforeItIsAStore(t *testing.T) {
	o := badgerstore.Options{Dir: filepath.Join(t.TempDir(), "store"), Seal: ring(t)}
	a := person("wiki", "sub-1")
	a.ID = grant.NewID()
	with := grant.Filling{
		Feed: feed([]grant.Record{{Gateway: "erp", Authorization: &a}}),
		Last: func(string) grant.KeptEvent { return grant.KeptEvent{Until: time.Now().Add(time.Hour)} },
	}
	wrong := errors.New("wrong")
	var got []grant.Record
	with.Check = func(export func(func(grant.Record) error) error) error {
		refused(t, o, "filling it was broken off")
		return errors.Join(export(func(r grant.Record) error { got = append(got, r); return nil }), wrong)
	}
	if err := badgerstore.Import(o, nil, with); !errors.Is(err, wrong) {
		t.Fatalf("error %v, want %v", err, wrong)
	}
	if len(got) != 1 || got[0].Authorization == nil || got[0].Authorization.ID != a.ID {
		t.Errorf("checked were %+v", got)
	}
	if _, err := os.Stat(o.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is left: %v", err)
	}
}

// TestMarkIsWholeOrAsItWas: it is replaced, and nowhere written over; the same mark
// stays.
func TestMarkIsWholeOrAsItWas(t *testing.T) {
	o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
	db := open(t, o)
	file := filepath.Join(o.Dir, "odoo-gateway-moved")
	before := filepath.Join(t.TempDir(), "before")
	first := grant.Moved{To: "one", At: start}
	if err := db.MarkMoved(first); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(file, before); err != nil {
		t.Fatal(err)
	}
	for _, again := range []grant.Moved{{To: "one", At: start.Add(time.Hour)}, {To: "another", At: start.Add(time.Hour)}} {
		if err := db.MarkMoved(again); err != nil {
			t.Fatal(err)
		}
		want := again
		if again.To == first.To {
			want = first
		}
		if got, err := badgerstore.MovedTo(o.Dir); err != nil || got != want {
			t.Errorf("%+v, error %v, want %+v", got, err, want)
		}
	}
	if text, err := os.ReadFile(before); err != nil || !strings.HasSuffix(string(text), " one\n") {
		t.Errorf("the mark was written over: %q, error %v", text, err)
	}
}

// TestMovedStoreDoesNotOpen until somebody takes the mark away.
func TestMovedStoreDoesNotOpen(t *testing.T) {
	o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
	db := open(t, o)
	m := grant.Moved{To: "odoo_gateway of database grants at db:5432", At: start}
	if err := db.MarkMoved(m); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, o, "was moved to "+m.To+" on 2026-")
	if _, err := badgerstore.Open(o); !errors.Is(err, grant.ErrMoved) {
		t.Errorf("error %v, want %v", err, grant.ErrMoved)
	}
	if got, err := badgerstore.MovedTo(o.Dir); err != nil || got != m {
		t.Errorf("%+v, error %v, want %+v", got, err, m)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "odoo-gateway-moved"), []byte("?"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, o, "was moved to another store:")
	all := o
	all.Moved = true
	db = open(t, all)
	for range 2 {
		if err := db.UnmarkMoved(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, o)
}

// TestExportIsOfOneMoment: what is written meanwhile is not in it, and does not
// wait for it.
func TestExportIsOfOneMoment(t *testing.T) {
	o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
	db := open(t, o)
	s := db.Store("erp")
	for i := range 300 {
		consent(t, s, "wiki", fmt.Sprint(i))
	}
	live, first := 0, true
	err := db.Export(t.Context(), func(r grant.Record) error {
		if first {
			all, err := s.Authorizations(t.Context(), grant.AuthorizationQuery{Limit: grant.MaxPage})
			if err != nil {
				return err
			}
			for _, a := range all {
				if err := s.RevokeAuthorization(t.Context(), a.ID, start); err != nil {
					return err
				}
			}
			consent(t, s, "wiki", "late")
			first = false
		}
		if r.Authorization != nil && r.Authorization.Live() {
			live++
		}
		return nil
	})
	if err != nil || live != 300 {
		t.Errorf("%d live, error %v", live, err)
	}
	stop := errors.New("enough")
	if err := db.Export(t.Context(), func(grant.Record) error { return stop }); err != stop {
		t.Errorf("got %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Export(t.Context(), func(grant.Record) error { return nil }); !errors.Is(err, grant.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// TestExportRefusesWhatItDoesNotKnow: a kind of record that a later version has
// written must not be missing from a backup without a word.
func TestExportRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, key := range []string{"erp/z/x", "erp", "%/a/x"} {
		o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
		db := open(t, o)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := badger.Open(badger.DefaultOptions(o.Dir).WithLogger(nil))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Update(func(txn *badger.Txn) error { return txn.Set([]byte(key), []byte{1, '{', '}'}) }); err != nil {
			t.Fatal(err)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, o)
		if err := db.Export(t.Context(), func(grant.Record) error { return nil }); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
