package odootest

import (
	"crypto/subtle"
	"encoding/hex"
	"time"
)

// keyRecord is a res.users.apikeys record with its owner.
type keyRecord struct {
	id      int64
	owner   person
	scope   string // "" = NULL, any use
	expires time.Time
}

// addKey makes a key record, and the key that the record itself never shows.
func (d *database) addKey(u person, name, scope string, expires any) string {
	values := map[string]any{"name": name, "user_id": u.id}
	if scope != "" {
		values["scope"] = scope
	}
	if d.v.keyDuration {
		values["expiration_date"] = expires
	}
	id, _ := asInt(d.engine.sudo(u.id, "res.users.apikeys", "create", []any{values}, nil))
	secret := hex.EncodeToString(randomBytes(20))
	d.secrets[id] = secret
	return secret
}

// key finds the living key with that secret. 20 wants the scope to match.
func (d *database) key(secret string) (keyRecord, bool) {
	for id, s := range d.secrets {
		if subtle.ConstantTimeCompare([]byte(s), []byte(secret)) != 1 {
			continue
		}
		rows := asList(d.engine.sudo(1, "res.users.apikeys", "read", []any{[]any{id}}, nil))
		if len(rows) == 0 {
			return keyRecord{}, false
		}
		row := asMap(rows[0])
		k := keyRecord{id: id, scope: asString(row["scope"]), expires: parseStamp(row["expiration_date"])}
		owner := asList(row["user_id"])
		if len(owner) == 0 {
			return keyRecord{}, false
		}
		uid, _ := asInt(owner[0])
		k.owner, _ = d.engine.userByID(uid)
		switch {
		case !k.owner.active,
			!k.expires.IsZero() && !d.now().Before(k.expires),
			k.scope != "rpc" && (d.v.version >= 20 || k.scope != ""):
			return keyRecord{}, false
		}
		return k, true
	}
	return keyRecord{}, false
}

func parseStamp(v any) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", asString(v))
	if err != nil {
		return time.Time{}
	}
	return t
}

// checkSecret is what /jsonrpc accepts for a user: a key, or the password of
// one without a second factor. What was right once is remembered until the
// user changes, so that before 20 a removed key goes on working here.
func (d *database) checkSecret(uid int64, secret string) bool {
	u, ok := d.engine.userByID(uid)
	if !ok || !u.active || secret == "" {
		return false
	}
	c, token := credential{uid, secret}, d.token(u)
	if d.accepted[c] == token {
		return true
	}
	k, right := d.key(secret)
	right = right && k.owner.id == uid
	if !right && d.totp[uid] == "" {
		who, ok := d.engine.checkPassword(u.login, secret)
		right = ok && who.id == uid
	}
	if right {
		d.accepted[c] = token
	}
	return right
}

// removeKey deletes a key. On 16–19 the credential cache is not told.
func (d *database) removeKey(id int64) {
	d.engine.sudo(1, "res.users.apikeys", "unlink", []any{[]any{id}}, nil)
	delete(d.secrets, id)
	if !d.v.revokeGap {
		clear(d.accepted)
	}
}

// makeKey is the button of the wizard that asked for name and duration.
func (x *exchange) makeKey(c call) (any, error) {
	return x.withIdentity(func(x *exchange) (any, error) {
		u, _ := x.db.engine.userByID(x.uid)
		if !u.internal {
			return nil, accessError("Only internal users can create API keys")
		}
		wizard, err := x.db.engine.call(x.uid, c.model, "read", []any{c.firstArg()}, nil)
		if err != nil {
			return nil, err
		}
		if len(asList(wizard)) != 1 {
			return nil, raise("builtins.ValueError", "Expected singleton: res.users.apikeys.description()")
		}
		row := asMap(asList(wizard)[0])
		var expires any = false
		if row["duration"] != "0" || x.s.v.version >= 20 && row["expiration_date"] != nil {
			expires = row["expiration_date"]
		}
		scope := ""
		if x.s.v.version >= 20 {
			scope = "rpc"
		}
		context := object{{"default_key", x.db.addKey(u, asString(row["name"]), scope, expires)}}
		x.db.engine.sudo(x.uid, c.model, "unlink", []any{c.firstArg()}, nil)
		if x.s.v.version >= 20 {
			context = append(context, member{"default_scope", scope}, member{"default_base_url", x.scheme + "://" + x.host})
		}
		return object{{"type", "ir.actions.act_window"}, {"res_model", "res.users.apikeys.show"}, {"name", x.s.v.keyTitle},
			{"views", formView}, {"target", "new"}, {"context", context}}, nil
	})
}

