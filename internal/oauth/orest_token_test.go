package oauth

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// orest sends a request to an endpoint of /orestapi: method and path, a form,
// and pairs of header lines.
func (w *world) orest(method, path string, form url.Values, h ...string) reply {
	w.t.Helper()
	r := w.request(method, path, form.Encode())
	if len(form) > 0 {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(h); i += 2 {
		r.Header.Add(h[i], h[i+1])
	}
	return w.do(r)
}

// literal checks an error of that interface, with its RFC 6749 word beside it.
func (r reply) literal(t *testing.T, status int, code, message, word string) {
	t.Helper()
	var e map[string]string
	if err := json.Unmarshal([]byte(r.text), &e); err != nil || len(e) != 4 || e["error_description"] == "" {
		t.Fatalf("%d %s", r.StatusCode, r.text)
	}
	if r.StatusCode != status || e["orestapi_code"] != code || e["orestapi_message"] != message || e["error"] != word {
		t.Errorf("got %d %s, want %d %s %q %s", r.StatusCode, r.text, status, code, message, word)
	}
	if (status == http.StatusUnauthorized) != (r.Header.Get("WWW-Authenticate") != "") || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", r.Header)
	}
}

// What Confluence does: parameters in the URL, then Basic for the refresh.
func TestOrestTokensAsConfluenceAsks(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	legacy := []string{"client_id", "legacy", "client_secret", "secret of legacy"}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		code := b.code(query("client_id", "legacy"))
		got := w.orest(method, OrestTokenPath+"?"+redeemForm(code, legacy...).Encode(), nil)
		first := got.tokens(t)
		var members map[string]any
		_ = json.Unmarshal([]byte(got.text), &members)
		for _, name := range []string{"access_token", "token_type", "expires_in", "refresh_token", "scope", "access_token_validity"} {
			if members[name] == nil {
				t.Errorf("no %s in %s", name, got.text)
			}
		}
		refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.RefreshToken}}
		second := w.orest(method, OrestTokenPath+"?"+refresh.Encode(), nil, "Authorization", basic("legacy", "secret of legacy")).tokens(t)
		if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
			t.Error("nothing was rotated")
		}
		// M8: a code's second use ends what the first gave.
		w.orest(method, OrestTokenPath+"?"+redeemForm(code, legacy...).Encode(), nil).
			literal(t, 401, "OrestapiOauth2AccessToken-0070", "Invalid, expired or already used authorization code", "invalid_grant")
		refresh.Set("refresh_token", second.RefreshToken)
		w.orest(method, OrestTokenPath+"?"+refresh.Encode(), nil, "Authorization", basic("legacy", "secret of legacy")).
			literal(t, 401, "OrestapiOauth2AccessToken-0205", "Invalid refresh token", "invalid_grant")
	}
}

// The standard ways work there too.
func TestOrestTokensAsOthersAsk(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	first := w.orest(http.MethodPost, OrestTokenPath, redeemForm(b.code(query()))).tokens(t)
	w.orest(http.MethodPost, OrestTokenPath, refreshForm(first.RefreshToken)).tokens(t)
	pkce := query("code_challenge", challenge, "code_challenge_method", "S256")
	w.orest(http.MethodPost, OrestTokenPath, redeemForm(b.code(pkce))).
		literal(t, 401, "OrestapiOauth2AccessToken-0070", "Invalid, expired or already used authorization code", "invalid_grant")
	w.orest(http.MethodPost, OrestTokenPath, redeemForm(b.code(pkce), "code_verifier", verifier)).tokens(t)
}

