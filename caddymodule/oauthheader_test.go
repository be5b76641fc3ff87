package caddymodule

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// rawRequest writes lines to a TCP connection and returns the answer.
func rawRequest(t *testing.T, addr string, lines ...string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// TestHeaderFormThroughCaddy: the documented header form, folded as in the
// documentation, works behind the real server, goes on to Odoo from none of the
// gateway's paths, and leaves no secret in the logs, at debug level either.
func TestHeaderFormThroughCaddy(t *testing.T) {
	s, odoo := newOdooSite(t)
	s.secret, s.global, s.inSite = "canary-client-secret", "debug", "log"
	p := newMachine(t).start(s.caddyfile(), s.admin)
	base, err := url.Parse("http://" + s.addr)
	if err != nil {
		t.Fatal(err)
	}
	user := newPerson(t, base.String())
	browserCode, err := user.authorize("xyz")
	if err != nil {
		t.Fatal(err)
	}
	cookie := "Cookie: none=1"
	for _, c := range user.client.Jar.Cookies(base) {
		if c.Name == "session_id" {
			cookie = "Cookie: session_id=" + c.Value
		}
	}
	first := []string{
		"GET " + oauthBase + "authorize HTTP/1.1", "Host: " + s.addr,
		"Authorization: OAuth client_id='wiki',",
		"                     state='Y1Ux1iNPvn6KYQK5Lj84WJ9VJrQw1L',",
		"                     redirect_uri='" + url.QueryEscape(callback) + "',",
		"                     response_type='code'",
	}
	if res, body := rawRequest(t, s.addr, first...); res.StatusCode != http.StatusUnauthorized || !strings.Contains(body, "login_required") {
		t.Errorf("without a session: %d %s", res.StatusCode, body)
	}
	res, body := rawRequest(t, s.addr, append(first, cookie)...)
	var given struct{ Code, State string }
	if err := json.Unmarshal([]byte(body), &given); err != nil || res.StatusCode != http.StatusOK || given.Code == "" || given.State != "Y1Ux1iNPvn6KYQK5Lj84WJ9VJrQw1L" {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	second := []string{
		"POST " + oauthBase + "access_token HTTP/1.1", "Host: " + s.addr,
		"Authorization: OAuth client_id='wiki',",
		"                     client_secret='" + s.secret + "',",
		"                     redirect_uri='" + url.QueryEscape(callback) + "',",
		"                     code='" + given.Code + "'",
		"                     grant_type='authorization_code'",
	}
	res, body = rawRequest(t, s.addr, second...)
	var got tokens
	if err := json.Unmarshal([]byte(body), &got); err != nil || res.StatusCode != http.StatusOK || got.Access == "" || got.Refresh == "" {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	if err := read(user.client, base.String(), got.Access); err != nil {
		t.Error(err)
	}

	// Two lines, two schemes, and paths that are none of ours: 400 or Odoo's answer, and never a secret in a log.
	for _, more := range []string{"Authorization: Basic d2lraTp4", "Authorization:", " Basic d2lraTp4"} {
		if res, body := rawRequest(t, s.addr, append(second, more)...); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %d %s", more, res.StatusCode, body)
		}
	}
	for _, path := range []string{"/restapi//1.0/common/oauth2/access_token", "/restapi/1.0/common/oauth2/token%20", "/web/login"} {
		second[0] = fmt.Sprintf("GET %s HTTP/1.1", path)
		rawRequest(t, s.addr, second...)
	}
	for _, r := range odoo.RequestsTo("/restapi/1.0") {
		t.Errorf("Odoo was given %s", r.Path)
	}
	_, _, _ = user.do(http.MethodGet, "/last", nil)
	p.await(`"uri":"/last"`)
	p.stop()
	logs := p.out.String()
	for _, canary := range []string{s.secret, browserCode, given.Code, got.Access, got.Refresh} {
		if i := strings.Index(logs, canary); i >= 0 {
			t.Errorf("%s is in the logs: …%s…", canary, logs[max(0, i-300):min(len(logs), i+100)])
		}
	}
	if !strings.Contains(logs, `"uri":"`+oauthBase+`access_token"`) {
		t.Error("the requests are not logged")
	}
}
