package oauth

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/page"
	"github.com/caddy-odoo/gateway/internal/scheme"
	"github.com/caddy-odoo/gateway/internal/seal"
	"github.com/caddy-odoo/gateway/internal/token"
)

const (
	wikiURI     = "https://wiki.example.com/cb"
	otherURI    = "https://wiki.example.com/other"
	archivedURI = "https://wiki.example.com/archived"
	aloneURI    = "https://wiki.example.com/alone"
	appURI      = "http://127.0.0.1:8123/cb"
	issuer      = "https://erp.example.com"
)

// applications of every kind. Their names are their client ids.
func applications() []application.Application {
	uris := []application.RedirectURI{
		{URI: wikiURI, Active: true}, {URI: otherURI, Active: true}, {URI: archivedURI},
		{URI: aloneURI, Active: true, Individually: true}, {URI: wikiURI + "?a=b", Active: true},
	}
	build := func(name string, change func(*application.Application)) application.Application {
		a := application.Application{
			Name: name, Title: "Team " + name, ClientID: name, Secrets: []application.Secret{application.NewSecret("secret of " + name)},
			RedirectURIs: uris, Scheme: "sales", Active: true, RefreshTokenExpiry: 30 * 24 * time.Hour,
			Connection: application.ConnectionSession,
		}
		if change != nil {
			change(&a)
		}
		return a
	}
	return []application.Application{
		build("wiki", nil),
		build("rival", nil),
		build("archived", func(a *application.Application) { a.Active = false }),
		build("legacy", func(a *application.Application) { a.Compat.Confluence = true }),
		build("odd", func(a *application.Application) { a.Secrets = []application.Secret{application.NewSecret("a:b%+é ")} }),
		build("native", func(a *application.Application) {
			a.Public, a.Secrets = true, nil
			a.RedirectURIs = []application.RedirectURI{{URI: appURI, Active: true}}
		}),
	}
}

// world is an authorization server behind a real listener, with a real store
// and a fake Odoo.
type world struct {
	t       *testing.T
	clock   *clock.Fake
	odoo    *fakeOdoo
	conns   *fakeConnections
	store   *faultyStore
	audit   *audit.Memory
	scheme  *fakeScheme
	config  Config
	mu      sync.Mutex
	server  *Server
	address netip.Addr
	url     string
}

var (
	ring    *seal.Ring
	keyring = &keyStore{}
)

