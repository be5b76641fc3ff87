package connection

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// withOdoo is newWorld with options.
func withOdoo(t *testing.T, o odootest.Options) *world {
	t.Helper()
	fake := clock.NewFake(time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC))
	o.Now, o.Database = fake.Now, "demo19"
	server := odootest.Start(o)
	t.Cleanup(server.Close)
	w := worldAt(t, server.URL, fake)
	w.odoo = server
	return w
}

const browserAgent = "Mozilla/5.0"

func (w *world) makeKey(login, session, password string) (NewKey, error) {
	return w.manager.MakeKey(w.Context(), w.rt, session, browserAgent, w.odoo.UID(login), KeyName("Team wiki"), password)
}

// confirm does what Odoo's own identity page does.
func (w *world) confirm(session, password string) {
	w.Helper()
	path := "/web/session/identity/check"
	if strings.HasPrefix(w.Name(), "TestMakeKeyConfirmed/19") {
		path = "/auth-timeout/session/check-identity"
	}
	body := strings.NewReader(fmt.Sprintf(`{"jsonrpc":"2.0","params":{"type":"password","password":%q}}`, password))
	req, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.odoo.URL+path, body)
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Cookie", "session_id="+session)
	resp, err := w.rt.RoundTrip(req)
	if err != nil {
		w.Fatal(err)
	}
	resp.Body.Close()
}

func TestMakeKey(t *testing.T) {
	days := map[string]map[int]int{ // what each login may have, by version
		"demo":  {16: 365, 17: 365, 18: 90, 19: 90, 20: 90},
		"admin": {16: 365, 17: 365, 18: 365, 19: 365, 20: 365},
		// A second factor is none of the key's business: 16 to 19 ask for the
		// password alone.
		odootest.TOTPLogin: {16: 365, 17: 365, 18: 90, 19: 90, 20: 90},
	}
	for version := 16; version <= 20; version++ {
		w := newWorld(t, version)
		for login, lives := range days {
			t.Run(fmt.Sprint(version, login), func(t *testing.T) {
				session := w.odoo.NewSession(login)
				w.odoo.ForgetRequests()
				if _, err := w.makeKey(login, session, "wrong"); !errors.Is(err, ErrPassword) {
					t.Errorf("a wrong password: %v", err)
				}
				if _, err := w.makeKey(login, session, ""); !errors.Is(err, ErrConfirm) {
					t.Errorf("no password: %v", err)
				}
				made, err := w.makeKey(login, session, login)
				if err != nil {
					t.Fatal(err)
				}
				life := made.Ends.Sub(w.clock.Now())
				if most := time.Duration(lives[version]) * 24 * time.Hour; life > most || life < most-24*time.Hour {
					t.Errorf("the key lives %v", life)
				}
				for _, r := range w.odoo.Requests() {
					if ua := r.Header.Get("User-Agent"); ua != browserAgent && !strings.HasSuffix(r.Path, "version_info") {
						t.Errorf("%s was sent by %q", r.Path, ua)
					}
				}
				a := w.connectKey(w.odoo.UID(login), made.Secret, made.Ends, made.ID)
				w.mustDo(a)
				if err := w.manager.Check(t.Context(), w.rt, a, agent); err != nil || made.ID == 0 {
					t.Errorf("key %d: %v", made.ID, err)
				}
				if names := w.odoo.APIKeyNames(login); len(names) != 1 || names[0] != "Team wiki (Odoo gateway)" {
					t.Errorf("keys %q", names)
				}
				// The password was just given: the key can be taken back.
				if !w.manager.DropKey(t.Context(), w.rt, session, browserAgent, made.ID) || len(w.odoo.APIKeyNames(login)) != 0 {
					t.Errorf("keys %q", w.odoo.APIKeyNames(login))
				}
				if w.manager.DropKey(t.Context(), w.rt, w.odoo.NewSession(login), browserAgent, made.ID) {
					t.Error("a key was removed without a password")
				}
			})
		}
	}
}

