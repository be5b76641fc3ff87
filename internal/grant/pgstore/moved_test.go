package pgstore_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/audit"
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

// TestMovedStoreIsNotWritten by a node of any version that nobody has heard of and
// that has not heard of the mark.
func TestMovedStoreIsNotWritten(t *testing.T) {
	o := fresh(t)
	relay := pgtest.NewRelay(t, pgtest.Shared(t))
	relay.Spoil("LISTEN ")
	deaf := o
	deaf.DSN, deaf.PollEvery = relay.DSN(), time.Hour
	s := open(t, deaf).Store("erp")
	g := connected(t, s, "sub-1")
	mover := o
	mover.Moved = true
	db := open(t, mover)
	run(t, o, `DELETE FROM nodes`) // its machine was paused
	if err := db.MarkMoved(elsewhere); err != nil {
		t.Fatal(err)
	}
	_, consent := s.Consent(t.Context(), person("shop", "sub-1"))
	_, _, redeemed := s.RedeemCode(t.Context(), redemption(g.code))
	_, rotated := s.Rotate(t.Context(), rotation(g.refresh))
	for name, err := range map[string]error{
		"consent": consent, "redeem": redeemed, "rotate": rotated, "revoke": s.RevokeAuthorization(t.Context(), g.a.ID, start),
	} {
		if !errors.Is(err, grant.ErrUnavailable) {
			t.Errorf("%s: error %v, want %v", name, err, grant.ErrUnavailable)
		}
	}
	for range 2 { // the second time a copy goes on that was killed
		if err := db.MarkMoved(elsewhere); err != nil {
			t.Fatal(err)
		}
	}
	var unguarded []string
	conn := connect(t, o)
	defer conn.Close(t.Context())
	err := conn.QueryRow(t.Context(), `SELECT array_agg(tablename ORDER BY tablename) FROM pg_tables WHERE schemaname = $1
		AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = (quote_ident(schemaname) || '.' || quote_ident(tablename))::regclass)`, o.Schema).Scan(&unguarded)
	if want := []string{"moved", "nodes", "store", "turns"}; err != nil || !slices.Equal(unguarded, want) {
		t.Errorf("unguarded are %v, error %v, want %v", unguarded, err, want)
	}
	db.Store("erp").Audit(audit.Event{Time: start, Kind: audit.StoreReopened}, start.AddDate(500, 0, 0))
	if page, err := db.Store("erp").AuditTrail(t.Context(), grant.AuditQuery{}); err != nil || len(page.Entries) != 1 {
		t.Errorf("who moves the store can not write: %+v, error %v", page, err)
	}
	run(t, o, `DELETE FROM nodes`)
	if err := db.UnmarkMoved(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rotate(t.Context(), rotation(g.refresh)); err != nil {
		t.Errorf("without the mark: %v", err)
	}
}

// waits waits until a statement with those words waits for what holder has locked.
func waits(t *testing.T, holder *pgx.Conn, words string) {
	t.Helper()
	look := connect(t, pgstore.Options{DSN: pgtest.Shared(t).DSN(), Schema: "public"})
	defer look.Close(t.Context())
	eventually(t, "somebody waits for the lock", func() bool {
		waiting, err := pgtest.Blocks(t.Context(), look, holder, words)
		if err != nil {
			t.Fatal(err)
		}
		return waiting
	})
}

// TestMarkWaitsForWhatIsWritten: what is confirmed before the mark is in the copy.
func TestMarkWaitsForWhatIsWritten(t *testing.T) {
	o := fresh(t)
	o.Moved = true
	db := open(t, o)
	g := connected(t, db.Store("erp"), "sub-1")
	conn := connect(t, o)
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `BEGIN; UPDATE authorizations SET revoked_at = now(), live_key = NULL`); err != nil {
		t.Fatal(err)
	}
	marked := make(chan error, 1)
	go func() { marked <- db.MarkMoved(elsewhere) }()
	waits(t, conn, "CREATE TRIGGER")
	if _, err := conn.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	if err := <-marked; err != nil {
		t.Fatal(err)
	}
	found := false
	err := db.Export(t.Context(), func(r grant.Record) error {
		found = found || r.Authorization != nil && r.Authorization.ID == g.a.ID && !r.Authorization.Live()
		return nil
	})
	if err != nil || !found {
		t.Errorf("the revocation is not in the copy, error %v", err)
	}
}

// TestNodeIsToldOfTheMark at once, and not when it looks the next time.
func TestNodeIsToldOfTheMark(t *testing.T) {
	o := fresh(t)
	o.PollEvery = time.Hour
	node := open(t, o)
	mover := o
	mover.Moved = true
	db := open(t, mover)
	run(t, o, `DELETE FROM nodes`)
	if err := db.MarkMoved(elsewhere); err != nil {
		t.Fatal(err)
	}
	away(t, node.Store("erp"))
}

// TestNodeBeatsWhileItPurges, however long that takes.
func TestNodeBeatsWhileItPurges(t *testing.T) {
	o := fresh(t)
	o.SweepEvery, o.BeatEvery = 5*time.Millisecond, 5*time.Millisecond
	conn := connect(t, o)
	defer conn.Close(t.Context())
	open(t, o)
	if _, err := conn.Exec(t.Context(), `BEGIN; LOCK TABLE codes IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	waits(t, conn, "DELETE FROM codes")
	run(t, o, `DELETE FROM nodes`)
	other := connect(t, o)
	defer other.Close(t.Context())
	eventually(t, "the node is heard of", func() (there bool) {
		if err := other.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM nodes)`).Scan(&there); err != nil {
			t.Fatal(err)
		}
		return there
	})
	if _, err := conn.Exec(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
}

// TestNodeIsThereUntilItsLastCallHasEnded.
func TestNodeIsThereUntilItsLastCallHasEnded(t *testing.T) {
	o := fresh(t)
	db, err := pgstore.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s := db.Store("erp")
	g := connected(t, s, "sub-1")
	conn := connect(t, o)
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `BEGIN; SELECT FROM authorizations FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	revoked, closed := make(chan error, 1), make(chan error, 1)
	go func() { revoked <- s.RevokeAuthorization(t.Context(), g.a.ID, start) }()
	waits(t, conn, "authorizations")
	go func() { closed <- db.Close() }()
	away(t, s)
	var listed bool
	if err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM nodes)`).Scan(&listed); err != nil || !listed {
		t.Errorf("it is taken for gone while it writes, error %v", err)
	}
	if _, err := conn.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	for _, ended := range []chan error{revoked, closed} {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM nodes)`).Scan(&listed); err != nil || listed {
		t.Errorf("it is not taken for gone, error %v", err)
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
