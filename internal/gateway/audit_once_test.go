package gateway

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/console"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
	"github.com/caddy-odoo/gateway/internal/page"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// once sends a request and expects its one event; "" is none.
func (w *world) once(what string, want audit.Kind, reason, method, path, body string, header ...string) {
	w.t.Helper()
	w.events()
	status := w.raw(method, path, body, header...)
	got := w.events()
	switch {
	case want == "" && len(got) == 0:
	case want == "" || len(got) != 1 || got[0].Kind != want || got[0].Detail["reason"] != reason:
		w.t.Errorf("%s: status %d leaves %+v, want %s %s", what, status, got, want, reason)
	case got[0].Gateway != "erp" || got[0].RequestID == "" || got[0].Address != "127.0.0.1" || got[0].UserAgent == "":
		w.t.Errorf("%s: incomplete: %+v", what, got[0])
	}
}

// Each outcome of a request for data leaves the event that it should.
func TestDataIsRecordedOnce(t *testing.T) {
	w := newWorld(t, 19)
	w.apps[0].CORSOrigins = []string{"https://wiki.example.com"}
	w.apps[0].Limits.Person = application.Rate{Requests: 1000, Per: time.Minute}
	w.reload()
	bearer, a := w.connect("wiki", "demo")
	token := []string{"Authorization", "Bearer " + bearer}
	search := func(query string) string { return restapi.Prefix + "res.partner?" + query }
	for _, c := range []struct {
		what         string
		want         audit.Kind
		reason       string
		method, path string
		body         string
		header       []string
	}{
		{"a record", "", "", "GET", recordPath, "", token},
		{"no record", "", "", "GET", restapi.Prefix + "res.partner/99999", "", token},
		{"no records", "", "", "GET", search("domain=" + url.QueryEscape(`[["name","=","nobody"]]`)), "", token},
		{"models", "", "", "GET", "/orestapi/application/model", "", token},
		{"oneself", "", "", "GET", oauth.MePath, "", token},
		{"a hidden field", audit.SchemeDenied, "", "GET", search("fields=['vat']"), "", token},
		{"a closed model", audit.SchemeDenied, "", "GET", restapi.Prefix + "res.users/1", "", token},
		{"a closed operation", audit.SchemeDenied, "", "POST", restapi.Prefix + "res.partner", "vals={'name':'x'}", token},
		{"a closed report", audit.SchemeDenied, "", "GET", restapi.ReportPrefix + "x?ids=1", "", token},
		{"a domain that is none", audit.SchemeDenied, "", "GET", search("domain=" + url.QueryEscape(`[["name"]]`)), "", token},
		{"a domain that is no literal", audit.RequestRefused, "invalid_request", "GET", search("domain=open("), "", token},
		{"a method that there is not", audit.RequestRefused, "method_not_allowed", "PATCH", recordPath, "", token},
		{"a path that there is not", audit.RequestRefused, "not_found", "GET", restapi.Prefix + "res.partner/1/2/3/4", "", token},
		{"nothing of /orestapi", audit.RequestRefused, "not_found", "GET", "/orestapi/nothing", "", token},
		{"nothing of the gateway", audit.RequestRefused, "", "GET", "/restapi/1.0/nothing", "", token},
		{"no token", audit.RequestRefused, "token_missing", "GET", recordPath, "", nil},
		{"a forged token", audit.RequestRefused, "invalid_token", "GET", recordPath, "", []string{"Authorization", "Bearer " + bearer[:len(bearer)-8] + "AAAAAAAA"}},
		{"a path in disguise", audit.RequestRefused, "unclean_path", "GET", "/restapi//1.0/object/res.partner/1", "", token},
		{"a token at Odoo's own path", audit.RequestRefused, "token_at_odoo", "GET", "/web/dataset/call_kw", "", token},
		{"a script of nobody's", audit.RequestRefused, "foreign_origin", "OPTIONS", recordPath, "", []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "GET"}},
		{"a script of the application's", "", "", "OPTIONS", recordPath, "", []string{"Origin", "https://wiki.example.com", "Access-Control-Request-Method", "GET"}},
	} {
		w.once(c.what, c.want, c.reason, c.method, c.path, c.body, c.header...)
	}
	// What an application is known to have done is told of it.
	w.events()
	w.raw("GET", search("domain=open("), "", token...)
	if e := w.events()[0]; e.Application != "wiki" || e.Subject != a.Subject || e.Authorization != a.ID || e.Detail["status"] != "400" {
		t.Errorf("%+v", e)
	}
	w.apps[0].Limits.Person = application.Rate{Requests: 1, Per: time.Minute}
	w.reload()
	w.raw("GET", recordPath, "", token...)
	w.once("too many", audit.RateLimited, "", "GET", recordPath, "", token...)
	w.once("too many again", audit.RateLimited, "", "GET", recordPath, "", token...)
}

