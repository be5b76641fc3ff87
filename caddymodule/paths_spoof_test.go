package caddymodule

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	recordPath = "/restapi/1.0/object/res.partner/1?fields=['name']"
	otherOdoo  = "staging" // another database of the simulated Odoo
)

// spoofed are headers that the gateway, Caddy or a careful site sets, or by
// which Odoo and its addons choose a person or a database, and a value that
// would be worth something.
func spoofed(c *crossing) map[string]string {
	return map[string]string{
		"Cookie": "session_id=" + c.odoo.NewSession("admin"), "X-Odoo-Database": otherOdoo, "X-Openerp-Session-Id": c.odoo.NewSession("admin"),
		"X-Odoo-Skip-Session-Rotation-Interval": "0", "User-Agent": "spoofed", "Content-Type": "text/spoofed", "Accept": "text/spoofed",
		"X-Forwarded-For": "198.51.100.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "1",
		"X-Forwarded-Prefix": "/evil", "X-Forwarded-Uri": "/web/become", "X-Forwarded-User": "admin", "Forwarded": "for=198.51.100.9;host=evil.example",
		"X-Real-Ip": "198.51.100.9", "Remote-User": "admin", "X-Remote-User": "admin", "X-Authenticated-User": "admin", "X-Auth-Request-User": "admin",
		"X-Odoo-Gateway": "passed", "X-Http-Method-Override": "DELETE", "X-Original-Url": "/web/become", "Origin": "http://evil.example",
		"Accept-Language": "fr_FR", "Te": "trailers", "Via": "1.1 evil.example", "Traceparent": "00-00000000000000000000000000000001-0000000000000001-01",
	}
}

// spellings are the ways to write a header's name that some server takes for
// the same.
var spellings = map[string]func(string) string{
	"as it is":      func(n string) string { return n },
	"lower case":    strings.ToLower,
	"upper case":    strings.ToUpper,
	"underscores":   func(n string) string { return strings.ReplaceAll(n, "-", "_") },
	"one of them":   func(n string) string { return strings.Replace(n, "-", "_", 1) },
	"dots":          func(n string) string { return strings.ReplaceAll(n, "-", ".") },
	"as a variable": func(n string) string { return "HTTP_" + strings.ToUpper(strings.ReplaceAll(n, "-", "_")) },
}

// ask sends one request over HTTP/1.1; every two words of more are a header.
func (c *crossing) ask(method, path, body string, more ...string) answered {
	c.t.Helper()
	request := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nConnection: close\r\n", method, path, c.addr, len(body))
	for pair := range slices.Chunk(more, 2) {
		request += pair[0] + ": " + pair[1] + "\r\n"
	}
	all := c.raw(request+"\r\n"+body, 1)
	if len(all) != 1 {
		c.t.Fatalf("%s %s %v: no answer", method, path, more)
	}
	return all[0]
}

// TestA50_SpoofedHeadersDoNotReachOdoo: whatever a program sends beside its
// token, in whatever spelling, twice, empty or behind the body, what is asked
// of Odoo is the same to the byte.
func TestA50_SpoofedHeadersDoNotReachOdoo(t *testing.T) {
	c := newCrossing(t, site{})
	claims := spoofed(c)
	plain := c.ask("GET", recordPath, "", "Authorization", "Bearer "+c.bearer)
	want := c.wire.take(t)
	if plain.status != http.StatusOK || len(want) != 1 {
		t.Fatalf("%+v, and Odoo was asked %+v", plain, want)
	}
	if !slices.Equal(want[0].get("Cookie"), []string{c.cookie}) || len(want[0].get("Authorization")) > 0 {
		t.Errorf("Odoo was asked with %v", want[0].header)
	}
	check := func(name, how string, got answered) {
		t.Helper()
		if asked := c.wire.take(t); got.status != plain.status || got.body != plain.body || !reflect.DeepEqual(asked, want) {
			t.Errorf("%s, %s: %d %.80s\nOdoo was asked %+v\nwithout it     %+v", name, how, got.status, got.body, asked, want)
		}
	}
	for name, value := range claims {
		for how, spell := range spellings {
			check(name, how, c.ask("GET", recordPath, "", "Authorization", "Bearer "+c.bearer, spell(name), value))
			check(name, how+", empty", c.ask("GET", recordPath, "", "Authorization", "Bearer "+c.bearer, spell(name), ""))
			if name != "Content-Type" { // two of them are no request to make sense of
				check(name, how+", twice", c.ask("GET", recordPath, "", spell(name), value, "Authorization", "Bearer "+c.bearer, spell(name), value))
			}
		}
	}
	// Trailers come with a body only, which a POST has.
	behind := func(name, value string) answered {
		t.Helper()
		const body = `{"ids":[1],"fields":["name"]}`
		all := c.raw(fmt.Sprintf("POST /json/2/res.partner/read HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
			"Trailer: %s\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n%x\r\n%s\r\n0\r\n%s: %s\r\n\r\n", c.addr, c.bearer, name, len(body), body, name, value), 1)
		if len(all) != 1 || all[0].status != http.StatusOK {
			t.Fatalf("%s as a trailer: %+v", name, all)
		}
		return all[0]
	}
	plain = behind("X-Sum", "1")
	if want = c.wire.take(t); len(want) != 1 {
		t.Fatalf("Odoo was asked %+v", want)
	}
	for name, value := range claims {
		check(name, "as a trailer", behind(name, value))
	}
}

