package odootest

import (
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The provider of a fresh database, which does not know the simulation.
const (
	odooAccounts     = "https://accounts.odoo.com/oauth2/auth"
	odooAccountsName = "Odoo.com"
	odooClientID     = "39288fa4-e537-11f1-8aec-02fc00000001"
	providerID       = 1
)

// providerLink is the link on the login page that begins the implicit flow.
// The way back survives in the state, quoted twice as Odoo quotes it.
func (x *exchange) providerLink(target string) (href, name string) {
	root := x.scheme + "://" + x.host + "/"
	back := target
	if !strings.HasPrefix(back, "//") && !strings.HasPrefix(back, "http://") && !strings.HasPrefix(back, "https://") {
		if back == "" {
			back = "web"
		}
		back = root + strings.TrimPrefix(back, "/")
	}
	state := `{"d": ` + quoteJSON(x.db.name) + `, "p": 1, "r": ` + quoteJSON(url.QueryEscape(back)) + `}`
	endpoint, client, name := odooAccounts, odooClientID, odooAccountsName
	if p := x.s.opts.Provider; p != nil {
		endpoint, client, name = p.URL+"/authorize", p.ClientID, p.Name
	}
	// werkzeug's url_encode leaves a comma as it is.
	return endpoint + "?response_type=token&client_id=" + url.QueryEscape(client) +
		"&redirect_uri=" + url.QueryEscape(root+"auth_oauth/signin") + "&scope=userinfo&state=" +
		strings.ReplaceAll(url.QueryEscape(state), "%2C", ","), name
}

func quoteJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // a string always encodes
		panic(err)
	}
	return string(b)
}

func oauthErrorText(code string) string {
	switch code {
	case "":
		return ""
	case "1":
		return "Sign up is not allowed on this database."
	case "2":
		return "Access Denied"
	}
	return "You do not have access to this database or your invitation has expired. Please ask for an invitation and be sure to follow the link in your invitation email."
}

// fragmentPage makes a query of the fragment in which the implicit flow
// delivers its token.
const fragmentPage = `<html><head><script>
                var l = window.location;
                var q = l.hash.substring(1);
                var r = l.pathname + l.search;
                if(q.length !== 0) {
                    var s = l.search ? (l.search === '?' ? '' : '&') : '?';
                    r = l.pathname + l.search + s + q;
                }
                if (r == l.pathname) {
                    r = '/';
                }
                window.location = r;
            </script></head><body></body></html>`

// oauthSigninRoute takes the provider's token and logs its owner in. Any
// failure loses the way back.
func oauthSigninRoute(x *exchange) (*reply, error) {
	query := x.r.URL.Query()
	if len(query) == 0 {
		return htmlReply([]byte(fragmentPage)), nil
	}
	var state struct {
		D string `json:"d"`
		P int    `json:"p"`
		R string `json:"r"`
	}
	if err := json.Unmarshal([]byte(query.Get("state")), &state); err != nil {
		return nil, err // 500
	}
	db, ok := x.s.database(state.D)
	if !ok {
		return nil, &httpError{status: http.StatusBadRequest, text: "The browser (or proxy) sent a request that this server could not understand."}
	}
	provider := x.s.opts.Provider
	if provider == nil || state.P != providerID || query.Get("access_token") == "" {
		return redirect("/web/login?oauth_error=2"), nil
	}
	login, ok := provider.validate(query.Get("access_token"))
	if !ok {
		return redirect("/web/login?oauth_error=2"), nil
	}
	u, ok := db.engine.userByLogin(login)
	if !ok || !u.active {
		return redirect("/web/login?oauth_error=3"), nil
	}
	target, err := url.QueryUnescape(state.R)
	if err != nil {
		target = ""
	}
	x.db = db
	x.logIn(db, u)
	return redirect(x.landing(u, target)), nil
}

// validate asks the provider's validation endpoint whose token that is.
func (p *Provider) validate(token string) (login string, ok bool) {
	client := &http.Client{Timeout: 10 * time.Second}
	answer, err := client.Get(p.URL + "/userinfo?access_token=" + url.QueryEscape(token))
	if err != nil {
		return "", false
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	if err != nil || answer.StatusCode != http.StatusOK {
		return "", false
	}
	var who struct {
		UserID string `json:"user_id"`
	}
	if json.Unmarshal(body, &who) != nil || who.UserID == "" {
		return "", false
	}
	return who.UserID, true
}

// signupRoute shows the page behind "Don't have an account?". Nobody can sign
// up here.
func signupRoute(x *exchange) (*reply, error) {
	x.dirty = true
	page := signupPage{Token: x.csrfToken(), Redirect: x.form().Get("redirect"), NameFirst: x.s.v.version >= 19,
		Reset: x.r.URL.Path == "/web/reset_password"}
	if query := encodedQuery(x.r.URL.RawQuery); query != "" {
		page.Login = template.URL("/web/login?" + query)
	} else {
		page.Login = "/web/login"
	}
	a := htmlReply(render("signup", page))
	a.header.Set("X-Frame-Options", "SAMEORIGIN")
	a.header.Set("Content-Security-Policy", "frame-ancestors 'self'")
	return a, nil
}

type signupPage struct {
	Token, Redirect  string
	NameFirst, Reset bool
	Login            template.URL
}
