package odootest

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// trustedDevice is what the cookie td_id of "don't ask again" stands for.
type trustedDevice struct {
	db  *database
	uid int64
}

func loginRoute(x *exchange) (*reply, error) {
	x.switchDatabase()
	form := x.form()
	target := form.Get("redirect")
	if x.r.Method == http.MethodGet && target != "" && x.sess.uid != 0 {
		return redirect(x.s.v.localRedirect(target)), nil
	}
	page := loginPage{Redirect: target, Login: form.Get("login")}
	if x.r.Method != http.MethodPost {
		page.Alert = oauthErrorText(form.Get("oauth_error"))
		return x.loginPage(page), nil
	}
	u, ok := x.db.engine.checkPassword(page.Login, form.Get("password"))
	if !ok {
		page.Alert = "Wrong login/password"
		return x.loginPage(page), nil
	}
	return x.loggedIn(u, target), nil
}

// loggedIn goes on after a right password: to the second factor, or in.
func (x *exchange) loggedIn(u person, target string) *reply {
	if x.db.totp[u.id] != "" && !x.trustedDevice(u) {
		x.sess.preUID, x.sess.db = u.id, x.db
		x.dirty = true
		to := "/web/login/totp"
		if target != "" {
			to = withRedirect(to, target)
		}
		return redirect(to)
	}
	x.logIn(x.db, u)
	return redirect(x.landing(u, target))
}

// landing is where a login leads: the given target, or the user's home.
func (x *exchange) landing(u person, target string) string {
	switch {
	case target != "":
		return x.s.v.localRedirect(target)
	case u.internal:
		return x.s.v.home
	}
	return "/my"
}

// switchDatabase obeys ?db= as ensure_db does: an anonymous session changes
// to the named database.
func (x *exchange) switchDatabase() {
	db, ok := x.s.database(x.r.URL.Query().Get("db"))
	if !ok || db == x.db {
		return
	}
	if x.sess.uid != 0 {
		x.logOut()
	}
	x.sess.db, x.db, x.dirty, x.uid = db, db, true, 0
}

func (x *exchange) loginPage(p loginPage) *reply {
	p.Token = x.csrfToken()
	p.Database = x.db.name
	p.HasType = x.s.v.typeField
	query := ""
	if p.Redirect != "" {
		query = x.r.URL.RawQuery
		if x.r.Method == http.MethodPost || query == "" {
			query = "redirect=" + url.QueryEscape(p.Redirect)
		}
		query = encodedQuery(query)
	}
	// Both are a fixed path with a query that was just encoded.
	p.Reset, p.Signup = template.URL("/web/reset_password?"+query), template.URL("/web/signup?"+query)
	p.Provider, p.ProviderName = x.providerLink(p.Redirect)
	a := &reply{status: http.StatusOK, body: render("login", p), header: http.Header{
		"Content-Type":            {"text/html; charset=utf-8"},
		"X-Frame-Options":         {"SAMEORIGIN"},
		"Content-Security-Policy": {"frame-ancestors 'self'"},
	}}
	if x.s.v.noCache {
		a.header.Set("Cache-Control", "no-cache")
	}
	return a
}

// encodedQuery writes a query again as Odoo's keep_query does: names in
// their order, values encoded once.
func encodedQuery(raw string) string {
	var out []string
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, _ = url.QueryUnescape(name)
		if decoded, err := url.QueryUnescape(value); err == nil {
			value = decoded
		}
		if name != "" && name != "oauth_error" {
			out = append(out, name+"="+strings.ReplaceAll(url.QueryEscape(value), "%20", "+"))
		}
	}
	return strings.Join(out, "&")
}

func totpRoute(x *exchange) (*reply, error) {
	form := x.form()
	target := form.Get("redirect")
	if x.sess.uid != 0 {
		u, _ := x.sess.db.engine.userByID(x.sess.uid)
		return redirect(x.landing(u, target)), nil
	}
	u, ok := x.sess.db.engine.userByID(x.sess.preUID)
	if !ok || x.sess.preUID == 0 {
		return redirect("/web/login"), nil
	}
	x.dirty = true
	page := totpPage{Token: x.csrfToken(), Redirect: target}
	if x.r.Method == http.MethodPost {
		if totpMatches(x.sess.db.totp[u.id], strings.ReplaceAll(form.Get("totp_token"), " ", ""), x.s.now()) {
			if form.Get("remember") != "" {
				x.trustDevice(u)
			}
			x.logIn(x.sess.db, u)
			return redirect(x.landing(u, target)), nil
		}
		page.Alert = "Verification failed, please double-check the 6-digit code"
	}
	return htmlReply(render("totp", page)), nil
}

func (x *exchange) trustDevice(u person) {
	id := longID(43)
	x.s.trusted[id] = trustedDevice{x.sess.db, u.id}
	x.cookies = append(x.cookies, "td_id="+id+"; Max-Age=7776000; HttpOnly; Path=/; SameSite=Lax")
}

func (x *exchange) trustedDevice(u person) bool {
	c, err := x.r.Cookie("td_id")
	return err == nil && x.s.trusted[c.Value] == trustedDevice{x.db, u.id}
}

func logoutRoute(x *exchange) (*reply, error) {
	target := x.form().Get("redirect")
	if target == "" {
		target = x.s.v.home
	}
	x.setFrontendLang()
	x.logOut()
	return redirect(x.s.v.localRedirect(target)), nil
}

func htmlReply(body []byte) *reply {
	return &reply{status: http.StatusOK, body: body, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}}
}
