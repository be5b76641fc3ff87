package oauth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// program asks for a code as programs do: h are pairs of header names and values.
func (w *world) program(session string, q url.Values, h ...string) reply {
	w.t.Helper()
	r := w.request(http.MethodGet, authorizeURL(q), "")
	r.Header.Set("Accept", "application/json")
	for i := 0; i+1 < len(h); i += 2 {
		r.Header.Add(h[i], h[i+1])
	}
	return w.browser(session).send(r)
}

// withheld checks that a program got no code, and what it got instead.
func (r reply) withheld(t *testing.T, status int, code string) {
	t.Helper()
	r.refused(t, status, code)
	for _, name := range []string{"Location", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"} {
		if v := r.Header.Get(name); v != "" {
			t.Errorf("%s is %q", name, v)
		}
	}
	if r.Header.Get("X-Content-Type-Options") != "nosniff" || strings.Contains(r.text, `"code"`) {
		t.Errorf("%v %s", r.Header, r.text)
	}
	if challenge := r.Header.Get("WWW-Authenticate"); (status == 401) != (challenge == `OAuth realm="odoo-gateway"`) {
		t.Errorf("WWW-Authenticate %q", challenge) // Basic would make browsers ask for a password
	}
	if (status == 401 || status == 403) && !strings.Contains(r.text, ":") {
		t.Errorf("does not say what to do: %s", r.text)
	}
}

