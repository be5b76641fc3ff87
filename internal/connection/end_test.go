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

func TestProvenEnd(t *testing.T) {
	logout := func(w *world, id string) {
		req, err := http.NewRequest("GET", w.odoo.URL+"/web/session/logout", nil)
		if err != nil {
			w.Fatal(err)
		}
		req.Header.Set("Cookie", "session_id="+id)
		resp, err := w.rt.RoundTrip(req)
		if err != nil {
			w.Fatal(err)
		}
		resp.Body.Close()
	}
	tests := map[string]func(w *world, id string){
		"idle":             func(w *world, _ string) { w.odoo.ExpireSessions() },
		"password changed": func(w *world, _ string) { w.odoo.ChangePassword("demo", "other") },
		"archived":         func(w *world, _ string) { w.odoo.Archive("demo") },
		"logged out":       logout,
		"needs a login":    func(w *world, _ string) { w.odoo.LockTimeout("demo") },
	}
	for name, end := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 19)
			a, id := w.demo("wiki")
			end(w, id)
			wantKind(t, w.do(a), odoo.SessionExpired)
			c := w.current(a).Connection
			if c.Live() || !c.EndedAt.Equal(w.clock.Now()) || c.EndReason != ReasonExpired || c.Sealed != nil || c.Hash != "" {
				t.Errorf("connection %+v", c)
			}
			if !w.current(a).Live() {
				t.Error("the authorization has ended along with its connection")
			}
			w.odoo.ForgetRequests()
			wantKind(t, w.do(w.current(a)), odoo.SessionExpired)
			wantKind(t, w.manager.Check(context.Background(), w.rt, w.current(a), agent), odoo.SessionExpired)
			if len(w.odoo.Requests()) != 0 {
				t.Error("an ended connection was used")
			}
		})
	}
}

func TestNoEnd(t *testing.T) {
	tests := map[string]struct {
		trouble func(w *world)
		want    odoo.Kind
	}{
		"down":          {func(w *world) { w.odoo.SetDown(true) }, odoo.Unavailable},
		"overloaded":    {func(w *world) { w.odoo.FailWith(503) }, odoo.Unavailable},
		"bad gateway":   {func(w *world) { w.odoo.FailWith(502) }, odoo.Unavailable},
		"cut short":     {func(w *world) { w.odoo.CutNextAnswer() }, odoo.Unavailable},
		"identity lock": {func(w *world) { w.odoo.LockIdentity("demo") }, odoo.CheckIdentity},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 19)
			a, id := w.demo("wiki")
			tt.trouble(w)
			wantKind(t, w.do(a), tt.want)
			if name != "cut short" {
				wantKind(t, w.manager.Check(context.Background(), w.rt, a, agent), tt.want)
			}
			w.holds(a, id)
			w.odoo.SetDown(false)
			w.odoo.FailWith(0)
			w.odoo.Unlock("demo")
			w.mustDo(a)
		})
	}
}

func answering(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}
}

func odooError(code int, name string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":null,"error":{"code":%d,"message":"x","data":{"name":%q,"message":"x"}}}`, code, name)
}

func TestErrorsThatEndNothing(t *testing.T) {
	for name, want := range map[string]odoo.Kind{
		"odoo.exceptions.AccessDenied":             odoo.AccessDenied, // a wrong password in a method's arguments
		"odoo.exceptions.AccessError":              odoo.AccessError,
		"odoo.exceptions.UserError":                odoo.User,
		"odoo.http.SessionExpiredException":        odoo.Server, // without its code
		"odoo.http.session.CheckIdentityException": odoo.CheckIdentity,
		"builtins.KeyError":                        odoo.BadRequest,
	} {
		w := ownOdoo(t, answering(odooError(0, name)))
		a := w.connect("wiki", 5, id84)
		wantKind(t, w.do(a), want)
		wantKind(t, w.manager.Check(context.Background(), w.rt, a, agent), want)
		w.holds(a, id84)
	}
}

const expired = "odoo.http.SessionExpiredException"

// Where the store can not tell which session is current, nothing is proven.
func TestEndNeedsTheStore(t *testing.T) {
	w := ownOdoo(t, answering(odooError(100, expired)))
	a := w.connect("wiki", 5, id84)
	w.store.reading = errors.New("disk")
	wantKind(t, w.do(a), odoo.Unavailable)
	w.store.reading = nil
	w.store.writing = grant.ErrUnavailable
	wantKind(t, w.do(a), odoo.Unavailable)
	w.store.writing = nil
	w.holds(a, id84)
}

// aliveOnly answers calls of one session id and refuses every other.
func aliveOnly(id string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("session_id"); err == nil && c.Value == id {
			answering(`{"jsonrpc":"2.0","id":1,"result":{"uid":5}}`)(w, r)
			return
		}
		answering(odooError(100, expired))(w, r)
	}
}

