package pgstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
)

var elsewhere = grant.Moved{To: "/var/lib/odoo-gateway", At: start}

// TestMovedStoreDoesNotOpen until somebody takes the mark away, and is not marked
// while a node has it open.
func TestMovedStoreDoesNotOpen(t *testing.T) {
	o := fresh(t)
	mover := o
	mover.Moved = true
	db := open(t, mover)
	node, err := pgstore.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.MarkMoved(elsewhere); err == nil || !strings.Contains(err.Error(), "is in use by one node") {
		t.Errorf("a store that is in use: error %v", err)
	}
	if err := node.Close(); err != nil {
		t.Fatal(err)
	}
	killed, err := pgstore.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.MarkMoved(elsewhere); err == nil {
		t.Error("a store is moved that another node has open")
	}
	run(t, o, `UPDATE nodes SET seen_at = now() - interval '31 seconds'`) // for so long nobody has heard of it
	if err := db.MarkMoved(elsewhere); err != nil {
		t.Fatal(err)
	}
	if got, err := db.MovedTo(t.Context()); err != nil || got != elsewhere {
		t.Errorf("%+v, error %v, want %+v", got, err, elsewhere)
	}
	// It was alive all the same: it sees the mark, and is out of reach.
	away(t, killed.Store("erp"))
	_, err = pgstore.Open(t.Context(), o)
	if !errors.Is(err, grant.ErrMoved) || !strings.Contains(err.Error(), "was moved to /var/lib/odoo-gateway on 2026-03-01 12:00:00 UTC") {
		t.Errorf("error %v, want %v", err, grant.ErrMoved)
	}
	run(t, o, `DELETE FROM nodes`)
	for range 2 {
		if err := db.UnmarkMoved(); err != nil {
			t.Fatal(err)
		}
	}
	open(t, o)
	eventually(t, "the node serves again", func() bool {
		_, err := killed.Store("erp").FindAuthorization(t.Context(), "wiki", "nobody", "")
		return errors.Is(err, grant.ErrNotFound)
	})
	if err := killed.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNodesSayThatTheyAreThere, also a node that was taken for gone.
func TestNodesSayThatTheyAreThere(t *testing.T) {
	o := fresh(t)
	db := open(t, o)
	run(t, o, `UPDATE nodes SET seen_at = now() - interval '2 hours'`)
	if err := pgstore.Beat(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	mover := o
	mover.Moved = true
	other := open(t, mover)
	if err := other.MarkMoved(elsewhere); err == nil {
		t.Error("a node is not heard of that has said that it is there")
	}
	run(t, o, `DELETE FROM nodes`)
	if err := pgstore.Beat(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if err := other.MarkMoved(elsewhere); err == nil {
		t.Error("a node is not heard of that was forgotten")
	}
}

// TestImportIsCheckedBeforeItIsAStore: by what reads back, and nothing is left where
// that does not fit; what is there is left alone.
func TestImportIsCheckedBeforeItIsAStore(t *testing.T) {
	o := fresh(t)
	a := person("wiki", "sub-1")
	var got []grant.Record
	wrong := errors.New("wrong")
	with := grant.Filling{
		Feed: func(put func(grant.Record) error) error { return put(grant.Record{Gateway: "erp", Authorization: &a}) },
		Check: func(export func(func(grant.Record) error) error) error {
			return errors.Join(export(func(r grant.Record) error { got = append(got, r); return nil }), wrong)
		},
		Last: func(string) grant.KeptEvent { return grant.KeptEvent{Until: clock.System().Add(time.Hour)} },
	}
	if err := pgstore.Import(t.Context(), o, with); !errors.Is(err, wrong) {
		t.Fatalf("error %v, want %v", err, wrong)
	}
	if len(got) != 1 || got[0].Authorization == nil || got[0].Authorization.ID != a.ID {
		t.Errorf("checked were %+v", got)
	}
	if there, err := pgstore.Exists(t.Context(), o); err != nil || there {
		t.Errorf("there is a store: %v, error %v", there, err)
	}
	wrong = nil
	if err := pgstore.Import(t.Context(), o, with); err != nil {
		t.Fatalf("something was left: %v", err)
	}
	if there, err := pgstore.Exists(t.Context(), o); err != nil || !there {
		t.Errorf("there is a store: %v, error %v", there, err)
	}
	if err := pgstore.Import(t.Context(), o, with); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("over a store: error %v", err)
	}
	open(t, o)
	if err := pgstore.Import(t.Context(), o, with); err == nil || !strings.Contains(err.Error(), "is in use by one node") {
		t.Errorf("over a store in use: error %v", err)
	}
}

// TestOldLayoutIsRaised: a store of the first version becomes one of this.
func TestOldLayoutIsRaised(t *testing.T) {
	o := fresh(t)
	db, err := pgstore.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	g := connected(t, db.Store("erp"), "sub-1")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, o, `DROP TABLE moved, nodes; UPDATE store SET layout = 1`)
	db = open(t, o)
	if set, err := db.Store("erp").TokenSet(t.Context(), g.set.ID); err != nil || !set.Live() {
		t.Errorf("%+v, error %v", set, err)
	}
	if err := db.MarkMoved(elsewhere); err != nil {
		t.Error(err)
	}
}

// TestAnswerOfAnImportLost: Import looks whether it has made the store, and says so
// where it can not tell.
func TestAnswerOfAnImportLost(t *testing.T) {
	for name, test := range map[string]struct {
		fail  func(*pgtest.Relay)
		fits  func(error) bool
		there bool
	}{
		"after the commit": {func(r *pgtest.Relay) { r.LoseAnswer("commit\x00") }, func(err error) bool { return err == nil }, true},
		"after the commit, and nobody can be asked": {func(r *pgtest.Relay) {
			r.LoseAnswer("commit\x00")
			r.Spoil("INSERT INTO store")
		}, func(err error) bool { return errors.Is(err, grant.ErrUncertain) }, true},
		"before the commit": {func(r *pgtest.Relay) { r.Spoil("commit\x00") }, func(err error) bool {
			return err != nil && !errors.Is(err, grant.ErrUncertain)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := fresh(t)
			direct := o
			relay := pgtest.NewRelay(t, pgtest.Shared(t))
			o.DSN = relay.DSN()
			a := person("wiki", "sub-1")
			err := pgstore.Import(t.Context(), o, grant.Filling{
				Feed: func(put func(grant.Record) error) error { return put(grant.Record{Gateway: "erp", Authorization: &a}) },
				Last: func(string) grant.KeptEvent {
					test.fail(relay)
					return grant.KeptEvent{Until: clock.System().Add(time.Hour)}
				},
			})
			if !test.fits(err) {
				t.Errorf("error %v", err)
			}
			if there, err := pgstore.Exists(t.Context(), direct); err != nil || there != test.there {
				t.Errorf("there is a store: %v, error %v", there, err)
			}
		})
	}
}
