package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Paths of the gateway.
const (
	authorizePath = "/restapi/1.0/common/oauth2/authorize"
	tokenPath     = "/restapi/1.0/common/oauth2/access_token"
	stayPath      = "/restapi/1.0/common/oauth2/stay"
	revokePath    = "/restapi/1.0/common/oauth2/revoke"

	introspectPath = "/restapi/1.0/common/oauth2/introspect"
)

// app is a registered application.
type app struct{ id, secret, redirect string }

// person is somebody with a browser at one site.
type person struct {
	t    *testing.T
	base string
	http *http.Client
	// agent is what the browser calls itself, where that matters.
	agent string
}

// answer is a response that has been read.
type answer struct {
	*http.Response
	text string
}

func newPerson(t *testing.T, base string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{t: t, base: base, http: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// do sends a request and reads the answer. Nothing that is shown anywhere may
// carry a traceback.
func (p *person) do(r *http.Request) answer {
	p.t.Helper()
	resp, err := p.http.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	for _, trace := range []string{"Traceback (most recent", "goroutine 1", "File \"/"} {
		if strings.Contains(string(body), trace) {
			p.t.Errorf("%s %s answers with a traceback:\n%s", r.Method, r.URL, body)
		}
	}
	return answer{Response: resp, text: string(body)}
}

// request makes a request to a path of the site, or to a full URL of it.
func (p *person) request(method, path string, form url.Values) *http.Request {
	p.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = p.base + path
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequest(method, path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("User-Agent", cmp.Or(p.agent, "Mozilla/5.0 (end-to-end test)"))
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

func (p *person) get(path string) answer { p.t.Helper(); return p.do(p.request("GET", path, nil)) }
func (p *person) post(path string, form url.Values) answer {
	p.t.Helper()
	return p.do(p.request("POST", path, form))
}

// location returns where an answer redirects to, "" for none.
func (a answer) location() string { return a.Header.Get("Location") }

var (
	inputTag = regexp.MustCompile(`<input\s[^>]*>`)
	formTag  = regexp.MustCompile(`<form\s[^>]*>`)
)

func attribute(tag, name string) string {
	m := regexp.MustCompile(`\s` + name + `="([^"]*)"`).FindStringSubmatch(tag)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

// hidden returns the hidden inputs of the forms of a page.
func (a answer) hidden() url.Values {
	form := url.Values{}
	for _, tag := range inputTag.FindAllString(a.text, -1) {
		if name := attribute(tag, "name"); name != "" && attribute(tag, "type") == "hidden" {
			form.Set(name, attribute(tag, "value"))
		}
	}
	return form
}

// authorizeURL is where an application sends a browser.
func (a app) authorizeURL(base, state string) string {
	return base + authorizePath + "?" + url.Values{
		"response_type": {"code"}, "client_id": {a.id}, "redirect_uri": {a.redirect}, "state": {state},
	}.Encode()
}

// logIn answers Odoo's login page at an address and returns what follows.
func (p *person) logIn(o odoo, page string) answer {
	p.t.Helper()
	a := p.get(page)
	form := a.hidden()
	if a.StatusCode != http.StatusOK || form.Get("csrf_token") == "" {
		p.t.Fatalf("%s is no login page: %s\n%s", page, a.Status, a.text)
	}
	form.Set("login", o.login)
	form.Set("password", o.password)
	a = p.post("/web/login", form)
	if a.StatusCode != http.StatusSeeOther {
		p.t.Fatalf("login of %s: %s\n%s", o.login, a.Status, a.text)
	}
	return a
}

// allow answers the consent page, and the offer to stay connected with "Not
// now", and returns what follows.
func (p *person) allow(page answer, decision string) answer {
	p.t.Helper()
	a := p.decide(page, decision)
	if decision == "allow" && strings.HasPrefix(a.location(), stayPath+"?") {
		offer := p.get(a.location())
		form := offer.hidden()
		form.Set("decision", "later")
		a = p.post(stayPath, form)
	}
	return a
}

// decide answers the consent page alone.
func (p *person) decide(page answer, decision string) answer {
	p.t.Helper()
	form := page.hidden()
	form.Set("decision", decision)
	action := ""
	if tag := formTag.FindString(page.text); tag != "" {
		action = attribute(tag, "action")
	}
	if page.StatusCode != http.StatusOK || !strings.HasSuffix(action, "/restapi/1.0/common/oauth2/consent") {
		p.t.Fatalf("no consent page: %s\n%s", page.Status, page.text)
	}
	return p.post(action, form)
}

// code reads the code that an answer sends to the application.
func (p *person) code(a answer, to app, state string) string {
	p.t.Helper()
	at, err := url.Parse(a.location())
	if err != nil {
		p.t.Fatal(err)
	}
	q := at.Query()
	if a.StatusCode != http.StatusFound && a.StatusCode != http.StatusSeeOther {
		p.t.Fatalf("%s, want a redirect to the application\n%s", a.Status, a.text)
	}
	if !strings.HasPrefix(a.location(), to.redirect) || q.Get("code") == "" || q.Get("state") != state || q.Get("iss") != p.base {
		p.t.Fatalf("sent to %s", a.location())
	}
	return q.Get("code")
}

// consent walks a logged-in person from authorize to a code, over the consent
// page where there is one.
func (p *person) consent(to app) string {
	p.t.Helper()
	a := p.get(to.authorizeURL(p.base, "s-1"))
	if a.location() == "" {
		a = p.allow(a, "allow")
	}
	return p.code(a, to, "s-1")
}

// token asks the token endpoint as an application.
func (p *person) token(as app, form url.Values) answer {
	p.t.Helper()
	r := p.request("POST", tokenPath, form)
	r.SetBasicAuth(url.QueryEscape(as.id), url.QueryEscape(as.secret))
	return p.do(r)
}

// tokens are what the token endpoint gives.
type tokens struct {
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token"`
	Type      string `json:"token_type"`
	ExpiresIn int64  `json:"expires_in"`
	Validity  any    `json:"access_token_validity"`
}

// redeem exchanges a code.
func (p *person) redeem(as app, code string) tokens {
	p.t.Helper()
	return p.good(p.token(as, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {as.redirect}}))
}

// refresh exchanges a refresh token.
func (p *person) refresh(as app, token string) answer {
	p.t.Helper()
	return p.token(as, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// good reads a token answer that must be one.
func (p *person) good(a answer) tokens {
	p.t.Helper()
	var t tokens
	if err := json.Unmarshal([]byte(a.text), &t); err != nil || a.StatusCode != http.StatusOK || t.Access == "" || t.Refresh == "" {
		p.t.Fatalf("token endpoint: %s\n%s", a.Status, a.text)
	}
	if t.Type != "Bearer" || t.ExpiresIn <= 0 || t.Validity == nil || a.Header.Get("Cache-Control") != "no-store" {
		p.t.Errorf("token answer %s %s", a.text, a.Header)
	}
	return t
}

// connect is all of it: a fresh person logs in, consents, and the application
// has its tokens.
func connect(t *testing.T, s *site, as app) (*person, tokens) {
	t.Helper()
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	return p, p.redeem(as, p.consent(as))
}

// api asks an API path with a token, as an application does: without cookies.
func (p *person) api(token, path string, query url.Values) answer {
	p.t.Helper()
	r := p.request("GET", path+"?"+query.Encode(), nil)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	bare := newPerson(p.t, p.base)
	bare.http.Transport = p.http.Transport
	return bare.do(r)
}

// read asks an API path and decodes its answer, which must be a good one.
func (p *person) read(token, path string, query url.Values, into any) {
	p.t.Helper()
	a := p.api(token, path, query)
	if a.StatusCode != http.StatusOK {
		p.t.Fatalf("%s?%s: %s\n%s", path, query.Encode(), a.Status, a.text)
	}
	if kind := a.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		p.t.Errorf("%s: Content-Type %q", path, kind)
	}
	if err := json.Unmarshal([]byte(a.text), into); err != nil {
		p.t.Fatalf("%s: %v\n%s", path, err, a.text)
	}
}

// call asks Odoo itself through the pass-through, as its web client does: the
// truth that the API's answers are compared with.
func (p *person) call(model, method string, args []any, kwargs map[string]any, into any) {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": "call", "id": 1, "params": map[string]any{
		"model": model, "method": method, "args": args, "kwargs": kwargs,
	}})
	if err != nil {
		p.t.Fatal(err)
	}
	r := p.request("POST", fmt.Sprintf("/web/dataset/call_kw/%s/%s", model, method), nil)
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Type", "application/json")
	a := p.do(r)
	var result struct {
		Result json.RawMessage
		Error  any
	}
	if err := json.Unmarshal([]byte(a.text), &result); err != nil || result.Error != nil {
		p.t.Fatalf("call_kw %s.%s: %v %s", model, method, err, a.text)
	}
	if err := json.Unmarshal(result.Result, into); err != nil {
		p.t.Fatal(err)
	}
}
