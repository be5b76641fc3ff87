package oauth

import (
	"net/http"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/page"
)

// maxShown bounds what is shown of a redirect URI that nobody has registered.
const maxShown = 500

// refuseRequest shows why an authorization request leads nowhere, and to an
// administrator of Odoo what was received and what is registered.
func (s *Server) refuseRequest(w http.ResponseWriter, r *http.Request, rt http.RoundTripper, p params, kind page.Kind) {
	s.noteClient(r, p)
	problem := page.Problem{Kind: kind, RequestID: s.noteProblem(r, kind)}
	if (kind == page.UnknownApplication || kind == page.UnknownRedirect || kind == page.MissingRedirect) && topLevel(r) {
		if v, err := s.who(w, r, rt); err == nil {
			r = v.reads(r)
			if v.System {
				problem.Advice = s.advise(p)
			}
		}
	}
	s.writeProblem(w, r, problem)
}

// noteClient notes whose client id a request has that leads nowhere.
func (s *Server) noteClient(r *http.Request, p params) {
	if app := s.Applications.ByClientID(p.get("client_id")); app != nil && !p.twice("client_id") {
		audit.NoteClient(r.Context(), app.Name, app.ClientID)
	}
}

// advise is what an administrator compares.
func (s *Server) advise(p params) *page.Advice {
	app := s.Applications.ByClientID(p.get("client_id"))
	switch {
	case app == nil:
		return &page.Advice{ClientID: shown(p.get("client_id"))}
	case !app.Active:
		return &page.Advice{ClientID: app.ClientID, Archived: app.Title}
	}
	a := &page.Advice{Received: shown(p.get("redirect_uri"))}
	for _, u := range app.RedirectURIs {
		a.Registered = append(a.Registered, page.Registered{URI: u.URI, Archived: !u.Active})
	}
	return a
}

func shown(text string) string {
	if len(text) > maxShown {
		return text[:maxShown] + "…"
	}
	return text
}
