package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// refusedPage fails unless an authorize request ends on a page of the
// gateway's own: nobody is sent anywhere.
func refusedPage(t *testing.T, a answer) {
	t.Helper()
	if a.StatusCode < 400 || a.StatusCode >= 500 || a.location() != "" || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%s to %q\n%s", a.Status, a.location(), a.text)
	}
}

func unknownClient(t *testing.T, s *site) {
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	nobody := app{id: "nobody", secret: "x", redirect: wiki.redirect}
	refusedPage(t, p.get(nobody.authorizeURL(s.base, "s")))
	if a := p.token(nobody, url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {wiki.redirect}}); a.StatusCode != http.StatusUnauthorized || oauthError(t, a) != "invalid_client" {
		t.Errorf("token endpoint: %s %s", a.Status, a.text)
	}
}

func wrongRedirectURI(t *testing.T, s *site) {
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	for _, uri := range []string{"", wiki.redirect + "/", wiki.redirect + "?x=1", strings.ToUpper(wiki.redirect), "https://elsewhere.example/", script.redirect} {
		refusedPage(t, p.get(app{id: wiki.id, redirect: uri}.authorizeURL(s.base, "s")))
	}
	// The code is bound to its URI, and a wrong one burns it.
	code := p.consent(wiki)
	if a := p.token(wiki, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {script.redirect}}); a.StatusCode != http.StatusBadRequest || oauthError(t, a) != "invalid_grant" {
		t.Errorf("code with another URI: %s %s", a.Status, a.text)
	}
	if a := p.token(wiki, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {wiki.redirect}}); a.StatusCode != http.StatusBadRequest {
		t.Errorf("burnt code: %s %s", a.Status, a.text)
	}
}

func wrongSecret(t *testing.T, s *site) {
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	code := p.consent(wiki)
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {wiki.redirect}}
	a := p.token(app{id: wiki.id, secret: script.secret}, form)
	if a.StatusCode != http.StatusUnauthorized || oauthError(t, a) != "invalid_client" {
		t.Errorf("wrong secret: %s %s", a.Status, a.text)
	}
	if a := p.post(tokenPath, form); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("no secret: %s %s", a.Status, a.text)
	}
	p.redeem(wiki, code) // the guess has cost its owner nothing
}

func foreignCode(t *testing.T, s *site) {
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	code := p.consent(wiki)
	a := p.token(script, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {wiki.redirect}})
	if a.StatusCode != http.StatusBadRequest || oauthError(t, a) != "invalid_grant" {
		t.Errorf("code of another application: %s %s", a.Status, a.text)
	}
	p.redeem(wiki, code)
}

// reusedCode: the second use is refused and ends what the first one gave.
func reusedCode(t *testing.T, s *site) {
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	code := p.consent(wiki)
	tok := p.redeem(wiki, code)
	alive(p, tok.Access)
	a := p.token(wiki, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {wiki.redirect}})
	if a.StatusCode != http.StatusBadRequest || oauthError(t, a) != "invalid_grant" {
		t.Errorf("code used twice: %s %s", a.Status, a.text)
	}
	dead(p, tok.Access)
	if a := p.refresh(wiki, tok.Refresh); a.StatusCode != http.StatusBadRequest {
		t.Errorf("refresh after the replay: %s %s", a.Status, a.text)
	}
}

// expiry: the application's codes and access tokens live for a second. A
// token's end is a whole second, so one may end early; of two that follow each
// other the second ends more than a second after the code was made.
func expiry(t *testing.T, s *site) {
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	code := p.consent(hasty)
	var tok tokens
	for tok.Access == "" { // a code may expire on the way, on a busy machine
		a := p.token(hasty, url.Values{"grant_type": {"authorization_code"}, "code": {p.consent(hasty)}, "redirect_uri": {hasty.redirect}})
		if a.StatusCode == http.StatusOK {
			tok = p.good(a)
		}
	}
	outlive(p, tok.Access)
	next := p.good(p.refresh(hasty, tok.Refresh)) // the authorization goes on
	outlive(p, next.Access)
	dead(p, next.Access)
	a := p.token(hasty, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {hasty.redirect}})
	if a.StatusCode != http.StatusBadRequest || oauthError(t, a) != "invalid_grant" {
		t.Errorf("expired code: %s %s", a.Status, a.text)
	}
}

