package connection

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func browserRequest(cookies ...string) *http.Request {
	r, _ := http.NewRequest("GET", "https://erp.example.com/odoo", nil)
	for _, c := range cookies {
		r.Header.Add("Cookie", c)
	}
	return r
}

func TestSessionID(t *testing.T) {
	for _, tt := range []struct {
		cookies []string
		want    string
	}{
		{nil, ""},
		{[]string{"session_id=" + id84}, id84},
		{[]string{"a=1; session_id=" + id84 + " ; b=2"}, id84},
		{[]string{"a=1", "session_id=" + id84}, id84},
		{[]string{"session_id=" + id84 + "; session_id=" + next84}, id84}, // as Odoo does
		{[]string{"session_id=short; session_id=" + id84}, ""},
		{[]string{"session_id=\"" + id84 + "\""}, ""},
		{[]string{"xsession_id=" + id84 + "; session_id"}, ""},
	} {
		if got := SessionID(browserRequest(tt.cookies...)); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.cookies, got, tt.want)
		}
	}
}

// The gateway's call has rotated a session; the browser that slept meanwhile
// does not notice, however late it comes.
func TestPresentAfterOwnRotation(t *testing.T) {
	w := newWorld(t, 19)
	a, old := w.demo("wiki")
	w.odoo.AgeSessions(4 * time.Hour)
	w.mustDo(a)
	next := w.odoo.SessionSuccessor(old)

	w.clock.Advance(10 * time.Hour)
	r := browserRequest("frontend_lang=en_US; session_id="+old+"; cids=1", "tz=UTC")
	set := w.manager.Present(r)
	if set == nil || set.Name != "session_id" || set.Value != next || set.MaxAge != 604800 || !set.HttpOnly || set.Path != "/" {
		t.Fatalf("cookie %v", set)
	}
	want := []string{"frontend_lang=en_US; session_id=" + next + "; cids=1", "tz=UTC"}
	if got := r.Header["Cookie"]; !reflect.DeepEqual(got, want) {
		t.Errorf("Cookie %q, want %q", got, want)
	}
	if !w.odoo.SessionAlive(next) {
		t.Error("the browser was given a dead session")
	}
	w.clock.Advance(119 * time.Second)
	if w.manager.Present(browserRequest("session_id="+old)) == nil {
		t.Error("a request that was under way is refused")
	}
	w.clock.Advance(time.Second)
	if w.manager.Present(browserRequest("session_id="+old)) != nil {
		t.Error("the previous id is still accepted two minutes after the browser was given the new one")
	}
}

func TestPresentLeavesOthersAlone(t *testing.T) {
	w := newWorld(t, 19)
	a, old := w.demo("wiki")
	w.odoo.AgeSessions(4 * time.Hour)
	w.mustDo(a)
	for name, id := range map[string]string{
		"current":              w.odoo.SessionSuccessor(old),
		"same first 42":        old[:42] + next84[42:],
		"same first 83":        old[:83] + string("AB"[strings.Index("A", old[83:])+1]),
		"longer":               old + "a",
		"the first 42 only":    old[:42],
		"nobody's":             id84,
		"empty":                "",
		"hash instead of id":   grant.HashToken(old),
		"previous in brackets": "\"" + old + "\"",
	} {
		r := browserRequest("session_id=" + id)
		if set := w.manager.Present(r); set != nil || r.Header.Get("Cookie") != "session_id="+id {
			t.Errorf("%s: was given %v", name, set)
		}
	}
	if set := w.manager.Present(browserRequest()); set != nil {
		t.Errorf("without a cookie: %v", set)
	}
	if set := w.manager.Present(browserRequest("session_id=" + id84 + "; session_id=" + old)); set != nil {
		t.Errorf("Odoo would have taken the first cookie: %v", set)
	}
}

func soften(id string) http.Header {
	return http.Header{"Set-Cookie": {"session_id=" + id + "; Max-Age=604800; HttpOnly; Path=/"}}
}

