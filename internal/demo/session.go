package demo

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/caddy-odoo/gateway/internal/clock"
)

const (
	sessionCookie = "wiki_session"
	// maxSessions bounds what visitors without cookies can make the wiki keep.
	maxSessions = 1000
	// maxPending is how many connects one session may have under way: one per
	// open tab is plenty.
	maxPending = 8
	// pendingTime is how long a person may take to log in and consent.
	pendingTime = 15 * time.Minute
)

// session is one visitor of the wiki. The wiki has no logins of its own: the
// cookie is the visitor.
type session struct {
	id string
	// csrf is in every form: other sites can send the cookie's owner here,
	// but can not read this.
	csrf string

	mu          sync.Mutex
	connections map[string]*connection // by server name
	pending     map[string]pending     // by state
	notice      string                 // shown once, on the next page
}

// pending is a connect under way.
type pending struct {
	server string
	page   string // where to go back to
	since  time.Time
}

// sessions keeps them in memory.
type sessions struct {
	now  clock.Clock
	byID *lru.Cache[string, *session]
}

func newSessions(now clock.Clock) *sessions {
	c, err := lru.New[string, *session](maxSessions)
	if err != nil {
		panic(err) // only a size below one
	}
	return &sessions{now: now, byID: c}
}

// of returns the session of a request, or nil. An id that the wiki did not
// hand out is nobody's.
func (s *sessions) of(r *http.Request) *session {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	found, _ := s.byID.Get(c.Value)
	return found
}

// open returns the session of a request, or starts one and sets its cookie.
// The cookie is Lax, not Strict: it has to come along when the gateway sends
// the browser back.
func (s *sessions) open(rw http.ResponseWriter, r *http.Request, secure bool) *session {
	if found := s.of(r); found != nil {
		return found
	}
	fresh := &session{
		id:          rand.Text(),
		csrf:        rand.Text(),
		connections: make(map[string]*connection),
		pending:     make(map[string]pending),
	}
	s.byID.Add(fresh.id, fresh)
	http.SetCookie(rw, &http.Cookie{
		Name: sessionCookie, Value: fresh.id, Path: "/",
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure,
	})
	return fresh
}

// checkForm tells whether a form was sent from one of this session's pages.
func (s *session) checkForm(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.PostFormValue("csrf")), []byte(s.csrf)) == 1
}

// connection returns the session's connection to a server.
func (s *session) connection(server string) *connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.connections[server]
	if c == nil {
		c = &connection{}
		s.connections[server] = c
	}
	return c
}

// begin notes a connect and returns its state.
func (s *session) begin(p pending) (state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := ""
	for state, other := range s.pending {
		if p.since.Sub(other.since) > pendingTime {
			delete(s.pending, state)
		} else if oldest == "" || other.since.Before(s.pending[oldest].since) {
			oldest = state
		}
	}
	if len(s.pending) >= maxPending {
		delete(s.pending, oldest)
	}
	state = rand.Text()
	s.pending[state] = p
	return state
}

// finish takes a connect by its state: once, and in time.
func (s *session) finish(state string, now time.Time) (pending, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pending[state]
	delete(s.pending, state)
	return p, ok && now.Sub(p.since) <= pendingTime
}

// say leaves a notice for the next page; take reads it once.
func (s *session) say(notice string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notice = notice
}

func (s *session) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	notice := s.notice
	s.notice = ""
	return notice
}
