package oauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// tokens reads a successful answer of the token endpoint.
func (r reply) tokens(t *testing.T) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal([]byte(r.text), &a); err != nil || r.StatusCode != http.StatusOK || a.AccessToken == "" {
		t.Fatalf("no tokens: %d %s", r.StatusCode, r.text)
	}
	return a
}

// refused checks an error of the token endpoint.
func (r reply) refused(t *testing.T, status int, code string) {
	t.Helper()
	var e struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal([]byte(r.text), &e)
	if r.StatusCode != status || e.Error != code {
		t.Fatalf("got %d %s, want %d %s", r.StatusCode, r.text, status, code)
	}
	if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", r.Header)
	}
}

// connect goes the whole way to the first tokens.
func (w *world) connect() answer {
	w.t.Helper()
	return w.token(redeemForm(w.browser("demo-session").code(query()))).tokens(w.t)
}

func TestM15_TokenAnswer(t *testing.T) {
	w := newWorld(t)
	got := w.token(redeemForm(w.browser("demo-session").code(query())))
	a := got.tokens(t)
	var members map[string]any
	_ = json.Unmarshal([]byte(got.text), &members)
	want := []string{"access_token", "access_token_validity", "expires_in", "refresh_expires_in", "refresh_token", "scope", "token_type"}
	if !slices.Equal(keysOf(members), want) {
		t.Errorf("members %v", keysOf(members))
	}
	if a.TokenType != "Bearer" || a.ExpiresIn != 3600 || a.Scope != "odoo.read" || a.Validity != "3/1/2026 10:00:00" {
		t.Errorf("answer %+v", a)
	}
	if len(a.RefreshToken) != 43 || strings.Count(a.AccessToken, ".") != 2 {
		t.Errorf("tokens %q and %q", a.AccessToken, a.RefreshToken)
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"} {
		if got.Header.Get(name) != value {
			t.Errorf("%s is %q", name, got.Header.Get(name))
		}
	}
	claims, err := w.config.Keys.Verify(a.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	set, err := w.store.TokenSet(t.Context(), claims.TokenSet)
	if err != nil || set.Authorization != claims.Authorization {
		t.Errorf("token set %+v, %v", set, err)
	}
	if claims.Subject != Subject(issuer, "prod", 6) || claims.ClientID != "wiki" || len(claims.Subject) < 22 {
		t.Errorf("claims %+v", claims)
	}
	if !slices.Equal(w.audit.Kinds(), []audit.Kind{audit.Consent, audit.CodeRedeemed}) {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
}

func TestM22_SubjectDiffersByIssuerDatabaseAndUser(t *testing.T) {
	seen := map[string]bool{
		Subject("a", "b", 1): true, Subject("a", "c", 1): true, Subject("d", "b", 1): true, Subject("a", "b", 2): true,
		Subject("a", "b1", 1): true, Subject("a", "b", 11): true,
	}
	if len(seen) != 6 {
		t.Errorf("%d different subjects, want 6", len(seen))
	}
}

func TestM12_ClientAuthentication(t *testing.T) {
	const odd = "a:b%+é "
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	// A refresh token that nobody knows: who gets as far as that is authenticated.
	form := func(changes ...string) url.Values { return refreshForm("unknown", changes...) }
	none := []string{"client_id", "", "client_secret", ""}
	tests := []struct {
		name   string
		header string
		form   url.Values
		status int
		code   string
	}{
		{"body", "", form(), 400, "invalid_grant"},
		{"body, wrong secret", "", form("client_secret", "wrong"), 401, "invalid_client"},
		{"body, secret cut short", "", form("client_secret", "secret of wik"), 401, "invalid_client"},
		{"body, no secret", "", form("client_secret", ""), 401, "invalid_client"},
		{"body, unknown client", "", form("client_id", "nobody"), 401, "invalid_client"},
		{"body, other client's secret", "", form("client_id", "rival"), 401, "invalid_client"},
		{"body, client id in another case", "", form("client_id", "WIKI"), 401, "invalid_client"},
		{"body, odd secret", "", form("client_id", "odd", "client_secret", odd), 400, "invalid_grant"},
		{"nothing", "", form(none...), 401, "invalid_client"},
		{"archived application", "", form("client_id", "archived", "client_secret", "secret of archived"), 401, "invalid_client"},
		{"basic", basic("wiki", "secret of wiki"), form(none...), 400, "invalid_grant"},
		{"basic, encoded", basic("odd", url.QueryEscape(odd)), form(none...), 400, "invalid_grant"},
		{"basic, raw", basic("odd", odd), form(none...), 400, "invalid_grant"},
		{"basic, lower case scheme", "b" + basic("wiki", "secret of wiki")[1:], form(none...), 400, "invalid_grant"},
		{"basic, wrong", basic("wiki", "wrong"), form(none...), 401, "invalid_client"},
		{"basic, empty secret of a confidential client", basic("wiki", ""), form(none...), 401, "invalid_client"},
		{"basic, no colon", "Basic " + base64.StdEncoding.EncodeToString([]byte("wiki")), form(none...), 401, "invalid_client"},
		{"basic, no base64", "Basic wiki:secret", form(none...), 401, "invalid_client"},
		{"basic and the same client_id", basic("wiki", "secret of wiki"), form("client_secret", ""), 400, "invalid_grant"},
		{"basic and another client_id", basic("wiki", "secret of wiki"), form("client_id", "rival", "client_secret", ""), 400, "invalid_request"},
		{"basic and body", basic("wiki", "secret of wiki"), form(), 400, "invalid_request"},
		{"bearer", "Bearer abc", form(), 401, "invalid_client"},
		{"public", "", form("client_id", "native", "client_secret", ""), 400, "invalid_grant"},
		{"public, basic without secret", basic("native", ""), form(none...), 400, "invalid_grant"},
		{"public with a secret", "", form("client_id", "native", "client_secret", "x"), 401, "invalid_client"},
	}
	w := newWorld(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w.config.Memory = NewMemory(w.clock.Now) // each case has its own failures
			w.reload(applications())
			r := w.request(http.MethodPost, AccessTokenPath, test.form.Encode())
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if test.header != "" {
				r.Header.Set("Authorization", test.header)
			}
			got := w.do(r)
			got.refused(t, test.status, test.code)
			if challenge := got.Header.Get("WWW-Authenticate"); (test.status == 401) != strings.HasPrefix(challenge, "Basic realm=") {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
		})
	}
}

func TestM12_TwoAuthorizationLinesAreRefused(t *testing.T) {
	w := newWorld(t)
	r := w.request(http.MethodPost, AccessTokenPath, refreshForm("x", "client_id", "", "client_secret", "").Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	good := "Basic " + base64.StdEncoding.EncodeToString([]byte("wiki:secret of wiki"))
	r.Header["Authorization"] = []string{good, good}
	w.do(r).refused(t, 400, "invalid_request")
}

func TestM32_ParametersOfTheTokenEndpoint(t *testing.T) {
	const formType = "application/x-www-form-urlencoded"
	good := refreshForm("unknown").Encode()
	object := `{"grant_type":"refresh_token","refresh_token":"unknown","client_id":"wiki","client_secret":"secret of wiki"`
	multi := func(more string) string {
		return strings.ReplaceAll("--x\nContent-Disposition: form-data; name=\"grant_type\"\n\nrefresh_token\n"+
			"--x\nContent-Disposition: form-data; name=\"refresh_token\"\n\nunknown\n"+
			"--x\nContent-Disposition: form-data; name=\"client_id\"\n\nwiki\n"+
			"--x\nContent-Disposition: form-data; name=\"client_secret\"\n\nsecret of wiki\n"+more+"--x--\n", "\n", "\r\n")
	}
	legacy := refreshForm("unknown", "client_id", "legacy", "client_secret", "secret of legacy")
	tests := []struct {
		name, kind, query, body string
		status                  int
		code                    string
	}{
		{"form", formType, "", good, 400, "invalid_grant"},
		{"form with charset", formType + "; charset=UTF-8", "", good, 400, "invalid_grant"},
		{"JSON", "application/json", "", object + "}", 400, "invalid_grant"},
		{"JSON with null", "application/json", "", object + `,"scope":null}`, 400, "invalid_grant"},
		{"JSON, name twice", "application/json", "", object + `,"client_id":"wiki"}`, 400, "invalid_request"},
		{"JSON, number", "application/json", "", object + `,"scope":1}`, 400, "invalid_request"},
		{"JSON, nested", "application/json", "", object + `,"scope":["odoo.read"]}`, 400, "invalid_request"},
		{"JSON, two values", "application/json", "", object + `}{}`, 400, "invalid_request"},
		{"JSON, cut off", "application/json", "", object, 400, "invalid_request"},
		{"JSON, list", "application/json", "", `[]`, 400, "invalid_request"},
		{"multipart", "multipart/form-data; boundary=x", "", multi(""), 400, "invalid_grant"},
		{"multipart, name twice", "multipart/form-data; boundary=x", "", multi("--x\nContent-Disposition: form-data; name=\"client_id\"\n\nwiki\n"), 400, "invalid_request"},
		{"multipart, file", "multipart/form-data; boundary=x", "", multi("--x\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\n\nx\n"), 400, "invalid_request"},
		{"multipart, no boundary", "multipart/form-data", "", multi(""), 400, "invalid_request"},
		{"other type", "text/plain", "", good, 400, "invalid_request"},
		{"no type", "", "", good, 400, "invalid_request"},
		{"broken encoding", formType, "", good + "&x=%zz", 400, "invalid_request"},
		{"too large", formType, "", good + "&x=" + strings.Repeat("a", 32<<10), 413, "invalid_request"},
		{"twice in the form", formType, "", good + "&grant_type=refresh_token", 400, "invalid_request"},
		{"twice, once empty", formType, "", good + "&grant_type=", 400, "invalid_request"},
		{"unknown parameters twice", formType, "", good + "&x=1&x=2", 400, "invalid_grant"},
		{"unknown parameter in the URL", formType, "?x=1", good, 400, "invalid_grant"},
		{"parameters in the URL", "", "?" + good, "", 400, "invalid_request"},
		{"secret in the URL", formType, "?client_secret=secret+of+wiki", refreshForm("x", "client_secret", "").Encode(), 400, "invalid_request"},
		{"parameters in the URL, legacy", "", "?" + legacy.Encode(), "", 400, "invalid_grant"},
		{"in the URL and in the form, legacy", formType, "?client_id=legacy", legacy.Encode(), 400, "invalid_request"},
		{"no grant type", formType, "", with(refreshForm("x"), "grant_type", "").Encode(), 400, "invalid_request"},
		{"password grant", formType, "", with(refreshForm("x"), "grant_type", "password").Encode(), 400, "unsupported_grant_type"},
		{"client credentials", formType, "", with(refreshForm("x"), "grant_type", "client_credentials").Encode(), 400, "unauthorized_client"},
		{"no refresh token", formType, "", refreshForm("").Encode(), 400, "invalid_request"},
		{"no code", formType, "", redeemForm("").Encode(), 400, "invalid_request"},
		{"no redirect_uri", formType, "", redeemForm("x", "redirect_uri", "").Encode(), 400, "invalid_request"},
	}
	w := newWorld(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := w.request(http.MethodPost, AccessTokenPath+test.query, test.body)
			if test.kind != "" {
				r.Header.Set("Content-Type", test.kind)
			}
			w.do(r).refused(t, test.status, test.code)
		})
	}
}

