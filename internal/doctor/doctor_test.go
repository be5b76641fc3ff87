package doctor_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/doctor"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// answer is one of a server.
type answer struct {
	status   int
	location string
	body     string
	date     time.Time
}

// server answers by paths; an unknown one is an error of the network.
type server map[string]answer

func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	a, ok := s[r.URL.Path]
	if !ok {
		return nil, errors.New("connection refused")
	}
	h := http.Header{"Content-Type": {"text/html"}}
	if strings.HasPrefix(a.body, "{") {
		h.Set("Content-Type", "application/json")
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if !a.date.IsZero() {
		h.Set("Date", a.date.UTC().Format(http.TimeFormat))
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r}, nil
}

func patient(t *testing.T, issuer string, applications ...application.Application) doctor.Patient {
	t.Helper()
	u, err := url.Parse(issuer)
	if err != nil {
		t.Fatal(err)
	}
	return doctor.Patient{
		Issuer: u, Database: "prod", Applications: applications, UserAgent: "gateway", Client: rpc.New(rpc.Config{Issuer: u, Database: "prod"}),
	}
}

// What Odoo 16 to 19 answer, with and without modules for pages and for login
// providers.
const (
	loginPage    = `<form action="/web/login"><input name="csrf_token"/></form>`
	providerPage = loginPage + `<a href="https://accounts.odoo.com/oauth2/auth?response_type=token&amp;client_id=x&amp;redirect_uri=ORIGIN%2Fauth_oauth%2Fsignin&amp;scope=userinfo&amp;state=%7B%22d%22%3A+%22DATABASE%22,+%22p%22%3A+1%7D">`
	hasDatabase  = `{"jsonrpc": "2.0", "id": 1, "result": false}`
	noDatabase   = `{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "psycopg2.OperationalError", "message": "database \"prod\" does not exist"}}}`
)

func provider(origin, database string) answer {
	return answer{body: strings.NewReplacer("ORIGIN", url.QueryEscape(origin), "DATABASE", database).Replace(providerPage)}
}

// found is what the doctor finds by asking Odoo.
func found(t *testing.T, p doctor.Patient, s http.RoundTripper, version string, account error) map[string]doctor.Finding {
	t.Helper()
	got, all := p.Odoo(t.Context(), doctor.Asking{
		Transport: s,
		Version: func(ctx context.Context, rt http.RoundTripper) (string, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://erp.example.com/web/webclient/version_info", nil)
			if err != nil {
				return "", err
			}
			res, err := rt.RoundTrip(r)
			if err != nil {
				return "", err
			}
			return version, res.Body.Close()
		},
		ServiceAccount: func(context.Context, http.RoundTripper, *application.Application) error { return account },
		Models:         func(context.Context, http.RoundTripper) (doctor.Models, error) { return doctor.Models{Looked: 3}, nil },
	})
	byPart := make(map[string]doctor.Finding)
	for _, f := range all {
		byPart[f.Part] = f
	}
	if _, answers := s.(server)["/web/webclient/version_info"]; answers != (got == version) {
		t.Errorf("version %q", got)
	}
	return byPart
}

func expect(t *testing.T, what string, f doctor.Finding, status doctor.Status, text, advice string) {
	t.Helper()
	if f.Status != status || !strings.Contains(f.Text, text) || !strings.Contains(f.Advice, advice) || (advice == "") != (f.Advice == "") {
		t.Errorf("%s: %+v\nwant %s %q, advice %q", what, f, status, text, advice)
	}
}

