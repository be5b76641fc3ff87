// Package restapi is the dialect of /restapi/1.0/object and report: reading,
// searching, creating, changing and deleting records, describing fields,
// methods, and printing; and of binary, for files as they are. It
// keeps paths, statuses and bodies of that interface, and reads its values as
// literals without evaluating them. Parameters may stand in the address, and
// in a form, JSON or XML. Answers are JSON; the gateway makes XML of them where
// the request prefers that.
package restapi

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Prefix is the path of objects, below which the handler answers.
const Prefix = "/restapi/1.0/object/"

// Config is what the dialect needs.
type Config struct {
	// Auth tells for whom a request is made. Required.
	Auth dialect.Authenticator
	// MaxBody bounds the body of a request in bytes; 0 is DefaultMaxBody.
	MaxBody int64
	// MaxAnswer bounds the documents of an answer together, in bytes; 0 is
	// DefaultMaxAnswer.
	MaxAnswer int64
}

// New returns the handler of everything below Prefix, ReportPrefix and
// BinaryPrefix.
func New(c Config) http.Handler {
	if c.MaxBody <= 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.MaxAnswer <= 0 {
		c.MaxAnswer = DefaultMaxAnswer
	}
	return &handler{auth: c.Auth, maxBody: c.MaxBody, maxAnswer: c.MaxAnswer}
}

type handler struct {
	auth      dialect.Authenticator
	maxBody   int64
	maxAnswer int64
}

// target is what a path names.
type target struct {
	model  string // of a report: its name
	id     int64  // 0: none
	method string // "": records
	report bool
	field  string // of a file, else ""
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, err := dialect.Path(r)
	if err != nil {
		malformed(w, err)
		return
	}
	t, pathErr := parsePath(p)
	if pathErr == nil && t != nil && !slices.Contains(t.verbs(), r.Method) {
		w.Header().Set("Allow", strings.Join(t.verbs(), ", "))
		flat(w, http.StatusMethodNotAllowed, "Method not allowed")
		return
	}
	runner, err := h.auth.Authenticate(r)
	if err != nil {
		fail(w, err)
		return
	}
	if pathErr != nil {
		malformed(w, pathErr)
		return
	}
	if t == nil {
		flat(w, http.StatusNotFound, "Not found")
		return
	}
	s := &session{w: w, r: r, runner: runner, target: *t, maxAnswer: h.maxAnswer}
	if err := s.answerTo(h.read(w, r)); err != nil {
		if refused, ok := errors.AsType[refusal](err); ok && refused.status == http.StatusBadRequest {
			malformed(w, refused)
		} else if ok {
			flat(w, refused.status, refused.message)
		} else {
			fail(w, err)
		}
	}
}

// parsePath reads the path; nil is a path that names nothing here.
func parsePath(p string) (*target, error) {
	rest, object := strings.CutPrefix(p, Prefix)
	report, binary := false, false
	if !object {
		if rest, report = strings.CutPrefix(p, ReportPrefix); !report {
			if rest, binary = strings.CutPrefix(p, BinaryPrefix); !binary {
				return nil, nil
			}
		}
	}
	parts := strings.Split(rest, "/")
	t := &target{model: parts[0], report: report}
	tail := parts[1:]
	if len(tail) > 0 && strings.Trim(tail[0], "0123456789") == "" {
		id, err := strconv.ParseInt(tail[0], 10, 64)
		if err != nil || id <= 0 || tail[0][0] == '0' {
			return nil, errors.New("an id is a positive whole number")
		}
		t.id, tail = id, tail[1:]
	}
	switch {
	case binary:
		if t.id == 0 || len(tail) != 1 || !odoo.ValidField(tail[0]) {
			return nil, nil
		}
		t.field = tail[0]
		return t, nil
	case len(tail) == 0:
		return t, nil
	case len(tail) == 1 && object:
		t.method = tail[0]
		return t, nil
	}
	return nil, nil
}

// Methods are the methods of HTTP that a path of the handler's knows; nil
// where it names nothing.
func Methods(path string) []string {
	t, err := parsePath(strings.TrimSuffix(path, "/"))
	if err != nil || t == nil {
		return nil
	}
	return t.verbs()
}

// verbs are the methods of HTTP that a path knows. HEAD is for what changes
// nothing; headers that name another method than the request's are ignored.
func (t target) verbs() []string {
	switch {
	case t.field != "":
		return []string{http.MethodGet, http.MethodHead}
	case t.report:
		return []string{http.MethodGet, http.MethodPost}
	case t.method != "" && methods[t.method] != nil:
		return []string{http.MethodGet, http.MethodHead, http.MethodPost}
	case t.method != "":
		return []string{http.MethodGet, http.MethodPost}
	case t.id > 0:
		return []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete}
	}
	return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}
}

// session answers one request.
type session struct {
	w      http.ResponseWriter
	r      *http.Request
	runner dialect.Runner
	target target
	params params
	// maxAnswer is Config.MaxAnswer.
	maxAnswer int64
}

// tolerated parameters say nothing about the data: where the token may stand,
// what the original ignores, and what browsers add to get past caches.
var tolerated = []string{"access_token", "basic_access_token", "count", "_"}

func (s *session) answerTo(p params, whole any, err error) error {
	if err != nil {
		return err
	}
	s.params = p
	if err := s.unwrap(whole, s.target.method == "" && !s.target.report && (s.r.Method == http.MethodPost || s.r.Method == http.MethodPut)); err != nil {
		return err
	}
	if s.target.report {
		return s.report()
	}
	if s.target.field != "" {
		return s.binary()
	}
	if s.target.method != "" {
		return s.method()
	}
	switch s.r.Method {
	case http.MethodPost:
		return s.create()
	case http.MethodPut:
		return s.update()
	case http.MethodDelete:
		return s.remove()
	}
	return s.records()
}

// do runs a method with those parameters of the request that it takes, by
// their names.
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
