package oauth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// robot gives wiki a service account, and changes it further.
func (w *world) robot(more ...func(*application.Application)) {
	w.t.Helper()
	w.change("wiki", func(a *application.Application) {
		a.Service = &application.Service{Login: "robot", APIKey: application.Hide("robot's key")}
		for _, f := range more {
			f(a)
		}
	})
}

func serviceForm(changes ...string) url.Values {
	return with(url.Values{"grant_type": {"client_credentials"}, "client_id": {"wiki"}, "client_secret": {"secret of wiki"}}, changes...)
}

// basicToken posts to the endpoint of the original interface.
func (w *world) basicToken(form url.Values) reply {
	w.t.Helper()
	r := w.request(http.MethodPost, BasicTokenPath, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r)
}

func (w *world) active(raw string) bool {
	w.t.Helper()
	var found introspection
	if err := json.Unmarshal([]byte(w.introspect(raw).text), &found); err != nil {
		w.t.Fatal(err)
	}
	return found.Active
}

func TestClientCredentials(t *testing.T) {
	w := newWorld(t)
	w.robot()
	got := w.token(serviceForm())
	a := got.tokens(t)
	var members map[string]any
	_ = json.Unmarshal([]byte(got.text), &members)
	for _, absent := range []string{"refresh_token", "refresh_expires_in"} {
		if _, there := members[absent]; there {
			t.Errorf("the answer has a %s", absent)
		}
	}
	if a.TokenType != "Bearer" || a.ExpiresIn != 3600 || a.Scope != "odoo.read" || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("answer %+v", a)
	}
	claims, err := w.config.Keys.Verify(a.AccessToken)
	if err != nil || claims.Subject != "client:wiki" || claims.ClientID != "wiki" {
		t.Fatalf("claims %+v, %v", claims, err)
	}
	stored := w.authorization(a)
	if stored.Connection.Kind != grant.Service || stored.Login != "robot" || stored.UID != 9 || stored.Application != "wiki" || len(stored.Connection.Sealed) > 0 {
		t.Errorf("authorization %+v", stored)
	}
	if strings.Contains(stored.ConsentDigest, "robot") {
		t.Errorf("the digest is %s", stored.ConsentDigest)
	}
	set, err := w.store.TokenSet(t.Context(), claims.TokenSet)
	if err != nil || !set.ExpiresAt.Equal(w.clock.Now().Add(time.Hour)) {
		t.Errorf("token set %+v, %v", set, err)
	}
	var found introspection
	_ = json.Unmarshal([]byte(w.introspect(a.AccessToken).text), &found)
	if !found.Active || found.Subject != "client:wiki" || found.Username != "robot" || found.Scope != "odoo.read" {
		t.Errorf("introspection %+v", found)
	}
	// The next grant is another token set of the same authorization.
	again := w.token(serviceForm()).tokens(t)
	if w.authorization(again).ID != stored.ID {
		t.Error("another authorization")
	}
	if w.revoke(a.AccessToken).StatusCode != http.StatusOK || w.active(a.AccessToken) || !w.active(again.AccessToken) {
		t.Error("a revocation does not end its own token set, and that alone")
	}
	if w.kinds(audit.ServiceTokenIssued) != 2 || w.kinds(audit.Consent) != 0 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
}

