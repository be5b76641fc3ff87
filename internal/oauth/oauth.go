// Package oauth is the authorization server: it finds out who uses a browser
// by asking Odoo, asks for consent, and issues, refreshes and revokes tokens.
// One flow per file. It shows no login form of its own.
package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/seal"
	"github.com/caddy-odoo/gateway/internal/token"
)

// The paths of the endpoints, below the issuer.
const (
	AuthorizePath   = "/restapi/1.0/common/oauth2/authorize"
	ConsentPath     = "/restapi/1.0/common/oauth2/consent"
	AccessTokenPath = "/restapi/1.0/common/oauth2/access_token"
	RevokePath      = "/restapi/1.0/common/oauth2/revoke"
	IntrospectPath  = "/restapi/1.0/common/oauth2/introspect"
	BasicTokenPath  = "/restapi/1.0/common/basic/access_token"
	JWKSPath        = "/restapi/1.0/common/oauth2/jwks"
	MetadataPath    = "/.well-known/oauth-authorization-server"
)

// UserinfoPath tells whose token it is. It belongs to the API.
const UserinfoPath = "/restapi/1.0/common/oauth2/userinfo"

// Other paths of the same, for clients that look nowhere else: TokenPath of
// AccessTokenPath, MePath of UserinfoPath and OpenIDPath of MetadataPath.
const (
	TokenPath  = "/restapi/1.0/common/oauth2/token"
	MePath     = "/restapi/1.0/me"
	OpenIDPath = "/.well-known/openid-configuration"
)

// ProtectedResourcePath is that of the metadata of the issuer as a protected
// resource; that of each of Resources stands below it (RFC 9728 section 3).
const ProtectedResourcePath = "/.well-known/oauth-protected-resource"

// Used where an application configures no life.
const (
	DefaultCodeExpiry        = 10 * time.Minute
	DefaultAccessTokenExpiry = time.Hour
)

// RefreshGrace is how long a rotated refresh token still yields its child, for
// the client that lost the answer or refreshes twice at once.
const RefreshGrace = time.Minute

// Keys signs and verifies access tokens; *token.Keys is one.
type Keys interface {
	Sign(token.Claims) (string, error)
	Verify(raw string) (token.Claims, error)
	JWKS() []byte
}

// Config configures New. Everything is required unless it says otherwise.
type Config struct {
	// Gateway is the configured name, for the audit trail.
	Gateway string
	// Issuer is the public origin, without path. Every URL is built from it.
	Issuer *url.URL
	// Database is the only Odoo database whose people are known here.
	Database     string
	Applications *application.Registry
	// Scheme finds the model scheme of an application; nil is none.
	Scheme      func(name string) Scheme
	Store       grant.Store
	Seal        *seal.Ring
	Keys        Keys
	People      People
	Connections Connections
	// Fields tells the labels of fields, in that language of Odoo's, to whoever
	// uses a browser with that session id and User-Agent; it may be an
	// odoo.NameSource, too. It may be nil: the consent page then shows
	// technical names.
	Fields func(rt http.RoundTripper, session, userAgent, lang string) odoo.FieldSource
	// Memory survives reloads.
	Memory *Memory
	// Admit is told of every request of a program whose application is known
	// for sure, before anything is done for it. A wait above zero refuses the
	// request for that long. It defaults to admitting everything.
	Admit func(r *http.Request, app *application.Application) (wait time.Duration)
	// Granting is told which of GrantTypes a client that has proven itself asks
	// for; nil is nobody.
	Granting func(ctx context.Context, grantType string)
	// Audit defaults to audit.Discard.
	Audit audit.Recorder
	// UserAgent is that of the calls made for an application with that title;
	// it defaults to connection.UserAgent.
	UserAgent func(title string) string
	// ClientAddr tells the address that the throttle counts; it defaults to
	// the request's peer.
	ClientAddr func(*http.Request) netip.Addr
	// RequestID names a request on error pages and in the audit trail; it
	// defaults to a random id.
	RequestID func(*http.Request) string
	// Logger defaults to none, Now to the system clock.
	Logger *zap.Logger
	Now    clock.Clock
}

// Server is the authorization server of one issuer. It belongs to one
// configuration; all that must outlive it is in its Store and Memory.
type Server struct {
	Config
	issuer string
	origin string
	secure bool
	warned sync.Map // names of applications whose query parameters were noted
	// refusals bounds what refusals leave in the ordinary log.
	refusals *refusalLog
	decoy    application.Secret
}

// New checks the configuration.
func New(c Config) (*Server, error) {
	switch {
	case c.Issuer == nil || c.Issuer.Host == "":
		return nil, errors.New("oauth: issuer is required")
	case c.Issuer.Path != "" && c.Issuer.Path != "/":
		return nil, errors.New("oauth: issuer must have no path")
	case c.Database == "":
		return nil, errors.New("oauth: database is required")
	case c.Applications == nil || c.Scheme == nil || c.Store == nil || c.Seal == nil || c.Keys == nil ||
		c.People == nil || c.Connections == nil || c.Memory == nil:
		return nil, errors.New("oauth: incomplete configuration")
	}
	if c.Audit == nil {
		c.Audit = audit.Discard
	}
	if c.Granting == nil {
		c.Granting = func(context.Context, string) {}
	}
	if c.Admit == nil {
		c.Admit = func(*http.Request, *application.Application) time.Duration { return 0 }
	}
	if c.UserAgent == nil {
		c.UserAgent = connection.UserAgent
	}
	if c.ClientAddr == nil {
		c.ClientAddr = Peer
	}
	if c.RequestID == nil {
		c.RequestID = func(*http.Request) string { return grant.NewID() }
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Now == nil {
		c.Now = clock.System
	}
	s := &Server{Config: c, decoy: decoyOf(c.Applications), refusals: newRefusalLog()}
	s.origin = c.Issuer.Scheme + "://" + c.Issuer.Host
	s.issuer = s.origin
	s.secure = c.Issuer.Scheme == "https"
	return s, nil
}

// Subject is the sub of a person: stable, and not the bare user id, so that
// people of different databases or issuers never look alike.
func Subject(issuer, database string, uid int64) string {
	sum := sha256.Sum256([]byte("sub\x00" + issuer + "\x00" + database + "\x00" + strconv.FormatInt(uid, 10)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Peer is the address of a connection's other end, invalid where it is unknown.
func Peer(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

func scopeString(scope []string) string { return strings.Join(scope, " ") }
