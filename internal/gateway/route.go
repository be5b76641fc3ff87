package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/console"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/json2"
	"github.com/caddy-odoo/gateway/internal/dialect/orestapi"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/page"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// endpoint is one exact path of the authorization server.
type endpoint struct {
	methods []string // besides HEAD, where GET is among them
	serve   func(s *service, w http.ResponseWriter, r *http.Request, up Upstream)
}

// endpoints are the exact paths. Everything below the dialects' prefixes goes
// to the dialect.
var endpoints = map[string]endpoint{
	oauth.AuthorizePath: {[]string{http.MethodGet, http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.oauth.Authorize(w, s.refresh(w, r), up.Browser())
	}},
	oauth.ConsentPath: {[]string{http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.oauth.Consent(w, s.refresh(w, r), up.Browser())
	}},
	oauth.AuthorizationsPath: {[]string{http.MethodGet, http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.oauth.Authorizations(w, s.refresh(w, r), up.Browser())
	}},
	oauth.StayPath: {[]string{http.MethodGet, http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.oauth.Stay(w, s.refresh(w, r), up.Browser())
	}},
	oauth.AccessTokenPath: accessToken,
	oauth.TokenPath:       accessToken,
	oauth.BasicTokenPath: {[]string{http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.oauth.BasicToken(w, r, up)
	}},
	oauth.RevokePath: {[]string{http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, _ Upstream) {
		s.oauth.Revoke(w, r)
	}},
	oauth.IntrospectPath: {[]string{http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.oauth.Introspect(w, r, up)
	}},
	oauth.JWKSPath: {[]string{http.MethodGet}, func(s *service, w http.ResponseWriter, r *http.Request, _ Upstream) {
		s.oauth.JWKS(w, r)
	}},
	oauth.UserinfoPath: userinfo,
	oauth.MePath:       userinfo,
	versionPath: {[]string{http.MethodGet, http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, _ Upstream) {
		s.serveVersion(w, r)
	}},
	oauth.MetadataPath: metadata,
	oauth.OpenIDPath:   metadata,

	oauth.ProtectedResourcePath + oauth.Resources[0]: protectedResource,
	oauth.ProtectedResourcePath + oauth.Resources[1]: protectedResource,
	oauth.ProtectedResourcePath + oauth.Resources[2]: protectedResource,
	oauth.ProtectedResourcePath + oauth.Resources[3]: protectedResource,

	page.LogoPath: {[]string{http.MethodGet}, func(s *service, w http.ResponseWriter, r *http.Request, _ Upstream) {
		s.oauth.Logo(w, r)
	}},
	oauth.OrestAuthorizePath: {[]string{http.MethodGet, http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.oauth.OrestAuthorize(w, s.refresh(w, r), up.Browser())
	}},
	oauth.OrestTokenPath: {[]string{http.MethodGet, http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.oauth.OrestAccessToken(w, r, up)
	}},
	oauth.OrestStatusPath: {[]string{http.MethodGet, http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, _ Upstream) {
		s.oauth.OrestStatus(w, r)
	}},
	oauth.OrestUserPath: {[]string{http.MethodGet, http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.oauth.OrestUser(w, s.refresh(w, r), up.Browser())
	}},
	oauth.OrestLinkPath: {[]string{http.MethodGet, http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.oauth.OrestLink(w, s.refresh(w, r), up.Browser())
	}},

	page.StylesheetPath: {[]string{http.MethodGet}, func(_ *service, w http.ResponseWriter, r *http.Request, _ Upstream) {
		page.Stylesheet(w, r)
	}},
}

var (
	accessToken = endpoint{[]string{http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.oauth.AccessToken(w, r, up)
	}}
	metadata = endpoint{[]string{http.MethodGet}, func(s *service, w http.ResponseWriter, r *http.Request, _ Upstream) {
		s.oauth.Metadata(w, r)
	}}
	userinfo = endpoint{[]string{http.MethodGet, http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, _ Upstream) {
		s.userinfo(w, r)
	}}
	protectedResource = endpoint{[]string{http.MethodGet}, func(s *service, w http.ResponseWriter, r *http.Request, _ Upstream) {
		s.oauth.ProtectedResource(w, r)
	}}
)

