package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// call sends a sub-request for an application.
func call(ctx context.Context, up http.RoundTripper, method, path, body string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "https://elsewhere.example"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	return up.RoundTrip(r)
}

func TestSubRequestIsItsOwn(t *testing.T) {
	base := runCaddy(t, "", `http://ADDR {
		gateway_probe
		handle {
			vars touched yes
			rewrite /seen{uri}
			reverse_proxy `+echo(t)+` {
				header_up X-Path {http.request.orig_uri}
			}
		}
	}`)
	req := request(t, "GET", base+"/original?x=1", "")
	req.Header.Set("Cookie", "session_id=original")
	throughProbe(t, req, func(r *http.Request, up *upstream) {
		before := r.Header.Clone()
		res, err := call(r.Context(), up, "POST", "/web/dataset/call_kw?a=%2Fb", "payload")
		if err != nil {
			t.Error(err)
			return
		}
		s := decodeSeen(t, res)
		if s.Method != "POST" || s.Body != "payload" || s.URI != "/seen/web/dataset/call_kw?a=%2Fb" {
			t.Errorf("upstream received %s %s %q", s.Method, s.URI, s.Body)
		}
		if s.Host != "erp.example.com" {
			t.Errorf("host is %q, want the issuer's", s.Host)
		}
		if got := s.Header.Get("X-Path"); got != "/web/dataset/call_kw?a=%2Fb" {
			t.Errorf("placeholders speak of %q, want the sub-request", got)
		}
		if s.Header.Get("Cookie") != "" {
			t.Error("the original request's cookies were sent")
		}
		if caddyhttp.GetVar(r.Context(), "touched") != nil {
			t.Error("a variable set on the sub-request shows in the original request")
		}
		if r.URL.Path != "/original" || fmt.Sprint(r.Header) != fmt.Sprint(before) {
			t.Errorf("the original request has changed: %s %v", r.URL, r.Header)
		}
		repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
		if v, ok := repl.Get("http.reverse_proxy.upstream.address"); ok {
			t.Errorf("the original's replacer knows of the sub-request: %v", v)
		}
		if res.StatusCode != 200 || res.ContentLength <= 0 || res.Request == nil {
			t.Errorf("answer %+v", res)
		}
	})
}

func TestWhoseAddressASubRequestHas(t *testing.T) {
	tests := []struct {
		name, options, ip  string
		wantFor, wantProto string
		wantHost, clientIP string
	}{
		{
			name:    "untrusted peer",
			wantFor: "127.0.0.2", wantProto: "https", wantHost: "erp.example.com", clientIP: "127.0.0.2",
		},
		{
			name:    "trusted peer",
			options: "\tservers {\n\t\ttrusted_proxies static 127.0.0.2\n\t}\n",
			wantFor: "203.0.113.9, 127.0.0.2", wantProto: "gopher", wantHost: "forged.example", clientIP: "203.0.113.9",
		},
		{
			name:    "trusted peer with a header of its own",
			options: "\tservers {\n\t\ttrusted_proxies static 127.0.0.2\n\t\tclient_ip_headers X-Real-Client\n\t}\n",
			wantFor: "203.0.113.9, 127.0.0.2", wantProto: "gopher", wantHost: "forged.example", clientIP: "198.51.100.7",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base := runCaddy(t, tt.options, `http://ADDR {
				gateway_probe
				reverse_proxy `+echo(t)+` {
					header_up X-Client-Ip {client_ip}
				}
			}`)
			req := request(t, "GET", base+"/", "")
			for name, v := range map[string]string{
				"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "forged.example",
				"Forwarded": "for=203.0.113.9", "X-Real-Ip": "203.0.113.9", "X-Real-Client": "198.51.100.7",
				"User-Agent": "Browser/1.0",
			} {
				req.Header.Set(name, v)
			}
			throughProbe(t, req, func(r *http.Request, up *upstream) {
				res, err := call(r.Context(), up.Browser(), "GET", "/", "")
				if err != nil {
					t.Error(err)
					return
				}
				s := decodeSeen(t, res)
				checkHeader(t, "browser", s.Header, map[string]string{
					"X-Forwarded-For": tt.wantFor, "X-Forwarded-Proto": tt.wantProto, "X-Forwarded-Host": tt.wantHost,
					"X-Client-Ip": tt.clientIP, "User-Agent": "Browser/1.0", "Forwarded": "", "X-Real-Ip": "", "X-Real-Client": "",
				})

				// The same, for an application: nothing of the peer is left.
				sub := request(t, "GET", "https://erp.example.com/", "")
				sub.Header.Set("User-Agent", "gateway (Team wiki)")
				sub.Header.Set("X-Forwarded-For", "192.0.2.1")
				if res, err = up.RoundTrip(sub); err != nil {
					t.Error(err)
					return
				}
				s = decodeSeen(t, res)
				checkHeader(t, "application", s.Header, map[string]string{
					"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "erp.example.com",
					"X-Client-Ip": "127.0.0.1", "User-Agent": "gateway (Team wiki)", "X-Real-Client": "",
				})
			})
		})
	}
}

