package oauth

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
)

// Rows of the checklists of standards and attacks that no other test is about.

// A client that fails is asked for the scheme that it has used.
func TestM13_ChallengeIsOfTheSchemeUsed(t *testing.T) {
	w := newWorld(t)
	rest := refreshForm("x", "client_id", "", "client_secret", "")
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("wiki:wrong"))
	for name, test := range map[string]struct {
		got  reply
		want string
	}{
		"body":   {w.token(refreshForm("x", "client_secret", "wrong")), "Basic realm="},
		"Basic":  {w.header(AccessTokenPath, basic, rest), "Basic realm="},
		"header": {w.header(AccessTokenPath, headerForm(refreshForm("x", "client_secret", "wrong")), nil), "OAuth realm="},
	} {
		test.got.refused(t, 401, "invalid_client")
		if challenge := test.got.Header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, test.want) {
			t.Errorf("%s: %q", name, challenge)
		}
	}
}

// There is no password grant and no implicit one, under whatever spelling.
func TestM31_GrantsThatAreNoMore(t *testing.T) {
	w := newWorld(t)
	for _, grant := range []string{"password", "implicit", "Authorization_Code", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:device_code"} {
		w.token(refreshForm("x", "grant_type", grant, "username", "demo", "password", "demo")).refused(t, 400, "unsupported_grant_type")
	}
	b := w.browser("demo-session")
	for _, kind := range []string{"token", "id_token", "code token"} {
		answer := b.get(authorizeURL(query("response_type", kind))).location(t)
		if answer.Query().Get("error") != "unsupported_response_type" || answer.Fragment != "" {
			t.Errorf("%s: %s", kind, answer)
		}
	}
}

// A code for which a challenge was sent can not be redeemed by whoever leaves
// the verifier out, and one without can not with a verifier: the code of
// another's session is of no use to anybody's client.
func TestA3_InjectedCode(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	with := []string{"code_challenge", challenge, "code_challenge_method", "S256"}
	w.token(redeemForm(b.code(query(with...)))).refused(t, 400, "invalid_grant")
	w.token(redeemForm(b.code(query()), "code_verifier", verifier)).refused(t, 400, "invalid_grant")
	w.token(redeemForm(b.code(query(with...)), "code_verifier", verifier)).tokens(t)
}

// Assertions are no credential here, so that none can be replayed.
func TestA10_AssertionsProveNothing(t *testing.T) {
	w := newWorld(t)
	w.token(refreshForm("x", "client_secret", "", "client_assertion", "a.b.c",
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")).refused(t, 401, "invalid_client")
}

// Guessing never locks the client itself out: it comes from elsewhere, and
// whoever has guessed waits for seconds.
func TestA13_NobodyIsLockedOut(t *testing.T) {
	w := newWorld(t)
	for range 200 {
		w.token(refreshForm("x", "client_secret", "guess"))
	}
	w.token(refreshForm("x")).refused(t, http.StatusTooManyRequests, "invalid_client")
	w.mu.Lock()
	w.address = netipAddr("203.0.113.9")
	w.mu.Unlock()
	w.token(refreshForm("x")).refused(t, 400, "invalid_grant")
	w.mu.Lock()
	w.address = netipAddr("192.0.2.7")
	w.mu.Unlock()
	w.clock.Advance(2 * time.Minute)
	w.token(refreshForm("x")).refused(t, 400, "invalid_grant")
}

// Whoever gives an application the answers of another server is found out by
// the iss of each answer, the refusals too.
func TestA15_AnswersNameTheirServer(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query()) // consents
	for _, q := range []url.Values{query(), query("response_type", "token"), query("scope", "nonsense")} {
		if got := b.get(authorizeURL(q)).location(t).Query(); got.Get("iss") != issuer || got.Get("code") == "" == (got.Get("error") == "") {
			t.Errorf("answer %v", got)
		}
	}
}

// The metadata names what some application can use, and nothing else.
func TestM24_MetadataIsTrueToTheConfiguration(t *testing.T) {
	w := newWorld(t)
	has := func(text string, want bool) {
		t.Helper()
		if got := w.do(w.request(http.MethodGet, MetadataPath, "")); strings.Contains(got.text, text) != want {
			t.Errorf("%s stands there: %v\n%s", text, !want, got.text)
		}
	}
	has(`"none"],"revocation_endpoint_auth`, true)
	has(`"client_credentials"`, false)
	w.robot(func(a *application.Application) { a.Active = false })
	has(`"client_credentials"`, false)
	w.robot()
	has(`"grant_types_supported":["authorization_code","refresh_token","client_credentials"]`, true)
	w.reload(applications()[:1])
	has(`"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"]`, true)
	has(`"code_challenge_methods_supported":["S256"]`, true)
	w.scheme.scopes = []string{ScopeRead, ScopeCall}
	has(`"scopes_supported":["odoo.read","odoo.call"]`, true)
}

// BenchmarkA11_ClientSecret is the work for a secret of a known and of an
// unknown client, wrong at the beginning and at the end: the figures must not
// differ. It is no test, because a test would have to judge a clock.
func BenchmarkA11_ClientSecret(b *testing.B) {
	registry, err := application.NewRegistry(applications())
	if err != nil {
		b.Fatal(err)
	}
	s := &Server{decoy: decoyOf(registry)}
	s.Applications = registry
	for name, c := range map[string]credential{
		"unknown client":   {ids: [2]string{"nobody"}, secrets: [2]string{"secret of wiki"}, secret: true},
		"wrong at the end": {ids: [2]string{"wiki"}, secrets: [2]string{"secret of wikj"}, secret: true},
		"wrong at once":    {ids: [2]string{"wiki"}, secrets: [2]string{"xecret of wiki"}, secret: true},
		"archived":         {ids: [2]string{"archived"}, secrets: [2]string{"secret of wiki"}, secret: true},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				app := s.lookUp(c)
				if proves(app, c, matches(s.secretsOf(app), c, application.Secret.Known)) {
					b.Fatal("taken")
				}
			}
		})
	}
}
