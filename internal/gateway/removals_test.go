package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// hold gives an authorization an API key of its person's, as the only one of
// that name, and returns it as it is stored.
func (w *world) hold(a grant.Authorization, name string, life time.Duration) grant.Authorization {
	w.t.Helper()
	ends := w.clock.Now().Add(life)
	secret := w.odoo.NewAPIKey(a.Login, name, ends)
	var id int64
	// Records are numbered from one on, and no test here removes the last.
	for _, login := range []string{"admin", "demo"} {
		id += int64(len(w.odoo.APIKeyNames(login)))
	}
	to := w.gw.service.Load().connections.AttachKey(secret, a, ends, id)
	if err := w.store.UpdateConnection(w.t.Context(), a.ID, a.Connection.Hash, to); err != nil {
		w.t.Fatal(err)
	}
	a.Connection = to
	return a
}

// removeKeys sweeps once and returns how often it went to Odoo.
func (w *world) removeKeys() (ways int, err error) {
	w.t.Helper()
	err = w.gw.RemoveKeys(w.t.Context(), func(use func(http.RoundTripper) error) error {
		ways++
		return use(w.upstream())
	})
	return ways, err
}

func (w *world) removals() []grant.KeyRemoval {
	w.t.Helper()
	all, err := w.store.KeyRemovals(w.t.Context(), grant.KeyRemovalQuery{Limit: grant.MaxPage})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func (w *world) revoke(a grant.Authorization) {
	w.t.Helper()
	if _, err := w.desk().RevokeIDs(w.t.Context(), []string{a.ID}); err != nil {
		w.t.Fatal(err)
	}
}

// told is how often the audit trail tells of a kind.
func (w *world) told(kind audit.Kind) int { return w.logs.FilterMessage(string(kind)).Len() }

// Revoking does not wait for Odoo; the sweep removes the key where Odoo lets it
// and leaves it to the person elsewhere. Either way no copy stays.
func TestRemoveKeys(t *testing.T) {
	for version, removed := range map[int]bool{16: true, 17: false, 18: false, 19: false, 20: false} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			_, a := w.connect("wiki", "demo")
			a = w.hold(a, "Team wiki (Odoo gateway)", 30*24*time.Hour)
			_, other := w.connect("other", "demo")
			other = w.hold(other, "Team other (Odoo gateway)", 30*24*time.Hour)
			if ways, err := w.removeKeys(); ways != 0 || err != nil {
				t.Errorf("nothing is due: %d ways, %v", ways, err)
			}
			w.odoo.SetDown(true)
			w.revoke(a)
			if all := w.removals(); len(all) != 1 || all[0].Left() || all[0].Sealed == nil {
				t.Fatalf("removals %+v", all)
			}
			w.odoo.SetDown(false)
			if ways, err := w.removeKeys(); ways != 1 || err != nil {
				t.Errorf("%d ways, %v", ways, err)
			}
			names, all := w.odoo.APIKeyNames("demo"), w.removals()
			if removed {
				if !slices.Equal(names, []string{"Team other (Odoo gateway)"}) || len(all) != 0 || w.told(audit.APIKeyRemoved) != 1 {
					t.Errorf("keys %q, removals %+v", names, all)
				}
			} else if len(names) != 2 || len(all) != 1 || !all[0].Left() || all[0].Sealed != nil || all[0].KeyID != a.Connection.KeyID || w.told(audit.APIKeyLeft) != 1 {
				t.Errorf("keys %q, removals %+v", names, all)
			}
			if ways, err := w.removeKeys(); ways != 0 || err != nil || len(w.removals()) != len(all) {
				t.Errorf("it is done: %d ways, %v", ways, err)
			}
			if now, err := w.store.Authorization(t.Context(), other.ID); err != nil || !now.Connection.Live() {
				t.Errorf("another connection: %+v, %v", now.Connection, err)
			}
			// A key that is left is told of until it has ended.
			w.clock.Advance(30 * 24 * time.Hour)
			if _, err := w.removeKeys(); err != nil || len(w.removals()) != 0 {
				t.Errorf("removals %+v, %v", w.removals(), err)
			}
		})
	}
}