// TestForwardedHeadersOfAnUntrustedPeerEndHere: also where something other
// than reverse_proxy, which would drop them itself, comes next.
func TestM30_ForwardedHeadersOfAnUntrustedPeerEndHere(t *testing.T) {
	const site = `http://ADDR {
		gateway_probe
		respond "{header.X-Forwarded-For}|{header.X-Forwarded-Proto}|{header.X-Forwarded-Host}|{http.vars.odoo_gateway.passed}"
	}`
	for options, want := range map[string]string{
		"": "|||true",
		"\tservers {\n\t\ttrusted_proxies static 127.0.0.2\n\t}\n": "203.0.113.9|gopher|forged.example|true",
	} {
		t.Run(want, func(t *testing.T) {
			req := request(t, "GET", runCaddy(t, options, site), "")
			req.Header.Set("X-Forwarded-For", "203.0.113.9")
			req.Header.Set("X-Forwarded-Proto", "gopher")
			req.Header.Set("X-Forwarded-Host", "forged.example")
			throughProbe(t, req, func(r *http.Request, up *upstream) {
				for who, c := range map[string]struct {
					rt   http.RoundTripper
					want string
				}{"browser": {up.Browser(), want}, "application": {up, "|||true"}} {
					res, err := call(r.Context(), c.rt, "GET", "/", "")
					if err != nil {
						t.Error(err)
						return
					}
					if body, _ := io.ReadAll(res.Body); string(body) != c.want {
						t.Errorf("%s: next sees %s, want %s", who, body, c.want)
					}
				}
			})
		})
	}
}

func checkHeader(t *testing.T, who string, h http.Header, want map[string]string) {
	t.Helper()
	for name, v := range want {
		if got := strings.Join(h[name], "|"); got != v {
			t.Errorf("%s: %s is %q, want %q", who, name, got, v)
		}
	}
}

func TestM30_WhatIsNotSent(t *testing.T) {
	base := runCaddy(t, "", "http://ADDR {\n\tgateway_probe\n\treverse_proxy "+echo(t)+" {\n\t\ttransport http {\n\t\t\tcompression off\n\t\t}\n\t}\n}")
	throughProbe(t, request(t, "GET", base, ""), func(r *http.Request, up *upstream) {
		sub := request(t, "GET", "https://erp.example.com/", "")
		sub.Header = http.Header{
			"Accept-Encoding": {"gzip"}, "Connection": {"X-Secret, close"}, "X-Secret": {"1"}, "Upgrade": {"websocket"},
			"Te": {"trailers"}, "Keep-Alive": {"5"}, "Proxy-Authorization": {"Basic x"}, "Expect": {"100-continue"}, "X-Kept": {"yes"},
		}
		res, err := up.RoundTrip(sub)
		if err != nil {
			t.Error(err)
			return
		}
		s := decodeSeen(t, res)
		for _, name := range []string{"Accept-Encoding", "Connection", "X-Secret", "Upgrade", "Te", "Keep-Alive", "Proxy-Authorization", "Expect"} {
			if v, ok := s.Header[name]; ok {
				t.Errorf("%s was sent: %q", name, v)
			}
		}
		if s.Header.Get("X-Kept") != "yes" {
			t.Error("X-Kept was not sent")
		}
		if sub.Header.Get("Accept-Encoding") == "" {
			t.Error("the caller's own header was changed")
		}
	})
}

