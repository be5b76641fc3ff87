package scheme

import "github.com/caddy-odoo/gateway/internal/odoo"

// signature is what a method takes, in Odoo's positional order.
type signature struct {
	params []string // positional or named
	named  []string // only by name
	record bool     // runs on records: needs ids
}

// signatures are the methods that may be called. All only read.
var signatures = map[string]signature{
	"read":         {params: []string{"fields"}, record: true},
	"search_read":  {params: []string{"domain", "fields", "offset", "limit", "order"}},
	"search":       {params: []string{"domain", "offset", "limit", "order"}},
	"search_count": {params: []string{"domain", "limit"}},
	"fields_get":   {params: []string{"allfields", "attributes"}},
	// Odoo's name_search knows no offset and no order; here it is run as a
	// search, which does. The second parameter is "args" up to Odoo 18.
	"name_search": {params: []string{"name", "domain", "operator", "limit"}, named: []string{"args", "offset", "order"}},
}

// bind maps positional and named arguments to the names of the signature.
func bind(call odoo.Call) (map[string]any, error) {
	sig, ok := signatures[call.Method]
	if !ok {
		return nil, deny(CodeOperation, "method", call.Model, "", "method %q is not allowed", call.Method)
	}
	if sig.record != (call.IDs != nil) {
		if sig.record {
			return nil, deny(CodeInvalid, "ids", call.Model, "", "method %q needs ids", call.Method)
		}
		return nil, deny(CodeInvalid, "ids", call.Model, "", "method %q takes no ids", call.Method)
	}
	if len(call.Args) > len(sig.params) {
		return nil, deny(CodeArgument, "arguments", call.Model, "", "method %q takes at most %d positional arguments", call.Method, len(sig.params))
	}
	args := make(map[string]any, len(call.Args)+len(call.Kwargs))
	for i, v := range call.Args {
		args[sig.params[i]] = v
	}
	for name, v := range call.Kwargs {
		if !sig.takes(name) {
			return nil, deny(CodeArgument, "arguments", call.Model, "", "method %q takes no argument %q", call.Method, name)
		}
		if _, twice := args[name]; twice {
			return nil, deny(CodeArgument, "arguments", call.Model, "", "argument %q is given twice", name)
		}
		args[name] = v
	}
	if v, old := args["args"]; old {
		if _, twice := args["domain"]; twice {
			return nil, deny(CodeArgument, "arguments", call.Model, "", "arguments \"args\" and \"domain\" are the same")
		}
		args["domain"] = v
		delete(args, "args")
	}
	return args, nil
}

func (s signature) takes(name string) bool {
	for _, p := range s.params {
		if p == name {
			return true
		}
	}
	for _, p := range s.named {
		if p == name {
			return true
		}
	}
	return false
}