// serve answers a request on a path of the gateway's.
func (s *service) serve(w http.ResponseWriter, r *http.Request, direct Upstream) {
	if found := asOurs(r); found != nil {
		r = found
	}
	if !clean(r) {
		audit.Note(r.Context(), "unclean_path")
		writeError(w, http.StatusBadRequest, "the path is not in its plain form")
		return
	}
	// polite stands around timed, so that waiting for a turn is not counted as Odoo's time.
	t := traceOf(r.Context())
	up := polite{Upstream: timed{direct, t, s.now}, service: s}
	t.upstream = up
	if accepted := r.Header.Get("Accept-Language"); accepted != "" {
		r = r.WithContext(scheme.WithLanguages(r.Context(), accepted))
	}
	if s.preflight(w, r) {
		return
	}
	w = s.announceResource(w, r.URL.Path)
	w = s.forScripts(w, r)
	w, done := negotiate(w, r, s.maxAnswer)
	s.route(w, r, up)
	done()
}

// route finds who answers a path.
func (s *service) route(w http.ResponseWriter, r *http.Request, up Upstream) {
	if data := ofRestapi(r.URL.Path) || r.URL.Path == oauth.MePath || r.URL.Path == oauth.UserinfoPath; data && isOAuth1(r) {
		refuseOAuth1(w, http.StatusUnauthorized)
		return
	}
	if within(r.URL.Path, console.Path) && !s.hasConsole(r) {
		noEndpoint(w)
		return
	}
	if e, ok := endpoints[r.URL.Path]; ok {
		if !allows(e.methods, r.Method) {
			w.Header().Set("Allow", strings.Join(e.methods, ", "))
			wrongMethod(w, r)
			return
		}
		e.serve(s, w, r, up)
		return
	}
	switch {
	case ofRestapi(r.URL.Path):
		s.restapi.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, "/orestapi/"):
		s.orestapi.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, json2.Prefix):
		s.json2.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, oauth1Prefix):
		refuseOAuth1(w, http.StatusNotFound)
	default:
		noEndpoint(w)
	}
}

// noEndpoint answers for a path that nothing is at.
func noEndpoint(w http.ResponseWriter) {
	writeError(w, http.StatusNotFound, "there is no such endpoint")
}

// ofRestapi tells whether a path is one of the data of /restapi.
func ofRestapi(path string) bool {
	return strings.HasPrefix(path, restapi.Prefix) || strings.HasPrefix(path, restapi.ReportPrefix) || strings.HasPrefix(path, restapi.BinaryPrefix)
}

// wrongMethod refuses in the shape of the interface that the path belongs to.
func wrongMethod(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, orestapi.Prefix) {
		orestapi.WrongMethod(w)
		return
	}
	writeError(w, http.StatusMethodNotAllowed, "the method is not allowed here")
}

func allows(methods []string, method string) bool {
	for _, m := range methods {
		if m == method || m == http.MethodGet && method == http.MethodHead {
			return true
		}
	}
	return false
}

// unavailable answers while the store cannot be opened.
func unavailable(w http.ResponseWriter, r *http.Request) {
	audit.Note(r.Context(), codeStore)
	w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	writeError(w, http.StatusServiceUnavailable, "the gateway can not reach its store")
}

// writeError answers what belongs to no dialect, in the shape that clients of
// /restapi know.
func writeError(w http.ResponseWriter, status int, message string) {
	body, _ := json.Marshal(map[string]any{"code": status, "message": message}) // a number and a text: never fails
	dialect.Write(w, status, body)
}

// upstreamOf lets the dialects' Authenticator find the request's upstream: a
// dialect knows of none.
func upstreamOf(ctx context.Context) (polite, bool) {
	t := traceOf(ctx)
	if t == nil || t.upstream.service == nil {
		return polite{}, false
	}
	return t.upstream, true
}

var _ dialect.Authenticator = (*service)(nil)
