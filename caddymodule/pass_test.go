package caddymodule

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"testing"
)

// variety is an upstream with all that passes through a proxy. What it has
// sent is known before it goes on where next is received from.
func variety(t *testing.T) (addr string, next chan struct{}) {
	t.Helper()
	next = make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			_, _ = fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
		}
	})
	mux.HandleFunc("/hints", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("X-Final", "yes")
		_, _ = io.WriteString(w, "done")
	})
	mux.HandleFunc("/trailers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("X-Sum", "42")
	})
	mux.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, _ := io.Copy(h, r.Body)
		_, _ = fmt.Fprintf(w, "%s %d %x %v", r.Method, n, h.Sum(nil), r.TransferEncoding)
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/gzip", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, "asked for "+r.Header.Get("Accept-Encoding"))
		_ = z.Close()
	})
	mux.HandleFunc("/headers", func(w http.ResponseWriter, r *http.Request) {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			if name != "X-Forwarded-Host" {
				names = append(names, fmt.Sprint(name, r.Header[name]))
			}
		}
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "session_id=changed; Path=/; HttpOnly")
		w.WriteHeader(http.StatusTeapot)
		_, _ = fmt.Fprintln(w, r.Method, r.RequestURI, names)
	})
	mux.HandleFunc("/nothing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	echo := echoServer(t)
	mux.HandleFunc("/websocket", func(w http.ResponseWriter, r *http.Request) {
		// The echo is another server's; here it only has the same address.
		back, err := net.Dial("tcp", echo)
		if err != nil {
			panic(err)
		}
		defer back.Close()
		_ = r.Write(back)
		conn, brw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		go func() { _, _ = io.Copy(back, brw) }()
		_, _ = io.Copy(conn, back)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String(), next
}

// passing are the things to compare, each told in a line.
var passing = map[string]func(c *http.Client, base string, next chan struct{}) (string, error){
	"server-sent events": func(c *http.Client, base string, next chan struct{}) (string, error) {
		res, err := c.Do(passRequest("GET", base+"/events", nil))
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		br, got := bufio.NewReader(res.Body), ""
		for range 3 {
			line, err := br.ReadString('\n') // arrives before the upstream goes on
			if err != nil {
				return got, err
			}
			_, _ = br.ReadString('\n')
			got += line
			next <- struct{}{}
		}
		return got, nil
	},
	"early hints": func(c *http.Client, base string, _ chan struct{}) (string, error) {
		hints := ""
		r := passRequest("GET", base+"/hints", nil)
		r = r.WithContext(httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				hints += fmt.Sprint(code, h["Link"], h["X-Final"])
				return nil
			},
		}))
		line, err := answer(c, r)
		return hints + " " + line, err
	},
	"trailers": func(c *http.Client, base string, _ chan struct{}) (string, error) {
		res, err := c.Do(passRequest("GET", base+"/trailers", nil))
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return fmt.Sprint(string(body), res.Trailer), err
	},
	"chunked upload": func(c *http.Client, base string, _ chan struct{}) (string, error) {
		return answer(c, passRequest("PUT", base+"/upload", struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 1<<20))}))
	},
	"answer cut short": func(c *http.Client, base string, _ chan struct{}) (string, error) {
		res, err := c.Do(passRequest("GET", base+"/cut", nil))
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return fmt.Sprintf("%s, then an error: %v", body, err != nil), nil
	},
	"compressed": func(c *http.Client, base string, _ chan struct{}) (string, error) {
		r := passRequest("GET", base+"/gzip", nil)
		r.Header.Set("Accept-Encoding", "gzip, br")
		return answer(c, r)
	},
	"headers, unusual method": func(c *http.Client, base string, _ chan struct{}) (string, error) {
		r := passRequest("PROPFIND", base+"/headers?a=%2F&b=%zz", nil)
		r.Header["X-Two"] = []string{"1", "2"}
		r.Header.Set("Authorization", "Bearer an-api-key-of-odoo")
		return answer(c, r)
	},
	"head": func(c *http.Client, base string, _ chan struct{}) (string, error) {
		return answer(c, passRequest("HEAD", base+"/hints", nil))
	},
	"no content": func(c *http.Client, base string, _ chan struct{}) (string, error) {
		return answer(c, passRequest("GET", base+"/nothing", nil))
	},
}

// passRequest has a session, so that the gateway looks at the answer's header.
func passRequest(method, target string, body io.Reader) *http.Request {
	r, err := http.NewRequest(method, target, body)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Cookie", "frontend_lang=en_US; session_id=AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEf")
	return r
}

func answer(c *http.Client, r *http.Request) (string, error) {
	res, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return fmt.Sprint(res.StatusCode, res.Header["Content-Encoding"], res.Header["Set-Cookie"], res.Header["X-Final"],
		res.ContentLength, " ", string(body)), err
}

// TestPassThroughIsAsPlainCaddy compares what passes on with what passes
// through plain Caddy, over HTTP/1.1 and HTTP/2.
func TestPassThroughIsAsPlainCaddy(t *testing.T) {
	addr, next := variety(t)
	start := func(plain bool) site {
		a := freeAddrs(t, 2)
		s := site{admin: a[0], addr: a[1], upstream: addr, plain: plain}
		s.global = "servers {\n\t\tprotocols h1 h2c\n\t}"
		newMachine(t, "GODEBUG=http2xconnect=1").start(s.caddyfile(), s.admin)
		return s
	}
	with, without := start(false), start(true)
	clients := map[string]*http.Client{
		"HTTP/1.1": {Transport: &http.Transport{DisableCompression: true}},
		"HTTP/2":   {Transport: overHTTP2()},
	}
	for proto, c := range clients {
		for name, f := range passing {
			t.Run(proto+" "+name, func(t *testing.T) {
				got, err := f(c, "http://"+with.addr, next)
				if err != nil {
					t.Errorf("with the gateway: %v", err)
				}
				want, err := f(c, "http://"+without.addr, next)
				if err != nil {
					t.Errorf("plain Caddy: %v", err)
				}
				if got != want || got == "" {
					t.Errorf("with the gateway: %q\nplain Caddy:      %q", got, want)
				}
			})
		}
	}
	t.Run("HTTP/1.1 WebSocket", func(t *testing.T) {
		for name, s := range map[string]site{"with the gateway": with, "plain Caddy": without} {
			ws, err := dialSocket(s.addr)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for range 3 {
				if state := ws.state(); state != "alive" {
					t.Errorf("%s: %s", name, state)
				}
			}
			ws.Close()
		}
	})
	t.Run("HTTP/2 WebSocket", func(t *testing.T) {
		for name, s := range map[string]site{"with the gateway": with, "plain Caddy": without} {
			if err := echoOverHTTP2(s.addr); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// overHTTP2 speaks HTTP/2 without TLS.
func overHTTP2() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Transport{DisableCompression: true, Protocols: protocols}
}
