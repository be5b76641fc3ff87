package odootest

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// notCovered are the recordings that are not replayed, by name or by
// version/name, with the reason.
var notCovered = map[string]string{
	"websocket_http_port": "500 on the HTTP port of a prefork server; the simulation is one process and upgrades there, as the gevent port does",
	"json1_get":           "/json/1 is experimental and off in most databases; a gateway does not use it",
	"json1_get_nokey":     "/json/1, as json1_get",
	"json1_res_partner":   "/json/1, as json1_get",
	"websocket_handshake": "noted as text, without request headers; TestWebSocket has the handshake",
}

// owners name the login whose session a recording presents, where its name
// does not say it. Everybody else is admin.
var owners = map[string]string{
	"apikey_generate_private": "demo", "apikey_generate_public": "demo", "apikey_list_via_user": "demo",
	"apikey_remove_1": "demo", "apikey_remove_2_write_password": "demo", "apikey_remove_3_run_check": "demo",
	"apikey_revoke": "demo", "apikey_revoke_other": "demo", "apikey_revoke_unchecked": "demo", "apikey_unlink_direct": "demo",
	"become": "demo", "check_access": "portal", "check_access_rule": "portal", "get_access_models": "demo",
	"doc_session": "demo", "doc_index_session": "demo", "image_empty_field": "portal", "json2_session_cookie_other_user": "admin",
	"json2_session_secfetch": "demo", "json2_db_header_plus_session": "demo", "json2_err_session_only": "demo",
	"json2_cookie_no_rotation": "demo", "call_kw_old_sid_after_rotation": "demo",
	"kw_error_access": "demo", "kw_error_access_field": "demo", "kw_error_access_model": "demo", "kw_error_access_rule": "portal",
	"search_read_bad_company": "demo", "whoami_read_self_demo": "demo", "session_authenticate_existing_cookie": "demo",
	"devices": "demo", "revoke_all_devices": "demo", "totp_enable_1": "demo", "totp_enable_2": "demo", "totp_enable_3": "demo",
	"change_password": "demo", "soft_rotation": "demo",
}

// firstUse are the recordings in which a browser uses its session for the
// first time, so that 18 and 19 note the device.
var firstUse = map[string]bool{
	"kw_search_read": true, "apikey_admin_1_create_description": true, "apikey_demo_1_create_description": true,
	"apikey_revoke_unchecked": true, "apikey_portal1d_1_create": true, "become": true, "report_html_portal": true,
	"login_redirect_already_logged_in": true, "login_redirect_already_logged_in_portal": true,
	"revoke_all_devices": true, "totp_enable_1": true, "oauth_providers": true,
	"whoami_context_get_admin": true, "whoami_context_get_demo": true, "whoami_context_get_portal": true,
	"identity_locked_login_redirect": true, "lock_timeout_login_redirect": true,
}

func (st *stage) owner() string {
	if login, ok := owners[st.rec.Name]; ok {
		return login
	}
	for _, login := range []string{"portal", "demo"} {
		if strings.Contains(st.rec.Name, login) {
			return login
		}
	}
	return "admin"
}

// scenes bring the simulation into the state that a recording's name implies.
// The first whose expression fits the whole name counts; a recording without
// one has a living session in a database that others use too.
type scene struct {
	name *regexp.Regexp
	set  func(st *stage)
}

func on(pattern string, set func(st *stage)) scene {
	return scene{regexp.MustCompile("^(" + pattern + ")$"), set}
}

// prepare gives the browser its session and sets the scene.
func (st *stage) prepare(set func(*stage)) {
	st.t.Helper()
	if strings.HasPrefix(st.rec.Request.Headers["Cookie"], "session_id=") {
		st.b.cookies["session_id"] = st.s.NewSession(st.owner())
		if !firstUse[st.rec.Name] {
			st.use()
		}
	}
	if set != nil {
		set(st)
	}
}

// sceneOf is what a recording needs besides a session, or nil.
func sceneOf(name string) func(*stage) {
	for _, sc := range scenes {
		if sc.name.MatchString(name) {
			return sc.set
		}
	}
	return nil
}

// use makes one ordinary request with the browser's session.
func (st *stage) use() { st.b.rpc("/web/session/check", map[string]any{}) }

// call is call_kw that must succeed.
func (st *stage) call(model, method string, args []any, kwargs map[string]any) any {
	st.t.Helper()
	result, e := st.b.call(model, method, args, kwargs)
	if e != "" {
		st.t.Fatalf("%s.%s: %s", model, method, e)
	}
	return result
}

var firstID = regexp.MustCompile(`"args": \[\[\d+\]`)

// on makes the recorded call run on that record.
func (st *stage) on(id any) {
	st.body = firstID.ReplaceAllString(st.body, fmt.Sprintf(`"args": [[%v]`, id))
	st.body = regexp.MustCompile(`"ids": \[\d+\]`).ReplaceAllString(st.body, fmt.Sprintf(`"ids": [%v]`, id))
}

