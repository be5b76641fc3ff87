package orm

import "time"

func (db *DB) defineTechnical() {
	system := map[string]string{groupSystem: "rwcu"}
	db.define(&model{name: "ir.model", label: "Models", order: "model", acl: map[string]string{groupERP: "r", groupSystem: "wcu"},
		methods: map[string]*method{"get_available_models": onModel("", availableModels)}},
		char("model", "Model").req(), char("name", "Model Description").req(), boolean("transient", "Transient Model").def(false))
	db.define(&model{name: "ir.config_parameter", label: "System Parameter", order: "key", recName: "key", acl: system,
		methods: db.parameterMethods()},
		char("key", "Key").req(), of("value", "text", "Value").req())
	cronClass := "ir_cron"
	if db.version >= 19 {
		cronClass = "IrCron"
	}
	db.define(&model{name: "ir.cron", label: "Scheduled Actions", class: cronClass, acl: system,
		methods: map[string]*method{"toggle": onModel("model, domain", func(t *tx, m *model, _ args) any {
			t.checkModel(m, "write")
			return true
		})}},
		char("name", "Name").req(), boolean("active", "Active").def(true))
	action := func(name, label string, acl map[string]string, fields ...*field) {
		fields = append(fields, char("name", "Action Name").req(), char("type", "Action Type").req().def(name))
		db.define(&model{name: name, label: label, order: "name, id", acl: acl}, fields...)
	}
	// Reports are open to internal users by Discuss; windows are to nobody but
	// administrators.
	action("ir.actions.act_window", "Action Window", system, char("res_model", "Destination Model").req(), char("view_mode", "View Mode").def("list,form"),
		char("domain", "Domain Value"), char("context", "Context Value").def("{}"), char("target", "Target Window").def("current"))
	action("ir.actions.report", "Report Action", map[string]string{groupUser: "r", groupSystem: "rwcu"}, char("model", "Model Name").req(), char("report_name", "Template Name").req(),
		selection("report_type", "Report Type", [2]string{"qweb-html", "HTML"}, [2]string{"qweb-pdf", "PDF"}).def("qweb-pdf"),
		computed("xml_id", "char", "External ID", func(_ *tx, r *row) any { return asString(r.v[xmlidKey]) }))
	menu := &model{name: "ir.ui.menu", label: "Menu", order: "sequence, id", parent: "parent_id", recName: "complete_name",
		acl: map[string]string{groupUser: "r", groupSystem: "rwcu"}}
	complete := computed("complete_name", "char", "Full Path", nil)
	complete.compute = func(t *tx, r *row) any {
		parent, _ := r.v["parent_id"].(int64)
		if p := menu.rows[parent]; p != nil {
			return asString(complete.compute(t, p)) + "/" + asString(r.v["name"])
		}
		return r.v["name"]
	}
	datas := of("datas", "binary", "File Content (base64)")
	datas.noStore, datas.noSearch = true, true
	db.define(&model{name: "ir.attachment", label: "Attachment", order: "id desc",
		acl: map[string]string{groupUser: "rwcu", groupPortal: "r"},
		rules: []rule{
			{group: groupUser, ops: "rwcu", domain: everything},
			{group: groupPortal, ops: "rwcu", domain: func(t *tx) []any { return []any{[]any{"create_uid", "=", t.uid}} }},
		}},
		char("name", "Name").req(), char("res_model", "Resource Model"), of("res_id", "integer", "Resource ID"),
		char("mimetype", "Mime Type").def("application/octet-stream"), boolean("public", "Is public document").def(false), datas)
	db.define(&model{name: "auth.oauth.provider", label: "OAuth2 provider", acl: system},
		char("name", "Provider name").req(), char("client_id", "Client ID"), boolean("enabled", "Allowed").def(false),
		char("auth_endpoint", "Authorization URL").req(), char("scope", "Scope"), char("validation_endpoint", "UserInfo URL").req())
	menu.recSearch = []string{"name"}
	db.define(menu, char("name", "Menu").req(), complete, of("sequence", "integer", "Sequence").def(int64(10)),
		many2one("parent_id", "Parent Menu", "ir.ui.menu"), one2many("child_id", "Child IDs", "ir.ui.menu", "parent_id"),
		char("action", "Action"), boolean("active", "Active").def(true))
}

// availableModels lists the models that the user may read, to internal users
// who may not read ir.model itself.
func availableModels(t *tx, m *model, _ args) any {
	out := []any{}
	if !t.groups[groupUser] {
		return out
	}
	ids := m.ids()
	t.sudo().sorter(m, "name")(ids)
	for _, id := range ids {
		r := m.rows[id]
		if each := t.model(asString(r.v["model"])); each != nil && !each.transient && t.may(each, "read") {
			out = append(out, map[string]any{"model": r.v["model"], "display_name": r.v["name"]})
		}
	}
	return out
}

