package oauth

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// hookedConnections does something between the making of a key and its
// attaching, and may keep Odoo from removing keys.
type hookedConnections struct {
	Connections
	made  func()
	keeps bool
}

func (c *hookedConnections) MakeKey(ctx context.Context, rt http.RoundTripper, session, userAgent string, uid int64, name, password string) (connection.NewKey, error) {
	key, err := c.Connections.MakeKey(ctx, rt, session, userAgent, uid, name, password)
	if made := c.made; made != nil {
		c.made = nil
		made()
	}
	return key, err
}

func (c *hookedConnections) DropKey(ctx context.Context, rt http.RoundTripper, session, userAgent string, id int64) bool {
	return !c.keeps && c.Connections.DropKey(ctx, rt, session, userAgent, id)
}

// hooked puts hooks into a site.
func (s *site) hooked() *hookedConnections {
	hooks := &hookedConnections{Connections: s.config.Connections}
	s.config.Connections = hooks
	s.configure(application.ConnectionAsk, func(*application.Application) {})
	return hooks
}

func (s *site) removals() []grant.KeyRemoval {
	s.t.Helper()
	all, err := s.store.KeyRemovals(s.t.Context(), grant.KeyRemovalQuery{})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// Two tabs that make a key at the same time leave one: the other is removed, or
// waits to be.
func TestStayInTwoTabs(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		t.Run(fmt.Sprint(keeps), func(t *testing.T) {
			s := staySite(t, 18, application.ConnectionAsk)
			hooks := s.hooked()
			hooks.keeps = keeps
			b := s.guest("demo")
			first, second := b.consent(query()), b.consent(query("prompt", "consent"))
			hooks.made = func() { b.answer(second, "stay", "demo").mustCode(t) }
			b.answer(first, "stay", "demo").mustCode(t)
			c := s.connection("demo")
			if !connection.KeyWorks(c, s.clock.Now()) {
				t.Fatalf("connection %+v", c)
			}
			names, all := s.sim.APIKeyNames("demo"), s.removals()
			if keeps {
				if len(names) != 2 || len(all) != 1 || all[0].KeyID == c.KeyID || all[0].Sealed == nil {
					t.Errorf("keys %q, removals %+v, connection %+v", names, all, c)
				}
			} else if len(names) != 1 || len(all) != 0 || s.kinds(audit.APIKeyRemoved) != 1 {
				t.Errorf("keys %q, removals %+v", names, all)
			}
			s.sim.ExpireSessions()
			s.token(refreshForm(s.token(redeemForm(s.guest("demo").get(authorizeURL(query())).mustCode(t))).tokens(t).RefreshToken)).tokens(t)
		})
	}
}

// A key that can not be kept is taken back at once, or else by the sweep.
func TestStayTakesBack(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		s := staySite(t, 18, application.ConnectionAsk)
		hooks := s.hooked()
		hooks.keeps = keeps
		b := s.guest("demo")
		page := b.consent(query())
		a, err := s.store.FindAuthorization(t.Context(), "wiki", Subject(s.origin.String(), s.sim.Database(), s.sim.UID("demo")), "")
		if err != nil {
			t.Fatal(err)
		}
		hooks.made = func() {
			if err := s.store.RevokeAuthorization(t.Context(), a.ID, s.clock.Now()); err != nil {
				t.Error(err)
			}
		}
		if got := b.answer(page, "stay", "demo"); got.codeOf() != "" {
			t.Error("a code for what was revoked")
		}
		names, all := s.sim.APIKeyNames("demo"), s.removals()
		switch {
		case !keeps && (len(names) != 0 || len(all) != 0):
			t.Errorf("keys %q, removals %+v", names, all)
		case keeps && (len(all) != 1 || all[0].KeyID == 0):
			t.Errorf("keys %q, removals %+v", names, all)
		case keeps:
			key, err := ring.Open(all[0].Sealed, all[0].Key())
			if err != nil || len(key) != 40 {
				t.Errorf("the sealed key of the removal is no key: %v", err)
			}
		}
	}
}

// confirmed is how long a session counts as confirmed in Odoo.
const confirmed = 10 * time.Minute

// Who revokes soon after they have confirmed who they are has the key removed
// at once. Later that waits for the sweep, or for them. Either way the
// authorization is revoked first, and Odoo asked for one key that it keeps.
func TestRevokingRemovesKeys(t *testing.T) {
	for version := 16; version <= 19; version++ {
		for _, later := range []bool{false, true} {
			s := staySite(t, version, application.ConnectionAsk)
			apps := applications()
			apps[0].Connection, apps[1].Connection = application.ConnectionAsk, application.ConnectionAsk
			s.reload(apps)
			b := s.guest("demo")
			b.answer(b.consent(query()), "stay", "demo").mustCode(t)
			b.answer(b.consent(query("client_id", "rival")), "stay", "demo").mustCode(t)
			s.sim.NewAPIKey("demo", "made by hand", time.Time{})
			list := b.get(AuthorizationsPath)
			if later {
				s.clock.Advance(confirmed)
			}
			tokens := list.revokeTokens(t)
			s.sim.ForgetRequests()
			if got := b.post(AuthorizationsPath, url.Values{"token": tokens[len(tokens)-1:]}); got.StatusCode != http.StatusSeeOther {
				t.Fatalf("%d %s", got.StatusCode, got.text)
			}
			asked := 0
			for _, r := range s.sim.Requests() {
				if strings.HasSuffix(r.Path, "/remove") {
					asked++
				}
			}
			names, all := s.sim.APIKeyNames("demo"), s.removals()
			live, err := s.store.AuthorizationsBySubject(t.Context(), Subject(s.origin.String(), s.sim.Database(), s.sim.UID("demo")))
			switch {
			case err != nil || len(live) != 0:
				t.Errorf("%d: %d are not revoked, %v", version, len(live), err)
			case later && (len(names) != 3 || len(all) != 2 || s.kinds(audit.APIKeyRemoved) != 0 || asked != 1):
				t.Errorf("%d, later: keys %q, %d removals, asked %d times", version, names, len(all), asked)
			case !later && (!slices.Equal(names, []string{"made by hand"}) || len(all) != 0 || s.kinds(audit.APIKeyRemoved) != 2):
				t.Errorf("%d: keys %q, %d removals", version, names, len(all))
			}
		}
	}
}

