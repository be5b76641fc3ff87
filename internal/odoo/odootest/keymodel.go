package odootest

// sessionMethod is a method that needs the HTTP session, which the ORM does
// not know.
type sessionMethod struct {
	from int
	run  func(*exchange, call) (any, error)
}

// sessionMethods are looked at before the ORM is.
var sessionMethods map[string]sessionMethod

func init() {
	sessionMethods = map[string]sessionMethod{
		"res.users.apikeys.description.make_key": {run: (*exchange).makeKey},
		"res.users.apikeys.remove":               {run: (*exchange).removeKeys},
		"res.users.apikeys.generate":             {from: 20, run: (*exchange).programmatic},
		"res.users.apikeys.revoke":               {from: 20, run: (*exchange).programmatic},
		"res.users.identitycheck.run_check":      {run: (*exchange).runCheck},
		"res.users.action_totp_enable_wizard":    {run: (*exchange).enableTOTP},
		"res.users.action_revoke_all_devices":    {from: 18, run: (*exchange).revokeDevices},
		"res.device.search_read":                 {from: 18, run: (*exchange).devices},
		"res.session.search_read":                {from: 20, run: (*exchange).devices},
	}
}

// pending is what waits for a confirmed identity.
type pending struct {
	uid int64
	run func(*exchange) (any, error)
}

// withIdentity is the decorator check_identity: it runs f at once where the
// identity was confirmed within ten minutes, else it returns the wizard that
// asks for the password first. Without a session there is no way through.
func (x *exchange) withIdentity(f func(*exchange) (any, error)) (any, error) {
	if x.sess.uid == 0 || x.sess.uid != x.uid {
		return nil, userError("This method can only be accessed over HTTP")
	}
	if x.identityConfirmed() {
		return f(x)
	}
	id, _ := asInt(x.db.engine.sudo(x.uid, "res.users.identitycheck", "create", []any{map[string]any{}}, nil))
	x.db.waiting[id] = pending{x.uid, f}
	action := object{{"type", "ir.actions.act_window"}, {"res_model", "res.users.identitycheck"}, {"res_id", id},
		{"name", x.s.v.checkTitle}, {"target", "new"}, {"views", formView}}
	if x.s.v.version >= 19 {
		action = append(action, member{"context", object{{"dialog_size", "medium"}}})
	}
	return action, nil
}

var formView = []any{[]any{false, "form"}}

var closeAction = object{{"type", "ir.actions.act_window_close"}}

// runCheck compares the password and goes on with what waited for it. Up to
// 18 the password is the one written into the wizard; since then it comes in
// the context.
func (x *exchange) runCheck(c call) (any, error) {
	ids := c.ids()
	if len(ids) != 1 || x.db.waiting[ids[0]].uid != x.uid || x.sess.uid != x.uid {
		return nil, raise("builtins.ValueError", "Expected singleton: res.users.identitycheck()")
	}
	password := asString(asMap(c.kwargs["context"])["password"])
	if !x.s.v.checkInCtx {
		rows := asList(x.db.engine.sudo(x.uid, c.model, "read", []any{[]any{ids[0]}, []any{"password"}}, nil))
		if len(rows) == 1 {
			password = asString(asMap(rows[0])["password"])
		}
	}
	u, _ := x.db.engine.userByID(x.uid)
	if who, ok := x.db.engine.checkPassword(u.login, password); !ok || who.id != x.uid {
		return nil, userError("Incorrect Password, try again or click on Forgot Password to reset your password.")
	}
	// What waited is now behind the check, which counts only if it succeeds.
	before := x.sess.identityAt
	x.sess.identityAt = x.s.now()
	result, err := x.db.waiting[ids[0]].run(x)
	if err != nil {
		x.sess.identityAt = before
		return nil, err
	}
	x.confirmIdentity()
	delete(x.db.waiting, ids[0])
	return result, nil
}

func (x *exchange) enableTOTP(call) (any, error) {
	return x.withIdentity(func(x *exchange) (any, error) {
		context := object{}
		if x.s.v.version >= 19 {
			context = object{{"dialog_size", "medium"}}
		}
		return object{{"type", "ir.actions.act_window"}, {"target", "new"}, {"res_model", "auth_totp.wizard"},
			{"name", "Two-Factor Authentication Activation"}, {"res_id", int64(1)}, {"views", formView}, {"context", context}}, nil
	})
}

// revokeDevices ends the user's other sessions.
func (x *exchange) revokeDevices(call) (any, error) {
	return x.withIdentity(func(x *exchange) (any, error) {
		for id, sess := range x.s.sessions {
			if sess.db == x.db && sess.uid == x.uid && sess != x.sess {
				delete(x.s.sessions, id)
			}
		}
		return closeAction, nil
	})
}

// devices are the rows of res.device: one per browser and address of each of
// one's own sessions.
func (x *exchange) devices(call) (any, error) {
	rows := []any{}
	u, _ := x.db.engine.userByID(x.uid)
	for _, sess := range x.s.sessions {
		if sess.db != x.db || sess.uid != x.uid || sess.next != "" {
			continue
		}
		for _, d := range sess.devices {
			rows = append(rows, object{{"id", int64(len(rows) + 1)}, {"session_identifier", sess.id[:stablePrefix]},
				{"platform", false}, {"browser", false}, {"ip_address", d.address}, {"country", false}, {"city", false},
				{"device_type", "computer"}, {"user_id", []any{u.id, u.name}}, {"first_activity", stamp(d.first)},
				{"last_activity", stamp(d.seen)}, {"revoked", false}, {"is_current", sess == x.sess},
				{"linked_ip_addresses", d.address}, {"display_name", "Unknown Unknown"}, {"create_uid", false},
				{"create_date", false}, {"write_uid", false}, {"write_date", false}})
		}
	}
	return rows, nil
}