func TestOrestTokenErrors(t *testing.T) {
	w := newWorld(t)
	refresh := func(changes ...string) url.Values {
		return with(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"unknown"}}, changes...)
	}
	const unknownCode, unknownRefresh = "Invalid, expired or already used authorization code", "Invalid refresh token"
	for _, tt := range []struct {
		name          string
		form          url.Values
		authorization string
		status        int
		code, message string
		word          string
	}{
		{"nothing", nil, "", 401, "OrestapiOauth2AccessToken-0001", "No parameter found in request", "invalid_client"},
		{"only others", url.Values{"x": {"y"}}, "", 401, "OrestapiOauth2AccessToken-0001", "No parameter found in request", "invalid_client"},
		{"no grant", redeemForm("c", "grant_type", ""), "", 401, "OrestapiOauth2AccessToken-0020", "No grant_type found in request", "invalid_request"},
		{"another grant", redeemForm("c", "grant_type", "password"), "", 401, "OrestapiOauth2AccessToken-0021", "Invalid grant_type", "unsupported_grant_type"},
		{"no code", redeemForm(""), "", 401, "OrestapiOauth2AccessToken-0030", "No code found in request", "invalid_request"},
		{"no client", redeemForm("c", "client_id", ""), "", 401, "OrestapiOauth2AccessToken-0040", "No client_id found in request", "invalid_client"},
		{"no secret", redeemForm("c", "client_secret", ""), "", 401, "OrestapiOauth2AccessToken-0050", "No client_secret found in request", "invalid_client"},
		{"no URI", redeemForm("c", "redirect_uri", ""), "", 401, "OrestapiOauth2AccessToken-0051", "No redirect_uri found in request", "invalid_request"},
		{"wrong secret", redeemForm("c", "client_secret", "x"), "", 401, "OrestapiOauth2AccessToken-0060", "Invalid application", "invalid_client"},
		{"archived", redeemForm("c", "client_id", "archived", "client_secret", "secret of archived"), "", 401, "OrestapiOauth2AccessToken-0060", "Invalid application", "invalid_client"},
		{"wrong Basic", redeemForm("c", "client_id", "", "client_secret", ""), basic("wiki", "x"), 401, "OrestapiOauth2AccessToken-0060", "Invalid application", "invalid_client"},
		{"unknown code", redeemForm("c"), "", 401, "OrestapiOauth2AccessToken-0070", unknownCode, "invalid_grant"},
		{"unknown code, Basic", redeemForm("c", "client_id", "", "client_secret", ""), basic("wiki", "secret of wiki"), 401, "OrestapiOauth2AccessToken-0070", unknownCode, "invalid_grant"},
		{"malformed Basic", refresh(), "Basic %", 401, "OrestapiOauth2AccessToken-0201", "Invalid authorization header", "invalid_client"},
		{"another scheme", refresh(), "Bearer x", 401, "OrestapiOauth2AccessToken-0202", "No http basic access authentication found in authorization header", "invalid_client"},
		{"no header", refresh("client_id", "wiki"), "", 401, "OrestapiOauth2AccessToken-0220", "Basic http access authorization not found in header", "invalid_client"},
		{"no refresh token", refresh("refresh_token", ""), basic("wiki", "secret of wiki"), 401, "OrestapiOauth2AccessToken-0203", "Refresh token not found in request", "invalid_request"},
		{"wrong Basic", refresh(), basic("wiki", "x"), 401, "OrestapiOauth2AccessToken-0204", "Client http basic access authentication failed", "invalid_client"},
		{"wrong form", refreshForm("r", "client_secret", "x"), "", 401, "OrestapiOauth2AccessToken-0204", "Client http basic access authentication failed", "invalid_client"},
		{"unknown refresh token", refresh(), basic("wiki", "secret of wiki"), 401, "OrestapiOauth2AccessToken-0205", unknownRefresh, "invalid_grant"},
		{"two ways", refreshForm("r"), basic("wiki", "secret of wiki"), 400, "OrestapiGateway-0400", "the client authenticates in two ways", "invalid_request"},
		{"twice", redeemForm("c", "client_id", "", "client_secret", ""), "OAuth client_id='wiki', client_secret='secret%20of%20wiki', code='c'", 400, "OrestapiGateway-0400", "a parameter was sent twice", "invalid_request"},
		{"too large", redeemForm(strings.Repeat("c", maxBody)), "", 413, "OrestapiGateway-0413", errBodyTooLarge.Error(), "invalid_request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.clock.Advance(time.Minute) // of failures only so many are free
			var h []string
			if tt.authorization != "" {
				h = []string{"Authorization", tt.authorization}
			}
			w.orest(http.MethodPost, OrestTokenPath, tt.form, h...).literal(t, tt.status, tt.code, tt.message, tt.word)
		})
	}
}

