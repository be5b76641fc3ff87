package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

const backgroundApp = "\todoo_gateway {\n\t\tstore badger STORE\n\t\tgateway erp {\n\t\t\tissuer https://erp.example.com\n\t\t\tdatabase prod\n\t\t}\n\t}\n"

// runBackground runs sites, in which PORT stands for a free port of
// 127.0.0.1, beside the gateway erp, and returns the app and that address.
func runBackground(t *testing.T, sites string) (*App, string) {
	t.Helper()
	addr := freeAddrs(t, 1)[0]
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	runCaddy(t, strings.ReplaceAll(backgroundApp, "STORE", t.TempDir()), strings.ReplaceAll(sites, "PORT", port))
	app, err := activeApp()
	if err != nil {
		t.Fatal(err)
	}
	return app, addr
}

// askBackground makes one call that no request stands behind.
func askBackground(ctx context.Context, app *App, path string) (res *http.Response, err error) {
	err = app.withUpstream(ctx, app.gateways["erp"], func(rt http.RoundTripper) (err error) {
		res, err = call(ctx, rt, "POST", path, "body")
		return err
	})
	return res, err
}

func TestCallsWithoutARequest(t *testing.T) {
	const other = "http://other.example.com:PORT {\n\todoo_gateway\n\trespond wrong\n}\n"
	for name, sites := range map[string]string{
		"bare":                 "http://erp.example.com:PORT {\n\todoo_gateway\n\treverse_proxy UPSTREAM\n}",
		"two sites of one":     other + "http://erp.example.com:PORT {\n\todoo_gateway\n\treverse_proxy UPSTREAM\n}",
		"two handlers":         "http://erp.example.com:PORT {\n\todoo_gateway\n\thandle {\n\t\todoo_gateway\n\t\treverse_proxy UPSTREAM\n\t}\n}",
		"within handle":        "http://erp.example.com:PORT {\n\thandle {\n\t\todoo_gateway\n\t\treverse_proxy UPSTREAM\n\t}\n}",
		"matchers see host":    "http://:PORT {\n\t@erp {\n\t\thost erp.example.com\n\t\tprotocol https\n\t}\n\thandle @erp {\n\t\todoo_gateway\n\t\treverse_proxy UPSTREAM\n\t}\n\trespond wrong\n}",
		"start page redirects": "http://erp.example.com:PORT {\n\tredir / /web\n\todoo_gateway\n\tencode\n\treverse_proxy UPSTREAM\n}",
	} {
		t.Run(name, func(t *testing.T) {
			app, _ := runBackground(t, strings.ReplaceAll(sites, "UPSTREAM", echo(t)))
			res, err := askBackground(t.Context(), app, "/web/x?y=1")
			if err != nil {
				t.Fatal(err)
			}
			s := decodeSeen(t, res)
			if s.URI != "/web/x?y=1" || s.Method != "POST" || s.Body != "body" || s.Host != "erp.example.com" {
				t.Errorf("Odoo has seen %+v", s)
			}
			checkHeader(t, "call", s.Header, map[string]string{
				"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "erp.example.com",
			})
		})
	}
}

