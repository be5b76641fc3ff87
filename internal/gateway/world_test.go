package gateway

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/ceiling"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
	"github.com/caddy-odoo/gateway/internal/scheme"
	"github.com/caddy-odoo/gateway/internal/seal"
	"github.com/caddy-odoo/gateway/internal/token"
)

const callback = "https://wiki.example.com/callback"

// world is a gateway in front of a simulated Odoo, behind a real listener.
type world struct {
	t     testing.TB
	clock *clock.Fake
	odoo  *odootest.Server
	gw    *Gateway
	store grant.Store
	db    *badgerstore.DB
	url   string
	apps  []application.Application
	// database is the one configured; "" is Odoo's own.
	database string
	// algorithm is the one configured; "" is the default.
	algorithm string
	// onlyOurs is Config.JSON2OnlyOurs.
	onlyOurs bool
	// keepalive is Config.SessionKeepalive.
	keepalive time.Duration
	// calls is Config.Calls.
	calls ceiling.Limits
	// maxAnswer is Config.MaxAnswer.
	maxAnswer int64
	// console is Config.Console, and described Config.Described.
	console   *Console
	described Described
	// audit is told of all that is in the audit trail.
	audit audit.Memory
	seen  int // of it, by events
	// outcomes are those of the requests that were answered. A test sends one
	// request after another.
	outcomes []Outcome
	servedMu sync.Mutex
	// auditRetention is Config.AuditRetention.
	auditRetention time.Duration
	// between, if set, answers in Odoo's place: the answer that it is given is
	// Odoo's.
	between func(*http.Request, *http.Response) *http.Response
	// model is the one configuration.
	model scheme.Configuration
	// limit is the scheme's; "" is a whitelist.
	limit  scheme.Limit
	logs   *observer.ObservedLogs
	logger *zap.Logger
	state  *State
	ring   *seal.Ring
	// claims are those of the access tokens that the test has signed.
	claims map[string]token.Claims
}

