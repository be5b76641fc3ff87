package oauth

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/page"
)

// AuthorizationsPath is where people see what they have connected, and take it
// back.
const AuthorizationsPath = "/restapi/1.0/authorizations"

// revokeLife is how long a form of that page may be sent.
const revokeLife = time.Hour

// revokeForm is what a form of the page stands for. It is sealed into it, so
// that a form can revoke only what it was made for, in the session and by the
// person that it was made for.
type revokeForm struct {
	Session string `json:"s"` // hash
	Subject string `json:"u"`
	// Authorization is its id, "" for all that the person has.
	Authorization string    `json:"a"`
	Until         time.Time `json:"t"`
}

// Authorizations serves a person the list of their authorizations and takes
// its forms. rt carries calls in the name of this browser.
func (s *Server) Authorizations(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	back := way{path: AuthorizationsPath}
	post := r.Method == http.MethodPost
	switch {
	case !post && r.Method != http.MethodGet:
		w.Header().Set("Allow", "GET, POST")
		s.problem(w, r, page.WrongMethod, "", "")
		return
	case !topLevel(r):
		s.problem(w, r, page.NotAWindow, "", back.path)
		return
	case post && !s.fromOurPage(r):
		s.problem(w, r, page.ListRefused, "", back.path)
		return
	}
	v, err := s.who(w, r, rt)
	if err != nil {
		s.refuseNobody(w, r, back, err)
		return
	}
	r = v.reads(r)
	s.settle(w, r)
	if post {
		s.revokeOwn(w, r, rt, v)
		return
	}
	s.showAuthorizations(w, r, rt, v)
}

// showAuthorizations writes the page.
func (s *Server) showAuthorizations(w http.ResponseWriter, r *http.Request, rt http.RoundTripper, v visitor) {
	all, err := s.Store.AuthorizationsBySubject(r.Context(), v.subject)
	if err != nil {
		s.refuseStore(w, r, "listing authorizations", err)
		return
	}
	list := page.Authorizations{
		Name: v.Name, Login: v.Login, Database: v.Database, Action: AuthorizationsPath, RevokeAll: s.revokeToken(v, ""),
	}
	fields := s.labelsFor(r, rt, v)
	for _, a := range all {
		sets, err := s.Store.TokenSets(r.Context(), a.ID)
		if err != nil {
			s.refuseStore(w, r, "listing token sets", err)
			return
		}
		item := s.describe(a, sets)
		s.describeMay(&item, r, fields, v, a)
		item.Token = s.revokeToken(v, a.ID)
		if s.ownOffer(s.Applications.ByName(a.Application), v, a) {
			item.StayURL = s.ownStayURL(v, a)
		}
		list.Items = append(list.Items, item)
	}
	slices.SortStableFunc(list.Items, func(a, b page.Authorization) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Application), strings.ToLower(b.Application)), a.Since.Compare(b.Since))
	})
	if d, ok := s.takeDone(w, r, AuthorizationsPath, v.subject); ok {
		list.Done = s.said(d, list.Items)
	}
	if list.LeftKeys, err = s.leftKeys(r, rt, v); err != nil {
		s.refuseStore(w, r, "listing former keys", err)
		return
	}
	page.WriteAuthorizations(w, r, list)
}

// describe is what a person reads about an authorization.
func (s *Server) describe(a grant.Authorization, sets []grant.TokenSet) page.Authorization {
	item := page.Authorization{
		Application: a.Application, Off: true, Trusted: a.ConsentedAt.IsZero(),
		Since: a.CreatedAt, LastUsed: a.LastUsedAt, Uses: a.Uses, RedirectURI: a.RedirectURI,
	}
	app := s.Applications.ByName(a.Application)
	if app != nil {
		item.Application, item.Description, item.Off = app.Title, app.Description, !app.Active
		if app.Active {
			item.Logo = logoOf(app)
		}
	}
	switch c := a.Connection; {
	case !c.Live():
		item.Reason = c.EndReason
	case app != nil && !connection.Fits(app.Connection, c.Kind):
		item.Reason = "other_kind"
		if c.Kind == grant.APIKey {
			item.KeyName = connection.KeyName(item.Application)
		}
	case c.Kind == grant.APIKey:
		item.KeyName, item.Reason = connection.KeyName(item.Application), "key_expired"
		if connection.KeyWorks(c, s.Now()) {
			item.Connection, item.Ends = page.HoldsKey, c.ExpiresAt
			item.EndsSoon = connection.KeyEndsSoon(c, s.Now())
		}
	default:
		item.Connection = page.FollowsSession
	}
	for _, set := range sets {
		if !inUse(app, set, s.Now()) {
			continue
		}
		item.Tokens++
		if set.RedirectURI != "" && !slices.Contains(item.URIs, set.RedirectURI) {
			item.URIs = append(item.URIs, set.RedirectURI)
		}
		if set.CreatedAt.After(item.Newest) {
			item.Newest = set.CreatedAt
		}
	}
	return item
}

