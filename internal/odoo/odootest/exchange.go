package odootest

import (
	"net/http"
	"strings"
)

// reply is an answer before the headers that all answers share.
type reply struct {
	status   int
	header   http.Header
	body     []byte
	bare     bool // an error made before Odoo's own answer object existed
	nosniff  bool // says so on 16 too
	takeOver func(http.ResponseWriter, *http.Request)
}

// exchange is one request on its way through the simulated Odoo.
type exchange struct {
	s    *Server
	r    *http.Request
	body []byte

	host, scheme, address string // as the outside world has them

	presented string // session id in the cookie
	sess      *session
	route     *route
	uid       int64 // who the request runs as; 0 = nobody
	db        *database
	device    *device // what the request comes from; nil for nobody and before 18

	dirty   bool // the session must be written
	rotate  bool // and get a new id
	atSave  []func()
	cookies []string
	rpcID   any // id of the JSON-RPC request, once it is read
}

// kind is how a route reads its request and words its errors.
type kind int

const (
	kindHTTP kind = iota
	kindJSON
	kindJSON2
)

// access is what a route asks of the session.
type access int

const (
	authNone access = iota
	authPublic
	authUser
	authBearer
)

// route is one entry of the routing table.
type route struct {
	path       string // a "*" stands for anything, and "/x/*" fits "/x" too
	from, to   int    // versions; 0 = open
	kind       kind
	auth       access
	methods    string // blank-separated; "" = all
	noCSRF     bool   // csrf=False: takes forms without a token
	unsaved    bool   // save_session=False
	frontend   bool   // a page of the portal: sets frontend_lang
	noIdentity bool   // check_identity=False
	json2Name  string // the path in a json2 route's error text
	early      func(*exchange) error
	handle     func(*exchange) (*reply, error)
}

func (rt *route) matches(version int, path string) bool {
	if version < rt.from || rt.to != 0 && version > rt.to {
		return false
	}
	prefix, suffix, open := strings.Cut(rt.path, "*")
	if !open {
		return path == rt.path
	}
	return strings.HasPrefix(path, prefix) && strings.HasSuffix(path, suffix) || path+"/" == prefix && suffix == ""
}

// httpError ends an http route with a werkzeug error page. It saves nothing.
type httpError struct {
	status int
	text   string // HTML
	header http.Header
	raw    []byte // instead of the page
	answer bool   // an answer object of Odoo's own: the session is saved
	site   bool   // in the look of the portal, which also sets its cookies
}

func (e *httpError) Error() string { return http.StatusText(e.status) }

// serve answers the request. The caller holds Server.mu.
func (x *exchange) serve() *reply {
	x.openSession()
	x.db = x.sess.db
	if e := x.selectDatabase(); e != nil {
		return x.failed(e)
	}
	// Odoo goes without slashes at the end, and the one more at the start.
	path := "/" + strings.Trim(x.r.URL.Path, "/")
	for i := range routes {
		if routes[i].matches(x.s.v.version, path) && !(x.s.opts.NoAuthTimeout && strings.HasPrefix(path, "/auth-timeout/")) {
			x.route = &routes[i]
			break
		}
	}
	if x.route == nil {
		return x.failed(&httpError{status: http.StatusNotFound, site: true})
	}
	answer, err := x.run()
	if err != nil {
		return x.failed(err)
	}
	if x.route.frontend {
		x.setFrontendLang()
	}
	if !x.route.unsaved {
		x.finish()
	}
	return answer
}

// finish saves the session and what waits for it.
func (x *exchange) finish() {
	for _, f := range x.atSave {
		f()
	}
	x.saveSession()
}

func (x *exchange) run() (*reply, error) {
	if m := x.route.methods; m != "" && !strings.Contains(" "+m+" ", " "+x.r.Method+" ") {
		return nil, &httpError{status: http.StatusMethodNotAllowed, text: "The method is not allowed for the requested URL.",
			header: http.Header{"Allow": {strings.ReplaceAll(m, " ", ", ")}}}
	}
	if err := x.checkType(); err != nil {
		return nil, err
	}
	if x.route.early != nil && x.s.v.earlyParams {
		if err := x.route.early(x); err != nil {
			return nil, err
		}
	}
	if err := x.authenticate(); err != nil {
		return nil, err
	}
	if x.route.kind == kindHTTP && !x.route.noCSRF && !safeMethod(x.r.Method) && !x.validCSRF(x.form().Get("csrf_token")) {
		return nil, &httpError{status: http.StatusBadRequest, text: "Session expired (invalid CSRF token)"}
	}
	return x.route.handle(x)
}

func safeMethod(m string) bool {
	return m == http.MethodGet || m == http.MethodHead || m == http.MethodOptions || m == http.MethodTrace
}

