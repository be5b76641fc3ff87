package administration

import "testing"

// Whoever looks somebody up leaves behind whom, by whichever name.
func TestLooksSayWhoWasLookedUp(t *testing.T) {
	w := newWorld(t)
	for _, look := range []struct {
		name string
		do   func(*Desk) error
		want [2]string
	}{
		{"events by login", func(d *Desk) error {
			_, err := d.Events(t.Context(), EventFilter{Login: "demo"}, Page{Limit: 1})
			return err
		}, [2]string{"login", "demo"}},
		{"authorizations by login", func(d *Desk) error {
			_, err := d.Authorizations(t.Context(), Filter{Login: "demo"}, true, Page{Limit: 1})
			return err
		}, [2]string{"login", "demo"}},
		{"authorizations by name", func(d *Desk) error {
			_, err := d.Authorizations(t.Context(), Filter{Person: "Marc"}, true, Page{Limit: 1})
			return err
		}, [2]string{"person", "Marc"}},
	} {
		if err := look.do(w.desk()); err != nil {
			t.Fatalf("%s: %v", look.name, err)
		}
		all := w.audit.Events()
		if got := all[len(all)-1].Detail[look.want[0]]; got != look.want[1] {
			t.Errorf("%s: recorded %+v", look.name, all[len(all)-1])
		}
	}
}
