//go:build realodoo

package e2e

import "testing"

// TestRealProbes tries the ways around the rules that attackers of ERPs know,
// on a real Odoo and as its administrator: nothing but the rules stands between
// the application and all that there is.
func TestRealProbes(t *testing.T) {
	p := startProbing(t)
	for _, row := range []struct {
		name  string
		tried func(*testing.T, *probing)
	}{
		{"A70", probeA70}, {"A71", probeA71}, {"A72", probeA72}, {"A73", probeA73}, {"A74", probeA74}, {"A74Lead", probeA74Lead}, {"A75", probeA75}, {"A76", probeA76}, {"A76Language", probeA76Language}, {"A77", probeA77},
		{"A78", probeA78}, {"A79", probeA79}, {"A80", probeA80}, {"A80Lists", probeA80Lists}, {"A80Company", probeA80Company}, {"A81", probeA81}, {"A82", probeA82}, {"A83", probeA83}, {"A84", probeA84}, {"A85", probeA85},
		{"A86", probeA86}, {"A87", probeA87}, {"A88", probeA88}, {"A89", probeA89},
		{"Beyond", probeBeyond},
	} {
		t.Run(row.name, func(t *testing.T) {
			p.t, p.odoo.t = t, t
			row.tried(t, p)
		})
	}
}
