package connection

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

var readPartner = odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{1}}

// whoAnswers answers every call as Odoo does for that user, and tells asked
// the method before it does.
func whoAnswers(uid int, asked func(method string)) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		asked(path.Base(r.URL.Path))
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: -1,
			Body: io.NopCloser(strings.NewReader(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":{"uid":%d}}`, uid))),
		}, nil
	}
}

// A call that comes while another one asks whose session it is must not run
// before the answer: the session may be the superuser's by now.
func TestCallsWaitForTheCheck(t *testing.T) {
	w := ownOdoo(t, func(http.ResponseWriter, *http.Request) {})
	a := w.connect("wiki", 2, id84)
	w.clock.Advance(checkInterval)
	w.store.reading = grant.ErrUnavailable // no store inside the bubble: the end stays unproven
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		var checks, reads atomic.Int32
		rt := whoAnswers(1, func(method string) {
			if method == "context_get" {
				checks.Add(1)
				<-gate
				return
			}
			reads.Add(1)
		})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := w.manager.Do(context.Background(), rt, a, agent, readPartner)
				wantKind(t, err, odoo.Unavailable)
			})
		}
		synctest.Wait()
		if n := checks.Load(); n != 1 {
			t.Errorf("%d checks for calls at the same time", n)
		}
		close(gate)
		wg.Wait()
		if n := reads.Load(); n != 0 {
			t.Errorf("%d calls ran as somebody else", n)
		}
	})
}

// Who asks for all may leave: the others get the answer all the same.
func TestCheckOutlivesItsCaller(t *testing.T) {
	w := ownOdoo(t, func(http.ResponseWriter, *http.Request) {})
	a := w.connect("wiki", 2, id84)
	w.clock.Advance(checkInterval)
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		answer := whoAnswers(2, func(method string) {
			if method == "context_get" {
				<-gate
			}
		})
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := answer(r)
			if r.Context().Err() != nil {
				return nil, r.Context().Err()
			}
			return resp, err
		})
		ctx, leave := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := w.manager.Do(ctx, rt, a, agent, readPartner)
			wantKind(t, err, odoo.Canceled)
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := w.manager.Do(context.Background(), rt, a, agent, readPartner); err != nil {
				t.Errorf("the one that stayed: %v", err)
			}
		})
		synctest.Wait()
		leave()
		close(gate)
		wg.Wait()
	})
}

// A doubt makes the next call check, also where the question whose session it
// is was under way when the doubt came.
func TestDoubt(t *testing.T) {
	w := ownOdoo(t, func(http.ResponseWriter, *http.Request) {})
	a := w.connect("wiki", 2, id84)
	var sent []string
	during := func() {}
	rt := whoAnswers(2, func(method string) {
		sent = append(sent, method)
		if method == "context_get" {
			during()
		}
	})
	do := func(want string) {
		t.Helper()
		sent = nil
		if _, err := w.manager.Do(context.Background(), rt, a, agent, readPartner); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(sent, " "); got != want {
			t.Errorf("sent %q, want %q", got, want)
		}
	}
	do("read")
	w.manager.Doubt(id84)
	during = func() { w.manager.Doubt(id84) }
	do("context_get read")
	during = func() {}
	do("context_get read")
	do("read")
	w.manager.Doubt(next84)
	do("read")
	// Odoo was asked before the doubt, and the connection made after it.
	w.manager.Doubt(id84)
	w.manager.Attach(id84, a)
	do("context_get read")
}
