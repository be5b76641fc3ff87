package oauth

import (
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/page"
)

// askBrowser ends the texts that tell what to do.
const askBrowser = ": send the person's browser to this endpoint, with the parameters in the URL"

// wantsJSON tells whether an authorization request is in the documented form
// for programs: with parameters in the Authorization header, or with a
// preference for JSON. Two such headers count as that form too: it refuses them.
func wantsJSON(r *http.Request) bool {
	return isHeaderForm(r) || len(r.Header.Values("Authorization")) > 1 || prefersJSON(r.Header.Values("Accept"))
}

// prefersJSON tells whether an Accept header names application/json before
// text/html: with the higher quality, or first where they are alike.
func prefersJSON(accept []string) bool {
	var asJSON, asHTML float64
	first := ""
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, attributes, err := mime.ParseMediaType(part)
		if err != nil || kind != "application/json" && kind != "text/html" {
			continue
		}
		quality := 1.0
		if q, ok := attributes["q"]; ok {
			if quality, err = strconv.ParseFloat(q, 64); err != nil || !(quality >= 0 && quality <= 1) {
				continue
			}
		}
		if first == "" {
			first = kind
		}
		if kind == "text/html" {
			asHTML = max(asHTML, quality)
		} else {
			asJSON = max(asJSON, quality)
		}
	}
	return asJSON > asHTML || asJSON > 0 && asJSON == asHTML && first == "application/json"
}

// authorizeJSON answers the form for programs with {code, state}. There is no
// redirect URI between the code and whoever asks, so it serves a person's own
// program alone: with a session, for an application that can prove itself
// later, and after a consent given in a browser. It never redirects, never asks
// for anything, and never consents.
func (s *Server) authorizeJSON(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	code, state, f := s.codeForProgram(w, r, rt)
	if f == nil {
		writeJSON(w, http.StatusOK, struct {
			Code  string `json:"code"`
			State string `json:"state,omitempty"`
		}{code, state})
		return
	}
	switch {
	case f.code == "access_denied":
		f.status = http.StatusForbidden
	case f.status == 0:
		f.status = http.StatusBadRequest
	}
	f.scheme = headerScheme // Basic would make browsers ask for a password
	s.logRefused(zap.String("problem", f.code), zap.String("request_id", s.RequestID(r)))
	s.writeFailure(w, r, f)
}

func (s *Server) codeForProgram(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) (code, state string, f *failure) {
	if !fromProgram(r) {
		return "", "", refused("unauthorized_client", "a script of a page may not ask for a code"+askBrowser)
	}
	q, f := s.programRequest(r)
	if f != nil {
		return "", "", f
	}
	if q.app.Public {
		return "", "", refused("unauthorized_client", "only an application with a secret gets its code this way"+askBrowser)
	}
	v, err := s.visit(w, r, rt, q.app)
	if err != nil {
		return "", "", s.programVisit(err)
	}
	scheme, f := s.scheme(q)
	if f != nil {
		return "", "", f
	}
	scope, f := s.check(q, v, scheme)
	switch {
	case f != nil:
		return "", "", f
	case q.prompts("login"):
		return "", "", loginRequired("prompt=login needs a browser")
	case q.prompts("consent"):
		return "", "", refused("consent_required", "prompt=consent needs a browser"+askBrowser)
	case q.prompts("select_account"):
		return "", "", refused("account_selection_required", "prompt=select_account needs a browser"+askBrowser)
	case q.app.Consent == application.ConsentEveryTime:
		return "", "", refused("consent_required", "this application asks the person every time"+askBrowser)
	}
	a, remembered, f := s.remembered(r, q, v, scheme, scope)
	switch {
	case f != nil:
		return "", "", f
	case !remembered:
		return "", "", refused("consent_required", "this person has not allowed the application what it asks for"+askBrowser)
	}
	if f := s.reattach(r.Context(), a, v); f != nil {
		return "", "", f
	}
	code, f = s.newCode(r, q, a, scope, audit.Event{})
	return code, q.params.get("state"), f
}

// programRequest reads and validates an authorization request in the form for
// programs. A parameter may stand in one place only.
func (s *Server) programRequest(r *http.Request) (request, *failure) {
	p, err := readQuery(r)
	if err == nil && r.Method == http.MethodPost {
		var body params
		if body, err = readBody(r); err == nil {
			p.add(body)
		}
	}
	if err == nil {
		var header params
		if header, err = readHeader(r); err == nil {
			p.add(header)
		}
	}
	switch {
	case errors.Is(err, errBodyTooLarge):
		return request{}, &failure{status: http.StatusRequestEntityTooLarge, code: "invalid_request", description: err.Error()}
	case err != nil:
		return request{}, invalidRequest(err.Error())
	case p.twice(singleParams...):
		return request{}, invalidRequest("a parameter was sent twice")
	case !utf8.ValidString(p.get("state")):
		return request{}, invalidRequest("state is not UTF-8") // JSON could not return it as it is
	}
	q, kind, ok := s.request(p)
	if ok {
		return q, nil
	}
	s.noteClient(r, p)
	switch {
	case kind == page.UnknownApplication:
		f := invalidClient()
		f.description = "client_id names no active application"
		return request{}, f
	case kind == page.MissingRedirect:
		return request{}, invalidRequest("redirect_uri is missing")
	case kind == page.UnknownRedirect:
		return request{}, invalidRequest("redirect_uri is not registered for the application")
	default:
		return request{}, invalidRequest("client_id is missing")
	}
}

// programVisit says why visit found nobody.
func (s *Server) programVisit(err error) *failure {
	var failed *odoo.Error
	switch isOdoo := errors.As(err, &failed); {
	case errors.Is(err, errOtherDatabase):
		return refused("access_denied", "the session belongs to another Odoo database: log in to the one of this gateway")
	case isOdoo && failed.Kind == odoo.CheckIdentity:
		return loginRequired("Odoo wants this person to confirm who they are")
	case isOdoo && failed.Kind != odoo.SessionExpired:
		s.Logger.Warn("can not ask odoo who this is", zap.Error(err))
		return unavailable("Odoo does not answer: try again later")
	default:
		return loginRequired("the request needs the session cookie of somebody who is logged in to Odoo")
	}
}

// fromProgram refuses what browsers mark as the work of a script or of another
// site. Programs send no such marks, and somebody who looks at the answer in a
// browser navigates to it.
func fromProgram(r *http.Request) bool {
	for _, mode := range r.Header.Values("Sec-Fetch-Mode") {
		if mode != "navigate" {
			return false
		}
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "none" && site != "same-origin" {
			return false
		}
	}
	return true
}

func refused(code, description string) *failure {
	return &failure{status: http.StatusForbidden, code: code, description: description}
}

func loginRequired(description string) *failure {
	return &failure{status: http.StatusUnauthorized, code: "login_required", description: description + askBrowser}
}