func newWorld(t testing.TB, version int) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewFake(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC))}
	core, logs := observer.New(zap.InfoLevel)
	w.logs, w.logger = logs, zap.New(core)
	w.odoo = odootest.Start(odootest.Options{Version: version, Now: w.clock.Now})
	t.Cleanup(w.odoo.Close)
	ring, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	db, err := badgerstore.Open(badgerstore.Options{Dir: t.TempDir(), Seal: ring, Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w.db = db
	w.store, w.ring, w.claims = db.Store("erp"), ring, map[string]token.Claims{}
	w.state = NewState(StateConfig{Now: w.clock.Now, Open: func(context.Context) (Backend, error) {
		return Backend{Store: db.Store, Seal: ring}, nil
	}})
	w.model = scheme.Configuration{
		Name: "customer", Model: "res.partner", DisplayName: "Customer",
		Limit: scheme.LimitWhitelist, Fields: []string{"name", "email", "country_id"},
	}
	w.apps = []application.Application{testApplication("wiki"), testApplication("other")}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if err := w.gw.ServeHTTP(rw, r, w.upstream()); err != nil {
			t.Errorf("pass: %v", err)
		}
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.state.limits.refused = nobodyWaits{} // nothing is earned while the clock stands
	w.reload()
	return w
}

// reload replaces the gateway by one of the present configuration.
func (w *world) reload() {
	w.t.Helper()
	w.replaceGateway()
	if err := w.gw.Open(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// replaceGateway is reload without opening anything.
func (w *world) replaceGateway() {
	w.t.Helper()
	issuer, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	rules, err := scheme.Compile(scheme.Definition{Name: "sales", Limit: w.limit, Configurations: []scheme.Configuration{w.model}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.gw, err = New(Config{
		Name: "erp", Issuer: issuer, Database: cmp.Or(w.database, w.odoo.Database()), Applications: w.apps, Logger: w.logger,
		Schemes: map[string]*scheme.Scheme{"sales": rules}, Algorithm: w.algorithm, State: w.state, Now: w.clock.Now,
		JSON2OnlyOurs: w.onlyOurs, SessionKeepalive: w.keepalive, MaxAnswer: w.maxAnswer, Calls: w.calls,
		Audit: &w.audit, AuditRetention: w.auditRetention,
		Console: w.console, Described: w.described, Served: func(_ *http.Request, o Outcome) {
			w.servedMu.Lock()
			defer w.servedMu.Unlock()
			w.outcomes = append(w.outcomes, o)
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func testApplication(name string) application.Application {
	return application.Application{
		Name: name, Title: "Team " + name, ClientID: name + "-id", Secrets: []application.Secret{application.NewSecret(name + "-secret")},
		RedirectURIs: []application.RedirectURI{{URI: callback, Active: true}}, Scheme: "sales",
		CodeExpiry: time.Minute, AccessTokenExpiry: time.Hour, Active: true,
	}
}

// connect grants an application what a person's consent would, and returns an
// access token with the authorization.
func (w *world) connect(app, login string) (string, grant.Authorization) {
	w.t.Helper()
	ctx, now := w.t.Context(), w.clock.Now()
	s := w.gw.service.Load()
	uid := w.odoo.UID(login)
	a := grant.Authorization{
		ID: grant.NewID(), Application: app, Subject: oauth.Subject(w.gw.issuer, w.odoo.Database(), uid), Database: w.odoo.Database(),
		UID: uid, Login: login, CreatedAt: now, ConsentedAt: now,
	}
	a.Connection = s.connections.Attach(w.odoo.NewSession(login), a)
	a, err := w.store.Consent(ctx, a)
	if err != nil {
		w.t.Fatal(err)
	}
	code := grant.NewToken()
	err = w.store.IssueCode(ctx, grant.Code{
		Hash: grant.HashToken(code), Authorization: a.ID, Application: app, RedirectURI: callback,
		IssuedAt: now, ExpiresAt: now.Add(time.Minute),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	set, a, err := w.store.RedeemCode(ctx, grant.Redemption{
		Hash: grant.HashToken(code), Application: app, Now: now,
		Check:    func(grant.Code) error { return nil },
		TokenSet: grant.TokenSet{ID: grant.NewID(), FamilyKey: []byte{1}, CreatedAt: now},
		Refresh:  grant.RefreshToken{Hash: grant.HashToken(grant.NewToken()), IssuedAt: now},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.sign(token.Claims{
		Subject: a.Subject, ClientID: app + "-id", TokenSet: set.ID, Authorization: a.ID,
		Scope: []string{scopeRead}, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	}), a
}

// get asks the gateway with a bearer token and returns status, header and the
// JSON answer.
func (w *world) get(path, bearer string, edit ...func(*http.Request)) (int, http.Header, any) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for _, e := range edit {
		e(r)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var body any
	if json.Unmarshal(raw, &body) != nil {
		body = string(raw)
	}
	return resp.StatusCode, resp.Header, body
}

// upstream stands for the rest of a route: a reverse proxy to Odoo.
func (w *world) upstream() Upstream {
	target, err := url.Parse(w.odoo.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	return &testUpstream{target: target, between: w.between}
}

type testUpstream struct {
	target  *url.URL
	between func(*http.Request, *http.Response) *http.Response
}

func (u *testUpstream) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.Host = r.URL.Host
	out.URL.Scheme, out.URL.Host = u.target.Scheme, u.target.Host
	resp, err := http.DefaultTransport.RoundTrip(out)
	if err == nil && u.between != nil {
		resp = u.between(r, resp)
	}
	return resp, err
}

func (u *testUpstream) Browser() http.RoundTripper { return u }

func (u *testUpstream) Pass(w http.ResponseWriter, r *http.Request) error {
	proxy := httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(u.target)
		p.Out.Host = p.In.Host
	}}
	proxy.ServeHTTP(w, r)
	return nil
}

// renew signs a fresh access token for the same grant.
func (w *world) renew(bearer string) string {
	w.t.Helper()
	claims := w.claims[bearer]
	claims.ID, claims.IssuedAt, claims.ExpiresAt = "", w.clock.Now(), w.clock.Now().Add(time.Hour)
	return w.sign(claims)
}

func (w *world) sign(c token.Claims) string {
	w.t.Helper()
	raw, err := w.gw.service.Load().keys.Sign(c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.claims[raw] = c
	return raw
}

// sessionOf opens the session id that an authorization holds.
func sessionOf(t testing.TB, w *world, a grant.Authorization) string {
	t.Helper()
	stored, err := w.store.Authorization(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.ring.Open(stored.Connection.Sealed, stored.Key())
	if err != nil {
		t.Fatal(err)
	}
	return string(id)
}
