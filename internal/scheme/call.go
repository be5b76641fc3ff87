package scheme

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// generic are methods of every model that would lead around the rules: they
// read, write, copy or search in ways that nothing here judges. No
// configuration can name them, nor those that the rules have ways of their own
// for.
var generic = []string{
	"browse", "check_access", "check_access_rule", "check_field_access_rights", "clear_caches", "concat", "copy", "copy_data",
	"copy_multi", "copy_translations", "ensure_one", "env", "exists", "export_data", "fetch", "fields_view_get", "filtered",
	"filtered_domain", "flush", "flush_model", "flush_recordset", "formatted_read_grouping_sets", "get_empty_list_help",
	"get_external_id", "get_field_translations", "get_formview_action", "get_formview_id", "get_import_templates", "get_metadata",
	"get_property_definition", "get_view", "get_views", "get_xml_id", "grouped", "hierarchy_read", "import_data", "init",
	"invalidate_cache", "invalidate_model", "invalidate_recordset", "load", "load_views", "mapped", "modified", "name_create",
	"name_get", "new", "onchange", "onchange2", "perm_read", "qweb_render_view", "read_progress_bar", "recompute", "refresh",
	"search_fetch", "search_panel_select_multi_range", "search_panel_select_range", "sorted", "sudo", "union", "update",
	"update_field_translations", "update_field_translations_sha", "user_has_groups", "view_header_get", "with_company", "with_context",
	"with_env", "with_prefetch", "with_user",
}

// reservedArguments mean something else to Odoo, or to the way it is called.
var reservedArguments = []string{"self", "ids", "context", "args", "kwargs"}

func (m *model) compileMethods(c Configuration) error {
	m.methods = make(map[string]*Method, len(c.Methods))
	for _, method := range c.Methods {
		name := method.Name
		switch {
		case !odoo.ValidMethod(name):
			return fmt.Errorf("method %q is not the name of a public method", name)
		case signatures[name] != nil:
			return fmt.Errorf("method %q is opened by operations, not by its name", name)
		case slices.Contains(generic, name), strings.HasPrefix(name, "web_"):
			return fmt.Errorf("method %q leads around the rules and cannot be opened", name)
		case m.methods[name] != nil:
			return fmt.Errorf("method %q is named twice", name)
		}
		for i, arg := range method.Arguments {
			if !odoo.ValidMethod(arg) || slices.Contains(reservedArguments, arg) {
				return fmt.Errorf("method %s: %q is no argument that can be given", name, arg)
			}
			if slices.Contains(method.Arguments[:i], arg) {
				return fmt.Errorf("method %s: argument %q is named twice", name, arg)
			}
		}
		method.Arguments = slices.Clone(method.Arguments)
		m.methods[name] = &method
	}
	return nil
}

// call runs a method of the configuration, on records within the filter, with
// its arguments by name.
func (j *judge) call(m *model, out Checked, call odoo.Call, args map[string]any) (Checked, error) {
	method := m.methods[call.Method]
	if method == nil {
		return out, deny(CodeOperation, "method", m.name, "", "method %q is not allowed", call.Method)
	}
	if !method.OnModel {
		ids, err := recordIDs(m.name, call.IDs)
		if err != nil {
			return out, err
		}
		// Some methods take no records for all.
		if len(ids) == 0 {
			return out, deny(CodeInvalid, "ids", m.name, "", "method %q needs ids", call.Method)
		}
		out.guard(m, ids)
		out.Call.IDs = ids
	}
	out.Method, out.shape, out.method = method.Name, shapeMethod, method
	out.Kwargs = make(map[string]any, len(args))
	for name, v := range args {
		if _, err := odoo.MarshalValue(v); err != nil {
			return out, deny(CodeInvalid, "arguments", m.name, "", "argument %q is malformed", name)
		}
		out.Kwargs[name] = clone(v)
	}
	return out, nil
}

// CheckReport decides whether a report may be printed for records, as Check
// does for a call. The name is the one of the configuration.
func (s *Scheme) CheckReport(ctx context.Context, src odoo.FieldSource, name string, ids []int64) (Checked, error) {
	out, err := s.checkReport(ctx, src, name, ids)
	if d, ok := err.(*Denied); ok {
		d.Operation = "report"
	}
	if err != nil {
		return Checked{}, err
	}
	return out, nil
}

func (s *Scheme) checkReport(ctx context.Context, src odoo.FieldSource, name string, ids []int64) (Checked, error) {
	m := s.reports[name]
	if m == nil {
		return Checked{}, deny(CodeReport, "report", "", "", "report %q is not allowed", name)
	}
	j := s.judge(ctx, src)
	if err := j.enforceable(m); err != nil {
		return Checked{}, err
	}
	ids, err := recordIDs(m.name, ids)
	if err != nil {
		return Checked{}, err
	}
	if len(ids) == 0 {
		return Checked{}, deny(CodeInvalid, "ids", m.name, "", "a report needs ids")
	}
	out := Checked{Call: odoo.Call{Model: m.name, IDs: ids}, Report: name, Scope: ScopeCall, shape: shapeReport}
	out.guard(m, ids)
	return out, nil
}
