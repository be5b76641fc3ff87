package scheme

import (
	"context"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Check decides whether a call may run for the person whose fields src tells,
// and returns the call that may: built anew, with the configuration's filter
// added, nothing of the client's own maps in it.
//
//   - read becomes a search_read of the ids and the filter, archived records
//     included: a record outside the filter is absent, as one that does not exist.
//   - name_search becomes a search_read of display_name where one of the
//     configuration's search fields matches.
//   - An empty list of fields becomes the list of open ones, never all.
//   - The limit is 80 where none is given, and at most the configuration's.
//   - create, write, unlink and methods act on records that guards prove first.
//   - Language and time zone of the context do not get to a filter that they would
//     change.
//
// The error is a *Denied, or the error of src as it is, which is an outage or
// Odoo's own refusal.
func (s *Scheme) Check(ctx context.Context, src odoo.FieldSource, call odoo.Call) (Checked, error) {
	out, err := s.check(ctx, src, call)
	if d, ok := err.(*Denied); ok {
		d.Operation = call.Method
	}
	if err != nil {
		return Checked{}, err
	}
	return out, nil
}

func (s *Scheme) check(ctx context.Context, src odoo.FieldSource, call odoo.Call) (Checked, error) {
	j := s.judge(ctx, src)
	m, err := j.model(call.Model)
	if err != nil {
		return Checked{}, err
	}
	args := make(map[string]any, 8)
	sig, err := bind(m, call, args)
	if err != nil {
		return Checked{}, err
	}
	if sig.operation != "" && !m.may(sig.operation) {
		return Checked{}, deny(CodeOperation, "method", m.name, "", "operation %q on model %q is not allowed", sig.operation, m.name)
	}
	env, err := environment(m.name, call.Context)
	if err != nil {
		return Checked{}, err
	}
	if err := j.enforceable(m); err != nil {
		return Checked{}, err
	}
	out, err := j.dispatch(m, Checked{Call: odoo.Call{Model: m.name, Context: env}, Scope: ScopeOf(call)}, call, args)
	out.Context = j.unheeded(call.Method, out.Context)
	return out, err
}

// dispatch judges the arguments of a call of a model that is open.
func (j *judge) dispatch(m *model, out Checked, call odoo.Call, args map[string]any) (Checked, error) {
	switch call.Method {
	case "read":
		return j.read(m, out, call.IDs, args)
	case "search_read":
		return j.searchRead(m, out, args)
	case "search":
		return j.search(m, out, args)
	case "search_count":
		return j.searchCount(m, out, args)
	case "fields_get":
		return j.fieldsGet(m, out, args)
	case "name_search":
		return j.nameSearch(m, out, args)
	case "read_group", "formatted_read_group":
		return j.readGroup(m, out, call.Method, args)
	case "default_get":
		return j.defaultGet(m, out, args)
	case "check_access_rights", "has_access":
		return j.access(m, out, call, args)
	case "create":
		return j.create(m, out, args)
	case "write":
		return j.write(m, out, call.IDs, args)
	case "unlink":
		return j.unlink(m, out, call.IDs)
	}
	return j.call(m, out, call, args)
}
