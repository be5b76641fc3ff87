package dialect

import (
	"errors"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect/literal"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

var (
	errNames = errors.New("not a list of names, such as [\"name\", \"email\"]")
	errIDs   = errors.New("not a list of ids, such as [10,11]")
)

// NameList is a StringList of the names of fields.
func NameList(text string) (any, error) {
	v, err := StringList(text)
	list, _ := v.([]any)
	for _, item := range list {
		if !odoo.ValidField(item.(string)) {
			return nil, errNames
		}
	}
	return v, err
}

// StringList reads a parameter that is not empty: ['a','b'], ('a','b'), 'a','b'
// or a,b, as []any of strings; None and False are nil.
func StringList(text string) (any, error) {
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
		return nil, errNames
	}
	for _, item := range list {
		if _, ok := item.(string); !ok {
			return nil, errNames
		}
	}
	return list, nil
}

// IDList reads a parameter that is not empty: 12, 12,17 or [12,17], as []int64.
func IDList(text string) (any, error) {
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
	return nil, errIDs
}
