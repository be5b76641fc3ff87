package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/page"
)

// singleParams are the parameters that are understood and stand once at most.
var singleParams = []string{
	"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state",
	"code_challenge", "code_challenge_method", "prompt",
}

// authorizeParams are all parameters that are understood, in the order in which
// our own path is rebuilt from them. Others, such as login_hint and max_age,
// are ignored.
var authorizeParams = append(slices.Clone(singleParams), resourceParam)

// request is an authorization request whose client and redirect URI are known
// good. The rest of it is judged only once the person is known.
type request struct {
	app    *application.Application
	uri    application.RedirectURI
	params params
}

// path is our own path with the parameters of the request, rebuilt: the way
// back that is given to Odoo's login. without is a prompt that has been done.
func (q request) path(without string) string {
	var b strings.Builder
	b.WriteString(AuthorizePath)
	sep := byte('?')
	for _, name := range authorizeParams {
		values := q.params[name]
		for _, v := range values {
			if name == "prompt" && without != "" {
				words := slices.DeleteFunc(strings.Fields(v), func(w string) bool { return w == without })
				v = strings.Join(words, " ")
			}
			// An empty value is as good as none, unless it is sent twice.
			if v == "" && len(values) == 1 {
				continue
			}
			b.WriteByte(sep)
			b.WriteString(name + "=" + escape(v))
			sep = '&'
		}
	}
	return b.String()
}

// prompts tells whether the request asks for that prompt.
func (q request) prompts(word string) bool {
	return slices.Contains(strings.Fields(q.params.get("prompt")), word)
}

// silent tells whether a request asks for no page at all. Only such a one may
// come from a frame.
func silent(p params) bool { return request{params: p}.prompts("none") }

// redirectURI is where the browser goes: what the request says, which is the
// registered URI but for the port of a public client on loopback.
func (q request) redirectURI() string { return q.params.get("redirect_uri") }

// consentKey is the redirect URI that a consent is remembered for.
func (q request) consentKey() string {
	if q.uri.Individually {
		return q.uri.URI
	}
	return ""
}

// escape encodes a query value; a space is %20, which every decoder reads alike.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// Authorize serves the authorization endpoint, for browsers and in the form
// for programs. rt carries calls in the name of this browser.
func (s *Server) Authorize(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		s.problem(w, r, page.WrongMethod, "", "")
		return
	}
	if wantsJSON(r) {
		s.authorizeJSON(w, r, rt)
		return
	}
	p, err := readQuery(r)
	if err == nil && r.Method == http.MethodPost {
		var body params
		if body, err = readBody(r); err == nil {
			p.add(body)
		}
	}
	if err != nil {
		s.problem(w, r, page.BadRequest, "", "")
		return
	}
	// A program that gets no page in any case needs no window either.
	if _, program := w.(*pageless); !program && !silent(p) && !topLevel(r) {
		way := ""
		if q, _, ok := s.request(p); ok {
			way = q.path("")
		}
		s.problem(w, r, page.NotAWindow, "", way)
		return
	}
	if !slices.ContainsFunc(authorizeParams, func(n string) bool { return len(p[n]) > 0 }) && s.offerPending(w, r) {
		return
	}
	q, kind, ok := s.request(p)
	if !ok {
		s.refuseRequest(w, r, rt, p, kind)
		return
	}
	if q.prompts("login") && !q.prompts("none") {
		s.switchAccount(w, r, q)
		return
	}
	v, err := s.visit(w, r, rt, q.app)
	if err != nil {
		s.refuseVisit(w, r, q, err)
		return
	}
	r = v.reads(r)
	if !v.allowed && !q.prompts("none") {
		s.refusePerson(w, r, q)
		return
	}
	s.decide(w, r, rt, q, v)
}

// request validates what must hold before anything else: an error here is a
// page, never a redirect.
func (s *Server) request(p params) (request, page.Kind, bool) {
	if p.twice("client_id", "redirect_uri") {
		return request{}, page.BadRequest, false
	}
	if p.get("client_id") == "" {
		return request{}, page.BadRequest, false
	}
	app := s.Applications.ByClientID(p.get("client_id"))
	if app == nil || !app.Active {
		return request{}, page.UnknownApplication, false
	}
	if p.get("redirect_uri") == "" {
		return request{}, page.MissingRedirect, false
	}
	uri, ok := app.ActiveRedirectURI(p.get("redirect_uri"))
	if !ok {
		return request{}, page.UnknownRedirect, false
	}
	return request{app: app, uri: uri, params: p}, 0, true
}