// The code that is too old, another application's, or for another address is
// an error, never an empty answer.
func TestOrestTokenBindsTheCode(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	refuse := func(form url.Values) {
		t.Helper()
		w.orest(http.MethodPost, OrestTokenPath, form).
			literal(t, 401, "OrestapiOauth2AccessToken-0070", "Invalid, expired or already used authorization code", "invalid_grant")
	}
	code := b.code(query())
	refuse(redeemForm(code, "client_id", "rival", "client_secret", "secret of rival"))
	w.clock.Advance(DefaultCodeExpiry)
	refuse(redeemForm(code))
	refuse(redeemForm(b.code(query()), "redirect_uri", otherURI))
	used := b.code(query())
	w.orest(http.MethodPost, OrestTokenPath, redeemForm(used)).tokens(t)
	refuse(redeemForm(used))
	if w.kinds(audit.CodeReplay) != 1 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
}

// M12: secrets in the URL are for those applications alone that keep the
// habit, and M32: GET is for nobody else. HEAD uses up no code.
func TestM32_OrestMethods(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	code := b.code(query())
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		w.orest(method, OrestTokenPath+"?"+redeemForm(code).Encode(), nil).
			literal(t, 400, "OrestapiGateway-0400", "parameters belong into the body, not into the URL", "invalid_request")
	}
	w.orest(http.MethodGet, OrestTokenPath, redeemForm(code)).
		literal(t, 401, "OrestapiOauth2AccessToken-0001", "No parameter found in request", "invalid_client")
	w.orest(http.MethodGet, OrestTokenPath, redeemForm(code), "X-HTTP-Method-Override", "POST").
		literal(t, 401, "OrestapiOauth2AccessToken-0001", "No parameter found in request", "invalid_client")
	legacy := b.code(query("client_id", "legacy"))
	form := redeemForm(legacy, "client_id", "legacy", "client_secret", "secret of legacy")
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		got := w.orest(method, OrestTokenPath+"?"+form.Encode(), nil)
		if got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, POST" {
			t.Errorf("%s: %d %v", method, got.StatusCode, got.Header)
		}
	}
	w.orest(http.MethodPost, OrestTokenPath, redeemForm(code)).tokens(t)
	w.orest(http.MethodGet, OrestTokenPath+"?"+form.Encode(), nil).tokens(t)
}

// M14: guesses are slowed down as everywhere, and an outage is said to be one.
func TestOrestTokenWaits(t *testing.T) {
	w := newWorld(t)
	code := w.browser("demo-session").code(query())
	w.store.set("RedeemCode", grant.ErrUnavailable)
	got := w.orest(http.MethodPost, OrestTokenPath, redeemForm(code))
	got.literal(t, 503, "OrestapiGateway-0503", "the gateway can not reach its store", "temporarily_unavailable")
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.store.set("RedeemCode", nil)
	for range 10 {
		w.orest(http.MethodPost, OrestTokenPath, redeemForm(code, "client_secret", "x"))
	}
	got = w.orest(http.MethodPost, OrestTokenPath, redeemForm(code))
	got.literal(t, 429, "OrestapiGateway-0429", "too many failed attempts", "invalid_client")
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.clock.Advance(time.Minute - time.Second)
	w.config.Admit = func(*http.Request, *application.Application) time.Duration { return 7 * time.Second }
	w.reload(applications())
	got = w.orest(http.MethodPost, OrestTokenPath, redeemForm(code))
	got.literal(t, 429, "OrestapiGateway-0429", "the application asks too often", "temporarily_unavailable")
	if got.Header.Get("Retry-After") != "7" {
		t.Errorf("Retry-After %q", got.Header.Get("Retry-After"))
	}
	w.config.Admit = nil
	w.reload(applications())
	w.orest(http.MethodPost, OrestTokenPath, redeemForm(code)).tokens(t)
}