func TestProxyMode(t *testing.T) {
	const https, http = "https://erp.example.com", "http://erp.example.com"
	for name, test := range map[string]struct {
		issuer       string
		slashes      string // where the doubled slash leads to
		login        answer
		robots       string
		status       doctor.Status
		text, advice string
	}{
		"the router says https":     {https, https + "/web/login", answer{body: loginPage}, "", doctor.OK, "knows that it is https://erp.example.com", ""},
		"the router says http":      {https, http + "/web/login", answer{body: loginPage}, "", doctor.Problem, "does not see that people come by https", "proxy_mode = True"},
		"another host":              {https, "https://odoo:8069/web/login", answer{body: loginPage}, "", doctor.Problem, "takes itself for https://odoo:8069", "send Host"},
		"another host, by http":     {https, "http://odoo:8069/web/login", answer{body: loginPage}, "", doctor.Problem, "takes itself for http://odoo:8069", "send Host"},
		"a provider says https":     {https, "/web/login", provider(https, "prod"), "", doctor.OK, "knows", ""},
		"a provider says http":      {https, "/web/login", provider(http, "prod"), "", doctor.Problem, "by https", "proxy_mode = True"},
		"a website says http":       {https, "/web/login", answer{body: loginPage}, "User-agent: *\nSitemap: http://erp.example.com/sitemap.xml\n", doctor.Problem, "by https", "proxy_mode"},
		"a website says https":      {https, "/web/login", answer{body: loginPage}, "Sitemap: https://erp.example.com/sitemap.xml", doctor.OK, "knows", ""},
		"nobody says":               {https, "/web/login", answer{body: loginPage}, "User-agent: *", doctor.Unknown, "does not tell", "proxy_mode = True"},
		"nobody says, by http":      {http, "", answer{body: loginPage}, "", doctor.Unknown, "does not tell", ""},
		"http as it should be":      {http, http + "/web/login", answer{body: loginPage}, "", doctor.OK, "knows that it is http://erp.example.com", ""},
		"a script as the address":   {https, "javascript:alert(1)", answer{body: loginPage}, "", doctor.Unknown, "does not tell", "proxy_mode"},
		"another place of a link":   {https, "", answer{body: `<a href="https://evil.example/?redirect_uri=http%3A%2F%2Fx%2Fother">`}, "", doctor.Unknown, "does not tell", "proxy_mode"},
		"an issuer with a port":     {https + ":8443", http + ":8443/web/login", answer{body: loginPage}, "", doctor.Problem, "by https", "proxy_mode"},
		"a port that Odoo does not": {https + ":8443", https + "/web/login", answer{body: loginPage}, "", doctor.Problem, "takes itself for https://erp.example.com", "Host"},
	} {
		s := server{
			"/web/webclient/version_info": {}, "/web/login": test.login, "/web//login": {status: 308, location: test.slashes},
			"/robots.txt": {body: test.robots}, "/jsonrpc": {body: hasDatabase},
		}
		expect(t, name, found(t, patient(t, test.issuer), s, "18.0", nil)["proxy mode"], test.status, test.text, test.advice)
	}
}

func TestDatabase(t *testing.T) {
	for name, test := range map[string]struct {
		login        answer
		jsonrpc      answer
		status       doctor.Status
		text, advice string
	}{
		"there":                  {answer{body: loginPage}, answer{body: hasDatabase}, doctor.OK, "prod is there", ""},
		"there, and for people":  {provider("https://erp.example.com", "prod"), answer{body: hasDatabase}, doctor.OK, "prod is there", ""},
		"another one for people": {provider("https://erp.example.com", "staging"), answer{body: hasDatabase}, doctor.Problem, "get to the database staging", "dbfilter"},
		"not there":              {answer{body: loginPage}, answer{body: noDatabase}, doctor.Problem, "Odoo has no database prod", "set database"},
		"several":                {answer{status: 303, location: "/web/database/selector"}, answer{body: hasDatabase}, doctor.Warning, "choose", "dbfilter"},
		"several, by an address": {answer{status: 303, location: "https://erp.example.com/web/database/selector?"}, answer{status: 403}, doctor.Warning, "choose", "dbfilter"},
		"not told":               {answer{body: loginPage}, answer{status: 403}, doctor.Unknown, "does not tell", ""},
	} {
		s := server{"/web/webclient/version_info": {}, "/web/login": test.login, "/web//login": {}, "/robots.txt": {}, "/jsonrpc": test.jsonrpc}
		all := found(t, patient(t, "https://erp.example.com"), s, "18.0", nil)
		expect(t, name, all["database"], test.status, test.text, test.advice)
		if _, asked := all["models"]; asked == (test.status == doctor.Problem) {
			t.Errorf("%s: found %+v", name, all)
		}
	}
}