// Whoever makes a key again has the former ones removed that Odoo had left to
// them.
func TestStayRemovesWhatWasLeft(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	b := s.guest("demo")
	b.answer(b.consent(query()), "stay", "demo").mustCode(t)
	own := "made by hand"
	s.sim.NewAPIKey("demo", own, time.Time{})
	s.clock.Advance(confirmed)
	if got := b.post(AuthorizationsPath, url.Values{"token": b.get(AuthorizationsPath).revokeTokens(t)[:1]}); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", got.StatusCode, got.text)
	}
	all := s.removals()
	if len(all) != 1 || len(s.sim.APIKeyNames("demo")) != 2 {
		t.Fatalf("removals %+v, keys %q", all, s.sim.APIKeyNames("demo"))
	}
	left := all[0]
	left.Sealed, left.LeftAt = nil, s.clock.Now()
	if err := s.store.UpdateKeyRemoval(t.Context(), left); err != nil {
		t.Fatal(err)
	}
	gone := left // somebody has deleted that one, which stops no other
	gone.ID, gone.KeyID = "gone", left.KeyID+1000
	if err := s.store.AddKeyRemoval(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	b.answer(b.consent(query()), "stay", "demo").mustCode(t)
	if names, all := s.sim.APIKeyNames("demo"), s.removals(); !slices.Equal(names, []string{own, keyName}) || len(all) != 0 {
		t.Errorf("keys %q, removals %+v", names, s.removals())
	}
}

// A record that a live connection claims is not removed, whatever a removal
// says.
func TestStaySparesWhatIsInUse(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	b := s.guest("demo")
	b.answer(b.consent(query()), "stay", "demo").mustCode(t)
	a, err := s.store.FindAuthorization(t.Context(), "wiki", Subject(s.origin.String(), s.sim.Database(), s.sim.UID("demo")), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.AddKeyRemoval(t.Context(), grant.RemovalOf(a, s.clock.Now())); err != nil {
		t.Fatal(err)
	}
	s.change("rival", func(a *application.Application) { a.Connection = application.ConnectionAsk })
	page := b.consent(query("client_id", "rival"))
	b.answer(page, "stay", "demo").mustCode(t)
	if names := s.sim.APIKeyNames("demo"); len(names) != 2 {
		t.Errorf("keys %q", names)
	}
}

// The list of authorizations names the keys that are of no more use, until
// Odoo has them no more.
func TestListNamesLeftKeys(t *testing.T) {
	s := staySite(t, 18, application.ConnectionAsk)
	b := s.guest("demo")
	b.answer(b.consent(query()), "stay", "demo").mustCode(t)
	const says = "no more use to any application"
	page := b.get(AuthorizationsPath)
	if strings.Contains(page.text, says) {
		t.Errorf("a key that is used: %s", page.text)
	}
	s.clock.Advance(confirmed)
	b.post(AuthorizationsPath, url.Values{"token": page.revokeTokens(t)[:1]})
	for name, trouble := range map[string]func(){
		"at once": func() {},
		"left": func() {
			left := s.removals()[0]
			left.Sealed, left.LeftAt = nil, s.clock.Now()
			if err := s.store.UpdateKeyRemoval(t.Context(), left); err != nil {
				t.Fatal(err)
			}
		},
	} {
		trouble()
		if text := b.get(AuthorizationsPath).text; !strings.Contains(text, says) || !strings.Contains(text, "<strong>"+keyName+"</strong>") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if text := s.guest("admin").get(AuthorizationsPath).text; strings.Contains(text, keyName) {
		t.Errorf("somebody else sees %s", text)
	}
	if len(s.removals()) != 1 {
		t.Errorf("removals %+v", s.removals())
	}
	// One whose record is not known can not be looked for, and is named.
	nameless := s.removals()[0]
	nameless.ID, nameless.KeyID = "nameless", 0
	if err := s.store.AddKeyRemoval(t.Context(), nameless); err != nil {
		t.Fatal(err)
	}
	s.store.set("KeyRemovals", grant.ErrUnavailable)
	if got := b.get(AuthorizationsPath); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without a store: %d", got.StatusCode)
	}
	s.store.set("KeyRemovals", nil)
	s.sim.RemoveAPIKeys("demo") // as a person does in their profile
	text := b.get(AuthorizationsPath).text
	if all := s.removals(); strings.Count(text, keyName) != 1 || len(all) != 1 || all[0].KeyID != 0 {
		t.Errorf("it was deleted: %s", text)
	}
}
