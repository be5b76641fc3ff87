// Package gateway is the whole gateway without Caddy: it routes a request to
// the authorization server, to a dialect or on to Odoo, and joins bearer
// check, rules and connection for the dialects.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/ceiling"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
	"github.com/caddy-odoo/gateway/internal/scheme"
	"github.com/caddy-odoo/gateway/internal/token"
)

// Config configures New.
type Config struct {
	// Name is the configured name: the prefix of its keys in the store.
	Name string
	// Issuer is the public origin, such as https://erp.example.com, without
	// path. All URLs are built from it, never from a request.
	Issuer *url.URL
	// Database is the only Odoo database whose people are known here.
	Database string
	// Applications are the registered clients.
	Applications []application.Application
	// Schemes are the model schemes by name. An application names one.
	Schemes map[string]*scheme.Scheme
	// Described is the configuration as administrators see it.
	Described Described
	// Console is the console for administrators; nil is none.
	Console *Console
	// JSON2OnlyOurs answers everything below /json/2, so that Odoo's own API
	// keys open nothing there.
	JSON2OnlyOurs bool
	// Algorithm is what access tokens are signed with: token.RS256, the
	// default, or token.EdDSA.
	Algorithm string
	// SessionKeepalive is how long a session is kept from idling out after its
	// person last used it in a browser; 0 keeps none.
	SessionKeepalive time.Duration
	// MaxAnswer is the most bytes of an answer, of Odoo's and of the
	// gateway's; 0 is 10 MiB.
	MaxAnswer int64
	// Calls limits the calls to Odoo that run at once: those of applications,
	// and the gateway's own in the name of a browser. What browsers ask Odoo
	// themselves does not count. The zero value is no limit.
	Calls ceiling.Limits
	// AuditRetention is how long the audit trail is kept in the store; 0 keeps
	// none there.
	AuditRetention time.Duration
	// State is shared by all configurations of one store.
	State *State
	// ClientAddr tells the address that throttles count; it defaults to the
	// request's peer.
	ClientAddr func(*http.Request) netip.Addr
	// RequestID names a request on pages and in the audit trail; nil makes
	// one up.
	RequestID func(*http.Request) string
	// Logger may be nil. The audit trail is written to it.
	Logger *zap.Logger
	// Audit is told of all that is in the audit trail, too; nil is nobody.
	Audit audit.Recorder
	// Served is told what has come of each request that the gateway has answered
	// itself, once it is answered; nil is nobody.
	Served func(*http.Request, Outcome)
	// Now defaults to the system clock.
	Now clock.Clock
}

// Console says who may use the console for administrators, and from where.
type Console struct {
	// Group is the XML id of an Odoo group whose members may use it beside those
	// who may change Odoo's settings; "" is none.
	Group string
	// Networks are those from which it can be reached; none are all.
	Networks []netip.Prefix
}

// Described is a configuration as administrators see it.
type Described struct {
	// Schemes are what the Schemes were compiled of, and Configurations all
	// model configurations, by name.
	Schemes        []scheme.Definition
	Configurations []scheme.Configuration
	// Objects are what has a history.
	Objects []administration.Object
	// ChangedBy is who has made the configuration; ByProcess says that it is
	// the user and host of the process that has loaded it.
	ChangedBy string
	ByProcess bool
}

// Gateway serves one issuer. It belongs to one configuration.
type Gateway struct {
	config       Config
	issuer       string
	firstClaim   []byte // see begins
	applications *application.Registry
	audit        audit.Recorder // before the store is open
	patience     time.Duration  // with the body of a request

	opening sync.Mutex
	service atomic.Pointer[service]
}

