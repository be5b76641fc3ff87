package caddymodule

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// newer is a way to a site over a version of HTTP that has fields for what HTTP/1
// has a first line for.
type newer struct {
	scheme, authority string
	// send sends one request field by field as it stands there, and returns the
	// status of its answer, 0 where the stream or the connection was ended instead.
	send func(fields [][2]string, body string, trailer ...[2]string) (status int, answer string)
	// otherScheme is the status for a scheme that there is not, -1 where it is refused,
	// and trailer what passes on of two lines behind a body of which one is a token.
	otherScheme int
	trailer     []string
}

// pseudo are the fields that every request begins with.
func (n newer) pseudo(method, path string) [][2]string {
	return [][2]string{{":method", method}, {":scheme", n.scheme}, {":authority", n.authority}, {":path", path}}
}

// notMore holds that what HTTP/1 has no word for, or has other words for, is
// refused on the way from a newer version, or goes on as one plain request.
func (c *crossing) notMore(n newer) {
	c.t.Helper()
	token := [2]string{"authorization", "Bearer " + c.bearer}
	injected := "x\r\n\r\nPOST /jsonrpc HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + c.bearer + "\r\n\r\n"
	const (
		refused = -1 // by an answer or by the end of the stream
		unsent  = -2 // answered in place of Odoo, whatever the answer
		cut     = -3 // refused, which Odoo's request may come before
	)
	with := func(method, path string, more ...[2]string) [][2]string {
		return append(n.pseudo(method, path), more...)
	}
	for i, r := range []struct {
		name   string
		fields [][2]string
		body   string
		want   int // of the answer, which is Odoo's then
	}{
		{"plain", with("GET", "/web/login"), "", 200},
		{"plain with a token", with("GET", recordPath, token), "", 200},
		{"a line end in a value", with("GET", "/web/login", [2]string{"x-a", injected}), "", refused},
		{"a bare LF in a value", with("GET", "/web/login", [2]string{"x-a", "b\ntransfer-encoding: chunked"}), "", refused},
		{"a NUL in a value", with("GET", "/web/login", [2]string{"x-a", "b\x00c"}), "", refused},
		{"a line end in a name", with("GET", "/web/login", [2]string{"x-a: b\r\ntransfer-encoding", "chunked"}), "", refused},
		{"a colon in a name", with("GET", "/web/login", [2]string{"transfer-encoding: chunked\r\nx", "y"}), "", refused},
		{"a capital in a name", with("GET", "/web/login", [2]string{"Transfer-Encoding", "chunked"}), "", refused},
		{"a blank in a name", with("GET", "/web/login", [2]string{"transfer-encoding ", "chunked"}), "", refused},
		{"an empty name", with("GET", "/web/login", [2]string{"", "chunked"}), "", refused},
		{"a line end in the path", with("GET", "/web/login HTTP/1.1\r\nHost: x\r\n\r\n"+injected), "", refused},
		{"a blank in the path", with("GET", "/web/login HTTP/1.1"), "", http.StatusNotFound},
		{"a line end in the method", [][2]string{{":method", "GET /jsonrpc HTTP/1.1\r\nX: "}, {":scheme", n.scheme}, {":authority", n.authority}, {":path", "/web/login"}}, "", refused},
		{"a blank in the method", [][2]string{{":method", "GET /jsonrpc"}, {":scheme", n.scheme}, {":authority", n.authority}, {":path", "/web/login"}}, "", unsent},
		{"a line end in the authority", [][2]string{{":method", "GET"}, {":scheme", n.scheme}, {":authority", n.authority + "\r\nX: y"}, {":path", "/web/login"}}, "", refused},
		{"a path in the authority", [][2]string{{":method", "GET"}, {":scheme", n.scheme}, {":authority", n.authority + "/jsonrpc?"}, {":path", "/web/login"}}, "", refused},
		{"a line end in the scheme", [][2]string{{":method", "GET"}, {":scheme", "http\r\nX: y"}, {":authority", n.authority}, {":path", "/web/login"}}, "", refused},
		{"another scheme", [][2]string{{":method", "GET"}, {":scheme", "http://evil.example/jsonrpc?"}, {":authority", n.authority}, {":path", "/web/login"}}, "", n.otherScheme},
		{"no path", [][2]string{{":method", "GET"}, {":scheme", n.scheme}, {":authority", n.authority}}, "", refused},
		{"an empty path", with("GET", ""), "", refused},
		{"a path without a slash", with("GET", "web/login"), "", refused},
		{"an absolute path", with("GET", n.scheme+"://"+n.authority+recordPath, token), "", refused},
		{"a star", with("OPTIONS", "*", token), "", unsent},
		{"two paths", append(with("GET", "/web/login"), [2]string{":path", "/jsonrpc"}), "", refused},
		{"two methods", append([][2]string{{":method", "GET"}}, n.pseudo("POST", "/web/login")...), "", refused},
		{"two authorities", append([][2]string{{":authority", "evil.example"}}, n.pseudo("GET", "/web/login")...), "", refused},
		{"a pseudo field behind a header", with("GET", "/web/login", [2]string{"x-a", "b"}, [2]string{":path", "/jsonrpc"}), "", refused},
		{"an unknown pseudo field", append([][2]string{{":evil", "x"}}, n.pseudo("GET", "/web/login")...), "", refused},
		{"a status", append([][2]string{{":status", "200"}}, n.pseudo("GET", "/web/login")...), "", refused},
		{"a protocol without CONNECT", append([][2]string{{":protocol", "websocket"}}, n.pseudo("GET", "/web/login")...), "", refused},
		{"connection", with("GET", "/web/login", [2]string{"connection", "x-forwarded-for"}), "", refused},
		{"keep-alive", with("GET", "/web/login", [2]string{"keep-alive", "x"}), "", refused},
		{"proxy-connection", with("GET", "/web/login", [2]string{"proxy-connection", "close"}), "", refused},
		{"transfer-encoding", with("POST", "/web/login", [2]string{"transfer-encoding", "chunked"}), "0\r\n\r\n" + injected, refused},
		{"upgrade", with("GET", "/web/login", [2]string{"upgrade", "websocket"}), "", refused},
		{"te", with("GET", "/web/login", [2]string{"te", "gzip"}), "", refused},
		{"a length that is too short", with("POST", "/web/login", [2]string{"content-length", "1"}), "{}" + injected, cut},
		{"two lengths", with("POST", "/web/login", [2]string{"content-length", "1"}, [2]string{"content-length", "2"}), "{}", cut},
		{"a length that is none", with("POST", "/web/login", [2]string{"content-length", "+2"}), "{}", cut},
		{"a length under another name", with("POST", "/web/login", [2]string{"content_length", "1"}), "{}", http.StatusBadRequest},
		{"a coding under another name", with("POST", "/web/login", [2]string{"transfer_encoding", "chunked"}), "{}", http.StatusBadRequest},
		{"two tokens", with("GET", recordPath, token, token), "", refused},
		{"a token under another name", with("GET", recordPath, [2]string{"author_ization", token[1]}), "", refused},
		{"a token in pieces of a cookie", with("GET", recordPath, [2]string{"cookie", "authorization=" + c.bearer}), "", refused},
		{"a token at a door of Odoo's", with("POST", "/jsonrpc", token), "{}", refused},
	} {
		mark := fmt.Sprintf("?case=%d", i)
		for at, f := range r.fields {
			if f == [2]string{":path", "/web/login"} {
				r.fields[at][1] += mark
			}
		}
		status, body := n.send(r.fields, r.body)
		asked := slices.DeleteFunc(c.wire.take(c.t), func(m message) bool {
			return m.cut || strings.Contains(m.line, "?case=") && !strings.Contains(m.line, mark+" ") // or late
		})
		switch {
		case r.want < 0 && r.want != cut && len(asked) > 0 || len(asked) > 1 || (r.want == refused || r.want == cut) && (status != 0 && (status < 400 || status > 431)):
			c.t.Errorf("%s: %d %.200s\nOdoo was asked %+v", r.name, status, body, asked)
		case r.want >= 0 && (status != r.want || len(asked) != 1):
			c.t.Errorf("%s: %d %.200s\nOdoo was asked %+v", r.name, status, body, asked)
		}
		for _, m := range asked {
			if strings.Contains(m.line, "jsonrpc") || strings.Contains(fmt.Sprint(m.header), c.bearer) || len(m.get("Content_Length"))+len(m.get("Transfer_Encoding")) > 0 {
				c.t.Errorf("%s: Odoo was asked %+v", r.name, m)
			}
		}
	}
	// A token behind the body goes nowhere either.
	status, _ := n.send(with("POST", "/web/login", [2]string{"trailer", "x-sum, x-key"}), "{}", [2]string{"x-sum", "42"}, [2]string{"x-key", c.bearer})
	if asked := c.wire.take(c.t); status != http.StatusBadRequest || len(asked) != 1 || !slices.Equal(asked[0].trailer, n.trailer) {
		c.t.Errorf("%d: Odoo was asked %+v", status, asked)
	}
}
