package odootest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// sessionModels are the models that live beside the ORM, because what they
// do depends on the HTTP session.
var sessionModels = map[string]bool{
	"res.users.apikeys": true, "res.users.apikeys.description": true, "res.users.identitycheck": true,
	"res.device": true, "res.session": true,
}

// sessionMethods are single methods of ORM models that need the session.
var sessionMethods map[string]sessionMethod

func init() {
	sessionMethods = map[string]sessionMethod{
		"res.users.action_totp_enable_wizard": {run: func(x *exchange, _ call) (any, error) {
			return x.withIdentity(func(x *exchange) (any, error) {
				w := x.db.addWizard(wizard{model: "auth_totp.wizard", uid: x.uid})
				context := object{}
				if x.s.v.version >= 19 {
					context = object{{"dialog_size", "medium"}}
				}
				return object{{"type", "ir.actions.act_window"}, {"target", "new"}, {"res_model", "auth_totp.wizard"},
					{"name", "Two-Factor Authentication Activation"}, {"res_id", w.id}, {"views", formView}, {"context", context}}, nil
			})
		}},
		"res.users.action_revoke_all_devices": {from: 18, run: func(x *exchange, _ call) (any, error) {
			return x.withIdentity(func(x *exchange) (any, error) {
				for id, sess := range x.s.sessions {
					if sess.db == x.db && sess.uid == x.uid && sess != x.sess {
						delete(x.s.sessions, id)
					}
				}
				return closeAction, nil
			})
		}},
	}
}

// keyModel runs a method of one of the sessionModels.
func (x *exchange) keyModel(c call) (any, error) {
	switch c.model + "." + c.method {
	case "res.users.apikeys.description.create":
		if list, ok := c.arg("vals_list", 0).([]any); ok {
			ids := []any{}
			for _, values := range list {
				id, err := x.createDescription(asMap(values))
				if err != nil {
					return nil, err
				}
				ids = append(ids, id)
			}
			return ids, nil
		}
		return x.createDescription(asMap(c.arg("vals_list", 0)))
	case "res.users.apikeys.description.make_key":
		return x.makeKey(c)
	case "res.users.identitycheck.write":
		if w := x.wizard(c, "res.users.identitycheck"); w != nil {
			w.password = asString(asMap(c.arg("vals", 1))["password"])
		}
		return true, nil
	case "res.users.identitycheck.run_check":
		return x.runCheck(c)
	case "res.users.apikeys.remove":
		return x.removeKeys(c)
	case "res.users.apikeys.unlink", "res.users.apikeys.write", "res.users.apikeys.create":
		verb := map[string]string{"unlink": "delete", "write": "modify", "create": "create"}[c.method]
		return nil, accessError("You are not allowed to " + verb + " 'Users API Keys' (res.users.apikeys) records.\n\nNo group currently allows this operation.\n\nContact your administrator to request access if necessary.")
	case "res.users.apikeys.generate", "res.users.apikeys.revoke":
		if x.s.v.version >= 20 {
			return x.programmatic(c)
		}
	case "res.device.search_read":
		if x.s.v.trace {
			return x.devices(), nil
		}
	case "res.session.search_read":
		if x.s.v.version >= 20 {
			return x.devices(), nil
		}
	}
	if c.model == "res.users.apikeys" {
		if result, ok := x.readKeys(c); ok {
			return result, nil
		}
	}
	return nil, x.s.v.unknownMethod(c.model, c.method)
}

// visibleKeys are one's own, and everybody's for the administrator.
func (x *exchange) visibleKeys() []*apiKey {
	u, _ := x.db.engine.userByID(x.uid)
	return slices.DeleteFunc(slices.Clone(x.db.keys), func(k *apiKey) bool { return k.uid != x.uid && !u.admin })
}

func (x *exchange) removeKeys(c call) (any, error) {
	ids := c.ids()
	return x.withIdentity(func(x *exchange) (any, error) {
		u, _ := x.db.engine.userByID(x.uid)
		visible := x.visibleKeys()
		for _, id := range ids {
			i := slices.IndexFunc(visible, func(k *apiKey) bool { return k.id == id })
			if i < 0 {
				return nil, x.keyDenied(u)
			}
			x.db.removeKey(visible[i])
		}
		return closeAction, nil
	})
}

func (x *exchange) keyDenied(u person) error {
	if x.s.v.version == 16 {
		return accessError("Due to security restrictions, you are not allowed to access 'Users API Keys' (res.users.apikeys) records.\n\nContact your administrator to request access if necessary.")
	}
	return accessError(fmt.Sprintf("Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, %s (id=%d) doesn't have 'read' access to:\n- Users API Keys (res.users.apikeys)\n\nIf you really, really need access, perhaps you can win over your friendly administrator with a batch of freshly baked cookies.", u.name, u.id))
}

