package oauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// noRedirect checks that an answer is a page and leads nowhere.
func (r reply) noRedirect(t *testing.T, status int) {
	t.Helper()
	if r.StatusCode != status || r.Header.Get("Location") != "" {
		t.Errorf("got %d, Location %q, want a page with %d", r.StatusCode, r.Header.Get("Location"), status)
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") || r.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("headers %v", r.Header)
	}
}

// A20, M1, M3: only the exact registered string, and never a redirect to
// anything else.
func TestA20_RedirectURITricks(t *testing.T) {
	uris := []string{
		"", "https://app.example@evil/cb", "https://wiki.example.com:443/cb", "HTTPS://wiki.example.com/cb",
		"https://WIKI.example.com/cb", wikiURI + "/", wikiURI + "?", wikiURI + "#", wikiURI + "#x", wikiURI + "%2f..",
		wikiURI + "/../x", wikiURI + ";x", "https://wiki.example.com//cb", `https://wiki.example.com\cb`,
		"https:wiki.example.com/cb", "https:/wiki.example.com/cb", "//wiki.example.com/cb", "https://wiki.example.com.evil/cb",
		"https://wiki.example.com%00.evil/cb", "https://wiki。example。com/cb", "https://xn--wiki-example.com/cb",
		"https://wiki.example.com/c\tb", wikiURI + "\n", wikiURI + "\r\nX: y", wikiURI + "%0d%0a", wikiURI + "%250d",
		wikiURI + " ", " " + wikiURI, "https://u:p@wiki.example.com/cb", "https://wiki.example.com:8443@evil/cb",
		"javascript:alert(1)", "data:text/html,x", wikiURI + "?a=c", wikiURI + "?a=b&c=d", "https://wiki.example.com/CB",
		"http://wiki.example.com/cb", "https://wiki.example.com", "https://evil.wiki.example.com/cb", "*",
		"https://wiki.example.com/%63b", archivedURI, wikiURI + strings.Repeat("a", 6000), wikiURI + "\xff", "/cb", "cb",
		"http://127.0.0.1:08123/cb", "http://127.0.0.1:0/cb", "http://127.0.0.1:65536/cb", "http://127.0.0.1:8124/cb/", "http://127.0.0.1.evil/cb", "http://127.1:8123/cb", "http://localhost:8123/cb",
	}
	w := newWorld(t)
	stranger, b := w.browser(""), w.browser("demo-session")
	for _, client := range []string{"wiki", "native"} {
		for _, uri := range uris {
			q := query("client_id", client)
			q.Set("redirect_uri", uri)
			stranger.get(authorizeURL(q)).noRedirect(t, http.StatusBadRequest)
		}
	}
	if len(w.odoo.asked) != 0 {
		t.Error("Odoo was asked about a stranger's request that leads nowhere")
	}
	for _, uri := range uris {
		b.get(authorizeURL(query("redirect_uri", uri))).noRedirect(t, http.StatusBadRequest)
	}
	for _, client := range []string{"", "nobody", "archived", "WIKI", "wiki ", "wiki\x00"} {
		q := query()
		q.Set("client_id", client)
		b.get(authorizeURL(q)).noRedirect(t, http.StatusBadRequest)
	}
	b.get(AuthorizePath+"?"+query().Encode()+"&x="+strings.Repeat("a", maxQuery)).noRedirect(t, http.StatusBadRequest)
	b.get(AuthorizePath+"?"+query().Encode()+"&x=%zz").noRedirect(t, http.StatusBadRequest)
	b.get(AuthorizePath).noRedirect(t, http.StatusBadRequest)
	if b.code(query("redirect_uri", wikiURI+"?a=b")) == "" {
		t.Error("no code for a registered URI with a query")
	}
}

func TestAuthorizeMethods(t *testing.T) {
	w := newWorld(t)
	for _, method := range []string{http.MethodPut, http.MethodHead, http.MethodOptions, http.MethodDelete} {
		r := w.request(method, authorizeURL(query()), "")
		r.Header.Set("Origin", "https://wiki.example.com")
		got := w.browser("demo-session").send(r)
		if got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, POST" ||
			got.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", method, got.StatusCode, got.Header)
		}
	}
	q := query()
	got := w.browser("demo-session").post(AuthorizePath, q)
	got.tokenOf(t) // a form works like a link
	for _, path := range []string{AuthorizePath, OrestAuthorizePath} {
		r := w.request(http.MethodGet, path+"?"+q.Encode(), "state=other&client_id=other")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "text/html")
		w.browser("demo-session").send(r).tokenOf(t) // a link has no form
	}
}

