package caddymodule

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// reloads is how many reloads are made under load. One fails in Provision
// and two fail in Start: the gateway's own, and another app's beside it.
const (
	reloads       = 20
	failProvision = 5
	failStart     = 10
	failOther     = 15
)

// echoServer answers requests, and echoes what it gets over WebSocket
// connections.
func echoServer(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" {
			_, _ = io.WriteString(w, r.URL.Path)
			return
		}
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Sec-WebSocket-Accept", "x")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, brw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.Copy(conn, brw)
	}))
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// socket is a WebSocket connection. Its frames do not matter, but for that of
// a close, which Caddy sends in both directions.
type socket struct {
	net.Conn
	br     *bufio.Reader
	config string // that serves it
}

func dialSocket(addr string) (*socket, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(conn, "GET /websocket HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
	br := bufio.NewReader(conn)
	res, err := http.ReadResponse(br, nil)
	if err == nil && res.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("status %d", res.StatusCode)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &socket{conn, br, res.Header.Get("X-Config")}, nil
}

// dialSocketAt makes a WebSocket connection that is served by a certain
// configuration: right after a reload, the old one may still accept, or the
// connection be lost as those of load are.
func dialSocketAt(t *testing.T, addr, config string) *socket {
	t.Helper()
	for {
		s, err := dialSocket(addr)
		if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrUnexpectedEOF) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		// Only after an echo reverse_proxy is sure to know of the connection,
		// and to close it when its configuration goes.
		if s.config == config && s.state() == "alive" {
			return s
		}
		s.Close()
	}
}

// state sends something and tells what came of it.
func (s *socket) state() string {
	_, _ = io.WriteString(s, "ping")
	var b [4]byte
	n, err := io.ReadFull(s.br, b[:])
	switch {
	case string(b[:n]) == "ping":
		return "alive"
	case n > 0 && b[0] == 0x88:
		return "close frame"
	default:
		return fmt.Sprintf("%x, %v", b[:n], err)
	}
}

// load are clients that make requests until they are stopped. They do not
// retry.
type load struct {
	stop     chan struct{}
	progress chan struct{}
	wg       sync.WaitGroup
	requests atomic.Int64
	mu       sync.Mutex
	failures []string
	lost     []error // connections that ended before an answer began
}

// every is the pace of each client: all together make some 200 requests per
// second.
const every = 40 * time.Millisecond

// run adds a client.
func (l *load) run(name string, request func() error) {
	l.wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-l.stop:
				return
			case <-tick.C:
			}
			l.requests.Add(1)
			select {
			case l.progress <- struct{}{}:
			default:
			}
			if err := request(); err != nil {
				l.mu.Lock()
				if lostConnection(err) {
					l.lost = append(l.lost, err)
				} else {
					l.failures = append(l.failures, name+": "+err.Error())
				}
				l.mu.Unlock()
			}
		}
	})
}

// numbered gives each request a number, by which it is found in the log, and
// names it in errors.
type numbered struct{ http.RoundTripper }

var lastNumber atomic.Int64

func (t numbered) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	number := fmt.Sprintf("n%d.", lastNumber.Add(1))
	r.Header.Set("X-Number", number)
	res, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		err = numberedError{number, err}
	}
	return res, err
}

type numberedError struct {
	number string
	error
}

func (e numberedError) Unwrap() error { return e.error }

// lostConnection tells whether a request failed before an answer began.
func lostConnection(err error) bool {
	var ue *url.Error
	return errors.As(err, &ue) &&
		(errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE))
}

func get(c *http.Client, target, want string) error {
	res, err := c.Get(target)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || string(body) != want {
		return fmt.Errorf("status %d: %.100q", res.StatusCode, body)
	}
	return nil
}

// outcome is what happened under reloads.
type outcome struct {
	requests int64   // over HTTP: a client may make several in a row
	rate     float64 // per second
	failures []string
	lost     []error
	sockets  []string // after each reload
}