// Portal users have no keys, and who signs in elsewhere has no password.
func TestMakeKeyRefused(t *testing.T) {
	for version := 16; version <= 20; version++ {
		w := newWorld(t, version)
		if _, err := w.makeKey("portal", w.odoo.NewSession("portal"), "portal"); !errors.Is(err, ErrNoKeys) {
			t.Errorf("%d, portal: %v", version, err)
		}
		w.odoo.ChangePassword("demo", "")
		session := w.odoo.NewSession("demo")
		for _, password := range []string{"demo", " "} {
			if _, err := w.makeKey("demo", session, password); !errors.Is(err, ErrPassword) {
				t.Errorf("%d, no password: %v", version, err)
			}
		}
		w.odoo.Archive("demo")
		_, err := w.makeKey("demo", session, "demo")
		wantKind(t, err, odoo.SessionExpired)
		w.odoo.SetDown(true)
		if _, err := w.makeKey("admin", w.odoo.NewSession("admin"), "admin"); !is(err, odoo.Unavailable) || errors.Is(err, ErrNoKeys) {
			t.Errorf("%d, down: %v", version, err)
		}
		for _, login := range []string{"portal", "demo", "admin"} {
			if names := w.odoo.APIKeyNames(login); len(names) != 0 {
				t.Errorf("%d: %s has keys %q", version, login, names)
			}
		}
	}
}

// Where Odoo has a page for it, the gateway sees no password.
func TestMakeKeyConfirmed(t *testing.T) {
	for version := 19; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			session := w.odoo.NewSession("demo")
			w.confirm(session, "wrong")
			if _, err := w.makeKey("demo", session, ""); !errors.Is(err, ErrConfirm) {
				t.Errorf("not confirmed: %v", err)
			}
			w.confirm(session, "demo")
			made, err := w.makeKey("demo", session, "")
			if err != nil {
				t.Fatal(err)
			}
			w.mustDo(w.connectKey(w.odoo.UID("demo"), made.Secret, made.Ends, made.ID))
		})
	}
}

func TestIdentityPage(t *testing.T) {
	for _, tt := range []struct {
		options odootest.Options
		want    string
	}{
		{odootest.Options{Version: 16}, ""}, {odootest.Options{Version: 18}, ""},
		{odootest.Options{Version: 19, NoAuthTimeout: true}, ""},
		{odootest.Options{Version: 19}, "/auth-timeout/check-identity"},
		{odootest.Options{Version: 20}, "/web/session/identity"},
	} {
		w := withOdoo(t, tt.options)
		got, err := w.manager.IdentityPage(t.Context(), w.rt, w.odoo.NewSession("demo"), browserAgent)
		if err != nil || got != tt.want {
			t.Errorf("%+v: %q, %v", tt.options, got, err)
		}
		w.odoo.SetDown(true)
		w.manager.client.ForgetMajor()
		if got, err := w.manager.IdentityPage(t.Context(), w.rt, w.odoo.NewSession("demo"), browserAgent); !is(err, odoo.Unavailable) {
			t.Errorf("down: %q, %v", got, err)
		}
	}
}

// A rotation that the making causes is followed, and told the browser.
func TestMakeKeyRotates(t *testing.T) {
	w := newWorld(t, 19)
	a, old := w.demo("wiki")
	w.odoo.AgeSessions(4 * time.Hour)
	if _, err := w.makeKey("demo", old, "demo"); err != nil {
		t.Fatal(err)
	}
	next := w.odoo.SessionSuccessor(old)
	if next == "" {
		t.Fatal("nothing was rotated")
	}
	w.holds(a, next)
	if set := w.manager.table.serve(old); set == nil || set.Value != next {
		t.Errorf("the browser would get %v", set)
	}
}

