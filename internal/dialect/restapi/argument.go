package restapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/literal"
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
		v, err = dialect.NameList(text)
	case "order":
		v, err = words(text)
	case "ids":
		v, err = dialect.IDList(text)
	default:
		v, err = literal.Parse(text)
	}
	switch {
	case err != nil && (name == "limit" || name == "offset"):
		return nil, false, bad("%s must be a whole number", name)
	case err != nil:
		return nil, false, bad("%s: %s", name, err)
	}
	if v == nil || v == false {
		return nil, false, nil
	}
	switch {
	case suits(name, v):
	case name == "limit" || name == "offset":
		return nil, false, bad("%s must be a whole number", name)
	default:
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

// ids are the ids of the parameter of that name; ok is false without one.
func (s *session) ids() (ids []int64, ok bool, err error) {
	v, ok, err := s.argument("ids")
	if !ok {
		return nil, false, err
	}
	return v.([]int64), true, nil
}