func TestWhereNoCallCanBeMade(t *testing.T) {
	const bare = "http://erp.example.com:PORT {\n\todoo_gateway\n\treverse_proxy 127.0.0.1:1\n}"
	for name, tt := range map[string]struct{ sites, want string }{
		"no site":         {"", "is served by no site"},
		"not the handler": {"http://erp.example.com:PORT {\n\treverse_proxy 127.0.0.1:1\n}", "is served by no site"},
		"another host":    {"http://other.example.com:PORT {\n\todoo_gateway\n}", "no request for https://erp.example.com gets to odoo_gateway"},
		"a panic before":  {"http://erp.example.com:PORT {\n\troute {\n\t\toddities panic\n\t\todoo_gateway\n\t}\n}", "panic: out of cheese"},
		"a panic after":   {"http://erp.example.com:PORT {\n\todoo_gateway\n\toddities panic\n}", "panic: out of cheese"},
		"nothing after":   {"http://erp.example.com:PORT {\n\todoo_gateway\n}", "is there a reverse_proxy?"},
		"no Odoo":         {bare, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			app, _ := runBackground(t, tt.sites)
			if _, err := askBackground(t.Context(), app, "/"); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	t.Run("the configuration has ended", func(t *testing.T) {
		app, _ := runBackground(t, bare)
		served := app.gateways["erp"]
		server := served.servers()[0]
		if err := caddy.Stop(); err != nil {
			t.Fatal(err)
		}
		if served.used() {
			t.Error("the handler is still registered")
		}
		// As while servers drain: handlers are there, the server runs no more.
		served.handlers = []registered{{&Handler{}, server}}
		if _, err := askBackground(t.Context(), app, "/"); !errors.Is(err, errNoServer) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the caller has gone", func(t *testing.T) {
		app, _ := runBackground(t, bare)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := askBackground(ctx, app, "/"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// What Odoo may answer is the gateway's max_answer, for a call as for a request.
func TestCallWithoutARequestIsCapped(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, defaultMaxAnswer+1))
	}))
	defer srv.Close()
	for setting, fits := range map[string]bool{"": false, "max_answer 10MiB\n": false, "max_answer 11MiB\n": true} {
		addr := freeAddrs(t, 1)[0]
		t.Run(setting, func(t *testing.T) {
			_, port, err := net.SplitHostPort(addr)
			if err != nil {
				t.Fatal(err)
			}
			options := strings.NewReplacer("STORE", t.TempDir(), "database prod\n", "database prod\n"+setting).Replace(backgroundApp)
			runCaddy(t, options, "http://erp.example.com:"+port+" {\n\todoo_gateway\n\treverse_proxy "+srv.Listener.Addr().String()+"\n}")
			app, err := activeApp()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := askBackground(t.Context(), app, "/"); fits != (err == nil) || err != nil && !strings.Contains(err.Error(), "larger than") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A mark that is not of this gateway ends at its handler; a handler that was
// never provisioned can be cleaned up.
func TestMarkOfAnotherGateway(t *testing.T) {
	if err := new(Handler).Cleanup(); err != nil {
		t.Error(err)
	}
	b := &background{served: &served{}, use: func(http.RoundTripper) error {
		t.Error("it was used")
		return nil
	}}
	r := httptest.NewRequest(http.MethodGet, backgroundPath, nil)
	r = caddyhttp.PrepareRequest(r.WithContext(context.WithValue(r.Context(), backgroundKey{}, b)), caddy.NewReplacer(), nil, nil)
	err := (&Handler{served: &served{}}).ServeHTTP(httptest.NewRecorder(), r, caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		t.Error("it was passed on")
		return nil
	}))
	if err != nil || b.reached {
		t.Errorf("reached: %v, %v", b.reached, err)
	}
}

// markSpy tells whether a request carries the mark, before any handler.
type markSpy struct{}

func init() {
	caddy.RegisterModule(markSpy{})
	httpcaddyfile.RegisterHandlerDirective("mark_spy", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		return markSpy{}, nil
	})
	httpcaddyfile.RegisterDirectiveOrder("mark_spy", httpcaddyfile.Before, "tracing")
}

var spied = make(chan bool, 4)

func (markSpy) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.mark_spy", New: func() caddy.Module { return new(markSpy) }}
}

func (markSpy) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	spied <- backgroundOf(r.Context()) != nil
	return next.ServeHTTP(w, r)
}

// TestClientsCanNotForgeTheMark: whatever a request from outside carries, the
// gateway serves it as any other.
func TestClientsCanNotForgeTheMark(t *testing.T) {
	app, addr := runBackground(t, "http://erp.example.com:PORT {\n\tmark_spy\n\todoo_gateway\n\treverse_proxy "+echo(t)+"\n}")
	if _, err := askBackground(t.Context(), app, "/"); err != nil || !<-spied {
		t.Fatalf("the call itself is not marked: %v", err)
	}
	r := request(t, "GET", "http://"+addr+"/.well-known/oauth-authorization-server", "")
	r.Host = "erp.example.com"
	for _, name := range []string{
		"background", "backgroundKey", "X-Background", "Odoo-Gateway-Background", "X-Odoo-Gateway", passedVar, "Odoo_gateway", "Vars", "Mark",
	} {
		r.Header[name] = []string{"true"}
	}
	res, err := fresh.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil || m["issuer"] != "https://erp.example.com" {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
	if <-spied {
		t.Error("a request from outside is marked")
	}
}
