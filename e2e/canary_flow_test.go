package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// canaryRun is the flows with one application.
type canaryRun struct {
	t  *testing.T
	w  *watch
	s  *site
	to app
}

// person is somebody whose every answer is watched.
func (c *canaryRun) person() *person {
	p := newPerson(c.t, c.s.base)
	p.http.Transport = c.w
	return p
}

// code has a person connect.
func (c *canaryRun) code(p *person) string {
	c.t.Helper()
	back, err := p.visit(c.s.odoo, c.to.authorizeURL(c.s.base, "s"))
	if err != nil {
		c.t.Fatal(err)
	}
	at, err := url.Parse(back)
	if err != nil || at.Query().Get("code") == "" {
		c.t.Fatalf("sent to %s: %v", back, err)
	}
	return at.Query().Get("code")
}

// The ways of sending parameters and secret to an endpoint.
var ways = map[string]func(p *person, to app, path string, form url.Values) *http.Request{
	"form": func(p *person, to app, path string, form url.Values) *http.Request {
		return p.request("POST", path, with(form, to))
	},
	"basic": func(p *person, to app, path string, form url.Values) *http.Request {
		r := p.request("POST", path, form)
		r.SetBasicAuth(url.QueryEscape(to.id), url.QueryEscape(to.secret))
		return r
	},
	"query": func(p *person, to app, path string, form url.Values) *http.Request {
		return p.request("POST", path+"?"+with(form, to).Encode(), nil)
	},
	"json": func(p *person, to app, path string, form url.Values) *http.Request {
		fields := map[string]string{}
		for name := range with(form, to) {
			fields[name] = with(form, to).Get(name)
		}
		b, err := json.Marshal(fields)
		if err != nil {
			p.t.Fatal(err)
		}
		return p.body(path, "application/json", b)
	},
	"multipart": func(p *person, to app, path string, form url.Values) *http.Request {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		for name := range with(form, to) {
			if err := m.WriteField(name, with(form, to).Get(name)); err != nil {
				p.t.Fatal(err)
			}
		}
		if err := m.Close(); err != nil {
			p.t.Fatal(err)
		}
		return p.body(path, m.FormDataContentType(), b.Bytes())
	},
	"header": func(p *person, to app, path string, form url.Values) *http.Request {
		r := p.request("POST", path, nil)
		r.Header.Set("Authorization", oauthHeader(with(form, to)))
		return r
	},
}

// with adds the application to parameters.
func with(form url.Values, to app) url.Values {
	all := url.Values{"client_id": {to.id}, "client_secret": {to.secret}}
	for name := range form {
		all.Set(name, form.Get(name))
	}
	return all
}

// oauthHeader is the documented header form.
func oauthHeader(form url.Values) string {
	var pairs []string
	for name := range form {
		pairs = append(pairs, name+"='"+strings.ReplaceAll(url.QueryEscape(form.Get(name)), "+", "%20")+"'")
	}
	return "OAuth " + strings.Join(pairs, ", ")
}

// body is a request with a body of another kind than a form.
func (p *person) body(path, kind string, b []byte) *http.Request {
	p.t.Helper()
	r, err := http.NewRequest("POST", p.base+path, bytes.NewReader(b))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	return r
}

// run is all that can be done with secrets, well and badly.
func (c *canaryRun) run(level string) {
	c.t.Helper()
	p := c.person()
	p.get("/web/marker-in-the-access-log")
	c.wrongPassword(p)
	for name, way := range ways {
		code := c.code(p)
		tok := p.good(p.do(way(p, c.to, tokenPath, exchange(c.to, code))))
		c.use(tok, level)
		c.misuse(p, way, tok)
		next := p.good(p.do(way(p, c.to, tokenPath, renewal(tok.Refresh))))
		for _, path := range []string{introspectPath, revokePath} {
			for _, token := range []string{next.Access, next.Refresh} {
				if a := p.do(way(p, c.to, path, url.Values{"token": {token}})); a.StatusCode != http.StatusOK {
					c.t.Errorf("%s with %s: %s %s", path, name, a.Status, a.text)
				}
			}
		}
		c.orest(p, way)
		// The code once more: a replay ends what it gave, and is recorded.
		p.do(way(p, c.to, tokenPath, exchange(c.to, code)))
		c.use(tok, level) // refused
	}
	c.program(p)
	tok := p.good(p.do(ways["form"](p, c.to, tokenPath, exchange(c.to, c.code(p)))))
	c.s.valve.shut()
	c.use(tok, level) // Odoo is away
	p.do(ways["query"](p, c.to, tokenPath, renewal(tok.Refresh)))
	p.get(c.to.authorizeURL(c.s.base, "s"))
	c.s.valve.reopen()
	p.get("/web/session/logout")
	c.use(tok, level) // the session is over
	p.do(ways["query"](p, c.to, tokenPath, renewal(tok.Refresh)))
}

