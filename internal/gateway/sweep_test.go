package gateway

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// sweep keeps sessions once and returns how often it went to Odoo, and how
// many sessions it touched.
func (w *world) sweep() (ways, touches int, err error) {
	w.t.Helper()
	w.odoo.ForgetRequests()
	err = w.gw.KeepSessions(w.t.Context(), func(use func(http.RoundTripper) error) error {
		ways++
		return use(w.upstream())
	})
	return ways, len(w.odoo.RequestsTo("/web/session/get_session_info")), err
}

// keeping returns a gateway that keeps sessions.
func keeping(t *testing.T) *world {
	w := newWorld(t, 17)
	w.keepalive = 30 * 24 * time.Hour
	w.reload()
	return w
}

func TestKeepSessions(t *testing.T) {
	w := keeping(t)
	w.connect("wiki", "demo")
	w.connect("other", "demo")
	expect := func(what string, wantWays, wantTouches int) {
		t.Helper()
		if ways, touches, err := w.sweep(); ways != wantWays || touches != wantTouches || err != nil {
			t.Errorf("%s: %d ways, %d touches, %v; want %d and %d", what, ways, touches, err, wantWays, wantTouches)
		}
	}
	expect("just connected", 0, 0)
	w.clock.Advance(23 * time.Hour)
	expect("nobody knows how long sessions live", 1, 1)
	w.clock.Advance(time.Hour)
	expect("after a day", 1, 1) // the other one
	w.clock.Advance(23 * time.Hour)
	expect("after another day", 1, 1)
	w.clock.Advance(24 * time.Hour)
	expect("both", 1, 2)
	expect("again at once", 0, 0)

	w.clock.Advance(24 * time.Hour)
	w.apps[1].Active = false
	w.apps = w.apps[:2]
	w.reload()
	expect("one is archived", 1, 1)
	w.clock.Advance(24 * time.Hour)
	w.apps = w.apps[1:]
	w.reload()
	expect("the other one gone", 0, 0)
	w.keepalive, w.apps[0].Active = 0, true
	w.reload()
	expect("none are kept", 0, 0)
}

// Each sweep does some, and the next one goes on behind them.
func TestSweepsAreBounded(t *testing.T) {
	w := keeping(t)
	for i := range sweepTouches + 5 {
		app, subject := "wiki", string(rune('a'+i%26))+string(rune('a'+i/26))
		id := w.odoo.NewSession("demo")
		a := grant.Authorization{Application: app, Subject: subject, UID: w.odoo.UID("demo"), ConsentedAt: w.clock.Now()}
		a.Connection = w.gw.service.Load().connections.Attach(id, a)
		if _, err := w.store.Consent(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	w.connect("other", "demo")
	w.clock.Advance(24 * time.Hour)
	for i, want := range []int{sweepTouches, 6, 0} {
		if _, touches, err := w.sweep(); touches != want || err != nil {
			t.Errorf("sweep %d touched %d sessions, want %d: %v", i, touches, want, err)
		}
	}
}

// An Odoo that is down is asked once, and nothing ends; a session that has
// ended stops nobody else's.
func TestSweepMeetsTrouble(t *testing.T) {
	w := keeping(t)
	w.connect("wiki", "demo")
	w.connect("other", "admin")
	w.clock.Advance(24 * time.Hour)
	w.odoo.SetDown(true)
	asked := 0
	err := w.gw.KeepSessions(t.Context(), func(use func(http.RoundTripper) error) error {
		return use(counting{w.upstream(), &asked})
	})
	var failed *odoo.Error
	if !errors.As(err, &failed) || failed.Kind != odoo.Unavailable || asked != 1 {
		t.Errorf("asked %d times: %v", asked, err)
	}
	w.odoo.SetDown(false)
	w.odoo.Archive("demo")
	w.clock.Advance(time.Hour)
	if _, touches, err := w.sweep(); touches != 2 || err != nil {
		t.Errorf("%d touches, %v", touches, err)
	}
	all, err := w.store.Authorizations(t.Context(), grant.AuthorizationQuery{})
	if err != nil || len(all) != 2 {
		t.Fatalf("%d authorizations, %v", len(all), err)
	}
	for _, a := range all {
		if live := a.Connection.Live(); live != (a.Login == "admin") {
			t.Errorf("the connection of %s lives: %v", a.Login, live)
		}
	}
}

// counting counts what goes to Odoo.
type counting struct {
	http.RoundTripper
	n *int
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	*c.n++
	return c.RoundTripper.RoundTrip(r)
}

// A session that an application does not take any more is left to itself.
func TestSweepLeavesTheWrongKind(t *testing.T) {
	w := keeping(t)
	w.connect("wiki", "demo")
	for _, c := range []application.Connection{application.ConnectionAPIKey, application.ConnectionSession} {
		w.clock.Advance(24 * time.Hour)
		w.apps[0].Connection = c
		w.reload()
		want := 0
		if c == application.ConnectionSession {
			want = 1
		}
		if _, touches, err := w.sweep(); touches != want || err != nil {
			t.Errorf("%s: %d touches, %v", c, touches, err)
		}
	}
}

// A session whose last answer was lost is asked again how it goes on, whether
// sessions are kept or not: after two minutes Odoo 19 would tell nobody.
func TestSweepsSettleSessions(t *testing.T) {
	w := newWorld(t, 19)
	bearer, a := w.connect("wiki", "demo")
	read := func(want int) {
		t.Helper()
		if status, _, body := w.get(recordPath, bearer); status != want {
			t.Fatalf("status %d, want %d: %v", status, want, body)
		}
	}
	read(http.StatusOK)
	id := sessionOf(t, w, a)
	w.odoo.AgeSessions(4 * time.Hour)
	w.between = func(_ *http.Request, resp *http.Response) *http.Response {
		resp.Body.Close()
		resp.Body, resp.ContentLength = http.NoBody, 100
		resp.Header.Del("Set-Cookie")
		return resp
	}
	read(http.StatusServiceUnavailable)
	w.between = nil
	if next := w.odoo.SessionSuccessor(id); next == "" || sessionOf(t, w, a) != id {
		t.Fatalf("the rotation was not lost: %q", next)
	}
	if ways, touches, err := w.sweep(); ways != 1 || touches != 1 || err != nil {
		t.Errorf("%d ways, %d touches, %v", ways, touches, err)
	}
	if ways, _, err := w.sweep(); ways != 0 || err != nil {
		t.Errorf("again: %d ways, %v", ways, err)
	}
	w.odoo.AgeSessions(3 * time.Minute)
	read(http.StatusOK)

	// An archived application's sessions are left to themselves.
	w.odoo.SetDown(true)
	read(http.StatusServiceUnavailable)
	w.odoo.SetDown(false)
	w.apps[0].Active = false
	w.reload()
	if ways, _, err := w.sweep(); ways != 0 || err != nil {
		t.Errorf("archived: %d ways, %v", ways, err)
	}
}