// A22, M6: a parameter that is sent twice, in one place or in two.
func TestM6_ParametersTwice(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	full := query("code_challenge", challenge, "code_challenge_method", "S256", "prompt", "consent")
	for name, values := range full {
		for _, more := range []string{values[0], "", "other"} {
			twice := name + "=" + url.QueryEscape(more)
			answers := map[string]reply{
				"query": b.get(authorizeURL(full) + "&" + twice),
				"first": b.get(AuthorizePath + "?" + twice + "&" + full.Encode()),
				"both":  b.post(AuthorizePath+"?"+twice, full),
			}
			r := b.request(http.MethodPost, AuthorizePath, full.Encode()+"&"+twice)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			answers["form"] = b.send(r)
			for place, got := range answers {
				if name == "client_id" || name == "redirect_uri" {
					got.noRedirect(t, http.StatusBadRequest)
					continue
				}
				if e := got.location(t).Query().Get("error"); e != "invalid_request" {
					t.Errorf("%s twice (%s): %s", name, place, got.Header.Get("Location"))
				}
			}
		}
	}
	if got := b.get(authorizeURL(query()) + "&x=1&x=2"); got.location(t).Query().Get("code") == "" {
		t.Error("unknown parameters are not ignored")
	}
}

// A23, M4: nobody is redirected to an application, errors included, before it
// is known who they are. The error survives the login.
func TestA23_ErrorsWaitForTheLogin(t *testing.T) {
	w := newWorld(t)
	for _, bad := range []url.Values{
		query("scope", "nonsense"), query("response_type", "token"), query("response_type", ""),
		query("state", strings.Repeat("s", maxState+1)), query("code_challenge", "short"),
	} {
		b := w.browser("")
		got := b.get(authorizeURL(bad))
		to := got.location(t)
		if got.StatusCode != http.StatusSeeOther || to.Path != "/web/login" || to.Host != "" {
			t.Fatalf("%v: %d %s", bad, got.StatusCode, to)
		}
		back := to.Query().Get("redirect")
		if !strings.HasPrefix(back, AuthorizePath+"?") {
			t.Fatalf("way back %s", back)
		}
		b.cookies[sessionCookie] = "demo-session"
		if e := b.get(back).location(t); e.Host != "wiki.example.com" || e.Query().Get("error") == "" {
			t.Errorf("%v: after the login %s", bad, e)
		}
	}
	// Twice stays twice.
	b := w.browser("")
	back := b.get(authorizeURL(query()) + "&scope=").location(t).Query().Get("redirect")
	b.cookies[sessionCookie] = "demo-session"
	if e := b.get(back).location(t).Query().Get("error"); e != "invalid_request" {
		t.Errorf("after the login %q", e)
	}
}

// A24: the way back is our own path, rebuilt from known parameters.
func TestA24_WayBackIsRebuilt(t *testing.T) {
	w := newWorld(t)
	hostile := "/" + AuthorizePath + "?" + query("state", "a b+c%2F&é").Encode() + "&redirect=//evil.example&next=/%5cevil#//evil"
	r := w.request(http.MethodGet, hostile[1:], "")
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	location := w.do(r).Header.Get("Location")
	if strings.Contains(location, "evil") {
		t.Fatalf("Location %s", location)
	}
	to, _ := url.Parse(location)
	want := AuthorizePath + "?client_id=wiki&redirect_uri=https%3A%2F%2Fwiki.example.com%2Fcb&response_type=code" +
		"&scope=odoo.read&state=a%20b%2Bc%252F%26%C3%A9"
	if back := to.Query().Get("redirect"); back != want {
		t.Errorf("way back\n%s, want\n%s", back, want)
	}
	if to.RawQuery != "redirect="+url.QueryEscape(want) {
		t.Error("the way back is not encoded exactly once")
	}
}

