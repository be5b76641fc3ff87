package oauth

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// site is one origin with the authorization server and a simulated Odoo
// behind it, joined by the real client and the real connections.
type site struct {
	*world
	sim    *odootest.Server
	origin *url.URL
}

// realPeople asks the simulated Odoo.
type realPeople struct{ client *rpc.Client }

func (p realPeople) Who(ctx context.Context, rt http.RoundTripper, session, userAgent string) (Person, http.Header, error) {
	info, cookie, err := p.client.Info(ctx, rt, rpc.Session{ID: session, UserAgent: userAgent})
	h := http.Header{}
	if cookie != nil {
		h.Add("Set-Cookie", cookie.String())
	}
	return Person{UID: info.UID, Login: info.Login, Name: info.Name, Database: info.Database, Internal: info.Internal, Version: info.Version}, h, err
}

func (p realPeople) MemberOf(ctx context.Context, rt http.RoundTripper, session, userAgent string, who Person, group string) (bool, error) {
	return p.client.HasGroup(ctx, rt, rpc.Session{ID: session, UserAgent: userAgent}, rpc.Info{UID: who.UID, Version: who.Version}, group)
}

// toOdoo sends the gateway's own calls to the simulated Odoo.
type toOdoo struct{ target *url.URL }

func (o toOdoo) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host, r.URL.Host, r.URL.Scheme = r.URL.Host, o.target.Host, o.target.Scheme
	return http.DefaultTransport.RoundTrip(r)
}

func newSite(t *testing.T, version int, edit ...func(*odootest.Options)) *site {
	t.Helper()
	w := newWorld(t)
	options := odootest.Options{Version: version, Now: w.clock.Now, Direct: true}
	for _, e := range edit {
		e(&options)
	}
	s := &site{world: w, sim: odootest.Start(options)}
	t.Cleanup(s.sim.Close)
	target, _ := url.Parse(s.sim.URL)
	rt := toOdoo{target}
	mux := http.NewServeMux()
	mux.HandleFunc(AuthorizePath, func(rw http.ResponseWriter, r *http.Request) { w.current().Authorize(rw, r, rt) })
	mux.HandleFunc(ConsentPath, func(rw http.ResponseWriter, r *http.Request) { w.current().Consent(rw, r, rt) })
	mux.HandleFunc(StayPath, func(rw http.ResponseWriter, r *http.Request) { w.current().Stay(rw, r, rt) })
	mux.HandleFunc(AuthorizationsPath, func(rw http.ResponseWriter, r *http.Request) { w.current().Authorizations(rw, r, rt) })
	mux.HandleFunc(IntrospectPath, func(rw http.ResponseWriter, r *http.Request) { w.current().Introspect(rw, r, rt) })
	mux.HandleFunc(AccessTokenPath, func(rw http.ResponseWriter, r *http.Request) { w.current().AccessToken(rw, r, rt) })
	mux.Handle("/", &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(target)
		p.Out.Host = p.In.Host
	}})
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	w.url = listener.URL
	s.origin, _ = url.Parse(listener.URL)
	client := rpc.New(rpc.Config{Issuer: s.origin, Database: s.sim.Database()})
	w.config.Issuer, w.config.Database, w.config.People = s.origin, s.sim.Database(), realPeople{client}
	w.config.Connections = realConnections{connection.New(connection.Config{
		Store: w.store, Seal: ring, Client: client, Table: connection.NewTable(w.clock.Now), Now: w.clock.Now,
	})}
	w.reload(applications())
	return s
}

// realConnections is how the gateway acts as people, as in package gateway.
type realConnections struct{ *connection.Manager }

func (c realConnections) ServiceUser(ctx context.Context, rt http.RoundTripper, app *application.Application, userAgent string) (Person, error) {
	u, err := c.Manager.ServiceUser(ctx, rt, app, userAgent)
	return Person{UID: u.UID, Login: u.Login, Name: u.Name, Database: u.Database, Internal: true}, err
}

// person is a browser that follows redirects as long as they stay here.
type person struct {
	*site
	client *http.Client
	seen   []string // paths
}

func (s *site) person() *person {
	jar, _ := cookiejar.New(nil)
	p := &person{site: s}
	p.client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		p.seen = append(p.seen, r.URL.Path)
		if r.URL.Host != s.origin.Host || len(p.seen) > 12 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return p
}

func (p *person) send(method, path, contentType, body string) reply {
	p.t.Helper()
	p.seen = nil
	r := p.request(method, path, body)
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("User-Agent", "Browser/1")
	resp, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if len(p.seen) > 12 {
		p.t.Fatalf("an endless loop: %v", p.seen)
	}
	return reply{resp, string(text)}
}

func (p *person) get(path string) reply { return p.send(http.MethodGet, path, "", "") }

func (p *person) post(path string, form url.Values) reply {
	return p.send(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode())
}

var (
	csrfPattern     = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)
	redirectPattern = regexp.MustCompile(`name="redirect" value="([^"]*)"`)
)

// login fills in Odoo's login form that was shown and returns where it led.
func (p *person) login(form reply, login string) reply {
	p.t.Helper()
	csrf := csrfPattern.FindStringSubmatch(form.text)
	back := redirectPattern.FindStringSubmatch(form.text)
	if csrf == nil || back == nil || form.StatusCode != http.StatusOK {
		p.t.Fatalf("no login form: %d after %v\n%s", form.StatusCode, p.seen, form.text)
	}
	return p.post("/web/login", url.Values{
		"csrf_token": {csrf[1]}, "login": {login}, "password": {login},
		"redirect": {strings.NewReplacer("&amp;", "&", "&#34;", `"`, "&#39;", "'", "&#43;", "+").Replace(back[1])},
	})
}