func TestCompressedBodyIsRefused(t *testing.T) {
	w := newWorld(t)
	r := w.request(http.MethodPost, AccessTokenPath, refreshForm("x").Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Content-Encoding", "gzip")
	w.do(r).refused(t, 400, "invalid_request")
}

func TestM32_OnlyPost(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{AccessTokenPath, RevokePath, IntrospectPath} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodOptions} {
			r := w.request(method, path, "")
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("X-HTTP-Method-Override", "POST")
			got := w.do(r)
			got.refused(t, http.StatusMethodNotAllowed, "invalid_request")
			if got.Header.Get("Allow") != "POST" || got.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s: %v", method, path, got.Header)
			}
		}
	}
}

// A4: who fails to authenticate as a client burns nobody's code.
func TestA4_WrongSecretDoesNotBurnTheCode(t *testing.T) {
	w := newWorld(t)
	code := w.browser("demo-session").code(query())
	w.token(redeemForm(code, "client_secret", "wrong")).refused(t, 401, "invalid_client")
	w.token(redeemForm(code)).tokens(t)
	// Whoever is the client and has the wrong verifier is another matter.
	code = w.browser("demo-session").code(query("code_challenge", challenge, "code_challenge_method", "S256"))
	w.token(redeemForm(code, "code_verifier", strings.Repeat("w", 43))).refused(t, 400, "invalid_grant")
	w.token(redeemForm(code, "code_verifier", verifier)).refused(t, 400, "invalid_grant")
}

