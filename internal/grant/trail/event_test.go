package trail_test

import (
	"slices"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant/trail"
)

// TestPlacesSortTheNewestFirst: whoever reads a trail in the order of its places
// reads the newest first.
func TestPlacesSortTheNewestFirst(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 1000, time.UTC)
	var places []string
	for i := range 3 {
		p := trail.Place(at.Add(-time.Duration(i) * time.Microsecond))
		if !trail.IsPlace(p) {
			t.Errorf("%s is no place", p)
		}
		if got, want := trail.PlaceTime(p), at.Add(-time.Duration(i)*time.Microsecond); !got.Equal(want) {
			t.Errorf("%s is at %v, want %v", p, got, want)
		}
		places = append(places, p)
	}
	if !slices.IsSorted(places) {
		t.Errorf("not the newest first: %v", places)
	}
	for _, no := range []string{"", "x", "0000000000000000", "0000000000000000.", "zzzzzzzzzzzzzzzz.x", "0000000000000000./", "0000000000000000.\x00"} {
		if trail.IsPlace(no) {
			t.Errorf("%q is a place", no)
		}
	}
	if got := trail.PlaceTime("x.y"); !got.IsZero() {
		t.Errorf("no place is at %v", got)
	}
}