// parameterMethods are get_param and set_param, gone in 20.
func (db *DB) parameterMethods() map[string]*method {
	find := func(t *tx, m *model, key any) *row {
		t.checkModel(m, "read")
		for _, id := range m.ids() {
			if m.rows[id].v["key"] == key {
				return m.rows[id]
			}
		}
		return nil
	}
	return map[string]*method{
		"get_param": onModel("key, default=False", func(t *tx, m *model, a args) any {
			if r := find(t, m, a.get("key")); r != nil {
				return r.v["value"]
			}
			return a.get("default")
		}).until(19),
		"set_param": onModel("key, value", func(t *tx, m *model, a args) any {
			r := find(t, m, a.get("key"))
			if r == nil {
				t.create(m, map[string]any{"key": a.get("key"), "value": a.get("value")})
				return false
			}
			old := r.v["value"]
			t.write(m, []int64{r.id}, map[string]any{"value": a.get("value")})
			return old
		}).until(19),
		"get_str": onModel("key", func(t *tx, m *model, a args) any {
			if r := find(t, m, a.get("key")); r != nil {
				return r.v["value"]
			}
			return ""
		}).since(20),
	}
}

// defineKeys defines the records of API keys. The keys themselves, and the
// methods that make, confirm and remove them, belong to the HTTP layer: it
// hooks in with DB.Handle and writes the records as superuser.
func (db *DB) defineKeys() {
	own := func(t *tx) []any { return []any{[]any{"user_id", "=", t.uid}} }
	keys := db.define(&model{name: "res.users.apikeys", label: "Users API Keys", unlogged: true,
		acl: map[string]string{groupUser: "r", groupPortal: "r"},
		rules: []rule{
			{group: groupUser, ops: "rwcu", domain: own},
			{group: groupPortal, ops: "rwcu", domain: own},
			{group: groupSystem, ops: "rwcu", domain: everything},
		}},
		char("name", "Description").req().ro(), many2one("user_id", "User", "res.users").cascading().ro(), char("scope", "Scope").ro(),
		of("create_date", "datetime", "Creation Date").ro())
	mine := []rule{{ops: "rwcu", domain: func(t *tx) []any { return []any{[]any{"create_uid", "=", t.uid}} }}}
	wizard := &model{name: "res.users.apikeys.description", label: "API Key Description", transient: true, rules: mine,
		acl: map[string]string{groupUser: "rwcu", groupPortal: "rwcu"}}
	db.define(wizard, char("name", "Description").req())
	db.define(&model{name: "res.users.identitycheck", label: "Password Check Wizard", transient: true, rules: mine,
		acl: map[string]string{groupUser: "rwcu", groupPortal: "rwcu"}},
		char("password", "Password"), char("request", "Request").in(forbidden))
	if db.version < 18 {
		return
	}
	keys.add(of("expiration_date", "datetime", "Expiration Date").ro())
	duration := selection("duration", "Duration", [2]string{"1", "1 Day"}, [2]string{"7", "1 Week"}, [2]string{"30", "1 Month"},
		[2]string{"90", "3 Months"}, [2]string{"180", "6 Months"}, [2]string{"365", "1 Year"}, [2]string{"0", "Persistent Key"}, [2]string{"-1", "Custom Date"}).def("1")
	if db.version >= 20 {
		duration = selection("duration", "Duration", [2]string{"1", "1 Day"}, [2]string{"30", "1 Month"}, [2]string{"365", "1 Year"}, [2]string{"0", "Persistent Key"}).def("30")
		wizard.add(selection("scope", "Scope", [2]string{"rpc", "RPC"}).req().def("rpc"))
	}
	wizard.add(duration.req(), of("expiration_date", "datetime", "Expiration Date"))
	wizard.beforeNew = limitKey
}

// limitKey works out when a key is to end and refuses what the user's groups
// do not allow.
func limitKey(t *tx, vals map[string]any) {
	today := t.db.now().UTC().Truncate(24 * time.Hour)
	days := asString(vals["duration"])
	explicit := asString(vals["expiration_date"])
	var end time.Time
	switch {
	case explicit != "" && (days == "-1" || t.db.version >= 20):
		at, err := time.Parse(datetimeLayout, pad(explicit))
		if err != nil {
			throw(ValueError, "time data '%s' does not match format '%%Y-%%m-%%d %%H:%%M:%%S'", explicit)
		}
		end = at
	case days != "0" && days != "-1":
		n, _ := toInteger(days).(int64)
		end = today.AddDate(0, 0, int(n))
		vals["expiration_date"] = end.Format(datetimeLayout)
	}
	if t.su || t.groups[groupSystem] {
		return
	}
	if end.IsZero() {
		throw(ValidationError, "The API key must have an expiration date")
	}
	limit := t.longestKey()
	if end.After(today.Add(time.Duration((limit+1)*24) * time.Hour)) {
		text := python(limit)
		if limit == float64(int64(limit)) {
			text += ".0"
		}
		throw(ValidationError, "You cannot exceed %s days.", text)
	}
}

// longestKey is the largest api_key_duration of the user's groups, in days.
func (t *tx) longestKey() float64 {
	longest := 1.0
	for _, r := range t.model("res.groups").rows {
		if days, _ := asFloat(r.v["api_key_duration"]); t.groups[asString(r.v[xmlidKey])] {
			longest = max(longest, days)
		}
	}
	return longest
}