func TestEndedMeanwhile(t *testing.T) {
	ctx := context.Background()
	tests := map[string]struct {
		meanwhile func(w *world, a grant.Authorization)
		// early runs it before the call, else it runs just before the end is written.
		early bool
		works bool
	}{
		"moved before": {func(w *world, a grant.Authorization) { w.manager.follow(ctx, id84, next84) }, true, true},
		"moved late":   {func(w *world, a grant.Authorization) { w.manager.follow(ctx, id84, next84) }, false, true},
		"revoked before": {func(w *world, a grant.Authorization) {
			if err := w.store.RevokeAuthorization(ctx, a.ID, w.clock.Now()); err != nil {
				w.Fatal(err)
			}
		}, true, false},
		"revoked late": {func(w *world, a grant.Authorization) {
			if err := w.store.RevokeAuthorization(ctx, a.ID, w.clock.Now()); err != nil {
				w.Fatal(err)
			}
		}, false, false},
		"connected again": {func(w *world, a grant.Authorization) {
			a.Connection = w.manager.Attach(next84, a)
			if _, err := w.store.Consent(ctx, a); err != nil {
				w.Fatal(err)
			}
		}, false, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := ownOdoo(t, aliveOnly(next84))
			a := w.connect("wiki", 5, id84)
			if tt.early {
				tt.meanwhile(w, a)
			} else {
				w.store.before = func() { tt.meanwhile(w, a) }
			}
			if !tt.works {
				wantKind(t, w.do(a), odoo.SessionExpired)
				return
			}
			w.mustDo(a)
			w.holds(a, next84)
		})
	}
}

// Every id the store comes up with is dead: the call ends nevertheless.
func TestDoEnds(t *testing.T) {
	calls := 0
	var w *world
	w = ownOdoo(t, func(rw http.ResponseWriter, r *http.Request) {
		calls++
		c, err := r.Cookie("session_id")
		if err != nil {
			t.Error(err)
			return
		}
		w.manager.follow(context.Background(), c.Value, fmt.Sprintf("%s%042d", prefix, calls))
		answering(odooError(100, expired))(rw, r)
	})
	a := w.connect("wiki", 5, id84)
	wantKind(t, w.do(a), odoo.Unavailable)
	if calls != maxMoves || !w.current(a).Connection.Live() {
		t.Errorf("%d calls, live %v", calls, w.current(a).Connection.Live())
	}
}

func TestCheckSomebodyElse(t *testing.T) {
	user := func(uid string) string {
		return `{"jsonrpc":"2.0","id":1,"result":{"lang":"en_US","tz":false,"uid":` + uid + `}}`
	}
	ctx := context.Background()
	w := ownOdoo(t, answering(user("1"))) // an administrator who became the superuser
	a := w.connect("wiki", 2, id84)
	wantKind(t, w.manager.Check(ctx, w.rt, a, agent), odoo.SessionExpired)
	if c := w.current(a).Connection; c.Live() || c.EndReason != ReasonSomebodyElse {
		t.Errorf("connection %+v", c)
	}
	for _, uid := range []string{`"2"`, `false`, `null`, `2.5`} {
		w := ownOdoo(t, answering(user(uid)))
		a := w.connect("wiki", 2, id84)
		wantKind(t, w.manager.Check(ctx, w.rt, a, agent), odoo.Server)
		w.holds(a, id84)
	}
	// The answer was about a session that the person has replaced meanwhile.
	first := true
	w = ownOdoo(t, func(rw http.ResponseWriter, r *http.Request) {
		if first {
			first = false
			answering(user("1"))(rw, r)
			return
		}
		answering(user("2"))(rw, r)
	})
	a = w.connect("wiki", 2, id84)
	w.store.before = func() { w.manager.follow(ctx, id84, next84) }
	if err := w.manager.Check(ctx, w.rt, a, agent); err != nil {
		t.Errorf("Check: %v", err)
	}
	w.holds(a, next84)
}

// Everything that Do sends is counted, so that the check is seen to come
// first and no more often than it has to.
func TestDoChecksThePerson(t *testing.T) {
	read := odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{1}}
	uid, down := 2, false
	var sent []string
	w := ownOdoo(t, func(rw http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
		if down {
			rw.WriteHeader(503)
			return
		}
		answering(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":{"uid":%d}}`, uid))(rw, r)
	})
	a := w.connect("wiki", 2, id84)
	do := func(want string) error {
		t.Helper()
		sent = nil
		_, err := w.manager.Do(context.Background(), w.rt, a, agent, read)
		if got := strings.Join(sent, " "); got != want {
			t.Errorf("sent %q, want %q", got, want)
		}
		return err
	}
	steps := func(want ...string) {
		t.Helper()
		for _, s := range want {
			if err := do(s); err != nil {
				t.Errorf("Do: %v", err)
			}
		}
	}
	steps("read") // the person has just connected
	w.clock.Advance(checkInterval - time.Second)
	steps("read")
	w.clock.Advance(time.Second)
	steps("context_get read", "read")
	w.clock.Advance(checkInterval)
	down = true
	wantKind(t, do("context_get"), odoo.Unavailable)
	down = false
	steps("context_get read", "read") // it was not forgotten
	w.clock.Advance(checkInterval)
	uid = 1
	wantKind(t, do("context_get"), odoo.SessionExpired)
	if c := w.current(a).Connection; c.Live() || c.EndReason != ReasonSomebodyElse {
		t.Errorf("connection %+v", c)
	}
}