func TestVersionClockAndAccount(t *testing.T) {
	p := patient(t, "https://erp.example.com",
		application.Application{Name: "nightly", Active: true, Service: &application.Service{Login: "robot"}},
		application.Application{Name: "archived", Service: &application.Service{Login: "somebody"}},
	)
	at := func(date time.Time) server {
		return server{"/web/webclient/version_info": {date: date}, "/web/login": {}, "/web//login": {}, "/robots.txt": {}, "/jsonrpc": {body: hasDatabase}}
	}
	for version, status := range map[string]doctor.Status{
		"16.0": doctor.OK, "20.0": doctor.OK, "saas~17.2": doctor.OK, "19.0+e-20260101": doctor.OK,
		"15.0": doctor.Warning, "21.0": doctor.Warning, "master": doctor.Warning,
	} {
		if f := found(t, p, at(time.Now()), version, nil)["odoo"]; f.Status != status || (f.Advice == "") != (status == doctor.OK) {
			t.Errorf("%s: %+v", version, f)
		}
	}
	expect(t, "clock", found(t, p, at(time.Now()), "19.0", nil)["clock"], doctor.OK, "agree", "")
	expect(t, "ahead", found(t, p, at(time.Now().Add(time.Hour)), "19.0", nil)["clock"], doctor.Warning, "ahead of", "time server")
	expect(t, "behind", found(t, p, at(time.Now().Add(-time.Hour)), "19.0", nil)["clock"], doctor.Warning, "behind", "time server")
	if f, ok := found(t, p, at(time.Time{}), "19.0", nil)["clock"]; ok {
		t.Errorf("without a date: %+v", f)
	}

	expect(t, "account", found(t, p, at(time.Now()), "19.0", nil)["service account"], doctor.OK, "nightly: Odoo takes the key of robot", "")
	refused := &odoo.Error{Kind: odoo.AccessDenied, Message: "the key is sesame"}
	f := found(t, p, at(time.Now()), "19.0", refused)["service account"]
	expect(t, "refused", f, doctor.Problem, "nightly: Odoo refuses the login or the key of robot", "a new API key")
	for _, way := range []string{"where a file holds it, with `caddy reload --force`", "where an environment variable does, restart Caddy"} {
		if !strings.Contains(f.Advice, way) {
			t.Errorf("the advice %q lacks %q", f.Advice, way)
		}
	}
	if strings.Contains(f.Text, "sesame") {
		t.Errorf("Odoo's words are told: %+v", f)
	}
	expect(t, "down", found(t, p, at(time.Now()), "19.0", &odoo.Error{Kind: odoo.Unavailable, Message: "no answer"})["service account"],
		doctor.Problem, "no answer", "ask again")

	if all := found(t, p, server{}, "19.0", nil); len(all) != 1 {
		t.Errorf("an Odoo that does not answer: %+v", all)
	} else {
		expect(t, "down", all["odoo"], doctor.Problem, "connection refused", "reverse_proxy")
	}
	s := at(time.Now())
	delete(s, "/web/login")
	expect(t, "no login page", found(t, p, s, "19.0", nil)["login page"], doctor.Problem, "connection refused", "hand it on to Odoo")
}

func TestAddress(t *testing.T) {
	const path = "/.well-known/oauth-authorization-server"
	right := answer{body: `{"issuer": "https://erp.example.com"}`}
	for name, test := range map[string]struct {
		server       server
		status       doctor.Status
		text, advice string
	}{
		"right":                     {server{path: right}, doctor.OK, "its metadata is at https://erp.example.com" + path, ""},
		"not reachable":             {server{}, doctor.Warning, "connection refused", "DNS"},
		"redirects":                 {server{path: {status: 301, location: "https://www.example.com/x?token=1"}}, doctor.Problem, "redirects to https://www.example.com", "set issuer"},
		"to a path with parameters": {server{path: {status: 302, location: "/web/login?token=1#token"}}, doctor.Problem, "redirects to /web/login", "set issuer"},
		"to a host by any scheme":   {server{path: {status: 302, location: "//user:token@www.example.com/x?token=1"}}, doctor.Problem, "redirects to www.example.com/x", "set issuer"},
		"to parameters alone":       {server{path: {status: 302, location: "?token=1"}}, doctor.Problem, "redirects to another address", "set issuer"},
		"to nonsense":               {server{path: {status: 302, location: "%zztoken"}}, doctor.Problem, "redirects to another address", "set issuer"},
		"to a path":                 {server{path: {status: 302, location: "/web/login"}}, doctor.Problem, "redirects to /web/login", "set issuer"},
		"Odoo's own page":           {server{path: {status: 404, body: "<html>"}}, doctor.Problem, "status 404", "before all that answers"},
		"a page for 200":            {server{path: {body: "<html>"}}, doctor.Problem, "status 200", "before all that answers"},
		"another issuer":            {server{path: {body: `{"issuer": "https://other.example.com"}`}}, doctor.Problem, "https://other.example.com", "set issuer"},
	} {
		f := patient(t, "https://erp.example.com").Address(t.Context(), test.server)
		expect(t, name, f, test.status, test.text, test.advice)
		if strings.Contains(f.Text, "token") {
			t.Errorf("%s: %+v", name, f)
		}
	}
	f := patient(t, "http://localhost:8080").Address(t.Context(), server{path: {body: `{"issuer": "http://localhost:8080"}`}})
	expect(t, "plain http", f, doctor.OK, "for this machine only", "")

	at := httptest.NewUnstartedServer(http.NotFoundHandler())
	at.Config.ErrorLog = log.New(io.Discard, "", 0)
	at.StartTLS()
	defer at.Close()
	f = patient(t, at.URL).Address(t.Context(), new(http.Transport))
	expect(t, "a certificate of nobody's", f, doctor.Warning, "unknown authority", "`caddy trust`")
}

