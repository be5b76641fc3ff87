package scheme

import (
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

const (
	maxGroupings  = 8
	maxAggregates = 50
	maxHaving     = 20
)

// grouping is what a call groups by and what it asks of each group.
type grouping struct {
	keys       []groupKey
	aggregates []string    // names in the answer
	legacy     bool        // the form of read_group
	client     odoo.Domain // the client's own domain, as it came
}

// groupKey is one part of what a call groups by, such as "date_order:month".
type groupKey struct {
	spec  string
	field odoo.Field
}

var (
	periods = []string{"hour", "day", "week", "month", "quarter", "year"}
	// grouped are types of fields whose values can be told apart.
	grouped = []string{"char", "selection", "boolean", "integer", "float", "monetary", "date", "datetime", "many2one"}
	// aggregators are the functions that tell a number, or one value, of a
	// group's values. array_agg and recordset would list them.
	aggregators = map[string][]string{
		"count": nil, "count_distinct": nil,
		"sum": {"integer", "float", "monetary"}, "avg": {"integer", "float", "monetary"},
		"min":      {"integer", "float", "monetary", "date", "datetime"},
		"max":      {"integer", "float", "monetary", "date", "datetime"},
		"bool_and": {"boolean"}, "bool_or": {"boolean"},
	}
)

func (j *judge) readGroup(m *model, out Checked, method string, args map[string]any) (Checked, error) {
	domain, err := j.condition(m, args["domain"])
	if err != nil {
		return out, err
	}
	offset, limit, err := window(m, args)
	if err != nil {
		return out, err
	}
	g := &grouping{legacy: method == "read_group"}
	if !absent(args["domain"]) {
		if g.client, err = odoo.ParseDomain(args["domain"]); err != nil {
			return out, tooLarge(m, err)
		}
	}
	if err := j.groupKeys(m, g, args["groupby"]); err != nil {
		return out, err
	}
	out.Kwargs = map[string]any{"domain": domain, "groupby": list(g.specs()), "offset": offset, "limit": limit}
	if g.legacy {
		err = j.legacyGroup(m, g, out, args)
	} else {
		err = j.formattedGroup(m, g, out, args)
	}
	if err != nil {
		return out, err
	}
	out.Method, out.shape, out.groups = method, shapeGroups, g
	return out, nil
}

func (g *grouping) specs() []string {
	out := make([]string, len(g.keys))
	for i, k := range g.keys {
		out[i] = k.spec
	}
	return out
}

func (j *judge) groupKeys(m *model, g *grouping, v any) error {
	if one, ok := v.(string); ok {
		v = []any{one}
	}
	specs, _, err := names(m.name, "groupby", v)
	if err != nil {
		return err
	}
	if len(specs) > maxGroupings {
		return deny(CodeInvalid, "groupby", m.name, "", "more than %d fields to group by", maxGroupings)
	}
	for _, spec := range specs {
		name, period, hasPeriod := strings.Cut(spec, ":")
		f, err := j.field("groupby", m, name)
		if err != nil {
			return err
		}
		if named := name == "id" || name == "display_name"; named && j.scheme.reserved {
			// Odoo answers an id with the record's name.
			return deny(CodeGroup, "groupby", m.name, name, "model %q cannot be grouped by %q", m.name, spec)
		}
		dated := f.Type == "date" || f.Type == "datetime"
		if dated && !hasPeriod && !g.legacy {
			return deny(CodeInvalid, "groupby", m.name, name, "dates are grouped by a period, such as %q", name+":month")
		}
		if !f.Store || !slices.Contains(grouped, f.Type) || hasPeriod && (!dated || !slices.Contains(periods, period)) || period == "hour" && f.Type == "date" {
			return deny(CodeGroup, "groupby", m.name, name, "model %q cannot be grouped by %q", m.name, spec)
		}
		g.keys = append(g.keys, groupKey{spec: spec, field: f})
	}
	return nil
}

// legacyGroup judges what only read_group takes. No fields would be all that
// are stored.
func (j *judge) legacyGroup(m *model, g *grouping, out Checked, args map[string]any) error {
	specs, _, err := names(m.name, "fields", args["fields"])
	if err != nil {
		return err
	}
	sent := []string{}
	for _, spec := range specs {
		if spec == "__count" {
			continue
		}
		name, _, explicit := strings.Cut(spec, ":")
		if explicit {
			err = j.aggregate(m, "fields", spec)
		} else {
			_, err = j.field("fields", m, name)
		}
		if err != nil {
			return err
		}
		sent, g.aggregates = append(sent, spec), append(g.aggregates, name)
	}
	if len(sent) == 0 {
		sent = []string{"__count"}
	}
	if len(sent) > maxAggregates {
		return deny(CodeInvalid, "fields", m.name, "", "more than %d fields of groups", maxAggregates)
	}
	lazy := true
	if v, given := args["lazy"]; given {
		lazy = truthy(v)
	}
	g.aggregates = append(g.aggregates, "__count")
	if lazy && len(g.keys) > 0 {
		g.aggregates = append(g.aggregates, g.keys[0].field.Name+"_count")
		out.Kwargs["lazy"] = true
	} else {
		out.Kwargs["lazy"] = false
	}
	order, err := g.order(m, args["orderby"])
	if j.scheme.reserved {
		order = g.completed(order, out.Kwargs["lazy"] == true)
	}
	if order != "" {
		out.Kwargs["orderby"] = order
	}
	out.Kwargs["fields"] = list(sent)
	return err
}

// formattedGroup judges what only formatted_read_group takes.
func (j *judge) formattedGroup(m *model, g *grouping, out Checked, args map[string]any) error {
	specs, _, err := names(m.name, "aggregates", args["aggregates"])
	if err != nil {
		return err
	}
	if len(specs) > maxAggregates {
		return deny(CodeInvalid, "aggregates", m.name, "", "more than %d aggregates", maxAggregates)
	}
	for _, spec := range specs {
		if err := j.aggregate(m, "aggregates", spec); err != nil {
			return err
		}
	}
	g.aggregates = specs
	out.Kwargs["aggregates"] = list(specs)
	order, err := g.order(m, args["order"])
	if err != nil {
		return err
	}
	if j.scheme.reserved {
		order = g.completed(order, false)
	}
	if order != "" {
		out.Kwargs["order"] = order
	}
	having, err := j.having(m, args["having"])
	if len(having) > 0 {
		out.Kwargs["having"] = having
	}
	return err
}

// aggregate judges one such as "amount_total:sum".
func (j *judge) aggregate(m *model, rule, spec string) error {
	if spec == "__count" {
		return nil
	}
	name, function, _ := strings.Cut(spec, ":")
	f, err := j.field(rule, m, name)
	if err != nil {
		return err
	}
	if function == "" {
		return deny(CodeInvalid, rule, m.name, name, "what is computed for groups has a function, such as %q", name+":sum")
	}
	types, known := aggregators[function]
	if types == nil {
		types = grouped
	}
	if !known || !f.Store || name == "display_name" && j.scheme.reserved || !slices.Contains(types, f.Type) {
		return deny(CodeGroup, rule, m.name, name, "%q cannot be computed for groups of model %q", spec, m.name)
	}
	return nil
}

// order judges an order of groups: by what is grouped by, other records
// excepted, and by what is asked of them.
func (g *grouping) order(m *model, v any) (string, error) {
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
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && strings.ToLower(words[1]) != "asc" && strings.ToLower(words[1]) != "desc" {
			return "", deny(CodeInvalid, "order", m.name, "", "groups are ordered by a list of names with asc or desc")
		}
		if !g.orderable(words[0]) {
			return "", deny(CodeOrder, "order", m.name, "", "groups of model %q cannot be ordered by %q", m.name, words[0])
		}
		out = append(out, strings.Join(words, " "))
	}
	return strings.Join(out, ", "), nil
}

