package odootest

// routes is the routing table; the first match wins.
var routes []route

func init() {
	routes = []route{
		// login and logout
		{path: "/web/login", handle: loginRoute},
		{path: "/web/login/totp", auth: authPublic, frontend: true, handle: totpRoute},
		{path: "/web/session/logout", to: 19, noIdentity: true, handle: logoutRoute},
		{path: "/web/session/logout", from: 20, methods: "POST OPTIONS", noIdentity: true, handle: logoutRoute},
		{path: "/web/signup", auth: authPublic, frontend: true, handle: signupRoute},
		{path: "/web/reset_password", auth: authPublic, frontend: true, handle: signupRoute},
		{path: "/auth_oauth/signin", handle: oauthSigninRoute},

		// sessions
		{path: "/web/session/get_session_info", kind: kindJSON, auth: authUser, handle: rpcRoute(sessionInfoRoute)},
		{path: "/web/session/check", kind: kindJSON, auth: authUser, handle: rpcRoute(sessionCheckRoute)},
		{path: "/web/session/destroy", kind: kindJSON, auth: authUser, handle: rpcRoute(sessionDestroyRoute)},
		{path: "/web/session/authenticate", kind: kindJSON, handle: authenticated},
		{path: "/auth-timeout/check-identity", from: 19, to: 19, auth: authUser, noIdentity: true, handle: identityPageRoute},
		{path: "/auth-timeout/session/check-identity", from: 19, to: 19, kind: kindJSON, auth: authUser, noIdentity: true, handle: rpcRoute(identityCheckRoute)},
		{path: "/web/session/identity", from: 20, auth: authUser, noIdentity: true, handle: identityPageRoute},
		{path: "/web/session/identity/check", from: 20, kind: kindJSON, auth: authUser, noIdentity: true, handle: rpcRoute(identityCheckRoute)},
		{path: "/web/session/fingerprint/check", from: 20, methods: "POST OPTIONS", auth: authUser, noIdentity: true, noCSRF: true, handle: fingerprintRoute},

		// calls
		{path: "/web/dataset/call_kw/*", kind: kindJSON, auth: authUser, early: earlyCallKw, handle: rpcRoute(callKw)},
		{path: "/web/dataset/call_button/*", kind: kindJSON, auth: authUser, early: earlyCallKw, handle: rpcRoute(callButton)},
		{path: "/jsonrpc", kind: kindJSON, unsaved: true, handle: rpcRoute(jsonrpcRoute)},
		{path: "/json/2/*", from: 19, kind: kindJSON2, auth: authBearer, unsaved: true, json2Name: "/json/2/&lt;__model__&gt;/&lt;__method__&gt;", handle: json2Route},
		{path: "/json/version", from: 19, handle: webVersionRoute},
		{path: "/json/*", from: 18, to: 18, auth: authUser, handle: oldJSONRoute},

		// what the server says of itself
		{path: "/web/health", unsaved: true, handle: healthRoute},
		{path: "/web/version", from: 19, handle: webVersionRoute},
		{path: "/web/webclient/version_info", kind: kindJSON, handle: rpcRoute(versionInfoRoute)},
		{path: "/web/webclient/load_menus", from: 19, auth: authUser, noIdentity: true, handle: loadMenusRoute},
		{path: "/web/webclient/load_menus/*", to: 18, auth: authUser, handle: loadMenusRoute},

		// pages
		{path: "/", handle: rootRoute},
		{path: "/web", handle: webClientRoute},
		{path: "/odoo/*", from: 18, handle: webClientRoute},
		{path: "/web/become", to: 19, auth: authUser, handle: becomeRoute},
		{path: "/web/simulated/record", auth: authUser, handle: recordFragmentRoute},
		{path: "/my/*", auth: authUser, frontend: true, handle: portalRoute},
		{path: "/mail/view", handle: mailViewRoute},
	}
	routes = append(routes, miscRoutes()...)
	routes = append(routes, fileRoutes()...)
}