// readKeys answers the reading methods on the key list. The secret is never
// among the fields.
func (x *exchange) readKeys(c call) (any, bool) {
	visible := x.visibleKeys()
	switch c.method {
	case "search_read", "search", "search_count":
		var rows, ids []any
		for _, k := range visible {
			if keyMatches(k, asList(c.arg("domain", 0))) {
				rows, ids = append(rows, x.keyRow(k, asList(c.arg("fields", 1)))), append(ids, k.id)
			}
		}
		switch c.method {
		case "search":
			return append([]any{}, ids...), true
		case "search_count":
			return int64(len(ids)), true
		}
		return append([]any{}, rows...), true
	case "read":
		rows := []any{}
		for _, id := range c.ids() {
			for _, k := range visible {
				if k.id == id {
					rows = append(rows, x.keyRow(k, asList(c.arg("fields", 1))))
				}
			}
		}
		return rows, true
	}
	return nil, false
}

// keyMatches evaluates the few conditions that are put to the key list: an
// AND of "=" and "in" on id, name and user_id.
func keyMatches(k *apiKey, domain []any) bool {
	for _, leaf := range domain {
		l := asList(leaf)
		if len(l) != 3 {
			continue
		}
		have := map[string]any{"id": k.id, "name": k.name, "user_id": k.uid}[asString(l[0])]
		wanted := []any{l[2]}
		if asString(l[1]) == "in" {
			wanted = asList(l[2])
		}
		if !slices.Contains(wanted, have) {
			return false
		}
	}
	return true
}

func (x *exchange) keyRow(k *apiKey, fields []any) object {
	v := x.s.v
	u, _ := x.db.engine.userByID(k.uid)
	var scope, expires any = false, false
	if k.scope != "" {
		scope = k.scope
	}
	if !k.expires.IsZero() {
		expires = stamp(k.expires)
	}
	o := object{{"id", k.id}}
	if v.version >= 19 {
		o = append(o, member{"display_name", k.name})
	}
	o = append(o, member{"name", k.name}, member{"user_id", []any{u.id, u.name}}, member{"scope", scope}, member{"create_date", stamp(k.created)})
	switch {
	case v.version == 16:
		o = append(o, member{"__last_update", stamp(k.created)}, member{"display_name", k.name})
	case v.version == 17:
		o = append(o, member{"display_name", k.name})
	case v.version == 18:
		o = append(o, member{"expiration_date", expires}, member{"display_name", k.name})
	default:
		o = append(o, member{"expiration_date", expires})
	}
	if len(fields) == 0 {
		return o
	}
	return slices.DeleteFunc(o, func(m member) bool { return m.name != "id" && !slices.Contains(fields, any(m.name)) })
}

// programmatic is res.users.apikeys.generate and revoke of 20: a key makes
// its successor without a password, where that is enabled.
func (x *exchange) programmatic(c call) (any, error) {
	u, _ := x.db.engine.userByID(x.uid)
	if !u.admin && !x.s.opts.ProgrammaticKeys {
		return nil, userError("Programmatic API keys are not enabled")
	}
	owner, key := x.db.keyOwner(asString(c.arg("key", 0)))
	if key == nil || owner.id != x.uid {
		return nil, accessDenied()
	}
	if c.method == "revoke" {
		x.db.removeKey(key)
		return true, nil
	}
	scope := asString(c.arg("scope", 1))
	if scope == "" {
		return nil, raise("builtins.AssertionError", "")
	}
	expires, err := time.Parse("2006-01-02 15:04:05", asString(c.arg("expiration_date", 3)))
	if err != nil {
		expires = time.Time{}
	}
	if err := x.judgeExpiry(u, expires); err != nil {
		return nil, err
	}
	return x.db.addKey(u, asString(c.arg("name", 2)), scope, expires).secret, nil
}

// devices are the rows of res.device: one per browser and address of each of
// one's own sessions.
func (x *exchange) devices() []any {
	rows := []any{}
	for _, sess := range x.s.sessions {
		if sess.db != x.db || sess.uid != x.uid || sess.next != "" {
			continue
		}
		for _, d := range sess.devices {
			name, _, _ := strings.Cut(d.agent, "/")
			o := object{{"id", int64(len(rows) + 1)}, {"session_identifier", sess.id[:stablePrefix]}, {"platform", false},
				{"browser", name}, {"ip_address", d.address}, {"country", false}, {"city", false}, {"device_type", "computer"},
				{"user_id", []any{x.uid, ""}}, {"first_activity", stamp(d.first)}, {"last_activity", stamp(d.seen)},
				{"revoked", false}, {"is_current", sess == x.sess}, {"linked_ip_addresses", d.address}}
			rows = append(rows, o)
		}
	}
	return rows
}
