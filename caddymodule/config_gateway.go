package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/ceiling"
	"github.com/caddy-odoo/gateway/internal/gateway"
	"github.com/caddy-odoo/gateway/internal/scheme"
	"github.com/caddy-odoo/gateway/internal/token"
)

// Gateway is an OAuth2 authorization server in front of one Odoo database. It
// is served by the handler of the same name, in the site of its issuer.
//
// In a Caddyfile:
//
//	gateway <name> {
//		issuer   <origin>
//		database <name>
//		signing_algorithm RS256|EdDSA
//		json2    shared|only_ours
//		session_keepalive <duration>|0
//		max_answer <size>
//		odoo_calls <at_once>|off [<wait>]
//		audit_retention <duration>|0
//		admin_console on|off { ... }
//		application         <name> { ... }
//		model_scheme        <name> { ... }
//		model_configuration <name> { ... }
//	}
//
// The last three may stand any number of times.
type Gateway struct {
	// The public origin under which browsers and applications reach this
	// Odoo, such as `https://erp.example.com`: scheme and host, and a port
	// where it is not the usual one, without a path or a slash at the end. It
	// is the `iss` of all tokens, and all URLs are built from it. Required;
	// plain `http` is accepted on loopback only.
	Issuer string `json:"issuer,omitempty"`

	// The name of the Odoo database. People of other databases are unknown
	// here, even where they have the same login. Required.
	Database string `json:"database,omitempty"`

	// What access tokens are signed with: `RS256`, which everybody can verify,
	// or `EdDSA`, whose signatures cost a fraction. After a change, tokens of
	// the other one are accepted until they end. Default: `RS256`.
	SigningAlgorithm string `json:"signing_algorithm,omitempty"`

	// Who answers below `/json/2`, where Odoo 19 has an interface of its own:
	// `shared` answers requests with tokens of this gateway and hands on all
	// others, so that Odoo's own API keys go on working; `only_ours` answers
	// all, so that nobody gets past the model schemes there. Default: `shared`.
	JSON2 string `json:"json2,omitempty"`

	// How long the Odoo sessions that applications live on are kept from
	// idling out after their person last used Odoo in a browser. Up to Odoo 17
	// an application's calls do not extend a session's life, so the gateway
	// does, about once a day or a quarter of the time that Odoo gives a
	// session, whether or not an application asks. 0 leaves sessions to
	// themselves: an application then has to be connected again some days after
	// its person last used Odoo, seven by Odoo's default. Default: `30d`.
	SessionKeepalive *caddy.Duration `json:"session_keepalive,omitempty"`

	// The most bytes that one answer may have, of Odoo to the gateway and of
	// the gateway to an application: records, files and reports. A larger one
	// is an error that says so. Files come from Odoo in base64, so that one may
	// have three quarters of it. An answer is held in memory, some times over
	// while it is worked on. In a Caddyfile with a unit, as in `25MB`; from 1
	// MiB to 1 GiB. Default: 10 MiB.
	MaxAnswer int64 `json:"max_answer,omitempty"`

	// How many calls of Odoo run at once. Default: 8, for which others wait 10
	// seconds.
	OdooCalls *OdooCalls `json:"odoo_calls,omitempty"`

	// How long the audit trail is kept in the store, beside the logger
	// `odoo_gateway.audit`, which gets it in any case, all but refusals that come
	// too fast. Each event keeps the end that it was written with. Refusals and
	// failures are kept as far as they come slowly: of each application 1000 at
	// once and 360 an hour, as many of all strangers together, and of each network
	// of theirs 100 and 30; the rest is counted. At most 10 years; 0 keeps nothing there. Default: `90d`.
	AuditRetention *caddy.Duration `json:"audit_retention,omitempty"`

	// The console for administrators. Default: none.
	AdminConsole *AdminConsole `json:"admin_console,omitempty"`

	// The applications, by name. The name is what grants are kept under: a
	// client id and a secret may change, and a renamed application is a new
	// one. Names consist of letters, digits, `.`, `_` and `-`. Default: none,
	// so that nobody can connect anything.
	Applications map[string]*Application `json:"applications,omitempty"`

	// The model schemes, by name: what applications may reach. Default: one
	// scheme, `default`, with the usual fields of contacts, for reading.
	ModelSchemes map[string]*ModelScheme `json:"model_schemes,omitempty"`

	// The model configurations, by name: one model of Odoo each, and what of it
	// is open. Default: none; only what a model scheme lists has an effect.
	ModelConfigurations map[string]*ModelConfiguration `json:"model_configurations,omitempty"`
}

// The settings of a gateway that are one word of several.
var (
	algorithmWords = []string{token.RS256, token.EdDSA}
	json2Words     = []string{"shared", "only_ours"}
)

// gatewaySettings is a gateway's configuration in internal types.
type gatewaySettings struct {
	issuer       *url.URL
	database     string
	algorithm    string
	onlyOurs     bool // below /json/2
	keepalive    time.Duration
	maxAnswer    int64 // bytes
	calls        ceiling.Limits
	retention    time.Duration
	console      *gateway.Console
	applications []application.Application
	schemes      map[string]*scheme.Scheme
	described    gateway.Described
}

