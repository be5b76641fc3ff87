package odootest

import (
	"fmt"
	"net/http"
	"strings"
)

// authenticateBearer is auth=bearer: an API key, or on 19 and later a session
// cookie in a request that a person navigated to.
func (x *exchange) authenticateBearer() error {
	v := x.s.v
	header := x.r.Header.Get("Authorization")
	scheme, key, _ := strings.Cut(header, " ")
	if strings.EqualFold(scheme, "bearer") && key != "" {
		k, ok := x.db.key(key)
		if !ok {
			return x.unauthorized("Invalid apikey")
		}
		if x.sess.uid != 0 && x.sess.uid != k.owner.id {
			return raise("odoo.exceptions.AccessDenied", "Session user does not match the used apikey.")
		}
		x.uid = k.owner.id
		return nil
	}
	if x.sess.uid == 0 {
		return x.unauthorized("User not authenticated, use an API Key with a Bearer Authorization header.")
	}
	if !interactive(x.r.Header) {
		return x.unauthorized(`Missing "Authorization" or Sec-headers for interactive usage.`)
	}
	x.uid = x.sess.uid
	if v.version >= 20 {
		x.device = x.noteDevice()
		return x.checkLocks() // 19 lets a locked session through
	}
	return nil
}

func (x *exchange) unauthorized(message string) error {
	return httpFault(http.StatusUnauthorized, "Unauthorized", message)
}

// interactive says whether the browser vouches that a person navigated here.
func interactive(h http.Header) bool {
	site := h.Get("Sec-Fetch-Site")
	return h.Get("Sec-Fetch-Dest") == "document" && h.Get("Sec-Fetch-Mode") == "navigate" &&
		h.Get("Sec-Fetch-User") == "?1" && (site == "same-origin" || site == "none")
}

// failedJSON2 is a fault with its real status.
func (x *exchange) failedJSON2(e *fault) *reply {
	x.cookies = nil
	a := x.json(e.httpStatus(), e.data(), nil)
	a.bare = true
	if a.status == http.StatusUnauthorized {
		a.header.Set("Www-Authenticate", "Bearer ")
	}
	return a
}

func json2Route(x *exchange) (*reply, error) {
	rest := strings.TrimPrefix(x.r.URL.Path, "/json/2/")
	model, method, ok := strings.Cut(rest, "/")
	if x.r.Method != http.MethodPost || !ok || method == "" || strings.Contains(method, "/") {
		return nil, httpFault(http.StatusNotFound, "NotFound", "Did you mean POST /json/2/<model>/<method>?")
	}
	body := map[string]any{}
	if len(x.body) > 0 {
		v, err := decodeJSON(x.body)
		if err != nil {
			return nil, httpFault(http.StatusBadRequest, "BadRequest", "could not parse the body as json: "+pythonJSONError(x.body))
		}
		if m, isMap := v.(map[string]any); isMap { // anything else counts as no arguments
			body = m
		}
	}
	if !x.db.knows(model) {
		return nil, httpFault(http.StatusNotFound, "NotFound", fmt.Sprintf("the model '%s' does not exist", model))
	}
	kwargs := map[string]any{}
	for name, value := range body {
		if name != "ids" {
			kwargs[name] = value
		}
	}
	c := call{model: model, method: method, args: []any{body["ids"]}, kwargs: kwargs}
	var result any
	var err error
	if f, found := sessionMethods[model+"."+method]; found && x.s.v.version >= f.from {
		result, err = f.run(x, c)
	} else {
		result, err = x.db.engine.callNamed(x.uid, model, method, c.ids(), kwargs) // an empty list is none
	}
	if err != nil {
		if f, isFault := err.(*fault); isFault && f.name == "builtins.AttributeError" {
			return nil, httpFault(http.StatusNotFound, "NotFound", f.message)
		}
		return nil, err
	}
	if _, single := body["vals_list"].(map[string]any); single && method == "create" {
		if id, isID := asInt(result); isID {
			result = []any{id}
		}
	}
	return x.json(http.StatusOK, result, fieldOrder(body)), nil
}

// oldJSONRoute is what 18 makes of paths under /json that belong to later
// versions: an experimental route for people, which wants a CSRF token of
// whoever posts.
func oldJSONRoute(*exchange) (*reply, error) {
	return nil, &httpError{status: http.StatusNotFound, site: true}
}
