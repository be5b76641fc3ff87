package oauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/page"
)

// Administrator is somebody who administers, for one request.
type Administrator struct {
	Person
	// Subject is their sub.
	Subject string
	// session is the hash of the session id that the browser holds after the
	// answer.
	session string
}

// maxWayBack is the longest address, in bytes, that a login leads back to.
const maxWayBack = 1000

// Administrator lets an administrator of Odoo in: whoever may change Odoo's
// settings, and the members of an Odoo group with that XML id, unless it is "".
// Odoo is asked anew for each request. It answers everybody else, and whatever
// does not come from the window of a browser. home is the path that forms lead
// back to. The request that it returns is to be answered for the administrator.
func (s *Server) Administrator(w http.ResponseWriter, r *http.Request, rt http.RoundTripper, group, home string) (Administrator, *http.Request, bool) {
	back := way{path: home}
	post := r.Method == http.MethodPost
	if at := r.URL.RequestURI(); !post && len(at) <= maxWayBack {
		back.path = at
	}
	switch {
	case !topLevel(r):
		s.problem(w, r, page.NotAWindow, "", back.path)
		return Administrator{}, r, false
	case post && !s.fromOurPage(r):
		s.problem(w, r, page.ListRefused, "", back.path)
		return Administrator{}, r, false
	}
	v, err := s.who(w, r, rt)
	if err == nil {
		v.allowed, err = s.administers(r, rt, v, group)
	}
	if err != nil {
		s.refuseNobody(w, r, back, err)
		return Administrator{}, r, false
	}
	r = v.reads(r)
	s.settle(w, r)
	if !v.allowed {
		s.problem(w, r, page.NotAdministrator, "", "")
		return Administrator{}, r, false
	}
	return Administrator{Person: v.Person, Subject: v.subject, session: grant.HashToken(v.session)}, r, true
}

// administers tells whether a person is one of the administrators. The
// superuser, whom an administrator can become, is nobody. The error is an
// *odoo.Error.
func (s *Server) administers(r *http.Request, rt http.RoundTripper, v visitor, group string) (bool, error) {
	switch {
	case !v.Internal || v.UID == superuser:
		return false, nil
	case v.System:
		return true, nil
	case group == "":
		return false, nil
	}
	member, err := s.People.MemberOf(r.Context(), rt, v.session, r.UserAgent(), v.Person, group)
	var failed *odoo.Error
	if errors.As(err, &failed) && failed.Kind == odoo.AccessError {
		return false, nil // not even allowed to ask
	}
	return member && err == nil, err
}

// adminForm is what a form of the console stands for.
type adminForm struct {
	Session string          `json:"s"` // hash
	Subject string          `json:"u"`
	Nonce   string          `json:"n"`
	Until   time.Time       `json:"t"`
	Means   json.RawMessage `json:"m"`
}

// SealForm seals what a form means, for this administrator and this session
// alone.
func (s *Server) SealForm(a Administrator, means any) (string, error) {
	text, err := json.Marshal(means)
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(adminForm{Session: a.session, Subject: a.Subject, Nonce: grant.NewID(), Until: s.Now().Add(revokeLife), Means: text})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.Seal.Seal(plain, s.associated("admin"))), nil
}

// OpenForm reads what the form of a request means, where it was made for this
// administrator and their session. A form is taken once: what is listed later is
// not what it was made for.
func (s *Server) OpenForm(r *http.Request, a Administrator, means any) bool {
	p, err := readBody(r)
	if err != nil || p.twice("token") {
		return false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(p.get("token"))
	if err != nil {
		return false
	}
	plain, err := s.Seal.Open(sealed, s.associated("admin"))
	var f adminForm
	if err != nil || json.Unmarshal(plain, &f) != nil {
		return false
	}
	return s.Now().Before(f.Until) && f.Subject == a.Subject && f.Session == s.presented(r) && json.Unmarshal(f.Means, means) == nil &&
		s.Memory.use(f.Nonce)
}

// RefuseForm is the page for a form that OpenForm does not take.
func (s *Server) RefuseForm(w http.ResponseWriter, r *http.Request, home string) {
	s.problem(w, r, page.ListRefused, "", home)
}

// NotConfigured is the page for a name that nothing has.
func (s *Server) NotConfigured(w http.ResponseWriter, r *http.Request, home string) {
	s.problem(w, r, page.NotConfigured, "", home)
}

// StoreFailed is the page for any error of the store.
func (s *Server) StoreFailed(w http.ResponseWriter, r *http.Request, err error) {
	s.Logger.Error("grant store failed", zap.String("doing", "administration"), zap.Error(err))
	s.problem(w, r, page.StoreUnavailable, "", "")
}

// Actor names the administrator's request for the audit trail.
func (s *Server) Actor(r *http.Request, a Administrator) administration.Actor {
	actor := administration.Actor{Via: administration.ViaConsole, Subject: a.Subject, Login: a.Login, RequestID: s.RequestID(r), UserAgent: audit.Fingerprint(r.UserAgent())}
	if addr := s.ClientAddr(r); addr.IsValid() {
		actor.Address = addr.String()
	}
	return actor
}
