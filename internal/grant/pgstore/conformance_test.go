package pgstore_test

import (
	"os"
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/conformance"
	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
	"github.com/caddy-odoo/gateway/internal/seal"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func ring(t testing.TB) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fresh are the options of a store that is not there yet.
func fresh(t testing.TB) pgstore.Options {
	t.Helper()
	c := pgtest.Shared(t)
	return pgstore.Options{DSN: c.DSN(), Schema: c.Schema(), Seal: ring(t)}
}

// open opens one node of a store.
func open(t testing.TB, o pgstore.Options) *pgstore.DB {
	t.Helper()
	db, err := pgstore.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T) conformance.Subject {
		o := fresh(t)
		db := open(t, o)
		return conformance.Subject{
			Store: db.Store("erp"), Other: db.Store("er"),
			Reopen: func() grant.Store {
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				db = open(t, o)
				return db.Store("erp")
			},
			Close: func() {
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}
