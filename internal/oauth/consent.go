package oauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/page"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// formLife is how long a consent form may be sent.
const formLife = 10 * time.Minute

// form is what a consent page stands for. It is sealed into the page: nothing
// of it can be changed, read or made up outside.
type form struct {
	Params  params    `json:"p"`
	Session string    `json:"s"` // hash
	Subject string    `json:"u"`
	Digest  string    `json:"d"` // of the scheme that was shown
	Nonce   string    `json:"n"`
	Until   time.Time `json:"t"`
}

// showConsent shows the consent page: what the scope to be granted opens of the
// scheme.
func (s *Server) showConsent(w http.ResponseWriter, r *http.Request, rt http.RoundTripper, q request, v visitor, rules Scheme, scope []string) {
	known := params{}
	for _, name := range authorizeParams {
		if values := slices.DeleteFunc(slices.Clone(q.params[name]), func(v string) bool { return v == "" }); len(values) > 0 {
			known[name] = values
		}
	}
	plain, err := json.Marshal(form{
		Params: known, Session: grant.HashToken(v.session), Subject: v.subject, Digest: rules.Digest(),
		Nonce: grant.NewID(), Until: s.Now().Add(formLife),
	})
	if err != nil { // a struct of texts: never fails
		s.redirectFailure(w, r, q, serverError())
		return
	}
	page.WriteConsent(w, r, page.Consent{
		Application: q.app.Title,
		Description: q.app.Description,
		Logo:        logoOf(q.app),
		Name:        v.Name,
		Login:       v.Login,
		Database:    v.Database,
		SwitchURL:   q.switchPath(),
		May:         s.may(r, s.labelsFor(r, rt, v), v, q.app, rules, scope),
		RedirectURI: q.redirectURI(),
		Mine:        AuthorizationsPath,
		Action:      ConsentPath,
		Token:       base64.RawURLEncoding.EncodeToString(s.Seal.Seal(plain, s.associated("consent"))),
	})
}

// may is what an application may do with a scope, in words for that person.
func (s *Server) may(r *http.Request, fields odoo.FieldSource, v visitor, app *application.Application, rules Scheme, scope []string) []scheme.Statement {
	ctx := r.Context()
	if v.Lang != "" {
		ctx = scheme.WithLanguages(ctx, v.Lang)
	}
	said := rules.Words(ctx, fields, append([]string{}, scope...)) // no scope is none, and not all
	if !app.Prints() {
		said = scheme.WithoutReports(said)
	}
	return said
}

// Consent takes the answer of the consent page. rt carries calls in the name
// of this browser.
func (s *Server) Consent(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		s.problem(w, r, page.WrongMethod, "", "")
		return
	}
	if !topLevel(r) {
		s.problem(w, r, page.NotAWindow, "", "")
		return
	}
	p, err := readBody(r)
	f, ok := s.openForm(p.get("token"))
	if err != nil || !ok || p.twice("token", "decision") || !s.fromOurPage(r) {
		s.problem(w, r, page.FormRefused, "", "")
		return
	}
	q, kind, ok := s.request(f.Params)
	if !ok { // the configuration has changed since
		s.problem(w, r, kind, "", "")
		return
	}
	decision := p.get("decision")
	if !s.Now().Before(f.Until) || decision != "allow" && decision != "deny" {
		s.problem(w, r, page.FormRefused, q.app.Title, q.path(""))
		return
	}
	v, err := s.visit(w, r, rt, q.app)
	if err != nil {
		s.refuseVisit(w, r, q, err)
		return
	}
	r = v.reads(r)
	if !v.allowed {
		s.refusePerson(w, r, q)
		return
	}
	scheme, failed := s.scheme(q)
	if failed != nil {
		s.redirectFailure(w, r, q, failed)
		return
	}
	scope, failed := s.check(q, v, scheme)
	if failed != nil {
		s.redirectFailure(w, r, q, failed)
		return
	}
	if s.presented(r) != f.Session || v.subject != f.Subject || scheme.Digest() != f.Digest {
		// Somebody else sits here now, or the page showed something else than
		// would be granted: ask again.
		redirect(w, http.StatusSeeOther, q.path(""))
		return
	}
	if !s.Memory.use(f.Nonce) {
		s.problem(w, r, page.FormRefused, q.app.Title, q.path(""))
		return
	}
	if decision == "deny" {
		s.record(r, audit.Event{Kind: audit.ConsentDenied, Application: q.app.Name, Subject: v.subject})
		s.redirectFailure(w, r, q, &failure{code: "access_denied", description: "the person said no"})
		return
	}
	s.allow(w, r, q, v, yes{scope: scope, digest: f.Digest})
}

// yes is what was agreed to.
type yes struct {
	scope  []string
	digest string // of the scheme
	// trusted: the configuration said it, and the person was not asked.
	trusted bool
}

// allow records a yes and sends the code. A key that works stays the
// connection; an application that insists on one gets no session instead.
func (s *Server) allow(w http.ResponseWriter, r *http.Request, q request, v visitor, y yes) {
	now := s.Now()
	a := grant.Authorization{
		ID: grant.NewID(), Application: q.app.Name, RedirectURI: q.consentKey(),
		Subject: v.subject, Database: v.Database, UID: v.UID, Login: v.Login, Name: v.Name,
		Scope: y.scope, ConsentDigest: y.digest, CreatedAt: now, ConsentedAt: now,
	}
	kind := audit.Consent
	if y.trusted {
		kind, a.ConsentedAt = audit.ConsentTrusted, time.Time{}
	}
	former, err := s.Store.FindAuthorization(r.Context(), a.Application, a.Subject, a.RedirectURI)
	if err != nil && !errors.Is(err, grant.ErrNotFound) {
		s.redirectFailure(w, r, q, s.storeFailure("looking for a consent", err))
		return
	}
	o := s.offers(q, v, former.Connection, !y.trusted)
	if o != mustStay && !s.keeps(q.app.Name, former.Connection) {
		a.Connection = s.Connections.Attach(v.session, a)
	}
	a, err = s.Store.Consent(background(r.Context()), a)
	if err != nil {
		s.redirectFailure(w, r, q, s.storeFailure("recording a consent", err))
		return
	}
	s.conclude(w, r, q, v, a, y.scope, o, audit.Event{
		Kind: kind, Application: a.Application, Subject: a.Subject, Authorization: a.ID,
		Detail: map[string]string{"scope": scopeString(y.scope)},
	})
}

func (s *Server) openForm(token string) (form, bool) {
	var f form
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return form{}, false
	}
	plain, err := s.Seal.Open(sealed, s.associated("consent"))
	if err != nil || json.Unmarshal(plain, &f) != nil {
		return form{}, false
	}
	return f, true
}

// fromOurPage refuses a form that another site has sent. Our pages ask for no
// referrer, which makes browsers send "null" as Origin of their forms; those
// browsers say in Sec-Fetch-Site where it came from.
func (s *Server) fromOurPage(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	origins := r.Header.Values("Origin")
	return len(origins) == 0 || len(origins) == 1 && (origins[0] == s.origin || origins[0] == "null")
}

// presented is the hash of the session that the browser sent.
func (s *Server) presented(r *http.Request) string {
	found := r.CookiesNamed(sessionCookie)
	if len(found) != 1 {
		return ""
	}
	return grant.HashToken(found[0].Value)
}
