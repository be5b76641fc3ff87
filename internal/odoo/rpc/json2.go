package rpc

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// positions are the names of the positional arguments of Odoo's own methods,
// as 19 and 20 both have them: /json/2 takes named ones alone.
var positions = map[string][]string{
	"copy":         {"default"},
	"create":       {"vals_list"},
	"default_get":  {"fields"},
	"fields_get":   {"allfields", "attributes"},
	"has_access":   {"operation"},
	"has_group":    {"group_ext_id"},
	"name_create":  {"name"},
	"name_search":  {"name", "domain", "operator", "limit"},
	"read":         {"fields", "load"},
	"search":       {"domain", "offset", "limit", "order"},
	"search_count": {"domain", "limit"},
	"search_read":  {"domain", "fields", "offset", "limit", "order"},
	"write":        {"vals"},
}

// namedArguments are the arguments of a call by name, ids and context
// included. ok is false where /json/2 can not take the call: it has positional
// arguments whose names are not known, or one that is called like the ids.
func namedArguments(call odoo.Call) (args map[string]any, ok bool) {
	names := positions[call.Method]
	if len(call.Args) > len(names) {
		return nil, false
	}
	args = make(map[string]any, len(call.Args)+len(call.Kwargs)+2)
	for i, v := range call.Args {
		args[names[i]] = v
	}
	for name, v := range call.Kwargs {
		if _, twice := args[name]; twice || name == "ids" {
			return nil, false
		}
		args[name] = v
	}
	if call.IDs != nil {
		args["ids"] = odoo.IDList(call.IDs)
	}
	if call.Context != nil {
		args["context"] = call.Context
	}
	return args, true
}

// json2 is the request for a call with a key on /json/2.
func (c *Client) json2(k Key, call odoo.Call, args map[string]any) (exchange, error) {
	body, err := marshal(args)
	return exchange{
		path: "/json/2/" + call.Model + "/" + call.Method,
		header: http.Header{
			"Authorization":   {"bearer " + k.Secret},
			"X-Odoo-Database": {c.database},
		},
		body: body, model: call.Model, method: call.Method, anonymous: true, bare: true,
	}, err
}

// bareStatus are the statuses in which /json/2 words errors of its own.
var bareStatus = map[int]bool{
	http.StatusBadRequest: true, http.StatusUnauthorized: true, http.StatusForbidden: true,
	http.StatusNotFound: true, http.StatusConflict: true, http.StatusUnprocessableEntity: true,
	http.StatusInternalServerError: true,
}

// parseBare takes an answer of /json/2 apart.
func parseBare(status int, body []byte, model, method string) (odoo.Result, error) {
	if status == http.StatusOK {
		result, ok := odoo.ParseResult(bytes.TrimSpace(body))
		if !ok {
			return odoo.Result{}, &odoo.Error{Kind: odoo.Unavailable, Message: "the answer is malformed"}
		}
		return result, nil
	}
	parsed, err := odoo.ParseJSON(body, odoo.DefaultLimits)
	object, _ := parsed.(map[string]any)
	e := &odoo.Error{Name: text(object["name"]), Message: clip(text(object["message"])), Err: err}
	if e.Name == "" {
		// Another server on the way has said this.
		return odoo.Result{}, &odoo.Error{Kind: odoo.Unavailable, Message: "the answer is not Odoo's", Err: err}
	}
	e.Kind = bareKind(e, status, model, method)
	concealSQL(e)
	return odoo.Result{}, e
}

func bareKind(e *odoo.Error, status int, model, method string) odoo.Kind {
	class := e.Name[strings.LastIndexByte(e.Name, '.')+1:]
	switch {
	case class == "Unauthorized":
		// This error ends connections. A key that never arrived, because a proxy
		// keeps the header for itself, is not a refused one.
		if status != http.StatusUnauthorized || strings.HasPrefix(e.Message, "User not authenticated") ||
			strings.HasPrefix(e.Message, "Missing ") {
			return odoo.Server
		}
		return odoo.AccessDenied
	case class == "NotFound":
		switch {
		case e.Message == "the model '"+model+"' does not exist":
			return odoo.UnknownModel
		case namesMethod(e.Message, method):
			return odoo.UnknownMethod
		}
		return odoo.Server
	}
	return kindOf(e, 0, model, method)
}

// single gives the answer to create the form that it has everywhere else: the
// id alone for one record that was not in a list.
func single(call odoo.Call, result odoo.Result) odoo.Result {
	values, _ := call.Arg("vals_list", 0)
	if _, one := values.(map[string]any); call.Method != "create" || !one {
		return result
	}
	inner := bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimPrefix(result.Value, []byte("[")), []byte("]")))
	if _, ok := odoo.Int(jsontext.Value(inner)); !ok || result.Value.Kind() != '[' {
		return result
	}
	return odoo.Result{Value: inner}
}
