package caddymodule

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// smuggled is a request that the gateway itself never lets pass, because of
// its token: on the wire to Odoo it could only be there by a way around.
const smuggled = "POST /jsonrpc HTTP/1.1\r\nHost: ADDR\r\nAuthorization: Bearer TOKEN\r\nContent-Length: 2\r\n\r\n{}"

// ambiguous are endings of a request's head, and what follows it, that two
// servers may take for bodies of different lengths. refused are those that
// nobody needs to understand.
var ambiguous = []struct {
	name, rest string
	refused    bool
}{
	{"length and chunked, the length counts", "Content-Length: 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, false},
	{"length and chunked, chunked counts", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, false},
	{"chunked and a length", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + smuggled, false},
	{"two lengths", "Content-Length: 2\r\nContent-Length: 200\r\n\r\n{}" + smuggled, true},
	{"two lengths, the second short", "Content-Length: 200\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"the same length twice", "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + smuggled, false},
	{"a list of lengths", "Content-Length: 2, 2\r\n\r\n{}" + smuggled, true},
	{"a list of other lengths", "Content-Length: 2, 200\r\n\r\n{}" + smuggled, true},
	{"a signed length", "Content-Length: +2\r\n\r\n{}" + smuggled, true},
	{"a negative length", "Content-Length: -2\r\n\r\n{}" + smuggled, true},
	{"a length in hex", "Content-Length: 0x2\r\n\r\n{}" + smuggled, true},
	{"a length with a blank", "Content-Length: 2 0\r\n\r\n{}" + smuggled, true},
	{"a length with an underscore", "Content-Length: 2_0\r\n\r\n{}" + smuggled, true},
	{"a length in other digits", "Content-Length: ２\r\n\r\n{}" + smuggled, true},
	{"a huge length", "Content-Length: 99999999999999999999\r\n\r\n{}" + smuggled, true},
	{"no length", "Content-Length:\r\n\r\n{}" + smuggled, true},
	{"a length under another name", "Content_Length: 200\r\nContent-Length: 2\r\n\r\n{}" + smuggled, false},
	{"a length under another name alone", "Content_Length: 200\r\n\r\n" + smuggled, false},
	{"a blank before the colon", "Content-Length : 200\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"a blank before the name", " Content-Length: 200\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"a NUL in the name", "Content-Length\x00: 200\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, true},
	{"chunked, then identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + smuggled, true},
	{"a list of codings", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + smuggled, true},
	{"a list of one", "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n" + smuggled, true},
	{"an unknown coding", "Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"identity", "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"chunked in quotes", "Transfer-Encoding: \"chunked\"\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"chunked behind a vertical tab", "Transfer-Encoding:\x0bchunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"chunked behind a tab", "Transfer-Encoding:\tchunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n" + smuggled, false},
	{"chunked in capitals", "Transfer-Encoding: CHUNKED\r\nContent-Length: 2\r\n\r\n0\r\n\r\n" + smuggled, false},
	{"chunked with the sign of kelvin", "Transfer-Encoding: chun\u212aed\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"chunked in a folded line", "Transfer-Encoding:\r\n chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n" + smuggled, false},
	{"chunked in a fold of another line", "X-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled, false},
	{"chunked under another name", "Transfer_Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled, false},
	{"chunked under a name with a dot", "Transfer.Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled, false},
	{"a blank before the coding's colon", "Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"a bare LF in the head", "X-A: b\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n" + smuggled, false},
	{"a bare LF as the head's end", "Content-Length: 2\n\n{}" + smuggled, false},
	{"a bare CR in the head", "X-A: b\rTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"an extension of a chunk", "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0;c\r\n\r\n" + smuggled, false},
	{"an extension with a bare LF", "Transfer-Encoding: chunked\r\n\r\n2;a\nXX\r\n{}\r\n0\r\n\r\n" + smuggled, false},
	{"an extension with a bare CR", "Transfer-Encoding: chunked\r\n\r\n2;a\rXX\r\n{}\r\n0\r\n\r\n" + smuggled, false},
	{"a chunk's size with a prefix", "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" + smuggled, false},
	{"a chunk's size with a sign", "Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n" + smuggled, false},
	{"a chunk's size with noughts", "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("0", 15) + "2\r\n{}\r\n0\r\n\r\n" + smuggled, false},
	{"a chunk's size that overflows", "Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n" + smuggled, false},
	{"a chunk that is longer than it says", "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n" + smuggled, false},
	{"a chunk without an end", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n" + smuggled, false},
	{"chunks ended by bare LF", "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n" + smuggled, false},
	{"a length in a trailer", "Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n2\r\n{}\r\n0\r\nContent-Length: 200\r\n\r\n" + smuggled, true},
	{"a coding in a trailer", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled, false},
	{"a trailer with a bare LF", "Transfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n2\r\n{}\r\n0\r\nX-A: b\n\n" + smuggled, false},
	{"a body that waits to be asked for", "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}" + smuggled, false},
	{"another expectation", "Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"an expectation in pieces", "Expect: x 100-continue\r\nContent-Length: 2\r\n\r\n{}" + smuggled, false},
	{"an upgrade", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\n{}" + smuggled, false},
	{"an upgrade to HTTP/2", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nContent-Length: 2\r\n\r\n{}" + smuggled, false},
	{"a length that the connection is to drop", "Connection: Content-Length\r\nContent-Length: 2\r\n\r\n{}" + smuggled, false},
	{"a coding that the connection is to drop", "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, false},
	{"two hosts", "Host: evil.example\r\nContent-Length: 2\r\n\r\n{}" + smuggled, true},
	{"a folded host", "X-A: b\r\n Host: evil.example\r\nContent-Length: 2\r\n\r\n{}" + smuggled, false},
}

// TestA61_NothingIsSmuggled: a request that servers could cut in two places is
// refused, or goes on as one that nobody reads in two ways; what is hidden
// behind it never reaches Odoo, and neither its connection nor those that are
// kept to Odoo serve anybody else wrongly.
func TestA61_NothingIsSmuggled(t *testing.T) {
	c := newCrossing(t, site{})
	for _, line := range []string{
		"POST /web/login", "GET /web/login", "DELETE /web/login", "POST /json/2/res.partner/read", "GET /restapi/1.0/object/res.partner/1",
		"POST " + oauthBase + "access_token",
	} {
		for _, a := range ambiguous {
			c.smuggle(line+", "+a.name, line+" HTTP/1.1\r\nHost: ADDR\r\n"+a.rest, a.refused)
		}
	}
	for name, request := range map[string]string{
		"a bare LF after the request line":  "GET /web/login HTTP/1.1\nHost: ADDR\r\n\r\n" + smuggled,
		"an empty line in front":            "\r\n\r\nGET /web/login HTTP/1.1\r\nHost: ADDR\r\n\r\n" + smuggled,
		"HTTP/1.0 with a coding":            "POST /web/login HTTP/1.0\r\nHost: ADDR\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n" + smuggled,
		"HTTP/1.0 that is kept":             "POST /web/login HTTP/1.0\r\nHost: ADDR\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
		"HTTP/0.9":                          "GET /web/login\r\n" + smuggled,
		"HTTP/1.2":                          "POST /web/login HTTP/1.2\r\nHost: ADDR\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
		"HTTP/2.0 in the words of HTTP/1":   "POST /web/login HTTP/2.0\r\nHost: ADDR\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
		"a line of another request":         "GET /web/login HTTP/1.1\r\nHost: ADDR\r\nX: y GET /jsonrpc HTTP/1.1\r\n\r\n" + smuggled,
		"a body behind GET without length":  "GET /web/login HTTP/1.1\r\nHost: ADDR\r\n\r\n" + smuggled,
		"a version with a blank behind":     "GET /web/login HTTP/1.1 \r\nHost: ADDR\r\n\r\n" + smuggled,
		"a target with a blank":             "GET /web/login /x HTTP/1.1\r\nHost: ADDR\r\n\r\n" + smuggled,
		"a target with an encoded line end": "GET /web/login%0d%0aHost:%20x%0d%0a HTTP/1.1\r\nHost: ADDR\r\n\r\n" + smuggled,
		"a query with a line end":           "GET /web/login?a=\r\nHost: ADDR\r\n\r\n" + smuggled,
		"a method with a line end":          "GE\r\nT /web/login HTTP/1.1\r\nHost: ADDR\r\n\r\n" + smuggled,
	} {
		c.smuggle(name, request, false)
	}
}

// smuggle sends a request with another one hidden behind it.
func (c *crossing) smuggle(name, request string, refused bool) {
	t := c.t
	t.Helper()
	got := c.raw(strings.NewReplacer("ADDR", c.addr, "TOKEN", c.bearer).Replace(request), 2)
	if len(got) == 0 {
		t.Errorf("%s: no answer", name)
	}
	if refused && (len(got) != 1 || got[0].status < 400 || got[0].status > 501) {
		t.Errorf("%s is not refused: %+v", name, got)
	}
	for _, m := range c.wire.take(t) {
		if strings.Contains(m.line+fmt.Sprint(m.header, m.trailer), c.bearer) || strings.Contains(m.line, "jsonrpc") {
			t.Errorf("%s: Odoo was sent %s %v", name, m.line, m.header)
		}
		if refused && !m.cut { // one that is cut is refused while it is on its way
			t.Errorf("%s: Odoo was sent %s", name, m.line)
		}
	}
	// What others get by the connections to Odoo that are kept.
	res, err := http.Get("http://" + c.addr + "/web/login?next=" + fmt.Sprint(len(name)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	asked := slices.DeleteFunc(c.wire.take(t), func(m message) bool { return m.cut }) // such a one may come late
	if res.StatusCode != http.StatusOK || len(asked) != 1 || asked[0].line != fmt.Sprintf("GET /web/login?next=%d HTTP/1.1", len(name)) || asked[0].body != "" {
		t.Errorf("%s: the next one gets %s, Odoo was asked %+v", name, res.Status, asked)
	}
	if lines := slices.DeleteFunc(asked, func(m message) bool { return len(m.get("Authorization")) == 0 }); len(lines) > 0 {
		t.Errorf("%s: the next one has %v", name, lines[0].header)
	}
}
