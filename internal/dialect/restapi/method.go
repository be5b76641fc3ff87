package restapi

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// named is a method of Odoo's own whose arguments are parameters of their own.
type named struct {
	// takes are its arguments, by name, and the context.
	takes []string
	// records: it runs on records, or on none.
	records bool
	// serve answers it; nil: with its result.
	serve func(*session) error
}

// methods are the named ones. All others take args and kwargs. Some of them no
// model configuration can open: they are known here so that they are refused
// by the rules, and not for their parameters.
var methods map[string]*named

func init() {
	methods = map[string]*named{
		"search":       {serve: (*session).search},
		"search_count": {serve: (*session).searchCount},
		"search_read":  {serve: (*session).searchRead},
		"read":         {serve: (*session).read},
		"fields_get":   {serve: (*session).fieldsGet},
		"name_search":  {serve: (*session).nameSearch},
		"read_group":   {serve: (*session).readGroup},

		"check_access_rights": {serve: (*session).checkAccessRights},
		"default_get":         {takes: []string{"fields_list", "context"}},

		"check_access_rule":         {takes: []string{"operation", "context"}, records: true},
		"check_field_access_rights": {takes: []string{"operation", "fields", "context"}},
		"copy":                      {takes: []string{"default", "context"}, records: true},
		"export_data":               {takes: []string{"fields_to_export", "raw_data", "context"}, records: true},
		"import_data":               {takes: []string{"fields", "datas", "mode", "current_module", "noupdate", "filename", "context"}},
		"name_create":               {takes: []string{"name", "context"}},
		"onchange":                  {takes: []string{"values", "field_name", "field_onchange", "context"}, records: true},
		"user_has_groups":           {takes: []string{"groups", "context"}},
	}
}

// method answers {model}/{method} and {model}/{id}/{method}.
func (s *session) method() error {
	m := methods[s.target.method]
	if m == nil {
		return s.free()
	}
	// Arguments by name may also come together.
	if p, given := s.params["kwargs"]; given {
		v, ok, err := p.read("kwargs", kindDict)
		if err != nil {
			return err
		}
		delete(s.params, "kwargs")
		if ok {
			if err := s.params.add(v.(map[string]any)); err != nil {
				return err
			}
		}
	}
	if m.serve != nil {
		return m.serve(s)
	}
	if err := s.only(append(slices.Clone(m.takes), "ids")...); err != nil {
		return err
	}
	ids, given, err := s.ids()
	if err != nil {
		return err
	}
	if given && !m.records {
		return bad("%s takes no ids", s.target.method)
	}
	res, err := s.do(s.target.method, ids, m.takes...)
	if err != nil {
		return err
	}
	s.result(res.Value)
	return nil
}

// free answers any other method, where the rules open it.
func (s *session) free() error {
	if err := s.only("args", "kwargs", "ids", "context"); err != nil {
		return err
	}
	ids, _, err := s.ids()
	if err != nil {
		return err
	}
	call := odoo.Call{Model: s.target.model, Method: s.target.method, IDs: ids, Kwargs: map[string]any{}}
	if v, ok, err := s.argument("args"); err != nil {
		return err
	} else if ok {
		call.Args = v.([]any)
	}
	if v, ok, err := s.argument("kwargs"); err != nil {
		return err
	} else if ok {
		call.Kwargs = v.(map[string]any)
	}
	env, given, err := s.argument("context")
	if err != nil {
		return err
	}
	if inner, both := call.Kwargs["context"]; both {
		if given {
			return bad("context is given twice")
		}
		object, ok := inner.(map[string]any)
		if !ok && inner != nil {
			return bad("context is not of the right kind")
		}
		call.Context = object
		delete(call.Kwargs, "context")
	} else if given {
		call.Context = env.(map[string]any)
	}
	res, err := s.runner.Do(s.r.Context(), call)
	if err != nil {
		return err
	}
	s.result(res.Value)
	return nil
}

// result answers with what a method has returned. An empty list or object is
// nothing found. So was everything else that is false to the original, though
// the method had run: those who know it from there are told so still.
func (s *session) result(v jsontext.Value) {
	if emptiness(v) || s.runner.Compat() && falsehood(v) {
		s.nothing()
		return
	}
	s.envelope(http.StatusOK, v)
}

// emptiness tells whether a valid value is a list or an object with nothing in it.
func emptiness(v jsontext.Value) bool {
	v = bytes.TrimSpace(v)
	return (v.Kind() == '[' || v.Kind() == '{') && len(bytes.TrimSpace(v[1:len(v)-1])) == 0
}

func falsehood(v jsontext.Value) bool {
	switch v.Kind() {
	case 'f', 'n':
		return true
	case '"':
		return string(v) == `""`
	case '0':
		parsed, err := odoo.ParseJSON(v, odoo.DefaultLimits)
		return err == nil && (parsed == int64(0) || parsed == 0.0)
	}
	return false
}

// nameSearch answers {model}/name_search: pairs of id and name. Its domain is
// called args.
func (s *session) nameSearch() error {
	if err := s.only("name", "args", "domain", "operator", "limit", "ids", "context"); err != nil {
		return err
	}
	if p, given := s.params["args"]; given {
		if _, both := s.params["domain"]; both {
			return bad("args and domain are the same")
		}
		s.params["domain"] = p
		delete(s.params, "args")
	}
	if err := s.restrict(); err != nil {
		return err
	}
	res, err := s.do("name_search", nil, "name", "domain", "operator", "limit", "context")
	if err != nil {
		return err
	}
	pairs, err := dialect.Pairs(res.Value)
	if err != nil {
		return err
	}
	s.result(pairs)
	return nil
}

// readGroup answers {model}/read_group.
func (s *session) readGroup() error {
	takes := []string{"domain", "fields", "groupby", "offset", "limit", "orderby", "lazy", "context"}
	if err := s.only(append(slices.Clone(takes), "ids")...); err != nil {
		return err
	}
	if err := s.restrict(); err != nil {
		return err
	}
	res, err := s.do("read_group", nil, takes...)
	if err != nil {
		return err
	}
	s.result(res.Value)
	return nil
}

// checkAccessRights answers {model}/check_access_rights: {"return": …}. The
// operation is a word, or a list of one as the documentation has it.
func (s *session) checkAccessRights() error {
	if err := s.only("operation", "raise_exception", "context"); err != nil {
		return err
	}
	if s.target.id > 0 {
		return bad("check_access_rights takes no ids")
	}
	v, ok, err := s.params["operation"].read("operation", kindSpecs)
	if err != nil {
		return err
	}
	operations, _ := v.([]any)
	if !ok || len(operations) != 1 {
		return bad("operation is one of create, read, write and unlink")
	}
	s.params["operation"] = param{value: operations[0], typed: true}
	res, err := s.do("check_access_rights", nil, "operation", "raise_exception", "context")
	if err != nil {
		return err
	}
	k := res.Value.Kind()
	if k != 't' && k != 'f' {
		return odoo.ErrShape
	}
	if k == 'f' && s.runner.Compat() {
		s.nothing() // whoever looks at the status alone takes 200 for a right
		return nil
	}
	s.named(http.StatusOK, "return", res.Value)
	return nil
}
