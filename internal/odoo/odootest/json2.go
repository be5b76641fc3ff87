package odootest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// authenticateBearer is auth=bearer: an API key, or on 19 and later a session
// cookie in a request that a person navigated to.
func (x *exchange) authenticateBearer() error {
	v := x.s.v
	header := x.r.Header.Get("Authorization")
	scheme, key, _ := strings.Cut(header, " ")
	if strings.EqualFold(scheme, "bearer") && key != "" {
		owner, k := x.db.keyOwner(key)
		if k == nil {
			return x.unauthorized("Invalid apikey")
		}
		if x.sess.uid != 0 && x.sess.uid != owner.id {
			return raise("odoo.exceptions.AccessDenied", "Session user does not match the used apikey.")
		}
		x.uid = owner.id
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
		return x.checkLocks(x.noteDevice()) // 19 lets a locked session through
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
	ids, hasIDs := body["ids"].([]any)
	args, err := bindJSON2(model, method, kwargs, ids, hasIDs)
	if err != nil {
		return nil, err
	}
	result, err := x.callMethod(model, method, args, kwargs)
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

// signature is what JSON-2 needs to bind named arguments to a method.
type signature struct {
	params   []string
	required []string
	model    bool // runs on the model, not on records
	open     bool // takes any further named argument
}

var signatures = map[string]signature{
	"search":               {params: []string{"domain", "offset", "limit", "order"}, required: []string{"domain"}, model: true},
	"search_read":          {params: []string{"domain", "fields", "offset", "limit", "order"}, model: true, open: true},
	"search_count":         {params: []string{"domain", "limit"}, required: []string{"domain"}, model: true},
	"web_search_read":      {params: []string{"domain", "specification", "offset", "limit", "order", "count_limit"}, required: []string{"domain", "specification"}, model: true},
	"name_search":          {params: []string{"name", "domain", "operator", "limit"}, model: true},
	"fields_get":           {params: []string{"allfields", "attributes"}, model: true},
	"default_get":          {params: []string{"fields"}, required: []string{"fields"}, model: true},
	"create":               {params: []string{"vals_list"}, required: []string{"vals_list"}, model: true},
	"name_create":          {params: []string{"name"}, required: []string{"name"}, model: true},
	"read_group":           {params: []string{"domain", "fields", "groupby", "offset", "limit", "orderby", "lazy"}, required: []string{"domain", "fields", "groupby"}, model: true},
	"formatted_read_group": {params: []string{"domain", "groupby", "aggregates", "having", "offset", "limit", "order"}, required: []string{"domain"}, model: true},
	"context_get":          {model: true},
	"read":                 {params: []string{"fields", "load"}},
	"web_read":             {params: []string{"specification"}, required: []string{"specification"}},
	"write":                {params: []string{"vals"}, required: []string{"vals"}},
	"unlink":               {},
	"copy":                 {params: []string{"default"}},
	"has_access":           {params: []string{"operation"}, required: []string{"operation"}},
	"has_group":            {params: []string{"group_ext_id"}, required: []string{"group_ext_id"}},
}

// bindJSON2 checks named arguments against the method's signature and returns
// the positional ones, which are the ids of a record method.
func bindJSON2(model, method string, kwargs map[string]any, ids []any, hasIDs bool) ([]any, error) {
	sig, known := signatures[method]
	if !known {
		if hasIDs {
			return []any{ids}, nil
		}
		return nil, nil
	}
	unprocessable := func(text string) error {
		return httpFault(http.StatusUnprocessableEntity, "UnprocessableEntity", text)
	}
	if sig.model && hasIDs {
		return nil, unprocessable(fmt.Sprintf("cannot call %s.%s with ids", model, method))
	}
	for _, name := range sig.required {
		if _, ok := kwargs[name]; !ok {
			return nil, unprocessable(fmt.Sprintf("missing a required argument: '%s'", name))
		}
	}
	for name := range kwargs {
		if name != "context" && !sig.open && !slices.Contains(sig.params, name) {
			return nil, unprocessable(fmt.Sprintf("got an unexpected keyword argument '%s'", name))
		}
	}
	if sig.model {
		return nil, nil
	}
	if ids == nil {
		ids = []any{}
	}
	return []any{ids}, nil
}

// oldJSONRoute is what 18 makes of paths under /json that belong to later
// versions: an experimental route for people, which wants a CSRF token of
// whoever posts.
func oldJSONRoute(*exchange) (*reply, error) {
	return nil, &httpError{status: http.StatusNotFound, site: true}
}
