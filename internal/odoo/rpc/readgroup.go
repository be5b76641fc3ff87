package rpc

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// legacyKey is one part of what read_group groups by: spec is what the client
// calls it, sent what the newer method does.
type legacyKey struct{ spec, sent, field string }

// readGroup is read_group of 16 to 19 where there is only
// formatted_read_group: dates without a period are grouped by month, fields
// are summed up as they say themselves, and lazy groups by the first alone.
//
// 16 sorts groups by what is asked of them, and by nothing else that is
// computed: where an order says id:min, as on all others, that is asked under
// a name of its own.
func readGroup(major int, call odoo.Call, run send) (odoo.Result, error) {
	if major < 17 {
		return oldestFirst(call, run)
	}
	g, err := legacyGroup(call, run)
	if err != nil {
		return odoo.Result{}, err
	}
	kwargs := map[string]any{"domain": []any{}, "groupby": g.groupby(), "aggregates": list(append(g.sums(), "__count"))}
	for _, name := range []string{"domain", "offset", "limit"} {
		if v, ok := call.Kwargs[name]; ok {
			kwargs[name] = v
		}
	}
	if order := g.order(call.Kwargs["orderby"]); order != "" {
		kwargs["order"] = order
	}
	result, err := run(odoo.Call{Model: call.Model, Method: "formatted_read_group", Kwargs: kwargs, Context: call.Context})
	if err != nil {
		return odoo.Result{}, err
	}
	groups, err := odoo.Records(result.Value)
	if err != nil {
		return odoo.Result{}, &odoo.Error{Kind: odoo.Server, Message: "the groups are malformed", Err: err}
	}
	client, err := odoo.ParseDomain(kwargs["domain"])
	if err != nil {
		return odoo.Result{}, &odoo.Error{Kind: odoo.BadRequest, Message: "the domain is malformed", Err: err}
	}
	for i, group := range groups {
		if groups[i], err = g.legacy(group, client); err != nil {
			return odoo.Result{}, &odoo.Error{Kind: odoo.Server, Message: "the groups are malformed", Err: err}
		}
	}
	return odoo.Result{Value: odoo.AppendRecords(nil, groups)}, nil
}

var lowestID = regexp.MustCompile(`(^|, )id:min\b`)

// oldest is what the lowest id of a group is asked as.
const oldest = "oldest_of_group"

func oldestFirst(call odoo.Call, run send) (odoo.Result, error) {
	order := text(call.Kwargs["orderby"])
	if !lowestID.MatchString(order) {
		return run(call)
	}
	call.Kwargs = maps.Clone(call.Kwargs)
	call.Kwargs["orderby"] = lowestID.ReplaceAllString(order, "${1}"+oldest)
	fields, _ := call.Kwargs["fields"].([]any)
	call.Kwargs["fields"] = append(slices.Clip(fields), oldest+":min(id)")
	result, err := run(call)
	if err != nil {
		return result, err
	}
	groups, err := odoo.Records(result.Value)
	if err != nil {
		return odoo.Result{}, &odoo.Error{Kind: odoo.Server, Message: "the groups are malformed", Err: err}
	}
	for i := range groups {
		groups[i] = slices.DeleteFunc(groups[i], func(m odoo.Member) bool { return m.Name == oldest })
	}
	return odoo.Result{Value: odoo.AppendRecords(nil, groups)}, nil
}

type grouping struct {
	keys       []legacyKey
	aggregates []legacyKey
	lazy       bool
}

// legacyGroup reads the arguments. What fields are, and how they are summed
// up, is asked of Odoo.
func legacyGroup(call odoo.Call, run send) (*grouping, error) {
	specs, fields := texts(call.Kwargs["groupby"]), texts(call.Kwargs["fields"])
	g := &grouping{lazy: call.Kwargs["lazy"] != false && len(specs) > 0}
	if g.lazy {
		specs = specs[:1]
	}
	var names []any
	for _, spec := range slices.Concat(specs, fields) {
		name, _, _ := strings.Cut(spec, ":")
		names = append(names, name)
	}
	known := map[string]any{}
	if len(names) > 0 {
		result, err := run(odoo.Call{Model: call.Model, Method: "fields_get", Kwargs: map[string]any{
			"allfields": names, "attributes": []any{"type", "aggregator"},
		}})
		if err != nil {
			return nil, err
		}
		parsed, err := odoo.ParseJSON(result.Value, odoo.DefaultLimits)
		if err != nil {
			return nil, &odoo.Error{Kind: odoo.Server, Message: "the fields are malformed", Err: err}
		}
		known, _ = parsed.(map[string]any)
	}
	attribute := func(field, name string) string {
		f, _ := known[field].(map[string]any)
		return text(f[name])
	}
	for _, spec := range specs {
		name, _, period := strings.Cut(spec, ":")
		key := legacyKey{spec: spec, sent: spec, field: name}
		if kind := attribute(name, "type"); !period && (kind == "date" || kind == "datetime") {
			key.sent += ":month"
		}
		g.keys = append(g.keys, key)
	}
	for _, spec := range fields {
		name, function, explicit := strings.Cut(spec, ":")
		if !explicit {
			function = attribute(name, "aggregator")
		}
		grouped := slices.ContainsFunc(g.keys, func(k legacyKey) bool { return k.field == name })
		if name == "__count" || function == "" || !explicit && (grouped || name == "id") {
			continue
		}
		g.aggregates = append(g.aggregates, legacyKey{spec: name, sent: name + ":" + function, field: name})
	}
	return g, nil
}