// TestA50_OtherSpellingsDoNotPassOn: of what goes on to Odoo untouched, too,
// no header has a name that its server takes for another one's, and none of
// ours is in a trailer.
func TestA50_OtherSpellingsDoNotPassOn(t *testing.T) {
	c := newCrossing(t, site{})
	pass := func(more ...string) message {
		t.Helper()
		c.ask("GET", "/web/login", "", more...)
		asked := c.wire.take(t)
		if len(asked) != 1 {
			t.Fatalf("%v: Odoo was asked %+v", more, asked)
		}
		return asked[0]
	}
	want := pass()
	for name, value := range spoofed(c) {
		for _, how := range []string{"underscores", "one of them", "dots", "as a variable"} {
			if spelt := spellings[how](name); spelt != name {
				if got := pass(spelt, value); !reflect.DeepEqual(got, want) {
					t.Errorf("%s: %s passes on as %+v", spelt, value, got)
				}
			}
		}
		if strings.HasPrefix(name, "X-Forwarded-") && want.get(name) != nil {
			for _, how := range []string{"as it is", "lower case", "upper case"} {
				if got := pass(spellings[how](name), value); !reflect.DeepEqual(got, want) {
					t.Errorf("%s: %s passes on as %+v", name, value, got)
				}
			}
		}
	}
	all := c.raw(fmt.Sprintf("POST /web/login HTTP/1.1\r\nHost: %s\r\nTrailer: X-Sum, X-Key, Cookie\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n"+
		"X-Sum: 42\r\nX-Key: %s\r\nCookie: __Host-odoo_gateway_request=secret\r\n\r\n", c.addr, c.bearer), 1)
	asked := c.wire.take(t)
	if len(all) != 1 || len(asked) != 1 || asked[0].body != "abc" || !slices.Equal(asked[0].trailer, []string{"X-Sum: 42"}) {
		t.Errorf("%+v: Odoo was asked %+v", all, asked)
	}
}

// TestA51_ConnectionTakesNothingAway: a client can not have the proxy behind
// us drop a header that the site, Caddy or the gateway has set.
func TestA51_ConnectionTakesNothingAway(t *testing.T) {
	c := newCrossing(t, site{inSite: "request_header X-Real-Ip {client_ip}"})
	pass := func(lines ...string) message {
		t.Helper()
		more := []string{"Cookie", c.cookie + "; __Host-odoo_gateway_request=secret"}
		for _, line := range lines {
			more = append(more, "Connection", line)
		}
		if got := c.ask("GET", "/web/login", "", more...); got.status >= 500 {
			t.Fatalf("%v: %d %s", lines, got.status, got.body)
		}
		asked := c.wire.take(t)
		if len(asked) != 1 {
			t.Fatalf("%v: Odoo was asked %+v", lines, asked)
		}
		return asked[0]
	}
	want := pass()
	for _, name := range []string{"X-Real-Ip", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"} {
		if len(want.get(name)) != 1 {
			t.Errorf("%s is not among %v: the test proves nothing", name, want.header)
		}
	}
	if !slices.Equal(want.get("Cookie"), []string{c.cookie}) {
		t.Errorf("passed on with %v", want.header)
	}
	for _, name := range []string{"X-Real-Ip", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Cookie", "Host", "Content-Length"} {
		for _, lines := range [][]string{
			{name}, {strings.ToLower(name)}, {strings.ToUpper(name)}, {"close, " + name}, {name + ",close"}, {"keep-alive", name}, {name, name},
			{"\t" + name + " ,"}, {", ," + name}, {"upgrade, " + name}, {"x, y", "z," + strings.ToLower(name)},
		} {
			if got := pass(lines...); !reflect.DeepEqual(got, want) {
				t.Errorf("Connection: %q: passed on as\n%v, without\n%v", lines, got.header, want.header)
			}
		}
	}
	// Nor from what the gateway asks itself.
	plain := c.ask("GET", recordPath, "", "Authorization", "Bearer "+c.bearer)
	asked := c.wire.take(t)
	for _, name := range []string{"Authorization", "Cookie", "X-Real-Ip", "Host", "User-Agent", "Content-Type"} {
		got := c.ask("GET", recordPath, "", "Authorization", "Bearer "+c.bearer, "Connection", name)
		if again := c.wire.take(t); got.status != http.StatusOK || got.body != plain.body || !reflect.DeepEqual(again, asked) {
			t.Errorf("Connection: %s: %d %s, asked %+v", name, got.status, got.body, again)
		}
	}
}
