// Package orestapi is the dialect of /orestapi: the models that an application
// may use, finding a record by its name, and reading records, with
// what their fields are called, as Confluence asks for them. It keeps paths, shapes and error codes of that interface, and
// its status 401 for every refusal; it reads only.
package orestapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Prefix is the path below which the handler answers.
const Prefix = "/orestapi/"

// Config is what the dialect needs.
type Config struct {
	// Auth tells for whom a request is made. Required.
	Auth dialect.Authenticator
	// Version returns Odoo's own description of its version; its errors are
	// *dialect.Failure. Required.
	Version func(context.Context) (odoo.Record, error)
}

// New returns the handler of everything below Prefix.
func New(c Config) http.Handler { return &handler{auth: c.Auth, odooVersion: c.Version} }

type handler struct {
	auth        dialect.Authenticator
	odooVersion func(context.Context) (odoo.Record, error)
}

// endpoint is one path.
type endpoint struct {
	codes codes
	serve func(*session) error
}

var endpoints = map[string]endpoint{
	"/orestapi/application/model":  {modelCodes, (*session).models},
	"/orestapi/record/name_search": {searchCodes, (*session).nameSearch},
	"/orestapi/record/read":        {readCodes, (*session).read},
	"/orestapi/model/field":        {fieldCodes, (*session).fields},
	"/orestapi/model/icon":         {iconCodes, (*session).icon},
}

// session answers one request.
type session struct {
	w      http.ResponseWriter
	r      *http.Request
	runner dialect.Runner
	params dialect.Parameters
	codes  codes
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, err := dialect.Path(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, malformed, err.Error())
		return
	}
	e, ok := endpoints[p]
	if !ok && p != versionPath {
		refuse(w, http.StatusNotFound, notFound, "Not found")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, HEAD, POST")
		WrongMethod(w)
		return
	}
	if p == versionPath {
		h.version(w, r)
		return
	}
	s := &session{w: w, r: r, codes: e.codes}
	if s.runner, err = h.auth.Authenticate(r); err != nil {
		s.fail(err)
		return
	}
	if s.params, err = dialect.Form(w, r); err != nil {
		refuse(w, http.StatusBadRequest, malformed, err.Error())
		return
	}
	if err := e.serve(s); err != nil {
		s.fail(err)
	}
}

// models answers application/model.
func (s *session) models() error {
	models, err := s.runner.Models(s.r.Context())
	if err != nil {
		return err
	}
	list := make([]any, len(models))
	for i, m := range models {
		list[i] = map[string]any{"model": m.Model, "name": m.Name}
	}
	body, err := odoo.MarshalValue(list)
	if err != nil {
		return err
	}
	dialect.Write(s.w, http.StatusOK, body)
	return nil
}

// answer writes the two parts of an answer: what it is about, and the records.
func (s *session) answer(model string, header odoo.Record, records []odoo.Record) error {
	name, err := odoo.MarshalValue(model)
	if err != nil {
		return err
	}
	about := odoo.Record{{Name: "model", Value: name}}
	action, menu := any(false), any(false)
	if window, ok := s.runner.Window(s.r.Context(), model); ok {
		action, menu = window.Action, window.Menu
	}
	for _, m := range []struct {
		name  string
		value any
	}{{"action_id", action}, {"menu_id", menu}} {
		v, err := odoo.MarshalValue(m.value)
		if err != nil {
			return err
		}
		about = append(about, odoo.Member{Name: m.name, Value: v})
	}
	parts := []odoo.Record{
		{{Name: "header", Value: odoo.AppendRecord(nil, append(about, header...))}},
		{{Name: "data", Value: odoo.AppendRecords(nil, records)}},
	}
	dialect.Write(s.w, http.StatusOK, odoo.AppendRecords(nil, parts))
	return nil
}

// fail writes a failure with the code that the original has for it.
func (s *session) fail(err error) {
	if own, ok := errors.AsType[*refusal](err); ok {
		refuse(s.w, own.status, own.code, own.message)
		return
	}
	f := dialect.FailureOf(err)
	f.Announce(s.w.Header())
	switch f.Kind {
	case dialect.Unauthorized:
		refuse(s.w, http.StatusUnauthorized, s.codes.unauthorized, "Not authorized")
	case dialect.Forbidden:
		code, message := s.codes.forbidden(f)
		refuse(s.w, http.StatusUnauthorized, code, message)
	case dialect.NotFound:
		refuse(s.w, http.StatusUnauthorized, recordNotFound, "Record not found")
	case dialect.Invalid, dialect.Malformed:
		if f.Code == modelUnknown {
			refuse(s.w, http.StatusUnauthorized, s.codes.closed, s.codes.notAllowed)
			return
		}
		refuse(s.w, http.StatusBadRequest, malformed, f.Message)
	case dialect.Unavailable:
		refuse(s.w, http.StatusServiceUnavailable, unavailable, f.Message)
	case dialect.TooMany:
		refuse(s.w, http.StatusTooManyRequests, tooMany, f.Message)
	default:
		refuse(s.w, http.StatusInternalServerError, internal, f.Message)
	}
}