// M5, M26: what an application is told, with state and iss.
func TestM5_ErrorsForTheApplication(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	portal := w.browser("portal-session")
	w.odoo.sessions["portal-session"] = Person{UID: 9, Login: "portal", Database: "prod"}
	tests := []struct {
		name  string
		b     *browser
		query url.Values
		want  string
	}{
		{"unsupported response type", b, query("response_type", "token"), "unsupported_response_type"},
		{"hybrid response type", b, query("response_type", "code id_token"), "unsupported_response_type"},
		{"no response type", b, query("response_type", ""), "invalid_request"},
		{"response mode", b, query("response_mode", "fragment"), "invalid_request"},
		{"unknown scope", b, query("scope", "odoo.read nonsense"), "invalid_scope"},
		{"scope that is not granted yet", b, query("scope", "odoo.write"), "invalid_scope"},
		{"prompt none and more", b, query("prompt", "none consent"), "invalid_request"},
		{"prompt none, no consent", b, query("prompt", "none"), "consent_required"},
		{"prompt none, nobody", w.browser(""), query("prompt", "none"), "login_required"},
		{"prompt none, session refused", w.browser("dead"), query("prompt", "none"), "login_required"},
		{"prompt none, portal user", portal, query("prompt", "none"), "access_denied"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := test.b.get(authorizeURL(test.query))
			to := got.location(t)
			answer := to.Query()
			if got.StatusCode != http.StatusFound || to.Host != "wiki.example.com" || answer.Get("error") != test.want ||
				answer.Get("state") != "xyz" || answer.Get("iss") != issuer || answer.Get("code") != "" {
				t.Errorf("%d %s, want %s", got.StatusCode, to, test.want)
			}
			if got.Header.Get("Referrer-Policy") != "no-referrer" || got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", got.Header)
			}
		})
	}
	for _, method := range []string{"FindAuthorization", "Consent", "IssueCode"} {
		w.store.set(method, grant.ErrUnavailable)
		got := b.get(authorizeURL(query()))
		if got.StatusCode == http.StatusOK {
			got = b.post(ConsentPath, url.Values{"token": {got.tokenOf(t)}, "decision": {"allow"}})
		}
		if e := got.location(t).Query().Get("error"); e != "temporarily_unavailable" {
			t.Errorf("%s fails: %s", method, got.Header.Get("Location"))
		}
		w.store.set(method, nil)
	}
	w.change("wiki", func(a *application.Application) { a.Scheme = "gone" })
	if e := b.get(authorizeURL(query())).location(t).Query().Get("error"); e != "server_error" {
		t.Errorf("no scheme: %s", e)
	}
}

// A26: state comes back byte for byte or not at all.
func TestA26_StateComesBack(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	for _, state := range []string{
		"a b+c%2F&é=?#", "\r\nSet-Cookie: x=y", "\x00", "\xff\xfe", `{env.SECRET}`, `"><svg/onload=alert(1)>`, strings.Repeat("s", maxState),
	} {
		got := b.get(authorizeURL(query("state", state)))
		to := got.location(t)
		if to.Query().Get("state") != state || to.Query().Get("code") == "" {
			t.Errorf("state %q came back as %q", state, to.Query().Get("state"))
		}
		if got.Header.Get("Set-Cookie") == "x=y" || strings.ContainsAny(got.Header.Get("Location"), "\r\n +\"<") {
			t.Errorf("Location %q", got.Header.Get("Location"))
		}
	}
	long := b.get(authorizeURL(query("state", strings.Repeat("s", maxState+1)))).location(t).Query()
	if long.Get("error") != "invalid_request" || long.Has("state") {
		t.Errorf("long state: %v", long)
	}
	none := b.get(authorizeURL(query("state", ""))).location(t).Query()
	if none.Has("state") || none.Get("code") == "" {
		t.Errorf("no state: %v", none)
	}
	with := b.code(query("redirect_uri", wikiURI+"?a=b"))
	if with == "" {
		t.Error("no code")
	}
	to := b.get(authorizeURL(query("redirect_uri", wikiURI+"?a=b"))).Header.Get("Location")
	if !strings.HasPrefix(to, wikiURI+"?a=b&code=") {
		t.Errorf("Location %s", to)
	}
}

func TestScopes(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	tests := []struct{ client, scope, want string }{
		{"wiki", "", "odoo.read"},
		{"wiki", "odoo.read", "odoo.read"},
		{"wiki", "odoo.write odoo.read odoo.read", "odoo.read"},
		{"legacy", "openid odoo.read", "odoo.read"},
		{"legacy", "openid profile", "odoo.read"},
	}
	for _, test := range tests {
		code := b.code(query("client_id", test.client, "scope", test.scope))
		got := w.token(redeemForm(code, "client_id", test.client, "client_secret", "secret of "+test.client)).tokens(t)
		if got.Scope != test.want {
			t.Errorf("%s asked for %q and got %q", test.client, test.scope, got.Scope)
		}
	}
	if e := b.get(authorizeURL(query("client_id", "legacy", "scope", "odoo.call"))).location(t).Query().Get("error"); e != "invalid_scope" {
		t.Errorf("error %q", e)
	}
}

