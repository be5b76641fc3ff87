package json2

import (
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// What Odoo 19 makes of calls of its own methods, where the other dialects are
// more lenient or answer in another shape.

// recordMethods act on an empty set of records where no ids are given: read
// then answers no records, and there is nothing to write or delete.
var recordMethods = []string{"read", "write", "unlink"}

// required are arguments without which Odoo does not call a method.
var required = map[string]string{
	"search": "domain", "search_count": "domain", "formatted_read_group": "domain", "read_group": "domain",
	"create": "vals_list", "write": "vals", "has_access": "operation", "default_get": "fields",
}

// complete gives a call what Odoo 19 takes for granted, and refuses one that
// lacks an argument.
func complete(call odoo.Call) (odoo.Call, *refusal) {
	if call.IDs == nil && slices.Contains(recordMethods, call.Method) {
		call.IDs = []int64{}
	}
	if name, ok := required[call.Method]; ok {
		if _, given := call.Kwargs[name]; !given {
			return call, &refusal{http.StatusUnprocessableEntity, unprocessable, "missing a required argument: '" + name + "'"}
		}
	}
	return call, nil
}

// answer is a result in the shape of Odoo 19: there create answers a list of
// ids for one record, too. The rules run name_search as a search, whose answer
// becomes pairs.
func answer(call odoo.Call, value jsontext.Value) (jsontext.Value, error) {
	switch {
	case call.Method == "name_search":
		return dialect.Pairs(value)
	case call.Method == "create" && value.Kind() == '0':
		return slices.Concat(jsontext.Value("["), value, jsontext.Value("]")), nil
	}
	return value, nil
}

// rightDatabase tells whether a request names no database but this one, as
// clients of a server with several do. Where it names another, Odoo finds
// nothing to call.
func rightDatabase(h http.Header, database string) bool {
	return !slices.ContainsFunc(h.Values("X-Odoo-Database"), func(name string) bool { return name != database })
}