// settings checks the configuration and turns it into internal types.
func (g *Gateway) settings(repl *caddy.Replacer) (gatewaySettings, error) {
	var s gatewaySettings
	var err error
	if s.issuer, err = parseIssuer(g.Issuer); err != nil {
		return s, fmt.Errorf("issuer: %w", err)
	}
	if g.Database == "" {
		return s, errors.New("database: is required")
	}
	s.database = g.Database
	if err := oneOf("signing_algorithm", g.SigningAlgorithm, algorithmWords); err != nil {
		return s, err
	}
	if err := oneOf("json2", g.JSON2, json2Words); err != nil {
		return s, err
	}
	if s.keepalive, err = span(g.SessionKeepalive, defaultSessionKeepalive); err != nil {
		return s, fmt.Errorf("session_keepalive: %w", err)
	}
	if s.retention, err = span(g.AuditRetention, defaultAuditRetention); err != nil {
		return s, fmt.Errorf("audit_retention: %w", err)
	}
	if s.maxAnswer, err = maxAnswer(g.MaxAnswer); err != nil {
		return s, fmt.Errorf("max_answer: %w", err)
	}
	if s.calls, err = g.OdooCalls.limits(); err != nil {
		return s, fmt.Errorf("odoo_calls: %w", err)
	}
	if s.console, err = g.AdminConsole.console(); err != nil {
		return s, fmt.Errorf("admin_console: %w", err)
	}
	s.algorithm, s.onlyOurs = g.SigningAlgorithm, g.JSON2 == "only_ours"
	if s.schemes, s.described, err = g.compileSchemes(repl); err != nil {
		return s, err
	}
	for _, name := range slices.Sorted(maps.Keys(g.Applications)) {
		if !validName(name) {
			return s, fmt.Errorf("application %q: %w", name, errName)
		}
		a, err := g.Applications[name].application(name, repl)
		if err != nil {
			return s, fmt.Errorf("application %s: %w", name, err)
		}
		if a.Scheme == "" && len(g.ModelSchemes) == 0 {
			a.Scheme = defaultScheme
		}
		if a.Scheme == "" {
			return s, fmt.Errorf("application %s: model_scheme: is required", name)
		}
		if _, ok := s.schemes[a.Scheme]; !ok {
			return s, fmt.Errorf("application %s: model_scheme: there is no model scheme %q", name, a.Scheme)
		}
		s.applications = append(s.applications, a)
	}
	// Two applications with one client id are found here, with both names.
	if _, err := application.NewRegistry(s.applications); err != nil {
		return s, err
	}
	return s, nil
}

// config returns the configuration of the gateway itself.
func (s gatewaySettings) config(name string, state *gateway.State, logger *zap.Logger, recorder audit.Recorder) gateway.Config {
	return gateway.Config{
		Name:          name,
		Issuer:        s.issuer,
		Database:      s.database,
		JSON2OnlyOurs: s.onlyOurs,
		Console:       s.console,
		Applications:  s.applications,
		Schemes:       s.schemes,
		Algorithm:     s.algorithm,
		State:         state,
		ClientAddr:    clientAddr,
		RequestID:     requestID,
		Audit:         recorder,
		Logger:        logger,

		SessionKeepalive: s.keepalive,
		MaxAnswer:        s.maxAnswer,
		Calls:            s.calls,
		AuditRetention:   s.retention,
	}
}

const (
	defaultSessionKeepalive = 30 * 24 * time.Hour
	defaultAuditRetention   = 90 * 24 * time.Hour
	maxSpan                 = 10 * 365 * 24 * time.Hour
)

// span is how long something is kept, 0 for not at all.
func span(d *caddy.Duration, otherwise time.Duration) (time.Duration, error) {
	switch {
	case d == nil:
		return otherwise, nil
	case *d < 0:
		return 0, errors.New("is less than nothing")
	case time.Duration(*d) > maxSpan:
		return 0, errors.New("is more than 10 years")
	}
	return time.Duration(*d), nil
}

const (
	defaultMaxAnswer = 10 << 20
	// The gateway itself asks Odoo for the fields of models, which may be some
	// 200 KB.
	leastMaxAnswer = 1 << 20
	mostMaxAnswer  = 1 << 30
)

// maxAnswer is the most bytes of an answer.
func maxAnswer(n int64) (int64, error) {
	switch {
	case n == 0:
		return defaultMaxAnswer, nil
	case n < leastMaxAnswer:
		return 0, errors.New("is less than 1 MiB")
	case n > mostMaxAnswer:
		return 0, errors.New("is more than 1 GiB")
	}
	return n, nil
}

// parseIssuer parses an origin. It is compared as a string by clients, hence
// no variant of it is put right silently.
func parseIssuer(s string) (*url.URL, error) {
	if s == "" {
		return nil, errors.New("is required")
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Hostname() == "" {
		return nil, fmt.Errorf("%q is not an origin such as https://erp.example.com", s)
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%q: the scheme must be https", s)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("%q: plain http is accepted on loopback only", s)
	case u.Path != "":
		return nil, fmt.Errorf("%q: must end after the host, without a path or slash", s)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#"):
		return nil, fmt.Errorf("%q: must have no user, query or fragment", s)
	case u.Host != strings.ToLower(u.Host):
		return nil, fmt.Errorf("%q: must be written in lower case", s)
	}
	return u, nil
}

// loopback tells whether a host name is this machine.
func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

var (
	names   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	errName = errors.New("a name has at most 64 letters, digits, dots, underscores and hyphens")
)

// validName keeps names fit for keys of the store, logs and commands.
func validName(s string) bool { return names.MatchString(s) }
