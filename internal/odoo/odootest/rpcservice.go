package odootest

import (
	"fmt"
)

// jsonrpcRoute is /jsonrpc: the services common, object and, before 20, db.
// It knows no session; credentials come with every call.
func jsonrpcRoute(x *exchange, params map[string]any) (any, error) {
	service, method, args := asString(params["service"]), asString(params["method"]), asList(params["args"])
	switch service {
	case "common":
		return x.commonService(method, args)
	case "object":
		return x.objectService(method, args)
	case "db":
		if x.s.v.dbService {
			return nil, accessDenied() // list_db = False
		}
	}
	if x.s.v.version < 20 {
		return nil, raise("builtins.KeyError", service)
	}
	return nil, raise("builtins.ValueError", "Invalid service name: "+service)
}

func (x *exchange) commonService(method string, args []any) (any, error) {
	switch method {
	case "version":
		return versionInfoRoute(x, nil)
	case "login", "authenticate":
		if len(args) < 3 {
			return nil, typeError(fmt.Sprintf("exp_%s() missing required positional arguments", method))
		}
		db, err := x.databaseNamed(args[0])
		if err != nil {
			return nil, err
		}
		if err := notMapping(args[3:]); method == "authenticate" && err != nil {
			return nil, err
		}
		u, ok := db.engine.userByLogin(asString(args[1]))
		if !ok || !db.checkSecret(u.id, asString(args[2])) {
			return false, nil
		}
		return u.id, nil
	}
	return nil, raise("builtins.Exception", "Method not found: "+method)
}

// notMapping is the error of an authenticate whose description of the caller,
// the first of args, is true: Odoo finds that before it looks at the login.
func notMapping(args []any) error {
	if len(args) > 0 && args[0] == true {
		return typeError("'bool' object is not a mapping")
	}
	return nil
}

func (x *exchange) databaseNamed(name any) (*database, error) {
	db, ok := x.s.database(asString(name))
	if !ok {
		return nil, raise("psycopg2.OperationalError", fmt.Sprintf("connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  database \"%s\" does not exist\n", asString(name)))
	}
	return db, nil
}

func (x *exchange) objectService(method string, args []any) (any, error) {
	if len(args) < 5 {
		return nil, raise("builtins.ValueError", fmt.Sprintf("not enough values to unpack (expected at least 5, got %d)", len(args)))
	}
	if method != "execute" && method != "execute_kw" {
		return nil, raise("builtins.NameError", "Method not available "+method)
	}
	if method == "execute_kw" && len(args) == 5 {
		return nil, raise("builtins.ValueError", "not enough values to unpack (expected 2, got 0)")
	}
	db, err := x.databaseNamed(args[0])
	if err != nil {
		return nil, err
	}
	uid, _ := asInt(args[1])
	if !db.checkSecret(uid, asString(args[2])) {
		return nil, accessDenied()
	}
	model, name := asString(args[3]), asString(args[4])
	positional := append([]any{}, args[5:]...)
	var kwargs map[string]any
	if method == "execute_kw" {
		positional = asList(args[5])
		if len(args) > 6 {
			kwargs = asMap(args[6])
		}
	}
	if !db.knows(model) {
		return nil, userError(fmt.Sprintf("Object %s doesn't exist", model))
	}
	// The call runs without a session, whatever cookie came along.
	x.db, x.uid, x.sess = db, uid, x.s.blankSession(x.sess.id)
	x.sess.db = db
	return x.callMethod(model, name, positional, kwargs)
}