// describeMay adds what an application may do today, and whether that is what
// the person has allowed. One that is switched off may do nothing.
func (s *Server) describeMay(item *page.Authorization, r *http.Request, fields odoo.FieldSource, v visitor, a grant.Authorization) {
	if item.Off {
		return
	}
	app := s.Applications.ByName(a.Application)
	rules := s.Scheme(app.Scheme)
	if rules == nil {
		return
	}
	item.May = s.may(r, fields, v, app, rules, s.stillHas(app, a.Scope))
	item.Changed = !item.Trusted && a.ConsentDigest != rules.Digest()
}

// inUse tells whether a token set can still be used. app is nil where the
// application is not registered any more.
func inUse(app *application.Application, set grant.TokenSet, now time.Time) bool {
	end := earlier(set.ExpiresAt, set.RefreshUntil)
	return set.Live() && !past(end, now) && (app == nil || !tooOld(app, set, now))
}

// revokeOwn takes a form of the page. All is revoked before Odoo is asked for
// anything.
func (s *Server) revokeOwn(w http.ResponseWriter, r *http.Request, rt http.RoundTripper, v visitor) {
	p, err := readBody(r)
	f, ok := s.openRevokeForm(p.get("token"))
	if err != nil || !ok || p.twice("token") || !s.Now().Before(f.Until) ||
		f.Subject != v.subject || f.Session != s.presented(r) {
		s.problem(w, r, page.ListRefused, "", AuthorizationsPath)
		return
	}
	all, err := s.Store.AuthorizationsBySubject(r.Context(), v.subject)
	if err != nil {
		s.refuseStore(w, r, "listing authorizations", err)
		return
	}
	told := done{Page: AuthorizationsPath, Subject: v.subject}
	for _, a := range all {
		if f.Authorization != "" && f.Authorization != a.ID {
			continue
		}
		if err := s.Store.RevokeAuthorization(background(r.Context()), a.ID, s.Now()); err != nil && !errors.Is(err, grant.ErrNotFound) {
			s.refuseStore(w, r, "revoking an authorization", err)
			return
		}
		s.record(r, audit.Event{
			Kind: audit.AuthorizationRevoked, Application: a.Application, Subject: a.Subject, Authorization: a.ID,
			Detail: map[string]string{"by": "person"},
		})
		told.Count++
		if f.Authorization != "" {
			told.Application = a.Application
		}
	}
	s.dropUnused(r, rt, v, "revoked")
	if told.Count > 0 {
		s.noteDone(w, told)
	}
	redirect(w, http.StatusSeeOther, AuthorizationsPath)
}

// revokeToken seals the form that revokes an authorization, or all for "".
func (s *Server) revokeToken(v visitor, id string) string {
	plain, err := json.Marshal(revokeForm{
		Session: grant.HashToken(v.session), Subject: v.subject, Authorization: id, Until: s.Now().Add(revokeLife),
	})
	if err != nil { // a struct of texts: never fails
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(s.Seal.Seal(plain, s.associated("revoke")))
}

func (s *Server) openRevokeForm(token string) (revokeForm, bool) {
	var f revokeForm
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return revokeForm{}, false
	}
	plain, err := s.Seal.Open(sealed, s.associated("revoke"))
	if err != nil || json.Unmarshal(plain, &f) != nil {
		return revokeForm{}, false
	}
	return f, true
}

// refuseStore is the page for any error of the store.
func (s *Server) refuseStore(w http.ResponseWriter, r *http.Request, what string, err error) {
	s.storeFailure(what, err) // for the log
	s.problem(w, r, page.StoreUnavailable, "", "")
}