func (c *canaryRun) wrongPassword(p *person) {
	form := p.get("/web/login").hidden()
	form.Set("login", c.s.login)
	form.Set("password", c.w.secret("wrong password", "canary-wrong-password"))
	p.post("/web/login", form)
}

// use asks everything with a token that can be asked with one, also where it
// does not belong.
func (c *canaryRun) use(tok tokens, level string) {
	c.t.Helper()
	p := c.person()
	p.http.Jar = nil
	query := url.Values{
		"access_token": {tok.Access}, "basic_access_token": {tok.Access}, "oauth_token": {tok.Refresh}, "token": {tok.Access},
		"refresh_token": {tok.Refresh}, "client_secret": {c.to.secret}, "api_key": {tok.Refresh}, "session_id": {tok.Refresh},
	}.Encode()
	paths := []string{
		"/restapi/1.0/object/res.partner/search?domain=[]&limit=2", "/restapi/1.0/object/res.partner/1", "/restapi/1.0/object/res.users/1",
		"/restapi/1.0/me", "/restapi/1.0/common/oauth2/userinfo", "/restapi/1.0/common/version", "/restapi/1.0/misspelt",
		"/restapi/1.0/common/oauth1/request_token", "/orestapi/application/model", "/orestapi/record/read?model=res.partner&ids=[1]",
	}
	for _, path := range paths {
		r := p.request("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+tok.Access)
		p.do(r)
		r = p.request("GET", path, nil)
		r.Header.Set("Authorization", "Basic "+tok.Access) // as the original took them
		p.do(r)
		mark := "?"
		if strings.Contains(path, "?") {
			mark = "&"
		}
		p.get(path + mark + query)
	}
	if level == "" {
		for _, path := range []string{"/restapi//1.0/object/res.partner/1", "/json/2/res.partner/read", "/web"} {
			r := p.request("GET", path, nil)
			r.Header.Set("Authorization", "Bearer "+tok.Access)
			p.do(r)
		}
	}
}

// misuse sends what is wrong, next to what is right.
func (c *canaryRun) misuse(p *person, way func(*person, app, string, url.Values) *http.Request, tok tokens) {
	c.t.Helper()
	wrong := app{id: c.to.id, secret: c.w.secret("wrong secret", "canary-wrong-secret-0123456789"), redirect: c.to.redirect}
	unknown := app{id: "unknown", secret: c.to.secret}
	code, token := c.w.secret("wrong code", "canary-wrong-code-0123456789"), c.w.secret("wrong token", "canary-wrong-token-0123456789")
	verified := exchange(c.to, c.code(p))
	verified.Set("code_verifier", c.w.secret("wrong verifier", "canary-wrong-verifier-0123456789-0123456789"))
	for _, r := range []*http.Request{
		way(p, wrong, tokenPath, renewal(tok.Refresh)),
		way(p, unknown, tokenPath, renewal(tok.Refresh)),
		way(p, c.to, tokenPath, exchange(c.to, code)),
		way(p, c.to, tokenPath, verified),
		way(p, c.to, tokenPath, renewal(token)),
		way(p, c.to, introspectPath, url.Values{"token": {token}}),
		way(p, c.to, revokePath, url.Values{"token": {token}}),
	} {
		p.do(r)
	}
	// Where a value belongs that is no secret: in a body, which nobody logs.
	p.do(p.request("POST", tokenPath, with(url.Values{"grant_type": {tok.Refresh}, "scope": {tok.Access}, "redirect_uri": {code}}, c.to)))
	bad := p.request("GET", "/restapi/1.0/me", nil)
	bad.Header.Set("Authorization", "Bearer "+token)
	p.do(bad)
	for _, scheme := range []string{"Bearer", "Basic", "OAuth", "Nonsense"} {
		r := p.request("POST", tokenPath, renewal(tok.Refresh))
		r.Header.Set("Authorization", scheme+" "+base64.StdEncoding.EncodeToString([]byte(c.to.id+":"+wrong.secret))+", "+tok.Access)
		p.do(r)
	}
	// At the endpoint for browsers, secrets in the URL are somebody's mistake.
	p.get(c.to.authorizeURL(c.s.base, "s") + "&scope=nonsense&client_secret=" + url.QueryEscape(c.to.secret) + "&token=" + tok.Refresh)
	p.get(authorizePath + "?client_id=unknown&client_secret=" + url.QueryEscape(c.to.secret) + "&code=" + tok.Refresh)
}

// program gets codes as JSON, in both forms that programs use.
func (c *canaryRun) program(p *person) {
	c.t.Helper()
	r := p.request("GET", c.to.authorizeURL(c.s.base, "s"), nil)
	r.Header.Set("Accept", "application/json")
	header := p.request("GET", authorizePath, nil)
	header.Header.Set("Authorization", oauthHeader(url.Values{
		"client_id": {c.to.id}, "redirect_uri": {c.to.redirect}, "state": {"s"}, "response_type": {"code"},
	}))
	for _, r := range []*http.Request{r, header} {
		if a := p.do(r); a.StatusCode != http.StatusOK || !strings.Contains(a.text, `"code"`) {
			c.t.Errorf("a program's code: %s %s", a.Status, a.text)
		}
	}
}

// orest does it all under the names of the other interface.
func (c *canaryRun) orest(p *person, way func(*person, app, string, url.Values) *http.Request) {
	c.t.Helper()
	at := strings.Replace(c.to.authorizeURL("", "s"), authorizePath, "/orestapi/oauth2/authorization", 1)
	back, err := p.visit(c.s.odoo, c.s.base+at)
	if err != nil {
		c.t.Fatal(err)
	}
	to, err := url.Parse(back)
	if err != nil {
		c.t.Fatal(err)
	}
	tok := p.good(p.do(way(p, c.to, "/orestapi/oauth2/access_token", exchange(c.to, to.Query().Get("code")))))
	p.do(way(p, c.to, "/orestapi/oauth2/access_token", renewal(tok.Refresh)))
	p.get("/orestapi/oauth2/access_token?" + with(renewal(tok.Refresh), c.to).Encode())
	for _, path := range []string{"/orestapi/application/user", "/orestapi/application/confluence/link", "/orestapi/application/status"} {
		r := way(p, c.to, path, url.Values{"redirect_uri": {c.to.redirect}})
		r.Header.Set("Accept", "application/json")
		p.do(r)
		p.get(path + "?" + with(url.Values{"redirect_uri": {c.to.redirect}}, c.to).Encode())
	}
}

// stays lets Odoo make a key for an application that insists on one.
func (c *canaryRun) stays(as app) {
	c.t.Helper()
	p := c.person()
	p.logIn(c.s.odoo, "/web/login")
	page := p.get(p.decide(p.get(as.authorizeURL(c.s.base, "s")), "allow").location())
	form := page.hidden()
	form.Set("decision", "stay")
	if strings.Contains(page.text, `type="password"`) {
		form.Set("password", c.w.secret("wrong password", "canary-wrong-password-of-the-page"))
		form = p.post(stayPath, form).hidden()
		form.Set("decision", "stay")
		form.Set("password", c.s.password)
	} else {
		p.confirm(c.s.password)
	}
	tok := p.redeem(as, p.code(p.post(stayPath, form), as, "s"))
	alive(p, tok.Access)
	c.use(tok, "debug")
	p.get("/restapi/1.0/authorizations")
}

// machine acts as the service account.
func (c *canaryRun) machine(as app) {
	c.t.Helper()
	p := c.person()
	for _, name := range []string{"form", "basic", "json", "multipart", "header"} {
		a := p.do(ways[name](p, as, tokenPath, url.Values{"grant_type": {"client_credentials"}}))
		var tok tokens
		if err := json.Unmarshal([]byte(a.text), &tok); err != nil || tok.Access == "" {
			c.t.Errorf("client_credentials with %s: %s %s", name, a.Status, a.text)
		}
		c.use(tok, "debug")
	}
	c.s.valve.shut()
	p.do(ways["form"](p, as, tokenPath, url.Values{"grant_type": {"client_credentials"}}))
	c.s.valve.reopen()
}
