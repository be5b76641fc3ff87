package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// stayConnected: a person lets Odoo make a key for an application that insists
// on one, logs out of Odoo, and the application goes on working; it stops when
// they delete the key in Odoo.
func stayConnected(t *testing.T, s *site) {
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	a := p.decide(p.get(steady.authorizeURL(s.base, "stay")), "allow")
	if !strings.HasPrefix(a.location(), stayPath+"?") {
		t.Fatalf("Allow leads to %q", a.location())
	}
	way := a.location()
	a = p.get(way)
	if !strings.Contains(a.text, "Stay connected") || strings.Contains(a.text, "<script") {
		t.Fatalf("%s\n%s", a.Status, a.text)
	}
	byPassword := strings.Contains(a.text, `type="password"`)
	form := a.hidden()
	form.Set("decision", "stay")
	if byPassword {
		form.Set("password", s.password+" is not it")
		a = p.post(stayPath, form)
		if !strings.Contains(a.text, "does not accept this password") {
			t.Fatalf("a wrong password: %s\n%s", a.Status, a.text)
		}
		form = a.hidden()
		form.Set("decision", "stay")
		form.Set("password", s.password)
	} else {
		p.confirm(s.password)
	}
	tok := p.redeem(steady, p.code(p.post(stayPath, form), steady, "stay"))
	alive(p, tok.Access)
	var keys []struct {
		ID   int64
		Name string
	}
	list := func() {
		p.call("res.users.apikeys", "search_read", []any{[]any{[]any{"name", "=", "steady (Odoo gateway)"}}, []any{"name"}}, map[string]any{}, &keys)
	}
	list()
	if len(keys) != 1 {
		t.Fatalf("keys in Odoo: %v", keys)
	}

	logOut(p)
	alive(p, tok.Access)
	tok = p.good(p.refresh(steady, tok.Refresh))
	p.logIn(s.odoo, "/web/login")
	p.code(p.get(steady.authorizeURL(s.base, "again")), steady, "again") // nothing is asked

	p.forgetKey(keys[0].ID, s.password)
	if list(); len(keys) != 0 {
		t.Fatalf("keys in Odoo: %v", keys)
	}
	if a := p.refresh(steady, tok.Refresh); a.StatusCode != http.StatusBadRequest || oauthError(t, a) != "invalid_grant" {
		t.Errorf("refresh without the key: %s %s", a.Status, a.text)
	}
	dead(p, tok.Access)
	// The next authorize offers it anew, and Cancel gives no code.
	a = p.get(steady.authorizeURL(s.base, "anew"))
	if !strings.HasPrefix(a.location(), stayPath+"?") {
		t.Fatalf("authorize without the key: %s to %q", a.Status, a.location())
	}
	form = p.get(a.location()).hidden()
	form.Set("decision", "later")
	at, err := url.Parse(p.post(stayPath, form).location())
	if err != nil || at.Query().Get("error") != "access_denied" || at.Query().Get("code") != "" {
		t.Errorf("Cancel leads to %v", at)
	}
}

// confirm does what Odoo's own page for it does.
func (p *person) confirm(password string) {
	p.t.Helper()
	for _, path := range []string{"/web/session/identity/check", "/auth-timeout/session/check-identity"} {
		r := p.request("POST", path, nil)
		r.Header.Set("Content-Type", "application/json")
		r.Body = io.NopCloser(strings.NewReader(fmt.Sprintf(`{"jsonrpc":"2.0","method":"call","id":1,"params":{"type":"password","password":%q}}`, password)))
		if a := p.do(r); a.StatusCode == http.StatusOK && !strings.Contains(a.text, `"error"`) {
			return
		}
	}
	p.t.Fatal("odoo confirms nobody")
}

// forgetKey deletes a key as in the person's Odoo profile, which asks for the
// password where it has not done so within the last minutes.
func (p *person) forgetKey(id int64, password string) {
	p.t.Helper()
	var action struct {
		Model string `json:"res_model"`
		ID    int64  `json:"res_id"`
	}
	p.call("res.users.apikeys", "remove", []any{[]int64{id}}, map[string]any{}, &action)
	var ignored any
	if action.Model == "res.users.identitycheck" {
		p.call(action.Model, "write", []any{[]int64{action.ID}, map[string]any{"password": password}}, map[string]any{}, &ignored)
		p.call(action.Model, "run_check", []any{[]int64{action.ID}}, map[string]any{"context": map[string]any{"password": password}}, &ignored)
	}
	var left int
	if p.call("res.users.apikeys", "search_count", []any{[]any{[]any{"id", "=", id}}}, map[string]any{}, &left); left != 0 {
		p.t.Fatalf("key %d is still there, after %+v", id, action)
	}
}

// connectByKey connects an application that insists on a key of Odoo's, which
// is deleted at the end.
func connectByKey(t *testing.T, s *site, as app) tokens {
	t.Helper()
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	tok, key := p.makeKey(s, as)
	t.Cleanup(func() { p.forgetKey(key, s.password) })
	return tok
}

// makeKey connects an application that insists on a key, for somebody who is
// logged in, and finds the key in Odoo.
func (p *person) makeKey(s *site, as app) (tokens, int64) {
	p.t.Helper()
	var before, after []int64
	p.call("res.users.apikeys", "search", []any{[]any{}}, map[string]any{}, &before)
	a := p.get(as.authorizeURL(s.base, "key"))
	if a.location() == "" {
		a = p.decide(a, "allow")
	}
	offer := p.get(a.location())
	form := offer.hidden()
	form.Set("decision", "stay")
	if strings.Contains(offer.text, `type="password"`) {
		form.Set("password", s.password)
	} else {
		p.confirm(s.password)
	}
	a = p.post(stayPath, form)
	p.call("res.users.apikeys", "search", []any{[]any{[]any{"id", "not in", before}, []any{"name", "like", "Steady "}}}, map[string]any{}, &after)
	if len(after) != 1 {
		p.t.Fatalf("keys made: %v; the page answers %s\n%s", after, a.Status, a.text)
	}
	return p.redeem(as, p.code(a, as, "key")), after[0]
}
