// Package restapi is the dialect of /restapi/1.0/object: reading records,
// searching, counting and describing fields. It keeps paths, statuses and
// bodies of that interface, and reads its values as literals without
// evaluating them. Answers are JSON; the gateway makes XML of them where the
// request prefers that.
package restapi

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Prefix is the path below which the handler answers.
const Prefix = "/restapi/1.0/object/"

// Config is what the dialect needs.
type Config struct {
	// Auth tells for whom a request is made. Required.
	Auth dialect.Authenticator
}

// New returns the handler of everything below Prefix.
func New(c Config) http.Handler { return &handler{auth: c.Auth} }

type handler struct{ auth dialect.Authenticator }

// target is what a path names.
type target struct {
	model  string
	id     int64  // 0: none
	method string // "": records
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, err := dialect.Path(r)
	if err != nil {
		malformed(w, err)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		flat(w, http.StatusMethodNotAllowed, "Method not allowed")
		return
	}
	runner, err := h.auth.Authenticate(r)
	if err != nil {
		fail(w, err)
		return
	}
	t, err := parsePath(p)
	if err != nil {
		malformed(w, err)
		return
	}
	if t == nil {
		flat(w, http.StatusNotFound, "Not found")
		return
	}
	q, err := dialect.Query(r)
	if err == nil && r.ContentLength != 0 {
		err = errors.New("parameters belong in the address, not in a body")
	}
	if err != nil {
		malformed(w, err)
		return
	}
	s := &session{w: w, r: r, runner: runner, target: *t, params: q}
	if err := s.serve(); err != nil {
		if bad, ok := errors.AsType[badRequest](err); ok {
			malformed(w, bad)
			return
		}
		fail(w, err)
	}
}

// parsePath reads the path; nil is a path that names nothing here.
func parsePath(p string) (*target, error) {
	rest, ok := strings.CutPrefix(p, Prefix)
	if !ok {
		return nil, nil
	}
	model, tail, more := strings.Cut(rest, "/")
	t := &target{model: model}
	switch {
	case !more:
		return t, nil
	case tail == "search", tail == "search_count", tail == "fields_get":
		t.method = tail
		return t, nil
	case strings.Trim(tail, "0123456789") != "":
		return nil, nil
	}
	id, err := strconv.ParseInt(tail, 10, 64)
	if err != nil || id <= 0 || tail[0] == '0' {
		return nil, errors.New("an id is a positive whole number")
	}
	t.id = id
	return t, nil
}

// session answers one request.
type session struct {
	w      http.ResponseWriter
	r      *http.Request
	runner dialect.Runner
	target target
	params dialect.Parameters
}

// tolerated parameters say nothing about the data: where the token may stand,
// what the original ignores, and what browsers add to get past caches.
var tolerated = []string{"access_token", "basic_access_token", "count", "_"}

func (s *session) serve() error {
	switch {
	case s.target.method == "search":
		return s.search()
	case s.target.method == "search_count":
		return s.searchCount()
	case s.target.method == "fields_get":
		return s.fieldsGet()
	default:
		return s.records()
	}
}

// do runs a method with the named arguments and those parameters of the
// address that it takes.
func (s *session) do(method string, ids []int64, takes ...string) (odoo.Result, error) {
	call := odoo.Call{Model: s.target.model, Method: method, IDs: ids, Kwargs: map[string]any{}}
	for _, name := range takes {
		v, ok, err := s.argument(name)
		if err != nil {
			return odoo.Result{}, err
		}
		switch {
		case !ok:
		case name == "context":
			call.Context, _ = v.(map[string]any)
		default:
			call.Kwargs[name] = v
		}
	}
	return s.runner.Do(s.r.Context(), call)
}
