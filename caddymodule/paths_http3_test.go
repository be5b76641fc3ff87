package caddymodule

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/quicvarint"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// What RFC 9114 calls frames and streams by, in sections 7.2 and 6.2.
const (
	frameData     = 0x00
	frameHeaders  = 0x01
	frameSettings = 0x04
	streamControl = 0x00
)

// quicSite is a site with HTTP/3 beside that of a crossing, for the same gateway.
type quicSite struct {
	*crossing
	addr string
	tls  *tls.Config // of its clients
}

// newQUICSite runs both. Of the second, servers are options and body is what comes
// before the proxy.
func newQUICSite(t *testing.T, servers, body string) *quicSite {
	t.Helper()
	s := site{admin: "off", addr: "ADDR", upstream: "UPSTREAM", options: "\n\t\tstore badger DIR/grants"}
	q := &quicSite{addr: freeAddrs(t, 1)[0]}
	s.global = "\n\tservers " + q.addr + " {\n\t\t" + servers + "\n\t}\n\tlog default {\n\t\toutput discard\n\t}\n\tstorage file_system DIR"
	certificate, key := q.certify(t)
	file := s.caddyfile() + "https://" + q.addr + " {\n\ttls " + certificate + " " + key + "\n\t" + body + "\n\treverse_proxy UPSTREAM\n}\n"
	q.crossing = newCrossingOf(t, file)
	return q
}

// certify writes the certificate that net/http/httptest has for such sites.
func (q *quicSite) certify(t *testing.T) (certificate, key string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	own := server.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: own.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	q.tls = &tls.Config{RootCAs: roots, NextProtos: []string{"h3"}, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	return certificate, key
}

// dial connects, and says that it has no settings.
func (q *quicSite) dial(dial func(context.Context, string, *tls.Config, *quic.Config) (*quic.Conn, error)) *quic.Conn {
	q.t.Helper()
	conn, err := dial(q.t.Context(), q.addr, q.tls, &quic.Config{})
	if err != nil {
		q.t.Fatal(err)
	}
	control, err := conn.OpenUniStream()
	if err == nil {
		_, err = control.Write([]byte{streamControl, frameSettings, 0})
	}
	if err != nil {
		q.t.Fatal(err)
	}
	return conn
}

// frames is newer.send, over HTTP/3.
func (q *quicSite) frames(fields [][2]string, body string, trailer ...[2]string) (status int, answer string) {
	q.t.Helper()
	conn := q.dial(quic.DialAddr)
	defer conn.CloseWithError(0, "") //nolint:errcheck // nothing is left to lose
	stream, err := conn.OpenStreamSync(q.t.Context())
	if err != nil {
		q.t.Fatal(err)
	}
	sent := frame(frameHeaders, q.encode(fields))
	if body != "" {
		sent = append(sent, frame(frameData, []byte(body))...)
	}
	if len(trailer) > 0 {
		sent = append(sent, frame(frameHeaders, q.encode(trailer))...)
	}
	if _, err := stream.Write(sent); err == nil { // else it is refused before it was whole
		_ = stream.Close()
	}
	return q.answer(stream)
}

// answer reads one from a stream; its status is 0 where it is not whole.
func (q *quicSite) answer(stream io.Reader) (status int, answer string) {
	q.t.Helper()
	for {
		kind, payload, err := readFrame(stream)
		if errors.Is(err, io.EOF) {
			return status, answer
		}
		if err != nil {
			return 0, ""
		}
		switch kind {
		case frameHeaders:
			next := qpack.NewDecoder().Decode(payload)
			for f, err := next(); err == nil; f, err = next() {
				if f.Name == ":status" {
					if status, err = strconv.Atoi(f.Value); err != nil {
						q.t.Fatal(err)
					}
				}
			}
		case frameData:
			answer += string(payload)
		}
	}
}

func (q *quicSite) encode(fields [][2]string) []byte {
	q.t.Helper()
	var block bytes.Buffer
	encoder := qpack.NewEncoder(&block)
	for _, f := range fields {
		if err := encoder.WriteField(qpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
			q.t.Fatal(err)
		}
	}
	return block.Bytes()
}

func frame(kind uint64, payload []byte) []byte {
	return append(quicvarint.Append(quicvarint.Append(nil, kind), uint64(len(payload))), payload...)
}

// readFrame reads one; io.EOF is the end before it.
func readFrame(r io.Reader) (kind uint64, payload []byte, err error) {
	in := quicvarint.NewReader(r)
	if kind, err = quicvarint.Read(in); err != nil {
		return 0, nil, err
	}
	length, err := quicvarint.Read(in)
	if err != nil || length > 1<<20 {
		return 0, nil, errors.Join(errors.New("half a frame"), err)
	}
	payload = make([]byte, length)
	if _, err = io.ReadFull(in, payload); err != nil {
		return 0, nil, fmt.Errorf("half a frame: %w", err)
	}
	return kind, payload, nil
}

// TestA61_HTTP3IsNotTranslatedIntoMore: see notMore.
func TestA61_HTTP3IsNotTranslatedIntoMore(t *testing.T) {
	q := newQUICSite(t, "protocols h1 h2 h3", "odoo_gateway erp")
	// Of trailers the server tells nobody who has a copy of the request.
	q.notMore(newer{scheme: "https", authority: q.addr, send: q.frames, otherScheme: http.StatusOK})
}

// TestInterfacesOverHTTP3: each answers as over HTTP/1.1, also where a request says
// nothing of a length, as is usual there.
func TestInterfacesOverHTTP3(t *testing.T) {
	q := newQUICSite(t, "protocols h1 h2 h3", "odoo_gateway erp")
	transport := &http3.Transport{TLSClientConfig: q.tls}
	defer transport.Close()
	ask := func(rt http.RoundTripper, base, method, path, kind, body string) (answer string) {
		r, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+q.bearer)
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		if r.ContentLength = -1; body == "" {
			r.Body, r.ContentLength = http.NoBody, 0 // of which HTTP/3 says nothing
		}
		res, err := rt.RoundTrip(r)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		return fmt.Sprintf("%d %s %s", res.StatusCode, res.Header.Get("Content-Type"), text)
	}
	const form, text = "application/x-www-form-urlencoded", "application/json"
	for _, tt := range []struct{ method, path, kind, body, want string }{
		{"GET", recordPath, "", "", "200"},
		{"HEAD", recordPath, "", "", "200"},
		{"GET", recordPath, text, "{}", "400"},
		{"GET", "/restapi/1.0/object/res.partner?domain=[]&fields=['name']", "", "", "200"},
		{"POST", "/restapi/1.0/object/res.partner/check_access_rights", text, `{"operation":"read"}`, "200"},
		{"PUT", "/restapi/1.0/object/res.partner/1", form, "vals={'phone':'1'}", "403"},
		{"DELETE", "/restapi/1.0/object/res.users/1", "", "", "403"},
		{"POST", "/json/2/res.partner/search_read", text, `{"domain":[],"fields":["name"],"limit":2}`, "200"},
		{"POST", "/json/2/res.partner/search_read", text, `{"fields":["phone"]}`, "403"},
		{"GET", oauth.UserinfoPath, "", "", "200"},
		{"POST", oauth.UserinfoPath, "", "", "200"},
		{"GET", oauth.MetadataPath, "", "", "200"},
		{"POST", oauth.AccessTokenPath, form, "grant_type=refresh_token&client_id=wiki&client_secret=top-secret&refresh_token=none", "401"},
		{"POST", oauth.AccessTokenPath, "", "", "401"},
	} {
		plain := ask(http.DefaultTransport, "http://"+q.crossing.addr, tt.method, tt.path, tt.kind, tt.body)
		if over := ask(transport, "https://"+q.addr, tt.method, tt.path, tt.kind, tt.body); over != plain || !strings.HasPrefix(plain, tt.want+" ") {
			t.Errorf("%s %s: over HTTP/3\n%s\nand over HTTP/1.1\n%s", tt.method, tt.path, over, plain)
		}
	}
}

