package scheme

import (
	"slices"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// signature is what a method takes, in Odoo's positional order.
type signature struct {
	params    []string // positional or named
	named     []string // only by name
	record    bool     // runs on records: needs ids
	ids       bool     // takes ids, or none
	operation Operation
}

// signatures are Odoo's own methods that may be called.
var signatures = map[string]*signature{
	"read":         {params: []string{"fields", "load"}, record: true, operation: Read},
	"search_read":  {params: []string{"domain", "fields", "offset", "limit", "order"}, named: []string{"load"}, operation: Read},
	"search":       {params: []string{"domain", "offset", "limit", "order"}, operation: Read},
	"search_count": {params: []string{"domain", "limit"}, operation: Read},
	"fields_get":   {params: []string{"allfields", "attributes"}},
	// Odoo's name_search knows no offset and no order; here it is run as a
	// search, which does. The second parameter is "args" up to Odoo 18.
	"name_search": {params: []string{"name", "domain", "operator", "limit"}, named: []string{"args", "offset", "order"}, operation: Read},
	// The form of 16 to 19. That of 20 is formatted_read_group's.
	"read_group":           {params: []string{"domain", "fields", "groupby", "offset", "limit", "orderby", "lazy"}, operation: Read},
	"formatted_read_group": {params: []string{"domain", "groupby", "aggregates", "having", "offset", "limit", "order"}, operation: Read},
	// The parameter is "fields_list" up to Odoo 18.
	"default_get":         {params: []string{"fields"}, named: []string{"fields_list"}, operation: Create},
	"check_access_rights": {params: []string{"operation", "raise_exception"}},
	"has_access":          {params: []string{"operation"}, ids: true},
	"create":              {params: []string{"vals_list"}, operation: Create},
	"write":               {params: []string{"vals"}, record: true, operation: Write},
	"unlink":              {record: true, operation: Unlink},
}

// older are the names that arguments had in earlier versions.
var older = map[string]string{"args": "domain", "fields_list": "fields"}

// ScopeOf is the scope that a call needs, whether or not a scheme allows it.
func ScopeOf(call odoo.Call) string {
	sig := signatures[call.Method]
	switch {
	case sig == nil:
		return ScopeCall
	case call.Method == "create" || sig.operation == Write || sig.operation == Unlink:
		return ScopeWrite
	}
	return ScopeRead
}

// Closed returns the refusal of a call that no arguments and no scope would
// let through, because the scheme opens its model or its method to nobody; nil
// for all others. It asks nothing of Odoo.
func (s *Scheme) Closed(call odoo.Call) *Denied {
	var d *Denied
	if m := s.find(call.Model); m == nil {
		d = deny(CodeModel, "model", call.Model, "", "model %q is not allowed", call.Model)
	} else if sig := m.signature(call.Method); sig == nil || sig.operation != "" && !m.may(sig.operation) {
		d = deny(CodeOperation, "method", call.Model, "", "method %q is not allowed", call.Method)
	}
	if d != nil {
		d.Operation = call.Method
	}
	return d
}

// ClosedReport is Closed of a report.
func (s *Scheme) ClosedReport(name string) *Denied {
	if s.reports[name] != nil {
		return nil
	}
	d := deny(CodeReport, "report", "", "", "report %q is not allowed", name)
	d.Operation = "report"
	return d
}

// signature finds how a method of Odoo's own, or of the configuration, is called.
func (m *model) signature(method string) *signature {
	if sig := signatures[method]; sig != nil {
		return sig
	}
	if own := m.methods[method]; own != nil {
		return &signature{params: own.Arguments, record: !own.OnModel}
	}
	return nil
}

// bind maps positional and named arguments to the names of the signature, and
// puts them into args, which is the caller's so that it need not be allocated.
func bind(m *model, call odoo.Call, args map[string]any) (*signature, error) {
	sig := m.signature(call.Method)
	if sig == nil {
		return nil, deny(CodeOperation, "method", call.Model, "", "method %q is not allowed", call.Method)
	}
	if sig.record != (call.IDs != nil) && !sig.ids {
		if sig.record {
			return nil, deny(CodeInvalid, "ids", call.Model, "", "method %q needs ids", call.Method)
		}
		return nil, deny(CodeInvalid, "ids", call.Model, "", "method %q takes no ids", call.Method)
	}
	if len(call.Args) > len(sig.params) {
		return nil, deny(CodeArgument, "arguments", call.Model, "", "method %q takes at most %d positional arguments", call.Method, len(sig.params))
	}
	for i, v := range call.Args {
		args[sig.params[i]] = v
	}
	for name, v := range call.Kwargs {
		if !slices.Contains(sig.params, name) && !slices.Contains(sig.named, name) {
			return nil, deny(CodeArgument, "arguments", call.Model, "", "method %q takes no argument %q", call.Method, name)
		}
		if newer, old := older[name]; old && slices.Contains(sig.named, name) {
			if _, both := call.Kwargs[newer]; both {
				return nil, deny(CodeArgument, "arguments", call.Model, "", "arguments %q and %q are the same", name, newer)
			}
			name = newer
		}
		if _, twice := args[name]; twice {
			return nil, deny(CodeArgument, "arguments", call.Model, "", "argument %q is given twice", name)
		}
		args[name] = v
	}
	return sig, nil
}
