package odootest

import (
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
)

// Options configure a simulated Odoo. The zero value of each field is usable
// except Version.
type Options struct {
	// Version is the major version, 16 to 20.
	Version int
	// Database is the name of the first database; default "demo<version>".
	// A second one, "staging", is always there.
	Database string
	// Now tells the time; default [clock.System].
	Now clock.Clock
	// SessionLifetime is sessions.max_inactivity_seconds; default 7 days.
	SessionLifetime time.Duration
	// Direct switches proxy mode off: X-Forwarded-* headers are ignored.
	Direct bool
	// MaxConcurrent is how many requests run at once; one more has its
	// connection closed, as a busy two-worker Odoo does. 0 = no limit.
	MaxConcurrent int
	// Provider is the sign-in provider linked on the login page; default is
	// the disabled-looking "Odoo.com Accounts" of a fresh database, whose
	// answers are never accepted.
	Provider *Provider
	// DeviceCheck is base.session_check_device (20): a session used from a
	// second browser or address must confirm its identity.
	DeviceCheck bool
	// NoAuthTimeout makes a 19 one without the addon auth_timeout, as a stock
	// one is.
	NoAuthTimeout bool
	// ProgrammaticKeys is base.enable_programmatic_api_keys (20).
	ProgrammaticKeys bool
}

// Server is a simulated Odoo. It is an http.Handler and safe for concurrent
// use. See the package comment for what it does and does not do.
type Server struct {
	// URL is the base URL once Start has it listening, without final slash.
	URL string

	v        traits
	now      clock.Clock
	lifetime time.Duration
	opts     Options
	listener *listener

	// mu guards everything below. A request holds it while it is worked on,
	// never while its body is read, its answer written or a gate is closed.
	mu        sync.Mutex
	sessions  map[string]*session
	databases map[string]*database // see Server.database
	main      *database
	trusted   map[string]trustedDevice

	control controls
}

// New returns a simulated Odoo that does not listen by itself.
func New(opts Options) *Server {
	s := &Server{v: traitsOf(opts.Version), now: opts.Now, lifetime: opts.SessionLifetime, opts: opts,
		sessions: map[string]*session{}, databases: map[string]*database{}, trusted: map[string]trustedDevice{}}
	if s.now == nil {
		s.now = clock.System
	}
	if s.lifetime == 0 {
		s.lifetime = defaultLifetime
	}
	if s.opts.Database == "" {
		s.opts.Database = "demo" + s.v.serverVersion[:2]
	}
	s.control.maxConcurrent = opts.MaxConcurrent
	s.main = newDatabase(s.opts.Database, s.v, s.now)
	s.databases[s.main.name] = s.main
	return s
}

// Start is New with a listener on a free port of the loopback interface.
// Call Close in the end.
func Start(opts Options) *Server {
	s := New(opts)
	s.listener = listen(s)
	s.URL = s.listener.url
	s.SetParam("web.base.url", s.URL)
	return s
}

// database finds a database. The second one is made when it is first asked
// for: most tests never do.
func (s *Server) database(name string) (*database, bool) {
	if name == StagingDatabase && s.databases[name] == nil {
		db := newDatabase(name, s.v, s.now)
		db.makeStaging()
		db.engine.setParam("web.base.url", s.main.engine.param("web.base.url"))
		s.databases[name] = db
	}
	db, ok := s.databases[name]
	return db, ok
}

// Close stops the listener of Start and opens every gate.
func (s *Server) Close() {
	s.control.releaseAll()
	if s.listener != nil {
		s.listener.close()
	}
}

// Version is the major version that is simulated.
func (s *Server) Version() int { return s.v.version }

// Database is the name of the first database.
func (s *Server) Database() string { return s.main.name }

// Client returns an HTTP client for the server that follows no redirects.
func (s *Server) Client() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 128<<20))
	s.control.record(r, body, s.now())
	leave := s.control.enter(w, r)
	if leave == nil {
		return
	}
	defer leave()
	if err != nil {
		http.Error(w, "the request body is too large", http.StatusRequestEntityTooLarge)
		return
	}
	x := &exchange{s: s, r: r, body: body}
	x.locate()
	s.mu.Lock()
	answer := x.serve()
	s.mu.Unlock()
	s.write(w, r, x, answer)
}

// write sends an answer with the headers that every Odoo answer has.
func (s *Server) write(w http.ResponseWriter, r *http.Request, x *exchange, a *reply) {
	h := w.Header()
	h.Set("Server", s.v.werkzeug)
	for name, values := range a.header {
		h[name] = values
	}
	for _, c := range x.cookies {
		h.Add("Set-Cookie", c)
	}
	if a.nosniff || !a.bare && s.v.version >= 17 {
		h.Set("X-Content-Type-Options", "nosniff")
	}
	if a.takeOver != nil {
		a.takeOver(w, r)
		return
	}
	h.Set("Connection", "close")
	s.control.writeBody(w, r, a)
}

// locate reads where the request seems to come from and where it seems to
// go. As werkzeug's ProxyFix it trusts one hop, and only with a forwarded host.
func (x *exchange) locate() {
	x.host, x.scheme = x.r.Host, "http"
	if x.r.TLS != nil {
		x.scheme = "https"
	}
	x.address = x.r.RemoteAddr
	if host, _, err := net.SplitHostPort(x.r.RemoteAddr); err == nil {
		x.address = host
	}
	if x.s.opts.Direct || x.r.Header.Get("X-Forwarded-Host") == "" {
		return
	}
	x.host = lastValue(x.r.Header, "X-Forwarded-Host")
	if v := lastValue(x.r.Header, "X-Forwarded-Proto"); v != "" {
		x.scheme = v
	}
	if v := lastValue(x.r.Header, "X-Forwarded-For"); v != "" {
		x.address = v
	}
}