// outlive waits until a token is refused.
func outlive(p *person, token string) {
	p.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if a := p.api(token, "/orestapi/application/model", nil); a.StatusCode == http.StatusUnauthorized {
			return
		}
	}
}

func foreignToken(t *testing.T, s *site) {
	p, tok := connect(t, s, wiki)
	parts := strings.Split(tok.Access, ".")
	for name, token := range map[string]string{
		"no token at all":   "hello",
		"without signature": parts[0] + "." + parts[1] + ".",
		"another signature": parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"algorithm none":    "eyJhbGciOiJub25lIn0." + parts[1] + ".",
		"a refresh token":   tok.Refresh,
	} {
		t.Run(name, func(t *testing.T) {
			q := *p
			q.t = t
			dead(&q, token)
		})
	}
	if a := p.api("", "/restapi/1.0/object/res.partner/search_count", nil); a.StatusCode != http.StatusBadRequest {
		t.Errorf("the word Bearer alone: %s %s", a.Status, a.text)
	}
	// A token is good at its own gateway only.
	dead(newPerson(t, s.other), tok.Access)
	alive(p, tok.Access)
}

// outsideScheme: whichever way a model or field is named, it is refused, and
// never with a list of what there would be.
func outsideScheme(t *testing.T, s *site) {
	p, tok := connect(t, s, wiki)
	for _, c := range []struct {
		path  string
		query url.Values
	}{
		{"/restapi/1.0/object/res.users", url.Values{"domain": {"[]"}}},
		{"/restapi/1.0/object/res.users/2", nil},
		{"/restapi/1.0/object/res.users/search_count", url.Values{"domain": {"[]"}}},
		{"/restapi/1.0/object/ir.config_parameter/search", url.Values{"domain": {"[]"}}},
		{"/restapi/1.0/object/res.partner/1", url.Values{"fields": {"['name','street']"}}},
		{"/restapi/1.0/object/res.partner", url.Values{"domain": {"[('street','ilike','a')]"}, "fields": {"['name']"}}},
		{"/restapi/1.0/object/res.partner/search", url.Values{"domain": {"[('country_id.code','=','BE')]"}}},
		{"/restapi/1.0/object/res.partner/search", url.Values{"domain": {"[]"}, "order": {"street"}}},
	} {
		a := p.api(tok.Access, c.path, c.query)
		var e struct {
			Error struct {
				Code    int
				Message string
			}
		}
		if err := json.Unmarshal([]byte(a.text), &e); err != nil || a.StatusCode != http.StatusForbidden || e.Error.Code != 403 || e.Error.Message == "" {
			t.Errorf("%s?%s: %s %s", c.path, c.query.Encode(), a.Status, a.text)
		}
	}
	for _, c := range []struct {
		path, code string
		query      url.Values
	}{
		{"/orestapi/record/name_search", "OrestapiNameSearch-0022", url.Values{"model": {"res.users"}}},
		{"/orestapi/record/read", "OrestapiContentRecordRead-0030", url.Values{"model": {"res.users"}, "ids": {"[1]"}, "fields": {`["login"]`}}},
		{"/orestapi/record/read", "Orestapi", url.Values{"model": {"res.partner"}, "ids": {"[1]"}, "fields": {`["street"]`}}},
	} {
		a := p.api(tok.Access, c.path, c.query)
		var e struct {
			Code    string `json:"orestapi_code"`
			Message string `json:"orestapi_message"`
		}
		if err := json.Unmarshal([]byte(a.text), &e); err != nil || a.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(e.Code, c.code) || e.Message == "" {
			t.Errorf("%s?%s: %s %s", c.path, c.query.Encode(), a.Status, a.text)
		}
		if a.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s: a refusal by the scheme asks for another token", c.path)
		}
	}
	alive(p, tok.Access)
}

// anotherDatabase: the second gateway knows the people of another database
// only, whatever their number.
func anotherDatabase(t *testing.T, s *site) {
	p := newPerson(t, s.other)
	p.logIn(s.odoo, "/web/login")
	a := p.get(wiki.authorizeURL(s.other, "s"))
	if a.StatusCode == http.StatusOK || strings.Contains(a.location(), "code=") || strings.Contains(a.text, "decision") {
		t.Errorf("%s to %q\n%s", a.Status, a.location(), a.text)
	}
}
