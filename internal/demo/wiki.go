// Package demo is a small wiki whose pages show Odoo records: the other side
// of the gateway, for the demo command and the browser tests. It behaves as a
// page full of Confluence macros does and is an honest OAuth2 client: state
// bound to the wiki's own session, codes exchanged by the server, tokens never
// in the browser, refreshed when they end. It knows no Caddy.
package demo

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/clock"
)

// CallbackPath is where the wiki takes authorization codes: the path that the
// Odoo connector for Confluence registers.
const CallbackPath = "/plugins/odoo-connector/callback.action"

// Config configures New.
type Config struct {
	// URL is the wiki's public origin, such as http://localhost:8080.
	URL *url.URL
	// Servers are the Odoo servers of the page menu; the macros ask the first.
	Servers []Server
	// Client makes the requests to the servers. Nil gives one that waits for
	// 20 seconds. It must not follow redirects to other hosts with tokens,
	// which net/http does not.
	Client *http.Client
	// Now defaults to the system clock.
	Now clock.Clock
	// Logger may be nil.
	Logger *zap.Logger
}

// Server is one Odoo behind a gateway, at which the wiki is registered.
type Server struct {
	// Name is the key in URLs and macros, such as "erp".
	Name string
	// Title is what people read.
	Title string
	// URL is the gateway's public origin, which is also Odoo's.
	URL *url.URL
	// ClientID and ClientSecret are what the wiki is registered with; its
	// redirect URI is the wiki's URL with CallbackPath.
	ClientID     string
	ClientSecret string
}

// Wiki serves the pages. It is safe for concurrent use.
type Wiki struct {
	config   Config
	pages    []page
	mux      *http.ServeMux
	sessions *sessions
	header   http.Header // the same for every page
}

// New checks the configuration; it makes no request.
func New(c Config) (*Wiki, error) {
	if c.URL == nil || c.URL.Host == "" {
		return nil, errors.New("demo: url is required")
	}
	if len(c.Servers) == 0 {
		return nil, errors.New("demo: at least one server is required")
	}
	for _, s := range c.Servers {
		if s.Name == "" || s.URL == nil || s.ClientID == "" {
			return nil, fmt.Errorf("demo: server %q: name, url and client_id are required", s.Name)
		}
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 20 * time.Second}
	}
	if c.Now == nil {
		c.Now = clock.System
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	w := &Wiki{config: c, pages: pages(c.Servers[0].Name), mux: http.NewServeMux(), sessions: newSessions(c.Now), header: headers(c.Servers)}
	w.mux.HandleFunc("GET /{$}", w.showFront)
	w.mux.HandleFunc("GET /pages/{page}", w.showPage)
	w.mux.HandleFunc("POST /servers/{server}/authenticate", w.authenticate)
	w.mux.HandleFunc("POST /servers/{server}/disconnect", w.disconnect)
	w.mux.HandleFunc("GET "+CallbackPath, w.callback)
	w.mux.HandleFunc("GET /static/{file}", w.showStatic)
	return w, nil
}

// ServeHTTP implements http.Handler.
func (w *Wiki) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	for name, values := range w.header {
		rw.Header()[name] = values
	}
	w.mux.ServeHTTP(rw, r)
}

// redirectURI is what the wiki is registered with.
func (w *Wiki) redirectURI() string { return w.config.URL.JoinPath(CallbackPath).String() }

// server returns a server by name, or nil.
func (w *Wiki) server(name string) *Server {
	for i := range w.config.Servers {
		if w.config.Servers[i].Name == name {
			return &w.config.Servers[i]
		}
	}
	return nil
}

// headers are the security headers of every answer. Browsers apply form-action
// to the redirects that follow a form too, so the servers' origins are in it.
func headers(servers []Server) http.Header {
	actions := []string{"'self'"}
	for _, s := range servers {
		actions = append(actions, s.URL.Scheme+"://"+s.URL.Host)
	}
	return http.Header{
		"Content-Security-Policy": {"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action " + strings.Join(actions, " ")},
		"Referrer-Policy":         {"no-referrer"},
		"X-Content-Type-Options":  {"nosniff"},
		"Cache-Control":           {"no-store"},
	}
}