func TestRedirectURIs(t *testing.T) {
	uri := func(u string, active, insecure bool) application.RedirectURI {
		return application.RedirectURI{URI: u, Active: active, Insecure: insecure}
	}
	wiki := application.Application{Name: "wiki", Active: true, RedirectURIs: []application.RedirectURI{uri("https://a/", true, false), uri("https://b/", false, false)}}
	for name, test := range map[string]struct {
		applications []application.Application
		status       doctor.Status
		text, advice string
	}{
		"right":     {[]application.Application{wiki, {Name: "nightly", Active: true, Service: &application.Service{}}}, doctor.OK, "1 of 2 applications; service accounts need none: nightly", ""},
		"insecure":  {[]application.Application{wiki, {Name: "old", Active: true, RedirectURIs: []application.RedirectURI{uri("http://old/", true, true)}}}, doctor.Warning, "old: codes go to http://old/ without TLS", "https"},
		"none":      {[]application.Application{wiki, {Name: "old", Active: true, RedirectURIs: []application.RedirectURI{uri("http://old/", false, true)}}}, doctor.Problem, "old: none is active", "redirect_uri"},
		"archived":  {[]application.Application{wiki, {Name: "old", RedirectURIs: []application.RedirectURI{uri("http://old/", true, true)}}}, doctor.OK, "1 of 1 application", ""},
		"no active": {[]application.Application{{Name: "old"}}, doctor.Warning, "no application is active", "configure"},
	} {
		all := patient(t, "https://erp.example.com", test.applications...).RedirectURIs()
		if len(all) != 1 {
			t.Fatalf("%s: %+v", name, all)
		}
		expect(t, name, all[0], test.status, test.text, test.advice)
	}
}

func TestSecrets(t *testing.T) {
	app := func(name string, active bool, secrets ...string) application.Application {
		a := application.Application{Name: name, Active: active}
		for _, s := range secrets {
			a.Secrets = append(a.Secrets, application.NewSecret(s))
		}
		return a
	}
	long := application.GenerateSecret()
	all := patient(t, "https://erp.example.com", app("good", true, long), app("public", true), app("archived", false, "x")).Secrets()
	if len(all) != 0 {
		t.Errorf("found %+v", all)
	}
	all = patient(t, "https://erp.example.com", app("wiki", true, long, "hunter2"), app("nightly", true, "change-me-please")).Secrets()
	if len(all) != 2 || strings.Contains(all[0].Text+all[0].Advice, "hunter2") {
		t.Fatalf("found %+v", all)
	}
	expect(t, "short", all[0], doctor.Warning, "application wiki: it is shorter than 16 characters", "generate-secret")
	expect(t, "famous", all[1], doctor.Warning, "application nightly: it is made of words that everybody tries first", "generate-secret")
}

func TestModelsThatOdooLacks(t *testing.T) {
	s := server{"/web/webclient/version_info": {}, "/web/login": {body: loginPage}, "/web//login": {}, "/robots.txt": {}, "/jsonrpc": {body: hasDatabase}}
	const where = "model_configuration customer"
	for name, test := range map[string]struct {
		models       doctor.Models
		err          error
		status       doctor.Status
		text, advice string
	}{
		"right":    {doctor.Models{Looked: 3}, nil, doctor.OK, "what the model schemes name: 3 models", ""},
		"one":      {doctor.Models{Looked: 1}, nil, doctor.OK, "name: 1 model,", ""},
		"missing":  {doctor.Models{Looked: 3, Doubts: []doctor.Doubt{{Where: where, Model: "res.partnr", Missing: true}}}, nil, doctor.Problem, where + ": Odoo has no model res.partnr", "install the module"},
		"fields":   {doctor.Models{Doubts: []doctor.Doubt{{Where: where, Model: "res.partner", Fields: []string{"nmae", "emial"}, Asked: []string{"demo"}}}}, nil, doctor.Warning, "res.partner has no field nmae, emial, or hides it from demo", "mend the names"},
		"filter":   {doctor.Models{Doubts: []doctor.Doubt{{Where: where, Model: "res.partner", Filter: "x.y"}}}, nil, doctor.Problem, "its filter goes by x.y", "mend the filter"},
		"nobody":   {doctor.Models{Looked: 1, Untold: []string{"sales", "stock"}}, nil, doctor.Unknown, "the models of sales, stock", "connect an application"},
		"cut off":  {doctor.Models{Looked: 1}, context.DeadlineExceeded, doctor.Unknown, "not all could be looked at", "ask again"},
		"repeated": {doctor.Models{Repeated: []string{"it was told"}}, nil, doctor.Warning, "it was told", "the log"},
	} {
		_, all := patient(t, "https://erp.example.com").Odoo(t.Context(), doctor.Asking{
			Transport: s,
			Version:   func(context.Context, http.RoundTripper) (string, error) { return "18.0", nil },
			Models:    func(context.Context, http.RoundTripper) (doctor.Models, error) { return test.models, test.err },
		})
		if f := all[len(all)-1]; f.Part != "models" {
			t.Errorf("%s: %+v", name, all)
		} else {
			expect(t, name, f, test.status, test.text, test.advice)
		}
	}
}
