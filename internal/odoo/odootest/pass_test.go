package odootest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// maskedFrame is one frame of a client.
func maskedFrame(opcode byte, payload string) []byte {
	mask := [4]byte{1, 2, 3, 4}
	frame := []byte{0x80 | opcode, 0x80 | byte(len(payload)), mask[0], mask[1], mask[2], mask[3]}
	for i := range len(payload) {
		frame = append(frame, payload[i]^mask[i%4])
	}
	return frame
}

func TestWebSocket(t *testing.T) {
	versions(t, func(t *testing.T, v int) {
		s, _ := startServer(t, Options{Version: v})
		host := strings.TrimPrefix(s.URL, "http://")
		for origin, same := range map[string]bool{s.URL: true, "https://evil.example": false} {
			conn, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			id := s.NewSession("demo")
			fmt.Fprintf(conn, "GET /websocket?version=1 HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: %s\r\nCookie: session_id=%s\r\n\r\n", host, origin, id)
			r := bufio.NewReader(conn)
			res, err := http.ReadResponse(r, nil)
			if err != nil || res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
				t.Fatalf("handshake: %v %+v", err, res)
			}
			if got := (answer{Response: res}).session(); got == "" || (got == id) != same {
				t.Errorf("origin %s: session %q", origin, got)
			}
			if _, err := conn.Write(maskedFrame(1, "hello")); err != nil {
				t.Fatal(err)
			}
			frame := make([]byte, 7)
			if _, err := io.ReadFull(r, frame); err != nil || string(frame) != "\x81\x05hello" {
				t.Errorf("echo %q %v", frame, err)
			}
			if _, err := conn.Write(maskedFrame(8, "")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(r, frame[:2]); err != nil || frame[0] != 0x88 {
				t.Errorf("close %q %v", frame[:2], err)
			}
		}
	})
}

