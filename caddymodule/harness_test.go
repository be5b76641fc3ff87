package caddymodule

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// globals are the global options of every test: nothing outside the test's
// own folder is touched, and no certificate is asked for.
const globals = `
	admin off
	persist_config off
	auto_https off
	default_bind 127.0.0.1
	storage file_system %s
	log default {
		output discard
	}
`

// runCaddy runs a Caddyfile in this process until the test ends. In it, ADDR
// stands for a free address; the URL of that is returned.
func runCaddy(t *testing.T, options, site string) string {
	t.Helper()
	addr := freeAddrs(t, 1)[0]
	file := "{" + fmt.Sprintf(globals, t.TempDir()) + options + "}\n" + site
	file = strings.ReplaceAll(file, "ADDR", addr)
	if err := caddy.Load([]byte(mustAdapt(t, file)), true); err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	return "http://" + addr
}

// probe is a handler of tests only: it hands the rest of its route to a
// function, as the gateway would.
type probe struct{}

var probeFunc func(w http.ResponseWriter, r *http.Request, up *upstream) error

// probeIssuer is what sub-requests of the probe are for.
var probeIssuer = &url.URL{Scheme: "https", Host: "erp.example.com"}

func (probe) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.gateway_probe", New: func() caddy.Module { return new(probe) }}
}

func (probe) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return probeFunc(w, r, newUpstream(r, next, newDestination(probeIssuer), defaultMaxAnswer, zap.NewNop()))
}

// oddities is a handler of tests only, for what no standard handler does.
type oddities struct {
	Do string `json:"do,omitempty"`
}

func (oddities) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.oddities", New: func() caddy.Module { return new(oddities) }}
}

func (o oddities) ServeHTTP(w http.ResponseWriter, _ *http.Request, _ caddyhttp.Handler) error {
	switch o.Do {
	case "only_hints":
		w.WriteHeader(http.StatusEarlyHints)
	case "switch":
		w.WriteHeader(http.StatusSwitchingProtocols)
	case "panic":
		panic("out of cheese")
	case "error_499":
		return caddyhttp.Error(499, fmt.Errorf("gone"))
	case "error_502":
		return caddyhttp.Error(http.StatusBadGateway, fmt.Errorf("dialling failed"))
	case "gzip":
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "\x1f\x8b")
	}
	return nil
}

// numberLog is a handler of tests only that logs the header X-Number of each
// request, before any other handler.
type numberLog struct{ logger *zap.Logger }

func (numberLog) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.log_number", New: func() caddy.Module { return new(numberLog) }}
}

func (n *numberLog) Provision(ctx caddy.Context) error {
	n.logger = ctx.Logger()
	return nil
}

func (n *numberLog) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	n.logger.Info("request", zap.String("number", r.Header.Get("X-Number")))
	return next.ServeHTTP(w, r)
}

func init() {
	caddy.RegisterModule(numberLog{})
	httpcaddyfile.RegisterHandlerDirective("log_number", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		return new(numberLog), nil
	})
	httpcaddyfile.RegisterDirectiveOrder("log_number", httpcaddyfile.Before, "tracing")
	caddy.RegisterModule(probe{})
	caddy.RegisterModule(oddities{})
	httpcaddyfile.RegisterHandlerDirective("gateway_probe", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		return probe{}, nil
	})
	httpcaddyfile.RegisterDirectiveOrder("gateway_probe", httpcaddyfile.Before, "invoke")
	httpcaddyfile.RegisterHandlerDirective("oddities", func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		h.Next()
		h.NextArg()
		return oddities{Do: h.Val()}, nil
	})
	httpcaddyfile.RegisterDirectiveOrder("oddities", httpcaddyfile.After, "invoke")
}

// throughProbe makes one request to url and runs f in the probe's handler.
func throughProbe(t *testing.T, req *http.Request, f func(r *http.Request, up *upstream)) {
	t.Helper()
	ran := false
	probeFunc = func(_ http.ResponseWriter, r *http.Request, up *upstream) error {
		f(r, up)
		ran = true
		return nil
	}
	res, err := fresh.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if !ran {
		t.Fatal("the request did not reach the probe")
	}
}

// fresh makes a connection for each request, from an address that is not
// 127.0.0.1, so that a peer and the fixed address can be told apart.
var fresh = &http.Transport{
	DisableKeepAlives:  true,
	DisableCompression: true,
	DialContext:        (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext,
}

// seen is what an upstream received.
type seen struct {
	Method, Host, URI, Body string
	Header                  http.Header
}

// echo starts an upstream that answers with what it received.
func echo(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(seen{r.Method, r.Host, r.RequestURI, string(body), r.Header})
	}))
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://")
}

// decodeSeen reads the answer of echo.
func decodeSeen(t *testing.T, res *http.Response) seen {
	t.Helper()
	defer res.Body.Close()
	var s seen
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		t.Fatalf("status %d: %v", res.StatusCode, err)
	}
	return s
}

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	var b io.Reader
	if body != "" {
		b = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