// partner makes a contact as admin.
func (st *stage) partner() int64 {
	admin := loggedIn(st.t, st.s, "admin")
	id, e := admin.call("res.partner", "create", []any{map[string]any{"name": "Gateway Probe"}}, nil)
	n, ok := asInt(id)
	if e != "" || !ok {
		st.t.Fatalf("a contact: %v %s", id, e)
	}
	return n
}

// goneRecord is the id of a contact that was deleted.
func (st *stage) goneRecord() int64 {
	id := st.partner()
	loggedIn(st.t, st.s, "admin").call("res.partner", "unlink", []any{[]any{id}}, nil)
	return id
}

// description is the wizard of a new key.
func (st *stage) description() any {
	values := map[string]any{"name": "gateway"}
	if st.v >= 18 {
		values["duration"] = "30"
	}
	if strings.Contains(st.rec.Name, "portal") && st.v >= 18 {
		values["duration"] = "1"
	}
	return st.call("res.users.apikeys.description", "create", []any{values}, nil)
}

// identityWizard is the question for the password before a key is made.
func (st *stage) identityWizard() any {
	action := asMap(st.call("res.users.apikeys.description", "make_key", []any{[]any{st.description()}}, nil))
	if action["res_model"] != "res.users.identitycheck" {
		st.t.Fatalf("make_key: %v", action)
	}
	return action["res_id"]
}

func (st *stage) password(wizard any, password string) {
	st.call("res.users.identitycheck", "write", []any{[]any{wizard}, map[string]any{"password": password}}, nil)
}

// confirm makes a key and thereby confirms the identity for ten minutes.
func (st *stage) confirm() {
	w := st.identityWizard()
	st.password(w, st.owner())
	st.call("res.users.identitycheck", "run_check", []any{[]any{w}}, map[string]any{"context": map[string]any{"password": st.owner()}})
}

// ownKey is the id of a key of the browser's user.
func (st *stage) ownKey() int64 {
	st.s.NewAPIKey(st.owner(), "one more", time.Time{})
	rows := asList(st.call("res.users.apikeys", "search_read", []any{[]any{}}, map[string]any{"order": "id desc", "limit": int64(1)}))
	id, _ := asInt(asMap(rows[0])["id"])
	return id
}

// unknownSession is a well-formed id that no session has.
func (st *stage) unknownSession() { st.b.cookies["session_id"] = st.s.newSessionID() }

// halfway is a session between password and second factor.
func (st *stage) halfway() {
	delete(st.b.cookies, "session_id")
	if a := st.b.login(TOTPLogin, TOTPPassword, "/x"); a.StatusCode != 303 {
		st.t.Fatalf("login: %d", a.StatusCode)
	}
}

