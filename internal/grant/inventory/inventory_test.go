package inventory_test

import (
	"slices"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/inventory"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func of(t *testing.T, records ...grant.Record) *inventory.Inventory {
	t.Helper()
	i := inventory.New(now)
	for _, r := range records {
		if err := i.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

func event(id string, until time.Time) grant.Record {
	return grant.Record{Gateway: "erp", Event: &grant.KeptEvent{AuditEntry: grant.AuditEntry{ID: id, Event: audit.Event{Kind: audit.Consent}}, Until: until}}
}

func records() []grant.Record {
	far := now.AddDate(1, 0, 0)
	return []grant.Record{
		{Gateway: "erp", Authorization: &grant.Authorization{ID: "a", Scope: []string{}}},
		{Gateway: "erp", Authorization: &grant.Authorization{ID: "b"}},
		{Gateway: "erp", Code: &grant.Code{Hash: "a"}},
		{Gateway: "erp", TokenSet: &grant.TokenSet{ID: "a"}},
		{Gateway: "erp", RefreshToken: &grant.RefreshToken{Hash: "a"}},
		{Gateway: "erp", SigningKey: &grant.SigningKey{ID: "a", Sealed: []byte("x")}},
		{Gateway: "erp", KeyRemoval: &grant.KeyRemoval{ID: "a"}},
		{Gateway: "erp", Object: &grant.ObjectHistory{Name: "a"}},
		event("late", far), event("soon", now.Add(time.Hour)),
	}
}

// TestSameInAnyOrder: and one row for each kind of record.
func TestSameInAnyOrder(t *testing.T) {
	backwards := records()
	slices.Reverse(backwards)
	rows, same := inventory.Compare(of(t, records()...), of(t, backwards...), now)
	if !same || len(rows) != 9 {
		t.Fatalf("same %v: %+v", same, rows)
	}
	for _, r := range rows {
		want := 1
		if r.Kind == "authorizations" {
			want = 2
		}
		if !r.Same || r.From.Records != want || r.From != r.To || len(r.From.SHA256) != 64 {
			t.Errorf("%+v", r)
		}
	}
	if n := of(t, backwards...).Records(); n != len(backwards) {
		t.Errorf("%d records", n)
	}
}

// TestEveryDifferenceIsFound: whatever of a record is another, missing or more.
func TestEveryDifferenceIsFound(t *testing.T) {
	for n := range records() {
		for name, change := range map[string]func([]grant.Record) []grant.Record{
			"missing":         func(r []grant.Record) []grant.Record { return slices.Delete(r, n, n+1) },
			"another gateway": func(r []grant.Record) []grant.Record { r[n].Gateway = "other"; return r },
			"twice": func(r []grant.Record) []grant.Record {
				return append(r, r[n])
			},
		} {
			if records()[n].Event != nil && name == "twice" {
				continue // its place is its key
			}
			changed := change(records())
			rows, same := inventory.Compare(of(t, records()...), of(t, changed...), now)
			if same || different(rows) != 1 {
				t.Errorf("record %d %s: same %v, %+v", n, name, same, rows)
			}
			if _, same := inventory.Compare(of(t, changed...), of(t, records()...), now); same {
				t.Errorf("record %d %s: not found from the other side", n, name)
			}
		}
	}
	nothing := records()
	nothing[0].Authorization.Scope = nil // which is all
	if _, same := inventory.Compare(of(t, records()...), of(t, nothing...), now); same {
		t.Error("an empty scope is the same as none")
	}
}

func different(rows []inventory.Row) (n int) {
	for _, r := range rows {
		if !r.Same {
			n++
		}
	}
	return n
}

// TestEventsEndMeanwhile: what has gone by itself is no difference, and all else is.
func TestEventsEndMeanwhile(t *testing.T) {
	from := of(t, event("soon", now.Add(time.Minute)), event("later", now.Add(time.Hour)))
	for name, c := range map[string]struct {
		to   *inventory.Inventory
		at   time.Duration
		same bool
	}{
		"both there":             {of(t, event("soon", now.Add(time.Minute)), event("later", now.Add(time.Hour))), 0, true},
		"one has ended":          {of(t, event("later", now.Add(time.Hour))), 2 * time.Minute, true},
		"one is lost":            {of(t, event("later", now.Add(time.Hour))), 0, false},
		"the other is lost":      {of(t, event("soon", now.Add(time.Minute))), 2 * time.Minute, false},
		"one is kept for longer": {of(t, event("soon", now.Add(2*time.Hour)), event("later", now.Add(time.Hour))), 2 * time.Minute, false},
	} {
		if rows, same := inventory.Compare(from, c.to, now.Add(c.at)); same != c.same {
			t.Errorf("%s: same %v: %+v", name, same, rows)
		}
	}
}