// A request of an application with a redirect URI that is not its own names it
// in the trail, by what is configured; one of nobody's names nothing.
func TestUnknownRedirectNamesTheApplication(t *testing.T) {
	w := newWorld(t, 19)
	w.events()
	for client, want := range map[string]string{"wiki-id": "wiki", "wiki-id%20": "", "nobody": "", "wiki-id&client_id=other-id": ""} {
		for _, c := range [][]string{
			{oauth.AuthorizePath, "Accept", "text/html"}, {oauth.AuthorizePath, "Accept", "application/json"}, {oauth.OrestAuthorizePath, "Accept", "application/json"},
		} {
			w.raw("GET", c[0]+"?response_type=code&redirect_uri=https://evil.example/&client_id="+client, "", c[1:]...)
			got := w.events()
			if len(got) != 1 || got[0].Application != want || (want != "") != (got[0].Detail["client_id"] == "wiki-id") || strings.Contains(fmt.Sprint(got), "evil") {
				t.Errorf("%s of %q leaves %+v", c, client, got)
			}
		}
	}
}

// Who has no scope is told so, and the trail too.
func TestMissingScopeIsRecordedOnce(t *testing.T) {
	w := newWorld(t, 19)
	w.model.Operations = nil
	bearer, _ := w.connect("wiki", "demo")
	claims := w.claims[bearer]
	claims.Scope, claims.ID = []string{"odoo.call"}, ""
	w.once("no scope", audit.RequestRefused, "insufficient_scope", "GET", recordPath, "", "Authorization", "Bearer "+w.sign(claims))
}

// browserPaths are endpoints that look at who sits before a browser.
func browserPaths() []string {
	return append(console.Paths(), oauth.AuthorizePath+"?client_id=wiki-id&response_type=code&redirect_uri="+url.QueryEscape(callback), oauth.AuthorizationsPath)
}