// authorize goes to the end and returns the code.
func (p *person) authorize(start reply) string {
	p.t.Helper()
	got := start
	if got.StatusCode == http.StatusOK {
		got = p.post(ConsentPath, url.Values{"token": {got.tokenOf(p.t)}, "decision": {"allow"}})
	}
	code := got.location(p.t).Query().Get("code")
	if code == "" {
		p.t.Fatalf("no code: %d %s", got.StatusCode, got.Header.Get("Location"))
	}
	return code
}

func everyVersion(t *testing.T, f func(t *testing.T, s *site)) {
	for version := 16; version <= 20; version++ {
		t.Run(string(rune('0'+version/10))+string(rune('0'+version%10)), func(t *testing.T) { f(t, newSite(t, version)) })
	}
}

func TestWholeWayWithOdoo(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *site) {
		p := s.person()
		q := query("state", "s t+&%2F=é")
		form := p.get(authorizeURL(q))
		consent := p.login(form, "demo")
		if !strings.Contains(consent.text, "Team wiki") {
			t.Fatalf("%d after %v", consent.StatusCode, p.seen)
		}
		sent := p.post(ConsentPath, url.Values{"token": {consent.tokenOf(t)}, "decision": {"allow"}})
		answer := sent.location(t).Query()
		if answer.Get("state") != q.Get("state") || answer.Get("iss") != s.origin.String() {
			t.Errorf("answer %v", answer)
		}
		tokens := s.token(redeemForm(answer.Get("code"))).tokens(t)
		tokens = s.token(refreshForm(tokens.RefreshToken)).tokens(t)

		// The next time is silent, and the person of a portal is refused.
		if got := p.get(authorizeURL(q)); got.location(t).Query().Get("code") == "" {
			t.Errorf("not silent: %d", got.StatusCode)
		}
		portal := s.person()
		if got := portal.login(portal.get(authorizeURL(q)), "portal"); got.StatusCode != http.StatusForbidden {
			t.Errorf("a portal user gets %d", got.StatusCode)
		}

		// An outage loses nothing, an archived user ends it.
		s.sim.SetDown(true)
		s.token(refreshForm(tokens.RefreshToken)).refused(t, 503, "temporarily_unavailable")
		if got := p.get(authorizeURL(q)); got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("authorize during an outage: %d", got.StatusCode)
		}
		s.sim.SetDown(false)
		s.sim.CutNextAnswer()
		s.token(refreshForm(tokens.RefreshToken)).refused(t, 503, "temporarily_unavailable")
		s.clock.Advance(2 * RefreshGrace)
		tokens = s.token(refreshForm(tokens.RefreshToken)).tokens(t)
		s.sim.Archive("demo")
		s.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_grant")
		p.get(authorizeURL(q)) // login form or page, never a code
		if p.seen[len(p.seen)-1] != "/web/login" {
			t.Errorf("an archived user was led to %v", p.seen)
		}
	})
}

// Locked sessions end at a form in which the person can do something, and
// after that the authorization goes on.
func TestLocksWithOdoo(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *site) {
		if s.sim.Version() < 19 {
			return // no locks before
		}
		q := query()
		for name, lock := range map[string]func(string){"identity": s.sim.LockIdentity, "timeout": s.sim.LockTimeout} {
			p := s.person()
			tokens := s.token(redeemForm(p.authorize(p.login(p.get(authorizeURL(q)), "demo")))).tokens(t)
			lock("demo")
			form := p.get(authorizeURL(q))
			if name == "identity" {
				// A lock disconnects nobody.
				tokens = s.token(refreshForm(tokens.RefreshToken)).tokens(t)
				want := map[int]string{19: "/auth-timeout/check-identity", 20: "/web/session/identity"}[s.sim.Version()]
				if form.StatusCode != http.StatusOK || p.seen[len(p.seen)-1] != want {
					t.Fatalf("identity lock: %d after %v", form.StatusCode, p.seen)
				}
				// The person does not confirm, but goes back by hand.
				form = p.get(authorizeURL(q))
			}
			code := p.authorize(p.login(form, "demo"))
			if s.token(redeemForm(code)).StatusCode != http.StatusOK {
				t.Errorf("%s: the code does not work", name)
			}
			// The old tokens work again: the connection has the new session.
			s.token(refreshForm(tokens.RefreshToken)).tokens(t)
		}
	})
}

// Who confirms on Odoo's identity page comes back and goes on.
func TestIdentityPageWithOdoo(t *testing.T) {
	for version, api := range map[int]string{19: "/auth-timeout/session/check-identity", 20: "/web/session/identity/check"} {
		s := newSite(t, version)
		p := s.person()
		p.authorize(p.login(p.get(authorizeURL(query())), "demo"))
		s.sim.LockIdentity("demo")
		p.get(authorizeURL(query()))
		body := `{"jsonrpc":"2.0","method":"call","id":1,"params":{"type":"password","password":"demo"}}`
		if got := p.send(http.MethodPost, api, "application/json", body); got.StatusCode != http.StatusOK || bytes.Contains([]byte(got.text), []byte("error")) {
			t.Fatalf("%d: %d %s", version, got.StatusCode, got.text)
		}
		if p.authorize(p.get(authorizeURL(query()))) == "" {
			t.Errorf("%d: no code", version)
		}
	}
}

// uid 2 of the second database is nobody here.
func TestStagingWithOdoo(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *site) {
		b := s.browser(s.sim.NewSessionIn(odootest.StagingDatabase, "admin"))
		got := b.get(authorizeURL(query()))
		if got.StatusCode != http.StatusForbidden || !strings.Contains(got.text, "another database") {
			t.Errorf("%d %s", got.StatusCode, got.Header.Get("Location"))
		}
	})
}
