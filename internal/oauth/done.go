package oauth

import (
	"net/http"
	"slices"
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
	// Stays: it was not revoked, but stays connected.
	Stays bool `json:"s,omitempty"`
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

// said is what the list says after one of its forms, by what is left in it.
func (s *Server) said(d done, left []page.Authorization) page.Done {
	title := s.titleOf(d.Application)
	switch {
	case d.Stays:
		return page.Done{Application: title, Stays: true}
	case d.Application == "":
		return page.Done{All: len(left) == 0}
	}
	return page.Done{Application: title, Part: slices.ContainsFunc(left, func(a page.Authorization) bool { return a.Application == title })}
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