// cutter starts an upstream that stops in the middle of its answer.
func cutter(t *testing.T) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"result": [`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://")
}

func TestAnswerCutShortIsAnErrorAlsoInAGoroutine(t *testing.T) {
	base := runCaddy(t, "", "http://ADDR {\n\tgateway_probe\n\treverse_proxy "+cutter(t)+"\n}")
	throughProbe(t, request(t, "GET", base, ""), func(r *http.Request, up *upstream) {
		errs := make(chan error)
		go func() {
			res, err := call(r.Context(), up, "GET", "/", "")
			if err == nil {
				res.Body.Close()
			}
			errs <- err
		}()
		if err := <-errs; !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v, want an unexpected end", err)
		}
	})
}

func TestWhatIsNoAnswer(t *testing.T) {
	tests := []struct {
		name, handler string
		want          string
		cancelled     bool
	}{
		{"nothing comes after", "", "is there a reverse_proxy?", false},
		{"1xx alone", "oddities only_hints", "no answer was written", false},
		{"switching protocols", "oddities switch", "switches protocols", false},
		{"a panic", "oddities panic", "out of cheese", false},
		{"a handler's error", "oddities error_502", "status 502: dialling failed", false},
		{"499 as an answer", "respond 499", "cancelled", true},
		{"499 as an error", "oddities error_499", "cancelled", true},
		{"a content encoding", "oddities gzip", "content encoding", false},
		{"an error of the route", "error nope 403", "status 403: nope", false},
		{"nobody listens", "reverse_proxy 127.0.0.1:1", "connection refused", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base := runCaddy(t, "", "http://ADDR {\n\tgateway_probe\n\t"+tt.handler+"\n}")
			throughProbe(t, request(t, "GET", base, ""), func(r *http.Request, up *upstream) {
				_, err := call(r.Context(), up, "GET", "/", "")
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				if got := errors.Is(err, context.Canceled); got != tt.cancelled {
					t.Errorf("cancelled is %v for %v", got, err)
				}
			})
		})
	}
}

func TestInformationalAnswerIsSkipped(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</x>")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
	}))
	defer srv.Close()
	base := runCaddy(t, "", "http://ADDR {\n\tgateway_probe\n\treverse_proxy "+srv.Listener.Addr().String()+"\n}")
	throughProbe(t, request(t, "GET", base, ""), func(r *http.Request, up *upstream) {
		res, err := call(r.Context(), up, "GET", "/", "")
		if err != nil || res.StatusCode != http.StatusTeapot {
			t.Errorf("got %v, %v", res, err)
		}
	})
}

func TestAnswerIsCapped(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 100 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}))
	defer srv.Close()
	base := runCaddy(t, "", "http://ADDR {\n\tgateway_probe\n\treverse_proxy "+srv.Listener.Addr().String()+"\n}")
	throughProbe(t, request(t, "GET", base, ""), func(r *http.Request, up *upstream) {
		for limit, fits := range map[int64]bool{100 << 10: true, 100<<10 - 1: false, 10: false} {
			up.max = limit
			res, err := call(r.Context(), up, "GET", "/", "")
			switch {
			case fits && (err != nil || res.ContentLength != 100<<10):
				t.Errorf("limit %d: %v", limit, err)
			case !fits && (err == nil || !strings.Contains(err.Error(), "larger than")):
				t.Errorf("limit %d: got %v, %v", limit, res, err)
			case !fits && !tooLarge(err, limit):
				t.Errorf("limit %d: %v does not tell it from an outage", limit, err)
			case !fits && errors.Is(err, context.Canceled):
				t.Errorf("limit %d: the cause is hidden by a cancellation: %v", limit, err)
			}
		}
	})
}

func tooLarge(err error, limit int64) bool {
	large, ok := errors.AsType[*http.MaxBytesError](err)
	return ok && large.Limit == limit
}

func TestTwentySubRequestsAtOnce(t *testing.T) {
	base := runCaddy(t, "", `http://ADDR {
		gateway_probe
		handle /a* {
			vars path a
			reverse_proxy `+echo(t)+`
		}
		handle {
			reverse_proxy `+echo(t)+`
		}
	}`)
	throughProbe(t, request(t, "GET", base, ""), func(r *http.Request, up *upstream) {
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				rt := http.RoundTripper(up)
				if i%2 == 0 {
					rt = up.Browser()
				}
				path := fmt.Sprintf("/%c%d", 'a'+i%3, i)
				res, err := call(r.Context(), rt, "POST", path, path)
				if err != nil {
					t.Error(err)
					return
				}
				if s := decodeSeen(t, res); s.URI != path || s.Body != path {
					t.Errorf("%s got the answer of %s", path, s.URI)
				}
			})
		}
		// The gateway changes the original's header while calls are under way.
		r.Header.Set("User-Agent", "changed")
		r.Header.Del("X-Forwarded-For")
		wg.Wait()
	})
}
