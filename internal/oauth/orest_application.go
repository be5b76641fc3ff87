package oauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
)

const (
	orestStatus = "OrestapiApplicationData-"
	orestUser   = "OrestapiApplicationUserClient-"
	// orestLink has no literal codes: the original did nothing there. Its
	// numbers are those of orestUser.
	orestLink = "OrestapiApplicationConfluenceLink-"
)

// OrestStatus tells an application about itself, an archived one too, that
// proves itself by HTTP Basic. The original's code -0030, an error with status
// 200, is never given: who has proved to be an application exists.
func (s *Server) OrestStatus(w http.ResponseWriter, r *http.Request) {
	app, f := s.basicClient(r)
	switch {
	case f != nil && f.transient():
		s.writeOrest(w, r, orestFailure(f))
		return
	case f != nil:
		s.writeOrest(w, r, &orestError{
			code: orestStatus + "0010", message: "No application found for provided basic access authentication", cause: f,
		})
		return
	case s.Scheme(app.Scheme) == nil:
		s.writeOrest(w, r, &orestError{
			code: orestStatus + "0020", message: "Application configuration error in Odoo! Contact Odoo administrator!", cause: serverError(),
		})
		return
	}
	writeJSON(w, http.StatusOK, []struct {
		ID      int64  `json:"id"`
		Active  bool   `json:"active"`
		Name    string `json:"display_name"`
		Company bool   `json:"company"` // false is a reference to nothing
	}{{ID: s.orestID(app), Active: app.Active, Name: app.Title}})
}

// basicClient proves a client by the Authorization header alone. Archived
// applications prove themselves like others: nothing but their state is told.
func (s *Server) basicClient(r *http.Request) (*application.Application, *failure) {
	lines := r.Header.Values("Authorization")
	if len(lines) != 1 || !isBasic(lines[0]) {
		return nil, invalidClient()
	}
	c, f := readCredential(r, params{})
	if f != nil {
		return nil, f
	}
	app := s.lookUp(c)
	f = s.prove(r, app, c, func(app *application.Application, c credential, matches bool) bool {
		return app != nil && !app.Public && c.secret && matches
	})
	return app, f
}

// orestID is a number for an application, because the interface has numbers.
func (s *Server) orestID(app *application.Application) int64 {
	sum := sha256.Sum256([]byte("orestapi application\x00" + s.issuer + "\x00" + app.Name))
	return int64(binary.BigEndian.Uint32(sum[:]) >> 1)
}

// OrestUser gives an application an id and a secret for the person whose
// session stands in the request. It is as careful as the form for programs of
// the authorization endpoint: no script of a page, an application that proves
// itself, and a consent that was given in a browser and is remembered. The id
// is the sub of the person's tokens. The secret is derived, not stored; it
// changes with the authorization and with the sealing key.
func (s *Server) OrestUser(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	q, e := s.orestClient(r, orestUser, true)
	if e != nil {
		s.writeOrest(w, r, e)
		return
	}
	a, f := s.rememberedVisit(w, r, rt, q)
	if f != nil {
		s.writeOrest(w, r, orestNobody(orestUser, f))
		return
	}
	m := hmac.New(sha256.New, s.Seal.Derive(s.associated("orestapi user_secret")))
	m.Write([]byte(a.ID))
	writeJSON(w, http.StatusOK, struct {
		ID     string `json:"user_id"`
		Secret string `json:"user_secret"`
	}{a.Subject, base64.RawURLEncoding.EncodeToString(m.Sum(nil))})
}