func init() {
	var err error
	if ring, err = seal.NewRing(seal.NewKey()); err != nil {
		panic(err)
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := badgerstore.Open(badgerstore.Options{Dir: t.TempDir(), Seal: ring})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := &world{
		t: t, clock: clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)),
		odoo:   &fakeOdoo{sessions: map[string]Person{}, errs: map[string]error{}, rotate: map[string]string{}, groups: map[string][]int64{}},
		store:  &faultyStore{Store: db.Store("erp"), fail: map[string]error{}},
		audit:  &audit.Memory{},
		scheme: &fakeScheme{digest: "one", scopes: []string{ScopeRead}}, address: netip.MustParseAddr("192.0.2.7"),
	}
	w.conns = &fakeConnections{now: w.clock.Now}
	keys, err := token.Open(t.Context(), token.Config{
		Issuer: issuer, Audience: issuer, Store: keyring, Seal: ring, Now: w.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	base, _ := url.Parse(issuer)
	w.config = Config{
		Gateway: "erp", Issuer: base, Database: "prod",
		Scheme: func(name string) Scheme {
			if name != "sales" {
				return nil
			}
			return w.scheme
		},
		Store: w.store, Seal: ring, Keys: keys, People: w.odoo, Connections: w.conns,
		Memory: NewMemory(w.clock.Now), Audit: w.audit, Now: w.clock.Now,
		ClientAddr: func(*http.Request) netip.Addr { w.mu.Lock(); defer w.mu.Unlock(); return w.address },
	}
	w.reload(applications())
	mux := http.NewServeMux()
	handle := func(path string, serve func(*Server, http.ResponseWriter, *http.Request)) {
		mux.HandleFunc(path, func(rw http.ResponseWriter, r *http.Request) { serve(w.current(), rw, r) })
	}
	rt := http.DefaultTransport // never used: the fakes answer
	handle(AuthorizePath, func(s *Server, rw http.ResponseWriter, r *http.Request) { s.Authorize(rw, r, rt) })
	handle(ConsentPath, func(s *Server, rw http.ResponseWriter, r *http.Request) { s.Consent(rw, r, rt) })
	handle(AuthorizationsPath, func(s *Server, rw http.ResponseWriter, r *http.Request) { s.Authorizations(rw, r, rt) })
	handle(AccessTokenPath, func(s *Server, rw http.ResponseWriter, r *http.Request) { s.AccessToken(rw, r, rt) })
	handle(BasicTokenPath, func(s *Server, rw http.ResponseWriter, r *http.Request) { s.BasicToken(rw, r, rt) })
	handle(RevokePath, (*Server).Revoke)
	handle(IntrospectPath, func(s *Server, rw http.ResponseWriter, r *http.Request) { s.Introspect(rw, r, rt) })
	handle(JWKSPath, (*Server).JWKS)
	handle(MetadataPath, (*Server).Metadata)
	handle(page.LogoPath, (*Server).Logo)
	handle(OrestAuthorizePath, func(s *Server, rw http.ResponseWriter, r *http.Request) { s.OrestAuthorize(rw, r, rt) })
	handle(OrestTokenPath, func(s *Server, rw http.ResponseWriter, r *http.Request) { s.OrestAccessToken(rw, r, rt) })
	handle(OrestStatusPath, (*Server).OrestStatus)
	handle(OrestUserPath, func(s *Server, rw http.ResponseWriter, r *http.Request) { s.OrestUser(rw, r, rt) })
	handle(OrestLinkPath, func(s *Server, rw http.ResponseWriter, r *http.Request) { s.OrestLink(rw, r, rt) })
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	w.url = listener.URL
	w.odoo.sessions["demo-session"] = Person{UID: 6, Login: "demo", Name: "Marc Demo", Database: "prod", Internal: true}
	w.odoo.sessions["admin-session"] = Person{UID: 2, Login: "admin", Name: "Administrator", Database: "prod", Internal: true, System: true}
	w.odoo.sessions["other-session"] = Person{UID: 7, Login: "other", Name: "Other", Database: "prod", Internal: true}
	return w
}

// reload puts another configuration in place.
func (w *world) reload(apps []application.Application) {
	w.t.Helper()
	registry, err := application.NewRegistry(apps)
	if err != nil {
		w.t.Fatal(err)
	}
	config := w.config
	config.Applications = registry
	s, err := New(config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.config, w.server = config, s
}

// change reloads with one application changed.
func (w *world) change(name string, f func(*application.Application)) {
	apps := applications()
	for i := range apps {
		if apps[i].Name == name {
			apps[i].RedirectURIs = slices.Clone(apps[i].RedirectURIs)
			f(&apps[i])
		}
	}
	w.reload(apps)
}

func (w *world) current() *Server {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.server
}

// kinds counts the audit events of a kind.
func (w *world) kinds(k audit.Kind) (n int) {
	for _, kind := range w.audit.Kinds() {
		if kind == k {
			n++
		}
	}
	return n
}

// reply is an answer with its body read.
type reply struct {
	*http.Response
	text string
}

func (r reply) location(t *testing.T) *url.URL {
	t.Helper()
	u, err := url.Parse(r.Header.Get("Location"))
	if err != nil || r.Header.Get("Location") == "" {
		t.Fatalf("status %d, Location %q: %v", r.StatusCode, r.Header.Get("Location"), err)
	}
	return u
}

// do sends a request as it is and follows nothing.
func (w *world) do(r *http.Request) reply {
	w.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	// Where an address may be broken is nothing that people read.
	return reply{resp, strings.ReplaceAll(string(body), "<wbr>", "")}
}

func (w *world) request(method, path, body string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// browser keeps cookies as browsers do.
type browser struct {
	*world
	cookies map[string]string
}

func (w *world) browser(session string) *browser {
	b := &browser{w, map[string]string{}}
	if session != "" {
		b.cookies[sessionCookie] = session
	}
	return b
}

func (b *browser) send(r *http.Request) reply {
	b.t.Helper()
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	r.Header.Set("User-Agent", "Browser/1")
	got := b.do(r)
	for _, c := range got.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return got
}

func (b *browser) get(path string) reply {
	b.t.Helper()
	return b.send(b.request(http.MethodGet, path, ""))
}

func (b *browser) post(path string, form url.Values) reply {
	b.t.Helper()
	r := b.request(http.MethodPost, path, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(r)
}

// query is an authorization request; changes override, "" removes.
func query(changes ...string) url.Values {
	q := url.Values{
		"client_id": {"wiki"}, "redirect_uri": {wikiURI}, "response_type": {"code"},
		"state": {"xyz"}, "scope": {"odoo.read"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			q.Del(changes[i])
		} else {
			q.Set(changes[i], changes[i+1])
		}
	}
	return q
}

func authorizeURL(q url.Values) string { return AuthorizePath + "?" + q.Encode() }

// tokenOf takes the form token out of a consent page.
func (r reply) tokenOf(t *testing.T) string {
	t.Helper()
	_, rest, found := strings.Cut(r.text, `name="token" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	if !found || r.StatusCode != http.StatusOK {
		t.Fatalf("no consent page: %d %s %s", r.StatusCode, r.Header.Get("Location"), r.text)
	}
	return value
}

// code gets a code, with or without a consent page on the way.
func (b *browser) code(q url.Values) string {
	b.t.Helper()
	got := b.get(authorizeURL(q))
	if got.StatusCode == http.StatusOK {
		got = b.post(ConsentPath, url.Values{"token": {got.tokenOf(b.t)}, "decision": {"allow"}})
	}
	code := got.location(b.t).Query().Get("code")
	if code == "" {
		b.t.Fatalf("no code in %s", got.Header.Get("Location"))
	}
	return code
}

// token posts a form to the token endpoint.
func (w *world) token(form url.Values) reply {
	w.t.Helper()
	r := w.request(http.MethodPost, AccessTokenPath, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r)
}

// redeemForm is a code redemption by wiki; changes override, "" removes.
func redeemForm(code string, changes ...string) url.Values {
	return with(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {wikiURI},
		"client_id": {"wiki"}, "client_secret": {"secret of wiki"},
	}, changes...)
}

// refreshForm is a refresh by wiki.
func refreshForm(refresh string, changes ...string) url.Values {
	return with(url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {refresh},
		"client_id": {"wiki"}, "client_secret": {"secret of wiki"},
	}, changes...)
}

func with(form url.Values, changes ...string) url.Values {
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			form.Del(changes[i])
		} else {
			form.Set(changes[i], changes[i+1])
		}
	}
	return form
}

type fakeOdoo struct {
	mu       sync.Mutex
	sessions map[string]Person
	errs     map[string]error
	rotate   map[string]string
	groups   map[string][]int64 // uids of the members
	asked    []string           // User-Agents
}

func (o *fakeOdoo) Who(_ context.Context, _ http.RoundTripper, session, userAgent string) (Person, http.Header, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, userAgent)
	if err := o.errs[session]; err != nil {
		return Person{}, nil, err
	}
	p, ok := o.sessions[session]
	if !ok {
		return Person{}, nil, &odoo.Error{Kind: odoo.SessionExpired, Name: "odoo.http.SessionExpiredException"}
	}
	h := http.Header{}
	current := session
	if next := o.rotate[session]; next != "" {
		o.sessions[next] = p
		current = next
	}
	h.Add("Set-Cookie", "session_id="+current+"; Max-Age=604800; HttpOnly; Path=/")
	return p, h, nil
}

func (o *fakeOdoo) MemberOf(_ context.Context, _ http.RoundTripper, session, userAgent string, p Person, group string) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, userAgent)
	if err := o.errs[group]; err != nil {
		return false, err
	}
	if o.sessions[session] != p {
		return false, &odoo.Error{Kind: odoo.SessionExpired}
	}
	return slices.Contains(o.groups[group], p.UID), nil
}

type fakeConnections struct {
	now      clock.Clock
	mu       sync.Mutex
	err      error
	checked  int
	observed []string
	database error // what Database answers
}

func (c *fakeConnections) Attach(session string, _ grant.Authorization) grant.Connection {
	return grant.Connection{Kind: grant.Session, Sealed: []byte("sealed " + session), Hash: grant.HashToken(session), Since: c.now()}
}

func (c *fakeConnections) Check(_ context.Context, _ http.RoundTripper, _ grant.Authorization, _ string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked++
	return c.err
}

func (c *fakeConnections) ServiceUser(_ context.Context, _ http.RoundTripper, app *application.Application, _ string) (Person, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return Person{}, c.err
	}
	if app.Service == nil {
		return Person{}, &odoo.Error{Kind: odoo.AccessDenied}
	}
	return Person{UID: 9, Login: app.Service.Login, Name: "Robot", Database: "prod", Internal: true}, nil
}

func (c *fakeConnections) Observe(_ context.Context, session string, _ http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.observed = append(c.observed, session)
}

func (c *fakeConnections) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

type fakeScheme struct {
	digest string
	scopes []string
}

func (f *fakeScheme) Words(_ context.Context, _ odoo.FieldSource, scopes []string) []scheme.Statement {
	return []scheme.Statement{
		{Act: scheme.ActRead, Model: "Customer", Fields: scheme.ExtentThese, Names: []string{"Name"}},
		{Act: scheme.ActRun, Model: "within", Names: []string{strings.Join(scopes, " and ")}},
		{Act: scheme.ActPrint, Model: "Order", Names: []string{"sale.report_saleorder"}},
	}
}
func (f *fakeScheme) Digest() string   { return f.digest }
func (f *fakeScheme) Scopes() []string { return f.scopes }

// keyStore keeps one signing key for all tests: making one takes long.
type keyStore struct {
	mu   sync.Mutex
	keys []grant.SigningKey
}

func (k *keyStore) SigningKeys(context.Context) ([]grant.SigningKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys, nil
}

func (k *keyStore) UpdateSigningKeys(_ context.Context, edit func([]grant.SigningKey) ([]grant.SigningKey, error)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	keys, err := edit(slices.Clone(k.keys))
	if err == nil {
		k.keys = keys
	}
	return err
}

// keysOf lists the names of what an answer holds, sorted.
func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func netipAddr(s string) netip.Addr { return netip.MustParseAddr(s) }
