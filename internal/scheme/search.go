package scheme

import (
	"strings"
	"unicode"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

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

func (j *judge) searchRead(m *model, out Checked, args map[string]any) (Checked, error) {
	fields, err := j.selection(m, args["fields"])
	if err != nil {
		return out, err
	}
	out, err = j.search(m, out, args)
	if err != nil {
		return out, err
	}
	out.Method, out.shape = "search_read", shapeRecords
	out.Kwargs["fields"] = fields
	out.bare, err = bare(m, args)
	return out, err
}

// bare reads the argument load: whether a many2one is an id alone. Odoo takes
// everything but "_classic_read" for that, None too.
func bare(m *model, args map[string]any) (bool, error) {
	v, given := args["load"]
	switch {
	case !given, v == "_classic_read":
		return false, nil
	case absent(v), v == "", v == "_classic_write":
		return true, nil
	}
	return false, deny(CodeInvalid, "load", m.name, "", "load is \"_classic_read\" or nothing")
}

func (j *judge) search(m *model, out Checked, args map[string]any) (Checked, error) {
	domain, err := j.condition(m, args["domain"])
	if err != nil {
		return out, err
	}
	offset, limit, err := window(m, args)
	if err != nil {
		return out, err
	}
	order, err := j.ordered(m, args["order"])
	if order == "" && err == nil {
		order, err = j.usualOrder(m)
	}
	if err != nil {
		return out, err
	}
	out.Method, out.shape = "search", shapeIDs
	out.Kwargs = map[string]any{"domain": domain, "offset": offset, "limit": limit}
	if order != "" {
		out.Kwargs["order"] = order
	}
	return out, nil
}

func (j *judge) searchCount(m *model, out Checked, args map[string]any) (Checked, error) {
	domain, err := j.condition(m, args["domain"])
	if err != nil {
		return out, err
	}
	limit, err := natural(m.name, "limit", args["limit"])
	if err != nil {
		return out, err
	}
	out.Method, out.shape = "search_count", shapeCount
	out.Kwargs = map[string]any{"domain": domain}
	if limit > 0 {
		out.Kwargs["limit"] = limit
	}
	return out, nil
}

// read is a search_read, so that the filter decides together with the ids
// and a record that the person may not see is absent instead of an error for
// all. Filter restores the order of the ids.
func (j *judge) read(m *model, out Checked, ids []int64, args map[string]any) (Checked, error) {
	ids, err := recordIDs(m.name, ids)
	if err != nil {
		return out, err
	}
	if int64(len(ids)) > m.rows {
		return out, deny(CodeLimit, "ids", m.name, "", "more than %d ids", m.rows)
	}
	fields, err := j.selected(m, args["fields"])
	if err != nil {
		return out, err
	}
	around, err := j.archivedToo(m.name, odoo.Everything())
	if err != nil {
		return out, err
	}
	out.Method, out.shape, out.ids, out.around = "search_read", shapeRecords, ids, around.And(m.filter)
	if out.Kwargs, err = out.readOf(ids, list(fields)); err != nil {
		return out, err
	}
	out.bare, err = bare(m, args)
	return out, err
}

// readOf are the arguments of a read of these fields of these records.
func (c Checked) readOf(ids []int64, fields any) (map[string]any, error) {
	wanted, err := odoo.Where("id", "in", odoo.IDList(ids))
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"domain": wanted.And(c.around).Value(),
		"fields": fields,
		"offset": int64(0),
		"limit":  int64(max(len(ids), 1)),
		"order":  "id",
	}, nil
}

// archiving are the fields that archive records: a search leaves out those in
// which one is false, unless it says otherwise.
var archiving = []string{"active", "x_active"}

