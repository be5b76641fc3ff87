package orm

import "slices"

// baseMethods are what every model answers. A key with "@version" is the form
// that this version alone has.
var baseMethods map[string]*method

func init() {
	// The older name of name_search's domain is "args".
	nameSearch := func(domain string) *method {
		return onModel("name='', "+domain+"=None, operator='ilike', limit=100", func(t *tx, m *model, a args) any {
			return t.nameSearch(m, asString(a.get("name")), t.domainArg(a.get(domain)), asString(a.get("operator")), a.int("limit"))
		})
	}
	webSearchRead := func(list string) *method {
		return onModel(list, func(t *tx, m *model, a args) any { return t.webSearchRead(m, a) })
	}
	baseMethods = map[string]*method{
		"search": onModel("domain, offset=0, limit=None, order=None", func(t *tx, m *model, a args) any {
			return anyIDs(t.search(m, t.domainArg(a.get("domain")), asString(a.get("order")), a.int("offset"), a.int("limit")))
		}),
		"search@16": onModel("domain, offset=0, limit=None, order=None, count=False", func(t *tx, m *model, a args) any {
			ids := t.search(m, t.domainArg(a.get("domain")), asString(a.get("order")), a.int("offset"), a.int("limit"))
			if truthy(a.get("count")) {
				return int64(len(ids))
			}
			return anyIDs(ids)
		}),
		"search_count": onModel("domain, limit=None", func(t *tx, m *model, a args) any {
			return t.count(m, t.domainArg(a.get("domain")), a.int("limit"))
		}),
		"search_read": onModel("domain=None, fields=None, offset=0, limit=None, order=None, **read_kwargs", func(t *tx, m *model, a args) any {
			t.checkModel(m, "read")
			checkReadKwargs(t, a)
			fields := stringList(a.get("fields"))
			t.readFields(m, fields)
			ids := t.search(m, t.domainArg(a.get("domain")), asString(a.get("order")), a.int("offset"), a.int("limit"))
			return t.read(m, ids, fields, loadArg(a, "_classic_read"))
		}),
		"read": onRecords("fields=None, load='_classic_read'", func(t *tx, m *model, ids []int64, a args) any {
			return t.read(m, ids, stringList(a.get("fields")), loadArg(a, nil))
		}),
		"web_read": onRecords("specification", func(t *tx, m *model, ids []int64, a args) any {
			spec, _ := a.get("specification").(map[string]any)
			return t.webRead(m, ids, spec)
		}).since(17),
		"web_save": onRecords("vals, specification, next_id=None", func(t *tx, m *model, ids []int64, a args) any {
			vals := dict(a.get("vals"))
			if len(ids) == 0 {
				ids = []int64{t.create(m, vals)}
			} else {
				t.write(m, ids, vals)
			}
			spec, _ := a.get("specification").(map[string]any)
			return t.webRead(m, ids, spec)
		}).since(17),
		"web_search_read@16": webSearchRead("domain=None, fields=None, offset=0, limit=None, order=None, count_limit=None"),
		"web_search_read":    webSearchRead("domain, specification, offset=0, limit=None, order=None, count_limit=None"),
		"name_search":        nameSearch("domain"),
		"name_search@16":     nameSearch("args"),
		"name_search@17":     nameSearch("args"),
		"name_search@18":     nameSearch("args"),
		"name_get": onRecords("", func(t *tx, m *model, ids []int64, _ args) any {
			t.checkRecords(m, ids, "read")
			out := []any{}
			for _, r := range t.existing(m, ids) {
				out = append(out, []any{r.id, t.displayName(m, r)})
			}
			return out
		}).until(17),
		"name_create": onModel("name", func(t *tx, m *model, a args) any {
			id := t.create(m, map[string]any{m.recName: a.get("name")})
			return []any{id, t.displayName(m, m.rows[id])}
		}),
		"fields_get": onModel("allfields=None, attributes=None", func(t *tx, m *model, a args) any {
			return t.fieldsGet(m, stringList(a.get("allfields")), stringList(a.get("attributes")))
		}),
		"default_get":    onModel("fields_list", defaultGet("fields_list")),
		"default_get@19": onModel("fields", defaultGet("fields")),
		"default_get@20": onModel("fields", defaultGet("fields")),
		"create":         onModel("vals_list", createMethod),
		"write": onRecords("vals", func(t *tx, m *model, ids []int64, a args) any {
			t.write(m, ids, dict(a.get("vals")))
			return true
		}),
		"unlink": onRecords("", func(t *tx, m *model, ids []int64, _ args) any {
			t.unlink(m, ids)
			return true
		}),
		"copy": onRecords("default=None", copyMethod),
		"action_archive": onRecords("", func(t *tx, m *model, ids []int64, _ args) any {
			t.write(m, ids, map[string]any{"active": false})
			return t.archiveResult()
		}),
		"action_unarchive": onRecords("", func(t *tx, m *model, ids []int64, _ args) any {
			t.write(m, ids, map[string]any{"active": true})
			return t.archiveResult()
		}),
		"toggle_active": onRecords("", func(t *tx, m *model, ids []int64, _ args) any {
			for _, r := range t.existing(m, ids) {
				t.write(m, []int64{r.id}, map[string]any{"active": r.v["active"] == false})
			}
			return nil
		}).until(19),
		"read_group@20": onModel("domain, groupby=(), aggregates=(), having=(), offset=0, limit=None, order=None",
			func(t *tx, m *model, a args) any { return t.tupleGroups(m, a) }),
		"read_group": onModel("domain, fields, groupby, offset=0, limit=None, orderby=False, lazy=True",
			func(t *tx, m *model, a args) any { return t.readGroup(m, a) }),
		"formatted_read_group": onModel("domain, groupby=(), aggregates=(), having=(), offset=0, limit=None, order=None",
			func(t *tx, m *model, a args) any { return t.formattedGroups(m, a) }).since(19),
		"check_access_rights": onModel("operation, raise_exception=True", func(t *tx, m *model, a args) any {
			operation := asString(a.get("operation"))
			checkOperation(operation)
			if truthy(a.get("raise_exception")) {
				t.checkModel(m, operation)
				if t.db.version >= 18 {
					return nil // it has become check_access, which answers nothing
				}
			}
			return t.may(m, operation)
		}).until(19),
		"check_access_rule": onRecords("operation", func(t *tx, m *model, ids []int64, a args) any {
			operation := asString(a.get("operation"))
			checkOperation(operation)
			t.existing(m, ids)
			if !t.allowed(m, ids, operation) {
				panic(t.ruleDenied(m, operation))
			}
			return nil
		}).until(19),
		"has_access": onRecords("operation", func(t *tx, m *model, ids []int64, a args) any {
			operation := asString(a.get("operation"))
			checkOperation(operation)
			if !t.may(m, operation) {
				return false
			}
			t.existing(m, ids)
			return t.allowed(m, ids, operation)
		}).since(18),
		"check_access": {params: []param{{name: "operation", required: true}}, from: 18, private: 19,
			run: func(t *tx, m *model, ids []int64, a args) any {
				operation := asString(a.get("operation"))
				checkOperation(operation)
				t.checkModel(m, operation)
				t.existing(m, ids)
				t.checkRecords(m, ids, operation)
				return nil
			}},
	}
}

