package orm

// webRead answers web_read: the shape of each record follows a specification.
func (t *tx) webRead(m *model, ids []int64, spec map[string]any) []any {
	t.checkModel(m, "read")
	names := []string{}
	for name := range spec {
		t.field(m, name, "read")
		names = append(names, name)
	}
	if len(names) == 0 {
		names = []string{"id"}
	}
	records := t.read(m, ids, names, nil)
	for _, each := range records {
		record := each.(map[string]any)
		for name, s := range spec {
			f := m.byName[name]
			sub, _ := s.(map[string]any)
			record[name] = t.webValue(f, record[name], sub)
		}
	}
	return records
}

func (t *tx) webValue(f *field, v any, spec map[string]any) any {
	fields, nested := spec["fields"].(map[string]any)
	switch {
	case f.typ == "binary" && t.db.version >= 20:
		// The web client fetches the content elsewhere.
		if object, ok := v.(map[string]any); ok {
			return map[string]any{"size": object["size"]}
		}
	case !nested || !f.relational():
		return v
	case f.typ == "many2one":
		if id, ok := v.(int64); ok {
			return t.webTarget(t.model(f.relation), id, fields)
		}
	default:
		return t.webTargets(f, v, fields, spec)
	}
	return v
}

// webTarget shows one many2one; its name is read as superuser, all else as
// the user.
func (t *tx) webTarget(co *model, id int64, fields map[string]any) any {
	rest := map[string]any{}
	for name, s := range fields {
		if name != "display_name" {
			rest[name] = s
		}
	}
	record := map[string]any{"id": id}
	if len(rest) > 0 {
		if records := t.webRead(co, []int64{id}, rest); len(records) > 0 {
			record = records[0].(map[string]any)
		}
	}
	if _, asked := fields["display_name"]; asked {
		record["display_name"] = t.sudo().displayName(co, co.rows[id])
	}
	return record
}

// webTargets shows an x2many; records past the limit come as their ids alone.
func (t *tx) webTargets(f *field, v any, fields, spec map[string]any) any {
	co := t.model(f.relation)
	ids := idList(v)
	if order := asString(spec["order"]); order != "" {
		t.sorter(co, order)(ids)
	}
	full := len(ids)
	if limit, ok := asInt(spec["limit"]); ok && limit > 0 && int(limit) < full {
		full = int(limit)
	}
	out := t.webRead(co, ids[:full], fields)
	for _, id := range ids[full:] {
		out = append(out, map[string]any{"id": id})
	}
	return out
}

// webSearchRead answers {"length", "records"}: 16 takes names, 17 and later a
// specification.
func (t *tx) webSearchRead(m *model, a args) any {
	domain := t.domainArg(a.get("domain"))
	ids := t.search(m, domain, asString(a.get("order")), a.int("offset"), a.int("limit"))
	length := t.count(m, domain, a.int("count_limit"))
	var records []any
	if t.db.version <= 16 {
		records = t.read(m, ids, stringList(a.get("fields")), "_classic_read")
	} else {
		spec, _ := a.get("specification").(map[string]any)
		records = t.webRead(m, ids, spec)
	}
	return map[string]any{"length": length, "records": records}
}
