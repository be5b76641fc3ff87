package connection

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// losing has Odoo do what it is asked, and loses the answers: all of them, or
// their bodies alone. Its client may leave meanwhile.
type losing struct {
	http.RoundTripper
	body bool
	gone context.CancelFunc
}

func (l losing) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := l.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body.Close()
	if l.gone != nil {
		l.gone()
		return nil, context.Canceled
	}
	if l.body {
		return nil, &rpc.Interrupted{Header: res.Header, Err: io.ErrUnexpectedEOF}
	}
	return nil, io.ErrUnexpectedEOF
}

// settle is what a sweep does about sessions whose answers were lost, and
// returns how many there were.
func (w *world) settle() int {
	w.Helper()
	all, err := w.manager.Unsettled(context.Background())
	if err != nil {
		w.Fatal(err)
	}
	for _, a := range all {
		if err := w.manager.Settle(context.Background(), w.rt, a, agent); err != nil {
			w.Logf("settling: %v", err)
		}
	}
	return len(all)
}

// An answer that is lost may be the one that has said under which id the session
// goes on, and after two minutes Odoo says so no more: it is asked again before.
func TestLostAnswersLoseNoSession(t *testing.T) {
	for _, how := range []string{"lost", "cut short", "nobody waits"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, 19)
			a, id := w.demo("wiki")
			w.connect("other", a.UID, id) // holds the same
			w.mustDo(a)                   // who it is has been asked
			w.clock.Advance(4*time.Hour - time.Minute)
			w.manager.table.know(w.manager.hash(a), a.UID, 0)
			w.manager.table.judge(w.manager.hash(a), w.manager.group(a), true)
			w.clock.Advance(time.Minute)

			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			rt := losing{RoundTripper: w.rt, body: how == "cut short"}
			if how == "nobody waits" {
				rt.gone = cancel
			}
			if _, err := w.manager.Do(ctx, rt, w.current(a), agent, contextGet); err == nil {
				t.Fatal("the answer was not lost")
			}
			next := w.odoo.SessionSuccessor(id)
			if next == "" {
				t.Fatal("Odoo has not rotated")
			}
			if want, got := map[bool]int{true: 0, false: 1}[how == "cut short"], w.settle(); got != want {
				t.Errorf("%d sessions were unsettled, want %d", got, want)
			}
			w.holds(a, next)
			if n := w.settle(); n != 0 {
				t.Errorf("%d sessions are unsettled afterwards", n)
			}
			w.clock.Advance(3 * time.Minute)
			w.mustDo(w.current(a))
		})
	}
}

// As long as Odoo is away it is asked again, but not for longer than it would
// tell; and versions that rotate nothing are not asked.
func TestUnsettledSessions(t *testing.T) {
	w := newWorld(t, 19)
	a, _ := w.demo("wiki")
	w.mustDo(a)
	w.odoo.SetDown(true)
	wantKind(t, w.do(a), odoo.Unavailable)
	if n := w.settle(); n != 1 {
		t.Errorf("%d sessions are unsettled", n)
	}
	w.clock.Advance(time.Minute)
	if n := w.settle(); n != 1 {
		t.Errorf("after a minute %d sessions are unsettled", n)
	}
	w.clock.Advance(time.Minute)
	if n := w.settle(); n != 0 {
		t.Errorf("after two minutes %d sessions are unsettled", n)
	}
	w.odoo.SetDown(false)
	w.mustDo(a)
	w.store.reading = errors.New("no store")
	w.manager.table.unsettle(w.manager.hash(a))
	if _, err := w.manager.Unsettled(context.Background()); err == nil {
		t.Error("a store that fails is not told of")
	}

	old := newWorld(t, 17)
	b, _ := old.demo("wiki")
	old.mustDo(b)
	old.odoo.SetDown(true)
	wantKind(t, old.do(b), odoo.Unavailable)
	if n := old.settle(); n != 0 {
		t.Errorf("%d sessions of an Odoo that rotates none are unsettled", n)
	}
}
