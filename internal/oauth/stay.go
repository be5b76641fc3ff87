package oauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/page"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// StayPath is the page that offers to stay connected after logging out of
// Odoo, by an API key.
const StayPath = "/restapi/1.0/common/oauth2/stay"

// maxStayQuery bounds the way to that page: it carries a whole authorization
// request, sealed.
const maxStayQuery = 24 << 10

// offer is what is said about staying connected before a code goes out.
type offer int

const (
	noOffer  offer = iota
	mayStay        // the person may have a key, or not
	mustStay       // without a key the application gets no code
)

// offers tells what to offer. asked: the person has just been asked for
// consent; who was not is disturbed only where a key has ended, or soon will.
func (s *Server) offers(q request, v visitor, c grant.Connection, asked bool) offer {
	works := connection.KeyWorks(c, s.Now())
	soon := works && connection.KeyEndsSoon(c, s.Now())
	lost := c.Kind == grant.APIKey && !works
	switch {
	case q.app.Connection == application.ConnectionSession:
		return noOffer
	case q.app.Connection == application.ConnectionAPIKey && !works:
		return mustStay
	case v.Internal && (soon || lost || asked && !works):
		return mayStay
	default:
		return noOffer
	}
}

// conclude sends the code, or first offers to stay connected. The event is that
// of a consent that was given just now, the zero one for none.
func (s *Server) conclude(w http.ResponseWriter, r *http.Request, q request, v visitor, a grant.Authorization, scope []string, o offer, e audit.Event) {
	codeFollows := o == noOffer || q.prompts("none") && o != mustStay
	if !codeFollows && e.Kind != "" {
		s.record(r, e)
	}
	switch {
	case o == mustStay && !v.Internal:
		s.redirectFailure(w, r, q, &failure{code: "access_denied",
			description: "the application needs an API key, which only internal users of Odoo can have"})
	case o == mustStay && q.prompts("none"):
		s.redirectFailure(w, r, q, keyRequired())
	case codeFollows:
		s.issueCode(w, r, q, a, scope, e)
	default:
		s.settle(w, r)
		redirect(w, http.StatusSeeOther, s.stayURL(s.stayForm(q, v, a)))
	}
}

// keyRequired is the answer to a request that can not get a code without the
// person: the application insists on an API key.
func keyRequired() *failure {
	return &failure{status: http.StatusForbidden, code: "interaction_required",
		description: "the person has to set up an API key: authorize in a browser"}
}

// stayForm is what the page stands for. It is sealed into the way to it and
// into its form: nothing of it can be changed, read or made up outside.
type stayForm struct {
	// Own: the person comes from the list of their authorizations, and there is
	// no request.
	Own           bool      `json:"o,omitempty"`
	Params        params    `json:"p"`
	Session       string    `json:"s"` // hash
	Subject       string    `json:"u"`
	Authorization string    `json:"a"`
	Nonce         string    `json:"n"`
	Until         time.Time `json:"t"`
}

func (s *Server) stayForm(q request, v visitor, a grant.Authorization) stayForm {
	known := params{}
	for _, name := range authorizeParams {
		if values := slices.DeleteFunc(slices.Clone(q.params[name]), func(v string) bool { return v == "" }); len(values) > 0 {
			known[name] = values
		}
	}
	return stayForm{
		Params: known, Session: grant.HashToken(v.session), Subject: v.subject, Authorization: a.ID,
		Nonce: grant.NewID(), Until: s.Now().Add(formLife),
	}
}

func (s *Server) sealStay(f stayForm) string {
	plain, err := json.Marshal(f)
	if err != nil { // a struct of texts: never fails
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(s.Seal.Seal(plain, s.associated("stay")))
}

func (s *Server) openStay(token string) (stayForm, bool) {
	var f stayForm
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return stayForm{}, false
	}
	plain, err := s.Seal.Open(sealed, s.associated("stay"))
	if err != nil || json.Unmarshal(plain, &f) != nil {
		return stayForm{}, false
	}
	return f, true
}

// stayURL is the way to the page.
func (s *Server) stayURL(f stayForm) string { return StayPath + "?t=" + s.sealStay(f) }

// Stay serves the page and takes its answer. rt carries calls in the name of
// this browser.
func (s *Server) Stay(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	if !topLevel(r) {
		s.problem(w, r, page.NotAWindow, "", "")
		return
	}
	var p params
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		values, err := url.ParseQuery(r.URL.RawQuery)
		if len(r.URL.RawQuery) <= maxStayQuery && err == nil {
			p = params(values)
		}
	case http.MethodPost:
		if body, err := readBody(r); err == nil && s.fromOurPage(r) {
			p = body
		}
	default:
		w.Header().Set("Allow", "GET, POST")
		s.problem(w, r, page.WrongMethod, "", "")
		return
	}
	f, ok := s.openStay(p.get("t"))
	if !ok || p.twice("t", "decision", "password") {
		s.problem(w, r, page.FormRefused, "", "")
		return
	}
	t, ok := s.stayTurn(w, r, rt, f)
	switch {
	case !ok:
	case r.Method == http.MethodPost:
		s.answerStay(t, p)
	default:
		s.showStay(t, page.StayAsks, p.get("confirmed") == "1")
	}
}