func TestClientCredentialsRefused(t *testing.T) {
	w := newWorld(t)
	w.token(serviceForm()).refused(t, 400, "unauthorized_client")
	w.token(serviceForm("client_id", "native", "client_secret", "")).refused(t, 400, "unauthorized_client")
	// The configuration refuses a public client with a service account; were
	// there one, anybody could be it.
	public := *w.current().Applications.ByClientID("native")
	public.Service = &application.Service{Login: "robot", APIKey: application.Hide("robot's key")}
	if _, f := w.current().clientCredentials(w.request(http.MethodPost, AccessTokenPath, ""), nil, &public, params{}); f == nil || f.code != "unauthorized_client" {
		t.Errorf("a public client gets %v", f)
	}
	w.robot()
	w.token(serviceForm("client_secret", "wrong")).refused(t, 401, "invalid_client")
	w.token(serviceForm("client_id", "rival", "client_secret", "secret of rival")).refused(t, 400, "unauthorized_client")
	w.token(serviceForm("scope", "nonsense")).refused(t, 400, "invalid_scope")
	w.token(serviceForm("scope", "odoo.write")).refused(t, 400, "invalid_scope")
	w.token(serviceForm("resource", "https://elsewhere.example")).refused(t, 400, "invalid_target")
	w.token(serviceForm("resource", issuer+"/restapi/1.0")).tokens(t)

	for _, test := range []struct {
		err    error
		status int
		code   string
	}{
		{&odoo.Error{Kind: odoo.AccessDenied}, 400, "invalid_grant"},
		{&odoo.Error{Kind: odoo.SessionExpired}, 400, "invalid_grant"},
		{&odoo.Error{Kind: odoo.Unavailable}, 503, "temporarily_unavailable"},
		{&odoo.Error{Kind: odoo.Server}, 503, "temporarily_unavailable"},
		{errTest, 503, "temporarily_unavailable"},
	} {
		w.conns.fail(test.err)
		w.token(serviceForm()).refused(t, test.status, test.code)
	}
	w.conns.fail(nil)
	for _, method := range []string{"FindAuthorization", "IssueTokenSet"} {
		w.store.set(method, grant.ErrUnavailable)
		w.token(serviceForm()).refused(t, 503, "temporarily_unavailable")
		w.store.set(method, nil)
	}
	w.config.Database = "staging"
	w.robot()
	w.token(serviceForm()).refused(t, 500, "server_error")
}

// Whatever ends a service connection ends its tokens at once, and a token of
// an earlier one never comes back to life.
func TestServiceConnectionEndsItsTokens(t *testing.T) {
	login := func(a *application.Application) { a.Service.Login = "other" }
	key := func(a *application.Application) { a.Service.APIKey = application.Hide("another key") }
	for name, change := range map[string]func(*application.Application){
		"another login": login,
		"another key":   key,
		"removed":       func(a *application.Application) { a.Service = nil },
		"archived":      func(a *application.Application) { a.Active = false },
		"another id":    func(a *application.Application) { a.ClientID = "wiki2" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.robot()
			tokens := w.token(serviceForm()).tokens(t)
			if !w.active(tokens.AccessToken) {
				t.Fatal("not active at first")
			}
			w.robot(change)
			if _, err := w.current().Judge(t.Context(), nil, tokens.AccessToken, nil); err == nil {
				t.Error("the API would take it")
			}
			w.robot()
			if !w.active(tokens.AccessToken) {
				t.Error("not active when the configuration is as before")
			}
		})
	}
	w := newWorld(t)
	w.robot()
	old := w.token(serviceForm()).tokens(t)
	w.robot(key)
	fresh := w.token(serviceForm()).tokens(t)
	if w.active(old.AccessToken) || !w.active(fresh.AccessToken) || w.authorization(old).ID == w.authorization(fresh).ID {
		t.Error("the new key has revived a token of the old one")
	}
	if w.kinds(audit.AuthorizationRevoked) != 1 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
	if err := w.store.RevokeAuthorization(t.Context(), w.authorization(fresh).ID, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if w.active(fresh.AccessToken) {
		t.Error("active after the administrator's revocation")
	}
	later := w.token(serviceForm()).tokens(t)
	w.clock.Advance(time.Hour)
	if w.active(later.AccessToken) {
		t.Error("active after its end")
	}
}

