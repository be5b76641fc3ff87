package odootest

import (
	"net/http"
	"slices"
)

func sessionInfoRoute(x *exchange, _ map[string]any) (any, error) {
	x.dirty = true // touch: it lives on
	u, _ := x.sess.db.engine.userByID(x.uid)
	return x.sessionInfo(u), nil
}

func sessionCheckRoute(*exchange, map[string]any) (any, error) { return nil, nil }

func sessionDestroyRoute(x *exchange, _ map[string]any) (any, error) {
	x.logOut()
	return nil, nil
}

// authenticateRoute is a login without a page. It needs no CSRF token.
func authenticateRoute(x *exchange, params map[string]any) (any, error) {
	for _, name := range []string{"db", "login", "password"} {
		if _, given := params[name]; !given {
			return nil, typeError("Session.authenticate() missing 1 required positional argument: '" + name + "'")
		}
	}
	db, ok := x.s.database(asString(params["db"]))
	if !ok {
		return nil, accessError("Database not found.")
	}
	u, ok := db.engine.checkPassword(asString(params["login"]), asString(params["password"]))
	if !ok {
		return nil, accessDenied()
	}
	if db.totp[u.id] != "" {
		delete(x.s.sessions, x.sess.id)
		x.sess = x.s.blankSession(x.sess.id)
		x.sess.preUID, x.sess.db = u.id, db
		x.dirty, x.rotate = true, true
		return object{{"uid", nil}}, nil
	}
	x.logIn(db, u)
	x.db, x.uid = db, u.id
	return x.sessionInfo(u), nil
}

// authenticated adds what 17 and 19 show besides the result: CORS headers,
// and the cookie a second time.
func authenticated(x *exchange) (*reply, error) {
	a, err := rpcRoute(authenticateRoute)(x)
	if err != nil {
		return nil, err
	}
	if x.s.v.version == 17 {
		a.header.Set("Access-Control-Allow-Origin", "*")
		a.header.Set("Access-Control-Allow-Methods", "POST")
	}
	if x.s.v.version == 19 && x.sess.uid != 0 {
		x.finish()
		x.rotate = false
	}
	return a, nil
}

// sessionInfo is what the web client learns about its user, with the members
// that the version's recording has. Those of other addons stay out.
func (x *exchange) sessionInfo(u person) object {
	v, d := x.s.v, x.sess.db
	var o object
	add := func(from, to int, name string, value any) {
		if v.version >= from && (to == 0 || v.version <= to) {
			o = append(o, member{name, value})
		}
	}
	add(0, 0, "uid", u.id)
	add(0, 0, "is_system", u.system)
	add(0, 0, "is_admin", u.system)
	add(18, 0, "is_public", false)
	add(17, 0, "is_internal_user", u.internal)
	add(0, 0, "user_context", u.context())
	add(0, 0, "db", d.name)
	add(19, 0, "registry_hash", "ee37b04642da815ec1334efbf66295f4abd8bfb5022860c98fd5f5f65f1c3f9d")
	add(17, 0, "user_settings", object{{"id", u.id}, {"user_id", object{{"id", u.id}}}})
	add(0, 0, "server_version", v.serverVersion)
	add(0, 0, "server_version_info", v.versionInfo())
	add(0, 0, "support_url", "https://www.odoo.com/buy")
	add(0, 0, "name", u.name)
	add(0, 0, "username", u.login)
	add(19, 0, "quick_login", true)
	add(18, 0, "partner_write_date", u.partnerDate)
	add(0, 0, "partner_display_name", u.partnerName)
	add(0, 16, "company_id", u.companyID)
	add(0, 0, "partner_id", u.partnerID)
	add(0, 0, "web.base.url", d.engine.param("web.base.url"))
	add(0, 0, "active_ids_limit", 20000)
	add(0, 0, "profile_session", nil)
	add(0, 0, "profile_collectors", nil)
	add(0, 0, "profile_params", nil)
	add(0, 0, "max_file_upload_size", 134217728)
	add(0, 0, "home_action_id", false)
	add(0, 18, "cache_hashes", object{{"translations", "05071fb879321bf01f941f60fab1f126f565cdad"}})
	add(0, 0, "currencies", object{{"1", object{{"name", "USD"}, {"symbol", "$"}, {"position", "before"}, {"digits", []any{69, 2}}}}})
	add(0, 0, "bundle_params", object{{"lang", u.lang}})
	add(18, 0, "test_mode", false)
	add(18, 0, "view_info", viewInfo)
	add(19, 0, "groups", object{{"base.group_allow_export", u.export}})
	add(20, 0, "device_salt", false)
	if u.internal {
		company := object{{"id", u.companyID}, {"name", u.company}, {"sequence", 0},
			{"child_ids", []any{}}, {"parent_id", false}, {"currency_id", 1}}
		add(0, 0, "user_companies", object{{"current_company", u.companyID},
			{"allowed_companies", object{{"1", company}}}})
		if v.version >= 17 {
			last := &o[len(o)-1]
			last.value = append(last.value.(object), member{"disallowed_ancestor_companies", object{}})
		}
		add(0, 0, "show_effect", true)
		add(0, 18, "display_switch_company_menu", false)
	}
	add(0, 17, "user_id", []any{u.id})
	add(18, 0, "websocket_worker_version", v.serverVersion+"-2")
	add(18, 0, "tour_enabled", false)
	add(18, 0, "current_tour", nil)
	add(18, 0, "storeData", object{{"Store", object{{"self_partner", u.partnerID}}}})
	if u.internal {
		if u.system {
			add(0, 17, "web_tours", []any{})
			add(0, 17, "tour_disable", true)
			add(17, 0, "iap_company_enrich", false)
		}
		add(0, 17, "notification_type", "email")
		add(0, 17, "odoobot_initialized", true)
	}
	add(17, 17, "is_quick_edit_mode_enabled", false)
	add(18, 0, "can_insert_in_spreadsheet", false)
	return slices.Clip(o)
}

var viewInfo = func() object {
	var o object
	for _, v := range []struct{ name, label, icon string }{
		{"list", "List", "oi oi-view-list"}, {"form", "Form", "fa fa-address-card"},
		{"kanban", "Kanban", "oi oi-view-kanban"}, {"search", "Search", "oi oi-search"},
	} {
		o = append(o, member{v.name, object{{"display_name", v.label}, {"icon", v.icon}, {"multi_record", v.name != "form"}}})
	}
	return o
}()

func versionInfoRoute(x *exchange, _ map[string]any) (any, error) {
	v := x.s.v
	return object{{"server_version", v.serverVersion}, {"server_version_info", v.versionInfo()},
		{"server_serie", v.serie()}, {"protocol_version", 1}}, nil
}

func (t traits) serie() string { return t.serverVersion[:2] + ".0" }

func webVersionRoute(x *exchange) (*reply, error) {
	return x.json(http.StatusOK, object{{"version_info", x.s.v.versionInfo()}, {"version", x.s.v.serverVersion}}, nil), nil
}

func healthRoute(x *exchange) (*reply, error) {
	status := object{{"status", "pass"}}
	if x.r.URL.Query().Get("db_server_status") != "" {
		status = append(status, member{"db_server_status", true})
	}
	a := x.json(http.StatusOK, status, nil)
	a.header.Set("Content-Type", "application/json")
	a.header.Set("Cache-Control", "no-store")
	return a, nil
}