// Odoo is asked again, ever less often, for a day; then the copy is wiped.
func TestRemovalsEnd(t *testing.T) {
	w := newWorld(t, 16)
	_, a := w.connect("wiki", "demo")
	a = w.hold(a, "Team wiki (Odoo gateway)", 90*24*time.Hour)
	w.revoke(a)
	w.odoo.FailWith(503)
	var waits []time.Duration
	last := w.clock.Now()
	for w.clock.Now().Sub(last) <= 2*removalMost {
		before := w.removals()[0].Tries
		_, _ = w.removeKeys()
		now := w.removals()[0]
		if now.Tries != before {
			waits = append(waits, w.clock.Now().Sub(last))
			last = w.clock.Now()
		}
		if now.Left() {
			break
		}
		w.clock.Advance(time.Minute)
	}
	for i, want := range []time.Duration{0, 1, 2, 4, 8, 16, 32, 60, 60} {
		if waits[i] != want*time.Minute {
			t.Errorf("the waits are %v", waits)
			break
		}
	}
	k := w.removals()[0]
	if !k.Left() || k.Sealed != nil || k.LeftAt.Sub(k.CreatedAt) != removalEnd || len(waits) < 20 {
		t.Errorf("removal %+v after %d tries", k, len(waits))
	}
	entry := w.logs.FilterMessage(string(audit.APIKeyLeft)).All()
	if len(entry) != 1 {
		t.Fatalf("told %d times", len(entry))
	}
	if text := fmt.Sprint(entry[0].ContextMap()); !strings.Contains(text, "no_answer") || !strings.Contains(text, fmt.Sprint("key_id:", a.Connection.KeyID)) {
		t.Errorf("told %s", text)
	}
	w.odoo.FailWith(0)
	if ways, err := w.removeKeys(); ways != 0 || err != nil {
		t.Errorf("a key that was left is not tried: %d ways, %v", ways, err)
	}
}

// An Odoo that is down is asked by one removal alone, and a restart takes
// nothing away: what is to be done stands in the store.
func TestRemovalsMeetTrouble(t *testing.T) {
	w := newWorld(t, 16)
	for _, app := range []string{"wiki", "other"} {
		_, a := w.connect(app, "demo")
		w.revoke(w.hold(a, app, 30*24*time.Hour))
	}
	w.odoo.SetDown(true)
	asked := 0
	err := w.gw.RemoveKeys(t.Context(), func(use func(http.RoundTripper) error) error {
		return use(counting{w.upstream(), &asked})
	})
	if !noAnswer(err) || asked != 1 {
		t.Errorf("asked %d times: %v", asked, err)
	}
	noWay := errors.New("no server")
	if err := w.gw.RemoveKeys(t.Context(), func(func(http.RoundTripper) error) error { return noWay }); !errors.Is(err, noWay) {
		t.Errorf("no way: %v", err)
	}
	w.odoo.SetDown(false)
	w.clock.Advance(time.Minute)
	w.reload()
	if _, err := w.removeKeys(); err != nil || len(w.removals()) != 0 || len(w.odoo.APIKeyNames("demo")) != 0 {
		t.Errorf("removals %+v, %v", w.removals(), err)
	}
}

