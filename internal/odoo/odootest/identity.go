package odootest

import (
	"fmt"
	"net/http"
)

// checkLocks refuses what a lock or an unknown device stops.
func (x *exchange) checkLocks() error {
	v, sess, d := x.s.v, x.sess, x.device
	if v.identityURL == "" {
		return nil
	}
	if sess.timedOut {
		return v.sessionExpired(fmt.Sprintf("User %d needs to login again", sess.uid))
	}
	if x.route.noIdentity {
		return nil
	}
	if sess.locked {
		return v.checkIdentity(sess.uid)
	}
	if v.version >= 20 && d != nil && !d.trusted {
		u, _ := sess.db.engine.userByID(sess.uid)
		if x.s.opts.DeviceCheck && u.internal {
			return v.checkIdentity(sess.uid)
		}
		x.atSave = append(x.atSave, func() { d.trusted = true })
	}
	return nil
}

func identityPageRoute(x *exchange) (*reply, error) {
	u, _ := x.sess.db.engine.userByID(x.uid)
	return htmlReply(render("identity", identityPage{
		Login: u.login, Redirect: x.form().Get("redirect"), API: x.s.v.identityAPI,
	})), nil
}

// identityCheckRoute confirms who sits there. Without a credential it tells
// which ones would do.
func identityCheckRoute(x *exchange, params map[string]any) (any, error) {
	u, _ := x.sess.db.engine.userByID(x.uid)
	method := asString(params["type"])
	if method == "" {
		methods := []any{"password"}
		if x.sess.db.totp[u.id] != "" {
			methods = append(methods, "totp")
		}
		answer := object{{"user_id", u.id}, {"login", u.login}, {"auth_methods", methods}}
		if x.s.v.version >= 20 {
			answer = append(answer, member{"fingerprint_check", false})
		}
		return answer, nil
	}
	if !x.checkCredential(u, method, params) {
		return nil, accessDenied()
	}
	// 20 asks a person with two factors for both, where a lock is what is open.
	if x.s.v.version >= 20 && x.sess.db.totp[u.id] != "" && x.identityPending() {
		if method == "password" {
			x.sess.halfway, x.dirty = true, true
			return object{{"mfa", true}, {"auth_methods", []any{"totp"}}}, nil
		}
		if !x.sess.halfway {
			return nil, accessDenied()
		}
	}
	x.confirmIdentity()
	return nil, nil
}

// identityPending says whether the next request would be refused.
func (x *exchange) identityPending() bool {
	return x.sess.locked || x.s.opts.DeviceCheck && x.device != nil && !x.device.trusted
}

func (x *exchange) checkCredential(u person, method string, params map[string]any) bool {
	switch method {
	case "password":
		who, ok := x.sess.db.engine.checkPassword(u.login, asString(params["password"]))
		return ok && who.id == u.id
	case "totp":
		secret := x.sess.db.totp[u.id]
		return secret != "" && totpMatches(secret, asString(params["token"]), x.s.now())
	}
	return false
}

// confirmIdentity notes a right credential: it lifts the lock, trusts the
// device and opens what asks for a recent password.
func (x *exchange) confirmIdentity() {
	x.sess.identityAt, x.sess.locked, x.sess.halfway, x.dirty = x.s.now(), false, false, true
	key := x.address + "\x00" + x.r.UserAgent()
	x.atSave = append(x.atSave, func() {
		if d := x.sess.devices[key]; d != nil {
			d.trusted = true
		}
	})
}

func (x *exchange) identityConfirmed() bool {
	return !x.sess.identityAt.IsZero() && x.s.now().Sub(x.sess.identityAt) < identityValidity
}

// fingerprintRoute is the canvas check of 20's web client: the simulation
// knows no fingerprint, so no browser has the right one.
func fingerprintRoute(x *exchange) (*reply, error) {
	return nil, &httpError{status: http.StatusForbidden, text: "The fingerprint does not match."}
}
