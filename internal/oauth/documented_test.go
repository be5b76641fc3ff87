package oauth

import (
	"bufio"
	"embed"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
)

//go:embed testdata/documented_*.http
var documented embed.FS

// sample is a request of the documentation as it goes over the wire, with more
// header lines at its end. Only the placeholder for the host is filled in.
func sample(t *testing.T, name, host string, more ...string) string {
	t.Helper()
	b, err := documented.ReadFile("testdata/documented_" + name + ".http")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(b), "{your_Odoo_server_url}", host, 1)
	for _, line := range more {
		text += line + "\n"
	}
	return strings.ReplaceAll(text, "\n", "\r\n") + "\r\n"
}

// raw writes a request to a TCP connection byte for byte.
func (w *world) raw(request string) reply {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.host())
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{resp, string(body)}
}

func (w *world) host() string { return strings.TrimPrefix(w.url, "http://") }

// documentedApp makes wiki the application of the documentation.
func documentedApp(a *application.Application) {
	a.ClientID = "uwCrAHAQbL7D9cvJLIztNaZ0bziEGMDh"
	a.Secrets = []application.Secret{application.NewSecret("FtHzOQVEs0aSEL9AXuIe9k7X6E2MekU7")}
	a.RedirectURIs = []application.RedirectURI{{URI: "https://127.0.0.1/callback", Active: true}}
}

// The two folded samples work as they stand, standards §1.4.
func TestDocumentedHeaderForm(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", documentedApp)
	const sampleCode = "dcee1806d2c50d0fb598"
	session := "Cookie: session_id=demo-session"

	w.raw(sample(t, "authorize", w.host())).refused(t, 401, "login_required")
	w.raw(sample(t, "authorize", w.host(), session)).refused(t, 403, "consent_required")
	w.browser("demo-session").code(query("client_id", "uwCrAHAQbL7D9cvJLIztNaZ0bziEGMDh", "redirect_uri", "https://127.0.0.1/callback", "scope", ""))

	got := w.raw(sample(t, "authorize", w.host(), session))
	var a map[string]string
	if err := json.Unmarshal([]byte(got.text), &a); err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", got.StatusCode, got.text)
	}
	if len(a) != 2 || a["code"] == "" || a["state"] != "Y1Ux1iNPvn6KYQK5Lj84WJ9VJrQw1L" {
		t.Errorf("answer %v", a)
	}

	// The code that was just given, in the place of the documented one.
	request := strings.Replace(sample(t, "access_token", w.host()), sampleCode, a["code"], 1)
	w.raw(request).tokens(t)
	w.raw(request).refused(t, 400, "invalid_grant")

	// And the documented one itself.
	person, err := w.store.FindAuthorization(t.Context(), "wiki", Subject(issuer, "prod", 6), "")
	if err != nil {
		t.Fatal(err)
	}
	now := w.clock.Now()
	if err := w.store.IssueCode(t.Context(), grant.Code{
		Hash: grant.HashToken(sampleCode), Authorization: person.ID, Application: "wiki", Scope: []string{ScopeRead},
		RedirectURI: "https://127.0.0.1/callback", IssuedAt: now, ExpiresAt: now.Add(time.Minute),
	}); err != nil {
		t.Fatal(err)
	}
	tokens := w.raw(sample(t, "access_token", w.host())).tokens(t)
	if tokens.TokenType != "Bearer" || tokens.Validity != "3/1/2026 10:00:00" || tokens.RefreshToken == "" {
		t.Errorf("answer %+v", tokens)
	}
}

// A53, standards §1.4: two Authorization lines, or two schemes in one.
func TestTwoSchemesInRawRequests(t *testing.T) {
	w := newWorld(t)
	basic := "Basic d2lraTpzZWNyZXQgb2Ygd2lraQ==" // wiki:secret of wiki
	good := "OAuth client_id='wiki', client_secret='secret%20of%20wiki', grant_type='refresh_token', refresh_token='x', token='x', " +
		"redirect_uri='https%3A%2F%2Fwiki.example.com%2Fcb', response_type='code'"
	lines := func(values ...string) (out string) {
		for _, v := range values {
			out += "Authorization: " + v + "\r\n"
		}
		return out
	}
	for name, header := range map[string]string{
		"twice":                 lines(good, good),
		"twice, other case":     lines(good) + "authorization: " + good + "\r\n",
		"header form and basic": lines(good, basic),
		"basic and header form": lines(basic, good),
		"header form and empty": lines(good, ""),
		"in one line":           lines(good + ", " + basic),
		"in one line, no comma": lines(good + " " + basic),
		"folded":                lines(good + "\r\n " + basic),
		"split between two":     lines("OAuth client_id='wiki', client_secret='secret%20of%20wiki'", "OAuth grant_type='refresh_token'"),
		"tab":                   lines("OAuth\t" + good[6:]),
		"scheme alone":          lines("OAuth"),
		"scheme and comma":      lines("OAuth," + good[6:]),
		"encoded newline":       lines(good + ", x='%0a'"),
	} {
		for _, path := range []string{"POST " + AccessTokenPath, "POST " + RevokePath, "GET " + AuthorizePath} {
			t.Run(name+" "+path, func(t *testing.T) {
				w.raw(path+" HTTP/1.1\r\nHost: "+w.host()+"\r\nCookie: session_id=demo-session\r\n"+header+"\r\n").refused(t, 400, "invalid_request")
			})
		}
	}
	w.raw("POST "+AccessTokenPath+" HTTP/1.1\r\nHost: "+w.host()+"\r\n"+lines(basic+", "+good)+"\r\n").refused(t, 400, "invalid_request")
	w.raw("POST "+AccessTokenPath+" HTTP/1.1\r\nHost: "+w.host()+"\r\n"+lines(good)+"\r\n").refused(t, 400, "invalid_grant")
	w.raw("POST "+AccessTokenPath+" HTTP/1.1\r\nHost: "+w.host()+"\r\n"+lines(basic, basic)+"\r\n").refused(t, 400, "invalid_request")
	w.raw("GET "+authorizeURL(query())+" HTTP/1.1\r\nHost: "+w.host()+"\r\n"+lines(basic, basic)+"\r\n").refused(t, 400, "invalid_request")
}