// stayTurn is one visit of the page by the person whom it is for.
type stayTurn struct {
	w     http.ResponseWriter
	r     *http.Request
	rt    http.RoundTripper
	form  stayForm
	q     request
	v     visitor
	a     grant.Authorization
	scope []string
	offer offer
}

// stayTurn finds out who sits there, and whether what the form stands for is
// still so. Where it is not, the browser has been answered.
func (s *Server) stayTurn(w http.ResponseWriter, r *http.Request, rt http.RoundTripper, f stayForm) (t stayTurn, ok bool) {
	if f.Own {
		return s.ownStayTurn(w, r, rt, f)
	}
	q, kind, ok := s.request(f.Params)
	if !ok { // the configuration has changed since
		s.problem(w, r, kind, "", "")
		return stayTurn{}, false
	}
	if !s.Now().Before(f.Until) {
		s.problem(w, r, page.FormRefused, q.app.Title, q.path(""))
		return stayTurn{}, false
	}
	v, err := s.visit(w, r, rt, q.app)
	if err != nil {
		s.refuseVisit(w, r, q, err)
		return stayTurn{}, false
	}
	r = v.reads(r)
	if !v.allowed {
		s.refusePerson(w, r, q)
		return stayTurn{}, false
	}
	scheme, failed := s.scheme(q)
	if failed != nil {
		s.redirectFailure(w, r, q, failed)
		return stayTurn{}, false
	}
	scope, failed := s.check(q, v, scheme)
	if failed != nil {
		s.redirectFailure(w, r, q, failed)
		return stayTurn{}, false
	}
	a, err := s.Store.Authorization(r.Context(), f.Authorization)
	if err != nil && !errors.Is(err, grant.ErrNotFound) {
		s.redirectFailure(w, r, q, s.storeFailure("looking for a consent", err))
		return stayTurn{}, false
	}
	// Somebody else sits here now, or the consent is not what it was: ask again.
	if err != nil || v.subject != f.Subject || a.Subject != v.subject || a.Application != q.app.Name || !a.Live() ||
		a.ConsentDigest != scheme.Digest() || !covers(a.Scope, scope) {
		redirect(w, http.StatusSeeOther, q.path(""))
		return stayTurn{}, false
	}
	t = stayTurn{w: w, r: r, rt: rt, form: f, q: q, v: v, a: a, scope: scope}
	if t.offer = s.offers(q, v, a.Connection, true); t.offer == noOffer {
		// Another tab was faster, or somebody goes back to this address: an
		// application whose people are asked each time gets no code for that.
		redirect(w, http.StatusSeeOther, q.path(""))
		return stayTurn{}, false
	}
	return t, true
}

// printsNow tells whether the application can print reports as long as it has no
// key.
func (s *Server) printsNow(t stayTurn) bool {
	rules, scope := s.Scheme(t.q.app.Scheme), t.scope
	if t.form.Own {
		scope = s.stillHas(t.q.app, t.a.Scope)
	}
	return rules != nil && t.q.app.Prints() && t.a.Connection.Kind != grant.APIKey &&
		slices.ContainsFunc(rules.Words(t.r.Context(), nil, append([]string{}, scope...)), func(said scheme.Statement) bool { return said.Act == scheme.ActPrint })
}

// showStay shows the page. confirmed: the person comes from Odoo's own page
// for that.
func (s *Server) showStay(t stayTurn, state page.StayState, confirmed bool) {
	identity, err := s.Connections.IdentityPage(t.r.Context(), t.rt, t.v.session, t.r.UserAgent())
	token := s.sealStay(s.nextStayForm(t))
	if err != nil {
		s.Logger.Warn("can not ask odoo how people confirm who they are", zap.Error(err))
		s.problem(t.w, t.r, page.OdooUnavailable, t.q.app.Title, StayPath+"?t="+token)
		return
	}
	p := page.Stay{
		Application: t.q.app.Title, Logo: logoOf(t.q.app), Name: t.v.Name, Login: t.v.Login, Database: t.v.Database,
		KeyName: connection.KeyName(t.q.app.Title), RedirectURI: t.q.redirectURI(), Mine: AuthorizationsPath, Own: t.form.Own,
		Must: t.offer == mustStay, Again: t.a.Connection.Kind == grant.APIKey, State: state, NoReports: s.printsNow(t),
		Action: StayPath, Token: token, Confirmed: confirmed,
	}
	if identity != "" {
		p.ConfirmURL = identity + "?redirect=" + url.QueryEscape(StayPath+"?t="+token+"&confirmed=1")
	}
	page.WriteStay(t.w, t.r, p)
}
