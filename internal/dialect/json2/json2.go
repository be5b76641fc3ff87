// Package json2 is the dialect of Odoo 19's /json/2: one POST per call, named
// arguments in a JSON object, the bare result as the answer, and errors with
// real statuses. It is offered whatever version Odoo has, so that a client
// written for Odoo 19 runs before an older one too.
package json2

import (
	"bytes"
	"errors"
	"net/http"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Prefix is the path below which the handler answers.
const Prefix = "/json/2/"

// DefaultMaxBody is Config.MaxBody where that is 0, in bytes.
const DefaultMaxBody = 10 << 20

// Config is what the dialect needs.
type Config struct {
	// Auth tells for whom a request is made. Required.
	Auth dialect.Authenticator
	// Database is the one that requests may name. Required.
	Database string
	// MaxBody bounds the body of a request in bytes; 0 is DefaultMaxBody.
	MaxBody int64
}

// New returns the handler of everything below Prefix.
func New(c Config) http.Handler {
	if c.MaxBody <= 0 {
		c.MaxBody = DefaultMaxBody
	}
	return &handler{auth: c.Auth, database: c.Database, maxBody: c.MaxBody}
}

type handler struct {
	auth     dialect.Authenticator
	database string
	maxBody  int64
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, err := dialect.Path(r)
	if err != nil {
		write(w, http.StatusBadRequest, badRequest, err.Error())
		return
	}
	model, method, found := strings.Cut(strings.TrimPrefix(p, Prefix), "/")
	if r.Method != http.MethodPost || !found || model == "" || strings.Contains(method, "/") {
		// Odoo answers a GET so, too.
		w.Header().Set("Allow", http.MethodPost)
		write(w, http.StatusNotFound, notFound, "Did you mean POST /json/2/<model>/<method>?")
		return
	}
	runner, err := h.auth.Authenticate(r)
	if err != nil {
		fail(w, err)
		return
	}
	if !rightDatabase(r.Header, h.database) { // told to nobody without a token
		write(w, http.StatusNotFound, notFound, "the database is not one of this server's")
		return
	}
	call, refused := h.decode(w, r, model, method)
	if refused != nil {
		write(w, refused.status, refused.name, refused.message)
		return
	}
	result, err := runner.Do(r.Context(), call)
	if err != nil {
		fail(w, err)
		return
	}
	body, err := answer(call, result.Value)
	if err != nil {
		fail(w, err)
		return
	}
	dialect.Write(w, http.StatusOK, body)
}

// refusal is a request that cannot be understood.
type refusal struct {
	status  int
	name    string
	message string
}

// decode reads the call. Nothing that the client has said is dropped: Odoo
// takes a body that is no object for an empty one, here that goes for null and
// for the empty list, which is how PHP writes an empty object.
func (h *handler) decode(w http.ResponseWriter, r *http.Request, model, method string) (odoo.Call, *refusal) {
	call := odoo.Call{Model: model, Method: method}
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		return call, &refusal{http.StatusBadRequest, badRequest, "arguments belong in the body, not in the address"}
	}
	if r.Header.Get("Content-Encoding") != "" {
		return call, &refusal{http.StatusUnsupportedMediaType, unsupported, "the body must not be compressed"}
	}
	if !dialect.IsJSON(r.Header) {
		return call, &refusal{http.StatusUnsupportedMediaType, unsupported, "the Content-Type must be application/json"}
	}
	body, err := dialect.ReadBody(http.MaxBytesReader(w, r.Body, h.maxBody), r.ContentLength)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return call, &refusal{http.StatusRequestEntityTooLarge, tooLarge, "the body is too large"}
	}
	if err != nil {
		return call, &refusal{http.StatusBadRequest, badRequest, "the body cannot be read"}
	}
	call.Kwargs = map[string]any{}
	if len(bytes.TrimSpace(body)) == 0 {
		return complete(call)
	}
	value, err := odoo.ParseJSON(body, odoo.DefaultLimits)
	if err != nil {
		return call, &refusal{http.StatusBadRequest, badRequest, "could not parse the body as json: " + strings.TrimPrefix(err.Error(), "odoo: ")}
	}
	arguments, ok := value.(map[string]any)
	if nothing(value) {
		return complete(call)
	}
	if !ok {
		return call, &refusal{http.StatusBadRequest, badRequest, "the body must be a JSON object of named arguments"}
	}
	return named(call, arguments)
}

// nothing tells whether a value says nothing.
func nothing(v any) bool {
	list, isList := v.([]any)
	return v == nil || isList && len(list) == 0
}

// named takes ids and context out of the named arguments. No ids are none at
// all: a method of a model then takes them, too.
func named(call odoo.Call, arguments map[string]any) (odoo.Call, *refusal) {
	if ids, given := arguments["ids"]; given {
		if !nothing(ids) {
			list, ok := odoo.ValueIDs(ids)
			if !ok {
				return call, &refusal{http.StatusUnprocessableEntity, unprocessable, "ids must be a list of record ids"}
			}
			call.IDs = list
		}
		delete(arguments, "ids")
	}
	if env, given := arguments["context"]; given {
		object, ok := env.(map[string]any)
		if !ok && !nothing(env) {
			return call, &refusal{http.StatusUnprocessableEntity, unprocessable, "context must be an object"}
		}
		call.Context = object
		delete(arguments, "context")
	}
	call.Kwargs = arguments
	return complete(call)
}
