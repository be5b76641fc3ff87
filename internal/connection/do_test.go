package connection

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

func TestDo(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			a, id := w.demo("wiki")
			w.mustDo(a)
			if err := w.manager.Check(context.Background(), w.rt, a, agent); err != nil {
				t.Errorf("Check: %v", err)
			}
			w.holds(a, id)
			for _, r := range w.odoo.Requests() {
				if r.Header.Get("User-Agent") != agent || r.Header.Get("X-Odoo-Skip-Session-Rotation-Interval") != "1" {
					t.Errorf("%s was sent with %v", r.Path, r.Header)
				}
			}
			if n := w.store.writes.Load(); n != 0 {
				t.Errorf("%d writes without a cause", n)
			}
		})
	}
}

func TestAttachSeals(t *testing.T) {
	w := newWorld(t, 19)
	a, id := w.demo("wiki")
	if strings.Contains(string(a.Connection.Sealed), id) {
		t.Error("the session id rests in the clear")
	}
	now := w.clock.Now()
	if c := a.Connection; c.Kind != grant.Session || !c.Since.Equal(now) || !c.BrowserAt.Equal(now) || !c.TouchedAt.Equal(now) {
		t.Errorf("connection %+v", c)
	}
	// A connection that was copied into another authorization is of no use there.
	for name, change := range map[string]func(*grant.Authorization){
		"application": func(a *grant.Authorization) { a.Application = "other" },
		"person":      func(a *grant.Authorization) { a.Subject = "other" },
		"URI":         func(a *grant.Authorization) { a.RedirectURI = "https://other.example" },
	} {
		stolen := a
		change(&stolen)
		wantKind(t, w.do(stolen), odoo.Server)
		if requests := w.odoo.Requests(); len(requests) != 0 {
			t.Errorf("%s: a call was sent", name)
		}
	}
}

// A rotation that a call of ours has caused is stored, and the id that has
// gone is replaced wherever it is still held.
func TestDoFollowsRotation(t *testing.T) {
	w := newWorld(t, 19)
	a, old := w.demo("wiki")
	b := w.connect("tables", a.UID, old)
	w.odoo.AgeSessions(4 * time.Hour)
	w.mustDo(a)
	next := w.odoo.SessionSuccessor(old)
	if next == "" {
		t.Fatal("nothing was rotated")
	}
	w.holds(a, next)
	w.holds(b, next)
	if n := w.store.writes.Load(); n != 2 {
		t.Errorf("%d writes for two connections", n)
	}
	w.clock.Advance(121 * time.Second)
	if w.odoo.SessionAlive(old) {
		t.Fatal("the old session is still alive")
	}
	w.mustDo(w.current(a))
	// A request that read the authorization before the rotation does not fail
	// either: the store knows a newer id.
	w.mustDo(a)
	w.holds(a, next)
}

func TestDoDoesNotRotate20(t *testing.T) {
	w := newWorld(t, 20)
	a, id := w.demo("wiki")
	w.odoo.AgeSessions(4 * time.Hour)
	w.mustDo(a)
	if next := w.odoo.SessionSuccessor(id); next != "" {
		t.Error("the gateway's call has rotated the session")
	}
	w.holds(a, id)
}

func TestConcurrentDoDuringRotation(t *testing.T) {
	w := newWorld(t, 19)
	a, old := w.demo("wiki")
	w.odoo.AgeSessions(4 * time.Hour)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := w.do(a); err != nil {
				t.Errorf("Do: %v", err)
			}
		})
	}
	wg.Wait()
	w.holds(a, w.odoo.SessionSuccessor(old))
	if n := w.store.writes.Load(); n != 1 {
		t.Errorf("%d writes for one rotation", n)
	}
}