// check judges the rest of a request and returns the scope to grant.
func (s *Server) check(q request, v visitor, scheme Scheme) ([]string, *failure) {
	p := q.params
	prompt := strings.Fields(p.get("prompt"))
	switch {
	case p.twice(singleParams...):
		return nil, invalidRequest("a parameter was sent twice")
	case len(p.get("state")) > maxState:
		return nil, invalidRequest("state is longer than 2 KB")
	case p.get("response_type") == "":
		return nil, invalidRequest("response_type is missing")
	case p.get("response_type") != "code":
		return nil, &failure{code: "unsupported_response_type", description: "response_type must be code"}
	case p.get("response_mode") != "" && p.get("response_mode") != "query":
		return nil, invalidRequest("response_mode must be query")
	case len(prompt) > 1 && slices.Contains(prompt, "none"):
		return nil, invalidRequest("prompt none stands alone")
	case !v.allowed:
		return nil, &failure{code: "access_denied", description: whoMay(q.app.Allow)}
	}
	if f := checkChallenge(q.app, p); f != nil {
		return nil, f
	}
	if f := s.checkResource(p); f != nil {
		return nil, f
	}
	return grantedScope(q.app, scheme, p.get("scope"))
}

// remembered finds the consent that a request may rely on: of this person, for
// this URI where it stands alone, to all that is asked for now, and to what the
// scheme allows now. ok is false where there is none.
func (s *Server) remembered(r *http.Request, q request, v visitor, scheme Scheme, scope []string) (a grant.Authorization, ok bool, f *failure) {
	// Nothing proves that it is a public client that asks (RFC 6749 section 10.2).
	if q.app.Public || q.app.Consent == application.ConsentEveryTime {
		return grant.Authorization{}, false, nil
	}
	a, err := s.Store.FindAuthorization(r.Context(), q.app.Name, v.subject, q.consentKey())
	switch {
	case errors.Is(err, grant.ErrNotFound):
		return grant.Authorization{}, false, nil
	case err != nil:
		return grant.Authorization{}, false, s.storeFailure("looking for a consent", err)
	}
	// Who was never asked is asked once the application is trusted no more.
	said := !a.ConsentedAt.IsZero() || trusted(r, q.app)
	return a, said && a.Live() && a.ConsentDigest == scheme.Digest() && covers(a.Scope, scope), nil
}

// scheme finds the model scheme of the application.
func (s *Server) scheme(q request) (Scheme, *failure) {
	scheme := s.Scheme(q.app.Scheme)
	if scheme == nil {
		s.Logger.Error("application has no model scheme", zap.String("application", q.app.Name))
		return nil, serverError()
	}
	return scheme, nil
}

// decide goes on for a known person: silently where they have consented
// before or need not be asked, else with the consent page.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, rt http.RoundTripper, q request, v visitor) {
	scheme, f := s.scheme(q)
	if f != nil {
		s.redirectFailure(w, r, q, f)
		return
	}
	scope, f := s.check(q, v, scheme)
	if f != nil {
		s.redirectFailure(w, r, q, f)
		return
	}
	a, remembered, f := s.remembered(r, q, v, scheme, scope)
	if f != nil {
		s.redirectFailure(w, r, q, f)
		return
	}
	// The consent page is also where another account is chosen.
	ask := q.prompts("consent") || q.prompts("select_account")
	switch {
	case remembered && !ask:
		o := s.offers(q, v, a.Connection, false)
		if o != mustStay {
			if f := s.reattach(r.Context(), a, v); f != nil {
				s.redirectFailure(w, r, q, f)
				return
			}
		}
		s.conclude(w, r, q, v, a, scope, o, audit.Event{})
	case trusted(r, q.app) && !ask:
		s.allow(w, r, q, v, yes{scope: scope, digest: scheme.Digest(), trusted: true})
	case q.prompts("none"):
		s.redirectFailure(w, r, q, &failure{code: "consent_required", description: "the person has not consented"})
	default:
		s.settle(w, r)
		s.showConsent(w, r, rt, q, v, scheme, scope)
	}
}

// redirectFailure tells the application of an error through the browser. The
// person has been authenticated before, or prompt=none asked for no question.
func (s *Server) redirectFailure(w http.ResponseWriter, r *http.Request, q request, f *failure) {
	audit.Note(r.Context(), f.reason())
	s.sendBack(w, r, q, "error="+escape(f.code)+"&error_description="+escape(f.description))
}

// sendBack ends the flow: it sends the browser to the redirect URI.
func (s *Server) sendBack(w http.ResponseWriter, r *http.Request, q request, answer string) {
	s.settle(w, r)
	s.dropCookie(w, r, pendingCookie)
	if state := q.params.get("state"); state != "" && len(state) <= maxState && !q.params.twice("state") {
		answer += "&state=" + escape(state)
	}
	answer += "&iss=" + escape(s.issuer)
	sep := "?"
	if strings.Contains(q.redirectURI(), "?") {
		sep = "&"
	}
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	redirect(w, status, q.redirectURI()+sep+answer)
}
