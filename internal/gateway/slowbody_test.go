package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// What a body may take grows with what has come of it, and ends with it.
func TestPacedBody(t *testing.T) {
	begun := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	var told []time.Time
	b := &pacedBody{
		ReadCloser: io.NopCloser(iotest.OneByteReader(strings.NewReader(strings.Repeat("x", 3*bodyRate)))), begun: begun, patience: bodyPatience,
		until: func(at time.Time) error { told = append(told, at); return nil },
	}
	if n, err := io.Copy(io.Discard, b); n != 3*bodyRate || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if _, err := b.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("behind its end: %v", err)
	}
	last := len(told) - 1
	if last != 3*bodyRate+1 || !told[0].Equal(begun.Add(bodyPatience)) || !told[last-1].Equal(begun.Add(bodyPatience+3*time.Second)) || !told[last].IsZero() {
		t.Errorf("%d deadlines, the first %v, the last %v and %v", len(told), told[0], told[last-1], told[last])
	}
}

// Whoever begins a body and does not go on is answered, and the connection ends.
func TestSlowBodiesEnd(t *testing.T) {
	w := newWorld(t, 19)
	if w.gw.patience != bodyPatience {
		t.Fatalf("a body has %v", w.gw.patience)
	}
	w.gw.patience = 50 * time.Millisecond
	bearer, _ := w.connect("wiki", "demo")
	for _, c := range []struct{ path, header string }{
		{oauth.AccessTokenPath, "Content-Type: application/x-www-form-urlencoded\r\n"},
		{oauth.RevokePath, "Content-Type: application/json\r\n"},
		{oauth.OrestTokenPath, "Content-Type: application/json\r\n"},
		{"/json/2/res.partner/search_read", "Content-Type: application/json\r\nAuthorization: Bearer " + bearer + "\r\n"},
		{"/restapi/1.0/object/res.partner", "Content-Type: application/json\r\nAuthorization: Bearer " + bearer + "\r\n"},
		{"/orestapi/record/name_search", "Content-Type: application/x-www-form-urlencoded\r\nAuthorization: Bearer " + bearer + "\r\n"},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: 1000\r\n\r\nx", c.path, strings.TrimPrefix(w.url, "http://"), c.header)
		br := bufio.NewReader(conn)
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		if res.StatusCode < 400 {
			t.Errorf("%s: %s", c.path, res.Status)
		}
		if _, err := br.ReadByte(); err != io.EOF {
			t.Errorf("%s: the connection goes on: %v", c.path, err)
		}
		conn.Close()
	}
}
