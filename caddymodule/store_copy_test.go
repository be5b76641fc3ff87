package caddymodule

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// moving are a Badger directory with grants in it, and a schema for them.
type moving struct {
	t           *testing.T
	dir, schema string
	key         []byte
	ring        *seal.Ring
	live, ended string // token sets
	env         []string
}

// copyStoreEnv is the environment variable that holds how to connect; that of the key
// has _KEY behind it.
const copyStoreEnv = "ODOO_GATEWAY_TEST_STORE"

func newMoving(t *testing.T) *moving {
	t.Helper()
	m := &moving{t: t, dir: filepath.Join(t.TempDir(), "store"), schema: pgtest.Shared(t).Schema()}
	var err error
	if m.key, _, err = seal.LoadOrCreate(filepath.Join(m.dir, "seal.key")); err != nil {
		t.Fatal(err)
	}
	if m.ring, err = seal.NewRing(m.key); err != nil {
		t.Fatal(err)
	}
	m.env = []string{copyStoreEnv + "=" + pgtest.Shared(t).DSN(), copyStoreEnv + "_KEY=" + hex.EncodeToString(m.key)}
	for _, e := range m.env {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	db := m.badger(m.dir)
	m.live, m.ended = m.grants(db.Store("erp"), "sub-1"), m.grants(db.Store("er/p"), "sub-2")
	now := time.Now()
	for _, err := range []error{
		db.Store("er/p").EndTokenSet(t.Context(), m.ended, "revoked", now),
		db.Store("erp").UpdateSigningKeys(t.Context(), func([]grant.SigningKey) ([]grant.SigningKey, error) {
			return []grant.SigningKey{{ID: "key", Algorithm: "EdDSA", Sealed: m.ring.Seal([]byte("x"), "key"), CreatedAt: now}}, nil
		}),
		db.Store("erp").PutObjectHistory(t.Context(), grant.ObjectHistory{Kind: grant.ObjectScheme, Name: "sales", FirstSeen: now}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	db.Store("erp").Audit(audit.Event{Time: now, Kind: audit.Consent}, now.Add(time.Hour))
	db.Store("erp").Audit(audit.Event{Time: now, Kind: audit.CodeIssued}, now.AddDate(1, 0, 0))
	m.close(db)
	return m
}

// grants makes an authorization and returns its token set.
func (m *moving) grants(s grant.Store, subject string) string {
	m.t.Helper()
	now := time.Now()
	a, err := s.Consent(m.t.Context(), grant.Authorization{Application: "wiki", Subject: subject, Scope: []string{"odoo.read"}, ConsentedAt: now})
	if err != nil {
		m.t.Fatal(err)
	}
	hash := grant.HashToken(grant.NewToken())
	if err := s.IssueCode(m.t.Context(), grant.Code{Hash: hash, Authorization: a.ID, Application: "wiki", IssuedAt: now, ExpiresAt: now.Add(time.Hour)}); err != nil {
		m.t.Fatal(err)
	}
	set, _, err := s.RedeemCode(m.t.Context(), grant.Redemption{
		Hash: hash, Application: "wiki", Now: now,
		TokenSet: grant.TokenSet{ID: grant.NewID(), FamilyKey: []byte("family"), CreatedAt: now},
		Refresh:  grant.RefreshToken{Hash: grant.HashToken(grant.NewToken()), IssuedAt: now},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	s.Used(a.ID, now)
	return set.ID
}

func (m *moving) badger(dir string) *badgerstore.DB {
	m.t.Helper()
	db, err := badgerstore.Open(badgerstore.Options{Dir: dir, Seal: m.ring})
	if err != nil {
		m.t.Fatal(err)
	}
	return db
}

func (m *moving) postgres() *pgstore.DB {
	m.t.Helper()
	db, err := pgstore.Open(m.t.Context(), pgstore.Options{DSN: pgtest.Shared(m.t).DSN(), Schema: m.schema, Seal: m.ring})
	if err != nil {
		m.t.Fatal(err)
	}
	return db
}

func (m *moving) close(db interface{ Close() error }) {
	m.t.Helper()
	if err := db.Close(); err != nil {
		m.t.Fatal(err)
	}
}

// conn is somebody else's connection to the schema's database.
func (m *moving) conn() *pgx.Conn {
	m.t.Helper()
	conn, err := pgx.Connect(m.t.Context(), pgtest.Shared(m.t).DSN())
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func (m *moving) exec(conn *pgx.Conn, sql string) {
	m.t.Helper()
	if _, err := conn.Exec(m.t.Context(), strings.ReplaceAll(sql, "SCHEMA_", m.schema)); err != nil {
		m.t.Fatalf("%s: %v", sql, err)
	}
}

// there and back are the flags of the two ways.
func (m *moving) there() []string {
	return []string{"--from", "badger:" + m.dir, "--to", "{env." + copyStoreEnv + "}", "--to-schema", m.schema}
}

func (m *moving) back(dir string) []string {
	return []string{"--from", "{env." + copyStoreEnv + "}", "--from-schema", m.schema, "--to", "badger:" + dir, "--seal-key", "{env." + copyStoreEnv + "_KEY}"}
}

// copy runs the command here, and compares its error, "" for none.
func (m *moving) copy(want string, args ...string) string {
	m.t.Helper()
	out, errOut, err := runHere(storeCopyCommand(), "", args...)
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		m.t.Fatalf("%v: error %v, want %q\n%s%s", args, err, want, out, errOut)
	}
	return out + errOut
}

// is looks whether a store is what was copied, and tells of that in its trail.
func (m *moving) is(db interface {
	Store(string) grant.Store
	Close() error
}, copies int) {
	m.t.Helper()
	ctx := m.t.Context()
	if set, err := db.Store("erp").TokenSet(ctx, m.live); err != nil || !set.Live() || len(set.Scope) != 0 {
		m.t.Errorf("what lived: %+v, error %v", set, err)
	}
	if set, err := db.Store("er/p").TokenSet(ctx, m.ended); err != nil || set.Live() {
		m.t.Errorf("what had ended: %+v, error %v", set, err)
	}
	if keys, err := db.Store("erp").SigningKeys(ctx); err != nil || len(keys) != 1 {
		m.t.Errorf("%d signing keys, error %v", len(keys), err)
	}
	for name, events := range map[string]int{"erp": 2 + copies, "er/p": copies} {
		if v, err := db.Store(name).VerifyAudit(ctx, time.Now()); err != nil || v.Broken+v.Unlinked != 0 || v.Verified != events {
			m.t.Errorf("%s: the trail is %+v, error %v", name, v, err)
		}
		page, err := db.Store(name).AuditTrail(ctx, grant.AuditQuery{})
		if err != nil || len(page.Entries) != events || page.Entries[0].Kind != audit.StoreCopied || page.Entries[0].Detail["from"] == "" || page.Entries[0].Detail["by"] == "" {
			m.t.Errorf("%s: the newest event is %+v, error %v", name, page.Entries, err)
		}
	}
	m.close(db)
}

// TestStoreCopyThereAndBack: what lives goes on in the other kind of store, and the
// old one does not open any more, until somebody says so.
func TestStoreCopyThereAndBack(t *testing.T) {
	m := newMoving(t)
	said := m.copy("", m.there()...)
	for _, want := range []string{"KIND", "authorizations", "refresh_tokens", "copied 12 records from " + m.dir + " to " + m.schema, "seal_key set to what " + m.dir + "/seal.key holds"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in\n%s", want, said)
		}
	}
	m.is(m.postgres(), 1)
	if _, err := badgerstore.Open(badgerstore.Options{Dir: m.dir, Seal: m.ring}); !errors.Is(err, grant.ErrMoved) || !strings.Contains(err.Error(), "was moved to "+m.schema) {
		t.Errorf("the old store: %v", err)
	}
	if said := m.copy("", m.there()...); !strings.Contains(said, "were copied to") {
		t.Errorf("again:\n%s", said)
	}
	m.copy("was moved to "+m.schema, "--from", "badger:"+m.dir, "--to", "{env."+copyStoreEnv+"}", "--to-schema", m.schema+"_other")

	dir := filepath.Join(t.TempDir(), "back")
	var done copied
	said = m.copy("", append(m.back(dir), "--json")...)
	if err := json.Unmarshal([]byte(said), &done); err != nil || done.Records != 14 || done.To != dir || len(done.Kinds) != 9 || !done.Kinds[0].Same {
		t.Errorf("%v: %s", err, said)
	}
	m.is(m.badger(dir), 2)
	if _, err := pgstore.Open(t.Context(), pgstore.Options{DSN: pgtest.Shared(t).DSN(), Schema: m.schema, Seal: m.ring}); !errors.Is(err, grant.ErrMoved) {
		t.Errorf("the old schema: %v", err)
	}

	// Served since, the new store is not the copy any more.
	db := m.badger(dir)
	m.grants(db.Store("erp"), "sub-3")
	m.close(db)
	if said := m.copy("was served since", m.back(dir)...); !strings.Contains(said, "NOT THE SAME") {
		t.Errorf("over a store that was served:\n%s", said)
	}

	reopen := func(want string, args ...string) string {
		t.Helper()
		out, _, err := runHere(storeReopenCommand(), "", args...)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Fatalf("%v: error %v, want %q", args, err, want)
		}
		return out
	}
	old := []string{"--store", "badger:" + m.dir}
	reopen("say so with --yes", old...)
	if out := reopen("", append(old, "--yes")...); !strings.Contains(out, "can be served again") {
		t.Error(out)
	}
	reopen("was not moved", append(old, "--yes")...)
	reopened := m.badger(m.dir)
	defer m.close(reopened)
	page, err := reopened.Store("erp").AuditTrail(t.Context(), grant.AuditQuery{})
	if err != nil || page.Entries[0].Kind != audit.StoreReopened || !strings.HasPrefix(page.Entries[0].Detail["moved_to"], m.schema) {
		t.Errorf("%+v, error %v", page.Entries, err)
	}
	if out := reopen("", "--store", "{env."+copyStoreEnv+"}", "--schema", m.schema, "--seal-key", "{env."+copyStoreEnv+"_KEY}", "--yes", "--json"); !strings.Contains(out, `"moved_to":"`+dir+`"`) {
		t.Error(out)
	}
	m.close(m.postgres())
}

// TestStoreCopyRefuses: and leaves both stores as they are.
func TestStoreCopyRefuses(t *testing.T) {
	m := newMoving(t)
	t.Setenv("OTHER_KEY", strings.Repeat("ab", 32))
	t.Setenv("NO_KEY", "hunter2")
	other := filepath.Join(t.TempDir(), "other")
	wrong := func(args ...string) []string { return append(m.there(), args...) }
	for want, args := range map[string][]string{
		"say which store to copy from":               {},
		"unknown command":                            {"something"},
		"names no store":                             {"--from", "hunter2", "--to", "badger:" + other},
		"has no schema":                              {"--from", "badger:" + m.dir, "--from-schema", "x", "--to", "badger:" + other},
		"schema: ":                                   {"--from", "badger:" + m.dir, "--to", "postgres:host=db password={env.NO_KEY}", "--to-schema", "A"},
		"is no PostgreSQL connection string":         {"--from", "badger:" + m.dir, "--to", "postgres://gateway:{env.NO_KEY}@[::1"},
		"is both stores":                             {"--from", "badger:" + m.dir, "--to", "badger:" + m.dir + "/"},
		"there is no grant store at " + other:        {"--from", "badger:" + other, "--to", "badger:" + m.dir, "--seal-key", "{env.OTHER_KEY}"},
		"the sealing key is missing":                 {"--from", "badger:" + other, "--to", "badger:" + other + "2"},
		"others see what stands in a command line":   wrong("--seal-key", "hunter2"),
		"--seal-key: seal: a key must be":            wrong("--seal-key", "{env.NO_KEY}"),
		"is sealed with another key, and can":        wrong("--seal-key", "{env.OTHER_KEY}"),
		"the environment variable NOT_SET_AT_ALL is": {"--from", "{env.NOT_SET_AT_ALL}", "--to", "badger:" + other},
		"say which configuration names the store":    {"--from", "badger:" + m.dir},
		"is that of a store named by --to":           {"--from", "badger:" + m.dir, "--to-schema", "x"},
	} {
		if said := m.copy(want, args...); strings.Contains(said, "hunter2") {
			t.Errorf("%v: %s", args, said)
		}
	}

	for _, dsn := range []string{
		"postgres://gateway:hunter2@db/grants", "postgres://db/grants?password=hunter2", "postgres:host=db password = 'hunter2'",
		"postgres://gateway@db/{env.NO_KEY}?sslpassword=hunter2", "POSTGRESQL://a:hunter2@db,db2/grants",
	} {
		for _, args := range [][]string{{"--from", dsn, "--to", "badger:" + other}, {"--from", "badger:" + m.dir, "--to", dsn}} {
			if said := m.copy("say where the password is", args...); strings.Contains(said, "hunter2") {
				t.Errorf("%v: %s", args, said)
			}
		}
	}

	db := m.badger(m.dir)
	m.copy("is in use by another process: stop Caddy", m.there()...)
	m.close(db)
	node := m.postgres()
	m.copy("is in use by one node", m.there()...)
	m.close(node)
	m.copy("is not empty", m.there()...)
	// There is no grant in it, and it is a store all the same.
	node = m.postgres()
	m.copy("is in use by one node", m.back(other)...)
	m.close(node)
	if _, err := os.Stat(other); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the new store: %v", err)
	}
	m.copy("is not empty", m.back(m.dir)...)
	m.close(m.postgres())
	m.close(m.badger(m.dir)) // it is not marked
}

// TestStoreCopyByConfiguration: what no flag names is the store of the configuration,
// with its key.
func TestStoreCopyByConfiguration(t *testing.T) {
	m := newMoving(t)
	t.Chdir(t.TempDir())
	file := func(key string) {
		t.Helper()
		config := "{\n\todoo_gateway {\n\t\tseal_key " + key + "\n\t\tstore postgres {env." + copyStoreEnv + "} {\n\t\t\tschema " + m.schema + "\n\t\t}\n\t}\n}\n"
		if err := os.WriteFile("Caddyfile", []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file(strings.Repeat("ab", 32))
	m.copy("a store moves with its key", "--from", "badger:"+m.dir)
	m.close(m.badger(m.dir))
	file("{env." + copyStoreEnv + "_KEY}")
	m.copy("", "--from", "badger:"+m.dir)
	m.is(m.postgres(), 1)
	dir := filepath.Join(t.TempDir(), "back")
	m.copy("", "--to", "badger:"+dir)
	m.is(m.badger(dir), 2)
}

// spoiling is a store that does not keep what is put into it.
type spoiling struct {
	Store
	spoil func(r grant.Record, put func(grant.Record) error) error
}

func (s spoiling) fill(ctx context.Context, ring *seal.Ring, with grant.Filling) error {
	feed := with.Feed
	with.Feed = func(put func(grant.Record) error) error {
		return feed(func(r grant.Record) error { return s.spoil(r, put) })
	}
	return s.Store.fill(ctx, ring, with)
}

// TestStoreCopyIsCompared: what is lost, changed or more in the new store is found,
// and nothing is left of it.
func TestStoreCopyIsCompared(t *testing.T) {
	m := newMoving(t)
	dir := filepath.Join(t.TempDir(), "new")
	for name, spoil := range map[string]func(r grant.Record, put func(grant.Record) error) error{
		"lost": func(r grant.Record, put func(grant.Record) error) error {
			if r.RefreshToken != nil {
				return nil
			}
			return put(r)
		},
		"live again": func(r grant.Record, put func(grant.Record) error) error {
			if r.TokenSet != nil && r.TokenSet.ID == m.ended {
				set := *r.TokenSet
				set.EndedAt = time.Time{}
				r.TokenSet = &set
			}
			return put(r)
		},
		"more": func(r grant.Record, put func(grant.Record) error) error {
			if r.SigningKey != nil {
				more := *r.SigningKey
				more.ID = "more"
				if err := put(grant.Record{Gateway: r.Gateway, SigningKey: &more}); err != nil {
					return err
				}
			}
			return put(r)
		},
		"an event": func(r grant.Record, put func(grant.Record) error) error {
			if r.Event != nil {
				return nil
			}
			return put(r)
		},
	} {
		for _, to := range []storeFlag{{flag: "to", text: "badger:" + dir}, {flag: "to", text: "{env." + copyStoreEnv + "}", schema: m.schema}} {
			found, err := namedStores{}.find(storeFlag{flag: "from", text: "badger:" + m.dir}, to)
			if err != nil {
				t.Fatal(err)
			}
			found[1].module = spoiling{found[1].module, spoil}
			c := storeCopy{from: found[0], to: found[1], now: time.Now()}
			done, err := c.run(t.Context())
			if !errors.Is(err, errNotTheSame) {
				t.Errorf("%s: %v\n%+v", name, err, done.Kinds)
			}
			if there, err := found[1].module.there(t.Context()); err != nil || there {
				t.Errorf("%s: something is left, error %v", name, err)
			}
			m.close(m.badger(m.dir)) // nor is the old one marked
		}
	}
}

// TestStoreCopyKilled: by a signal that nobody can catch, in the middle of both ways;
// neither store opens then, and the same command begins anew.
func TestStoreCopyKilled(t *testing.T) {
	m := newMoving(t)
	caddy := newMachine(t, m.env...)
	conn := m.conn()
	// kill runs a command until a statement of its own with those words waits for what conn has locked, and kills it there.
	kill := func(args []string, words string) {
		t.Helper()
		cmd, out := caddy.command(append([]string{"odoo-gateway", "store", "copy"}, args...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		watch := m.conn()
		for waiting := false; !waiting; {
			select {
			case err := <-ended:
				t.Fatalf("it has ended: %v\n%s", err, out)
			case <-time.After(10 * time.Millisecond):
			}
			var err error
			if waiting, err = pgtest.Blocks(t.Context(), watch, conn, words); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		var status *exec.ExitError
		if err := <-ended; !errors.As(err, &status) {
			t.Fatal(err)
		}
	}

	m.exec(conn, `BEGIN; CREATE SCHEMA SCHEMA_`)
	kill(m.there(), "CREATE SCHEMA")
	m.exec(conn, `ROLLBACK`)
	if _, err := badgerstore.Open(badgerstore.Options{Dir: m.dir, Seal: m.ring}); !errors.Is(err, grant.ErrMoved) {
		t.Errorf("the old store opens: %v", err)
	}
	if out, errOut, status := caddy.odooGateway(append([]string{"store", "copy"}, m.there()...)...); status != 0 || !strings.Contains(out, "copied 12 records") {
		t.Fatalf("status %d: %s%s", status, out, errOut)
	}
	m.is(m.postgres(), 1)

	dir := filepath.Join(t.TempDir(), "back")
	// The first has got as far as the mark, which no transaction may hold up.
	source, err := pgstore.Open(t.Context(), pgstore.Options{DSN: pgtest.Shared(t).DSN(), Schema: m.schema, Seal: m.ring, Moved: true})
	if err == nil {
		err = errors.Join(source.MarkMoved(grant.Moved{To: dir, At: time.Now()}), source.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	m.exec(conn, `BEGIN; LOCK TABLE SCHEMA_.key_removals IN ACCESS EXCLUSIVE MODE`)
	kill(m.back(dir), "FROM key_removals")
	m.exec(conn, `ROLLBACK`)
	if _, err := badgerstore.Open(badgerstore.Options{Dir: dir, Seal: m.ring}); err == nil || !strings.Contains(err.Error(), "filling it was broken off") {
		t.Fatalf("half a store opens: %v", err)
	}
	// The node that was killed counts for half a minute.
	if out, errOut, status := caddy.odooGateway(append([]string{"store", "copy"}, m.back(dir)...)...); status != 1 || !strings.Contains(errOut, "is in use by one node") {
		t.Fatalf("status %d: %s%s", status, out, errOut)
	}
	m.exec(conn, `DELETE FROM SCHEMA_.nodes`)
	if out, errOut, status := caddy.odooGateway(append([]string{"store", "copy"}, m.back(dir)...)...); status != 0 || !strings.Contains(out, "copied 14 records") {
		t.Fatalf("status %d: %s%s", status, out, errOut)
	}
	m.is(m.badger(dir), 2)
}