// TestWebSocketOverHTTP3: it passes on to Odoo by an extended CONNECT (RFC 9220), and a
// tunnel does not.
func TestWebSocketOverHTTP3(t *testing.T) {
	q := newQUICSite(t, "protocols h1 h2 h3", "odoo_gateway erp\n\t@echo path /echo\n\treverse_proxy @echo "+echoServer(t))
	conn := q.dial(quic.DialAddr)
	defer conn.CloseWithError(0, "") //nolint:errcheck // nothing is left to lose
	connect := func(protocol string) *quic.Stream {
		stream, err := conn.OpenStreamSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fields := [][2]string{{":method", http.MethodConnect}, {":protocol", protocol}, {":scheme", "https"}, {":authority", q.addr}, {":path", "/echo"}, {"sec-websocket-version", "13"}}
		if _, err := stream.Write(frame(frameHeaders, q.encode(fields))); err != nil {
			t.Fatal(err)
		}
		return stream
	}
	tunnel := connect("connect-udp")
	_ = tunnel.Close()
	if status, _ := q.answer(tunnel); status != http.StatusMethodNotAllowed {
		t.Errorf("a tunnel: status %d", status)
	}
	socket := connect("websocket")
	if kind, payload, err := readFrame(socket); err != nil || kind != frameHeaders {
		t.Fatalf("frame %d %q, %v", kind, payload, err)
	}
	for i := range 3 {
		want := fmt.Sprintf("ping %d", i)
		if _, err := socket.Write(frame(frameData, []byte(want))); err != nil {
			t.Fatal(err)
		}
		if _, got, err := readFrame(socket); err != nil || string(got) != want {
			t.Fatalf("echo %q, %v", got, err)
		}
	}
	// Ended before Caddy is: its word of farewell to an open one and its copying
	// write without a lock between them, which the race detector minds.
	_ = socket.Close()
	if _, _, err := readFrame(socket); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}
