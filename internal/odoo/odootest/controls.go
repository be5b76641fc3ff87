package odootest

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Request is one request that the server received.
type Request struct {
	Method string
	Path   string // with the query, as sent
	Host   string
	Remote string // peer address
	Header http.Header
	Body   []byte
	At     time.Time
}

// controls are the disturbances that a test can order, and what it can ask.
type controls struct {
	mu            sync.Mutex
	log           []Request
	down          bool
	failStatus    int
	cutNext       bool
	running, peak int
	maxConcurrent int
	gates         []*Gate
	sockets       map[net.Conn]bool
	events        chan struct{} // nil: events of the stream flow by themselves
}

// maxLog bounds the request log: a demo server runs for days.
const maxLog = 10_000

func (c *controls) record(r *http.Request, body []byte, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.log) >= maxLog {
		c.log = append(c.log[:0:0], c.log[maxLog/2:]...)
	}
	c.log = append(c.log, Request{Method: r.Method, Path: r.URL.RequestURI(), Host: r.Host, Remote: r.RemoteAddr,
		Header: r.Header.Clone(), Body: body, At: at})
}

// enter lets a request in and returns how it leaves, or nil where a
// disturbance has answered it already.
func (c *controls) enter(w http.ResponseWriter, r *http.Request) (leave func()) {
	c.mu.Lock()
	down, status := c.down, c.failStatus
	if down || c.maxConcurrent > 0 && c.running >= c.maxConcurrent {
		c.mu.Unlock()
		// No answer at all: the connection ends, as with a process that died.
		panic(http.ErrAbortHandler)
	}
	c.running++
	c.peak = max(c.peak, c.running)
	var waiting []*Gate
	for _, g := range c.gates {
		if g.match == nil || g.match(r) {
			waiting = append(waiting, g)
		}
	}
	c.mu.Unlock()
	leave = func() {
		c.mu.Lock()
		c.running--
		c.mu.Unlock()
	}
	for _, g := range waiting {
		select {
		case g.arrived <- r:
		default: // nobody counts that many
		}
		select {
		case <-g.open:
		case <-r.Context().Done():
			leave()
			panic(http.ErrAbortHandler)
		}
	}
	if status != 0 {
		leave()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Connection", "close")
		w.WriteHeader(status)
		_, _ = w.Write(errorPage(status, "The server is in trouble, as ordered."))
		return nil
	}
	return leave
}

// writeBody sends the answer, or half of it where a cut was ordered.
func (c *controls) writeBody(w http.ResponseWriter, r *http.Request, a *reply) {
	c.mu.Lock()
	cut := c.cutNext
	c.cutNext = false
	c.mu.Unlock()
	h := w.Header()
	if a.status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	if cut {
		h.Set("Content-Length", strconv.Itoa(2*len(a.body)+1))
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // a client that has gone is its own affair
	}
}

func (c *controls) releaseAll() {
	c.mu.Lock()
	gates, sockets := c.gates, c.sockets
	c.gates, c.sockets = nil, nil
	c.mu.Unlock()
	for conn := range sockets {
		conn.Close()
	}
	for _, g := range gates {
		g.release()
	}
}

// nextEvent waits until the stream may send one more.
func (c *controls) nextEvent(r *http.Request) bool {
	c.mu.Lock()
	events := c.events
	c.mu.Unlock()
	if events == nil {
		return true
	}
	select {
	case <-events:
		return true
	case <-r.Context().Done():
		return false
	}
}

// StepEvents makes /web/simulated/stream send its first event at once and
// each further one only after a call of the returned function, so that a
// test sees whether a proxy passes events on as they come.
func (s *Server) StepEvents() (next func()) {
	events := make(chan struct{}, 1000)
	s.control.mu.Lock()
	s.control.events = events
	s.control.mu.Unlock()
	return func() { events <- struct{}{} }
}

// hold keeps a WebSocket's connection until it is dropped, so that Close can
// end it.
func (c *controls) hold(conn net.Conn) (drop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sockets == nil {
		c.sockets = map[net.Conn]bool{}
	}
	c.sockets[conn] = true
	return func() {
		conn.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.sockets, conn)
	}
}

// Gate holds requests back until it is released: latency without sleeping.
type Gate struct {
	c       *controls
	match   func(*http.Request) bool
	arrived chan *http.Request
	open    chan struct{}
	once    sync.Once
}

// Arrived delivers each held request as it comes to the gate.
func (g *Gate) Arrived() <-chan *http.Request { return g.arrived }

// Release lets all held requests go on and takes the gate away.
func (g *Gate) Release() {
	g.c.mu.Lock()
	for i, other := range g.c.gates {
		if other == g {
			g.c.gates = append(g.c.gates[:i:i], g.c.gates[i+1:]...)
			break
		}
	}
	g.c.mu.Unlock()
	g.release()
}

func (g *Gate) release() { g.once.Do(func() { close(g.open) }) }

// Hold closes a gate for the requests that match says; nil means all. They
// are logged as received and answered only after Release.
func (s *Server) Hold(match func(*http.Request) bool) *Gate {
	g := &Gate{c: &s.control, match: match, arrived: make(chan *http.Request, 1024), open: make(chan struct{})}
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	s.control.gates = append(s.control.gates, g)
	return g
}

// SetDown makes the server unreachable (every connection is closed without an
// answer) or reachable again.
func (s *Server) SetDown(down bool) {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	s.control.down = down
}

// FailWith makes every request end with that HTTP status and an HTML page;
// 0 ends the trouble.
func (s *Server) FailWith(status int) {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	s.control.failStatus = status
}

// CutNextAnswer makes the next answer stop in mid-body: its Content-Length
// promises more than comes before the connection closes.
func (s *Server) CutNextAnswer() {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	s.control.cutNext = true
}

// SetMaxConcurrent changes Options.MaxConcurrent.
func (s *Server) SetMaxConcurrent(n int) {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	s.control.maxConcurrent = n
}

// PeakConcurrent is the largest number of requests that ran at once.
func (s *Server) PeakConcurrent() int {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	return s.control.peak
}

// Requests returns the requests received so far, oldest first (the newest
// some thousands of a long run).
func (s *Server) Requests() []Request {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	return append([]Request(nil), s.control.log...)
}

// RequestsTo returns the requests whose path begins with prefix.
func (s *Server) RequestsTo(prefix string) []Request {
	var found []Request
	for _, r := range s.Requests() {
		if strings.HasPrefix(r.Path, prefix) {
			found = append(found, r)
		}
	}
	return found
}

// ForgetRequests empties the log.
func (s *Server) ForgetRequests() {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	s.control.log = nil
}
