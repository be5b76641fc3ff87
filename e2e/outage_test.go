package e2e

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// away fails unless an answer says that it is worth trying again.
func away(t *testing.T, what string, a answer) {
	t.Helper()
	if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		t.Errorf("%s while Odoo is away: %s, Retry-After %q\n%s", what, a.Status, a.Header.Get("Retry-After"), a.text)
	}
}

// odooDown: everything that needs Odoo answers 503, and an outage ends
// nothing: not the refresh token, not the authorization.
func odooDown(t *testing.T, s *site) {
	p, tok := connect(t, s, wiki)
	alive(p, tok.Access)
	s.valve.shut()
	defer s.valve.reopen()
	away(t, "restapi", p.api(tok.Access, "/restapi/1.0/object/res.partner/search_count", url.Values{"domain": {"[]"}}))
	away(t, "orestapi", p.api(tok.Access, "/orestapi/record/name_search", url.Values{"model": {"res.partner"}}))
	away(t, "refresh", p.refresh(wiki, tok.Refresh))
	if a := p.get(wiki.authorizeURL(s.base, "s")); a.StatusCode != http.StatusServiceUnavailable && !strings.Contains(a.location(), "error=temporarily_unavailable") {
		t.Errorf("authorize while Odoo is away: %s to %q", a.Status, a.location())
	}
	// Somebody else's refresh token is refused as ever: being away is no excuse.
	if a := p.refresh(script, tok.Refresh); a.StatusCode == http.StatusOK {
		t.Errorf("refresh of another application while Odoo is away: %s", a.Status)
	}
	s.valve.reopen()
	alive(p, tok.Access)
	alive(p, p.good(p.refresh(wiki, tok.Refresh)).Access)
}

// odooCuts: an answer that stops in its middle is no answer, and the next
// one is good again.
func odooCuts(t *testing.T, s *site) {
	p, tok := connect(t, s, wiki)
	// Half a header, and a body of which the beginning comes.
	for _, bytes := range []int64{0, 20, 420} {
		s.valve.cutNext(bytes)
		away(t, "restapi", p.api(tok.Access, "/restapi/1.0/object/res.partner", url.Values{"domain": {"[]"}, "fields": {"['name','email','phone','city']"}, "limit": {"40"}}))
		alive(p, tok.Access)
	}
	s.valve.cutNext(20)
	away(t, "refresh", p.refresh(wiki, tok.Refresh))
	alive(p, p.good(p.refresh(wiki, tok.Refresh)).Access)
}

// sessionDead: the person logs out of Odoo. That is proven: the application
// is told to connect again, and the next authorize is all it takes.
func sessionDead(t *testing.T, s *site) {
	p, tok := connect(t, s, wiki)
	alive(p, tok.Access)
	logOut(p)
	dead(p, tok.Access)
	if a := p.refresh(wiki, tok.Refresh); a.StatusCode != http.StatusBadRequest || oauthError(t, a) != "invalid_grant" {
		t.Errorf("refresh after the logout: %s %s", a.Status, a.text)
	}
	// The consent is remembered, the login is not.
	a := p.get(wiki.authorizeURL(s.base, "back"))
	if !strings.Contains(a.location(), "/web/login") {
		t.Fatalf("authorize after the logout: %s to %q", a.Status, a.location())
	}
	a = p.logIn(s.odoo, a.location())
	alive(p, p.redeem(wiki, p.code(p.get(a.location()), wiki, "back")).Access)
}

// logOut ends the session in Odoo itself, not through the gateway's own pages.
func logOut(p *person) {
	p.t.Helper()
	r := p.request("POST", "/web/session/destroy", nil)
	r.Header.Set("Content-Type", "application/json")
	r.Body = io.NopCloser(strings.NewReader(`{"jsonrpc":"2.0","method":"call","id":1,"params":{}}`))
	if a := p.do(r); a.StatusCode != http.StatusOK || strings.Contains(a.text, `"error"`) {
		p.t.Fatalf("logout: %s %s", a.Status, a.text)
	}
}

// passThrough: all else is Odoo's, as it comes.
func passThrough(t *testing.T, s *site) {
	p := newPerson(t, s.base)
	if a := p.get("/web/health"); a.StatusCode != http.StatusOK || !strings.Contains(a.text, "pass") {
		t.Errorf("/web/health: %s %s", a.Status, a.text)
	}
	p.logIn(s.odoo, "/web/login")
	var context struct{ UID int64 }
	p.call("res.users", "context_get", []any{}, map[string]any{}, &context)
	if context.UID == 0 {
		t.Error("nobody is logged in through the pass-through")
	}
}