// archivedToo adds to a domain what makes Odoo find archived records. The
// context can say that as well, but says it of the lists in the records too: a
// read by ids gives those without the archived ones, and a filter that looks into
// them would admit others than where records are searched for.
func (j *judge) archivedToo(model string, d odoo.Domain) (odoo.Domain, error) {
	all, err := j.fields(model)
	if err != nil {
		return d, err
	}
	for _, name := range archiving {
		if f := all[name]; f.Type == "boolean" && f.Searchable {
			either, err := odoo.Where(name, "in", []any{true, false})
			return d.And(either), err
		}
	}
	return d, nil
}

func (j *judge) nameSearch(m *model, out Checked, args map[string]any) (Checked, error) {
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
		for i, name := range m.search {
			one, err := j.leaf(m, odoo.Leaf{Path: name, Operator: operator, Value: v})
			if err != nil {
				return out, err
			}
			if i == 0 {
				match = one
			} else {
				match = match.Or(one)
			}
		}
	}
	domain, err := j.where(m, args["domain"])
	if err != nil {
		return out, err
	}
	order := args["order"]
	if absent(order) || order == "" {
		if order, err = j.byName(m); err != nil {
			return out, err
		}
	}
	if out, err = j.search(m, out, map[string]any{"offset": args["offset"], "limit": args["limit"], "order": order}); err != nil {
		return out, err
	}
	fields, err := j.withName(m, []string{"display_name"})
	if err != nil {
		return out, err
	}
	out.Method, out.shape = "search_read", shapeRecords
	out.Kwargs["domain"] = domain.And(match).Value()
	out.Kwargs["fields"] = list(fields)
	return out, nil
}

// ordered judges an order such as "name desc, id". A term on a relation sorts
// by whatever the other model sorts by, and a path leads out of the model:
// both are refused. Records that an order leaves equal come as the database
// finds them, those changed last at the end: where anything is hidden, the
// order is made complete.
func (j *judge) ordered(m *model, v any) (string, error) {
	if absent(v) || v == "" {
		return "", nil
	}
	text, ok := v.(string)
	if !ok || len(text) > maxText {
		return "", deny(CodeInvalid, "order", m.name, "", "order must be a string")
	}
	var out strings.Builder
	out.Grow(len(text) + len(", id"))
	complete := !j.scheme.reserved
	for term := range strings.SplitSeq(text, ",") {
		name, direction := firstWord(term)
		if name == "" {
			return "", deny(CodeInvalid, "order", m.name, "", "order is a list of fields with asc or desc")
		}
		if name == "display_name" {
			if _, err := j.field("order", m, name); err != nil {
				return "", err
			}
			name = searchField
		}
		if !odoo.ValidPath(name) {
			return "", deny(CodeInvalid, "order", m.name, "", "order is a list of fields with asc or desc")
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
		way, ok := sortDirection(direction)
		if !ok {
			return "", deny(CodeInvalid, "order", m.name, "", "order is a list of fields with asc or desc")
		}
		if out.Len() > 0 {
			out.WriteString(", ")
		}
		out.WriteString(name)
		out.WriteString(way)
		complete = complete || name == "id"
	}
	if !complete {
		out.WriteString(", id")
	}
	return out.String(), nil
}

// firstWord cuts off the first word of a text.
func firstWord(s string) (word, rest string) {
	s = strings.TrimSpace(s)
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// sortDirection is what stands behind a field of an order, with a space before
// it.
func sortDirection(s string) (string, bool) {
	way := ""
	word, rest := firstWord(s)
	switch {
	case strings.EqualFold(word, "asc"):
		way = " asc"
	case strings.EqualFold(word, "desc"):
		way = " desc"
	case word != "":
		rest = s
	}
	word, rest = firstWord(rest)
	if word == "" {
		return way, true
	}
	last, more := firstWord(rest)
	switch {
	case !strings.EqualFold(word, "nulls") || strings.TrimSpace(more) != "":
		return "", false
	case strings.EqualFold(last, "first"):
		return way + " nulls first", true
	case strings.EqualFold(last, "last"):
		return way + " nulls last", true
	}
	return "", false
}

func list(names []string) []any {
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = name
	}
	return out
}
