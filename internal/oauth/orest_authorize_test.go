package oauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

func orestURL(q url.Values) string { return OrestAuthorizePath + "?" + q.Encode() }

// navigate opens a link as browsers do.
func (b *browser) navigate(path string) reply {
	b.t.Helper()
	r := b.request(http.MethodGet, path, "")
	r.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	return b.send(r)
}

// The flow is the same: login, consent, and the next time silently. What the
// original did not look at may be left out.
func TestOrestAuthorization(t *testing.T) {
	w := newWorld(t)
	q := query("response_type", "", "scope", "", "state", "a b&c=+é")
	got := w.browser("").navigate(orestURL(q))
	if to := got.location(t); to.Path != loginPath || !strings.HasPrefix(to.Query().Get("redirect"), AuthorizePath+"?") {
		t.Fatalf("%d %s", got.StatusCode, to)
	}
	b := w.browser("demo-session")
	back := b.navigate(got.location(t).Query().Get("redirect")) // as after the login
	b.post(ConsentPath, url.Values{"token": {back.tokenOf(t)}, "decision": {"allow"}})
	for method, status := range map[string]int{http.MethodGet: http.StatusFound, http.MethodPost: http.StatusSeeOther} {
		r := w.request(method, orestURL(q), "")
		if method == http.MethodPost {
			r = w.request(method, OrestAuthorizePath, q.Encode())
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		got = b.send(r)
		to := got.location(t)
		if to.Query().Get("state") != "a b&c=+é" || to.Query().Get("iss") != issuer || to.Host != "wiki.example.com" || got.StatusCode != status {
			t.Fatalf("%d %s", got.StatusCode, to)
		}
		w.orest(http.MethodPost, OrestTokenPath, redeemForm(to.Query().Get("code"))).tokens(t)
	}
	// It gives no code to anybody but the redirect URI, whatever is accepted.
	for _, h := range [][2]string{{"Accept", "application/json"}, {"Authorization", headerForm(q)}} {
		r := w.request(http.MethodGet, orestURL(q), "")
		r.Header.Set(h[0], h[1])
		if got := b.send(r); got.StatusCode != http.StatusFound || got.text != "" {
			t.Errorf("%s: %d %s", h[0], got.StatusCode, got.text)
		}
	}
	if to := b.navigate(orestURL(query("response_type", "token"))).location(t); to.Query().Get("error") != "unsupported_response_type" {
		t.Errorf("%s", to)
	}
}

// A person sees a page, a program its literal codes; nobody is sent anywhere.
func TestOrestAuthorizationErrors(t *testing.T) {
	w := newWorld(t)
	w.odoo.sessions["portal-session"] = Person{UID: 8, Login: "portal", Database: "prod"}
	w.odoo.errs["down-session"] = &odoo.Error{Kind: odoo.Unavailable}
	for _, tt := range []struct {
		name, session string
		query         url.Values
		status        int
		code, message string
		word          string
		page          int
	}{
		{"nothing", "demo-session", url.Values{}, 401, "OrestapiOauth2Authorization-0001", "No parameter found in request", "invalid_request", 400},
		{"no client", "demo-session", query("client_id", ""), 401, "OrestapiOauth2Authorization-0002", "No client_id found in request", "invalid_request", 400},
		{"no URI", "demo-session", query("redirect_uri", ""), 401, "OrestapiOauth2Authorization-0003", "No redirect_uri found in request", "invalid_request", 400},
		{"unknown", "demo-session", query("client_id", "nobody"), 401, "OrestapiOauth2Authorization-0004", "Could not find active application", "invalid_client", 400},
		{"archived", "demo-session", query("client_id", "archived"), 401, "OrestapiOauth2Authorization-0004", "Could not find active application", "invalid_client", 400},
		{"other URI", "demo-session", query("redirect_uri", wikiURI+"/"), 401, "OrestapiOauth2Authorization-0005", "Redirect URI not found or misconfigured", "invalid_request", 400},
		{"archived URI", "demo-session", query("redirect_uri", archivedURI), 401, "OrestapiOauth2Authorization-0005", "Redirect URI not found or misconfigured", "invalid_request", 400},
		{"not asked yet", "demo-session", query(), 401, "OrestapiOauth2Authorization-0006", "Could not get authorization code", "interaction_required", 200},
		{"portal user", "portal-session", query(), 401, "OrestapiOauth2Authorization-0006", "Could not get authorization code", "interaction_required", 403},
		{"Odoo down", "down-session", query(), 503, "OrestapiGateway-0503", "the gateway can not answer now", "temporarily_unavailable", 503},
		{"twice", "demo-session", url.Values{"client_id": {"wiki", "wiki"}, "redirect_uri": {wikiURI}}, 400, "OrestapiGateway-0400", "a parameter was sent twice", "invalid_request", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, h := range [][2]string{
				{"Accept", "application/json"}, {"Accept", "*/*"}, {"Accept", "text/html;q=0"}, {"Accept", "text/html;q"}, {"Sec-Fetch-Mode", "cors"}, {"X", ""},
			} {
				r := w.request(http.MethodGet, orestURL(tt.query), "")
				r.Header.Set(h[0], h[1])
				got := w.browser(tt.session).send(r)
				got.literal(t, tt.status, tt.code, tt.message, tt.word)
				if c := got.Header.Get("WWW-Authenticate"); strings.HasPrefix(c, "Basic") || got.Header.Get("Location") != "" {
					t.Errorf("%v", got.Header)
				}
			}
			got := w.browser(tt.session).navigate(orestURL(tt.query))
			if got.StatusCode != tt.page || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") || got.Header.Get("Location") != "" {
				t.Errorf("a person gets %d %v", got.StatusCode, got.Header)
			}
		})
	}
	if w.kinds(audit.CodeIssued)+w.kinds(audit.Consent) != 0 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
	r := w.request(http.MethodPost, OrestAuthorizePath, "client_id=%")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w.do(r).literal(t, 400, "OrestapiGateway-0400", errMalformed.Error(), "invalid_request")
	r = w.request(http.MethodPost, OrestAuthorizePath, "client_id=%")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	if got := w.do(r); got.StatusCode != 400 || !strings.Contains(got.text, "<html") {
		t.Errorf("%d %s", got.StatusCode, got.text)
	}
	r = w.request(http.MethodPost, OrestAuthorizePath+"?state=%", query().Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w.do(r).literal(t, 400, "OrestapiGateway-0400", errMalformed.Error(), "invalid_request")
	w.do(w.request(http.MethodPut, orestURL(query()), "")).
		literal(t, 405, "OrestapiGateway-0405", "use GET or POST", "invalid_request")
}

// Trust is for windows here too: a script connects nothing.
func TestOrestAuthorizationTrusted(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", func(a *application.Application) { a.Consent = application.ConsentTrusted })
	r := w.request(http.MethodGet, orestURL(query()), "")
	r.Header.Set("Sec-Fetch-Mode", "cors")
	if got := w.browser("demo-session").send(r); got.StatusCode != 401 || w.granted(6) {
		t.Errorf("%d %s", got.StatusCode, got.text)
	}
	if to := w.browser("demo-session").navigate(orestURL(query())).location(t); to.Query().Get("code") == "" {
		t.Errorf("%s", to)
	}
}
