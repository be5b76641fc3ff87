package oauth

import (
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/caddy-odoo/gateway/internal/page"
)

const orestAuthorization = "OrestapiOauth2Authorization-"

// OrestAuthorize serves the authorization endpoint under its name of
// /orestapi: the same flow, with two differences. A response_type that is left
// out is code, because the original never looked at it; and a program is told
// in its literal codes what a person reads on a page. A code goes to the
// redirect URI and nowhere else.
func (s *Server) OrestAuthorize(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	p, err := readQuery(r)
	if err == nil && r.Method == http.MethodPost {
		var body params
		if body, err = readBody(r); err == nil {
			p.add(body)
		}
	}
	program := !navigates(r)
	switch {
	case err != nil && program:
		s.writeOrest(w, r, orestFailure(invalidRequest(err.Error())))
		return
	case err != nil:
		s.problem(w, r, page.BadRequest, "", "")
		return
	case program:
		if e := s.orestRequest(r, p); e != nil {
			s.writeOrest(w, r, e)
			return
		}
		w = &pageless{ResponseWriter: w, server: s, request: r}
	}
	if p.get("client_id") != "" && len(p["response_type"]) == 0 {
		p["response_type"] = []string{"code"}
	}
	plain := r.Clone(r.Context())
	plain.URL = &url.URL{Path: AuthorizePath, RawQuery: url.Values(p).Encode()}
	plain.Body, plain.ContentLength = http.NoBody, 0
	plain.Header.Del("Authorization")
	plain.Header.Set("Accept", "text/html")
	s.Authorize(w, plain, rt)
}

// navigates tells whether somebody looks at the answer: browsers say that they
// navigate, or that they take HTML.
func navigates(r *http.Request) bool {
	if mode := r.Header.Values("Sec-Fetch-Mode"); len(mode) > 0 {
		return len(mode) == 1 && mode[0] == "navigate"
	}
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		kind, attributes, err := mime.ParseMediaType(part)
		if err != nil || kind != "text/html" {
			continue
		}
		if q, err := strconv.ParseFloat(attributes["q"], 64); attributes["q"] == "" || err == nil && q > 0 {
			return true
		}
	}
	return false
}

// orestRequest says in literal codes what is wrong with client and redirect
// URI of a request.
func (s *Server) orestRequest(r *http.Request, p params) *orestError {
	refuse := func(number, message, code string) *orestError {
		return &orestError{code: orestAuthorization + number, message: message, cause: &failure{code: code, description: message, scheme: headerScheme}}
	}
	switch {
	case !p.names(authorizeParams...):
		return refuse("0001", "No parameter found in request", "invalid_request")
	case p.twice("client_id", "redirect_uri"):
		return orestFailure(invalidRequest("a parameter was sent twice"))
	case p.get("client_id") == "":
		return refuse("0002", "No client_id found in request", "invalid_request")
	case p.get("redirect_uri") == "":
		return refuse("0003", "No redirect_uri found in request", "invalid_request")
	}
	_, kind, ok := s.request(p)
	if ok {
		return nil
	}
	s.noteClient(r, p)
	switch {
	case kind == page.UnknownApplication:
		return refuse("0004", "Could not find active application", "invalid_client")
	default:
		return refuse("0005", "Redirect URI not found or misconfigured", "invalid_request")
	}
}

// pageless gives a program the literal code where a person would see a page.
// Redirects pass.
type pageless struct {
	http.ResponseWriter
	server  *Server
	request *http.Request
	written bool
	page    bool
}

// WriteHeader implements http.ResponseWriter.
func (w *pageless) WriteHeader(status int) {
	if w.written {
		return
	}
	w.written = true
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.page = true
	f := &failure{status: status, code: "interaction_required", description: "a person has to go on in a browser", scheme: headerScheme}
	e := &orestError{code: orestAuthorization + "0006", message: "Could not get authorization code", cause: f}
	switch status {
	case http.StatusServiceUnavailable:
		e = orestFailure(unavailable("the gateway can not answer now"))
	case http.StatusMethodNotAllowed:
		f.code, f.description = "invalid_request", "use GET or POST"
		e = orestFailure(f)
	}
	w.server.writeOrest(w.ResponseWriter, w.request, e)
}

// Write implements io.Writer.
func (w *pageless) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.page {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}