// A37, A38: who it is is asked afresh, of the one database.
func TestA37_IdentityIsFresh(t *testing.T) {
	w := newWorld(t)
	w.odoo.sessions["staging"] = Person{UID: 2, Login: "admin", Database: "staging", Internal: true}
	w.odoo.sessions["portal"] = Person{UID: 9, Login: "portal", Database: "prod"}
	w.odoo.sessions["superuser"] = Person{UID: 1, Login: "__system__", Database: "prod", Internal: true}
	w.odoo.sessions["public"] = Person{Database: "prod", Internal: true}
	w.browser("staging").get(authorizeURL(query())).noRedirect(t, http.StatusForbidden)
	w.browser("portal").get(authorizeURL(query())).noRedirect(t, http.StatusForbidden)
	w.browser("public").get(authorizeURL(query())).noRedirect(t, http.StatusForbidden)
	// An administrator who became the superuser (/web/become) would give the
	// application rights that no access rule bounds.
	w.browser("superuser").get(authorizeURL(query())).noRedirect(t, http.StatusForbidden)
	silent := w.browser("superuser").get(authorizeURL(query("prompt", "none"))).location(t).Query()
	if silent.Get("error") != "access_denied" {
		t.Errorf("answer %v", silent)
	}

	b := w.browser("demo-session")
	b.code(query())
	w.odoo.errs["demo-session"] = &odoo.Error{Kind: odoo.SessionExpired} // archived
	if to := b.get(authorizeURL(query())).location(t); to.Path != "/web/login" {
		t.Errorf("sent to %s", to)
	}
	for _, kind := range []odoo.Kind{odoo.Unavailable, odoo.Server, odoo.TooLarge} {
		w.odoo.errs["demo-session"] = &odoo.Error{Kind: kind}
		got := b.get(authorizeURL(query()))
		got.noRedirect(t, http.StatusServiceUnavailable)
		if got.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	for _, agent := range w.odoo.asked {
		if agent != "Browser/1" {
			t.Errorf("Odoo was asked as %q", agent)
		}
	}
}

// The cookies of Odoo's answer reach the browser, and the rotated session is
// the one that is attached and followed.
func TestRotatedSessionIsRelayed(t *testing.T) {
	w := newWorld(t)
	w.odoo.rotate["demo-session"] = "next-session"
	b := w.browser("demo-session")
	page := b.get(authorizeURL(query()))
	if b.cookies[sessionCookie] != "next-session" {
		t.Fatalf("cookies %v", b.cookies)
	}
	got := b.post(ConsentPath, url.Values{"token": {page.tokenOf(t)}, "decision": {"allow"}})
	if got.location(t).Query().Get("code") == "" {
		t.Fatalf("Location %s", got.Header.Get("Location"))
	}
	a, err := w.store.FindAuthorization(t.Context(), "wiki", Subject(issuer, "prod", 6), "")
	if err != nil || a.Connection.Hash != grant.HashToken("next-session") {
		t.Errorf("connection %+v %v", a.Connection, err)
	}
	if len(w.conns.observed) != 2 || w.conns.observed[0] != "demo-session" {
		t.Errorf("observed %v", w.conns.observed)
	}
}

// A25: nothing of a request becomes markup.
func TestA25_PagesEscape(t *testing.T) {
	w := newWorld(t)
	const bad = `"'><svg/onload=alert(1)>{{.}}`
	w.odoo.sessions["bad"] = Person{UID: 8, Login: bad, Name: bad, Database: "prod", Internal: true}
	w.odoo.sessions["badportal"] = Person{UID: 8, Login: bad, Name: bad, Database: "prod"}
	w.change("wiki", func(a *application.Application) { a.Title = bad })
	replies := []reply{
		w.browser("bad").get(authorizeURL(query("state", bad, "prompt", bad))),
		w.browser("bad").get(authorizeURL(query("client_id", bad))),
		w.browser("bad").get(authorizeURL(query("redirect_uri", bad))),
		w.browser("bad").get(authorizeURL(query()) + "&client_id=" + url.QueryEscape(bad)),
		w.browser("bad").post(ConsentPath, url.Values{"token": {bad}, "decision": {bad}}),
		w.browser("badportal").get(authorizeURL(query("state", bad))),
	}
	for i, r := range replies {
		if r.text == "" || strings.Contains(r.text, "<svg") || strings.Contains(r.text, "<script") {
			t.Errorf("answer %d: %s", i, r.text)
		}
		if csp := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; ") {
			t.Errorf("answer %d: %s", i, csp)
		}
	}
}