// given reads the code that a program got.
func (r reply) given(t *testing.T) string {
	t.Helper()
	var a map[string]string
	if err := json.Unmarshal([]byte(r.text), &a); err != nil || r.StatusCode != http.StatusOK || len(a) != 2 || a["code"] == "" || a["state"] != "xyz" {
		t.Fatalf("%d %s", r.StatusCode, r.text)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Access-Control-Allow-Origin": "", "Access-Control-Allow-Credentials": "", "Location": "",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	return a["code"]
}

func TestProgramGetsItsCode(t *testing.T) {
	w := newWorld(t)
	w.browser("demo-session").code(query())
	w.token(redeemForm(w.program("demo-session", query()).given(t))).tokens(t)
	w.program("demo-session", query(), "Origin", "https://wiki.example.com").given(t)
	w.program("demo-session", query(), "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "none").given(t)
	w.program("demo-session", query("prompt", "none")).given(t)

	r := w.request(http.MethodGet, AuthorizePath, "")
	r.Header.Set("Authorization", headerForm(query()))
	w.token(redeemForm(w.browser("demo-session").send(r).given(t))).tokens(t)

	r = w.request(http.MethodPost, AuthorizePath, query("state", "").Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "OAuth state='xyz'")
	w.token(redeemForm(w.browser("demo-session").send(r).given(t))).tokens(t)
	if w.kinds(audit.Consent) != 1 || w.kinds(audit.CodeIssued) != 6 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
}

func TestAcceptChoosesTheForm(t *testing.T) {
	for accept, want := range map[string]bool{
		"application/json":                                true,
		"application/json, text/html":                     true,
		"text/html, application/json":                     false,
		"application/json, */*":                           true,
		"text/plain, application/json;charset=utf-8":      true,
		"text/html;q=0.5, application/json":               true,
		"application/json;q=0.5, text/html":               false,
		"application/json;q=0":                            false,
		"application/json;q=0, text/html;q=0":             false,
		"application/json;q=x":                            false,
		"application/json;q=NaN":                          false,
		"application/json;q=2, text/html":                 false,
		"APPLICATION/JSON":                                true,
		"application/json;;, text/html":                   false,
		"application/jsonp":                               false,
		"*/*":                                             false,
		"":                                                false,
		"text/html,application/xhtml+xml,*/*;q=0.8":       false,
		"text/html, application/json, application/json":   false,
		"application/json;q=0.9, text/html;q=0.9":         true,
		"text/html;q=0, application/json;q=0.1, text/css": true,
	} {
		if got := prefersJSON([]string{accept}); got != want {
			t.Errorf("%s: %v", accept, got)
		}
	}
	if !prefersJSON([]string{"text/plain", "application/json"}) || prefersJSON([]string{"text/html", "application/json"}) {
		t.Error("two lines are not one list")
	}
}

// A program is told what to do. It is never sent elsewhere, and consents to nothing.
func TestProgramIsRefused(t *testing.T) {
	w := newWorld(t)
	locked := &odoo.Error{Kind: odoo.CheckIdentity, Name: "odoo.http.CheckIdentityException"}
	w.odoo.errs["locked-session"], w.odoo.errs["down-session"] = locked, &odoo.Error{Kind: odoo.Unavailable}
	w.odoo.sessions["portal-session"] = Person{UID: 8, Login: "portal", Database: "prod"}
	w.odoo.sessions["staging-session"] = Person{UID: 6, Login: "demo", Database: "staging", Internal: true}
	w.change("native", func(a *application.Application) { a.RedirectURIs[0].URI = appURI })
	b := w.browser("demo-session")
	b.code(query())
	b.code(query("client_id", "native", "redirect_uri", appURI, "code_challenge", challenge, "code_challenge_method", "S256"))
	asked := len(w.odoo.asked)
	issued := w.kinds(audit.CodeIssued)
	native := query("client_id", "native", "redirect_uri", appURI, "code_challenge", challenge, "code_challenge_method", "S256")
	tests := []struct {
		name, session string
		query         url.Values
		header        []string
		status        int
		code          string
	}{
		{"nobody", "", query(), nil, 401, "login_required"},
		{"unknown session", "no-session", query(), nil, 401, "login_required"},
		{"locked session", "locked-session", query(), nil, 401, "login_required"},
		{"two sessions", "demo-session", query(), []string{"Cookie", "session_id=other-session"}, 401, "login_required"},
		{"other database", "staging-session", query(), nil, 403, "access_denied"},
		{"portal user", "portal-session", query(), nil, 403, "access_denied"},
		{"Odoo down", "down-session", query(), nil, 503, "temporarily_unavailable"},
		{"no consent of this person", "other-session", query(), nil, 403, "consent_required"},
		{"no consent for this application", "demo-session", query("client_id", "rival"), nil, 403, "consent_required"},
		{"no consent for this URI", "demo-session", query("redirect_uri", aloneURI), nil, 403, "consent_required"},
		{"prompt=consent", "demo-session", query("prompt", "consent"), nil, 403, "consent_required"},
		{"prompt=login", "demo-session", query("prompt", "login"), nil, 401, "login_required"},
		{"prompt=none login", "demo-session", query("prompt", "none login"), nil, 400, "invalid_request"},
		{"prompt=none, nobody", "", query("prompt", "none"), nil, 401, "login_required"},
		{"prompt=none, no consent", "other-session", query("prompt", "none"), nil, 403, "consent_required"},
		{"public application", "demo-session", native, nil, 403, "unauthorized_client"},
		{"fetch", "demo-session", query(), []string{"Sec-Fetch-Mode", "cors"}, 403, "unauthorized_client"},
		{"fetch of our own page", "demo-session", query(), []string{"Sec-Fetch-Mode", "same-origin", "Sec-Fetch-Site", "same-origin"}, 403, "unauthorized_client"},
		{"fetch without CORS", "demo-session", query(), []string{"Sec-Fetch-Mode", "no-cors"}, 403, "unauthorized_client"},
		{"two modes", "demo-session", query(), []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Mode", "cors"}, 403, "unauthorized_client"},
		{"another site", "demo-session", query(), []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "cross-site"}, 403, "unauthorized_client"},
		{"another host of the site", "demo-session", query(), []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "same-site"}, 403, "unauthorized_client"},
		{"unknown application", "demo-session", query("client_id", "nobody"), nil, 401, "invalid_client"},
		{"archived application", "demo-session", query("client_id", "archived"), nil, 401, "invalid_client"},
		{"no application", "demo-session", query("client_id", ""), nil, 400, "invalid_request"},
		{"nothing", "demo-session", url.Values{}, nil, 400, "invalid_request"},
		{"unknown URI", "demo-session", query("redirect_uri", wikiURI+"/"), nil, 400, "invalid_request"},
		{"no URI", "demo-session", query("redirect_uri", ""), nil, 400, "invalid_request"},
		{"archived URI", "demo-session", query("redirect_uri", archivedURI), nil, 400, "invalid_request"},
		{"no response type", "demo-session", query("response_type", ""), nil, 400, "invalid_request"},
		{"implicit", "demo-session", query("response_type", "token"), nil, 400, "unsupported_response_type"},
		{"unknown scope", "demo-session", query("scope", "nonsense"), nil, 400, "invalid_scope"},
		{"plain challenge", "demo-session", query("code_challenge", challenge), nil, 400, "invalid_request"},
		{"bad challenge", "demo-session", query("code_challenge", "x", "code_challenge_method", "S256"), nil, 400, "invalid_request"},
		{"long state", "demo-session", query("state", strings.Repeat("a", maxState+1)), nil, 400, "invalid_request"},
		{"state in Latin-1", "demo-session", query("state", "\xe9"), nil, 400, "invalid_request"},
		{"broken query", "demo-session", query(), []string{"Authorization", "OAuth x='%'"}, 400, "invalid_request"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w.program(test.session, test.query, test.header...).withheld(t, test.status, test.code)
		})
	}
	for word, q := range map[string]url.Values{
		"redirect_uri": query("redirect_uri", wikiURI+"/"), "no active application": query("client_id", "nobody"), "client_id is missing": query("client_id", ""),
	} {
		if got := w.program("", q); !strings.Contains(got.text, word) {
			t.Errorf("%s does not speak of %s", got.text, word)
		}
	}
	if w.kinds(audit.CodeIssued) != issued || w.kinds(audit.Consent) != 2 || len(w.odoo.asked) == asked {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
}

// The consent is looked at afresh: it must cover the scheme as it is now, and be alive.
func TestProgramNeedsALiveConsent(t *testing.T) {
	w := newWorld(t)
	w.browser("demo-session").code(query())
	w.program("demo-session", query()).given(t)
	w.scheme.digest = "two"
	w.program("demo-session", query()).withheld(t, 403, "consent_required")
	w.scheme.digest = "one"
	w.change("wiki", func(a *application.Application) { a.Scheme = "missing" })
	w.program("demo-session", query()).withheld(t, 500, "server_error")
	w.reload(applications())
	for _, method := range []string{"FindAuthorization", "IssueCode"} {
		w.store.set(method, grant.ErrUnavailable)
		w.program("demo-session", query()).withheld(t, 503, "temporarily_unavailable")
		w.store.set(method, nil)
	}
	a, err := w.store.FindAuthorization(t.Context(), "wiki", Subject(issuer, "prod", 6), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.RevokeAuthorization(t.Context(), a.ID, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.program("demo-session", query()).withheld(t, 403, "consent_required")
}

// What the browser form binds a code to, this form does too.
func TestProgramsCodeIsBound(t *testing.T) {
	w := newWorld(t)
	w.browser("demo-session").code(query())
	pkce := query("code_challenge", challenge, "code_challenge_method", "S256")
	code := func(q url.Values) string { return w.program("demo-session", q).given(t) }

	w.token(redeemForm(code(pkce))).refused(t, 400, "invalid_grant")
	w.token(redeemForm(code(pkce), "code_verifier", strings.Repeat("a", 43))).refused(t, 400, "invalid_grant")
	w.token(redeemForm(code(pkce), "code_verifier", verifier)).tokens(t)
	w.token(redeemForm(code(query()), "code_verifier", verifier)).refused(t, 400, "invalid_grant")
	w.token(redeemForm(code(query()), "redirect_uri", otherURI)).refused(t, 400, "invalid_grant")
	w.token(redeemForm(code(query()), "client_id", "rival", "client_secret", "secret of rival")).refused(t, 400, "invalid_grant")
}

// A22, M6, standards §1.4: a parameter in the header and in query or form, and
// twice in one of them.
func TestM6_ProgramsParametersTwice(t *testing.T) {
	w := newWorld(t)
	w.browser("demo-session").code(query())
	full := query("code_challenge", challenge, "code_challenge_method", "S256", "prompt", "none", "response_mode", "query")
	if len(full) != len(singleParams) {
		t.Fatal("not all parameters are tested")
	}
	send := func(method, path, body string) reply {
		r := w.request(method, path, body)
		r.Header.Set("Authorization", headerForm(full))
		if body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return w.browser("demo-session").send(r)
	}
	send(http.MethodGet, AuthorizePath+"?x=1&x=2", "").given(t)
	for name, values := range full {
		for _, more := range []string{values[0], "", "other"} {
			twice := url.Values{name: {more}}.Encode()
			send(http.MethodGet, AuthorizePath+"?"+twice, "").withheld(t, 400, "invalid_request")
			send(http.MethodPost, AuthorizePath, twice).withheld(t, 400, "invalid_request")
			w.program("", full, "Authorization", headerForm(url.Values{name: {more}})).withheld(t, 400, "invalid_request") // before anybody logs in
			r := w.request(http.MethodGet, authorizeURL(full)+"&"+twice, "")
			r.Header.Set("Accept", "application/json")
			w.browser("demo-session").send(r).withheld(t, 400, "invalid_request")
		}
	}
	send(http.MethodPost, AuthorizePath, "x="+strings.Repeat("a", maxBody)).withheld(t, 413, "invalid_request")
}

// The cookies of Odoo's answer reach the program, and no others are set.
func TestProgramFollowsItsSession(t *testing.T) {
	w := newWorld(t)
	w.browser("demo-session").code(query())
	w.odoo.rotate["demo-session"] = "next-session"
	got := w.program("demo-session", query())
	got.given(t)
	if c := got.Cookies(); len(c) != 1 || c[0].Name != sessionCookie || c[0].Value != "next-session" {
		t.Errorf("cookies %v", c)
	}
	a, err := w.store.FindAuthorization(t.Context(), "wiki", Subject(issuer, "prod", 6), "")
	if err != nil || a.Connection.Hash != grant.HashToken("next-session") {
		t.Errorf("the connection does not follow: %v", err)
	}
	if c := w.program("no-session", query()).Cookies(); len(c) != 0 {
		t.Errorf("cookies %v", c) // no rounds: nobody is sent anywhere
	}
}

// A browser keeps its form, whatever else it sends.
func TestBrowserFormStays(t *testing.T) {
	w := newWorld(t)
	for _, accept := range []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "*/*", ""} {
		r := w.request(http.MethodGet, authorizeURL(query()), "")
		r.Header.Set("Accept", accept)
		r.Header.Set("Authorization", "Basic eDp5")
		w.browser("demo-session").send(r).tokenOf(t)
	}
}
