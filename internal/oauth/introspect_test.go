package oauth

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/token"
)

// introspect asks about a token as wiki; changes are to the form.
func (w *world) introspect(raw string, changes ...string) reply {
	w.t.Helper()
	form := with(url.Values{"token": {raw}, "client_id": {"wiki"}, "client_secret": {"secret of wiki"}}, changes...)
	r := w.request(http.MethodPost, IntrospectPath, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r)
}

// inactive checks that an answer says nothing but that.
func (r reply) inactive(t *testing.T) {
	t.Helper()
	if r.StatusCode != http.StatusOK || r.text != `{"active":false}` || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s, Cache-Control %q", r.StatusCode, r.text, r.Header.Get("Cache-Control"))
	}
}

func TestIntrospect(t *testing.T) {
	w := newWorld(t)
	tokens := w.connect()
	claims, err := w.config.Keys.Verify(tokens.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	issued := float64(w.clock.Now().Unix())
	common := map[string]any{
		"active": true, "scope": "odoo.read", "client_id": "wiki", "username": "demo", "iss": issuer,
		"sub": Subject(issuer, "prod", 6), "iat": issued,
	}
	tests := map[string]struct {
		raw  string
		more map[string]any
	}{
		"access token":  {tokens.AccessToken, map[string]any{"token_type": "Bearer", "aud": issuer, "jti": claims.ID, "exp": issued + 3600}},
		"refresh token": {tokens.RefreshToken, map[string]any{"exp": issued + 30*24*3600}},
	}
	for name, test := range tests {
		// The hint is no more than that: a wrong one changes nothing.
		for _, hint := range []string{"", "access_token", "refresh_token", "nonsense"} {
			got := w.introspect(test.raw, "token_type_hint", hint)
			var members map[string]any
			if err := json.Unmarshal([]byte(got.text), &members); err != nil || got.StatusCode != http.StatusOK {
				t.Fatalf("%s: %d %s", name, got.StatusCode, got.text)
			}
			want := maps.Clone(common)
			maps.Copy(want, test.more)
			if !maps.Equal(members, want) {
				t.Errorf("%s, hint %q: %v, want %v", name, hint, members, want)
			}
			for header, value := range map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"} {
				if got.Header.Get(header) != value {
					t.Errorf("%s is %q", header, got.Header.Get(header))
				}
			}
		}
	}
}

// A refresh token without an end has no exp.
func TestIntrospectEndlessRefreshToken(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", func(a *application.Application) { a.RefreshTokenExpiry = 0 })
	tokens := w.connect()
	var members map[string]any
	_ = json.Unmarshal([]byte(w.introspect(tokens.RefreshToken).text), &members)
	if _, ends := members["exp"]; ends || members["active"] != true {
		t.Errorf("members %v", members)
	}
}

// Whatever makes a token useless makes it inactive, and why is not told.
func TestIntrospectInactive(t *testing.T) {
	end := func(t *testing.T, w *world, c token.Claims) {
		if err := w.store.EndTokenSet(t.Context(), c.TokenSet, "revoked", w.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name   string
		before func(t *testing.T, w *world, tokens answer, c token.Claims)
		access bool // the access token is still active
		update bool // the refresh token is
	}{
		{"nothing", func(*testing.T, *world, answer, token.Claims) {}, true, true},
		{"token set revoked", func(t *testing.T, w *world, _ answer, c token.Claims) { end(t, w, c) }, false, false},
		{"authorization revoked", func(t *testing.T, w *world, _ answer, c token.Claims) {
			if err := w.store.RevokeAuthorization(t.Context(), c.Authorization, w.clock.Now()); err != nil {
				t.Fatal(err)
			}
		}, false, false},
		{"access token expired", func(_ *testing.T, w *world, _ answer, _ token.Claims) { w.clock.Advance(time.Hour) }, false, true},
		{"both expired", func(_ *testing.T, w *world, _ answer, _ token.Claims) { w.clock.Advance(30 * 24 * time.Hour) }, false, false},
		{"rotated, in the grace", func(t *testing.T, w *world, tokens answer, _ token.Claims) {
			w.token(refreshForm(tokens.RefreshToken)).tokens(t)
			w.clock.Advance(RefreshGrace)
		}, true, true},
		{"rotated, after the grace", func(t *testing.T, w *world, tokens answer, _ token.Claims) {
			w.token(refreshForm(tokens.RefreshToken)).tokens(t)
			w.clock.Advance(RefreshGrace + time.Second)
		}, true, false},
		{"redirect URI archived", func(_ *testing.T, w *world, _ answer, _ token.Claims) {
			w.change("wiki", func(a *application.Application) { a.RedirectURIs[0].Active = false })
		}, false, false},
		{"another database", func(_ *testing.T, w *world, _ answer, _ token.Claims) {
			w.config.Database = "staging"
			w.reload(applications())
		}, false, false},
		{"client id changed", func(_ *testing.T, w *world, _ answer, _ token.Claims) {
			// The API knows the old id no more; a refresh answers under the new one.
			w.change("wiki", func(a *application.Application) { a.ClientID = "wiki2" })
		}, false, true},
		{"connection ended", func(t *testing.T, w *world, _ answer, c token.Claims) {
			a, err := w.store.Authorization(t.Context(), c.Authorization)
			if err != nil {
				t.Fatal(err)
			}
			ended := a.Connection
			ended.Sealed, ended.Hash, ended.EndedAt, ended.EndReason = nil, "", w.clock.Now(), "logged_out"
			if err := w.store.UpdateConnection(t.Context(), a.ID, a.Connection.Hash, ended); err != nil {
				t.Fatal(err)
			}
		}, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			tokens := w.connect()
			claims, err := w.config.Keys.Verify(tokens.AccessToken)
			if err != nil {
				t.Fatal(err)
			}
			test.before(t, w, tokens, claims)
			id := "wiki"
			if w.current().Applications.ByClientID(id) == nil {
				id = "wiki2"
			}
			for raw, active := range map[string]bool{tokens.AccessToken: test.access, tokens.RefreshToken: test.update} {
				got := w.introspect(raw, "client_id", id)
				if !active {
					got.inactive(t)
				} else if found := (introspection{}); json.Unmarshal([]byte(got.text), &found) != nil || !found.Active {
					t.Errorf("not active: %d %s", got.StatusCode, got.text)
				}
			}
		})
	}
}

