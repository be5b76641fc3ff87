package odootest

import "fmt"

// traits are the facts in which the versions differ on the wire. They were
// read off recorded servers for 16–19; those of 20 come from its sources.
type traits struct {
	version int

	serverVersion string // what version_info calls itself
	werkzeug      string // Server header
	serverError   int    // error.code of an ordinary failure
	expiredName   string // data.name of a dead session
	identityName  string // data.name of a pending identity check
	jsonType      string // what a JSON-RPC route is called in error texts
	wrongType     int    // status of a wrong content type on a JSON route
	home          string // where an internal user lands
	voidResult    bool   // a None result is sent as "result": null

	longIDs      bool // base64url session ids, else 40 hex digits
	idLength     int
	softRotation bool // every three hours; the first 42 characters stay
	trace        bool // sessions keep a list of devices
	clearCids    bool // a logout clears the cookie cids
	lifetimeMax  bool // the cookie's Max-Age follows the configured lifetime

	stripBackslash bool // redirect targets lose leading backslashes too
	typeField      bool // the login form has type=password
	noCache        bool // the login page says Cache-Control: no-cache
	csrfPrefix     bool // CSRF tokens are bound to the first 42 characters
	logoutPOST     bool // logout needs POST and a CSRF token

	json2       bool   // /json/2 exists
	dbHeader    bool   // X-Odoo-Database selects the database
	earlyParams bool   // call_kw looks at the body before it authenticates
	identityURL string // page that confirms an identity; "" = version has none
	identityAPI string // its JSON route
	keyDuration bool   // API keys expire
	checkInCtx  bool   // the identity wizard wants the password in the context
	checkTitle  string // name of the identity wizard's action
	keyTitle    string // name of the action that shows a new key
	revokeGap   bool   // a removed key that was used keeps working on /jsonrpc
	dbService   bool   // /jsonrpc has the service db
}

// traitsOf returns the facts of one major version. It panics for a version
// that is not simulated: which one to run is decided by code, not by data.
func traitsOf(version int) traits {
	t := traits{
		version:       version,
		serverVersion: fmt.Sprintf("%d.0", version),
		werkzeug:      "Werkzeug/2.2.2 Python/3.11.2",
		serverError:   200,
		expiredName:   "odoo.http.SessionExpiredException",
		jsonType:      "json",
		wrongType:     400,
		home:          "/web",
		idLength:      40,
		checkTitle:    "Security Control",
		keyTitle:      "API Key Ready",
		revokeGap:     true,
		dbService:     true,
	}
	if version < 16 || version > 20 {
		panic(fmt.Sprintf("odootest: no simulated Odoo %d", version))
	}
	if version == 16 {
		t.serverVersion = "16.0-20230301"
	}
	if version >= 17 {
		t.clearCids = true
	}
	if version >= 18 {
		t.longIDs, t.idLength, t.trace = true, 84, true
		t.lifetimeMax, t.stripBackslash = true, true
		t.typeField, t.noCache = true, true
		t.earlyParams, t.keyDuration = true, true
		t.home = "/odoo"
	}
	if version >= 19 {
		t.serverError, t.wrongType, t.jsonType = 0, 415, "jsonrpc"
		t.softRotation, t.csrfPrefix = true, true
		t.json2, t.dbHeader = true, true
		t.checkInCtx, t.checkTitle = true, "Access Control"
		t.identityName = "odoo.addons.auth_timeout.models.ir_http.CheckIdentityException"
		t.identityURL = "/auth-timeout/check-identity"
		t.identityAPI = "/auth-timeout/session/check-identity"
	}
	if version >= 20 {
		t.idLength = 86
		t.voidResult, t.logoutPOST = true, true
		t.revokeGap, t.dbService = false, false
		t.expiredName = "odoo.http.session.SessionExpiredException"
		t.identityName = "odoo.http.session.CheckIdentityException"
		t.identityURL = "/web/session/identity"
		t.identityAPI = "/web/session/identity/check"
		t.keyTitle = "Save your API Key"
	}
	return t
}

// versionInfo is the value of server_version_info.
func (t traits) versionInfo() []any {
	return []any{int64(t.version), int64(0), int64(0), "final", int64(0), ""}
}
