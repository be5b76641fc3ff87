package caddymodule

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestA54_TargetsOfARequest: a request's target in its other forms is what its
// path is, and no host in it changes whom the gateway speaks for.
func TestA54_TargetsOfARequest(t *testing.T) {
	c := newCrossing(t, site{})
	const metadataPath = "/.well-known/oauth-authorization-server"
	token := "Authorization: Bearer " + c.bearer + "\r\n"
	at := "http://" + c.addr
	for _, r := range []struct {
		name, line, more string
		want             int // of the answer; 0: any refusal
		asked            int // how often Odoo was asked
	}{
		{"a record", "GET " + recordPath, token, 200, 1},
		{"a record, absolute", "GET " + at + recordPath, token, 200, 1},
		{"a record, absolute, in capitals", "GET HTTP://" + c.addr + recordPath, token, 200, 1},
		{"a record, absolute, with a user", "GET http://admin:admin@" + c.addr + recordPath, token, 200, 1},
		{"a record without a token, with a user", "GET http://admin:admin@" + c.addr + recordPath, "", 401, 0},
		{"a record, absolute, another scheme", "GET file://" + c.addr + recordPath, token, 200, 1},
		{"a record of another host", "GET http://evil.example" + recordPath, token, 0, 0},
		{"a record, no host in the target", "GET http://" + recordPath, token, 200, 1},
		{"a record, three slashes", "GET //" + recordPath, token, 0, 0},
		{"a record, a scheme alone", "GET http:" + recordPath, token, 200, 1},
		{"a record, relative", "GET restapi/1.0/object/res.partner/1", token, 0, 0},
		{"a record, a backslash", `GET \restapi\1.0\object\res.partner\1`, token, 0, 0},
		{"a record, a fragment", "GET /restapi/1.0/object/res.partner/1#/web/login", token, 0, 0},
		{"a door of Odoo's, a fragment", "GET /web/login#/restapi/1.0/object/res.partner/1", token, 404, 0},
		{"a door of Odoo's, absolute", "POST " + at + "/jsonrpc", token, 404, 0},
		{"a door of Odoo's, the token in an absolute target", "GET " + at + "/web/login?access_token=" + c.bearer, "", 404, 0},
		{"a door of Odoo's, the token as the user", "GET http://" + c.bearer + "@" + c.addr + "/web/image/1", "", 404, 0},
		{"a star", "OPTIONS *", token, 0, 0},
		{"a star, GET", "GET *", token, 0, 0},
		{"CONNECT to Odoo", "CONNECT " + c.wire.addr, token, 0, 0},
		{"CONNECT to Odoo, without a token", "CONNECT " + c.wire.addr, "", 405, 0},
		{"CONNECT to a page", "CONNECT /web/login", "", 405, 0},
		{"CONNECT to ourselves", "CONNECT " + c.addr, token, 0, 0},
		{"CONNECT elsewhere", "CONNECT evil.example:443", token, 0, 0},
		{"CONNECT to a record", "CONNECT " + recordPath, token, 0, 0},
		{"an empty target", "GET ", token, 0, 0},
		{"a target with a NUL", "GET /restapi/1.0/object/res.partner/1\x00", token, 0, 0},
		{"a target with a tab", "GET /restapi/1.0/object/res.partner/1\t", token, 0, 0},
		{"half an escape", "GET /restapi/1.0/object/res.partner/1%2", token, 0, 0},
		{"Latin-1", "GET /restapi/1.0/object/res.partner/1\xe9", token, 0, 0},
		{"another host, and ours in the target", "GET " + at + metadataPath, "X-Forwarded-Host: evil.example\r\n", 200, 0},
		{"a record, the session of its person beside it", "GET " + recordPath, token + "Cookie: " + c.cookie + "\r\n", 200, 1},
		{"a record, the session alone", "GET " + recordPath, "Cookie: " + c.cookie + "\r\n", 401, 0},
		{"a door of Odoo's, token and session", "POST /web/dataset/call_kw", token + "Cookie: " + c.cookie + "\r\n", 404, 0},
		{"a door of Odoo's, the token in a cookie beside the session", "GET /web/login?x", "Cookie: " + c.cookie + "; token=" + c.bearer + "\r\n", 200, 1},
	} {
		all := c.raw(fmt.Sprintf("%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", r.line, c.addr, r.more), 1)
		asked := c.wire.take(t)
		if len(all) != 1 {
			t.Errorf("%s: no answer", r.name)
			continue
		}
		got := all[0]
		if got.status != r.want && r.want != 0 || r.want == 0 && got.status < 400 && (got.status != 200 || got.body != "" || got.header.Get("Content-Length") != "0") || len(asked) != r.asked {
			t.Errorf("%s: %d %v %.200s\nOdoo was asked %+v", r.name, got.status, got.header, got.body, asked)
		}
		if strings.Contains(got.body, "evil.example") || strings.Contains(got.header.Get("Location"), "evil.example") {
			t.Errorf("%s: %v %s", r.name, got.header, got.body)
		}
		for _, m := range asked {
			if host := m.get("Host"); !slices.Equal(host, []string{c.addr}) || strings.Contains(m.line+fmt.Sprint(m.header), c.bearer) || strings.Contains(m.line, "://") {
				t.Errorf("%s: Odoo was asked %+v", r.name, m)
			}
		}
	}
}