// oldest is what groups are sorted by at last: each has another lowest id.
const oldest = "id:min"

// completed is an order that leaves no two groups equal, which would come as
// the database finds them. Where none is asked for, Odoo sorts groups by what
// they are grouped by, and records as their own model sorts them, be it by a
// hidden field: in their place stands the age of what is grouped.
func (g *grouping) completed(order string, lazy bool) string {
	keys := g.keys
	if lazy && len(keys) > 1 {
		keys = keys[:1]
	}
	if order != "" {
		if len(keys) == 0 || slices.Contains(strings.Fields(order), oldest) {
			return order
		}
		return order + ", " + oldest
	}
	var out []string
	linked := false
	for _, k := range keys {
		if linked = linked || k.field.Relation != ""; k.field.Relation == "" {
			out = append(out, k.spec)
		}
	}
	if !linked {
		return ""
	}
	return strings.Join(append(out, oldest), ", ")
}

func (g *grouping) orderable(term string) bool {
	if term == "__count" || slices.Contains(g.aggregates, term) && !(g.legacy && strings.HasSuffix(term, "_count")) {
		return true
	}
	return slices.ContainsFunc(g.keys, func(k groupKey) bool {
		return k.field.Relation == "" && (k.spec == term || g.legacy && k.field.Name == term)
	})
}

// having judges conditions on groups: those of a domain, on aggregates. There is
// no "in": what JSON has for a list is an array to the database, which takes
// none there, on any version.
func (j *judge) having(m *model, v any) ([]any, error) {
	if absent(v) {
		return nil, nil
	}
	items, ok := v.([]any)
	if !ok || len(items) > maxHaving {
		return nil, deny(CodeDomain, "having", m.name, "", "having is a list of at most %d conditions", maxHaving)
	}
	out := make([]any, 0, len(items))
	for _, item := range items {
		if op, ok := item.(string); ok {
			switch op {
			case "&", "|", "!":
			default:
				return nil, deny(CodeDomain, "having", m.name, "", "having has an unknown operator")
			}
			out = append(out, op)
			continue
		}
		leaf, ok := item.([]any)
		if !ok || len(leaf) != 3 {
			return nil, deny(CodeDomain, "having", m.name, "", "a condition of having is a list of aggregate, operator and value")
		}
		spec, _ := leaf[0].(string)
		if err := j.aggregate(m, "having", spec); err != nil {
			return nil, err
		}
		operator, _ := leaf[1].(string)
		if !slices.Contains([]string{"=", "!=", "<", ">", "<=", ">="}, operator) || !compared(leaf[2]) {
			return nil, deny(CodeOperator, "having", m.name, "", "a condition of having compares with one value")
		}
		out = append(out, []any{spec, operator, leaf[2]})
	}
	if !wellFormed(out) {
		return nil, deny(CodeDomain, "having", m.name, "", "having lacks an operand")
	}
	return out, nil
}

// compared tells whether a value can be compared with an aggregate.
func compared(v any) bool {
	switch v := v.(type) {
	case int64, float64, bool:
		return true
	case string:
		return len(v) <= 32 && clean(v) // a date
	}
	return false
}

// wellFormed tells whether every operator of a list in prefix notation has its
// operands.
func wellFormed(items []any) bool {
	have := 0
	for _, item := range slices.Backward(items) {
		switch op, _ := item.(string); op {
		case "&", "|":
			if have -= 1; have < 1 {
				return false
			}
		case "!":
			if have < 1 {
				return false
			}
		default:
			have++
		}
	}
	return true
}