// An outage of Odoo leaves one event of each request that it fails.
func TestOutageIsRecordedOnce(t *testing.T) {
	w := newWorld(t, 19)
	w.console = &Console{}
	w.reload()
	bearer, _ := w.connect("wiki", "demo")
	session := w.odoo.NewSession("admin")
	w.between = func(_ *http.Request, resp *http.Response) *http.Response {
		resp.Body.Close()
		return &http.Response{StatusCode: http.StatusBadGateway, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
	}
	for _, path := range []string{recordPath, oauth.MePath, "/orestapi/application/model"} {
		w.once(path, audit.RequestFailed, "odoo_unavailable", "GET", path, "", "Authorization", "Bearer "+bearer)
	}
	for _, path := range browserPaths() {
		w.once(path, audit.RequestFailed, "odoo_unavailable", "GET", path, "", "Cookie", rpc.CookieName+"="+session)
	}
}

// An outage of the store, too: at every endpoint, with everything that is needed
// there.
func TestLostStoreIsRecordedOnce(t *testing.T) {
	w := newWorld(t, 19)
	w.console = &Console{}
	w.reload()
	bearer, _ := w.connect("wiki", "demo")
	session := w.odoo.NewSession("admin")
	client := url.Values{"client_id": {"wiki-id"}, "client_secret": {"wiki-secret"}, "token": {bearer}, "grant_type": {"authorization_code"}, "code": {grant.NewToken()}, "redirect_uri": {callback}}
	w.loseStore()
	for _, path := range []string{recordPath, "/orestapi/application/model", oauth.MePath} {
		w.once(path, audit.StoreFailed, "store_unavailable", "GET", path, "", "Authorization", "Bearer "+bearer)
	}
	for _, path := range []string{oauth.AccessTokenPath, oauth.TokenPath, oauth.RevokePath, oauth.OrestTokenPath} {
		w.once(path, audit.StoreFailed, "store_unavailable", "POST", path, client.Encode())
	}
	// The console has pages of the configuration alone, which need no store.
	for _, path := range []string{console.AuthorizationsPath, console.CodesPath, console.AuditPath, oauth.AuthorizationsPath, browserPaths()[len(browserPaths())-2]} {
		w.once(path, audit.StoreFailed, "store_unavailable", "GET", path, "", "Cookie", rpc.CookieName+"="+session)
	}
}

// loseStore closes the store below the gateway.
func (w *world) loseStore() {
	w.t.Helper()
	if err := w.db.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// A gateway whose store does not open has a logger and metrics at least.
func TestClosedGatewayIsRecordedOnce(t *testing.T) {
	w := newWorld(t, 19)
	w.state = NewState(StateConfig{Now: w.clock.Now, Open: func(context.Context) (Backend, error) { return Backend{}, grant.ErrUnavailable }})
	w.replaceGateway()
	w.once("a record", audit.StoreFailed, "store_unavailable", "GET", recordPath, "")
	w.once("a token at Odoo's own path", "", "", "GET", "/web", "")
}

// The end of a connection is an event beside that of the request which has found
// it out, and is told once.
func TestConnectionEndIsRecordedOnce(t *testing.T) {
	w := newWorld(t, 19)
	bearer, a := w.connect("wiki", "demo")
	w.odoo.ExpireSessions()
	w.events()
	for i := range 2 {
		w.raw("GET", recordPath, "", "Authorization", "Bearer "+bearer)
		got := w.events()
		if i == 0 {
			if e := got[0]; e.Kind != audit.ConnectionEnded || e.Application != "wiki" || e.Subject != a.Subject || e.Authorization != a.ID ||
				e.Detail["reason"] != "session_expired" || e.Detail["connection"] != "session" {
				t.Errorf("%+v", e)
			}
			got = got[1:]
		}
		if len(got) != 1 || got[0].Kind != audit.RequestRefused || got[0].Detail["reason"] != "connection_ended" && got[0].Detail["reason"] != "invalid_token" {
			t.Errorf("%d: %+v", i, got)
		}
	}
}

// Clients that guess are told apart from those that wait for having guessed.
func TestLockOutIsRecordedOnce(t *testing.T) {
	w := newWorld(t, 19)
	guess := url.Values{"client_id": {"wiki-id"}, "client_secret": {"wrong"}, "token": {"x"}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}}.Encode()
	for range 100 {
		w.events()
		status := w.raw("POST", oauth.RevokePath, guess)
		got := w.events()
		if status == http.StatusTooManyRequests {
			break
		}
		if len(got) != 1 || got[0].Kind != audit.ClientAuthFailed || got[0].Application != "wiki" {
			t.Fatalf("a guess: %d %+v", status, got)
		}
	}
	for _, path := range []string{oauth.RevokePath, oauth.AccessTokenPath, oauth.IntrospectPath, oauth.OrestTokenPath} {
		w.once(path, audit.ClientLockedOut, "", "POST", path, guess)
	}
}

// Revoking what there is not is answered as if it had been done, and recorded.
func TestRevokingNothingIsRecordedOnce(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	form := func(app, token string) string {
		return url.Values{"client_id": {app + "-id"}, "client_secret": {app + "-secret"}, "token": {token}}.Encode()
	}
	w.once("an unknown token", audit.RequestRefused, "unknown_token", "POST", oauth.RevokePath, form("wiki", grant.NewToken()))
	w.once("a token of another's", audit.ClientAuthFailed, "token_of_another_application", "POST", oauth.RevokePath, form("other", bearer))
	w.once("a token", audit.TokenSetEnded, "revoked", "POST", oauth.RevokePath, form("wiki", bearer))
	w.once("an ended token", audit.RequestRefused, "ended_token", "POST", oauth.RevokePath, form("wiki", bearer))
}

// What an administrator looks at is one event for each page, and who is none is
// refused with one.
func TestConsoleIsRecordedOnce(t *testing.T) {
	w := newWorld(t, 19)
	w.console = &Console{}
	w.described = Described{
		Schemes:        []scheme.Definition{{Name: "sales", Configurations: []scheme.Configuration{w.model}}},
		Configurations: []scheme.Configuration{w.model},
	}
	w.reload()
	w.connect("wiki", "demo")
	queries := map[string]string{
		console.ApplicationPath: "?name=wiki", console.SchemePath: "?name=sales", console.ConfigurationPath: "?name=customer",
	}
	admin, demo := w.odoo.NewSession("admin"), w.odoo.NewSession("demo")
	for _, path := range slices.Sorted(slices.Values(console.Paths())) {
		want, reason := audit.AdministrationRead, ""
		w.once(path, want, reason, "GET", path+queries[path], "", "Cookie", rpc.CookieName+"="+admin)
		w.once(path+" as demo", audit.RequestRefused, page.NotAdministrator.String(), "GET", path+queries[path], "", "Cookie", rpc.CookieName+"="+demo)
	}
	w.once("an unknown name", audit.RequestRefused, page.NotConfigured.String(), "GET", console.SchemePath+"?name=x", "", "Cookie", rpc.CookieName+"="+admin)
	w.once("a form of nobody's", audit.RequestRefused, page.ListRefused.String(), "POST", console.RevokePath, "token=x", "Cookie", rpc.CookieName+"="+admin)
}

// Every endpoint with something made up in every place: whatever comes of it is
// one event, or none where nothing was refused.
func TestEveryAnswerIsRecordedAtMostOnce(t *testing.T) {
	w := newWorld(t, 19)
	w.console = &Console{}
	w.reload()
	bearer, _ := w.connect("wiki", "demo")
	session := w.odoo.NewSession("admin")
	form := url.Values{
		"client_id": {"wiki-id"}, "client_secret": {"wiki-secret"}, "token": {"x"}, "grant_type": {"refresh_token"}, "refresh_token": {"x"},
		"redirect_uri": {callback}, "response_type": {"code"}, "t": {"x"}, "decision": {"allow"}, "name": {"nothing"}, "after": {"x"},
	}.Encode()
	for _, path := range slices.Sorted(maps.Keys(endpoints)) {
		for _, method := range endpoints[path].methods {
			for _, header := range [][]string{
				{"Authorization", "Bearer " + bearer}, {"Cookie", rpc.CookieName + "=" + session}, {"Accept", "application/json"}, {"Sec-Fetch-Mode", "cors"},
			} {
				w.events()
				status := 0
				if method == http.MethodPost {
					status = w.raw(method, path, form, header...)
				} else {
					status = w.raw(method, path+"?"+form, "", header...)
				}
				got := w.events()
				if len(got) > 1 || status >= http.StatusBadRequest && len(got) != 1 {
					t.Errorf("%s %s %v: status %d leaves %s", method, path, header[0], status, fmt.Sprint(got))
				}
			}
		}
	}
}