func TestRenew(t *testing.T) {
	for _, tt := range []struct {
		options odootest.Options
		renews  bool
	}{
		{odootest.Options{Version: 20, ProgrammaticKeys: true}, true},
		{odootest.Options{Version: 20}, false},
		{odootest.Options{Version: 19, ProgrammaticKeys: true}, false},
	} {
		t.Run(fmt.Sprint(tt.options.Version, tt.options.ProgrammaticKeys), func(t *testing.T) {
			w := withOdoo(t, tt.options)
			made, err := w.makeKey("demo", w.odoo.NewSession("demo"), "demo")
			if err != nil {
				t.Fatal(err)
			}
			a := w.connectKey(w.odoo.UID("demo"), made.Secret, made.Ends, made.ID)
			w.clock.Advance(60 * 24 * time.Hour)
			w.mustDo(a)
			if w.current(a).Connection.Hash != a.Connection.Hash {
				t.Fatal("renewed a month before its end")
			}
			w.clock.Advance(20 * 24 * time.Hour)
			w.mustDo(a)
			w.mustDo(w.current(a))
			c := w.current(a).Connection
			if renewed := c.Hash != a.Connection.Hash; renewed != tt.renews || !c.Live() {
				t.Fatalf("connection %+v", c)
			}
			if !tt.renews {
				if names := w.odoo.APIKeyNames("demo"); len(names) != 1 {
					t.Errorf("keys %q", names)
				}
				return
			}
			// The former one has to go, and this Odoo lets the key remove itself.
			if outcome := w.remove(w.removal()); outcome != RemovalDone {
				t.Errorf("outcome %d", outcome)
			}
			if names := w.odoo.APIKeyNames("demo"); len(names) != 1 || names[0] != "Team wiki (Odoo gateway)" {
				t.Errorf("keys %q", names)
			}
			if life := c.ExpiresAt.Sub(w.clock.Now()); life < 80*24*time.Hour || c.KeyID == a.Connection.KeyID || c.KeyID == 0 {
				t.Errorf("the successor lives %v; connection %+v", life, c)
			}
			w.clock.Advance(30 * 24 * time.Hour) // past the first one's end
			w.mustDo(w.current(a))
		})
	}
}

func TestRenewWithoutStore(t *testing.T) {
	w := withOdoo(t, odootest.Options{Version: 20, ProgrammaticKeys: true})
	made, err := w.makeKey("demo", w.odoo.NewSession("demo"), "demo")
	if err != nil {
		t.Fatal(err)
	}
	a := w.connectKey(w.odoo.UID("demo"), made.Secret, made.Ends, made.ID)
	w.clock.Advance(80 * 24 * time.Hour)
	w.store.writing = grant.ErrUnavailable
	w.mustDo(a)
	w.store.writing = nil
	if names := w.odoo.APIKeyNames("demo"); len(names) != 1 {
		t.Errorf("keys %q", names)
	}
	w.mustDo(a) // with the one at hand
}

func TestKeyEndsSoon(t *testing.T) {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	for _, tt := range []struct {
		life, left time.Duration
		soon       bool
	}{
		{365 * day, 15 * day, false}, {365 * day, 14 * day, true}, {365 * day, -day, true},
		{day, 13 * time.Hour, false}, {day, 12 * time.Hour, true},
	} {
		c := grant.Connection{Kind: grant.APIKey, Sealed: []byte{1}, ExpiresAt: now.Add(tt.left), Since: now.Add(tt.left - tt.life)}
		if got := KeyEndsSoon(c, now); got != tt.soon {
			t.Errorf("%v of %v left: %v", tt.left, tt.life, got)
		}
		if works := KeyWorks(c, now); works != (tt.left > 0) {
			t.Errorf("%v left: works %v", tt.left, works)
		}
	}
	if KeyEndsSoon(grant.Connection{Kind: grant.Session, ExpiresAt: now}, now) || KeyEndsSoon(grant.Connection{Kind: grant.APIKey}, now) ||
		KeyWorks(grant.Connection{Kind: grant.Session, Sealed: []byte{1}}, now) || KeyWorks(grant.Connection{Kind: grant.APIKey}, now) {
		t.Error("what is no key, or has no end")
	}
}

func TestKeyName(t *testing.T) {
	for title, want := range map[string]string{
		"Team wiki": "Team wiki (Odoo gateway)", " ": "Odoo gateway", "Équipe\n x": "Équipe x (Odoo gateway)",
		strings.Repeat("é", 100): strings.Repeat("é", 64) + " (Odoo gateway)",
	} {
		if got := KeyName(title); got != want {
			t.Errorf("%q: %q", title, got)
		}
	}
}
