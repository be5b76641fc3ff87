package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/page"
)

// retryAfter is the wait that unavailable answers ask for.
const retryAfter = 5 * time.Second

// failure is an error of RFC 6749: of the token endpoint (section 5.2) with
// its status, or of the authorization endpoint (4.1.2.1). Texts are fixed in
// the code and never quote the request.
type failure struct {
	status      int
	code        string
	description string
	retry       time.Duration
	// scheme is what a 401 asks for, Basic if empty: RFC 6749 section 5.2
	// wants the scheme that the client has used.
	scheme string
	// words are those of the original /restapi for it, "" where it had none.
	words string
	// store says that it is the store that has failed.
	store bool
}

// reason is the word for it in the audit trail.
func (f *failure) reason() string {
	if f.store {
		return page.StoreUnavailable.String()
	}
	return f.code
}

func (f *failure) Error() string { return f.code + ": " + f.description }

func invalidRequest(description string) *failure {
	return &failure{status: http.StatusBadRequest, code: "invalid_request", description: description}
}

func invalidGrant(description string) *failure {
	return &failure{status: http.StatusBadRequest, code: "invalid_grant", description: description}
}

func invalidScope(description string) *failure {
	return &failure{status: http.StatusBadRequest, code: "invalid_scope", description: description}
}

func invalidClient() *failure {
	return &failure{status: http.StatusUnauthorized, code: "invalid_client", description: "client authentication failed"}
}

// unnamedClient answers a request that names no client, which tells nobody
// anything that they did not send.
func unnamedClient() *failure {
	f := invalidClient()
	f.description = "no client credentials were sent: use HTTP Basic, or client_id and client_secret in the body"
	return f
}

func unavailable(description string) *failure {
	return &failure{status: http.StatusServiceUnavailable, code: "temporarily_unavailable", description: description, retry: retryAfter}
}

// noDatabase answers while it can not be told whether a grant for another
// database than the configured one is dead.
func noDatabase(err error) *failure {
	if errors.Is(err, connection.ErrNoDatabase) {
		return unavailable("Odoo does not have the gateway's database")
	}
	return unavailable("Odoo does not answer")
}

func serverError() *failure {
	return &failure{status: http.StatusInternalServerError, code: "server_error", description: "the gateway failed"}
}

// storeFailure is the answer to any error of the store that has no meaning of
// its own: nothing was changed, try again.
func (s *Server) storeFailure(what string, err error) *failure {
	s.Logger.Error("grant store failed", zap.String("doing", what), zap.Error(err))
	f := unavailable("the gateway can not reach its store")
	f.store = true
	return f
}

// announce sets the headers that belong to a failure.
func (f *failure) announce(h http.Header) {
	if f.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(f.retry.Seconds())))
	}
	if f.status == http.StatusUnauthorized {
		challenge := `Basic realm="odoo-gateway", charset="UTF-8"`
		if f.scheme != "" {
			challenge = f.scheme + ` realm="odoo-gateway"`
		}
		h.Set("WWW-Authenticate", challenge)
	}
}

// writeFailure answers a program.
func (s *Server) writeFailure(w http.ResponseWriter, r *http.Request, f *failure) {
	audit.Note(r.Context(), f.reason())
	f.announce(w.Header())
	writeJSON(w, f.status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{f.code, f.description})
}

// writeJSON answers a program with something that nobody may keep.
func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil { // only texts and numbers are ever written
		status, b = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// onlyPost answers every other method.
func (s *Server) onlyPost(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodPost {
		return true
	}
	w.Header().Set("Allow", http.MethodPost)
	s.writeFailure(w, r, &failure{status: http.StatusMethodNotAllowed, code: "invalid_request", description: "use POST"})
	return false
}

// problem shows a page to a person. way is a path of ours that leads on, or "".
func (s *Server) problem(w http.ResponseWriter, r *http.Request, kind page.Kind, application, way string) {
	s.writeProblem(w, r, page.Problem{Kind: kind, Application: application, RequestID: s.noteProblem(r, kind), URL: way})
}

// noteProblem logs a problem and returns the id under which it stands there.
func (s *Server) noteProblem(r *http.Request, kind page.Kind) string {
	id := s.RequestID(r)
	reason := kind.String()
	if kind == page.UnknownApplication && s.Applications.ByClientID(asked(r, "client_id")) != nil {
		reason = "archived_application" // the page does not tell strangers
	}
	origin := zap.Skip()
	if kind == page.FormRefused || kind == page.ListRefused {
		// A form of another address is one of this site where the issuer names
		// another scheme, host or port than the one that people use.
		origin = zap.String("origin", short(r.Header.Get("Origin")))
	}
	s.logRefused(origin, zap.String("issuer", s.issuer), zap.String("problem", reason), zap.String("gateway", s.Gateway),
		zap.String("client_id", asked(r, "client_id")), zap.String("redirect_uri", asked(r, "redirect_uri")),
		zap.String("request_id", id))
	return id
}

// writeProblem answers a person with a page, and a program with JSON.
func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, p page.Problem) {
	audit.Note(r.Context(), p.Kind.String())
	w.Header().Add("Vary", "Accept")
	if !prefersJSON(r.Header.Values("Accept")) {
		p.Mine = AuthorizationsPath
		page.WriteProblem(w, r, p)
		return
	}
	if p.Kind.Status() == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	}
	writeJSON(w, p.Kind.Status(), struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		RequestID   string `json:"request_id"`
	}{p.Kind.String(), p.Kind.Describe(), p.RequestID})
}

// asked is a parameter of a refused request, for the administrator who compares
// it with the configuration. A redirect URI may carry secrets behind its path.
func asked(r *http.Request, name string) string {
	value, _, _ := strings.Cut(r.URL.Query().Get(name), "?")
	value, _, _ = strings.Cut(value, "#")
	if _, host, ok := strings.Cut(value, "@"); ok {
		value = host
	}
	return short(value)
}

// short bounds what a stranger can write into the log.
func short(value string) string {
	if len(value) > maxAsked {
		value = value[:maxAsked] + "…"
	}
	return value
}

// maxAsked is in bytes.
const maxAsked = 200

// redirect sends a browser elsewhere. The status is never 307: a form must
// not be sent on.
func redirect(w http.ResponseWriter, status int, location string) {
	h := w.Header()
	h.Set("Location", location)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Length", "0")
	w.WriteHeader(status)
}
