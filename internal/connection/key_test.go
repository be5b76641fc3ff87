package connection

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// connectKey stores an authorization with a key, which has to work already.
func (w *world) connectKey(uid int64, key string, ends time.Time, id int64) grant.Authorization {
	w.Helper()
	a := grant.Authorization{Application: "wiki", Subject: fmt.Sprint("subject-key-", uid), Database: "demo19", UID: uid, CreatedAt: w.clock.Now()}
	a.Connection = w.manager.AttachKey(key, a, ends, id)
	a, err := w.store.Consent(context.Background(), a)
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// demoKey connects the login demo by a key that lives thirty days.
func (w *world) demoKey() (grant.Authorization, string) {
	w.Helper()
	ends := w.clock.Now().Add(30 * 24 * time.Hour)
	key := w.odoo.NewAPIKey("demo", "Team wiki", ends)
	return w.connectKey(w.odoo.UID("demo"), key, ends, 1), key
}

// ended checks that a connection has ended, and why.
func (w *world) ended(a grant.Authorization, reason string) {
	w.Helper()
	now := w.current(a)
	if c := now.Connection; !now.Live() || c.Live() || c.EndReason != reason || c.Sealed != nil || c.Hash != "" || !c.EndedAt.Equal(w.clock.Now()) {
		w.Errorf("connection %+v, want it ended by %s", c, reason)
	}
}

func TestKey(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			a, key := w.demoKey()
			if strings.Contains(fmt.Sprintf("%s %+v", a.Connection.Sealed, a.Connection), key) || a.Connection.Hash == grant.HashToken(key) {
				t.Error("the key rests in the clear, or under the hash of a session")
			}
			w.mustDo(a)
			w.clock.Advance(checkInterval)
			w.mustDo(a)
			for _, r := range w.odoo.Requests() {
				if r.Header.Get("Cookie") != "" || r.Header.Get("User-Agent") != agent || strings.Contains(r.Path, "call_kw") {
					t.Errorf("%s was sent with %v", r.Path, r.Header)
				}
			}
			if err := w.manager.Check(t.Context(), w.rt, a, agent); err != nil {
				t.Errorf("Check: %v", err)
			}
			if n := w.store.writes.Load(); n != 0 {
				t.Errorf("%d writes without a cause", n)
			}
			w.odoo.ExpireSessions() // a logout is nothing to a key
			w.mustDo(a)

			// An archived user is noticed by the next call, as proven.
			w.odoo.Archive("demo")
			wantKind(t, w.do(a), odoo.SessionExpired)
			w.ended(a, ReasonKeyRefused)
		})
	}
}

func TestKeyEnds(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			a, _ := w.demoKey()
			w.mustDo(a)
			w.clock.Advance(30*24*time.Hour - time.Second)
			w.mustDo(a)
			// Odoo would still take it over /jsonrpc; and 16 and 17 know no end.
			w.clock.Advance(time.Second)
			w.odoo.ForgetRequests()
			wantKind(t, w.do(a), odoo.SessionExpired)
			w.ended(a, ReasonKeyExpired)
			if n := len(w.odoo.Requests()); n != 0 {
				t.Errorf("%d requests with a key that has ended", n)
			}
		})
	}
}

// A person who removes the key in Odoo has ended the connection, although Odoo
// goes on taking the key on /jsonrpc.
func TestKeyRemovedInOdoo(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			a, _ := w.demoKey()
			w.mustDo(a)
			w.odoo.RemoveAPIKeys("demo")
			wantKind(t, w.manager.Check(t.Context(), w.rt, a, agent), odoo.SessionExpired)
			w.ended(a, ReasonKeyRefused)
		})
	}
}

func TestKeyNoEnd(t *testing.T) {
	for _, version := range []int{18, 19} {
		for name, trouble := range map[string]func(w *world){
			"down":       func(w *world) { w.odoo.SetDown(true) },
			"overloaded": func(w *world) { w.odoo.FailWith(503) },
			"401":        func(w *world) { w.odoo.FailWith(401) }, // a proxy's
			"cut short":  func(w *world) { w.odoo.CutNextAnswer() },
		} {
			w := newWorld(t, version)
			a, _ := w.demoKey()
			w.mustDo(a)
			trouble(w)
			if err := w.do(a); !is(err, odoo.Unavailable) {
				t.Errorf("%d, %s: %v", version, name, err)
			}
			w.odoo.SetDown(false)
			w.odoo.FailWith(0)
			w.mustDo(w.current(a))
		}
	}
}

