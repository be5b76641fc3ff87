package badgerstore_test

import (
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/grant/conformance"
	"github.com/caddy-odoo/gateway/internal/seal"
)

func ring(t testing.TB) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t testing.TB, o badgerstore.Options) *badgerstore.DB {
	t.Helper()
	db, err := badgerstore.Open(o)
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
		o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t)}
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
