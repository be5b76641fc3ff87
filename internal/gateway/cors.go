package gateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/json2"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/httphook"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

// Scripts of web pages may use the gateway from the origins that applications
// list, and from no others: Cross-Origin Resource Sharing, without credentials.
//
// Nothing that looks at cookies is open to them: not the authorization
// endpoint (RFC 9700 section 2.6), no page, and nothing that goes on to Odoo,
// which relies on browsers' preflights against forged requests.

// scriptPath is what scripts may do with a path.
type scriptPath struct {
	methods []string
	// public is set where everybody gets the same answer. Such a document is
	// for every listed origin, and not for all ("*"): an ERP may stand in an
	// intranet, where a page from outside should not even learn that it does.
	public bool
}

var (
	scriptsPost   = scriptPath{methods: []string{http.MethodPost}}
	scriptsBoth   = scriptPath{methods: []string{http.MethodGet, http.MethodHead, http.MethodPost}}
	scriptsPublic = scriptPath{methods: []string{http.MethodGet, http.MethodHead}, public: true}
	scriptsAsk    = scriptPath{methods: []string{http.MethodGet, http.MethodHead, http.MethodPost}, public: true}
)

// scriptPaths are the single paths, scriptTrees those with all below them.
// What is in neither is closed.
var scriptPaths = map[string]scriptPath{
	oauth.AccessTokenPath: scriptsPost,
	oauth.TokenPath:       scriptsPost,
	oauth.BasicTokenPath:  scriptsPost,
	oauth.RevokePath:      scriptsPost,
	oauth.IntrospectPath:  scriptsPost,
	oauth.UserinfoPath:    scriptsBoth,
	oauth.MePath:          scriptsBoth,

	oauth.JWKSPath:     scriptsPublic,
	oauth.MetadataPath: scriptsPublic,
	oauth.OpenIDPath:   scriptsPublic,
	oauth.ProtectedResourcePath + oauth.Resources[0]: scriptsPublic,
	oauth.ProtectedResourcePath + oauth.Resources[1]: scriptsPublic,
	oauth.ProtectedResourcePath + oauth.Resources[2]: scriptsPublic,
	oauth.ProtectedResourcePath + oauth.Resources[3]: scriptsPublic,
	versionPath:         scriptsAsk,
	"/orestapi/version": scriptsAsk,

	oauth.OrestTokenPath:           {methods: []string{http.MethodGet, http.MethodPost}},
	"/orestapi/application/model":  scriptsBoth,
	"/orestapi/record/name_search": scriptsBoth,
	"/orestapi/record/read":        scriptsBoth,
	"/orestapi/model/field":        scriptsBoth,
	"/orestapi/model/icon":         scriptsBoth,
}

var scriptTrees = map[string]scriptPath{
	restapi.Prefix:       {}, // see scriptsMayUse
	restapi.ReportPrefix: {},
	restapi.BinaryPrefix: {},
	json2.Prefix:         scriptsPost,
}

const (
	// scriptHeaders are what a script may send beside what browsers let every
	// page send; scriptReads is what it may read likewise.
	scriptHeaders = "Authorization, Content-Type, Accept"
	scriptReads   = "WWW-Authenticate, Retry-After, " + dialect.CodeHeader
	// preflightAge is how long a browser may rely on a preflight. The request
	// itself is judged again.
	preflightAge = 10 * time.Minute
)

// forScripts lets a script of an allowed origin read the answer that is
// written to the writer that it returns.
// Which application it is that asks is known only once its token or secret
// has been looked at, so that the header is judged when it is sent: then it is
// for the origins of that application. A refusal of somebody unknown is for
// every listed origin, because a script whose token has expired must see the
// 401 to do something about it.
func (s *service) forScripts(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	path, open := scriptsMayUse(r.URL.Path)
	if !open {
		return w
	}
	who, origin := traceOf(r.Context()), originOf(r)
	return httphook.New(w, func(status int, h http.Header) {
		h.Add("Vary", "Origin")
		allowed, app := s.origins[origin], who.application()
		switch {
		case path.public:
		case app != nil:
			allowed = slices.Contains(app.CORSOrigins, origin)
		case status < http.StatusBadRequest:
			allowed = false
		}
		if allowed && origin != "" {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", scriptReads)
		}
	})
}

// preflight answers a browser that asks whether a script may send a request,
// and tells whether it was one. No application is known yet: what is answered
// is that of the gateway as a whole.
func (s *service) preflight(w http.ResponseWriter, r *http.Request) bool {
	path, open := scriptsMayUse(r.URL.Path)
	origin := originOf(r)
	if !open || r.Method != http.MethodOptions || origin == "" || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if !s.origins[origin] {
		audit.Note(r.Context(), "foreign_origin")
		writeError(w, http.StatusForbidden, "no application has listed this origin")
		return true
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Methods", strings.Join(path.methods, ", "))
	h.Set("Access-Control-Allow-Headers", scriptHeaders)
	h.Set("Access-Control-Max-Age", strconv.Itoa(int(preflightAge.Seconds())))
	w.WriteHeader(http.StatusNoContent)
	return true
}

// scriptsMayUse finds the entry of a path.
func scriptsMayUse(path string) (scriptPath, bool) {
	if found, ok := scriptPaths[path]; ok {
		return found, true
	}
	for prefix, found := range scriptTrees {
		if strings.HasPrefix(path, prefix) {
			if ofRestapi(path) {
				found.methods = restapi.Methods(path)
			}
			return found, true
		}
	}
	return scriptPath{}, false
}

// originOf is the origin that a request names, "" where that is none or
// several, and for the opaque one, which is anybody's.
func originOf(r *http.Request) string {
	if lines := r.Header.Values("Origin"); len(lines) == 1 && lines[0] != "null" {
		return lines[0]
	}
	return ""
}

// listedOrigins are the origins of all applications that are in use.
func listedOrigins(applications []application.Application) map[string]bool {
	listed := map[string]bool{}
	for _, app := range applications {
		for _, origin := range app.CORSOrigins {
			listed[origin] = listed[origin] || app.Active
		}
	}
	return listed
}
