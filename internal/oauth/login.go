package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/page"
)

const (
	sessionCookie = "session_id"
	// loginPath is Odoo's own login page.
	loginPath = "/web/login"
	// identityPath and identityPath19 are where Odoo 20, and 19 with the
	// addon auth_timeout, let people confirm who they are.
	identityPath   = "/web/session/identity"
	identityPath19 = "/auth-timeout/check-identity"
	// maxRounds is how often a browser with a session that Odoo refuses is
	// sent to Odoo before a page says what is wrong.
	maxRounds = 3
	// roundsLife is how long rounds count as the same attempt.
	roundsLife = 5 * time.Minute
	// pendingLife is how long the way back to an interrupted authorization is
	// offered.
	pendingLife = 10 * time.Minute
)

// visitor is the person who uses a browser.
type visitor struct {
	Person
	subject string
	// session is the session id that the browser holds after this answer.
	session string
	// allowed: this person may connect the application that asks.
	allowed bool
}

// reads makes the pages of a request be written for its visitor.
func (v visitor) reads(r *http.Request) *http.Request {
	return r.WithContext(page.For(r.Context(), page.Reader{Language: v.Lang, Zone: v.Zone}))
}

var (
	// errNobody: the browser presented no session.
	errNobody = errors.New("nobody is logged in")
	// errAmbiguous: the browser presented two sessions.
	errAmbiguous = errors.New("two session cookies")
	// errOtherDatabase: the session is one of another database.
	errOtherDatabase = errors.New("another database")
)

// visit asks Odoo who uses the browser and whether they may connect an
// application, and relays the cookies of its answer. Besides the errors above,
// it returns the *odoo.Error of the question.
func (s *Server) visit(w http.ResponseWriter, r *http.Request, rt http.RoundTripper, app *application.Application) (visitor, error) {
	v, err := s.who(w, r, rt)
	if err == nil {
		v.allowed, err = s.mayConnect(r, rt, app, v)
	}
	return v, err
}

// who is visit without an application.
func (s *Server) who(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) (visitor, error) {
	var id string
	switch found := r.CookiesNamed(sessionCookie); {
	case len(found) == 0 || len(found) == 1 && found[0].Value == "":
		return visitor{}, errNobody
	case len(found) > 1:
		return visitor{}, errAmbiguous
	default:
		id = found[0].Value
	}
	person, header, err := s.People.Who(r.Context(), rt, id, r.UserAgent())
	current := id
	for _, line := range header.Values("Set-Cookie") {
		w.Header().Add("Set-Cookie", line)
		if c, parseErr := http.ParseSetCookie(line); parseErr == nil && c.Name == sessionCookie && c.Value != "" {
			current = c.Value
		}
	}
	if err != nil {
		return visitor{}, err
	}
	s.Connections.Observe(r.Context(), id, header)
	if person.Database != s.Database || person.UID <= 0 {
		s.Logger.Warn("session of another database", zap.String("gateway", s.Gateway),
			zap.String("database", person.Database), zap.String("configured", s.Database))
		// Nobody is sent out of Odoo for a name that Odoo does not know.
		if err := s.Connections.Database(r.Context(), rt, s.UserAgent("")); err != nil {
			return visitor{}, err
		}
		return visitor{}, errOtherDatabase
	}
	return visitor{
		Person: person, session: current,
		subject: Subject(s.issuer, person.Database, person.UID),
	}, nil
}

// refuseVisit answers where visit found nobody: by Odoo's login page and back,
// or by a page.
func (s *Server) refuseVisit(w http.ResponseWriter, r *http.Request, q request, err error) {
	if q.prompts("none") && !errors.Is(err, errOtherDatabase) && !outage(err) {
		s.redirectFailure(w, r, q, &failure{code: "login_required", description: "nobody is logged in to Odoo"})
		return
	}
	s.refuseNobody(w, r, q.way(), err)
}

// outage tells whether Odoo could not say who it is.
func outage(err error) bool {
	var failed *odoo.Error
	return errors.As(err, &failed) && failed.Kind != odoo.CheckIdentity && failed.Kind != odoo.SessionExpired
}

