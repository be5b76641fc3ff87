package pgstore_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
)

// run runs a statement in the schema of a store, as somebody with psql does.
func run(t *testing.T, o pgstore.Options, sql string) {
	t.Helper()
	conn := connect(t, o)
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func connect(t *testing.T, o pgstore.Options) *pgx.Conn {
	t.Helper()
	c, err := pgx.ParseConfig(o.DSN)
	if err != nil {
		t.Fatal(err)
	}
	c.RuntimeParams["search_path"] = o.Schema
	conn, err := pgx.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestManyNodesStartAtOnce: one makes the schema, and all have the same store.
func TestManyNodesStartAtOnce(t *testing.T) {
	o := fresh(t)
	const nodes = 8
	epochs := make([]string, nodes)
	var all sync.WaitGroup
	for i := range nodes {
		all.Go(func() {
			db, err := pgstore.Open(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			epochs[i] = db.Epoch()
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, e := range epochs {
		if e == "" || e != epochs[0] {
			t.Errorf("node %d has the store %q, node 0 %q", i, e, epochs[0])
		}
	}
}

// TestWhatDoesNotOpen: each is refused in a sentence that says what to do, and
// changes nothing.
func TestWhatDoesNotOpen(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(o *pgstore.Options)
		want  string
	}{
		"another sealing key": {func(o *pgstore.Options) { o.Seal = ring(t) }, "seal_key must be the same on every node"},
		"a newer layout": {func(o *pgstore.Options) { run(t, *o, `UPDATE store SET layout = 99`) },
			"has layout 99, which a newer version of the gateway has made"},
		"a canary that is gone": {func(o *pgstore.Options) { run(t, *o, `UPDATE store SET canary = NULL`) }, "another sealing key"},
		"a schema of somebody else": {func(o *pgstore.Options) {
			o.Schema = pgtest.Shared(t).Schema()
			run(t, *o, `CREATE SCHEMA `+o.Schema)
			run(t, *o, `CREATE TABLE res_users (id int)`)
		}, "holds tables of something else"},
		"a name that needs quotes": {func(o *pgstore.Options) { o.Schema = `a"b` }, "schema: "},
		"a schema of the server's": {func(o *pgstore.Options) { o.Schema = `pg_gateway` }, "schema: "},
		"no key":                   {func(o *pgstore.Options) { o.Seal = nil }, "sealing key is required"},
		"no DSN":                   {func(o *pgstore.Options) { o.DSN = "" }, "is no PostgreSQL connection string"},
	} {
		t.Run(name, func(t *testing.T) {
			o := fresh(t)
			db := open(t, o)
			a := person("wiki", "sub-1")
			if _, err := db.Store("erp").Consent(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			before := o
			c.spoil(&o)
			_, err := pgstore.Open(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, grant.ErrUnavailable) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			run(t, before, `UPDATE store SET layout = 2`)
			if got, err := db.Store("erp").Authorizations(t.Context(), grant.AuthorizationQuery{}); err != nil || len(got) != 1 {
				t.Errorf("afterwards the store has %d authorizations, error %v", len(got), err)
			}
		})
	}
}

// TestNoErrorTellsTheDSN: neither where it is malformed nor where nobody answers.
func TestNoErrorTellsTheDSN(t *testing.T) {
	for _, dsn := range []string{
		"postgres://gateway:hunter2@127.0.0.1:1/gateway?sslmode=disable",
		"host=127.0.0.1 port=1 user=gateway password=hunter2 dbname=gateway sslmode=nonsense",
		"postgres://gateway:hunter2@[::1",
		"host=/nowhere user=gateway password=hunter2",
		"password='hunter2",
	} {
		_, err := pgstore.Open(t.Context(), pgstore.Options{DSN: dsn, Schema: "odoo_gateway", Seal: ring(t)})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("error %v", err)
		}
		if name, err := pgstore.Check(dsn, "odoo_gateway"); strings.Contains(fmt.Sprint(name, err), "hunter2") {
			t.Errorf("checked: %s, %v", name, err)
		}
	}
	_, err := pgstore.Open(t.Context(), pgstore.Options{DSN: "host=/nowhere user=gateway", Schema: "odoo_gateway", Seal: ring(t)})
	if !errors.Is(err, grant.ErrUnavailable) {
		t.Errorf("nobody answers: error %v, want %v", err, grant.ErrUnavailable)
	}
}

// TestCheckNamesTheStore: by where it is, whoever connects and how.
func TestCheckNamesTheStore(t *testing.T) {
	want, err := pgstore.Check("postgres://gateway:one@db.example.com/grants", "odoo_gateway")
	if err != nil {
		t.Fatal(err)
	}
	for dsn, same := range map[string]bool{
		"postgres://gateway:two@db.example.com:5432/grants":                   true,
		"host=db.example.com dbname=grants user=somebody password=x":          true,
		"postgres://gateway:one@db.example.com/grants?pool_max_conns=3":       true,
		"postgres://gateway:one@db.example.com/grants?sslmode=disable":        true,
		"postgres://gateway:one@db.example.com:5433/grants":                   false,
		"postgres://gateway:one@db.example.com/other":                         false,
		"postgres://gateway:one@db.example.com,other.example.com/grants":      false,
		"postgres://gateway:one@db.example.com/grants?target_session_attrs=x": false,
	} {
		got, _ := pgstore.Check(dsn, "odoo_gateway")
		if (got == want) != same {
			t.Errorf("%s: %s, same %v, want %v", dsn, got, got == want, same)
		}
	}
	if got, err := pgstore.Check("postgres://gateway:one@db.example.com/grants", "other"); err != nil || got == want {
		t.Errorf("another schema is %s, error %v", got, err)
	}
}

// TestCommitsAreOnTheDisk: also where the server says that they need not be.
func TestCommitsAreOnTheDisk(t *testing.T) {
	for set, want := range map[string]string{"off": "on", "local": "local", "on": "on"} {
		o := fresh(t)
		o.DSN += " options='-c synchronous_commit=" + set + "'"
		if got := pgstore.Setting(t, open(t, o), "synchronous_commit"); got != want {
			t.Errorf("with %s it is %s, want %s", set, got, want)
		}
	}
}