// TestA54_HostsOfARequest: whatever a request calls its host, on whatever name
// the site is reached, documents, redirects and what Odoo is asked speak of the
// issuer alone.
func TestA54_HostsOfARequest(t *testing.T) {
	// A site that takes every host, as one behind another proxy does.
	c := newCrossing(t, site{}, "\nhttp://ADDR {", "\nhttp://:PORT {")
	for _, host := range []string{
		c.addr, "evil.example", "evil.example:80", c.addr + ".evil.example", "LOCALHOST", "localhost.", "[::1]:80", c.addr + "@evil.example", "evil.example#" + c.addr,
		c.addr + ", evil.example", c.addr + " evil.example", "", "evil.example/" + c.addr, "{env.HOME}", "127.0.0.1:0", "2130706433", "\x80", "a..b", "-", ":80", "x:y:z",
	} {
		for _, path := range []string{
			"/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/restapi/1.0", recordPath,
			oauthBase + "authorize?client_id=wiki&response_type=code&state=s&redirect_uri=" + callback, oauthBase + "authorize?client_id=nobody", "/restapi/1.0/authorizations",
		} {
			for _, more := range []string{"", "Authorization: Bearer " + c.bearer + "\r\n", "Cookie: " + c.cookie + "\r\n"} {
				all := c.raw(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", path, host, more), 1)
				if len(all) != 1 {
					t.Errorf("%q %s: no answer", host, path)
					continue
				}
				got := all[0]
				for _, m := range c.wire.take(t) {
					if !slices.Equal(m.get("Host"), []string{c.addr}) || strings.Contains(fmt.Sprint(m.line, m.header), "evil") {
						t.Errorf("%q %s: Odoo was asked %+v", host, path, m)
					}
				}
				if said := fmt.Sprint(got.header, got.body); strings.Contains(strings.ReplaceAll(said, callback, ""), "evil.example") {
					t.Errorf("%q %s: %d %s", host, path, got.status, said)
				}
				if location := got.header.Get("Location"); location != "" && !strings.HasPrefix(location, "http://"+c.addr+"/") && !strings.HasPrefix(location, "/") && !strings.HasPrefix(location, callback) {
					t.Errorf("%q %s: sent to %s", host, path, location)
				}
				if path == recordPath && got.status == http.StatusOK && !strings.HasPrefix(more, "Authorization") {
					t.Errorf("%q %s %q: %d", host, path, more, got.status)
				}
			}
		}
	}
}
