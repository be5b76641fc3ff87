package oauth

import (
	"net/http"
	"time"

	"github.com/caddy-odoo/gateway/internal/page"
)

// doneCookie keeps what a form has done until the page after it has said so.
const doneCookie = "odoo_gateway_done"

// doneLife is how long that page may take to come.
const doneLife = time.Minute

// done is what a form has done. The page that says it is the answer to a
// redirect: nothing is done again where it is loaded again, and nothing of it
// stands in an address, which anybody could make up.
type done struct {
	// Page is the path of the page that says it.
	Page    string `json:"p"`
	Subject string `json:"u"`
	// Application is the configured name of the one that was revoked, "" for
	// all.
	Application string `json:"a,omitempty"`
	// Count is how many authorizations were revoked.
	Count int       `json:"n"`
	Until time.Time `json:"t"`
}

// noteDone lets the next page say what was done.
func (s *Server) noteDone(w http.ResponseWriter, d done) {
	d.Until = s.Now().Add(doneLife)
	s.setCookie(w, doneCookie, d, doneLife)
}

// takeDone is what the page at a path has to say to a person, once.
func (s *Server) takeDone(w http.ResponseWriter, r *http.Request, path, subject string) (d done, ok bool) {
	ok = s.readCookie(r, doneCookie, &d) && d.Page == path
	if ok {
		s.dropCookie(w, r, doneCookie)
	}
	return d, ok && d.Subject == subject && s.Now().Before(d.Until)
}

// revoked is what the list says after one of its forms, by what is left in it.
func (s *Server) revoked(d done, left []page.Authorization) page.Revoked {
	if d.Application == "" {
		return page.Revoked{All: len(left) == 0}
	}
	title := s.titleOf(d.Application)
	for _, a := range left {
		if a.Application == title {
			return page.Revoked{Application: title, Part: true}
		}
	}
	return page.Revoked{Application: title}
}

// titleOf is what people call an application, its configured name where it is
// not registered any more.
func (s *Server) titleOf(name string) string {
	if app := s.Applications.ByName(name); app != nil {
		return app.Title
	}
	return name
}

// NoteRevoked lets the next page of the console say how many authorizations its
// form has revoked.
func (s *Server) NoteRevoked(w http.ResponseWriter, a Administrator, home string, count int) {
	s.noteDone(w, done{Page: home, Subject: a.Subject, Count: count})
}

// TakeRevoked is how many NoteRevoked was told, once; 0 where it was not.
func (s *Server) TakeRevoked(w http.ResponseWriter, r *http.Request, a Administrator, home string) int {
	d, ok := s.takeDone(w, r, home, a.Subject)
	if !ok {
		return 0
	}
	return d.Count
}
