package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
)

// headerForm writes parameters in the documented form.
func headerForm(p url.Values) string {
	var pairs []string
	for _, name := range keysOf(p) {
		pairs = append(pairs, name+"='"+escape(p.Get(name))+"'")
	}
	return "OAuth " + strings.Join(pairs, ", ")
}

// header posts to an endpoint for programs with an Authorization header.
func (w *world) header(path, authorization string, form url.Values) reply {
	w.t.Helper()
	r := w.request(http.MethodPost, path, form.Encode())
	r.Header.Set("Authorization", authorization)
	if len(form) > 0 {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return w.do(r)
}

func TestM12_HeaderAuthentication(t *testing.T) {
	const odd = "a:b%+é "
	form := func(changes ...string) url.Values { return refreshForm("unknown", changes...) }
	credentials := func(p url.Values) url.Values {
		return url.Values{"client_id": p["client_id"], "client_secret": p["client_secret"]}
	}
	rest := form("client_id", "", "client_secret", "")
	tests := []struct {
		name, header, query string
		form                url.Values
		status              int
		code                string
	}{
		{"all in the header", headerForm(form()), "", nil, 400, "invalid_grant"},
		{"credentials in the header", headerForm(credentials(form())), "", rest, 400, "invalid_grant"},
		{"odd secret", headerForm(form("client_id", "odd", "client_secret", odd)), "", nil, 400, "invalid_grant"},
		{"secret encoded twice", headerForm(form("client_id", "odd", "client_secret", escape(odd))), "", nil, 401, "invalid_client"},
		{"wrong secret", headerForm(form("client_secret", "wrong")), "", nil, 401, "invalid_client"},
		{"blank at the end, which net/http trims", headerForm(form()) + " ", "", nil, 400, "invalid_grant"},
		{"no secret", headerForm(form("client_secret", "")), "", nil, 401, "invalid_client"},
		{"unknown client", headerForm(form("client_id", "nobody")), "", nil, 401, "invalid_client"},
		{"archived", headerForm(form("client_id", "archived", "client_secret", "secret of archived")), "", nil, 401, "invalid_client"},
		{"other client's secret", headerForm(form("client_id", "rival")), "", nil, 401, "invalid_client"},
		{"no client", headerForm(rest), "", nil, 401, "invalid_client"},
		{"public", headerForm(form("client_id", "native", "client_secret", "")), "", nil, 400, "invalid_grant"},
		{"public with a secret", headerForm(form("client_id", "native")), "", nil, 401, "invalid_client"},
		{"credentials in both", headerForm(credentials(form())), "", form(), 400, "invalid_request"},
		{"credentials in the body alone", headerForm(rest), "", credentials(form()), 400, "invalid_request"},
		{"secret in the body", headerForm(form("client_secret", "")), "", url.Values{"client_secret": {"secret of wiki"}}, 400, "invalid_request"},
		{"public, secret in the body", headerForm(form("client_id", "native", "client_secret", "")), "", url.Values{"client_secret": {""}}, 400, "invalid_request"},
		{"secret in the URL", headerForm(form("client_secret", "")), "?client_secret=secret+of+wiki", nil, 400, "invalid_request"},
		{"secret in the URL, legacy", headerForm(form("client_id", "legacy", "client_secret", "")), "?client_secret=secret+of+legacy", nil, 400, "invalid_request"},
		{"malformed", headerForm(form()) + ",", "", nil, 400, "invalid_request"},
		{"malformed, good form", "OAuth", "", form(), 400, "invalid_request"},
		{"name twice", headerForm(form()) + ", scope='', scope=''", "", nil, 400, "invalid_request"},
		{"unknown name in header and body", headerForm(form()) + ", x='1'", "", url.Values{"x": {"1"}}, 400, "invalid_grant"},
		{"parameters in the URL", headerForm(credentials(form())), "?" + rest.Encode(), nil, 400, "invalid_request"},
		{"parameters in the URL, legacy", headerForm(url.Values{"client_id": {"legacy"}, "client_secret": {"secret of legacy"}}), "?" + rest.Encode(), nil, 400, "invalid_grant"},
	}
	w := newWorld(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w.config.Memory = NewMemory(w.clock.Now)
			w.reload(applications())
			got := w.header(AccessTokenPath+test.query, test.header, test.form)
			got.refused(t, test.status, test.code)
			want := ""
			if test.status == http.StatusUnauthorized { // M13: the scheme that the client has used
				want = `OAuth realm="odoo-gateway"`
			}
			if challenge := got.Header.Get("WWW-Authenticate"); challenge != want {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
		})
	}
}

