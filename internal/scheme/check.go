package scheme

import (
	"context"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Check decides whether a call may run for the person whose fields src tells,
// and returns the call that may: built anew, with the configuration's filter
// added, nothing of the client's own maps in it.
//
//   - read becomes a search_read of the ids and the filter, archived records
//     included: a record outside the filter is absent, as one that does not exist.
//   - name_search becomes a search_read of display_name where name matches.
//   - An empty list of fields becomes the list of open ones, never all.
//   - The limit is 80 where none is given, and at most 1,000.
//
// The error is a *Denied, or the error of src as it is, which is an outage or
// Odoo's own refusal.
func (s *Scheme) Check(ctx context.Context, src odoo.FieldSource, call odoo.Call) (odoo.Call, error) {
	out, err := s.check(ctx, src, call)
	if d, ok := err.(*Denied); ok {
		d.Operation = call.Method
	}
	if err != nil {
		return odoo.Call{}, err
	}
	return out, nil
}

func (s *Scheme) check(ctx context.Context, src odoo.FieldSource, call odoo.Call) (odoo.Call, error) {
	j := s.judge(ctx, src)
	m, err := j.model(call.Model)
	if err != nil {
		return odoo.Call{}, err
	}
	args, err := bind(call)
	if err != nil {
		return odoo.Call{}, err
	}
	env, err := environment(m.name, call.Context)
	if err != nil {
		return odoo.Call{}, err
	}
	if err := j.enforceable(m); err != nil {
		return odoo.Call{}, err
	}
	out := odoo.Call{Model: m.name, Context: env}
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
	}
	return odoo.Call{}, deny(CodeOperation, "method", m.name, "", "method %q is not allowed", call.Method)
}

// where is the client's domain, judged, AND the configuration's filter.
func (j *judge) where(m *model, v any) (odoo.Domain, error) {
	if absent(v) {
		return m.filter, nil
	}
	d, err := odoo.ParseDomain(v)
	if err != nil {
		return d, deny(CodeDomain, "domain", m.name, "", "%s", strings.TrimPrefix(err.Error(), "odoo: "))
	}
	d, err = j.domain(m, d)
	return d.And(m.filter), err
}

func (j *judge) searchRead(m *model, out odoo.Call, args map[string]any) (odoo.Call, error) {
	fields, err := j.selected(m, args["fields"])
	if err != nil {
		return out, err
	}
	out, err = j.search(m, out, args)
	if err != nil {
		return out, err
	}
	out.Method = "search_read"
	out.Kwargs["fields"] = list(fields)
	return out, nil
}

func (j *judge) search(m *model, out odoo.Call, args map[string]any) (odoo.Call, error) {
	domain, err := j.where(m, args["domain"])
	if err != nil {
		return out, err
	}
	offset, limit, err := window(m.name, args)
	if err != nil {
		return out, err
	}
	order, err := j.ordered(m, args["order"])
	if err != nil {
		return out, err
	}
	out.Method = "search"
	out.Kwargs = map[string]any{"domain": domain.Value(), "offset": offset, "limit": limit}
	if order != "" {
		out.Kwargs["order"] = order
	}
	return out, nil
}

func (j *judge) searchCount(m *model, out odoo.Call, args map[string]any) (odoo.Call, error) {
	domain, err := j.where(m, args["domain"])
	if err != nil {
		return out, err
	}
	limit, err := natural(m.name, "limit", args["limit"])
	if err != nil {
		return out, err
	}
	out.Method = "search_count"
	out.Kwargs = map[string]any{"domain": domain.Value()}
	if limit > 0 {
		out.Kwargs["limit"] = limit
	}
	return out, nil
}

