package demo

import (
	"errors"
	"net/http"

	"go.uber.org/zap"
)

// Notices that people read after a connect that came to nothing.
const (
	noticeStale   = "That connect was not started here, or took too long. Please try again."
	noticeDenied  = "Odoo was not connected: access was denied."
	noticeRefused = "Odoo did not accept the connection. Please try again."
	noticeAway    = "Odoo can not be reached right now. Please try again in a moment."
)

// authenticate starts a connect: POST, so that no link can.
func (w *Wiki) authenticate(rw http.ResponseWriter, r *http.Request) {
	server, session := w.form(rw, r)
	if session == nil {
		return
	}
	state := session.begin(pending{server: server.Name, page: w.known(r.PostFormValue("page")), since: w.config.Now()})
	http.Redirect(rw, r, w.authorizeURL(server, state), http.StatusSeeOther)
}

// disconnect forgets the tokens, here and at the server.
func (w *Wiki) disconnect(rw http.ResponseWriter, r *http.Request) {
	server, session := w.form(rw, r)
	if session == nil {
		return
	}
	if err := w.forget(r.Context(), server, session.connection(server.Name)); err != nil {
		w.config.Logger.Warn("revoking at the server failed; the tokens are forgotten here", zap.String("server", server.Name), zap.Error(err))
	}
	http.Redirect(rw, r, "/pages/"+w.known(r.PostFormValue("page")), http.StatusSeeOther)
}

// callback takes the answer of a connect. Only the session that began it can
// end it: without that, somebody could have a stranger's browser finish a
// connect to an account of their own.
func (w *Wiki) callback(rw http.ResponseWriter, r *http.Request) {
	session := w.sessions.open(rw, r, w.secure())
	query := r.URL.Query()
	begun, ok := session.finish(query.Get("state"), w.config.Now())
	server := w.server(begun.server)
	if !ok || server == nil || !issuedBy(server, query.Get("iss")) {
		session.say(noticeStale)
		http.Redirect(rw, r, "/pages/"+w.known(begun.page), http.StatusSeeOther)
		return
	}
	switch problem := query.Get("error"); {
	case problem == "access_denied":
		session.say(noticeDenied)
	case problem == "temporarily_unavailable" || problem == "server_error":
		session.say(noticeAway)
	case problem != "" || query.Get("code") == "":
		session.say(noticeRefused)
	default:
		err := w.exchange(r.Context(), server, session.connection(server.Name), query.Get("code"))
		if errors.Is(err, errAway) {
			session.say(noticeAway)
		} else if err != nil {
			session.say(noticeRefused)
		}
		if err != nil {
			w.config.Logger.Warn("code exchange failed", zap.String("server", server.Name), zap.Error(err))
		}
	}
	http.Redirect(rw, r, "/pages/"+begun.page, http.StatusSeeOther)
}

// form returns the server and session of a form of ours, or answers that it
// is none.
func (w *Wiki) form(rw http.ResponseWriter, r *http.Request) (*Server, *session) {
	r.Body = http.MaxBytesReader(rw, r.Body, 16<<10)
	server, session := w.server(r.PathValue("server")), w.sessions.of(r)
	switch {
	case server == nil:
		http.NotFound(rw, r)
		return nil, nil
	case session == nil || !session.checkForm(r):
		http.Error(rw, "This form is not from your own page, or that page is too old. Go back, reload it and try again.", http.StatusForbidden)
		return nil, nil
	}
	return server, session
}

// issuedBy tells whether an answer is from the server that was asked (RFC
// 9207); an answer that does not say is taken for it.
func issuedBy(s *Server, iss string) bool {
	return iss == "" || iss == s.URL.String()
}

// known returns the slug of a page of this wiki: the given one, or the front
// page's.
func (w *Wiki) known(slug string) string {
	for _, p := range w.pages {
		if p.slug == slug {
			return slug
		}
	}
	return w.pages[0].slug
}

func (w *Wiki) secure() bool { return w.config.URL.Scheme == "https" }
