package caddymodule

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// crossing is a gateway in a real Caddy, with all that it sends to Odoo on
// record byte for byte.
type crossing struct {
	t              *testing.T
	addr           string // of the site
	file           string // the Caddyfile
	bearer, cookie string // an access token, and the session of its person
	wire           *wire
	odoo           *odootest.Server
}

// newCrossing runs a site in this process, over HTTP/1.1 and HTTP/2. Of s, what
// is about the application and the site is taken; every two words of more
// replace the one by the other in the Caddyfile.
func newCrossing(t *testing.T, s site, more ...string) *crossing {
	t.Helper()
	s.admin, s.addr, s.upstream = "off", "ADDR", "UPSTREAM"
	s.options += "\n\t\tstore badger DIR/grants"
	s.global += "\n\tservers {\n\t\tprotocols h1 h2c\n\t}\n\tlog default {\n\t\toutput discard\n\t}\n\tstorage file_system DIR"
	return newCrossingOf(t, s.caddyfile(), more...)
}

// newCrossingOf runs a Caddyfile of any form. When all is replaced, ADDR in it
// is the site's address, PORT the port of that, UPSTREAM Odoo's address, and
// DIR a folder.
func newCrossingOf(t *testing.T, file string, more ...string) *crossing {
	t.Helper()
	odoo := odootest.Start(odootest.Options{Version: 19})
	t.Cleanup(odoo.Close)
	c := &crossing{t: t, odoo: odoo, wire: newWire(t, strings.TrimPrefix(odoo.URL, "http://")), addr: freeAddrs(t, 1)[0]}
	file = strings.NewReplacer(more...).Replace(file)
	c.file = strings.NewReplacer("ADDR", c.addr, "PORT", c.addr[strings.LastIndex(c.addr, ":")+1:], "UPSTREAM", c.wire.addr, "DIR", t.TempDir()).Replace(file)
	c.load()
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	base := "http://" + c.addr
	user, got := connected(t, base)
	if err := read(http.DefaultClient, base, got.Access); err != nil { // what is learnt once is known from here on
		t.Fatal(err)
	}
	c.bearer = got.Access
	at, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range user.client.Jar.Cookies(at) {
		if k.Name == "session_id" {
			c.cookie = "session_id=" + k.Value
		}
	}
	c.wire.take(t)
	return c
}

// load has Caddy run the file.
func (c *crossing) load() {
	c.t.Helper()
	if err := caddy.Load([]byte(mustAdapt(c.t, c.file)), true); err != nil {
		c.t.Fatalf("%v\n%s", err, c.file)
	}
}

// raw writes bytes to a connection of their own and returns all that comes
// back, until the gateway closes it or has given as many answers as are asked
// for.
func (c *crossing) raw(request string, answers int) []answered {
	c.t.Helper()
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, request) }() // the gateway may refuse before it has read all
	return readAnswers(conn, answers)
}

// wire is what stands between the gateway and Odoo, and notes what passes.
type wire struct {
	addr string

	mu      sync.Mutex
	streams []*stream
}

// stream is what one connection has carried.
type stream struct {
	bytes.Buffer
	taken int // requests
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{addr: l.Addr().String()}
	var open sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		open.Wait()
	})
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { w.pass(conn, to) })
		}
	})
	return w
}

func (w *wire) pass(from net.Conn, to string) {
	defer from.Close()
	odoo, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer odoo.Close()
	sent := new(stream)
	w.mu.Lock()
	w.streams = append(w.streams, sent)
	w.mu.Unlock()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(from, odoo)
		from.Close()
	}()
	chunk := make([]byte, 32<<10)
	for {
		n, err := from.Read(chunk)
		w.mu.Lock()
		sent.Write(chunk[:n])
		w.mu.Unlock()
		if _, failed := odoo.Write(chunk[:n]); failed != nil || err != nil {
			break
		}
	}
	odoo.Close()
	<-answered
}

// take returns the requests that have passed since the last time, and fails
// where anybody could read them in two ways.
func (w *wire) take(t *testing.T) []message {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []message
	for _, sent := range w.streams {
		some, err := readStrictly(sent.String())
		if err != nil {
			t.Fatalf("Odoo was sent what can be read in two ways: %v\n%q", err, sent.String())
		}
		all = append(all, some[sent.taken:]...)
		sent.taken = len(some)
	}
	return all
}

// message is one request on the wire.
type message struct {
	line    string // the request line
	header  []string
	body    string
	trailer []string
	cut     bool // it has no end
}

// get returns all lines of a header.
func (m message) get(name string) []string {
	var all []string
	for _, line := range m.header {
		if n, value, _ := strings.Cut(line, ":"); strings.EqualFold(n, name) {
			all = append(all, strings.TrimSpace(value))
		}
	}
	return all
}

