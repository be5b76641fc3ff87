package odootest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
)

// browser is a client that keeps cookies by hand, so that a test sees them.
type browser struct {
	t       *testing.T
	s       *Server
	cookies map[string]string
	agent   string
}

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func startServer(t *testing.T, opts Options) (*Server, *clock.Fake) {
	t.Helper()
	fake := clock.NewFake(start)
	opts.Now = fake.Now
	s := Start(opts)
	t.Cleanup(s.Close)
	return s, fake
}

func newBrowser(t *testing.T, s *Server) *browser {
	return &browser{t: t, s: s, cookies: map[string]string{}, agent: "Browser/1.0"}
}

// loggedIn is a browser with a living session.
func loggedIn(t *testing.T, s *Server, login string) *browser {
	b := newBrowser(t, s)
	b.cookies["session_id"] = s.NewSession(login)
	return b
}

type answer struct {
	*http.Response
	body []byte
}

func (a answer) session() string {
	for _, c := range a.Cookies() {
		if c.Name == "session_id" {
			return c.Value
		}
	}
	return ""
}

func (b *browser) do(method, path, contentType, body string, header ...string) answer {
	b.t.Helper()
	r, err := http.NewRequest(method, b.s.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set("User-Agent", b.agent)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	res, err := b.s.Client().Do(r)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return answer{res, raw}
}

func (b *browser) get(path string, header ...string) answer {
	return b.do("GET", path, "", "", header...)
}

func (b *browser) post(path string, form url.Values) answer {
	return b.do("POST", path, "application/x-www-form-urlencoded", form.Encode())
}

// rpc posts a JSON-RPC call and returns the parsed envelope.
func (b *browser) rpc(path string, params any, header ...string) (answer, map[string]any) {
	b.t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": "call", "id": 1, "params": params})
	if err != nil {
		b.t.Fatal(err)
	}
	a := b.do("POST", path, "application/json", string(body), header...)
	v, err := decodeJSON(a.body)
	if err != nil {
		b.t.Fatalf("%s: %v in %q", path, err, a.body)
	}
	return a, asMap(v)
}

// call is call_kw; it returns the result and the name of the error.
func (b *browser) call(model, method string, args []any, kwargs map[string]any) (any, string) {
	b.t.Helper()
	if args == nil {
		args = []any{}
	}
	if kwargs == nil {
		kwargs = map[string]any{}
	}
	_, m := b.rpc("/web/dataset/call_kw/"+model+"/"+method, map[string]any{"model": model, "method": method, "args": args, "kwargs": kwargs})
	return m["result"], errorName(m)
}

func errorName(envelope map[string]any) string {
	return asString(asMap(asMap(envelope["error"])["data"])["name"])
}

// uid is who the session belongs to, or an error name.
func (b *browser) uid() (int64, string) {
	b.t.Helper()
	_, m := b.rpc("/web/session/get_session_info", map[string]any{})
	id, _ := asInt(asMap(m["result"])["uid"])
	return id, errorName(m)
}

var tokenPattern = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

func token(t *testing.T, page []byte) string {
	t.Helper()
	m := tokenPattern.FindSubmatch(page)
	if m == nil {
		t.Fatalf("no CSRF token in %s", bytes.TrimSpace(page))
	}
	return string(m[1])
}

// login goes through the login page.
func (b *browser) login(login, password, target string) answer {
	b.t.Helper()
	path := "/web/login"
	if target != "" {
		path = withRedirect(path, target)
	}
	form := url.Values{"csrf_token": {token(b.t, b.get(path).body)}, "login": {login}, "password": {password}}
	if target != "" {
		form.Set("redirect", target)
	}
	return b.post("/web/login", form)
}

// versions runs a test once per version.
func versions(t *testing.T, f func(t *testing.T, version int)) {
	for v := 16; v <= 20; v++ {
		t.Run(traitsOf(v).serverVersion[:2], func(t *testing.T) { f(t, v) })
	}
}