// New checks the configuration. It opens nothing.
func New(c Config) (*Gateway, error) {
	switch {
	case c.Name == "":
		return nil, errors.New("gateway: name is required")
	case c.Issuer == nil || c.Issuer.Host == "" || c.Issuer.Scheme != "https" && c.Issuer.Scheme != "http":
		return nil, fmt.Errorf("gateway %s: issuer must be an http or https origin", c.Name)
	case strings.Trim(c.Issuer.Path, "/") != "" || c.Issuer.RawQuery != "" || c.Issuer.Fragment != "" || c.Issuer.User != nil:
		return nil, fmt.Errorf("gateway %s: issuer must be an origin alone, such as https://erp.example.com", c.Name)
	case c.Database == "":
		return nil, fmt.Errorf("gateway %s: database is required", c.Name)
	case c.State == nil:
		return nil, fmt.Errorf("gateway %s: no state", c.Name)
	}
	applications, err := application.NewRegistry(c.Applications)
	if err != nil {
		return nil, fmt.Errorf("gateway %s: %w", c.Name, err)
	}
	for _, a := range c.Applications {
		if c.Schemes[a.Scheme] == nil {
			return nil, fmt.Errorf("gateway %s: application %s: there is no model scheme %q", c.Name, a.Name, a.Scheme)
		}
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Audit == nil {
		c.Audit = audit.Discard
	}
	if c.Served == nil {
		c.Served = func(*http.Request, Outcome) {}
	}
	if c.Now == nil {
		c.Now = clock.System
	}
	if c.MaxAnswer == 0 {
		c.MaxAnswer = rpc.DefaultMaxAnswer
	}
	if c.ClientAddr == nil {
		c.ClientAddr = oauth.Peer
	}
	if c.RequestID == nil {
		c.RequestID = func(*http.Request) string { return grant.NewID() }
	}
	return &Gateway{
		config: c, issuer: issuerString(c.Issuer), firstClaim: firstClaim(issuerString(c.Issuer)), applications: applications, patience: bodyPatience,
		audit: audit.Tee(newAuditLog(audit.NewZap(c.Logger, c.Now), c.Now), c.Audit, audit.Slips),
	}, nil
}

// Open opens the store and loads the keys. It may be called any number of
// times; requests call it too, so that the order of starts does not matter.
func (g *Gateway) Open(ctx context.Context) error {
	_, err := g.open(ctx)
	return err
}

// Keys returns the signing keys, for commands that list and rotate them.
func (g *Gateway) Keys(ctx context.Context) (*token.Keys, error) {
	s, err := g.open(ctx)
	if err != nil {
		return nil, err
	}
	return s.keys, nil
}

func (g *Gateway) open(ctx context.Context) (*service, error) {
	if s := g.service.Load(); s != nil {
		return s, nil
	}
	g.opening.Lock()
	defer g.opening.Unlock()
	if s := g.service.Load(); s != nil {
		return s, nil
	}
	s, err := newService(ctx, g)
	if err != nil {
		return nil, err
	}
	g.service.Store(s)
	return s, nil
}

// ServeHTTP serves a request, or hands it on to Odoo: all but what presents one
// of our tokens, which opens nothing there. Its error is that of
// Upstream.Pass; the gateway's own answers are always written. A store that
// can not be opened stops the gateway's own paths only.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request, up Upstream) error {
	if tooEarly(r) {
		sendAgain(w)
		return nil
	}
	ours := g.ours(r)
	if !ours && !g.presentsToken(r) && !isTunnel(r) {
		return g.pass(w, r, up)
	}
	w, r, done := g.watch(w, r)
	defer done()
	g.paced(w, r)
	if !ours {
		g.refuse(w, r)
		return nil
	}
	// The store outlives the request that happens to open it.
	s, err := g.open(context.WithoutCancel(r.Context()))
	if err != nil {
		g.config.Logger.Error("gateway is not open", zap.Error(err))
		unavailable(w, r)
		return nil
	}
	s.serve(w, r, up)
	return nil
}

// refuse answers what goes neither to the gateway's interfaces nor to Odoo.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request) {
	if g.presentsToken(r) {
		audit.Note(r.Context(), "token_at_odoo")
		g.holdUp(r)
		notForTokens(w)
		return
	}
	audit.Note(r.Context(), "tunnel")
	w.Header().Set("Allow", "GET, HEAD, POST")
	writeError(w, http.StatusMethodNotAllowed, "there are no tunnels here")
}

// issuerString is the issuer identifier: scheme and host, no trailing slash.
func issuerString(u *url.URL) string { return u.Scheme + "://" + u.Host }