// Of two keys of one name that were made at once, the wrong record may have
// been found: one that a live connection claims is not removed.
func TestRemovalSparesWhatIsInUse(t *testing.T) {
	w := newWorld(t, 16)
	_, a := w.connect("wiki", "demo")
	a = w.hold(a, "Team wiki (Odoo gateway)", 30*24*time.Hour)
	_, other := w.connect("other", "demo")
	other = w.hold(other, "Team wiki (Odoo gateway)", 30*24*time.Hour)
	k := grant.RemovalOf(a, w.clock.Now())
	k.KeyID = other.Connection.KeyID
	if err := w.store.AddKeyRemoval(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if _, err := w.removeKeys(); err != nil || len(w.odoo.APIKeyNames("demo")) != 2 || !w.removals()[0].Left() {
		t.Errorf("keys %q, removals %+v, %v", w.odoo.APIKeyNames("demo"), w.removals(), err)
	}
}

// One sweep does some, and the next one goes on.
func TestRemovalsAreBounded(t *testing.T) {
	w := newWorld(t, 18)
	_, a := w.connect("wiki", "demo")
	a = w.hold(a, "Team wiki (Odoo gateway)", 30*24*time.Hour)
	for range removalTries + 5 {
		if err := w.store.AddKeyRemoval(t.Context(), grant.RemovalOf(a, w.clock.Now())); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{removalTries, removalTries + 5} {
		if _, err := w.removeKeys(); err != nil {
			t.Fatal(err)
		}
		left := 0
		for _, k := range w.removals() {
			if k.Left() {
				left++
			}
		}
		if left != want {
			t.Errorf("%d are left, want %d", left, want)
		}
	}
}

func TestCensus(t *testing.T) {
	w := newWorld(t, 19)
	count := func() (map[string]Census, bool) {
		t.Helper()
		counts, done, err := w.gw.TakeCensus(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return counts, done
	}
	expect := func(what string, wiki, other int) {
		t.Helper()
		counts, done := count()
		if !done || len(counts) != 2 || counts["wiki"].EndingKeys != wiki || counts["other"].EndingKeys != other {
			t.Errorf("%s: %v, done %v", what, counts, done)
		}
	}
	expectKinds := func(what string, want map[string]int) {
		t.Helper()
		counts, _ := count()
		if got := counts["wiki"].Connections; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	expect("none", 0, 0)
	expectKinds("none", map[string]int{"session": 0, "api_key": 0, "service": 0, "ended": 0})
	_, a := w.connect("wiki", "demo")
	expect("a session", 0, 0)
	expectKinds("a session", map[string]int{"session": 1, "api_key": 0, "service": 0, "ended": 0})
	a = w.hold(a, "one", 31*24*time.Hour)
	_, b := w.connect("other", "admin")
	w.hold(b, "two", 90*24*time.Hour)
	expect("keys that live on", 0, 0)
	expectKinds("a key", map[string]int{"session": 0, "api_key": 1, "service": 0, "ended": 0})
	w.clock.Advance(24 * time.Hour)
	expect("one ends in thirty days", 1, 0)
	w.clock.Advance(40 * 24 * time.Hour)
	expect("one has ended, and nobody has noticed", 1, 0)
	w.revoke(a)
	expect("revoked", 0, 0)
	expectKinds("revoked", map[string]int{"session": 0, "api_key": 0, "service": 0, "ended": 0})
	w.clock.Advance(30 * 24 * time.Hour)
	expect("the other", 0, 1)
	// An application that is gone has no line of its own.
	w.apps = w.apps[:1]
	w.reload()
	if counts, _ := count(); len(counts) != 1 {
		t.Errorf("counts %v", counts)
	}
}

// Many are counted in pieces, each once.
func TestCountInPieces(t *testing.T) {
	w := newWorld(t, 19)
	const people = sweepLooks + 3
	for i := range people {
		a := grant.Authorization{Application: "wiki", Subject: fmt.Sprint(i), ConsentedAt: w.clock.Now(), Connection: grant.Connection{
			Kind: grant.APIKey, Sealed: []byte{1}, Hash: fmt.Sprint(i), ExpiresAt: w.clock.Now().Add(time.Hour),
		}}
		if _, err := w.store.Consent(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, done, err := w.gw.TakeCensus(t.Context()); done || err != nil {
			t.Fatalf("the first piece: done %v, %v", done, err)
		}
		if counts, done, err := w.gw.TakeCensus(t.Context()); !done || err != nil || counts["wiki"].EndingKeys != people {
			t.Fatalf("the second piece: %v, %v", counts, err)
		}
	}
}