// M14, A12, A13.
func TestM14_WrongSecretsAreThrottled(t *testing.T) {
	w := newWorld(t)
	bad := refreshForm("x", "client_secret", "guess")
	var blocked reply
	for range 100 {
		if blocked = w.token(bad); blocked.StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	blocked.refused(t, http.StatusTooManyRequests, "invalid_client")
	if blocked.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.reload(applications()) // a throttle outlives the configuration
	w.token(refreshForm("x")).refused(t, http.StatusTooManyRequests, "invalid_client")
	w.token(refreshForm("x", "client_id", "rival", "client_secret", "secret of rival")).refused(t, 400, "invalid_grant")
	revoke := w.request(http.MethodPost, RevokePath, with(bad, "token", "x").Encode())
	revoke.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w.do(revoke).refused(t, http.StatusTooManyRequests, "invalid_client")

	w.mu.Lock()
	w.address = netipAddr("198.51.100.1")
	w.mu.Unlock()
	w.token(refreshForm("x")).refused(t, 400, "invalid_grant") // others are not locked out
	w.mu.Lock()
	w.address = netipAddr("192.0.2.99") // the same network
	w.mu.Unlock()
	w.token(refreshForm("x")).refused(t, http.StatusTooManyRequests, "invalid_client")
	w.clock.Advance(time.Minute)
	w.token(refreshForm("x")).refused(t, 400, "invalid_grant")
}

// A12: one IPv6 site has more networks than anybody counts, and is counted as
// a whole. Other sites, and its other clients, are left alone.
func TestA12_NetworksOfOneSiteShareOneThrottle(t *testing.T) {
	w := newWorld(t)
	from := func(address string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.address = netipAddr(address)
	}
	bad := refreshForm("x", "client_secret", "guess")
	tried := 0
	for ; tried < 1000; tried++ {
		from(fmt.Sprintf("2001:db8:1:%x::1", tried))
		if w.token(bad).StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	if tried != 100 {
		t.Errorf("throttled after %d guesses from as many networks, want 100", tried)
	}
	from("2001:db8:1:ffff::1")
	w.token(refreshForm("x")).refused(t, http.StatusTooManyRequests, "invalid_client")
	w.token(refreshForm("x", "client_id", "rival", "client_secret", "secret of rival")).refused(t, 400, "invalid_grant")
	from("2001:db8:2::1")
	w.token(refreshForm("x")).refused(t, 400, "invalid_grant")
	from("2001:db8:1:ffff::1")
	w.clock.Advance(time.Second)
	w.token(refreshForm("x")).refused(t, 400, "invalid_grant")
}

func TestA12_SpellingsOfAnUnknownClientShareOneThrottle(t *testing.T) {
	w := newWorld(t)
	for i := range 100 {
		id := "Wiki" + strings.Repeat(" ", i)
		if w.token(refreshForm("x", "client_id", id)).StatusCode == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("never throttled")
}

// Archived applications and redirect URIs stop, and come back unharmed.
func TestArchivingStopsEverything(t *testing.T) {
	w := newWorld(t)
	tokens := w.connect()
	code := w.browser("demo-session").code(query())
	archive := func(a *application.Application) { a.RedirectURIs[0].Active = false }

	w.change("wiki", archive)
	w.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_grant")
	w.token(redeemForm(code)).refused(t, 400, "invalid_grant")
	w.change("wiki", func(a *application.Application) { a.Active = false })
	w.token(refreshForm(tokens.RefreshToken)).refused(t, 401, "invalid_client")
	if _, err := w.current().Judge(t.Context(), nil, tokens.AccessToken, nil); !errors.Is(err, deadApplication) {
		t.Errorf("a token that was issued before: %v", err)
	}
	if got := w.browser("demo-session").get(AuthorizePath + "?" + query().Encode()); got.StatusCode != 400 || got.Header.Get("Location") != "" {
		t.Errorf("authorize: %d to %q", got.StatusCode, got.Header.Get("Location"))
	}
	w.reload(applications())
	if _, err := w.current().Judge(t.Context(), nil, tokens.AccessToken, nil); err != nil {
		t.Errorf("once it is back: %v", err)
	}
	w.token(refreshForm(tokens.RefreshToken)).tokens(t)
}

func TestStoreFailureConsumesNothing(t *testing.T) {
	w := newWorld(t)
	code := w.browser("demo-session").code(query())
	w.store.set("RedeemCode", grant.ErrUnavailable)
	got := w.token(redeemForm(code))
	got.refused(t, 503, "temporarily_unavailable")
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.store.set("RedeemCode", nil)
	tokens := w.token(redeemForm(code)).tokens(t)
	for _, method := range []string{"RefreshToken", "Rotate"} {
		w.store.set(method, grant.ErrUnavailable)
		w.token(refreshForm(tokens.RefreshToken)).refused(t, 503, "temporarily_unavailable")
		w.store.set(method, nil)
	}
	w.token(refreshForm(tokens.RefreshToken)).tokens(t)
}
