package odootest

import (
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"time"
)

// apiKey is a row of res.users.apikeys.
type apiKey struct {
	id      int64
	uid     int64
	name    string
	scope   string // "" = NULL, any use
	secret  string
	created time.Time
	expires time.Time // zero = never
}

// The largest lifetime of a key: base.group_user has 90 days; who is in no
// group with a limit gets one day.
const (
	internalKeyDays = 90
	otherKeyDays    = 1
)

func (d *database) addKey(u person, name, scope string, expires time.Time) *apiKey {
	d.lastKey++
	k := &apiKey{id: d.lastKey, uid: u.id, name: name, scope: scope, secret: hex.EncodeToString(randomBytes(20)),
		created: d.now(), expires: expires}
	d.keys = append(d.keys, k)
	return k
}

// keyOwner is whose living key that is. 20 wants the scope to match exactly.
func (d *database) keyOwner(secret string) (person, *apiKey) {
	for _, k := range d.keys {
		if subtle.ConstantTimeCompare([]byte(k.secret), []byte(secret)) != 1 {
			continue
		}
		u, ok := d.engine.userByID(k.uid)
		switch {
		case !ok || !u.active,
			!k.expires.IsZero() && !d.now().Before(k.expires),
			k.scope != "rpc" && (d.v.version >= 20 || k.scope != ""):
			return person{}, nil
		}
		return u, k
	}
	return person{}, nil
}

// checkSecret is what /jsonrpc accepts for a user: a key, or the password of
// one without a second factor. What was right once is remembered, so that
// before 20 a removed key goes on working here.
func (d *database) checkSecret(uid int64, secret string) bool {
	u, ok := d.engine.userByID(uid)
	if !ok || !u.active || secret == "" {
		return false
	}
	c := credential{uid, secret}
	if d.accepted[c] {
		return true
	}
	owner, key := d.keyOwner(secret)
	right := key != nil && owner.id == uid
	if !right && d.totp[uid] == "" {
		who, ok := d.engine.checkPassword(u.login, secret)
		right = ok && who.id == uid
	}
	if right {
		d.accepted[c] = true
	}
	return right
}

// forgetCredentials is the clearing of the ORM cache by a write that matters.
func (d *database) forgetCredentials() { clear(d.accepted) }

// removeKey deletes a key. On 16–19 the credential cache is not told.
func (d *database) removeKey(k *apiKey) {
	for i, other := range d.keys {
		if other == k {
			d.keys = append(d.keys[:i:i], d.keys[i+1:]...)
		}
	}
	if !d.v.revokeGap {
		d.forgetCredentials()
	}
}

// wizard is a transient record of the ways to a key.
type wizard struct {
	id       int64
	model    string
	uid      int64
	name     string
	expires  time.Time
	password string
	then     func(*exchange) (any, error) // what waits for the identity check
}

func (d *database) addWizard(w wizard) *wizard {
	d.lastWiz++
	w.id = d.lastWiz
	d.wizards[w.id] = &w
	return &w
}

