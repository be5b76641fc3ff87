package oauth

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// inDatabase configures another database.
func (s *site) inDatabase(name string) {
	client := rpc.New(rpc.Config{Issuer: s.origin, Database: name})
	s.config.Database, s.config.People = name, realPeople{client}
	s.config.Connections = realConnections{connection.New(connection.Config{
		Store: s.store, Seal: ring, Client: client, Table: connection.NewTable(s.clock.Now), Now: s.clock.Now,
	})}
	s.reload(applications())
}

// waits checks that an answer says to try again.
func (r reply) waits(t *testing.T, what string) {
	t.Helper()
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
		t.Errorf("%s: %d, Retry-After %q: %s", what, r.StatusCode, r.Header.Get("Retry-After"), r.text)
	}
}

// A slip in the name of the database, or a database that is being restored,
// ends nothing: who asks is told to wait, and all goes on afterwards.
func TestDatabaseThatOdooHasNot(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *site) {
		p := s.person()
		tokens := s.token(redeemForm(p.authorize(p.login(p.get(authorizeURL(query())), "demo")))).tokens(t)
		before := s.connection("demo")

		s.inDatabase("dmeo")
		refused := s.token(refreshForm(tokens.RefreshToken))
		refused.waits(t, "refresh")
		refused.refused(t, http.StatusServiceUnavailable, "temporarily_unavailable")
		if !strings.Contains(refused.text, "does not have the gateway's database") {
			t.Errorf("refresh: %s", refused.text)
		}
		s.introspect(tokens.AccessToken).waits(t, "introspection of the access token")
		s.introspect(tokens.RefreshToken).waits(t, "introspection of the refresh token")
		// Nobody is told to log out of the right database.
		page := p.get(authorizeURL(query()))
		page.waits(t, "authorize")
		if strings.Contains(page.text, "another database") || !strings.Contains(page.text, "Odoo lacks the gateway’s database") ||
			!strings.Contains(page.text, "administrator") {
			t.Errorf("authorize: %s", page.text)
		}
		// What is dead whatever Odoo says stays so.
		s.token(refreshForm("unknown")).refused(t, http.StatusBadRequest, "invalid_grant")

		s.inDatabase(s.sim.Database())
		if after := s.connection("demo"); !after.Live() || after.Hash != before.Hash {
			t.Errorf("the connection was %+v, and is %+v", before, after)
		}
		next := s.token(refreshForm(tokens.RefreshToken)).tokens(t)
		if p.authorize(p.get(authorizeURL(query()))) == "" {
			t.Error("no code")
		}

		// A database that Odoo has is another one.
		s.inDatabase(odootest.StagingDatabase)
		s.token(refreshForm(next.RefreshToken)).refused(t, http.StatusBadRequest, "invalid_grant")
		s.introspect(next.RefreshToken).inactive(t)
		s.introspect(next.AccessToken).inactive(t)
		if page := p.get(authorizeURL(query())); page.StatusCode != http.StatusForbidden || !strings.Contains(page.text, "another database") {
			t.Errorf("authorize: %d %s", page.StatusCode, page.text)
		}
		// Nothing was consumed there either.
		s.inDatabase(s.sim.Database())
		s.token(refreshForm(next.RefreshToken)).tokens(t)
	})
}

// Odoo is not asked about a refresh token that is over, and one that Odoo says
// nothing about is not over.
func TestRefreshForAnotherDatabase(t *testing.T) {
	w := newWorld(t)
	tokens := w.connect()
	w.config.Database = "staging"
	w.reload(applications())
	w.conns.database = &odoo.Error{Kind: odoo.Unavailable, Message: "no answer"}
	got := w.token(refreshForm(tokens.RefreshToken))
	got.waits(t, "refresh")
	if !strings.Contains(got.text, "Odoo does not answer") {
		t.Errorf("refresh: %s", got.text)
	}
	w.revoke(tokens.RefreshToken)
	w.token(refreshForm(tokens.RefreshToken)).refused(t, http.StatusBadRequest, "invalid_grant")
}
