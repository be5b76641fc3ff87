package rpc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// formattedGroup is formatted_read_group of 19 where there is only the
// read_group of 16 to 18: groups are the same, what is asked of them has names
// that the older method lets one choose, and conditions on groups (having) are
// judged here, because Odoo cannot before 19. Where an older version groups
// otherwise it stays so: weeks begin on Mondays on 16, in every language.
func formattedGroup(major int, call odoo.Call, run send) (odoo.Result, error) {
	g, err := newFormatted(major, call)
	if err != nil {
		return odoo.Result{}, err
	}
	result, err := run(g.legacy(call))
	if err != nil {
		return odoo.Result{}, err
	}
	groups, err := odoo.Records(result.Value)
	if err == nil {
		for i := range groups {
			if groups[i], err = g.formatted(groups[i]); err != nil {
				break
			}
		}
	}
	if err != nil {
		return odoo.Result{}, &odoo.Error{Kind: odoo.Server, Message: "the groups are malformed", Err: err}
	}
	if g.having != nil {
		if groups, err = g.page(groups); err != nil {
			return odoo.Result{}, err
		}
	}
	for i := range groups {
		groups[i] = g.shown(groups[i])
	}
	return odoo.Result{Value: odoo.AppendRecords(nil, groups)}, nil
}

// formatted is what a call of formatted_read_group asks for.
type formatted struct {
	keys       []string // what is grouped by
	aggregates []string // what is asked of each group
	hidden     []string // aggregates that only order or having look at
	order      []string // terms of the order
	having     []any    // nil where there is none
	offset     any
	limit      any
}

const count = "__count"

func newFormatted(major int, call odoo.Call) (*formatted, error) {
	arg := func(name string, i int) any {
		v, _ := call.Arg(name, i)
		return v
	}
	g := &formatted{keys: texts(arg("groupby", 1)), aggregates: texts(arg("aggregates", 2)), offset: arg("offset", 4), limit: arg("limit", 5)}
	if len(g.keys) > 0 { // Odoo has no conditions on the one group of everything
		g.having, _ = arg("having", 3).([]any)
		if len(g.having) == 0 {
			g.having = nil
		}
	}
	for _, item := range g.having {
		leaf, _ := item.([]any)
		if len(leaf) == 3 {
			g.also(text(leaf[0]))
		}
	}
	for term := range strings.SplitSeq(text(arg("order", 6)), ",") {
		if words := strings.Fields(term); len(words) > 0 {
			g.order = append(g.order, term)
			if !slices.Contains(g.keys, words[0]) {
				g.also(words[0])
			}
		}
	}
	if major > 16 {
		return g, nil
	}
	for _, key := range g.keys {
		field, _, _ := strings.Cut(key, ":")
		if field == "id" {
			return nil, unsupported("Odoo %d cannot group by %q", major, key)
		}
		for _, spec := range slices.Concat(g.aggregates, g.hidden) {
			if name, _, _ := strings.Cut(spec, ":"); name == field {
				return nil, unsupported("Odoo %d cannot compute %q of groups by %q", major, spec, key)
			}
		}
	}
	return g, nil
}

func unsupported(format string, args ...any) *odoo.Error {
	return &odoo.Error{Kind: odoo.Unsupported, Message: fmt.Sprintf(format, args...)}
}

// also adds an aggregate that is needed and was not asked for.
func (g *formatted) also(spec string) {
	if !slices.Contains(g.aggregates, spec) && !slices.Contains(g.hidden, spec) {
		g.hidden = append(g.hidden, spec)
	}
}

// alias is what an aggregate is called in the older method. __count has a name
// of its own there, by which 16 cannot sort.
func (g *formatted) alias(spec string) string {
	for i, s := range slices.Concat(g.aggregates, g.hidden) {
		if s == spec {
			return fmt.Sprintf("gateway_%d", i)
		}
	}
	return ""
}