var scenes = []scene{
	// logging in
	on(`login_[a-z_]+-post|login_2fa-post|forwarded_login_post`, func(st *stage) {
		delete(st.b.cookies, "session_id")
		st.b.get("/web/login")
	}),
	on(`login_2fa_totp_get|session_info_2fa_partial`, (*stage).halfway),
	on(`login_2fa_totp_post_wrong`, (*stage).halfway),
	on(`login_2fa_totp_post`, func(st *stage) {
		st.halfway()
		form, err := url.ParseQuery(csrfPlaceholder.ReplaceAllString(st.body, "TOKEN"))
		if err != nil {
			st.t.Fatal(err)
		}
		st.body = strings.Replace(st.body, "totp_token="+form.Get("totp_token"), "totp_token="+TOTPCode(TOTPSecret, st.s.now()), 1)
	}),

	// dead and ageing sessions
	on(`session_info_malformed_sid`, func(st *stage) { st.b.cookies["session_id"] = "zzz" }),
	on(`session_info_(admin_old_sid|unknown_sid)|stale_session_(web|after_logout_login)`, (*stage).unknownSession),
	on(`session_info_after_destroy`, func(st *stage) {
		id := st.b.cookies["session_id"]
		st.b.rpc("/web/session/destroy", map[string]any{})
		st.b.cookies["session_id"] = id
	}),
	on(`session_info_after_logout`, func(st *stage) {
		id := st.b.cookies["session_id"]
		st.b.get("/web/session/logout")
		st.b.cookies["session_id"] = id
	}),
	on(`stale_session_.*`, func(st *stage) { st.s.ChangePassword(st.owner(), "another") }),
	on(`deactivated_login_redirect`, func(st *stage) { st.s.Archive(st.owner()) }),
	on(`soft_rotation|json2_cookie_no_rotation`, func(st *stage) {
		st.s.AgeSessions(rotationInterval)
		if st.v == 18 { // no soft rotation, but the trace would be noted again after an hour
			st.use()
		}
	}),
	on(`call_kw_old_sid_after_rotation`, func(st *stage) {
		id := st.b.cookies["session_id"]
		st.s.AgeSessions(rotationInterval)
		st.use()
		st.b.cookies["session_id"] = id
	}),
	on(`change_password`, func(st *stage) {
		st.s.ChangePassword("demo", "probe-pw-1")
		st.b.cookies["session_id"] = st.s.NewSession("demo")
		st.use()
	}),

	// locks
	on(`identity_check_(methods|page|wrong|right)`, func(st *stage) { st.s.LockIdentity("admin") }),
	on(`identity_locked_.*`, func(st *stage) { st.s.LockIdentity("admin") }),
	on(`lock_timeout_login_redirect_after_http_route`, (*stage).unknownSession),
	on(`lock_timeout_call_kw_after_login_redirect`, func(st *stage) {
		st.s.LockTimeout("admin")
		st.b.get(withRedirect("/web/login", "/x"))
	}),
	on(`lock_timeout_.*`, func(st *stage) { st.s.LockTimeout("admin") }),

	// keys
	on(`apikey_(admin|demo|portal|portal1d)_2_make_key`, func(st *stage) { st.on(st.description()) }),
	on(`apikey_[a-z]+_(3_run_check_wrong|5_write_password)`, func(st *stage) { st.on(st.identityWizard()) }),
	on(`apikey_[a-z]+_4_run_check_wrong`, func(st *stage) {
		w := st.identityWizard()
		st.password(w, "wrong")
		st.on(w)
	}),
	on(`apikey_[a-z]+_6_run_check|apikey_[a-z]+_7_run_check_ctx`, func(st *stage) {
		w := st.identityWizard()
		st.password(w, st.owner())
		st.on(w)
	}),
	on(`apikey_portal1d_3_run_check`, func(st *stage) {
		w := st.identityWizard()
		st.password(w, "portal")
		st.on(w)
	}),
	on(`apikey_[a-z]+_[a-z0-9]+_2_make_key`, func(st *stage) {
		st.confirm()
		st.on(st.description())
	}),
	on(`apikey_list_.*`, func(st *stage) {
		st.s.NewAPIKey("admin", "gateway", st.s.now().Add(24*time.Hour))
		st.s.NewAPIKey("demo", "gateway", st.s.now().Add(24*time.Hour))
	}),
	on(`apikey_revoke_other`, func(st *stage) {
		st.confirm()
		st.s.NewAPIKey("admin", "gateway", time.Time{})
		rows, _ := loggedIn(st.t, st.s, "admin").call("res.users.apikeys", "search", []any{[]any{[]any{"user_id", "=", st.s.UID("admin")}}}, nil)
		st.on(asList(rows)[0])
	}),
	on(`apikey_revoke`, func(st *stage) {
		st.confirm()
		st.on(st.ownKey())
	}),
	on(`apikey_revoke_unchecked|apikey_remove_1|apikey_unlink_direct`, func(st *stage) {
		fresh := st.b.cookies["session_id"]
		st.b.cookies["session_id"] = st.s.NewSession(st.owner())
		st.on(st.ownKey())
		st.b.cookies["session_id"] = fresh
	}),
	on(`apikey_remove_[23]_.*`, func(st *stage) {
		action := asMap(st.call("res.users.apikeys", "remove", []any{[]any{st.ownKey()}}, nil))
		st.password(action["res_id"], st.owner())
		st.on(action["res_id"])
	}),
	on(`totp_enable_1|revoke_all_devices`, func(st *stage) { st.on(st.s.UID("demo")) }),
	on(`totp_enable_[23]`, func(st *stage) {
		action := asMap(st.call("res.users", "action_totp_enable_wizard", []any{[]any{st.s.UID("demo")}}, nil))
		st.password(action["res_id"], "demo")
		st.on(action["res_id"])
		st.body = strings.ReplaceAll(st.body, "probe-pw-4", "demo")
	}),
	on(`jsonrpc_execute_kw_revoked_key`, func(st *stage) {
		key := st.keys["<api_key-revocable>"]
		if st.v == 19 { // recorded in a worker that had not seen the key
			defer st.s.forget(key)
			return
		}
		defer st.s.forget(key)
		st.b.rpc("/jsonrpc", map[string]any{"service": "object", "method": "execute_kw",
			"args": []any{st.s.Database(), st.s.UID("demo"), key, "res.users", "context_get", []any{}}})
	}),

	on(`image_if_none_match`, func(st *stage) {
		st.rec.Request.Headers["If-None-Match"] = st.b.get(st.rec.Request.Path).Header.Get("ETag")
	}),

	// records
	on(`kw_(write|copy|unlink)`, func(st *stage) { st.on(st.partner()) }),
	on(`kw_error_missing|kw_error_missing_write`, func(st *stage) { st.on(st.goneRecord()) }),
	on(`json2_(write|unlink)`, func(st *stage) { st.on(st.partner()) }),
	on(`json2_(read|write)_deleted`, func(st *stage) { st.on(st.goneRecord()) }),
}

// forget removes a key behind the back of the credential cache.
func (s *Server) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.main.key(key); ok {
		s.main.removeKey(k.id)
	}
}
