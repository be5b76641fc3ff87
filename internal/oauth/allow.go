package oauth

import (
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/page"
)

// superuser is the id of Odoo's user without limits, whom an administrator can
// become for a while. Odoo calls it internal; it is nobody who may connect.
const superuser = 1

// portalGroup is the Odoo group of portal users.
const portalGroup = "base.group_portal"

// mayConnect tells whether a person may connect an application. The error is
// an *odoo.Error.
func (s *Server) mayConnect(r *http.Request, rt http.RoundTripper, app *application.Application, v visitor) (bool, error) {
	in := func(group string) (bool, error) {
		member, err := s.People.MemberOf(r.Context(), rt, v.session, r.UserAgent(), v.Person, group)
		var failed *odoo.Error
		if errors.As(err, &failed) && failed.Kind == odoo.AccessError {
			return false, nil // not even allowed to ask
		}
		return member && err == nil, err
	}
	if v.UID == superuser {
		return false, nil
	}
	if !v.Internal {
		if app.Allow == (application.Allow{}) {
			return false, nil
		}
		// Who is neither internal nor of the portal is the public user, with
		// whose rights Odoo serves its web site.
		if portal, err := in(portalGroup); !portal {
			return false, err
		}
	}
	if app.Allow.Group != "" {
		return in(app.Allow.Group)
	}
	return true, nil
}

// whoMay says who may connect, for programs.
func whoMay(allow application.Allow) string {
	switch {
	case allow.Group != "":
		return "only members of a group of Odoo may connect this application"
	case allow.Portal:
		return "only internal and portal users of Odoo may connect this application"
	default:
		return "only internal users of Odoo may connect this application"
	}
}

// refusePerson shows who may connect an application to somebody who may not.
func (s *Server) refusePerson(w http.ResponseWriter, r *http.Request, q request) {
	s.settle(w, r)
	p := page.Problem{Kind: page.NotInternal, Application: q.app.Title, RequestID: s.RequestID(r), URL: q.switchPath()}
	switch {
	case q.app.Allow.Group != "":
		p.Kind, p.Group = page.NotInGroup, q.app.Allow.Group
	case q.app.Allow.Portal:
		p.Kind = page.NotAPerson
	}
	s.logRefused(zap.String("problem", p.Kind.String()), zap.String("gateway", s.Gateway),
		zap.String("application", q.app.Name), zap.String("request_id", p.RequestID))
	s.writeProblem(w, r, p)
}