// Close ends open connections, so that a test that forgot one does not hang.
func TestCloseEndsWebSockets(t *testing.T) {
	s := Start(Options{Version: 19})
	host := strings.TrimPrefix(s.URL, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /websocket HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", host)
	r := bufio.NewReader(conn)
	if _, err := http.ReadResponse(r, nil); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := r.ReadByte(); err == nil {
		t.Error("the connection goes on")
	}
}

func TestStream(t *testing.T) {
	s, _ := startServer(t, Options{Version: 19})
	next := s.StepEvents()
	res, err := http.Get(s.URL + "/web/simulated/stream?n=2")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	r := bufio.NewReader(res.Body)
	for i := range 2 {
		var event strings.Builder
		for !strings.HasSuffix(event.String(), "\n\n") {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			event.WriteString(line)
		}
		if event.String() != fmt.Sprintf("id: %d\ndata: event %d\n\n", i, i) {
			t.Errorf("event %q", event.String())
		}
		next() // only now may the second one come
	}
}

func TestDownload(t *testing.T) {
	s, _ := startServer(t, Options{Version: 17})
	const size = 3<<20 + 5
	res, err := http.Get(s.URL + "/web/simulated/download/" + fmt.Sprint(size))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if n != size || res.ContentLength != size || err != nil {
		t.Errorf("%d of %d bytes, %v", n, res.ContentLength, err)
	}
}

// The record page shows what the person may see.
func TestRecordPage(t *testing.T) {
	versions(t, func(t *testing.T, v int) {
		s, _ := startServer(t, Options{Version: v})
		b := loggedIn(t, s, "demo")
		id := must(b.call("res.partner", "create", []any{map[string]any{"name": "Ada <b>", "city": "Ghent"}}, nil))
		path := fmt.Sprintf("/web/simulated/record?model=res.partner&id=%v", id)
		if v >= 18 {
			path = fmt.Sprintf("/odoo/contacts/%v", id)
		}
		if a := b.get(path); a.StatusCode != http.StatusOK || !bytes.Contains(a.body, []byte("Ada &lt;b&gt;")) || !bytes.Contains(a.body, []byte("Ghent")) {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
		if a := loggedIn(t, s, "portal").get(fmt.Sprintf("/web/simulated/record?model=res.partner&id=%v", id)); bytes.Contains(a.body, []byte("Ghent")) {
			t.Errorf("portal sees %s", a.body)
		}
		want := fmt.Sprintf("/web#id=%v&model=res.partner&view_type=form", id)
		if v >= 18 {
			want = fmt.Sprintf("/odoo/res.partner/%v", id)
		}
		if a := b.get(fmt.Sprintf("/mail/view?model=res.partner&res_id=%v", id)); a.Header.Get("Location") != want {
			t.Errorf("mail link: %q", a.Header.Get("Location"))
		}
	})
}

// The whole implicit flow, with a browser's part (fragment to query) by hand.
func TestOAuthLogin(t *testing.T) {
	versions(t, func(t *testing.T, v int) {
		p := StartProvider()
		defer p.Close()
		s, _ := startServer(t, Options{Version: v, Provider: p})
		b := newBrowser(t, s)
		page := reduce(&stage{t: t}, b.get(withRedirect("/web/login", authorize)).body)
		var link string
		for _, l := range page.Links {
			if strings.HasPrefix(l, p.URL) {
				link = l
			}
		}
		if link == "" {
			t.Fatalf("no link to the provider among %q", page.Links)
		}
		form, err := s.Client().Get(link)
		if err != nil {
			t.Fatal(err)
		}
		defer form.Body.Close()
		shown, err := io.ReadAll(form.Body)
		if err != nil {
			t.Fatal(err)
		}
		// The form posts to where it stands, so that the request goes on with it.
		if forms := reduce(&stage{t: t}, shown).Forms; len(forms) != 1 || forms[0].Action != "" {
			t.Fatalf("the provider's forms: %v", forms)
		}
		res, err := s.Client().PostForm(link, url.Values{"login": {"demo"}, "password": {"demo"}})
		if err != nil || res.StatusCode != http.StatusSeeOther {
			t.Fatalf("the provider: %v %+v", err, res)
		}
		back, fragment, _ := strings.Cut(res.Header.Get("Location"), "#")
		path := strings.TrimPrefix(back, s.URL)
		if a := b.get(path); !bytes.Contains(a.body, []byte("l.hash.substring(1)")) {
			t.Errorf("no script at %s: %s", path, a.body)
		}
		if a := b.get(path + "?" + fragment); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != authorize {
			t.Errorf("sign-in: %d %q", a.StatusCode, a.Header.Get("Location"))
		}
		if uid, _ := b.uid(); uid != s.UID("demo") {
			t.Errorf("uid %d", uid)
		}
		p.Deny(true)
		if a := newBrowser(t, s).get(path + "?" + fragment); a.Header.Get("Location") != "/web/login?oauth_error=2" {
			t.Errorf("refused: %q", a.Header.Get("Location"))
		}
		p.Deny(false)
		stranger := "?access_token=" + p.Token("nobody") + "&" + fragment[strings.Index(fragment, "state="):]
		if a := newBrowser(t, s).get(path + stranger); a.Header.Get("Location") != "/web/login?oauth_error=3" {
			t.Errorf("a stranger: %q", a.Header.Get("Location"))
		}
		if a := newBrowser(t, s).get("/web/login?oauth_error=2"); !bytes.Contains(a.body, []byte("Access Denied")) {
			t.Error("the error is not told")
		}
	})
}

func TestTrustedDevice(t *testing.T) {
	s, fake := startServer(t, Options{Version: 19})
	b := newBrowser(t, s)
	next := b.login(TOTPLogin, TOTPPassword, "/x").Header.Get("Location")
	b.post("/web/login/totp", url.Values{"csrf_token": {token(t, b.get(next).body)}, "redirect": {"/x"}, "remember": {"1"},
		"totp_token": {TOTPCode(TOTPSecret, fake.Now())}})
	again := newBrowser(t, s)
	again.cookies["td_id"] = b.cookies["td_id"]
	if a := again.login(TOTPLogin, TOTPPassword, "/x"); a.Header.Get("Location") != "/x" {
		t.Errorf("a trusted device: %q", a.Header.Get("Location"))
	}
	again = newBrowser(t, s)
	again.cookies["td_id"] = "forged"
	if a := again.login(TOTPLogin, TOTPPassword, "/x"); a.Header.Get("Location") == "/x" {
		t.Error("a forged device is trusted")
	}
}
