package caddymodule

import (
	"encoding/base64"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// trap listens, and counts who comes.
func trap(t *testing.T) (addr string, came *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	came = new(atomic.Int64)
	var open sync.WaitGroup
	t.Cleanup(func() { l.Close(); open.Wait() })
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			conn.Close()
		}
	})
	return l.Addr().String(), came
}

// TestA63_NoAddressOfAClientIsCalled: an address that stands in a request, in
// whatever parameter, header, token or target, is called by nobody; Odoo is
// asked under its own name alone.
func TestA63_NoAddressOfAClientIsCalled(t *testing.T) {
	c := newCrossing(t, site{})
	addr, came := trap(t)
	for _, text := range []string{"http://" + addr + "/", "//" + addr + "/", addr, "http://" + c.addr + "@" + addr + "/", "http://" + addr + "#" + callback, "http://localhost:" + addr[strings.LastIndex(addr, ":")+1:]} {
		for _, way := range clientWays(url.QueryEscape(text)) {
			c.ask(way.method, way.target, way.body, way.header(text, c)...)
		}
		for _, name := range []string{
			"Origin", "Referer", "X-Forwarded-Host", "X-Forwarded-For", "X-Original-Url", "X-Rewrite-Url", "Forwarded", "X-Odoo-Database", "X-Openerp-Host", "X-Host",
			"X-Http-Host-Override", "X-Http-Destinationurl", "X-Proxy-Url", "Proxy-Host", "Request-Uri", "Destination", "True-Client-Ip", "X-Wap-Profile", "Link", "Alt-Used",
		} {
			c.ask("GET", recordPath, "", "Authorization", "Bearer "+c.bearer, name, text)
			c.ask("GET", "/web/login", "", name, text)
		}
		for _, name := range []string{"request_uri", "client_uri", "jwks_uri", "logo_uri", "sector_identifier_uri", "post_logout_redirect_uri", "iss", "resource", "webhook", "url", "host", "server"} {
			c.ask("GET", oauthBase+"authorize?client_id=wiki&redirect_uri="+callback+"&response_type=code&"+name+"="+url.QueryEscape(text), "", "Cookie", c.cookie)
			c.ask("POST", oauthBase+"access_token", "grant_type=client_credentials&"+name+"="+url.QueryEscape(text), "Content-Type", "application/x-www-form-urlencoded")
			c.ask("GET", recordPath+"&"+name+"="+url.QueryEscape(text), "", "Authorization", "Bearer "+c.bearer)
		}
		// A token that names where its key is to be had.
		for _, member := range []string{"jku", "x5u", "kid", "jwk", "iss"} {
			encode := base64.RawURLEncoding.EncodeToString
			forged := encode([]byte(fmt.Sprintf(`{"alg":"RS256","typ":"at+jwt","kid":"x",%q:%q}`, member, text))) + "." +
				encode([]byte(fmt.Sprintf(`{"iss":"http://%s","aud":"http://%s",%q:%q}`, c.addr, c.addr, member, text))) + "." + encode(make([]byte, 256))
			if got := c.ask("GET", recordPath, "", "Authorization", "Bearer "+forged); got.status != 401 {
				t.Errorf("%s: %d", member, got.status)
			}
			c.ask("POST", oauthBase+"access_token", "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion="+forged,
				"Content-Type", "application/x-www-form-urlencoded")
		}
	}
	for _, line := range []string{"GET http://" + addr + recordPath, "GET http://" + addr + "/web/login", "CONNECT " + addr, "GET http://" + c.addr + "@" + addr + "/web/login"} {
		for _, host := range []string{c.addr, addr} {
			c.raw(fmt.Sprintf("%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n", line, host, c.bearer), 1)
			c.raw(fmt.Sprintf("%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nCookie: %s\r\n\r\n", line, host, c.cookie), 1)
		}
	}
	if n := came.Load(); n > 0 {
		t.Errorf("an address of the client was called %d times", n)
	}
	asked := c.wire.take(t)
	for _, m := range asked {
		// What passes on says of itself where it is for.
		if !slices.Equal(m.get("Host"), []string{c.addr}) && !strings.HasPrefix(m.line, "GET /web/login ") {
			t.Errorf("Odoo was asked for %v: %s", m.get("Host"), m.line)
		}
	}
	if len(asked) < 100 {
		t.Errorf("Odoo was asked %d times only: the test proves little", len(asked))
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Read(make([]byte, 1))
	conn.Close()
	if came.Load() == 0 {
		t.Error("nobody is trapped: the test proves nothing")
	}
}

// dialling are the words with which Go opens a connection.
var dialling = map[string][]string{
	"net":                             {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialUnix", "DialIP", "Dialer", "Resolver", "LookupHost", "LookupIP", "LookupAddr"},
	"net/http":                        {"Get", "Post", "PostForm", "Head", "Client", "Transport", "DefaultClient", "DefaultTransport"},
	"net/http/httputil":               {"ReverseProxy", "NewSingleHostReverseProxy"},
	"crypto/tls":                      {"Dial", "DialWithDialer", "Dialer", "Client"},
	"net/smtp":                        {"SendMail", "Dial", "NewClient"},
	"os/exec":                         {"Command", "CommandContext"},
	"net/rpc":                         {"Dial", "DialHTTP"},
	"github.com/jackc/pgx/v5/pgxpool": {"New", "NewWithConfig"},
}

// diallers are the few that may: the doctor, who tries the address of the
// configured issuer, the store on PostgreSQL, the demo, and what only tests and
// the demo use.
var diallers = []string{
	"internal/grant/pgstore/open.go", "internal/grant/pgtest/pgtest.go", "internal/grant/pgtest/relay.go",
	"caddymodule/doctor_dial.go", "caddymodule/demo_odoo.go", "internal/demo/wiki.go", "internal/odoo/odootest/oauth.go", "internal/odoo/odootest/server.go", "internal/dialect/dialecttest/dialecttest.go",
}

// TestA63_NothingDials: the gateway has no way to Odoo, or to anybody, but the
// handlers behind it; no request leads to the doctor.
func TestA63_NothingDials(t *testing.T) {
	files, found := 0, map[string]bool{}
	for _, folder := range []string{"../internal", "../caddymodule"} {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files++
			name := strings.TrimPrefix(filepath.ToSlash(path), "../")
			if word := dials(t, path); word != "" {
				if found[name] = true; !slices.Contains(diallers, name) {
					t.Errorf("%s: %s", name, word)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) != len(diallers) || files < 100 {
		t.Errorf("of %d files %v dial, not %v: the test sees too little", files, found, diallers)
	}
}

// dials returns a word in a file that opens connections, "" for none.
func dials(t *testing.T, path string) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	imported := map[string]string{}
	for _, i := range file.Imports {
		full := strings.Trim(i.Path.Value, `"`)
		name := full[strings.LastIndex(full, "/")+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		imported[name] = full
	}
	word := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && slices.Contains(dialling[imported[x.Name]], s.Sel.Name) {
				word = x.Name + "." + s.Sel.Name
			}
		}
		return true
	})
	return word
}