// loadArg: search_read leaves load to read; any other value than
// _classic_read shows many2one as ids.
func loadArg(a args, absent any) any {
	if v, ok := a["load"]; ok {
		return v
	}
	return absent
}

// checkReadKwargs: what search_read does not know goes to read, which refuses
// all but load.
func checkReadKwargs(t *tx, a args) {
	function := "BaseModel.read()"
	if t.db.version >= 19 {
		function = "BaseModel._read_format()"
	}
	for _, key := range sortedKeys(a) {
		if !slices.Contains([]string{"domain", "fields", "offset", "limit", "order", "load"}, key) {
			throw(TypeError, "%s got an unexpected keyword argument '%s'", function, key)
		}
	}
}

func dict(v any) map[string]any {
	d, ok := v.(map[string]any)
	if !ok {
		throw(AttributeError, "'%s' object has no attribute 'items'", pythonType(v))
	}
	return d
}

func defaultGet(name string) func(t *tx, m *model, a args) any {
	return func(t *tx, m *model, a args) any {
		out := map[string]any{}
		only := stringList(a.get(name))
		for key, v := range t.defaults(m, only) {
			if slices.Contains(only, key) && v != nil {
				out[key] = v
			}
		}
		return out
	}
}

// createMethod: a dict gives an id, a list of dicts a list of ids.
func createMethod(t *tx, m *model, a args) any {
	list, many := a.get("vals_list").([]any)
	if !many {
		return t.create(m, dict(a.get("vals_list")))
	}
	ids := []any{}
	for _, vals := range list {
		ids = append(ids, t.create(m, dict(vals)))
	}
	return ids
}

// copyMethod answers an id up to 17 and a list of ids from 18 on.
func copyMethod(t *tx, m *model, ids []int64, a args) any {
	t.checkModel(m, "create")
	t.checkRecords(m, ids, "read")
	if t.db.version <= 17 && len(ids) != 1 {
		throw(ValueError, "Expected singleton: %s(%s)", m.name, idText(ids))
	}
	defaults, _ := a.get("default").(map[string]any)
	out := []any{}
	for _, r := range t.existing(m, ids) {
		vals := t.copied(m, r)
		if name, ok := vals[m.recName].(string); ok && m.recName == "name" {
			vals["name"] = name + " (copy)"
		}
		for name, v := range defaults {
			vals[name] = v
		}
		out = append(out, t.create(m, vals))
	}
	if t.db.version <= 17 {
		return out[0]
	}
	return out
}

// copied are the values that a copy of a record starts with.
func (t *tx) copied(m *model, r *row) map[string]any {
	vals := map[string]any{}
	for _, f := range m.fields {
		if f.noCopy || !f.stored() || f.compute != nil || f.name == "id" || !t.mayField(f) {
			continue
		}
		kept := r.v[f.name]
		ids, many := kept.([]int64)
		switch {
		case f.typ == "one2many":
			lines := []any{}
			co := t.model(f.relation)
			for _, id := range t.targets(r, m, f) {
				line := t.copied(co, co.rows[id])
				delete(line, f.inverse)
				lines = append(lines, []any{int64(0), int64(0), line})
			}
			vals[f.name] = lines
		case many:
			vals[f.name] = []any{[]any{int64(6), int64(0), anyIDs(ids)}}
		case kept != nil && f.inverse == "":
			vals[f.name] = kept
		}
	}
	return vals
}

func idText(ids []int64) string {
	s := python(anyIDs(ids))
	return s[1 : len(s)-1]
}

// archiveResult: the archive actions return what write returned up to 18.
func (t *tx) archiveResult() any {
	if t.db.version <= 18 {
		return true
	}
	return nil
}