// The new id is told once: a caller that goes away at this moment must not
// take it along.
func TestRotationOutlivesItsCaller(t *testing.T) {
	w := newWorld(t, 19)
	a, old := w.demo("wiki")
	w.odoo.AgeSessions(4 * time.Hour)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := w.rt.RoundTrip(r.WithContext(context.Background()))
		cancel()
		return resp, err
	})
	_, _ = w.manager.Do(ctx, rt, a, agent, contextGet)
	w.holds(a, w.odoo.SessionSuccessor(old))
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const (
	id84   = "TWYk9HxN2C0nDOSyH6Dd33fZUHFkle0cVwqrXgnf79kDzBaLDGucgpIlXRe9TPRwvYhxYWQ_vdevs5hm625V"
	prefix = "TWYk9HxN2C0nDOSyH6Dd33fZUHFkle0cVwqrXgnf79" // 42 characters
	next84 = prefix + "nextnextnextnextnextnextnextnextnextnextne"
)

func TestOnlySoftRotationsAreFollowed(t *testing.T) {
	hex40 := strings.Repeat("0123456789", 4)
	tests := []struct {
		name, id, set string
		follow        bool
	}{
		{"soft", id84, "session_id=" + next84 + "; Max-Age=604800; HttpOnly; Path=/", true},
		{"soft, longer ids", id84 + "ab", "session_id=" + next84 + "cd; Path=/", true},
		{"the same", id84, "session_id=" + id84 + "; Path=/", false},
		{"41 characters stay", id84, "session_id=" + prefix[:41] + "X" + next84[42:] + "; Path=/", false},
		{"another login", id84, "session_id=" + strings.Repeat("z", 84) + "; Path=/", false},
		{"new one is short", id84, "session_id=" + next84[:83] + "; Path=/", false},
		{"old one is short", hex40, "session_id=" + hex40 + next84[:44] + "; Path=/", false},
		{"ids that do not rotate", hex40, "session_id=" + hex40[:39] + "f; Path=/", false},
		{"malformed", id84, "session_id=" + next84[:83] + ".; Path=/", false},
		{"cleared", id84, "session_id=; Max-Age=0; Path=/", false},
		{"soft, but cleared", id84, "session_id=" + next84 + "; Max-Age=0; Path=/", false},
		{"another cookie", id84, "session_idx=" + next84 + "; Path=/", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := ownOdoo(t, func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Set-Cookie", tt.set)
				rw.Header().Set("Content-Type", "application/json")
				fmt.Fprint(rw, `{"jsonrpc":"2.0","id":1,"result":{"uid":5}}`)
			})
			a := w.connect("wiki", 5, tt.id)
			w.mustDo(a)
			want := tt.id
			if tt.follow {
				want = strings.TrimPrefix(strings.Split(tt.set, ";")[0], "session_id=")
			}
			w.holds(a, want)
			// The same answer to a browser is judged alike.
			b := w.connect("other", 5, tt.id)
			w.manager.Observe(context.Background(), tt.id, http.Header{"Set-Cookie": {tt.set}})
			w.holds(b, want)
		})
	}
}

// The store may have been changed between reading and writing.
func TestFollowStale(t *testing.T) {
	w := newWorld(t, 19)
	a, old := w.demo("wiki")
	fresh := w.odoo.NewSession("demo")
	w.odoo.AgeSessions(4 * time.Hour)
	w.store.before = func() {
		a.Connection = w.manager.Attach(fresh, a)
		if _, err := w.store.Consent(context.Background(), a); err != nil {
			t.Fatal(err)
		}
	}
	before := a
	w.mustDo(before)
	if w.odoo.SessionSuccessor(old) == "" {
		t.Fatal("nothing was rotated")
	}
	w.holds(a, fresh) // what the person has connected meanwhile stays
}

func TestFollowWithoutStore(t *testing.T) {
	w := newWorld(t, 19)
	a, old := w.demo("wiki")
	w.odoo.AgeSessions(4 * time.Hour)
	w.store.writing = grant.ErrUnavailable
	w.mustDo(a)
	w.store.writing = nil
	w.holds(a, old)
	w.mustDo(a) // Odoo tells the new id once more
	w.holds(a, w.odoo.SessionSuccessor(old))
}
