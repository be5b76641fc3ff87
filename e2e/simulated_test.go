package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// TestSimulated runs the suite against every simulated version, and what only
// a simulated Odoo can be told to do.
func TestSimulated(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			sim := odootest.Start(odootest.Options{Version: version})
			t.Cleanup(sim.Close)
			at, err := url.Parse(sim.URL)
			if err != nil {
				t.Fatal(err)
			}
			s := startSite(t, odoo{url: at, database: sim.Database(), login: "demo", password: "demo"})
			suite(t, s)
			t.Run("second factor", func(t *testing.T) { secondFactor(t, s) })
			t.Run("uid 2 of the second database", func(t *testing.T) { uid2(t, s, sim) })
			t.Run("identity lock", func(t *testing.T) { identityLock(t, s, sim) })
			t.Run("archived", func(t *testing.T) { archived(t, s, sim) })
		})
	}
}

// secondFactor: Odoo asks for the code between login and consent, and the way
// back survives it.
func secondFactor(t *testing.T, s *site) {
	p := newPerson(t, s.base)
	login := p.get(wiki.authorizeURL(s.base, "2fa")).location()
	o := s.odoo
	o.login, o.password = odootest.TOTPLogin, odootest.TOTPPassword
	a := p.get(p.logIn(o, login).location())
	form := a.hidden()
	form.Set("totp_token", odootest.TOTPCode(odootest.TOTPSecret, time.Now()))
	a = p.post("/web/login/totp", form)
	page := p.get(a.location())
	p.code(p.allow(page, "allow"), wiki, "2fa")
}

// uid2: the administrator of the staging copy has the number of ours.
func uid2(t *testing.T, s *site, sim *odootest.Server) {
	p := newPerson(t, s.base)
	at, err := url.Parse(s.base)
	if err != nil {
		t.Fatal(err)
	}
	id := sim.NewSessionIn(odootest.StagingDatabase, "admin")
	p.http.Jar.SetCookies(at, []*http.Cookie{{Name: "session_id", Value: id, Path: "/"}})
	a := p.get(wiki.authorizeURL(s.base, "s"))
	if a.StatusCode == http.StatusOK || strings.Contains(a.location(), "code=") || strings.Contains(a.text, "decision") {
		t.Errorf("%s to %q\n%s", a.Status, a.location(), a.text)
	}
}

// identityLock: a session that Odoo wants confirmed is neither sent round in
// circles nor taken for ended.
func identityLock(t *testing.T, s *site, sim *odootest.Server) {
	p, tok := connect(t, s, wiki)
	sim.LockIdentity(s.login)
	defer sim.Unlock(s.login)
	if sim.Version() < 19 {
		alive(p, tok.Access) // these have no such lock
		return
	}
	at, visits := wiki.authorizeURL(s.base, "lock"), 0
	var a answer
	for ; visits < 12; visits++ {
		if a = p.get(at); a.location() == "" {
			break
		}
		to, err := a.Request.URL.Parse(a.location())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(to.String(), s.base) {
			t.Fatalf("a locked session is sent to %s", to)
		}
		at = to.String()
	}
	if a.location() != "" {
		t.Fatalf("still going round after %d redirects, at %s", visits, at)
	}
	if strings.Contains(a.text, "decision") {
		t.Errorf("a locked session sees the consent page:\n%s", a.text)
	}
	locked := p.api(tok.Access, "/restapi/1.0/object/res.partner/search_count", url.Values{"domain": {"[]"}})
	if locked.StatusCode != http.StatusUnauthorized {
		t.Errorf("the API under a lock: %s %s", locked.Status, locked.text)
	}
	next := p.good(p.refresh(wiki, tok.Refresh)) // the authorization stays
	sim.Unlock(s.login)
	alive(p, next.Access)
}

// archived: whoever is archived in Odoo has ended here too.
func archived(t *testing.T, s *site, sim *odootest.Server) {
	p, tok := connect(t, s, wiki)
	sim.Archive(s.login)
	dead(p, tok.Access)
	if a := p.refresh(wiki, tok.Refresh); a.StatusCode != http.StatusBadRequest || oauthError(t, a) != "invalid_grant" {
		t.Errorf("refresh of somebody archived: %s %s", a.Status, a.text)
	}
}
