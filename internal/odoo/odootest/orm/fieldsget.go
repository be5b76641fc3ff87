package orm

import "slices"

// fieldsGet answers fields_get: the fields that the user may use, each with
// the attributes asked for.
func (t *tx) fieldsGet(m *model, allfields, attributes []string) map[string]any {
	out := map[string]any{}
	for _, f := range m.fields {
		if len(allfields) > 0 && !slices.Contains(allfields, f.name) || !t.mayField(f) {
			continue
		}
		all := t.describe(m, f)
		if len(attributes) > 0 {
			for name := range all {
				if !slices.Contains(attributes, name) {
					delete(all, name)
				}
			}
		}
		out[f.name] = all
	}
	return out
}

func (t *tx) describe(m *model, f *field) map[string]any {
	d := map[string]any{
		"name": f.name, "type": f.typ, "string": f.label,
		"required": f.required, "readonly": f.readonly || f.noStore && f.related == "",
		"store": f.stored(), "searchable": f.searchable(), "sortable": f.sortable(),
		"manual": false, "company_dependent": false, "change_default": false, "depends": []any{},
	}
	switch {
	case f.related != "":
		d["related"], d["depends"] = f.related, []any{f.related}
	case f.startsAs != "":
		d["depends"] = []any{f.startsAs}
	}
	if f.name == "id" {
		d["readonly"] = true
	}
	if f.help != "" {
		d["help"] = f.help
	}
	if f.groups != "" {
		d["groups"] = f.groups
	}
	if f.relation != "" {
		d["relation"] = f.relation
		d["domain"], d["context"] = []any{}, map[string]any{}
	}
	if f.typ == "one2many" {
		d["relation_field"] = f.inverse
	}
	if f.typ == "selection" {
		choices := []any{}
		for _, c := range f.selection {
			choices = append(choices, []any{c[0], c[1]})
		}
		d["selection"] = choices
	}
	if f.typ == "char" || f.typ == "text" {
		d["translate"], d["trim"] = false, true
	}
	if f.typ == "monetary" && m.has("currency_id") {
		d["currency_field"] = "currency_id"
	}
	if f.aggregator != "" {
		if t.db.version >= 18 {
			d["aggregator"] = f.aggregator
		} else {
			d["group_operator"] = f.aggregator
		}
	}
	if t.db.version >= 17 {
		d["exportable"] = true
	}
	if t.db.version >= 18 {
		d["groupable"] = t.groupable(f)
		d["default_export_compatible"] = f.stored()
	}
	return d
}

func (t *tx) groupable(f *field) bool {
	return f.searchable() && f.typ != "binary" && f.typ != "one2many" && (f.sortable() || f.typ == "many2many")
}