// legacy is the call in the older form.
func (g *formatted) legacy(call odoo.Call) odoo.Call {
	fields := []any{count} // no fields would be all
	for _, spec := range slices.Concat(g.aggregates, g.hidden) {
		name, function, _ := strings.Cut(spec, ":")
		if spec == count {
			name, function = "id", "count"
		}
		fields = append(fields, g.alias(spec)+":"+function+"("+name+")")
	}
	domain, _ := call.Arg("domain", 0)
	kwargs := map[string]any{"domain": domain, "fields": fields, "groupby": list(g.keys), "lazy": false}
	if g.having != nil {
		kwargs["limit"] = int64(maxGroups + 1)
	} else {
		if g.offset != nil {
			kwargs["offset"] = g.offset
		}
		if kwargs["limit"] = g.limit; g.limit == nil && g.offset != nil {
			kwargs["limit"] = int64(1) << 31 // 16 skips nothing without a limit
		}
	}
	if len(g.order) > 0 {
		terms := make([]string, len(g.order))
		for i, term := range g.order {
			words := strings.Fields(term)
			if alias := g.alias(words[0]); alias != "" {
				words[0] = alias
			}
			terms[i] = strings.Join(words, " ")
		}
		kwargs["orderby"] = strings.Join(terms, ", ")
	}
	return odoo.Call{Model: call.Model, Method: "read_group", Kwargs: kwargs, Context: call.Context}
}

// formatted gives one group the form of 19.
func (g *formatted) formatted(group odoo.Record) (odoo.Record, error) {
	ranges := odoo.Record{}
	if raw := group.Get("__range"); raw != nil {
		var err error
		if ranges, err = split(raw); err != nil {
			return nil, err
		}
	}
	out := odoo.Record{}
	var where []any
	for _, key := range g.keys {
		value, conditions, err := groupKey(key, group.Get(key), ranges.Get(key))
		if err != nil {
			return nil, err
		}
		out, where = append(out, odoo.Member{Name: key, Value: value}), append(where, conditions...)
	}
	if len(where) == 0 {
		where = []any{[]any{int64(1), "=", int64(1)}}
	}
	domain := make([]any, 0, 2*len(where))
	for range len(where) - 1 {
		domain = append(domain, "&")
	}
	raw, err := odoo.MarshalValue(append(domain, where...))
	if err != nil {
		return nil, err
	}
	out = append(out, odoo.Member{Name: "__extra_domain", Value: raw})
	for _, spec := range slices.Concat(g.aggregates, g.hidden) {
		value := group.Get(g.alias(spec))
		switch {
		case value == nil:
			return nil, odoo.ErrShape
		case value.Kind() == 'n':
			value = jsontext.Value("false") // 16, of no records at all
		}
		out = append(out, odoo.Member{Name: spec, Value: value})
	}
	return out, nil
}

// groupKey is the value that a group has for one key, as 19 shows it, and the
// conditions that its records meet. span is the period of a date.
func groupKey(key string, value, span jsontext.Value) (jsontext.Value, []any, error) {
	field, _, dated := strings.Cut(key, ":")
	parsed, err := odoo.ParseJSON(value, odoo.DefaultLimits)
	if err != nil {
		return nil, nil, err
	}
	if !dated || parsed == false {
		if pair, ok := parsed.([]any); ok && len(pair) == 2 {
			parsed = pair[0] // another record
		}
		return value, []any{[]any{field, "=", parsed}}, nil
	}
	ends, err := split(span)
	if err != nil {
		return nil, nil, err
	}
	from, to := ends.Get("from"), ends.Get("to")
	if from.Kind() != '"' || to.Kind() != '"' {
		return nil, nil, odoo.ErrShape
	}
	var period [2]any
	for i, raw := range []jsontext.Value{from, to} {
		if period[i], err = odoo.ParseJSON(raw, odoo.DefaultLimits); err != nil {
			return nil, nil, err
		}
	}
	shown := slices.Concat(jsontext.Value("["), from, jsontext.Value(","), value, jsontext.Value("]"))
	return shown, []any{[]any{field, ">=", period[0]}, []any{field, "<", period[1]}}, nil
}

// shown leaves out what was not asked for.
func (g *formatted) shown(group odoo.Record) odoo.Record {
	return slices.DeleteFunc(group, func(m odoo.Member) bool { return slices.Contains(g.hidden, m.Name) })
}
