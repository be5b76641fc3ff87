package oauth

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// unfit checks that tokens are of no use, that Odoo was not asked why, and that
// the person reads it.
func (s *site) unfit(b *browser, tokens answer) {
	s.t.Helper()
	s.sim.ForgetRequests()
	var dead *Dead
	if _, err := s.current().Judge(s.t.Context(), nil, tokens.AccessToken, nil); !errors.As(err, &dead) || dead != deadKind {
		s.t.Errorf("the access token: %v", err)
	}
	for _, token := range []string{tokens.AccessToken, tokens.RefreshToken} {
		if got := s.introspect(token); !strings.Contains(got.text, `"active":false`) {
			s.t.Errorf("introspection: %s", got.text)
		}
	}
	got := s.token(refreshForm(tokens.RefreshToken))
	if got.refused(s.t, http.StatusBadRequest, "invalid_grant"); !strings.Contains(got.text, "another kind of connection") {
		s.t.Errorf("refresh: %s", got.text)
	}
	if asked := s.sim.Requests(); len(asked) != 0 {
		s.t.Errorf("Odoo was asked: %v", asked)
	}
	if text := b.get(AuthorizationsPath).text; !strings.Contains(text, "another kind of connection") {
		s.t.Errorf("the list: %s", text)
	}
}

// The setting of today decides what an application's tokens are good for, and
// changing it back and forth loses nothing: the next authorize replaces the
// connection.
func TestSettingOfConnectionChanges(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	b := s.guest("demo")
	first := s.token(redeemForm(b.answer(b.consent(query()), "later", "").mustCode(t))).tokens(t)
	set := func(c application.Connection) { s.configure(c, func(*application.Application) {}) }

	set(application.ConnectionAPIKey)
	s.unfit(b, first)
	if c := s.connection("demo"); !c.Live() || c.Kind != grant.Session {
		t.Fatalf("connection %+v", c)
	}
	set(application.ConnectionAsk)
	first = s.token(refreshForm(first.RefreshToken)).tokens(t) // nothing was consumed

	set(application.ConnectionAPIKey)
	page := b.follow(b.get(authorizeURL(query())))
	second := s.token(redeemForm(b.answer(page, "stay", "demo").mustCode(t))).tokens(t)
	if c := s.connection("demo"); !connection.KeyWorks(c, s.clock.Now()) {
		t.Fatalf("connection %+v", c)
	}
	first = s.token(refreshForm(first.RefreshToken)).tokens(t) // by the key

	set(application.ConnectionSession)
	s.unfit(b, first)
	s.unfit(b, second)
	for i, authorize := range []func() reply{
		func() reply { return b.get(authorizeURL(query())) },
		func() reply { return b.consent(query("prompt", "consent")) },
	} {
		if i > 0 { // once more with a key
			set(application.ConnectionAPIKey)
			b.answer(b.follow(b.get(authorizeURL(query()))), "stay", "demo").mustCode(t)
			set(application.ConnectionSession)
		}
		third := s.token(redeemForm(authorize().mustCode(t))).tokens(t)
		if c := s.connection("demo"); !c.Live() || c.Kind != grant.Session {
			t.Fatalf("connection %+v", c)
		}
		s.token(refreshForm(third.RefreshToken)).tokens(t)
	}
	if all := s.removals(); len(all) == 0 {
		t.Error("the key that was replaced is not removed from Odoo")
	}
}
