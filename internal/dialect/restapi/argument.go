package restapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect/literal"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// badRequest is a request that cannot be understood.
type badRequest struct{ message string }

func (b badRequest) Error() string { return b.message }

func bad(format string, args ...any) error { return badRequest{fmt.Sprintf(format, args...)} }

// only refuses parameters that the endpoint does not know: a misspelt domain
// would otherwise give all records.
func (s *session) only(known ...string) error {
	if err := s.params.Only(slices.Concat(known, tolerated)...); err != nil {
		return badRequest{err.Error()}
	}
	return nil
}

// argument reads one parameter; ok is false where it is absent, empty, None
// or False.
func (s *session) argument(name string) (v any, ok bool, err error) {
	text := strings.TrimSpace(s.params[name])
	if text == "" {
		return nil, false, nil
	}
	switch name {
	case "fields", "allfields", "attributes":
		v, err = nameList(text)
	case "order":
		v, err = words(text)
	case "ids":
		v, err = idList(text)
	default:
		v, err = literal.Parse(text)
	}
	if err != nil {
		return nil, false, bad("%s: %s", name, err)
	}
	if v == nil || v == false {
		return nil, false, nil
	}
	if !suits(name, v) {
		return nil, false, bad("%s is not of the right kind", name)
	}
	return v, true, nil
}

func suits(name string, v any) bool {
	switch name {
	case "offset", "limit":
		n, ok := v.(int64)
		return ok && n >= 0
	case "domain":
		_, ok := v.([]any)
		return ok
	case "context":
		_, ok := v.(map[string]any)
		return ok
	}
	return true
}

// words reads text that may stand in quotes.
func words(text string) (any, error) {
	if text[0] != '\'' && text[0] != '"' {
		return text, nil
	}
	return literal.Parse(text)
}

// nameList reads ['a','b'], ('a','b'), 'a','b' or a,b.
func nameList(text string) (any, error) {
	var v any
	var err error
	switch text[0] {
	case '[', '(', '{':
		v, err = literal.Parse(text)
	case '\'', '"':
		v, err = literal.Parse("[" + text + "]")
	default:
		switch text {
		case "None", "null", "False", "false":
			return nil, nil
		}
		var list []any
		for name := range strings.SplitSeq(text, ",") {
			list = append(list, strings.TrimSpace(name))
		}
		v = list
	}
	if one, ok := v.(string); ok {
		v = []any{one}
	}
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("not a list of names")
	}
	for _, item := range list {
		if name, ok := item.(string); !ok || !odoo.ValidField(name) {
			return nil, fmt.Errorf("not a list of names")
		}
	}
	return list, nil
}

// idList reads 12, 12,17 or [12,17].
func idList(text string) (any, error) {
	if text[0] != '[' && text[0] != '(' {
		text = "[" + text + "]"
	}
	v, err := literal.Parse(text)
	if err != nil {
		return nil, err
	}
	if ids, ok := odoo.ValueIDs(v); ok {
		return ids, nil
	}
	return nil, fmt.Errorf("not a list of ids")
}

// ids are the ids of the parameter of that name; ok is false without one.
func (s *session) ids() (ids []int64, ok bool, err error) {
	v, ok, err := s.argument("ids")
	if !ok {
		return nil, false, err
	}
	return v.([]int64), true, nil
}
