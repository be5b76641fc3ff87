package pgstore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
)

// counted are the bytes of a store that has counted them.
func counted(t *testing.T, db *pgstore.DB) int64 {
	t.Helper()
	var s pgstore.Stats
	eventually(t, "the bytes are counted", func() bool {
		s, _ = db.Stats()
		return s.Bytes > 0
	})
	return s.Bytes
}

// uncounted waits until the log tells of a count that has failed, for that reason.
func uncounted(t *testing.T, logs *observer.ObservedLogs, reason string) {
	t.Helper()
	eventually(t, "a count fails", func() bool {
		for _, e := range logs.FilterMessage("what the grant store takes could not be counted").All() {
			if text, _ := e.ContextMap()["error"].(string); strings.Contains(text, reason) {
				return true
			}
		}
		return false
	})
}

// TestBytesAreCountedOnceInAWhile, whoever asks meanwhile, and again after it.
func TestBytesAreCountedOnceInAWhile(t *testing.T) {
	o := fresh(t)
	often := o
	o.MeasureEvery, often.MeasureEvery = time.Hour, 20*time.Millisecond
	db, other := open(t, o), open(t, often)
	before := counted(t, db)
	run(t, o, `CREATE TABLE larger AS SELECT generate_series(1, 10000)`)
	eventually(t, "it is counted again", func() bool {
		s, _ := other.Stats()
		return s.Bytes > before
	})
	if s, ok := db.Stats(); !ok || s.Bytes != before || !s.Reached {
		t.Errorf("%+v, open %v, want %d bytes", s, ok, before)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if s, ok := db.Stats(); ok {
		t.Errorf("a closed store has numbers: %+v", s)
	}
}

// TestBytesThatCanNotBeCounted are those of the last time, and no failure to read or
// write grants.
func TestBytesThatCanNotBeCounted(t *testing.T) {
	o := fresh(t)
	core, logs := observer.New(zap.DebugLevel)
	relay := pgtest.NewRelay(t, pgtest.Shared(t))
	o.DSN, o.Logger, o.MeasureEvery, o.BeatEvery = relay.DSN(), zap.New(core), 20*time.Millisecond, time.Hour
	db := open(t, o)
	before := counted(t, db)
	relay.Spoil("pg_total_relation_size")
	relay.Drop() // where it is prepared
	uncounted(t, logs, "SQLSTATE")
	if s, _ := db.Stats(); s.Bytes != before || s.Failures != 0 {
		t.Errorf("%+v, want %d bytes and no failure", s, before)
	}
}

// TestWhatLocksATableHoldsUpNobodyWhoAsks: the count ends in a while, and another one
// succeeds.
func TestWhatLocksATableHoldsUpNobodyWhoAsks(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	core, logs := observer.New(zap.DebugLevel)
	o.Logger, o.MeasureEvery = zap.New(core), 20*time.Millisecond
	db := open(t, o)
	before := counted(t, db)
	conn := connect(t, o)
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), `BEGIN; LOCK TABLE turns IN ACCESS EXCLUSIVE MODE; INSERT INTO turns SELECT n, '', now() FROM generate_series(1, 10000) AS s (n)`); err != nil {
		t.Fatal(err)
	}
	uncounted(t, logs, "deadline exceeded")
	if s, ok := db.Stats(); !ok || s.Bytes != before || s.Failures != 0 {
		t.Errorf("%+v, open %v, want %d bytes and no failure", s, ok, before)
	}
	if _, err := conn.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is counted again", func() bool {
		s, _ := db.Stats()
		return s.Bytes > before
	})
}