// refuseNobody is refuseVisit for a person who may be asked to log in.
func (s *Server) refuseNobody(w http.ResponseWriter, r *http.Request, to way, err error) {
	switch {
	case errors.Is(err, errOtherDatabase):
		s.settle(w, r)
		s.problem(w, r, page.OtherDatabase, to.title, to.other)
	case errors.Is(err, connection.ErrNoDatabase): // which the log has told
		s.problem(w, r, page.DatabaseMissing, to.title, to.path)
	case outage(err):
		s.Logger.Warn("can not ask odoo who this is", zap.Error(err))
		s.problem(w, r, page.OdooUnavailable, to.title, to.path)
	case errors.Is(err, errNobody):
		s.sendToOdoo(w, loginPath, to)
	default:
		var failed *odoo.Error
		errors.As(err, &failed)
		s.anotherRound(w, r, to, failed)
	}
}

// anotherRound sends a browser to Odoo whose session was presented and
// refused. A session under a lock is refused here and yet bounced straight
// back by the login page, on every version; only dropping the cookie ends
// that. So the first round is Odoo's to mend, then the cookie goes, and after
// the third a page says what is wrong.
func (s *Server) anotherRound(w http.ResponseWriter, r *http.Request, back way, failed *odoo.Error) {
	var seen rounds
	if !s.readCookie(r, roundsCookie, &seen) || !s.Now().Before(seen.Until) {
		seen = rounds{}
	}
	seen.Count++
	if seen.Count > maxRounds {
		s.settle(w, r)
		s.problem(w, r, page.LoginLoop, back.title, back.path)
		return
	}
	seen.Until = s.Now().Add(roundsLife)
	s.setCookie(w, roundsCookie, seen, roundsLife)
	to := loginPath
	switch {
	case seen.Count > 1:
		expireSession(w)
	case failed != nil && failed.Kind == odoo.CheckIdentity:
		to = identityPage(failed)
	}
	s.sendToOdoo(w, to, back)
}

// rounds is the content of roundsCookie.
type rounds struct {
	Count int       `json:"n"`
	Until time.Time `json:"t"`
}

// identityPage is where Odoo lets people confirm who they are. The exception
// moved from an addon of 19 into the core of 20, and its page with it.
func identityPage(e *odoo.Error) string {
	if strings.Contains(e.Name, ".auth_timeout.") {
		return identityPath19
	}
	return identityPath
}

// settle forgets the rounds: they led somewhere.
func (s *Server) settle(w http.ResponseWriter, r *http.Request) { s.dropCookie(w, r, roundsCookie) }

// switchPath is the request with the demand for another account.
func (q request) switchPath() string {
	p := params{}
	p.add(q.params)
	p["prompt"] = []string{"login"}
	return request{params: p}.path("")
}

// switchAccount takes the session from the browser, which is what prompt=login
// and the link of the consent page ask for. The session itself lives on in
// Odoo: the gateway may be following it.
func (s *Server) switchAccount(w http.ResponseWriter, r *http.Request, q request) {
	s.settle(w, r)
	expireSession(w)
	back := q.way()
	back.path = q.path("login")
	s.sendToOdoo(w, loginPath, back)
}

// sendToOdoo sends the browser to a page of Odoo that leads back. Odoo may lose
// the way to an application, which is then offered again.
func (s *Server) sendToOdoo(w http.ResponseWriter, to string, back way) {
	if back.clientID != "" {
		s.setCookie(w, pendingCookie, pending{ClientID: back.clientID, Path: back.path, Until: s.Now().Add(pendingLife)}, pendingLife)
	}
	redirect(w, http.StatusSeeOther, to+"?redirect="+url.QueryEscape(back.path))
}

// pending is the content of pendingCookie.
type pending struct {
	ClientID string    `json:"c"`
	Path     string    `json:"p"`
	Until    time.Time `json:"t"`
}

// Pending tells whether a browser has an authorization under way that a login
// has interrupted.
func (s *Server) Pending(r *http.Request) bool {
	_, _, ok := s.pending(r)
	return ok
}

func (s *Server) pending(r *http.Request) (*application.Application, pending, bool) {
	var p pending
	if !s.readCookie(r, pendingCookie, &p) || !s.Now().Before(p.Until) {
		return nil, pending{}, false
	}
	app := s.Applications.ByClientID(p.ClientID)
	return app, p, app != nil && app.Active
}

// offerPending offers the way back to an authorization that a login has lost.
func (s *Server) offerPending(w http.ResponseWriter, r *http.Request) bool {
	app, p, ok := s.pending(r)
	if ok {
		page.WriteContinue(w, r, page.Continue{Application: app.Title, URL: p.Path, Odoo: "/web"})
	}
	return ok
}

// expireSession takes Odoo's session from the browser.
func expireSession(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true})
}

// background is a context for writes that must not stop when a browser goes.
func background(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }
