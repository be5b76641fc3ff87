package connection

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// sid is the n-th id of one login.
func sid(n int) string { return fmt.Sprintf("%s%042d", prefix, n) }

func setTo(n int) *http.Cookie {
	return &http.Cookie{Name: "session_id", Value: sid(n), MaxAge: 3600, Path: "/"}
}

func newTable() (*Table, *clock.Fake) {
	fake := clock.NewFake(time.Unix(1_800_000_000, 0))
	return NewTable(fake.Now), fake
}

func wantServed(t *testing.T, table *Table, n, current int) {
	t.Helper()
	got := 0
	for i := range 10 {
		if set := table.serve(sid(n)); set != nil && set.Value == sid(i) {
			got = i
		}
	}
	if got != current {
		t.Errorf("id %d is served with %d, want %d (0 = not at all)", n, got, current)
	}
}

func TestTableEndsAtMaxAge(t *testing.T) {
	table, fake := newTable()
	table.rotated(sid(1), setTo(2))
	fake.Advance(time.Hour - time.Second)
	wantServed(t, table, 1, 2)
	fake.Advance(time.Second) // the cookie's end comes before the grace is over
	wantServed(t, table, 1, 0)

	table.rotated(sid(3), &http.Cookie{Value: sid(4)}) // says nothing of its age
	fake.Advance(servedGrace)
	wantServed(t, table, 3, 0)
}

// Several rotations while the browser sleeps: it holds the first id only.
func TestTableChain(t *testing.T) {
	table, fake := newTable()
	table.rotated(sid(1), setTo(2))
	table.rotated(sid(2), setTo(3))
	table.rotated(sid(1), setTo(2)) // a slow answer to a call from before
	wantServed(t, table, 2, 0)      // was never given to a browser
	wantServed(t, table, 1, 3)
	table.rotated(sid(3), setTo(4)) // and this one was, just now
	wantServed(t, table, 1, 4)
	wantServed(t, table, 3, 4)
	fake.Advance(servedGrace)
	wantServed(t, table, 1, 0)
	wantServed(t, table, 3, 0)
	if len(table.current) != 0 || table.previous.Len() != 0 {
		t.Errorf("%d entries are left, %d links", table.previous.Len(), len(table.current))
	}
}

// The browser has moved on from the id that an entry leads to.
func TestTableLeft(t *testing.T) {
	table, _ := newTable()
	table.rotated(sid(1), setTo(2))
	table.serve(sid(1))
	table.left(sid(2), setTo(3))
	wantServed(t, table, 1, 3) // requests that were under way
	wantServed(t, table, 2, 0)
	table.rotated(sid(2), setTo(3))
	wantServed(t, table, 2, 0)
}

func TestTableEnded(t *testing.T) {
	table, _ := newTable()
	table.rotated(sid(1), setTo(2))
	table.serve(sid(1))
	table.rotated(sid(2), setTo(3))
	table.rotated(sid(5), setTo(6))
	table.ended(grant.HashToken(sid(3)))
	wantServed(t, table, 1, 0)
	wantServed(t, table, 2, 0)
	wantServed(t, table, 5, 6)
	// The browser sent its logout before the rotation, and is answered after it.
	table.ended(grant.HashToken(sid(5)))
	wantServed(t, table, 5, 0)
}

func TestTableIsBounded(t *testing.T) {
	table, _ := newTable()
	for n := range tableSize + 10 {
		id := fmt.Sprintf("%042d%042d", n, 1)
		table.rotated(id, &http.Cookie{Value: fmt.Sprintf("%042d%042d", n, 2), MaxAge: 60})
		table.left(fmt.Sprintf("%042d%042d", n, 3), setTo(1))
		table.firstSight(id, time.Hour)
		table.know(id, 1, 0)
		table.doubt(id)
	}
	for name, n := range map[string]int{
		"entries": table.previous.Len(), "left": table.leftIDs.Len(), "seen": table.seen.Len(),
		"checked": table.checked.Len(), "links": len(table.current),
	} {
		if n > tableSize {
			t.Errorf("%s: %d", name, n)
		}
	}
}

func TestTableHoldsCopies(t *testing.T) {
	table, _ := newTable()
	set := setTo(2)
	table.rotated(sid(1), set)
	set.Value = "changed"
	table.serve(sid(1)).Value = "changed too"
	wantServed(t, table, 1, 2)
}

func TestUserAgent(t *testing.T) {
	for in, want := range map[string]string{
		"Team wiki":               "OdooGateway/1 (Team wiki)",
		"a\r\nX-Evil: 1":          "OdooGateway/1 (a X-Evil: 1)",
		"(a) \\ b":                "OdooGateway/1 (a b)",
		"Böse  Ümläute":           "OdooGateway/1 (Bse mlute)",
		"":                        "OdooGateway/1",
		"日本":                      "OdooGateway/1",
		string(make([]byte, 100)): "OdooGateway/1",
		fmt.Sprintf("%0100d", 1):  "OdooGateway/1 (" + fmt.Sprintf("%064d", 0) + ")",
		" \t tab \x7f ":           "OdooGateway/1 (tab)",
		"invalid \xff UTF-8":      "OdooGateway/1 (invalid UTF-8)",
	} {
		if got := UserAgent(in); got != want {
			t.Errorf("UserAgent(%q) = %q, want %q", in, got, want)
		}
	}
}
