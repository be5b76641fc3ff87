package connection

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// Whether Odoo has the configured database is asked of nobody's session, and
// once in ten seconds.
func TestDatabase(t *testing.T) {
	for version := 16; version <= 20; version++ {
		w := newWorld(t, version)
		of := func(database string) *Manager {
			u, err := url.Parse(w.odoo.URL)
			if err != nil {
				t.Fatal(err)
			}
			return New(Config{Client: rpc.New(rpc.Config{Issuer: u, Database: database}), Table: NewTable(w.clock.Now), Now: w.clock.Now})
		}
		for database, want := range map[string]error{"demo19": nil, odootest.StagingDatabase: nil, "dmeo19": ErrNoDatabase} {
			m := of(database)
			w.odoo.ForgetRequests()
			expect := func(want error, asked int) {
				t.Helper()
				err := m.Database(t.Context(), w.rt, agent)
				if !errors.Is(err, want) || want != nil && !is(err, odoo.Unavailable) {
					t.Errorf("%d, %s: %v", version, database, err)
				}
				all := w.odoo.Requests()
				if len(all) != asked || asked > 0 && all[0].Header.Get("Cookie") != "" {
					t.Errorf("%d, %s: Odoo was asked %d times, want %d: %v", version, database, len(all), asked, all)
				}
			}
			expect(want, 1)
			expect(want, 1)
			w.clock.Advance(databaseAge)
			expect(want, 2)
		}

		// What is not told is not asked again at once, and soon.
		m := of("demo19")
		w.odoo.SetDown(true)
		if err := m.Database(t.Context(), w.rt, agent); !is(err, odoo.Unavailable) || errors.Is(err, ErrNoDatabase) {
			t.Errorf("%d, down: %v", version, err)
		}
		w.odoo.SetDown(false)
		w.odoo.ForgetRequests()
		if err := m.Database(t.Context(), w.rt, agent); !is(err, odoo.Unavailable) || errors.Is(err, ErrNoDatabase) || len(w.odoo.Requests()) != 0 {
			t.Errorf("%d, at once: %v, asked %d times", version, err, len(w.odoo.Requests()))
		}
		w.clock.Advance(untoldAge)
		if err := m.Database(t.Context(), w.rt, agent); err != nil {
			t.Errorf("%d, up again: %v", version, err)
		}
	}
}

// An answer that is neither yes nor no proves nothing.
func TestDatabaseUntold(t *testing.T) {
	asked := 0
	w := ownOdoo(t, func(rw http.ResponseWriter, _ *http.Request) {
		asked++
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write([]byte(`{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "psycopg2.errors.UndefinedTable", "message": "no"}}}`))
	})
	for range 5 {
		if err := w.manager.Database(t.Context(), w.rt, agent); !is(err, odoo.Unavailable) {
			t.Errorf("got %v", err)
		}
	}
	if asked != 1 {
		t.Errorf("five requests at one moment have asked %d times", asked)
	}
}