// The browser itself has moved on: its old id is worth nothing, whoever of the
// two was told first.
func TestPresentNeverRevivesWhatTheBrowserLeft(t *testing.T) {
	for _, first := range []string{"browser", "gateway"} {
		w := newWorld(t, 19)
		a, old := w.demo("wiki")
		w.odoo.AgeSessions(4 * time.Hour)
		if first == "gateway" {
			w.mustDo(a)
		}
		w.mustDo(w.connect("probe", a.UID, old)) // rotates where it is first
		next := w.odoo.SessionSuccessor(old)
		w.manager.Observe(context.Background(), old, soften(next))
		w.mustDo(a) // still with the old id, and told the new one
		w.holds(a, next)
		if set := w.manager.Present(browserRequest("session_id=" + old)); set != nil {
			t.Errorf("%s first: %v", first, set)
		}
	}
}

func TestObserveFollowsTheBrowser(t *testing.T) {
	w := newWorld(t, 19)
	ctx := context.Background()
	a, old := w.demo("wiki")
	b := w.connect("tables", a.UID, old)
	other, otherID := w.demo("wiki2")
	next := old[:42] + next84[42:]
	w.manager.Observe(ctx, old, http.Header{"Set-Cookie": {"cids=1; Path=/", soften(old).Get("Set-Cookie"), soften(next).Get("Set-Cookie")}})
	w.holds(a, next)
	w.holds(b, next)
	w.holds(other, otherID)
	if n := w.store.writes.Load(); n != 2 {
		t.Errorf("%d writes", n)
	}
	if set := w.manager.Present(browserRequest("session_id=" + old)); set != nil {
		t.Errorf("the id that the browser left is revived: %v", set)
	}
}

// A logout in the browser ends what leads to its session. Whether the
// connection has ended, its next call tells.
func TestObserveLogout(t *testing.T) {
	for name, header := range map[string]http.Header{
		"new id":  soften(id84),
		"cleared": {"Set-Cookie": {"session_id=; Max-Age=0; Path=/"}},
	} {
		w := newWorld(t, 19)
		a, old := w.demo("wiki")
		w.odoo.AgeSessions(4 * time.Hour)
		w.mustDo(a)
		next := w.odoo.SessionSuccessor(old)
		r := browserRequest("session_id=" + old)
		set := w.manager.Present(r)
		w.manager.Observe(context.Background(), set.Value, header)
		if set := w.manager.Present(browserRequest("session_id=" + old)); set != nil {
			t.Errorf("%s: after logout %v", name, set)
		}
		w.holds(a, next)
	}
}

func TestObserveMalformed(t *testing.T) {
	w := newWorld(t, 19)
	a, id := w.demo("wiki")
	for _, presented := range []string{"", "x", id[:42]} {
		w.manager.Observe(context.Background(), presented, soften(id[:42]+next84[42:]))
	}
	w.holds(a, id)
}

func TestBrowserSeen(t *testing.T) {
	w := newWorld(t, 19)
	ctx := context.Background()
	a, id := w.demo("wiki")
	start := w.clock.Now()
	seen := func() time.Time { return w.current(a).Connection.BrowserAt }
	w.manager.Observe(ctx, id, http.Header{})
	if n := w.store.writes.Load(); n != 0 {
		t.Errorf("%d writes right after the person has connected", n)
	}
	w.clock.Advance(61 * time.Minute)
	for range 5 {
		w.manager.Observe(ctx, id, http.Header{})
		w.manager.Observe(ctx, id, soften(id))
	}
	if !seen().Equal(start.Add(61*time.Minute)) || w.store.writes.Load() != 1 {
		t.Errorf("seen %v after %d writes", seen(), w.store.writes.Load())
	}
	w.clock.Advance(59 * time.Minute)
	w.manager.BrowserSeen(ctx, id)
	w.clock.Advance(2 * time.Minute)
	w.manager.BrowserSeen(ctx, id)
	if !seen().Equal(start.Add(122*time.Minute)) || w.store.writes.Load() != 2 {
		t.Errorf("seen %v after %d writes", seen(), w.store.writes.Load())
	}
	if n := w.store.lookups.Load(); n != 3 {
		t.Errorf("%d lookups, want one for each hour", n)
	}
	w.holds(a, id)
}