func (g *grouping) groupby() []any {
	out := []any{}
	for _, k := range g.keys {
		out = append(out, k.sent)
	}
	return out
}

func (g *grouping) sums() []string {
	var out []string
	for _, k := range g.aggregates {
		if !slices.Contains(out, k.sent) {
			out = append(out, k.sent)
		}
	}
	return out
}

// order puts the newer names into an order.
func (g *grouping) order(v any) string {
	var out []string
	for term := range strings.SplitSeq(text(v), ",") {
		words := strings.Fields(term)
		if len(words) == 0 {
			continue
		}
		for _, k := range slices.Concat(g.keys, g.aggregates) {
			if words[0] == k.spec || words[0] == k.field {
				words[0] = k.sent
				break
			}
		}
		out = append(out, strings.Join(words, " "))
	}
	return strings.Join(out, ", ")
}

// legacy gives one group its older form.
func (g *grouping) legacy(group odoo.Record, client odoo.Domain) (odoo.Record, error) {
	out, ranges := odoo.Record{}, map[string]any{}
	parsed, err := odoo.ParseJSON(group.Get("__extra_domain"), odoo.DefaultLimits)
	if err != nil {
		return nil, err
	}
	extra, err := odoo.ParseDomain(parsed)
	if err != nil {
		return nil, err
	}
	for _, k := range g.keys {
		value := group.Get(k.sent)
		if strings.Contains(k.sent, ":") {
			if value, ranges[k.spec], err = period(value, k.field, parsed); err != nil {
				return nil, err
			}
		}
		out = append(out, odoo.Member{Name: k.spec, Value: value})
	}
	for _, k := range g.aggregates {
		out = append(out, odoo.Member{Name: k.spec, Value: group.Get(k.sent)})
	}
	count := "__count"
	if g.lazy {
		count = g.keys[0].field + "_count"
	}
	out = append(out, odoo.Member{Name: count, Value: group.Get("__count")})
	where, err := odoo.MarshalValue(client.And(extra).Value())
	if err != nil {
		return nil, err
	}
	out = append(out, odoo.Member{Name: "__domain", Value: where})
	if len(ranges) > 0 {
		raw, err := odoo.MarshalValue(ranges)
		if err != nil {
			return nil, err
		}
		out = append(out, odoo.Member{Name: "__range", Value: raw})
	}
	for _, m := range out {
		if m.Value == nil {
			return nil, odoo.ErrShape
		}
	}
	return out, nil
}

// period takes the label of a span of time, and its ends out of the domain of
// the group; of no date, there is neither.
func period(value jsontext.Value, field string, domain any) (label jsontext.Value, span any, err error) {
	if value.Kind() != '[' {
		return value, false, nil
	}
	parsed, err := odoo.ParseJSON(value, odoo.DefaultLimits)
	if err != nil {
		return nil, nil, err
	}
	pair, _ := parsed.([]any)
	if len(pair) != 2 {
		return nil, nil, odoo.ErrShape
	}
	if label, err = odoo.MarshalValue(pair[1]); err != nil {
		return nil, nil, err
	}
	ends := map[string]any{}
	items, _ := domain.([]any)
	for _, item := range items {
		leaf, ok := item.([]any)
		if !ok || len(leaf) != 3 || leaf[0] != field {
			continue
		}
		switch leaf[1] {
		case ">=":
			ends["from"] = leaf[2]
		case "<":
			ends["to"] = leaf[2]
		}
	}
	if len(ends) != 2 {
		return nil, nil, odoo.ErrShape
	}
	return label, ends, nil
}

func list(names []string) []any {
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = name
	}
	return out
}

// texts are the strings of a list, or the one string.
func texts(v any) []string {
	if one, ok := v.(string); ok {
		return []string{one}
	}
	items, _ := v.([]any)
	var out []string
	for _, item := range items {
		if s := text(item); s != "" {
			out = append(out, s)
		}
	}
	return out
}