// removeKeys deletes keys that the user may see: one's own, and anybody's for
// an administrator.
func (x *exchange) removeKeys(c call) (any, error) {
	return x.withIdentity(func(x *exchange) (any, error) {
		found, err := x.db.engine.call(x.uid, c.model, "read", []any{c.firstArg(), []any{"name"}}, nil)
		if err != nil {
			return nil, err
		}
		if len(asList(found)) != len(c.ids()) {
			return nil, raise("odoo.exceptions.MissingError", "Record does not exist or has been deleted.")
		}
		for _, id := range c.ids() {
			x.db.removeKey(id)
		}
		return closeAction, nil
	})
}

// programmatic is res.users.apikeys.generate and revoke of 20: a key makes
// its successor without a password, where that is enabled.
func (x *exchange) programmatic(c call) (any, error) {
	u, _ := x.db.engine.userByID(x.uid)
	if !u.system && !x.s.opts.ProgrammaticKeys {
		return nil, userError("Programmatic API keys are not enabled")
	}
	k, ok := x.db.key(asString(c.arg("key", 0)))
	if !ok || k.owner.id != x.uid {
		return nil, accessDenied()
	}
	if c.method == "revoke" {
		x.db.removeKey(k.id)
		return true, nil
	}
	scope, name := asString(c.arg("scope", 1)), asString(c.arg("name", 2))
	if scope == "" {
		return nil, raise("builtins.AssertionError", "")
	}
	// The wizard's own rules on how long a key may live hold here too.
	wizard, err := x.db.engine.call(x.uid, "res.users.apikeys.description", "create",
		[]any{map[string]any{"name": name, "duration": "1", "expiration_date": c.arg("expiration_date", 3)}}, nil)
	if err != nil {
		return nil, err
	}
	x.db.engine.sudo(x.uid, "res.users.apikeys.description", "unlink", []any{[]any{wizard}}, nil)
	return x.db.addKey(u, name, scope, c.arg("expiration_date", 3)), nil
}

// NewAPIKey makes a key of a login in the first database, as the wizard
// would. A zero expires makes it persistent; before 18 every key is.
func (s *Server) NewAPIKey(login, name string, expires time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, u := s.mustFind(s.main.name, login)
	scope := ""
	if s.v.version >= 20 {
		scope = "rpc"
	}
	var end any = false
	if !expires.IsZero() {
		end = stamp(expires)
	}
	return s.main.addKey(u, name, scope, end)
}

// APIKeyNames are the names of a login's keys in the first database, oldest
// first.
func (s *Server) APIKeyNames(login string) (names []string) {
	for _, row := range s.apiKeys(login) {
		names = append(names, asString(row["name"]))
	}
	return names
}

// APIKeyID is the id of the newest of a login's keys with that name, 0 where
// there is none.
func (s *Server) APIKeyID(login, name string) (id int64) {
	for _, row := range s.apiKeys(login) {
		if asString(row["name"]) == name {
			id, _ = row["id"].(int64)
		}
	}
	return id
}

func (s *Server) apiKeys(login string) (keys []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, u := s.mustFind(s.main.name, login)
	rows := s.main.engine.sudo(1, "res.users.apikeys", "search_read", []any{[]any{[]any{"user_id", "=", u.id}}, []any{"name"}}, map[string]any{"order": "id"})
	for _, row := range asList(rows) {
		keys = append(keys, asMap(row))
	}
	return keys
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