// selectDatabase obeys X-Odoo-Database.
func (x *exchange) selectDatabase() error {
	name := x.r.Header.Get("X-Odoo-Database")
	if name == "" || !x.s.v.dbHeader {
		return nil
	}
	db, ok := x.s.database(name)
	if !ok {
		// The web client's own routes look for a database by themselves, in vain.
		if p := x.r.URL.Path; p == "/web" || p == "/web/login" || p == "/odoo" || strings.HasPrefix(p, "/odoo/") {
			return &httpError{status: http.StatusFound, raw: redirectPage(p), header: http.Header{"Location": {p}}, answer: true}
		}
		return &httpError{status: http.StatusNotFound, raw: []byte(noDatabasePage)}
	}
	if _, stored := x.s.stored(x.presented); stored && x.sess.db != db {
		return &httpError{status: http.StatusForbidden, text: "The session belongs to another database."}
	}
	x.db, x.sess.db = db, db
	return nil
}

const noDatabasePage = `<!DOCTYPE html>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>
<p>Please verify the hostname, <a href=/web/login>login</a> and try again.</p>

<!-- Alternatively, use the X-Odoo-Database header. -->
`

// authenticate ends a session whose user has changed, whatever the route,
// and then asks of it what the route wants.
func (x *exchange) authenticate() error {
	v := x.s.v
	if x.sess.uid != 0 && !x.sess.alive() {
		x.logOut()
		x.db = x.sess.db
	}
	if x.route.auth == authBearer {
		return x.authenticateBearer()
	}
	x.uid = x.sess.uid
	if x.uid == 0 {
		if x.route.auth == authUser {
			return v.sessionExpired("")
		}
		return nil
	}
	if v.trace {
		x.device = x.noteDevice()
	}
	if x.route.auth != authUser {
		return nil
	}
	return x.checkLocks()
}

// failed words an error in the manner of the route. Nothing is saved, unless
// a page of the portal is what tells it.
func (x *exchange) failed(err error) *reply {
	switch e := err.(type) {
	case *httpError:
		return x.failedHTTP(e)
	case *fault:
		if x.route != nil {
			switch x.route.kind {
			case kindJSON:
				return x.failedRPC(e)
			case kindJSON2:
				return x.failedJSON2(e)
			}
		}
		return x.failedPage(e)
	}
	return x.failedHTTP(&httpError{status: http.StatusInternalServerError, text: "The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application."})
}

func (x *exchange) failedHTTP(e *httpError) *reply {
	a := &reply{status: e.status, header: http.Header{}, bare: !e.answer, body: e.raw}
	a.header.Set("Content-Type", "text/html; charset=utf-8")
	if a.body == nil {
		a.body = errorPage(e.status, e.text)
	}
	if e.site {
		x.cookies = nil
		x.setFrontendLang()
		if e.status != http.StatusNotFound {
			x.setFrontendLang() // seen twice on every error page of a report
		}
		x.finish()
		a.bare = false
		a.header.Set("Content-Type", "text/html;charset=utf-8")
		a.body = x.sitePage(e.status)
	}
	if e.answer {
		x.finish()
	}
	for name, values := range e.header {
		a.header[name] = values
	}
	return a
}

// failedPage answers a fault on an http route.
func (x *exchange) failedPage(e *fault) *reply {
	switch {
	case e.identity:
		return x.failedRedirect(withRedirect(x.s.v.identityURL, fullPath(x.r.URL)))
	case e.session:
		if x.sess.timedOut || x.s.v.version >= 20 && x.rotate {
			x.logOutOnce()
			x.saveSession()
		} else {
			x.cookies = nil
		}
		return x.failedRedirect(withRedirect("/web/login", fullPath(x.r.URL)))
	case e.name == "odoo.exceptions.AccessError" || e.name == "odoo.exceptions.AccessDenied":
		return x.failedHTTP(&httpError{status: http.StatusForbidden, site: true})
	}
	return x.failedHTTP(&httpError{status: e.httpStatus(), site: true})
}

func (x *exchange) logOutOnce() {
	if !x.rotate {
		x.logOut()
		// The lock's own logout leaves the cookie cids alone.
		x.cookies = nil
	}
}

func (x *exchange) failedRedirect(location string) *reply {
	return &reply{status: http.StatusSeeOther, bare: true, body: redirectPage(location),
		header: http.Header{"Location": {location}, "Content-Type": {"text/html; charset=utf-8"}}}
}

// redirect is a successful answer that sends the browser elsewhere. The
// location is taken as it is.
func redirect(location string) *reply {
	return &reply{status: http.StatusSeeOther, body: redirectPage(location),
		header: http.Header{"Location": {location}, "Content-Type": {"text/html; charset=utf-8"}}}
}

func (x *exchange) setFrontendLang() {
	line := "frontend_lang=en_US; Expires=" + x.farExpiry()
	if x.s.v.version == 16 {
		line += "; Max-Age=31536000"
	}
	x.cookies = append(x.cookies, line+"; Path=/")
}

func lastValue(h http.Header, name string) string {
	values := h.Values(name)
	if len(values) == 0 {
		return ""
	}
	parts := strings.Split(values[len(values)-1], ",")
	return strings.TrimSpace(parts[len(parts)-1])
}