// read is a search_read, so that the filter decides together with the ids
// and a record that the person may not see is absent instead of an error for
// all. Its context holds active_test, which no client's context can: Filter
// knows it by that and restores the order of the ids.
func (j *judge) read(m *model, out odoo.Call, ids []int64, args map[string]any) (odoo.Call, error) {
	ids, err := recordIDs(m.name, ids)
	if err != nil {
		return out, err
	}
	fields, err := j.selected(m, args["fields"])
	if err != nil {
		return out, err
	}
	wanted, err := odoo.Where("id", "in", odoo.IDList(ids))
	if err != nil {
		return out, err
	}
	out.Method = "search_read"
	out.Kwargs = map[string]any{
		"domain": wanted.And(m.filter).Value(),
		"fields": list(fields),
		"offset": int64(0),
		"limit":  int64(max(len(ids), 1)),
		"order":  "id",
	}
	if out.Context == nil {
		out.Context = make(map[string]any, 1)
	}
	out.Context["active_test"] = false
	return out, nil
}

func (j *judge) nameSearch(m *model, out odoo.Call, args map[string]any) (odoo.Call, error) {
	if _, err := j.field("fields", m, "display_name"); err != nil {
		return out, err
	}
	var match odoo.Domain
	if v := args["name"]; !absent(v) && v != "" {
		operator := "ilike"
		if o := args["operator"]; !absent(o) {
			operator, _ = o.(string)
		}
		switch operator {
		case "=", "like", "ilike", "=like", "=ilike":
		default:
			return out, deny(CodeOperator, "domain", m.name, "", "this operator is not allowed for a search by name")
		}
		if _, ok := v.(string); !ok {
			return out, deny(CodeInvalid, "name", m.name, "", "name must be a string")
		}
		var err error
		if match, err = j.leaf(m, odoo.Leaf{Path: searchField, Operator: operator, Value: v}); err != nil {
			return out, err
		}
	}
	domain, err := j.where(m, args["domain"])
	if err != nil {
		return out, err
	}
	order := args["order"]
	if absent(order) || order == "" {
		order = j.byName(m)
	}
	if out, err = j.search(m, out, map[string]any{"offset": args["offset"], "limit": args["limit"], "order": order}); err != nil {
		return out, err
	}
	fields, err := j.withName(m, []string{"display_name"})
	if err != nil {
		return out, err
	}
	out.Method = "search_read"
	out.Kwargs["domain"] = domain.And(match).Value()
	out.Kwargs["fields"] = list(fields)
	return out, nil
}

// byName is the order of a search by name, complete so that pages do not
// overlap. A model that cannot be sorted by name keeps its own order.
func (j *judge) byName(m *model) string {
	f, err := j.field("order", m, searchField)
	if err != nil || !f.Sortable || f.Relation != "" {
		return ""
	}
	return searchField + ", id"
}

// ordered judges an order such as "name desc, id". A term on a relation sorts
// by whatever the other model sorts by, and a path leads out of the model:
// both are refused.
func (j *judge) ordered(m *model, v any) (string, error) {
	if absent(v) || v == "" {
		return "", nil
	}
	text, ok := v.(string)
	if !ok || len(text) > maxText {
		return "", deny(CodeInvalid, "order", m.name, "", "order must be a string")
	}
	var out []string
	for term := range strings.SplitSeq(text, ",") {
		words := strings.Fields(term)
		if len(words) == 0 || len(words) > 4 {
			return "", deny(CodeInvalid, "order", m.name, "", "order is a list of fields with asc or desc")
		}
		name := words[0]
		if name == "display_name" {
			if _, err := j.field("order", m, name); err != nil {
				return "", err
			}
			name = searchField
		}
		if !odoo.ValidField(name) {
			return "", deny(CodeOrder, "order", m.name, "", "order takes fields of the model itself")
		}
		f, err := j.field("order", m, name)
		if err != nil {
			return "", err
		}
		if !f.Sortable || f.Relation != "" {
			return "", deny(CodeOrder, "order", m.name, name, "model %q cannot be sorted by field %q", m.name, name)
		}
		direction := strings.ToLower(strings.Join(words[1:], " "))
		switch direction {
		case "", "asc", "desc", "nulls first", "nulls last",
			"asc nulls first", "asc nulls last", "desc nulls first", "desc nulls last":
		default:
			return "", deny(CodeInvalid, "order", m.name, "", "order is a list of fields with asc or desc")
		}
		out = append(out, strings.TrimSpace(name+" "+direction))
	}
	return strings.Join(out, ", "), nil
}

func list(names []string) []any {
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = name
	}
	return out
}
