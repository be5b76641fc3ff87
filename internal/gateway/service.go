package gateway

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"sync"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/ceiling"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/coalesce"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/console"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/json2"
	"github.com/caddy-odoo/gateway/internal/dialect/orestapi"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
	"github.com/caddy-odoo/gateway/internal/scheme"
	"github.com/caddy-odoo/gateway/internal/seal"
	"github.com/caddy-odoo/gateway/internal/token"
)

// service is a gateway whose store is open.
type service struct {
	gateway      *Gateway
	name         string
	issuer       string
	database     string
	applications *application.Registry
	schemes      map[string]*scheme.Scheme
	described    Described
	store        grant.Store
	seal         *seal.Ring
	keys         *token.Keys
	client       *rpc.Client
	connections  *connection.Manager
	oauth        *oauth.Server
	console      *console.Console // nil is none
	networks     []netip.Prefix   // of the console
	restapi      http.Handler
	orestapi     http.Handler
	json2        http.Handler
	audit        audit.Recorder
	logger       *zap.Logger
	advice       *advice
	now          clock.Clock
	clientAddr   func(*http.Request) netip.Addr
	origins      map[string]bool // of scripts that may ask
	limits       *rateLimits
	userAgents   map[string]string // of the calls for each application
	maxAnswer    int64             // bytes
	reads        *reads
	ceiling      *ceiling.Ceiling
	calls        ceiling.Limits

	fields   *fieldLists
	readable *personCache[bool]
	windows  *personCache[dialect.Window]
	versions *versionCache

	observing sync.Mutex
	observed  bool // the configuration is in the history

	keepalive bool
	// swept is the last authorization whose session was looked at, for the one
	// sweep that goes on at a time.
	swept string
	// removed is the last key removal that was looked at, likewise.
	removed string
	// counting is how far the authorizations were counted, likewise.
	counting tally
	// countingOnce lets one at a time count.
	countingOnce sync.Mutex
}

// newService joins the parts of an opened gateway.
func newService(ctx context.Context, g *Gateway) (*service, error) {
	c := g.config
	backend, err := c.State.Open(ctx)
	if err != nil {
		return nil, err
	}
	s := &service{
		gateway:      g,
		name:         c.Name,
		issuer:       issuerString(c.Issuer),
		database:     c.Database,
		applications: g.applications,
		schemes:      c.Schemes,
		described:    c.Described,
		store:        backend.Store(c.Name),
		seal:         backend.Seal,
		audit:        g.audit,
		logger:       c.Logger,
		advice:       &advice{logger: c.Logger.With(zap.String("gateway", c.Name))},
		now:          c.Now,
		clientAddr:   c.ClientAddr,
		origins:      listedOrigins(c.Applications),
		limits:       c.State.limits,
		userAgents:   make(map[string]string, len(c.Applications)),
		maxAnswer:    c.MaxAnswer,
		reads:        coalesce.New[*sharedAnswer](coalesce.Config{}),
		ceiling:      c.State.ceiling(c.Name),
		calls:        c.Calls,
		fields:       newFieldLists(factsKept, fieldsKept, modelFactsAge, c.Now),
		readable:     newPersonCache[bool](factsKept, modelFactsAge, c.Now),
		windows:      newPersonCache[dialect.Window](factsKept, modelFactsAge, c.Now),
		versions:     &versionCache{now: c.Now},
		keepalive:    c.SessionKeepalive > 0,
	}
	for _, app := range c.Applications {
		s.userAgents[app.Name] = connection.UserAgent(app.Title)
	}
	if c.AuditRetention > 0 {
		s.audit = audit.Tee(s.audit, newKeeper(s.store, c.AuditRetention, c.Now))
	}
	s.keys, err = token.Open(ctx, token.Config{
		Issuer: s.issuer, Audience: s.issuer, Algorithm: c.Algorithm, Store: s.store, Seal: backend.Seal, Now: c.Now,
		Created: func(k token.Key) {
			s.audit.Record(audit.Beside(context.WithoutCancel(ctx)), audit.Event{
				Kind: audit.KeyCreated, Gateway: c.Name, Detail: map[string]string{"kid": k.ID, "algorithm": k.Algorithm},
			})
		},
	})
	if err != nil {
		return nil, fmt.Errorf("gateway %s: %w", c.Name, err)
	}
	s.client = rpc.New(rpc.Config{Issuer: c.Issuer, Database: c.Database, MaxAnswer: c.MaxAnswer, Logger: c.Logger.Named("odoo")})
	s.connections = connection.New(connection.Config{
		Store: s.store, Seal: backend.Seal, Client: s.client, Table: c.State.table, Now: c.Now, Logger: c.Logger.Named("connection"),
		Allow: s.allow, Takes: s.takes, Service: s.serviceAccount, Ended: s.connectionEnded, Keepalive: c.SessionKeepalive,
	})
	s.oauth, err = oauth.New(oauth.Config{
		Gateway: c.Name, Issuer: c.Issuer, Database: c.Database, Applications: g.applications,
		Scheme: s.consentScheme, Store: s.store, Seal: backend.Seal, Keys: s.keys,
		Fields: func(rt http.RoundTripper, session, userAgent, lang string) odoo.FieldSource {
			return labels{client: s.client, rt: rt, session: rpc.Session{ID: session, UserAgent: userAgent}, lang: lang}
		},
		People: people{s.client}, Connections: connections{s.connections}, Memory: c.State.memory, Audit: s.audit, Admit: s.admit, Granting: noteGrant,
		UserAgent: connection.UserAgent, ClientAddr: c.ClientAddr, RequestID: c.RequestID,
		Logger: c.Logger.Named("oauth"), Now: c.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("gateway %s: %w", c.Name, err)
	}
	if c.Console != nil {
		s.networks = c.Console.Networks
		s.console = console.New(console.Config{Gateway: c.Name, Issuer: s.issuer, Group: c.Console.Group, Door: s.oauth, Desk: s.desk})
	}
	s.restapi = restapi.New(restapi.Config{Auth: s, MaxAnswer: c.MaxAnswer})
	s.json2 = json2.New(json2.Config{Auth: s, Database: c.Database})
	s.orestapi = orestapi.New(orestapi.Config{Auth: s, Version: s.version})
	return s, nil
}

// consentScheme finds a model scheme for the consent page.
func (s *service) consentScheme(name string) oauth.Scheme {
	if found := s.schemes[name]; found != nil {
		return found
	}
	return nil
}
