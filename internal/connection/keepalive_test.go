package connection

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

const day = 24 * time.Hour

// touches is how often Odoo was asked who somebody is.
func (w *world) touches() int { return len(w.odoo.RequestsTo("/web/session/get_session_info")) }

// sweep touches the session of an authorization where that is due.
func (w *world) sweep(a grant.Authorization) error {
	if a = w.current(a); !w.manager.Idle(a) {
		return nil
	}
	return w.manager.Touch(context.Background(), w.rt, a, agent)
}

func TestIdleSessionsAreKept(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			w.manager.keepalive = 30 * day
			a, _ := w.demo("wiki")
			second := w.connect("board", a.UID, w.mustOpen(a))
			for range 29 {
				w.clock.Advance(day)
				for _, each := range []grant.Authorization{a, second} {
					if err := w.sweep(each); err != nil {
						t.Fatal(err)
					}
				}
			}
			if n := w.touches(); n != 29 {
				t.Errorf("%d touches in 29 days of one session", n)
			}
			w.mustDo(w.current(a))
			w.mustDo(w.current(second))
			for range 8 { // nobody has used it in a browser for 30 days
				w.clock.Advance(day)
				if err := w.sweep(a); err != nil {
					t.Fatal(err)
				}
			}
			if n := w.touches(); n != 29 {
				t.Errorf("touched %d times after the last day", n-29)
			}
			wantKind(t, w.do(w.current(a)), odoo.SessionExpired)
		})
	}
}

func TestSessionsInUseAreKept(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			w.manager.keepalive = 30 * day
			a, _ := w.demo("wiki")
			for range 10 * 4 {
				w.clock.Advance(6 * time.Hour)
				w.mustDo(w.current(a))
			}
			least := 9
			if version == 19 {
				least = 1 // each rotation has extended it
			}
			if n := w.touches(); n < least || n > 11 { // the first one finds out how long sessions live
				t.Errorf("%d touches in ten days", n)
			}
		})
	}
}

// On 17 plain calls do not extend the life of a session: without touches it
// idles out under the hands of who uses it.
func TestNoKeepalive(t *testing.T) {
	w := newWorld(t, 17)
	a, _ := w.demo("wiki")
	for range 6 {
		w.clock.Advance(day)
		w.mustDo(w.current(a))
		if err := w.sweep(a); err != nil || w.touches() != 0 {
			t.Fatalf("touched %d times, %v", w.touches(), err)
		}
	}
	w.clock.Advance(day)
	wantKind(t, w.do(w.current(a)), odoo.SessionExpired)
}

// A quarter of what Odoo gives its cookie, where that is less than a day.
func TestTouchesFollowTheCookie(t *testing.T) {
	fake := clock.NewFake(time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC))
	server := odootest.Start(odootest.Options{Version: 18, Now: fake.Now, Database: "demo19", SessionLifetime: 4 * time.Hour})
	t.Cleanup(server.Close)
	w := worldAt(t, server.URL, fake)
	w.odoo = server
	w.manager.keepalive = 30 * day
	a, _ := w.demo("wiki")
	for range 48 {
		w.clock.Advance(30 * time.Minute)
		if err := w.sweep(a); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.touches(); n != 24 {
		t.Errorf("%d touches in a day", n)
	}
	w.mustDo(w.current(a))
}

func TestWhatEndsATouchedSession(t *testing.T) {
	for name, tt := range map[string]struct {
		before func(w *world)
		kind   odoo.Kind
		reason string // "" where it goes on
	}{
		"archived":      {func(w *world) { w.odoo.Archive("demo") }, odoo.SessionExpired, ReasonExpired},
		"expired":       {func(w *world) { w.odoo.ExpireSessions() }, odoo.SessionExpired, ReasonExpired},
		"down":          {func(w *world) { w.odoo.SetDown(true) }, odoo.Unavailable, ""},
		"broken":        {func(w *world) { w.odoo.FailWith(http.StatusBadGateway) }, odoo.Unavailable, ""},
		"identity lock": {func(w *world) { w.odoo.LockIdentity("demo") }, odoo.CheckIdentity, ""},
		"store fails": {func(w *world) {
			w.odoo.ExpireSessions()
			w.store.writing = grant.ErrUnavailable
		}, odoo.Unavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 19)
			w.manager.keepalive = 30 * day
			a, _ := w.demo("wiki")
			w.clock.Advance(2 * time.Hour)
			tt.before(w)
			wantKind(t, w.sweep(a), tt.kind)
			c := w.current(a).Connection
			if c.Live() != (tt.reason == "") || c.EndReason != tt.reason || tt.reason == "" && !c.TouchedAt.Equal(c.Since) {
				t.Errorf("connection %+v", c)
			}
			w.odoo.ForgetRequests()
			if err := w.sweep(a); err != nil || w.touches() != 0 {
				t.Errorf("tried again at once: %v", err)
			}
		})
	}
}

// A session that has become somebody else's is not kept for them.
func TestTouchFindsSomebodyElse(t *testing.T) {
	w := newWorld(t, 19)
	w.manager.keepalive = 30 * day
	a := w.connect("wiki", 12345, w.odoo.NewSession("demo"))
	w.clock.Advance(time.Hour)
	wantKind(t, w.sweep(a), odoo.SessionExpired)
	if c := w.current(a).Connection; c.EndReason != ReasonSomebodyElse {
		t.Errorf("connection %+v", c)
	}
}

// 19 may rotate the session as it is touched: that is followed, and the
// browser that holds the previous id is given the current one.
func TestTouchFollowsARotation(t *testing.T) {
	w := newWorld(t, 19)
	w.manager.keepalive = 30 * day
	a, id := w.demo("wiki")
	w.clock.Advance(4 * time.Hour)
	if err := w.sweep(a); err != nil {
		t.Fatal(err)
	}
	next := w.odoo.SessionSuccessor(id)
	w.holds(a, next)
	r, err := http.NewRequest("GET", w.odoo.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", "session_id="+id)
	if set := w.manager.Present(r); set == nil || set.Value != next {
		t.Errorf("the browser is given %v", set)
	}
}

func (w *world) mustOpen(a grant.Authorization) string {
	w.Helper()
	id, err := w.manager.open(a)
	if err != nil {
		w.Fatal(err)
	}
	return id
}