// Looking at a rotated refresh token is not its reuse.
func TestIntrospectUsesNothing(t *testing.T) {
	w := newWorld(t)
	first := w.connect()
	second := w.token(refreshForm(first.RefreshToken)).tokens(t)
	w.clock.Advance(RefreshGrace + time.Second)
	w.introspect(first.RefreshToken).inactive(t)
	w.token(refreshForm(second.RefreshToken)).tokens(t)
}

// A client learns nothing about tokens that are not its own or not ours.
func TestIntrospectForeign(t *testing.T) {
	w := newWorld(t)
	tokens := w.connect()
	claims, err := w.config.Keys.Verify(tokens.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(change func(*token.Claims)) string {
		c := claims
		change(&c)
		raw, err := w.config.Keys.(*token.Keys).Sign(c)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	rival := []string{"client_id", "rival", "client_secret", "secret of rival"}
	w.introspect(tokens.AccessToken, rival...).inactive(t)
	w.introspect(tokens.RefreshToken, rival...).inactive(t)
	// A token set of wiki's in a token for rival, and the other way round.
	w.introspect(sign(func(c *token.Claims) { c.ClientID = "rival" }), rival...).inactive(t)
	w.introspect(sign(func(c *token.Claims) { c.ClientID = "rival" })).inactive(t)
	code := w.browser("demo-session").code(query("client_id", "rival"))
	other := w.token(redeemForm(code, rival...)).tokens(t)
	foreign, err := w.config.Keys.Verify(other.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	w.introspect(sign(func(c *token.Claims) { c.TokenSet = foreign.TokenSet })).inactive(t)
	w.introspect(sign(func(c *token.Claims) { c.TokenSet, c.Authorization = foreign.TokenSet, foreign.Authorization })).inactive(t)
	w.introspect(sign(func(c *token.Claims) { c.Authorization = foreign.Authorization })).inactive(t)
	w.introspect(sign(func(c *token.Claims) { c.Subject = Subject(issuer, "prod", 7) })).inactive(t)
	w.introspect(sign(func(c *token.Claims) { c.TokenSet = grant.NewID() })).inactive(t)
	changed := []byte(tokens.AccessToken)
	changed[len(changed)-10] ^= 1
	for _, raw := range []string{"unknown", grant.NewToken(), string(changed), tokens.AccessToken + " ", "a.b.c"} {
		w.introspect(raw).inactive(t)
	}
}

func TestIntrospectAuthentication(t *testing.T) {
	w := newWorld(t)
	tokens := w.connect()
	form := []string{"client_id", "", "client_secret", ""}
	for name, changes := range map[string][]string{
		"nobody":       form,
		"wrong secret": {"client_secret", "wrong"},
		"no secret":    {"client_secret", ""},
		"archived":     {"client_id", "archived", "client_secret", "secret of archived"},
		"public":       {"client_id", "native", "client_secret", ""},
	} {
		got := w.introspect(tokens.AccessToken, changes...)
		got.refused(t, 401, "invalid_client")
		if got.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no challenge", name)
		}
	}
	// A token proves nobody: not even the one asked about.
	r := w.request(http.MethodPost, IntrospectPath, url.Values{"token": {tokens.AccessToken}}.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+tokens.AccessToken)
	w.do(r).refused(t, 401, "invalid_client")

	r = w.request(http.MethodPost, IntrospectPath, url.Values{"token": {tokens.AccessToken}}.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("wiki:secret of wiki")))
	if got := w.do(r); got.StatusCode != http.StatusOK || got.text == `{"active":false}` {
		t.Errorf("Basic: %d %s", got.StatusCode, got.text)
	}
	w.introspect("").refused(t, 400, "invalid_request")
	inURL := w.request(http.MethodPost, IntrospectPath+"?token="+tokens.AccessToken, url.Values{"client_id": {"wiki"}, "client_secret": {"secret of wiki"}}.Encode())
	inURL.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w.do(inURL).refused(t, 400, "invalid_request")
}

// Without the store nothing is said about a token.
func TestIntrospectWithoutStore(t *testing.T) {
	w := newWorld(t)
	tokens := w.connect()
	for method, raws := range map[string][]string{
		"RefreshToken":  {tokens.AccessToken, tokens.RefreshToken},
		"TokenSet":      {tokens.AccessToken},
		"Authorization": {tokens.AccessToken, tokens.RefreshToken},
	} {
		w.store.set(method, grant.ErrUnavailable)
		for _, raw := range raws {
			got := w.introspect(raw)
			got.refused(t, 503, "temporarily_unavailable")
			if got.Header.Get("Retry-After") == "" {
				t.Errorf("%s: %v", method, got.Header)
			}
		}
		w.store.set(method, nil)
	}
}
