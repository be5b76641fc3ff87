package caddymodule

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// hanging starts an upstream that says when it was called, and when its
// client has gone, and answers nothing on /hang.
func hanging(t *testing.T) (addr string, called, gone chan struct{}) {
	t.Helper()
	called, gone = make(chan struct{}, 8), make(chan struct{}, 8)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hang" {
			return
		}
		called <- struct{}{}
		<-r.Context().Done()
		gone <- struct{}{}
	}))
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String(), called, gone
}

func TestCancelledCallEndsAtOdooToo(t *testing.T) {
	addr, called, gone := hanging(t)
	base := runCaddy(t, "", "http://ADDR {\n\tgateway_probe\n\treverse_proxy "+addr+"\n}")
	throughProbe(t, request(t, "GET", base, ""), func(r *http.Request, up *upstream) {
		ctx, cancel := context.WithCancel(r.Context())
		go func() {
			<-called
			cancel()
		}()
		_, err := call(ctx, up, "GET", "/hang", "")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		<-gone
		if _, err := call(ctx, up, "GET", "/", ""); !errors.Is(err, context.Canceled) {
			t.Errorf("a call after the end: %v", err)
		}
	})
}

// expired is a context whose deadline comes when the test says.
type expired struct {
	context.Context
	done chan struct{}
}

func (e expired) Deadline() (time.Time, bool) { return time.Unix(1, 0), true }
func (e expired) Done() <-chan struct{}       { return e.done }
func (e expired) Err() error {
	select {
	case <-e.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// TestOwnTimeLimitIsNoFailureOfOdoo: reverse_proxy counts an expired deadline
// as a failure of the upstream, and with max_fails 1 takes it out.
func TestOwnTimeLimitIsNoFailureOfOdoo(t *testing.T) {
	addr, called, gone := hanging(t)
	base := runCaddy(t, "", "http://ADDR {\n\tgateway_probe\n\treverse_proxy "+addr+" {\n\t\tfail_duration 1h\n\t\tmax_fails 1\n\t}\n}")
	throughProbe(t, request(t, "GET", base, ""), func(r *http.Request, up *upstream) {
		ctx := expired{r.Context(), make(chan struct{})}
		go func() {
			<-called
			close(ctx.done)
		}()
		_, err := call(ctx, up, "GET", "/hang", "")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the caller's own limit", err)
		}
		<-gone
		res, err := call(r.Context(), up, "GET", "/", "")
		if err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("the next call: %v, %v: the upstream was taken out", res, err)
		}
	})
}

// An answer whose body does not come whole has told the new id of a session: its
// header comes with the error.
func TestInterruptedAnswersTellTheirHeader(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "session_id=next")
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write(make([]byte, 50))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(srv.Close)
	base := runCaddy(t, "", "http://ADDR {\n\tgateway_probe\n\treverse_proxy "+srv.Listener.Addr().String()+" {\n\t\tflush_interval -1\n\t}\n}")
	throughProbe(t, request(t, "GET", base, ""), func(r *http.Request, up *upstream) {
		_, err := call(r.Context(), up, "GET", "/cut", "")
		if e, ok := errors.AsType[*rpc.Interrupted](err); !ok || e.Header.Get("Set-Cookie") != "session_id=next" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut short: %v", err)
		}
		rec := newRecorder(100, func() {})
		if err := rec.interrupted(io.ErrUnexpectedEOF); err != io.ErrUnexpectedEOF {
			t.Errorf("no header has come: %v", err)
		}
		rec.WriteHeader(statusClientClosedRequest)
		if err := rec.interrupted(context.Canceled); err != context.Canceled {
			t.Errorf("the proxy's own answer: %v", err)
		}
	})
}