// withIdentity is the decorator check_identity: it runs f at once where the
// identity was confirmed within ten minutes, else it returns the wizard that
// asks for the password first.
func (x *exchange) withIdentity(f func(*exchange) (any, error)) (any, error) {
	if x.route == nil || x.route.kind != kindJSON || x.sess.uid == 0 || x.sess.uid != x.uid {
		return nil, userError("This method can only be accessed over HTTP")
	}
	if x.identityConfirmed() {
		return f(x)
	}
	w := x.db.addWizard(wizard{model: "res.users.identitycheck", uid: x.uid, then: f})
	action := object{{"type", "ir.actions.act_window"}, {"res_model", "res.users.identitycheck"}, {"res_id", w.id},
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
	w := x.wizard(c, "res.users.identitycheck")
	if w == nil {
		return nil, raise("builtins.ValueError", "Expected singleton: res.users.identitycheck()")
	}
	password := w.password
	if x.s.v.checkInCtx {
		password = asString(asMap(c.kwargs["context"])["password"])
	}
	w.password = ""
	u, _ := x.db.engine.userByID(x.uid)
	if who, ok := x.db.engine.checkPassword(u.login, password); !ok || who.id != x.uid {
		return nil, userError("Incorrect Password, try again or click on Forgot Password to reset your password.")
	}
	result, err := w.then(x)
	if err != nil {
		return nil, err
	}
	x.confirmIdentity()
	delete(x.db.wizards, w.id)
	return result, nil
}

func (x *exchange) wizard(c call, model string) *wizard {
	ids := c.ids()
	if len(ids) != 1 {
		return nil
	}
	w := x.db.wizards[ids[0]]
	if w == nil || w.model != model || w.uid != x.uid {
		return nil
	}
	return w
}

// durations are what the wizard's selection offers.
func (t traits) durations(system bool) map[string]int {
	days := map[string]int{"1": 1, "7": 7, "30": 30, "90": 90, "180": 180, "365": 365, "0": 0, "-1": -1}
	if t.version >= 20 {
		days = map[string]int{"1": 1, "30": 30, "365": 365}
		if system {
			days["0"] = 0
		}
	}
	return days
}

// createDescription makes the wizard that asks for a name and a duration.
func (x *exchange) createDescription(values map[string]any) (any, error) {
	u, _ := x.db.engine.userByID(x.uid)
	w := wizard{model: "res.users.apikeys.description", uid: x.uid, name: asString(values["name"])}
	if x.s.v.keyDuration {
		expires, err := x.keyExpiry(u, values)
		if err != nil {
			return nil, err
		}
		w.expires = expires
	}
	return x.db.addWizard(w).id, nil
}

// keyExpiry works out and judges when the wanted key would expire; zero for a
// persistent one.
func (x *exchange) keyExpiry(u person, values map[string]any) (time.Time, error) {
	v := x.s.v
	duration := "1"
	if v.version >= 20 {
		duration = "30"
	}
	if given, ok := values["duration"]; ok {
		duration = asString(given)
	}
	days, ok := v.durations(u.admin)[duration]
	if !ok {
		return time.Time{}, raise("builtins.ValueError", fmt.Sprintf("Wrong value for res.users.apikeys.description.duration: '%s'", duration))
	}
	var expires time.Time
	given, dated := values["expiration_date"].(string)
	switch {
	case dated && (days < 0 || v.version >= 20):
		at, err := time.Parse("2006-01-02 15:04:05", given)
		if err != nil {
			if at, err = time.Parse("2006-01-02", given); err != nil {
				return time.Time{}, raise("builtins.ValueError", "time data '"+given+"' does not match format")
			}
		}
		expires = at
	case days > 0:
		expires = x.s.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, days)
	}
	return expires, x.judgeExpiry(u, expires)
}

func (x *exchange) judgeExpiry(u person, expires time.Time) error {
	if u.admin {
		return nil
	}
	if expires.IsZero() {
		return raise("odoo.exceptions.ValidationError", "The API key must have an expiration date")
	}
	limit := float64(otherKeyDays)
	if u.internal {
		limit = internalKeyDays
	}
	if expires.After(x.s.now().Add(time.Duration(limit) * 24 * time.Hour)) {
		return raise("odoo.exceptions.ValidationError", fmt.Sprintf("You cannot exceed %s days.", pythonFloat(limit)))
	}
	return nil
}

func (x *exchange) makeKey(c call) (any, error) {
	w := x.wizard(c, "res.users.apikeys.description")
	return x.withIdentity(func(x *exchange) (any, error) {
		u, _ := x.db.engine.userByID(x.uid)
		if !u.internal {
			return nil, accessError("Only internal users can create API keys")
		}
		if w == nil {
			return nil, raise("builtins.ValueError", "Expected singleton: res.users.apikeys.description()")
		}
		scope := ""
		if x.s.v.version >= 20 {
			scope = "rpc"
		}
		key := x.db.addKey(u, w.name, scope, w.expires)
		delete(x.db.wizards, w.id)
		context := object{{"default_key", key.secret}}
		if x.s.v.version >= 20 {
			context = append(context, member{"default_scope", scope}, member{"default_base_url", x.scheme + "://" + x.host})
		}
		return object{{"type", "ir.actions.act_window"}, {"res_model", "res.users.apikeys.show"}, {"name", x.s.v.keyTitle},
			{"views", formView}, {"target", "new"}, {"context", context}}, nil
	})
}

// NewAPIKey makes a key of a login in the first database, as the wizard
// would. A zero expires makes it persistent.
func (s *Server) NewAPIKey(login, name string, expires time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, u := s.mustFind(s.main.name, login)
	scope := ""
	if s.v.version >= 20 {
		scope = "rpc"
	}
	return s.main.addKey(u, name, scope, expires).secret
}

// APIKeyNames are the names of a login's keys in the first database, oldest
// first.
func (s *Server) APIKeyNames(login string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, u := s.mustFind(s.main.name, login)
	var names []string
	for _, k := range s.main.keys {
		if k.uid == u.id {
			names = append(names, k.name)
		}
	}
	return names
}
