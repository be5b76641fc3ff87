package odootest

import "net/http"

// miscRoutes are routes that clients meet without wanting much of them.
func miscRoutes() []route {
	return []route{
		{path: "/web/database/list", kind: kindJSON, unsaved: true, handle: rpcRoute(func(*exchange, map[string]any) (any, error) {
			return nil, accessDenied() // list_db = False
		})},
		{path: "/web/database/manager", handle: databaseManagerRoute},
		{path: "/web/database/selector", handle: databaseManagerRoute},
		{path: "/websocket/peek_notifications", kind: kindJSON, auth: authPublic, handle: peekRoute},
		{path: "/doc-bearer/*", from: 19, kind: kindJSON2, auth: authBearer, unsaved: true, handle: docRoute},
		{path: "/doc/*.json", from: 19, kind: kindJSON2, auth: authUser, unsaved: true, handle: docRoute},
		{path: "/doc/*", from: 19, auth: authUser, handle: docRoute},
	}
}

// databaseManagerRoute is the page that every Odoo shows to everybody, even
// where it does nothing.
func databaseManagerRoute(*exchange) (*reply, error) {
	return htmlReply(render("manager", nil)), nil
}

func peekRoute(x *exchange) (*reply, error) {
	x.dirty = true
	return rpcRouteWithCORS(x, object{{"channels", []any{}}, {"notifications", []any{}}})
}

func rpcRouteWithCORS(x *exchange, result any) (*reply, error) {
	if _, err := x.readRPC(); err != nil {
		return nil, err
	}
	a := x.rpcResult(result, nil)
	a.header.Set("Access-Control-Allow-Origin", "*")
	a.header.Set("Access-Control-Allow-Methods", "POST")
	return a, nil
}

// docRoute is 19's description of models, for technical users only.
func docRoute(x *exchange) (*reply, error) {
	u, _ := x.db.engine.userByID(x.uid)
	if u.system {
		return x.json(http.StatusOK, object{{"modules", []any{"base", "web"}}, {"models", []any{}}}, nil), nil
	}
	const text = "This page is only accessible to Technical Documentation users."
	if x.route.kind == kindJSON2 {
		return nil, accessError(text)
	}
	return nil, &httpError{status: http.StatusForbidden, text: text}
}