// keyOdoo is an Odoo 19 that answers /json/2 with handle, by method.
func keyOdoo(t *testing.T, handle func(method string) (status int, body string)) *world {
	return ownOdoo(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/web/webclient/version_info" {
			fmt.Fprint(rw, `{"jsonrpc":"2.0","id":1,"result":{"server_version_info":[19,0]}}`)
			return
		}
		status, body := handle(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
		rw.WriteHeader(status)
		fmt.Fprint(rw, body)
	})
}

const denied = `{"name":"odoo.exceptions.AccessDenied","message":"Access Denied"}`

// A method says "access denied" of its own arguments too.
func TestKeyIsRefusedByProofAlone(t *testing.T) {
	change := odoo.Call{Model: "res.users", Method: "change_password"}
	for name, tt := range map[string]struct {
		status int
		body   string
		want   odoo.Kind
		ends   bool
	}{
		"the key works":     {200, `{"uid":5}`, odoo.AccessDenied, false},
		"the key does not":  {403, denied, odoo.SessionExpired, true},
		"nobody can tell":   {503, `{}`, odoo.Unavailable, false},
		"another complaint": {403, `{"name":"odoo.exceptions.AccessError","message":"x"}`, odoo.AccessError, false},
	} {
		w := keyOdoo(t, func(method string) (int, string) {
			if method == "change_password" {
				return 403, denied
			}
			return tt.status, tt.body
		})
		a := w.connectKey(5, "k", time.Time{}, 0)
		_, err := w.manager.Do(t.Context(), w.rt, a, agent, change)
		if !is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if live := w.current(a).Connection.Live(); live == tt.ends {
			t.Errorf("%s: live %v", name, live)
		}
	}
}

// A connection that was made anew meanwhile goes on with the new key.
func TestKeyReplacedMeanwhile(t *testing.T) {
	w := newWorld(t, 19)
	a, _ := w.demoKey()
	w.odoo.RemoveAPIKeys("demo")
	fresh := w.odoo.NewAPIKey("demo", "again", time.Time{})
	w.store.before = func() {
		next := a
		next.Connection = w.manager.AttachKey(fresh, a, time.Time{}, 2)
		if _, err := w.store.Consent(context.Background(), next); err != nil {
			t.Fatal(err)
		}
	}
	w.mustDo(a)
	if c := w.current(a).Connection; !c.Live() || c.KeyID != 2 {
		t.Errorf("connection %+v", c)
	}
}

func TestKeyOfSomebodyElse(t *testing.T) {
	uid := 5
	w := keyOdoo(t, func(string) (int, string) { return 200, fmt.Sprintf(`{"uid":%d}`, uid) })
	a := w.connectKey(5, "k", time.Time{}, 0)
	w.mustDo(a)
	uid = 2
	w.clock.Advance(checkInterval)
	wantKind(t, w.do(a), odoo.SessionExpired)
	w.ended(a, ReasonSomebodyElse)
}

func TestKeyEndNeedsTheStore(t *testing.T) {
	w := keyOdoo(t, func(string) (int, string) { return 403, denied })
	a := w.connectKey(5, "k", time.Time{}, 0)
	w.store.reading = errors.New("disk")
	wantKind(t, w.do(a), odoo.Unavailable)
	w.store.reading = nil
	if !w.current(a).Connection.Live() {
		t.Error("the connection has ended without a store")
	}
}

// A key that turns out to be somebody else's, because the session changed hands
// between the two pages that led to it, does nothing: from 19 on Odoo looks at
// the key alone, and would act as whoever owns it.
func TestNewKeyOfSomebodyElse(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			key := w.odoo.NewAPIKey("admin", "Team wiki", time.Time{})
			a := w.connectKey(w.odoo.UID("demo"), key, time.Time{}, 1)
			w.odoo.ForgetRequests()
			read := odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{1}, Kwargs: map[string]any{"fields": []any{"name"}}}
			_, err := w.manager.Do(t.Context(), w.rt, a, agent, read)
			wantKind(t, err, odoo.SessionExpired)
			for _, r := range w.odoo.Requests() {
				if version > 18 && (strings.Contains(r.Path, "res.partner") || strings.Contains(string(r.Body), "res.partner")) {
					t.Errorf("the call was made: %s %s", r.Path, r.Body)
				}
			}
			if c := w.current(a).Connection; c.Live() || c.Sealed != nil {
				t.Errorf("connection %+v", c)
			}
		})
	}
}