// OrestLink tells an application, which proves itself with a person of Odoo
// present, the id and secret by which this Odoo proves itself to it: own_id
// and own_secret of its configuration. Where they are not configured, it is
// told so.
func (s *Server) OrestLink(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	q, e := s.orestClient(r, orestLink, false)
	if e != nil {
		s.writeOrest(w, r, e)
		return
	}
	v, err := s.visit(w, r, rt, q.app)
	switch {
	case err != nil:
		s.writeOrest(w, r, orestNobody(orestLink, s.programVisit(err)))
		return
	case !v.allowed:
		s.writeOrest(w, r, orestNobody(orestLink, refused("access_denied", whoMay(q.app.Allow))))
		return
	case q.app.OwnID == "" || !q.app.OwnSecret.Set():
		s.writeOrest(w, r, orestFailure(&failure{
			status: http.StatusNotFound, code: "invalid_request",
			description: "own_id and own_secret are not configured for this application",
		}))
		return
	}
	writeJSON(w, http.StatusOK, struct {
		ID     string `json:"odoo_id"`
		Secret string `json:"odoo_secret"`
	}{q.app.OwnID, q.app.OwnSecret.Reveal()})
}

// orestClient authenticates a confidential application and finds its redirect
// URI, for a request that also carries a person's session.
func (s *Server) orestClient(r *http.Request, prefix string, uriRequired bool) (request, *orestError) {
	refuse := func(number, message string, f *failure) (request, *orestError) {
		return request{}, &orestError{code: prefix + number, message: message, cause: f}
	}
	if !fromProgram(r) {
		return request{}, orestFailure(refused("unauthorized_client", "a script of a page may not ask this"))
	}
	sent, err := peek(r)
	if err != nil {
		return request{}, orestFailure(invalidRequest(err.Error()))
	}
	app, p, f := s.authenticateClient(r)
	header := len(r.Header.Values("Authorization")) > 0 && !isHeaderForm(r)
	switch {
	case f != nil && f.transient():
		return request{}, orestFailure(f)
	case f == nil && app.Public:
		return refuse("0005", "No application found", invalidClient())
	case f == nil:
	case !sent.names(clientParams...) && !header:
		return refuse("0001", "No parameter found in request", f)
	case sent.get("client_id") == "" && !header:
		return refuse("0002", "No client_id found in request", f)
	case sent.get("client_secret") == "" && !header:
		return refuse("0002", "No client_secret found in request", f)
	case f.code == "invalid_client":
		return refuse("0005", "No application found", f)
	default:
		return request{}, orestFailure(f)
	}
	if p.get("redirect_uri") == "" && !uriRequired {
		return request{app: app}, nil
	}
	if p.get("redirect_uri") == "" {
		return refuse("0003", "Missing redirect URI", invalidRequest("redirect_uri is missing"))
	}
	q, _, ok := s.request(params{"client_id": {app.ClientID}, "redirect_uri": p["redirect_uri"]})
	if !ok {
		return refuse("0004", "Application redirect URI not found", invalidRequest("redirect_uri is not registered for the application"))
	}
	return q, nil
}

// orestNobody says that there is no authorization of whoever asks, and why.
func orestNobody(prefix string, f *failure) *orestError {
	if f.transient() {
		return orestFailure(f)
	}
	f.description, _, _ = strings.Cut(f.description, askBrowser)
	f.scheme = headerScheme // Basic would make browsers ask for a password
	return &orestError{code: prefix + "0007", message: "No authorization found", cause: f}
}

// rememberedVisit finds the consent that the person whose session stands in a
// request has given in a browser before.
func (s *Server) rememberedVisit(w http.ResponseWriter, r *http.Request, rt http.RoundTripper, q request) (grant.Authorization, *failure) {
	v, err := s.visit(w, r, rt, q.app)
	if err != nil {
		return grant.Authorization{}, s.programVisit(err)
	}
	scheme, f := s.scheme(q)
	if f != nil {
		return grant.Authorization{}, f
	}
	if !v.allowed {
		return grant.Authorization{}, refused("access_denied", whoMay(q.app.Allow))
	}
	a, remembered, f := s.remembered(r, q, v, scheme, nil)
	switch {
	case f != nil:
		return grant.Authorization{}, f
	case !remembered:
		return grant.Authorization{}, refused("consent_required", "this person has not allowed the application what it may do now")
	}
	return a, nil
}
