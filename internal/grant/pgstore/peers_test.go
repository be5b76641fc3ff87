package pgstore_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
)

// hearing counts what a node hears.
type hearing struct {
	mu  sync.Mutex
	all map[string]int
}

func hear(db *pgstore.DB) *hearing {
	h := &hearing{all: make(map[string]int)}
	db.Hear(func(kind, key string, n int) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.all[kind+" "+key] += n
	})
	return h
}

func (h *hearing) of(what string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[what]
}

// TestNodesTellOneAnother: each thing as often as it has happened, also nodes that
// start later, and nobody itself; and what they forget in memory is nothing.
func TestNodesTellOneAnother(t *testing.T) {
	o := fresh(t)
	o.PollEvery = time.Hour // nothing is heard but by a notification
	one, other := open(t, o), open(t, o)
	own, heard := hear(one), hear(other)
	for range 3 {
		one.Tell("client", "a")
	}
	one.Tell("client", "b")
	for _, bad := range []string{"a b", "a\nclient b 5", "a\x00", "\xff"} {
		one.Tell("client", bad)
	}
	eventually(t, "all is heard", func() bool { return heard.of("client a") == 3 && heard.of("client b") == 1 })
	one.Tell("client", "a")
	eventually(t, "one more is heard", func() bool { return heard.of("client a") == 4 })
	late := hear(open(t, o))
	eventually(t, "a node that starts later hears of all", func() bool { return late.of("client a") == 4 })
	if len(own.all) != 0 || len(heard.all) != 2 {
		t.Errorf("a node has heard itself %v, the other %v", own.all, heard.all)
	}
	run(t, o, `UPDATE changes SET at = now() - interval '3 minutes'`)
	one.Tell("client", "new")
	eventually(t, "it is heard", func() bool { return heard.of("client new") == 1 })
	later := hear(open(t, o))
	eventually(t, "what is new is heard", func() bool { return later.of("client new") == 1 })
	if len(later.all) != 1 {
		t.Errorf("after three minutes a node hears %v", later.all)
	}
}

// TestWhatWasToldIsEmptied: what nobody is to hear any more takes no room.
func TestWhatWasToldIsEmptied(t *testing.T) {
	o := fresh(t)
	fake := clock.NewFake(start)
	o.Now = fake.Now
	one, other := open(t, o), open(t, o)
	heard := hear(other)
	for i, want := range []int{1, 2, 2} { // batches with something in them
		fake.Advance(2*time.Minute - time.Duration(i)*time.Second)
		key := fmt.Sprint("network-", i)
		one.Tell("client", key)
		eventually(t, "it is heard", func() bool { return heard.of("client "+key) == 1 })
		conn := connect(t, o)
		var rows, full int
		err := conn.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE key <> '') FROM changes WHERE kind = 'told'`).Scan(&rows, &full)
		if err != nil || rows != i+1 || full != want {
			t.Errorf("%d batches, %d with something in them, want %d; error %v", rows, full, want, err)
		}
		conn.Close(t.Context())
	}
}

// TestKindsDoNotCrowdOutOneAnother: whoever guesses from many networks keeps no
// password from being counted.
func TestKindsDoNotCrowdOutOneAnother(t *testing.T) {
	o := fresh(t)
	one, other := open(t, o), open(t, o)
	heard := hear(other)
	for i := range 10000 {
		one.Tell("client", fmt.Sprint("network-", i))
	}
	one.Tell("password", "p")
	eventually(t, "the password is heard", func() bool { return heard.of("password p") == 1 })
}

// TestTellingCostsLittle: whoever guesses from a thousand networks has few rows
// written.
func TestTellingCostsLittle(t *testing.T) {
	o := fresh(t)
	one, other := open(t, o), open(t, o)
	heard := hear(other)
	for i := range 100000 {
		one.Tell("client", fmt.Sprint("network-", i%1000))
	}
	eventually(t, "the next is heard", func() bool {
		one.Tell("client", "next") // a batch that is full takes no more
		return heard.of("client next") > 0
	})
	conn := connect(t, o)
	defer conn.Close(t.Context())
	var rows, bytes int
	if err := conn.QueryRow(t.Context(), `SELECT count(*), max(length(key)) FROM changes WHERE kind = 'told'`).Scan(&rows, &bytes); err != nil {
		t.Fatal(err)
	}
	if rows > 20 || bytes > 16<<10 {
		t.Errorf("%d rows, of up to %d bytes", rows, bytes)
	}
}

// TestNodeCutOffHearsLater: what was told while a node was cut off, and what that has
// to tell, once each.
func TestNodeCutOffHearsLater(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	one := open(t, o)
	relay := pgtest.NewRelay(t, pgtest.Shared(t))
	o.DSN, o.PollEvery = relay.DSN(), 20*time.Millisecond
	other := open(t, o)
	there, here := hear(one), hear(other)
	one.Tell("client", "before")
	eventually(t, "it is heard", func() bool { return here.of("client before") == 1 })
	relay.Cut()
	away(t, other.Store("erp"))
	one.Tell("client", "meanwhile")
	other.Tell("client", "cut-off")
	relay.Drop()
	relay.Mend()
	eventually(t, "what was told meanwhile is heard", func() bool { return here.of("client meanwhile") > 0 })
	eventually(t, "what the other has to tell is heard", func() bool { return there.of("client cut-off") > 0 })
	if n := here.of("client before"); n != 1 {
		t.Errorf("what was heard before is heard %d times", n)
	}
}
