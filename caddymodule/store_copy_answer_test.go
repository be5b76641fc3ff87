package caddymodule

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// breaking is a store whose connections break where it is about to be complete.
type breaking struct {
	Store
	fail func()
}

func (b breaking) fill(ctx context.Context, ring *seal.Ring, with grant.Filling) error {
	last := with.Last
	with.Last = func(gateway string) grant.KeptEvent {
		b.fail()
		return last(gateway)
	}
	return b.Store.fill(ctx, ring, with)
}

// TestStoreCopyWithoutAnAnswer: where the connection breaks at the commit, and it can
// not be told whether there is a new store, the old one does not open; the same
// command finds out.
func TestStoreCopyWithoutAnAnswer(t *testing.T) {
	m := newMoving(t)
	relay := pgtest.NewRelay(t, pgtest.Shared(t))
	found, err := namedStores{}.find(storeFlag{flag: "from", text: "badger:" + m.dir}, storeFlag{flag: "to", text: "{env." + copyStoreEnv + "}", schema: m.schema})
	if err != nil {
		t.Fatal(err)
	}
	to := *found[1].module.(*PostgresStore)
	to.dsn = relay.DSN()
	found[1].module = breaking{&to, func() {
		relay.LoseAnswer("commit\x00")
		relay.Spoil("INSERT INTO store")
	}}
	c := storeCopy{from: found[0], to: found[1], now: time.Now()}
	if _, err := c.run(t.Context()); !errors.Is(err, grant.ErrUncertain) || !strings.Contains(err.Error(), m.dir+" stays marked as moved") {
		t.Errorf("error %v, want %v", err, grant.ErrUncertain)
	}
	if _, err := badgerstore.Open(badgerstore.Options{Dir: m.dir, Seal: m.ring}); !errors.Is(err, grant.ErrMoved) {
		t.Errorf("the old store opens: %v", err)
	}
	if said := m.copy("", m.there()...); !strings.Contains(said, "were copied to") {
		t.Errorf("again:\n%s", said)
	}
	m.is(m.postgres(), 1)
}