// reloadUnderLoad makes the reloads while clients with kept and with fresh
// connections make requests. More clients may be added once the site serves,
// and after each reload something may be checked.
func reloadUnderLoad(t *testing.T, s site, more func(l *load), after func()) outcome {
	t.Helper()
	s.inSite += "\n\tlog_number"
	p := newMachine(t).start(s.caddyfile(), s.admin)
	l := &load{stop: make(chan struct{}), progress: make(chan struct{})}
	target := "http://" + s.addr + "/load"
	for range 4 {
		kept := &http.Client{Transport: numbered{&http.Transport{}}}
		fresh := &http.Client{Transport: numbered{&http.Transport{DisableKeepAlives: true}}}
		l.run("kept connection", func() error { return get(kept, target, "/load") })
		l.run("fresh connection", func() error { return get(fresh, target, "/load") })
	}
	if more != nil {
		more(l)
	}
	var o outcome
	start, first := time.Now(), lastNumber.Load()
	ws := dialSocketAt(t, s.addr, "")
	for i := range reloads {
		c, fails := s, ""
		c.config = fmt.Sprint(i) // a change, so that Caddy does reload
		switch i {
		case failProvision:
			c.failAt, fails = "provision", "told to fail"
			if !s.plain {
				c.failAt = ""
				c.secret, fails = "{env.NOT_SET_ANYWHERE}", "is unset or empty"
			}
		case failStart:
			c.failAt, fails = "start", "told to fail"
			if !s.plain {
				c.failAt = ""
				c.options, fails = "store badger /dev/null/store", "not a directory"
			}
		case failOther:
			c.failAt, fails = "start", "told to fail"
		}
		// Requests are under way at every reload.
		before := l.requests.Load()
		err := p.load(c.caddyfile())
		if fails == "" && err != nil || fails != "" && (err == nil || !strings.Contains(err.Error(), fails)) {
			t.Fatalf("reload %d: got %v, want %q", i, err, fails)
		}
		for l.requests.Load() < before+20 {
			<-l.progress
		}
		if after != nil {
			after()
		}
		state := ws.state()
		o.sockets = append(o.sockets, state)
		if state != "alive" {
			ws.Close()
			ws = dialSocketAt(t, s.addr, c.config)
		}
	}
	ws.Close()
	close(l.stop)
	l.wg.Wait()
	o.requests = lastNumber.Load() - first
	o.rate = float64(o.requests) / time.Since(start).Seconds()
	o.failures, o.lost = l.failures, l.lost
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.hasSeenNone(l.lost)
	for _, bad := range []string{"DATA RACE", "panic"} {
		if strings.Contains(p.out.String(), bad) {
			t.Errorf("%s in the log:\n%s", bad, p.out)
		}
	}
	return o
}

// hasSeenNone fails for a lost request that a handler of the process has seen.
func (p *process) hasSeenNone(lost []error) {
	p.t.Helper()
	for _, err := range lost {
		var n numberedError
		if !errors.As(err, &n) || strings.Contains(p.out.String(), `"number":"`+n.number+`"`) {
			p.t.Errorf("a request that a handler has seen was lost: %v", err)
		}
	}
	if !strings.Contains(p.out.String(), `"number":"n`) {
		p.t.Error("requests have no numbers in the log")
	}
}

// TestReloadsUnderLoad holds the gateway against plain Caddy.
//
// A connection may be lost when one server takes over from another: net/http
// closes one whose request it has just read while it shuts down, and Linux
// resets those that wait in the old listener's queue. No handler has a part in
// that, and plain Caddy shows it likewise; on an idle machine it is rare at
// this pace. Such connections are counted apart: they must stay few, and no
// handler may have seen their requests. Any other failure, such as a wrong
// status or an answer cut short, is the gateway's.
func TestReloadsUnderLoad(t *testing.T) {
	s := newSite(t)
	s.upstream = echoServer(t)
	with := reloadUnderLoad(t, s, nil, nil)

	s = newSite(t)
	s.upstream, s.plain = echoServer(t), true
	without := reloadUnderLoad(t, s, nil, nil)

	with.check(t, "with the gateway")
	without.check(t, "plain Caddy")
	// A server that is shut down waits up to five seconds for connections
	// that have not sent their request yet, and its WebSockets live as long:
	// how many reloads one survives is chance, for plain Caddy too. That it
	// ends with a close frame, and is never simply cut off, is not.
	for i := range with.sockets {
		for name, state := range map[string]string{"with the gateway": with.sockets[i], "plain Caddy": without.sockets[i]} {
			if state != "alive" && state != "close frame" {
				t.Errorf("%s: after reload %d the WebSocket is neither alive nor closed: %s", name, i, state)
			}
		}
	}
}

func (o outcome) check(t *testing.T, name string) {
	t.Helper()
	t.Logf("%s: %d requests, %.0f per second, %d lost at a handover, %d failed", name, o.requests, o.rate, len(o.lost), len(o.failures))
	t.Logf("%s: WebSockets: %v", name, o.sockets)
	if o.requests < 20*reloads {
		t.Errorf("%s: %d requests are too few to prove anything", name, o.requests)
	}
	for _, f := range o.failures[:min(5, len(o.failures))] {
		t.Errorf("%s: %s", name, f)
	}
	if int64(len(o.lost)) > o.requests/20 {
		t.Errorf("%s: %d connections were lost, the first: %s", name, len(o.lost), o.lost[0])
	}
}
