package orm

import (
	"slices"
	"strings"
)

// readGroup is read_group of 16 to 19.
func (t *tx) readGroup(m *model, a args) any {
	t.checkModel(m, "read")
	domain := t.domainArg(a.get("domain"))
	all := t.groupings(m, a.get("groupby"))
	lazy := truthy(a.get("lazy"))
	groupings := all
	if lazy && len(all) > 1 {
		groupings = all[:1]
	}
	var aggregates []aggregate
	specs := stringList(a.get("fields"))
	if len(specs) == 0 && t.db.version <= 16 {
		// There no fields are all that are stored.
		for _, f := range m.fields {
			if f.stored() && t.mayField(f) {
				specs = append(specs, f.name)
			}
		}
	}
	for _, spec := range specs {
		if agg, ok := t.readGroupField(m, spec, all); ok {
			aggregates = append(aggregates, agg)
		}
	}
	list := t.group(m, domain, groupings)
	t.orderBuckets(m, list, groupings, aggregates, asString(a.get("orderby")))
	out := []any{}
	for _, b := range pageBuckets(list, a) {
		group := map[string]any{}
		where := domain
		ranges := map[string]any{}
		for i, g := range groupings {
			group[g.spec] = t.keyValue(g, b.keys[i])
			if g.granularity != "" {
				ranges[g.spec] = false
				if b.keys[i] != nil {
					from, to := span(g, asString(b.keys[i]))
					group[g.spec] = spanLabel(g.granularity, asString(b.keys[i]))
					ranges[g.spec] = map[string]any{"from": from, "to": to}
				}
			}
			where = t.both(where, keyDomain(g, b.keys[i]))
		}
		for _, agg := range aggregates {
			group[agg.key] = agg.of(t, m, b.ids)
		}
		if len(groupings) > 0 {
			count := "__count"
			if lazy {
				count = groupings[0].f.name + "_count"
			}
			group[count] = int64(len(b.ids))
			group["__domain"] = t.noCondition(where)
			if len(ranges) > 0 {
				group["__range"] = ranges
			}
			if lazy && len(all) > 1 {
				rest := []any{}
				for _, g := range all[1:] {
					rest = append(rest, g.spec)
				}
				group["__context"] = map[string]any{"group_by": rest}
			}
		} else {
			group["__count"] = int64(len(b.ids))
			group["__domain"] = t.noCondition(where)
		}
		out = append(out, group)
	}
	return out
}

// readGroupField reads one of the fields of read_group: "field",
// "field:aggregator" or "name:aggregator(field)". A field that cannot be
// aggregated, or is grouped by, says nothing.
func (t *tx) readGroupField(m *model, spec string, groupings []grouping) (aggregate, bool) {
	name, function, explicit := strings.Cut(spec, ":")
	key := name
	if inner, call, ok := strings.Cut(function, "("); ok {
		function, name = inner, strings.TrimSuffix(call, ")")
	}
	if name == "__count" {
		return aggregate{}, false
	}
	f := m.byName[name]
	if f == nil {
		throw(ValueError, "Invalid field '%s' on model '%s'", name, m.name)
	}
	t.field(m, name, "read")
	grouped := slices.ContainsFunc(groupings, func(g grouping) bool { return g.f == f })
	if !explicit {
		if f.aggregator == "" || name == "id" || grouped {
			return aggregate{}, false
		}
		function = f.aggregator
	}
	agg := t.aggregate(m, name+":"+function)
	agg.key = key
	return agg, true
}

// aggregatesOf reads the aggregates of formatted_read_group.
func (t *tx) aggregatesOf(m *model, v any) []aggregate {
	var out []aggregate
	for _, spec := range stringList(v) {
		out = append(out, t.aggregate(m, spec))
	}
	return out
}

// newGroups is what formatted_read_group and the read_group of 20 share.
func (t *tx) newGroups(m *model, a args) ([]grouping, []aggregate, []*bucket) {
	t.checkModel(m, "read")
	groupings := t.groupings(m, a.get("groupby"))
	aggregates := t.aggregatesOf(m, a.get("aggregates"))
	list := t.group(m, t.domainArg(a.get("domain")), groupings)
	if having, ok := a.get("having").([]any); ok && len(groupings) > 0 {
		list = t.having(m, list, having)
	}
	t.orderBuckets(m, list, groupings, aggregates, asString(a.get("order")))
	return groupings, aggregates, pageBuckets(list, a)
}

// having keeps the groups whose aggregates meet all conditions.
func (t *tx) having(m *model, list []*bucket, conditions []any) []*bucket {
	for _, each := range conditions {
		c, ok := each.([]any)
		if each == any("&") {
			continue
		}
		if !ok || len(c) != 3 {
			throw(ValueError, "Invalid having clause %s", python(each))
		}
		operator := asString(c[1])
		agg := t.aggregate(m, asString(c[0]))
		list = slices.DeleteFunc(list, func(b *bucket) bool {
			order, ok := compare(agg.of(t, m, b.ids), c[2])
			switch operator {
			case "=":
				return !ok || order != 0
			case "!=":
				return ok && order == 0
			}
			return !ok || !ordered(operator, order)
		})
	}
	return list
}

// formattedGroups is formatted_read_group of 19 and later.
func (t *tx) formattedGroups(m *model, a args) any {
	groupings, aggregates, list := t.newGroups(m, a)
	out := []any{}
	for _, b := range list {
		group := map[string]any{}
		extra := []any{}
		for i, g := range groupings {
			group[g.spec] = t.keyValue(g, b.keys[i])
			extra = t.both(extra, keyDomain(g, b.keys[i]))
			if b.keys[i] == nil && g.f.typ == "many2many" {
				extra = []any{[]any{g.f.name, "not any", []any{}}}
			}
			if g.granularity != "" && b.keys[i] != nil {
				from, _ := span(g, asString(b.keys[i]))
				group[g.spec] = []any{from, spanLabel(g.granularity, asString(b.keys[i]))}
			}
		}
		for _, agg := range aggregates {
			group[agg.key] = agg.of(t, m, b.ids)
		}
		group["__extra_domain"] = t.noCondition(extra)
		out = append(out, group)
	}
	return out
}

// tupleGroups is read_group of 20: one list of keys and aggregates per group.
func (t *tx) tupleGroups(m *model, a args) any {
	groupings, aggregates, list := t.newGroups(m, a)
	out := []any{}
	for _, b := range list {
		tuple := []any{}
		for i := range groupings {
			key := b.keys[i]
			if key == nil {
				key = false
			}
			tuple = append(tuple, key)
		}
		for _, agg := range aggregates {
			tuple = append(tuple, agg.of(t, m, b.ids))
		}
		out = append(out, tuple)
	}
	return out
}