// readStrictly splits a stream into requests, and takes nothing that any
// server might take otherwise.
func readStrictly(stream string) ([]message, error) {
	var all []message
	for stream != "" {
		var m message
		head, rest, whole := strings.Cut(stream, "\r\n\r\n")
		lines := strings.Split(head, "\r\n")
		m.line, m.header, stream = lines[0], lines[1:], rest
		if parts := strings.Split(m.line, " "); len(parts) != 3 || strings.Trim(parts[0], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || parts[2] != "HTTP/1.1" || !strings.HasPrefix(parts[1], "/") {
			return all, fmt.Errorf("request line %q", m.line)
		}
		if err := plainHeader(lines); err != nil {
			return all, err
		}
		if !whole {
			m.cut = true
			return append(all, m), nil
		}
		length, coding := m.get("Content-Length"), m.get("Transfer-Encoding")
		var err error
		switch {
		case len(m.get("Host")) != 1 || len(length)+len(coding) > 1:
			return all, fmt.Errorf("header %q", m.header)
		case len(coding) == 1:
			if coding[0] != "chunked" {
				return all, fmt.Errorf("coding %q", coding[0])
			}
			stream, err = m.chunks(stream)
		case len(length) == 1:
			n, bad := strconv.ParseUint(length[0], 10, 31)
			if bad != nil || strings.Trim(length[0], "0123456789") != "" {
				return all, fmt.Errorf("length %q", length[0])
			}
			m.cut = len(stream) < int(n)
			n = min(n, uint64(len(stream)))
			m.body, stream = stream[:n], stream[n:]
		}
		if all = append(all, m); err != nil {
			return all, err
		}
	}
	return all, nil
}

// chunks reads a chunked body and its trailers, and returns what follows.
func (m *message) chunks(stream string) (string, error) {
	for {
		size, rest, whole := strings.Cut(stream, "\r\n")
		if !whole {
			m.cut = true
			return "", nil
		}
		n, err := strconv.ParseUint(size, 16, 31)
		if err != nil || strings.Trim(size, "0123456789abcdef") != "" {
			return rest, fmt.Errorf("chunk size %q", size)
		}
		if n == 0 {
			trailer, after, whole := strings.Cut("\r\n"+rest, "\r\n\r\n")
			if m.cut = !whole; whole && trailer != "" {
				m.trailer = strings.Split(trailer, "\r\n")[1:]
			}
			return after, plainHeader(m.trailer)
		}
		if uint64(len(rest)) < n+2 {
			m.body, m.cut = m.body+rest, true
			return "", nil
		}
		if rest[n:n+2] != "\r\n" {
			return rest, fmt.Errorf("a chunk of %d has no end", n)
		}
		m.body, stream = m.body+rest[:n], rest[n+2:]
	}
}

// plainHeader refuses lines of a header, or a request line before them, that
// are not plain.
func plainHeader(lines []string) error {
	for i, line := range lines {
		name, _, found := strings.Cut(line, ":")
		switch {
		case strings.ContainsAny(line, "\r\n\x00"):
			return fmt.Errorf("a line has an end within: %q", line)
		case i > 0 && (!found || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != ""):
			return fmt.Errorf("header %q", line)
		}
	}
	return nil
}

// TestStrictReading: what smuggling looks like on the wire is seen.
func TestStrictReading(t *testing.T) {
	const good = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: x\r\n\r\n" +
		"PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\nGET /d HTTP/1.1\r\nHost: x\r\n\r\n"
	all, err := readStrictly(good)
	if err != nil || len(all) != 4 || all[0].body != "abc" || all[2].body != "abc" || !slices.Equal(all[2].trailer, []string{"X-Sum: 1"}) || all[3].line != "GET /d HTTP/1.1" {
		t.Errorf("%+v %v", all, err)
	}
	for _, bad := range []string{
		"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
		"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: x\r\nTransfer_Encoding: chunked\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: x\r\nX: a\nY: b\r\n\r\n", "GET /a HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "GET /a HTTP/1.1\r\nHost : x\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "GET http://y/a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nabGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		if all, err := readStrictly(bad); err == nil && len(all) > 0 {
			t.Errorf("%q is taken for %+v", bad, all)
		}
	}
}

// wikiApplication is the application that the tests' people connect, and what
// it may reach.
const wikiApplication = `application wiki {
				client_id wiki
				client_secret top-secret
				redirect_uri ` + callback + `
				model_scheme sales
			}
			model_scheme sales {
				whitelist customer
			}
			model_configuration customer {
				model res.partner
				fields whitelist name
			}`
