package restapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/literal"
	"github.com/caddy-odoo/gateway/internal/dialect/typedxml"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// refusal is a request that cannot be understood.
type refusal struct {
	status  int
	message string
}

func (r refusal) Error() string { return r.message }

func bad(format string, args ...any) error {
	return refusal{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// param is one parameter as it came: text of the address or of a form, or a
// value of a JSON or XML body.
type param struct {
	text  string
	value any
	typed bool
}

type params map[string]param

// textOf takes the parameters of an address or a form.
func textOf(from dialect.Parameters) params {
	out := make(params, len(from))
	for name, text := range from {
		out[name] = param{text: text}
	}
	return out
}

// add adds the members of a body to the parameters of the address, which must
// not name one twice.
func (p params) add(values map[string]any) error {
	for name, v := range values {
		if _, twice := p[name]; twice {
			return bad("parameter %q occurs more than once", name)
		}
		p[name] = param{value: v, typed: true}
	}
	return nil
}

// kind says how the text of a parameter is read, and what it must be.
type kind int

const (
	kindAny kind = iota
	kindText
	kindNames
	kindSpecs
	kindIDs
	kindCount
	kindTruth
	kindDict
	kindList
)

// kinds of parameters, by name; all others are kindAny.
var kinds = map[string]kind{
	"order": kindText, "orderby": kindText, "name": kindText, "operator": kindText, "operation": kindText,
	"fields": kindNames, "allfields": kindNames, "attributes": kindNames, "fields_list": kindNames,
	"groupby": kindSpecs, "aggregates": kindSpecs, "ids": kindIDs,
	"offset": kindCount, "limit": kindCount,
	"raise_exception": kindTruth, "lazy": kindTruth, "group": kindTruth,
	"context": kindDict, "kwargs": kindDict, "domain": kindList, "args": kindList, "having": kindList,
}

// argument reads one parameter; ok is false where it is absent, empty, None
// or, unless it is a truth value, False.
func (s *session) argument(name string) (v any, ok bool, err error) {
	k := kinds[name]
	if name == "fields" && s.target.method == "read_group" {
		k = kindSpecs
	}
	return s.params[name].read(name, k)
}

func (p param) read(name string, k kind) (v any, ok bool, err error) {
	text, isText := p.text, !p.typed
	if p.typed {
		switch value := p.value.(type) {
		case string:
			if k == kindText {
				return value, value != "", nil
			}
			text, isText = value, k != kindAny
		case typedxml.Text:
			text, isText = string(value), k != kindAny
		}
	}
	v = p.value
	if isText {
		if text = strings.TrimSpace(text); text == "" {
			return nil, false, nil
		}
		if v, err = parse(text, k); err != nil {
			if k == kindCount {
				err = errors.New("must be a whole number")
				return nil, false, bad("%s %s", name, err)
			}
			return nil, false, bad("%s: %s", name, err)
		}
	}
	if v == nil || v == false && k != kindTruth {
		return nil, false, nil
	}
	if v, ok = suit(v, k); ok {
		return v, true, nil
	}
	if k == kindCount {
		return nil, false, bad("%s must be a whole number", name)
	}
	return nil, false, bad("%s is not of the right kind", name)
}

// parse reads text that is not empty.
func parse(text string, k kind) (any, error) {
	switch k {
	case kindNames:
		return dialect.NameList(text)
	case kindSpecs:
		return dialect.StringList(text)
	case kindIDs:
		return dialect.IDList(text)
	case kindText:
		if text[0] != '\'' && text[0] != '"' {
			return text, nil
		}
	}
	return literal.Parse(text)
}

// suit tells whether a value is of its kind, and brings it into its one form.
func suit(v any, k kind) (any, bool) {
	v = guessed(v)
	switch k {
	case kindCount:
		n, ok := v.(int64)
		return v, ok && n >= 0
	case kindTruth:
		switch v {
		case true, int64(1):
			return true, true
		case false, int64(0):
			return false, true
		}
		return v, false
	case kindDict:
		_, ok := v.(map[string]any)
		return v, ok
	case kindList:
		_, ok := v.([]any)
		return v, ok
	case kindText:
		_, ok := v.(string)
		return v, ok
	case kindNames, kindSpecs:
		list, ok := v.([]any)
		for _, item := range list {
			name, isText := item.(string)
			ok = ok && isText && (k == kindSpecs || odoo.ValidField(name))
		}
		return v, ok
	case kindIDs:
		switch v := v.(type) {
		case []int64:
			return v, true
		case int64:
			return []int64{v}, v > 0
		}
		ids, ok := odoo.ValueIDs(v)
		return ids, ok
	}
	return v, true
}

// only refuses parameters that the endpoint does not know: a misspelt domain
// would otherwise give all records.
func (s *session) only(known ...string) error {
	names := make(dialect.Parameters, len(s.params))
	for name := range s.params {
		names[name] = ""
	}
	if err := names.Only(append(known, tolerated...)...); err != nil {
		return bad("%s", err)
	}
	return nil
}

// ids are those of the path or of the parameter of that name; given is false
// without either.
func (s *session) ids() (ids []int64, given bool, err error) {
	v, given, err := s.argument("ids")
	if err != nil {
		return nil, false, err
	}
	if s.target.id > 0 {
		if given {
			return nil, false, bad("ids are given in the path and as a parameter")
		}
		return []int64{s.target.id}, true, nil
	}
	if !given {
		return nil, false, nil
	}
	return v.([]int64), true, nil
}
