package connection

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// permit sets who may connect.
func (w *world) permit(allow application.Allow) {
	w.manager.allow = func(string) application.Allow { return allow }
}

func wantNotAllowed(t *testing.T, err error) {
	t.Helper()
	wantKind(t, err, odoo.SessionExpired)
	if !errors.Is(err, ErrNotAllowed) {
		t.Errorf("error %v; want that of a person who may not connect", err)
	}
}

const salesman = "sales_team.group_sale_salesman"

func TestAllow(t *testing.T) {
	for version := 16; version <= 20; version++ {
		w := newWorld(t, version)
		for _, tt := range []struct {
			name  string
			allow application.Allow
			may   map[string]bool
		}{
			{"internal", application.Allow{}, map[string]bool{"admin": true, "demo": true}},
			{"portal", application.Allow{Portal: true}, map[string]bool{"admin": true, "demo": true, "portal": true}},
			{"group", application.Allow{Group: "base.group_system"}, map[string]bool{"admin": true}},
			{"portal group", application.Allow{Group: "base.group_portal"}, map[string]bool{"portal": true}},
			{"unknown group", application.Allow{Group: "no.such_group"}, nil},
		} {
			t.Run(fmt.Sprint(version, tt.name), func(t *testing.T) {
				w.permit(tt.allow)
				check := func(login string, a grant.Authorization) {
					t.Helper()
					err := w.manager.Check(t.Context(), w.rt, a, agent)
					if tt.may[login] && err != nil {
						t.Errorf("%s: %v", login, err)
					}
					if !tt.may[login] {
						wantNotAllowed(t, err)
						wantNotAllowed(t, w.do(a)) // the answer is remembered
					}
					if !w.current(a).Connection.Live() {
						t.Errorf("%s: the connection has ended", login)
					}
				}
				for _, login := range []string{"admin", "demo", "portal"} {
					a := w.connect("wiki", w.odoo.UID(login), w.odoo.NewSession(login))
					check(login, a)
					if login == "portal" { // has no keys
						continue
					}
					a.Subject += "-key"
					a.Connection = w.manager.AttachKey(w.odoo.NewAPIKey(login, "wiki", time.Time{}), a, time.Time{}, 0)
					a, err := w.store.Consent(t.Context(), a)
					if err != nil {
						t.Fatal(err)
					}
					check(login, a)
				}
			})
		}
	}
}

// Who leaves the group loses access within five minutes of use, and has it
// again when they come back: nothing has ended.
func TestAllowIsAskedAgain(t *testing.T) {
	for version := 16; version <= 20; version++ {
		for _, kind := range []grant.ConnectionKind{grant.Session, grant.APIKey} {
			t.Run(fmt.Sprint(version, kind), func(t *testing.T) {
				w := newWorld(t, version)
				w.permit(application.Allow{Group: salesman})
				a, _ := w.demo("wiki")
				if kind == grant.APIKey {
					a, _ = w.demoKey()
				}
				w.mustDo(a)
				w.odoo.SetGroup("demo", salesman, false)
				w.clock.Advance(checkInterval - time.Second)
				w.mustDo(a)
				w.clock.Advance(time.Second)
				wantNotAllowed(t, w.do(a))
				w.odoo.ForgetRequests()
				wantNotAllowed(t, w.do(a))
				if n := len(w.odoo.Requests()); n != 0 {
					t.Errorf("%d requests for an answer that is remembered", n)
				}
				w.odoo.SetGroup("demo", salesman, true)
				if err := w.manager.Check(t.Context(), w.rt, a, agent); err != nil {
					t.Errorf("a refresh after they came back: %v", err)
				}
				w.mustDo(a)
			})
		}
	}
}

// Two calls each five minutes, and one where anybody may connect.
func TestAllowIsCheap(t *testing.T) {
	for _, tt := range []struct {
		allow application.Allow
		calls int
	}{{application.Allow{}, 2}, {application.Allow{Portal: true}, 1}} {
		w := newWorld(t, 19)
		w.permit(tt.allow)
		a, _ := w.demo("wiki")
		w.clock.Advance(checkInterval)
		w.mustDo(a)
		w.clock.Advance(checkInterval)
		w.odoo.ForgetRequests()
		for range 10 {
			w.mustDo(a)
		}
		if n := len(w.odoo.Requests()) - 10; n != tt.calls {
			t.Errorf("%+v: %d calls", tt.allow, n)
		}
	}
}

// An archived user has lost access within five minutes of use, by either kind
// of connection, and whatever Allow says.
func TestArchivedLosesAccess(t *testing.T) {
	for version := 16; version <= 20; version++ {
		for _, kind := range []grant.ConnectionKind{grant.Session, grant.APIKey} {
			w := newWorld(t, version)
			w.permit(application.Allow{Portal: true})
			a, _ := w.demo("wiki")
			if kind == grant.APIKey {
				a, _ = w.demoKey()
			}
			w.mustDo(a)
			w.odoo.Archive("demo")
			w.clock.Advance(checkInterval)
			wantKind(t, w.do(a), odoo.SessionExpired)
			if w.current(a).Connection.Live() {
				t.Errorf("%d, %s: the connection lives", version, kind)
			}
		}
	}
}

// An outage is an outage: it says nothing about groups.
func TestAllowOutage(t *testing.T) {
	w := newWorld(t, 19)
	w.permit(application.Allow{})
	a, _ := w.demo("wiki")
	w.clock.Advance(checkInterval)
	w.mustDo(a)
	w.clock.Advance(checkInterval)
	w.odoo.SetDown(true)
	err := w.do(a)
	wantKind(t, err, odoo.Unavailable)
	if errors.Is(err, ErrNotAllowed) {
		t.Error("an outage was taken for an answer")
	}
	w.odoo.SetDown(false)
	w.mustDo(a)
}

// What was remembered of the version is wrong after an upgrade.
func TestAllowAfterAnUpgrade(t *testing.T) {
	for _, from := range []int{17, 19} {
		before, after := newWorld(t, from), newWorld(t, map[int]int{17: 18, 19: 17}[from])
		for _, w := range []*world{before, after} {
			w.permit(application.Allow{})
		}
		a, _ := before.demo("wiki")
		if err := before.manager.Check(t.Context(), before.rt, a, agent); err != nil {
			t.Fatal(err)
		}
		b, _ := after.demo("wiki")
		after.manager.client = before.manager.client
		// The other server answers from here on.
		rt := redirected(after.odoo.URL, after.rt)
		if err := after.manager.Check(t.Context(), rt, b, agent); err != nil {
			t.Errorf("from %d: %v", from, err)
		}
	}
}

func TestAllowWantsAnAnswer(t *testing.T) {
	w := keyOdoo(t, func(method string) (int, string) {
		if method == "has_group" {
			return 200, `null`
		}
		return 200, `{"uid":5}`
	})
	w.permit(application.Allow{})
	a := w.connectKey(5, "k", time.Time{}, 0)
	wantKind(t, w.manager.Check(t.Context(), w.rt, a, agent), odoo.Server)
}