// Standards §1.4: a parameter in the header and in another place, equal or
// not, empty or not, in either.
func TestParameterInHeaderAndElsewhere(t *testing.T) {
	w := newWorld(t)
	full := url.Values{
		"client_id": {"legacy"}, "client_secret": {"secret of legacy"}, "grant_type": {"refresh_token"}, "code": {"x"},
		"redirect_uri": {wikiURI}, "code_verifier": {"x"}, "refresh_token": {"x"}, "scope": {"odoo.read"}, "token": {"x"},
		"token_type_hint": {"access_token"},
	}
	if !slices.Equal(keysOf(full), slices.Sorted(slices.Values(clientParams))) {
		t.Fatal("not all parameters are tested")
	}
	w.header(AccessTokenPath, headerForm(full), nil).refused(t, 400, "invalid_grant")
	for name, values := range full {
		for _, more := range []string{values[0], "", "other"} {
			twice := url.Values{name: {more}}
			for _, path := range []string{AccessTokenPath, RevokePath} {
				w.header(path, headerForm(full), twice).refused(t, 400, "invalid_request")
				w.header(path+"?"+twice.Encode(), headerForm(full), nil).refused(t, 400, "invalid_request")
			}
		}
	}
}

func TestRefreshAndRevokeByHeader(t *testing.T) {
	w := newWorld(t)
	tokens := w.connect()
	tokens = w.header(AccessTokenPath, headerForm(refreshForm(tokens.RefreshToken)), nil).tokens(t)
	revoke := url.Values{"client_id": {"wiki"}, "client_secret": {"secret of wiki"}, "token": {tokens.RefreshToken}}

	w.header(RevokePath, headerForm(with(url.Values{"client_secret": {"wrong"}}, "client_id", "wiki", "token", tokens.RefreshToken)), nil).refused(t, 401, "invalid_client")
	tokens = w.token(refreshForm(tokens.RefreshToken)).tokens(t)
	revoke.Set("token", tokens.RefreshToken)
	if got := w.header(RevokePath, headerForm(revoke), nil); got.StatusCode != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("revoke: %d %s", got.StatusCode, got.text)
	}
	w.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_grant")
}

// M14: guesses in the header are throttled with all others, and nobody burns a
// code by them (A4).
func TestHeaderGuessesAreThrottled(t *testing.T) {
	w := newWorld(t)
	code := w.browser("demo-session").code(query())
	guess := redeemForm(code, "client_secret", "guess")
	var blocked reply
	for range 100 {
		if blocked = w.header(AccessTokenPath, headerForm(guess), nil); blocked.StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	blocked.refused(t, http.StatusTooManyRequests, "invalid_client")
	if blocked.Header.Get("Retry-After") == "" || w.kinds(audit.ClientAuthFailed) == 0 {
		t.Errorf("Retry-After %q, audit trail %v", blocked.Header.Get("Retry-After"), w.audit.Kinds())
	}
	w.header(AccessTokenPath, headerForm(redeemForm(code)), nil).refused(t, http.StatusTooManyRequests, "invalid_client")
	w.token(refreshForm("x")).refused(t, http.StatusTooManyRequests, "invalid_client")
	w.clock.Advance(30 * time.Second)
	w.header(AccessTokenPath, headerForm(redeemForm(code)), nil).tokens(t)
}
