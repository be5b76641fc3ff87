package scheme

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// groupsOf keeps of each group what it is grouped by, what was asked of it,
// and how to find its records. Odoo's own domain of a group has the filter of
// the configuration in it: here it is the client's, with the group's values.
func (j *judge) groupsOf(m *model, src Source, g *grouping, res odoo.Result) (odoo.Result, error) {
	groups, err := odoo.Records(res.Value)
	if err != nil {
		return odoo.Result{}, unexpected(err)
	}
	var links []string
	for _, k := range g.keys {
		if k.field.Relation != "" {
			links = append(links, k.spec)
		}
	}
	names, err := j.shownNames(m, src, links, groups)
	if err != nil {
		return odoo.Result{}, err
	}
	for i, group := range groups {
		if groups[i], err = g.kept(group, names); err != nil {
			return odoo.Result{}, unexpected(err)
		}
	}
	return odoo.Result{Value: odoo.AppendRecords(nil, groups)}, nil
}

func (g *grouping) kept(group odoo.Record, names map[string]shown) (odoo.Record, error) {
	out := make(odoo.Record, 0, len(group))
	for _, member := range group {
		key := slices.IndexFunc(g.keys, func(k groupKey) bool { return k.spec == member.Name })
		switch {
		case key >= 0:
			if s, ok := names[member.Name]; ok {
				var err error
				if member.Value, err = s.mask(member.Value); err != nil {
					return nil, err
				}
			}
		case slices.Contains(g.aggregates, member.Name):
			if k := member.Value.Kind(); k == '[' || k == '{' {
				return nil, odoo.ErrShape
			}
		case member.Name == "__range" && g.legacy:
			if !g.ranges(member.Value) {
				return nil, odoo.ErrShape
			}
		case member.Name == "__extra_domain" && !g.legacy:
			if !g.own(member.Value) {
				continue
			}
		case member.Name == "__domain" && g.legacy:
			domain, err := g.domain(group)
			if err != nil {
				return nil, err
			}
			member.Value = domain
		default:
			continue
		}
		out = append(out, member)
	}
	return out, nil
}

// ranges tells whether a value speaks of nothing but what is grouped by.
func (g *grouping) ranges(v jsontext.Value) bool {
	parts, err := members(v)
	return err == nil && !slices.ContainsFunc(parts, func(part odoo.Member) bool {
		return !slices.ContainsFunc(g.keys, func(k groupKey) bool { return k.spec == part.Name })
	})
}

// own tells whether a domain has no other fields in it than those grouped by.
func (g *grouping) own(v jsontext.Value) bool {
	parsed, err := odoo.ParseJSON(v, odoo.DefaultLimits)
	if err != nil {
		return false
	}
	d, err := odoo.ParseDomain(parsed)
	if err != nil {
		return false
	}
	return d.Walk(func(_ string, l odoo.Leaf) error {
		if l.Constant || slices.ContainsFunc(g.keys, func(k groupKey) bool { return k.field.Name == l.Path }) {
			return nil
		}
		return odoo.ErrShape
	}) == nil
}

// domain is the client's own, for the records of one group.
func (g *grouping) domain(group odoo.Record) (jsontext.Value, error) {
	out := g.client
	var ranges odoo.Record
	if raw := group.Get("__range"); raw != nil {
		var err error
		if ranges, err = members(raw); err != nil {
			return nil, err
		}
	}
	for _, k := range g.keys {
		raw := group.Get(k.spec)
		if raw == nil {
			continue // a lazy answer is grouped by the first alone
		}
		conditions, err := k.conditions(raw, ranges.Get(k.spec))
		if err != nil {
			return nil, err
		}
		for _, c := range conditions {
			d, err := odoo.Where(k.field.Name, c.operator, c.value)
			if err != nil {
				return nil, err
			}
			out = out.And(d)
		}
	}
	return odoo.MarshalValue(out.Value())
}

type condition struct {
	operator string
	value    any
}

// conditions are those on one field that hold for the records of a group.
func (k groupKey) conditions(raw, span jsontext.Value) ([]condition, error) {
	value, err := odoo.ParseJSON(raw, odoo.DefaultLimits)
	if err != nil {
		return nil, err
	}
	if pair, ok := value.([]any); ok && len(pair) == 2 && k.field.Relation != "" {
		value = pair[0]
	}
	if span == nil {
		return []condition{{"=", value}}, nil
	}
	parsed, err := odoo.ParseJSON(span, odoo.DefaultLimits)
	if err != nil {
		return nil, err
	}
	period, ok := parsed.(map[string]any)
	if !ok {
		return []condition{{"=", false}}, nil
	}
	return []condition{{">=", period["from"]}, {"<", period["to"]}}, nil
}