// A person is never taken for an application, nor the other way round.
func TestM22_SubjectsDoNotCollide(t *testing.T) {
	if strings.Contains(Subject(issuer, "prod", 6), ":") {
		t.Error("a person's sub may look like an application's")
	}
	w := newWorld(t)
	w.robot()
	person, service := w.connect(), w.token(serviceForm()).tokens(t)
	a, b := w.authorization(person), w.authorization(service)
	if a.Subject == b.Subject || a.ID == b.ID || b.Subject != ServiceSubject("wiki") {
		t.Errorf("subjects %s and %s", a.Subject, b.Subject)
	}
	// The service account going away leaves the people alone.
	w.robot(func(a *application.Application) { a.Service = nil })
	if !w.active(person.AccessToken) || w.active(service.AccessToken) {
		t.Error("the wrong one has ended")
	}
	// So does a redirect URI that is archived for people.
	w.robot(func(a *application.Application) { a.RedirectURIs[0].Active = false })
	if w.active(person.AccessToken) || !w.active(service.AccessToken) {
		t.Error("the wrong one has ended")
	}
}

// The endpoint of the original interface: id and secret are enough, with the
// habit alone.
func TestBasicToken(t *testing.T) {
	w := newWorld(t)
	bare := serviceForm("grant_type", "")
	w.robot()
	w.basicToken(bare).refused(t, 400, "unauthorized_client")
	w.robot(func(a *application.Application) { a.Compat.Restapi, a.ValiditySeconds = true, true })
	got := w.basicToken(bare)
	a := got.tokens(t)
	if a.TokenType != "Basic" || a.Validity != 3600.0 || a.RefreshToken != "" || !w.active(a.AccessToken) {
		t.Errorf("answer %s", got.text)
	}
	w.basicToken(with(serviceForm(), "client_secret", "wrong")).refused(t, 401, "invalid_client")
	w.change("wiki", func(a *application.Application) { a.Compat.Restapi = true })
	w.basicToken(bare).refused(t, 400, "unauthorized_client")
	w.do(w.request(http.MethodGet, BasicTokenPath, "")).refused(t, http.StatusMethodNotAllowed, "invalid_request")
}

// What an application may have may shrink: its tokens shrink with it.
func TestM17_ScopeShrinksWithTheConfiguration(t *testing.T) {
	w := newWorld(t)
	w.scheme.scopes = []string{ScopeRead, ScopeWrite}
	both := func(*application.Application) {}
	w.change("wiki", both)
	code := w.browser("demo-session").code(query("scope", "odoo.read odoo.write"))
	tokens := w.token(redeemForm(code)).tokens(t)
	if tokens.Scope != "odoo.read odoo.write" {
		t.Fatalf("scope %q", tokens.Scope)
	}
	scope := func() string {
		standing, err := w.current().Judge(t.Context(), nil, tokens.AccessToken, nil)
		if err != nil {
			t.Fatal(err)
		}
		return scopeString(standing.Claims.Scope)
	}
	w.change("wiki", func(a *application.Application) { a.Scopes = []string{ScopeRead} })
	if got := scope(); got != "odoo.read" {
		t.Errorf("by configuration: %q", got)
	}
	if got := w.token(refreshForm(tokens.RefreshToken)).tokens(t); got.Scope != "odoo.read" {
		t.Errorf("refreshed: %q", got.Scope)
	}
	w.token(refreshForm(tokens.RefreshToken, "scope", "odoo.write")).refused(t, 400, "invalid_scope")
	w.change("wiki", both)
	w.scheme.scopes = []string{ScopeWrite}
	if got := scope(); got != "odoo.write" {
		t.Errorf("by the scheme: %q", got)
	}
	w.scheme.scopes = []string{ScopeCall}
	if got := scope(); got != "" {
		t.Errorf("nothing left: %q", got)
	}
	w.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_scope")
	w.scheme.scopes = []string{ScopeRead, ScopeWrite}
	if got := w.token(refreshForm(tokens.RefreshToken)).tokens(t); got.Scope != "odoo.read odoo.write" {
		t.Errorf("grown again: %q", got.Scope)
	}
}
