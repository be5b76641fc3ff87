package oauth

import (
	"errors"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/page"
)

// Who said "Not now" once is not asked at each authorize: the list of their
// authorizations has the way back. There is no request of an application then,
// and nothing goes out to one.

// ownOffer tells whether the list offers a person to stay connected: where the
// application takes keys and what it has is a session, or a key that ends soon.
// A key lasts long: it is offered for what the person was asked about alone, and
// not for what the scheme allows since. What has ended is connected again in the application, which has lost its
// tokens.
func (s *Server) ownOffer(app *application.Application, v visitor, a grant.Authorization) bool {
	c := a.Connection
	if app == nil || !app.Active || !v.Internal || !c.Live() || !connection.Fits(app.Connection, c.Kind) {
		return false
	}
	if scheme := s.Scheme(app.Scheme); scheme == nil || scheme.Digest() != a.ConsentDigest {
		return false
	}
	works := connection.KeyWorks(c, s.Now())
	return works && connection.KeyEndsSoon(c, s.Now()) || c.Kind == grant.Session && app.Connection != application.ConnectionSession
}

// ownStayURL is the way from the list to the page.
func (s *Server) ownStayURL(v visitor, a grant.Authorization) string {
	f := s.ownStayForm(v, a)
	f.Until = s.Now().Add(revokeLife) // the list may stand open for as long
	return s.stayURL(f)
}

func (s *Server) ownStayForm(v visitor, a grant.Authorization) stayForm {
	return stayForm{
		Own: true, Session: grant.HashToken(v.session), Subject: v.subject, Authorization: a.ID,
		Nonce: grant.NewID(), Until: s.Now().Add(formLife),
	}
}

// ownStayTurn is stayTurn for a form of the list.
func (s *Server) ownStayTurn(w http.ResponseWriter, r *http.Request, rt http.RoundTripper, f stayForm) (t stayTurn, ok bool) {
	if !s.Now().Before(f.Until) {
		s.problem(w, r, page.ListRefused, "", AuthorizationsPath)
		return stayTurn{}, false
	}
	v, err := s.who(w, r, rt)
	if err != nil {
		s.refuseNobody(w, r, way{path: AuthorizationsPath}, err)
		return stayTurn{}, false
	}
	r = v.reads(r)
	a, err := s.Store.Authorization(r.Context(), f.Authorization)
	if err != nil && !errors.Is(err, grant.ErrNotFound) {
		s.refuseStore(w, r, "looking for a consent", err)
		return stayTurn{}, false
	}
	app := s.Applications.ByName(a.Application)
	offered := err == nil && a.Subject == v.subject && a.Live() && s.ownOffer(app, v, a)
	if offered {
		if v.allowed, err = s.mayConnect(r, rt, app, v); err != nil {
			s.refuseNobody(w, r, way{title: app.Title, path: AuthorizationsPath}, err)
			return stayTurn{}, false
		}
	}
	if !offered || !v.allowed {
		// Somebody else sits here now, another tab was faster, or the
		// configuration has changed: the list tells how it stands.
		redirect(w, http.StatusSeeOther, AuthorizationsPath)
		return stayTurn{}, false
	}
	return stayTurn{w: w, r: r, rt: rt, form: f, q: request{app: app}, v: v, a: a, offer: mayStay}, true
}

// path is where the page leads back to when it can not go on.
func (t stayTurn) path() string {
	if t.form.Own {
		return AuthorizationsPath
	}
	return t.q.path("")
}

// next is the form of the page when it is shown again.
func (s *Server) nextStayForm(t stayTurn) stayForm {
	next := s.stayForm(t.q, t.v, t.a)
	if t.form.Own {
		next = s.ownStayForm(t.v, t.a)
	}
	next.Until = t.form.Until
	return next
}

// goOn ends the page: with a code for the application, or at the list. The event
// is what the person has done, the zero one for nothing.
func (s *Server) goOn(t stayTurn, a grant.Authorization, e audit.Event) {
	if !t.form.Own {
		s.issueCode(t.w, t.r, t.q, a, t.scope, e)
		return
	}
	if e.Kind != "" {
		s.record(t.r, e)
		s.noteDone(t.w, done{Page: AuthorizationsPath, Subject: a.Subject, Application: a.Application, Stays: true})
	}
	redirect(t.w, http.StatusSeeOther, AuthorizationsPath)
}

// refuseStay answers where Odoo does not know the person any more.
func (s *Server) refuseStay(t stayTurn, err error) {
	if t.form.Own {
		s.refuseNobody(t.w, t.r, way{title: t.q.app.Title, path: AuthorizationsPath}, err)
		return
	}
	s.refuseVisit(t.w, t.r, t.q, err)
}

// giveUp ends the page with a failure.
func (s *Server) giveUp(t stayTurn, f *failure) {
	switch {
	case !t.form.Own:
		s.redirectFailure(t.w, t.r, t.q, f)
	case f.code == "access_denied": // revoked meanwhile
		redirect(t.w, http.StatusSeeOther, AuthorizationsPath)
	default:
		s.problem(t.w, t.r, page.StoreUnavailable, t.q.app.Title, "")
	}
}
